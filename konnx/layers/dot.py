"""Products of two tensors, sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.arguments import problem, whole_number
from konnx.layers.merge import Merge
from konnx.layers.spec import Shape


class Dot(Merge):
    """The product over one axis of each of two tensors, sample by sample.

    The output has the axes of the first tensor but its own, then those of the second but the batch
    and its own; (batch, 1) for two matrices.

    Args:
        axes: the axis of each to sum over, counted with the batch; one number for both.
        normalize: whether to give all vectors along the axes length 1 before, so that the output
            is the cosine of the angle between them.

    Raises:
        ValueError: there are not two inputs or axes, or the two axes differ in size.

    Example:
        >>> from konnx.layers import Input
        >>> Dot(axes=(2, 1))([Input((4, 3)), Input((3, 5))]).shape
        (None, 4, 5)
    """

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(axes, Sequence):
            if len(axes) != 2:
                raise problem(self, "axes", "must be a whole number or two of them", axes)
            first, second = (whole_number(self, "axes", axis, minimum=-16) for axis in axes)
            self.axes: int | tuple[int, int] = (first, second)
        else:
            self.axes = whole_number(self, "axes", axes, minimum=-16)
        self.normalize = bool(normalize)

    def shapes(self, input_shape: Any) -> list[Shape]:
        shapes = super().shapes(input_shape)
        if len(shapes) != 2:
            raise self.misfit("takes two tensors", input_shape)
        return shapes

    def _axes_of(self, shapes: Sequence[Shape]) -> tuple[int, int]:
        """The axes, counted from the start."""
        axes = self.axes if isinstance(self.axes, tuple) else (self.axes, self.axes)
        for axis, shape in zip(axes, shapes, strict=True):
            if not -len(shape) <= axis < len(shape) or axis % len(shape) == 0:
                demand = f"must be axes of {tuple(shapes)} other than the batch"
                raise problem(self, "axes", demand, self.axes)
        return axes[0] % len(shapes[0]), axes[1] % len(shapes[1])

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        axes = self._axes_of([tensor.shape for tensor in inputs])
        if self.normalize:
            inputs = [
                ops.l2_normalize(tensor, axis) for tensor, axis in zip(inputs, axes, strict=True)
            ]
        return ops.batch_dot(inputs[0], inputs[1], axes)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        first, second = self.shapes(input_shape)
        a, b = self._axes_of((first, second))
        sizes = {first[a], second[b]} - {None}
        if len(sizes) > 1:
            raise self.misfit(f"sums over axes of one size, {a} and {b}", input_shape)
        kept = (*first[:a], *first[a + 1 :], *second[1:b], *second[b + 1 :])
        return kept if len(kept) > 1 else (*kept, 1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Tensor | None:
        """Return None: masks end here, as in Keras."""
        return None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}
