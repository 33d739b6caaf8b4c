"""What the cells of recurrent layers have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from konnx import ops
from konnx.graph import Tensor, Variable
from konnx.layers.arguments import number, problem, whole_number
from konnx.layers.recurrent.dropout import StepDropout
from konnx.layers.spec import Shape
from konnx.layers.weighted import Activation, WeightedLayer
from konnx.ops.recurrent import Kernels

States = Sequence[Tensor]


class GatedCell(WeightedLayer):
    """One time step of a layer whose gates are sums of products with the input and the state.

    The kernels of the gates stand side by side: (features, gates * units) and
    (units, gates * units).
    """

    gates: ClassVar[int]
    activation: Activation
    size_argument: ClassVar[str] = "units"
    kernel: Variable
    recurrent_kernel: Variable
    bias: Variable | None = None
    bias_initializer: Callable[..., Any]
    bias_regularizer: Callable[..., Any] | None
    bias_constraint: Callable[..., Any] | None

    def __init__(
        self,
        units: int,
        *,
        use_bias: bool,
        dropout: float,
        recurrent_dropout: float,
        masks: int,
        chosen: dict[str, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = whole_number(self, self.size_argument, units)
        self.use_bias = use_bias
        dropped = number(self, "dropout", dropout, negative=True)
        dropped_of_state = number(self, "recurrent_dropout", recurrent_dropout, negative=True)
        self.input_dropout = StepDropout(dropped, masks)
        self.state_dropout = StepDropout(dropped_of_state, masks)
        self.choose(**chosen)

    @property
    def dropout(self) -> float:
        """The part of the inputs that is dropped in training."""
        return self.input_dropout.rate

    @property
    def recurrent_dropout(self) -> float:
        """The part of the state that is dropped in training."""
        return self.state_dropout.rate

    @property
    def state_size(self) -> Any:
        """The size of the state, or of each state; the first is that of the output."""
        return self.units

    def build(self, input_shape: Shape) -> None:
        features, width = input_shape[-1], self.gates * self.units
        if not features:
            raise problem(self, "input_shape", "must end in a known, positive size", input_shape)
        self.kernel = self.add_chosen_weight("kernel", (features, width))
        self.recurrent_kernel = self.add_chosen_weight(
            "recurrent_kernel", (self.units, width), by="recurrent"
        )
        if self.use_bias:
            self.bias = self.add_bias()
        super().build(input_shape)

    def add_bias(self) -> Variable:
        """Make the bias; a subclass may give it another shape, or start it otherwise."""
        return self.add_chosen_weight("bias", (self.gates * self.units,))

    @property
    def kernels(self) -> Kernels:
        """The weights as one step uses them."""
        return Kernels(self.kernel, self.recurrent_kernel, self.bias)

    def draw_masks(self, inputs: Tensor, states: States, training: bool | None = None) -> None:
        """Draw the masks of dropout for a loop over time; its inputs at one step are like these."""
        self.input_dropout.draw(inputs, training)
        self.state_dropout.draw(states[0], training)

    def draw_missing_masks(self, inputs: Tensor, states: States, training: bool | None) -> None:
        """Draw masks for a step that no loop has drawn them for."""
        if self.input_dropout.is_active and not self.input_dropout.is_drawn:
            self.input_dropout.draw(inputs, training)
        if self.state_dropout.is_active and not self.state_dropout.is_drawn:
            self.state_dropout.draw(states[0], training)

    def by_gates(
        self, terms: Sequence[Tensor], kernel: Tensor, gates: int, bias: Tensor | None = None
    ) -> Tensor:
        """Return the products with the kernels of the first gates, side by side.

        Args:
            terms: what to multiply: one matrix for all gates, or one for each.
            kernel: (size, gates * units).
            gates: how many.
            bias: (gates * units,), added to the products.
        """
        if len(terms) == 1:
            return ops.dense(terms[0], kernel, bias)
        parts = [
            ops.matmul(term, self.part(kernel, gate)) for gate, term in enumerate(terms[:gates])
        ]
        products = ops.concatenate(parts, -1)
        return products if bias is None else ops.add(products, bias)

    def part(self, wide: Tensor, first: int, count: int = 1) -> Tensor:
        """Return the columns of some gates."""
        if first == 0 and count == self.gates:
            return wide
        return wide[..., first * self.units : (first + count) * self.units]

    def split(self, wide: Tensor, *counts: int) -> list[Tensor]:
        """Return the columns of as many gates as each count says, side by side."""
        return ops.split(wide, [count * self.units for count in counts])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
        }


def implementation_of(cell: GatedCell, value: Any) -> int:
    """Return how masks of dropout are shared: 1 or 2.

    Raises:
        ValueError: it is another number.
    """
    if value not in (0, 1, 2):
        raise problem(cell, "implementation", "must be 1 or 2", value)
    return int(value) or 1
