"""A dense layer over any axes, which an equation names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from konnx import ops
from konnx.graph import Tensor, Variable, op
from konnx.layers.arguments import problem
from konnx.layers.spec import Shape
from konnx.layers.weighted import Activation, WeightedLayer


class EinsumDense(WeightedLayer):
    """The sum of products of input and kernel that an equation names, a bias and an activation.

    Args:
        equation: such as "abc,cd->abd": the axes of input, kernel and output; "..." for any.
        output_shape: sizes without the batch, or the size of the last axis; None: as the input.
        activation: name or function; None: linear.
        bias_axes: the axes of the output, such as "d", along which the bias varies; None: no bias.
        kernel_initializer: of the kernel, whose shape the equation says.
        bias_initializer: of the bias.
        kernel_regularizer: penalty on the kernel.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        kernel_constraint: of the kernel, applied after each update.
        bias_constraint: of the bias, applied after each update.

    Raises:
        ValueError: the equation is none, or does not fit the shapes.

    Example:
        >>> from konnx.layers import Input
        >>> EinsumDense("abc,cde->abde", (None, 2, 8), bias_axes="de")(Input((5, 16))).shape
        (None, 5, 2, 8)
    """

    activation: Activation
    kernel: Variable
    bias: Variable | None = None

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.equation = str(equation).replace(" ", "")
        if not self.equation.count("->") == 1 or not self.equation.count(",") == 1:
            raise problem(self, "equation", "must be like 'ab,bc->ac'", equation)
        sizes = [output_shape] if isinstance(output_shape, int) else list(output_shape)
        self.partial_output_shape = tuple(sizes)
        self.bias_axes = bias_axes
        self.choose(
            activation=activation,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Shape) -> None:
        _, kernel, output = self._axes(len(input_shape))
        sizes = self._sizes(input_shape)
        unknown = [axis for axis in kernel if sizes.get(axis) is None]
        if unknown:
            raise problem(self, "equation", f"has axes of unknown size {unknown}", self.equation)
        self.kernel = self.add_chosen_weight("kernel", [int(sizes[axis] or 0) for axis in kernel])
        if self.bias_axes:
            self.bias = self.add_chosen_weight("bias", self._bias_shape(output, sizes))
        super().build(input_shape)

    def _axes(self, ndim: int) -> tuple[str, str, str]:
        """The letters of input, kernel and output, an ellipsis spelled out."""
        sources, output = self.equation.split("->")
        source, kernel = sources.split(",")
        free = [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in self.equation]
        hidden = "".join(free[: ndim - len(source.replace("...", ""))])
        spelled = [text.replace("...", hidden) for text in (source, kernel, output)]
        if len(spelled[0]) != ndim or "." in "".join(spelled):
            raise problem(self, "equation", f"must be for an input of {ndim} axes", self.equation)
        return spelled[0], spelled[1], spelled[2]

    def _sizes(self, input_shape: Shape) -> dict[str, int | None]:
        """The size of each axis, from the input and from what the output is said to be."""
        source, _, output = self._axes(len(input_shape))
        given = dict(zip(reversed(output), reversed(self.partial_output_shape), strict=False))
        sizes = {axis: size for axis, size in given.items() if size is not None}
        for axis, size in zip(source, input_shape, strict=True):
            if size is not None and sizes.setdefault(axis, size) != size:
                what = f"gives axis '{axis}' the sizes {sizes[axis]} and {size}"
                raise problem(self, "equation", what, self.equation)
        return {axis: sizes.get(axis) for axis in source + output}

    def _bias_shape(self, output: str, sizes: dict[str, int | None]) -> list[int]:
        axes = self.bias_axes or ""
        unknown = [axis for axis in axes if axis not in output or sizes[axis] is None]
        if unknown:
            raise problem(self, "bias_axes", "must be axes of known size of the output", axes)
        first = min(output.index(axis) for axis in axes)
        return [int(sizes[axis] or 1) if axis in axes else 1 for axis in output[first:]]

    def call(self, inputs: Tensor) -> Tensor:
        outputs = self._product(inputs)
        if self.bias is not None:
            outputs = ops.add(outputs, self.bias)
        return self.activation(outputs)

    def _product(self, inputs: Tensor) -> Tensor:
        """One matrix product, where the last axes of the input meet the first of the kernel."""
        source, kernel, output = self._axes(inputs.ndim)
        shared = len(set(source) & set(kernel))
        kept, made = source[: len(source) - shared], kernel[shared:]
        if source[len(kept) :] != kernel[:shared] or output != kept + made or not kept:
            equation = f"{source},{kernel}->{output}"
            return op("Einsum", inputs, self.kernel, equation=equation)
        columns = [int(size or 0) for size in self.kernel.shape[shared:]]
        matrix = self.kernel
        rows = inputs
        if shared > 1:
            joined = math.prod(int(size or 0) for size in self.kernel.shape[:shared])
            rows = ops.reshape_keeping(inputs, len(kept), [joined])
        if len(kernel) != 2:
            flat = ops.reshape(matrix, [-1, math.prod(columns)])
            product = ops.matmul(rows, flat)
        else:
            product = ops.matmul(rows, matrix)
        return product if len(made) == 1 else ops.reshape_keeping(product, len(kept), columns)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sizes = self._sizes(input_shape)
        return tuple(sizes[axis] for axis in self._axes(len(input_shape))[2])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "equation": self.equation,
            "output_shape": self.partial_output_shape,
            "bias_axes": self.bias_axes,
        }
