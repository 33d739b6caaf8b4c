"""Layers that make one tensor of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.arguments import whole_number
from konnx.layers.base import Layer
from konnx.layers.spec import Shape


class Merge(Layer):
    """What the merging layers share: at least two inputs, and masks that must all hold."""

    supports_masking = True

    def shapes(self, input_shape: Any) -> list[Shape]:
        """Return the inputs' shapes.

        Raises:
            ValueError: there are fewer than two.
        """
        is_list = isinstance(input_shape, list | tuple) and all(
            isinstance(shape, list | tuple) for shape in input_shape
        )
        if not is_list or len(input_shape) < 2:
            raise self.misfit("takes a list of two or more tensors", input_shape)
        return [tuple(shape) for shape in input_shape]

    def misfit(self, demand: str, input_shape: Any) -> ValueError:
        """Make the error that tells which shapes do not fit."""
        return ValueError(
            f"`{type(self).__name__}` '{self.name}' {demand}. Received: input shapes {input_shape}"
        )

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)
        super().build(input_shape)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Tensor | None:
        masks = [one for one in mask or [] if one is not None]
        return reduce(ops.logical_and, masks) if masks else None


class _Elementwise(Merge):
    """Merges element by element; inputs broadcast as in NumPy, batch against batch."""

    combine: Callable[[Any, Any], Tensor]

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        self.compute_output_shape([tensor.shape for tensor in inputs])
        ndim = max(tensor.ndim for tensor in inputs)
        return self._merge_function([_with_ndim(tensor, ndim) for tensor in inputs])

    def _merge_function(self, inputs: Sequence[Tensor]) -> Tensor:
        return reduce(type(self).combine, inputs)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shapes = self.shapes(input_shape)
        ndim = max(map(len, shapes))
        padded = [(*shape[:1], *[1] * (ndim - len(shape)), *shape[1:]) for shape in shapes]
        batches = {shape[0] for shape in shapes if shape} - {None}
        if len(batches) > 1:
            raise self.misfit("takes tensors of one batch size", input_shape)
        inner = [self._joined(sizes, input_shape) for sizes in zip(*padded, strict=True)]
        return (batches.pop() if batches else None, *inner[1:])

    def _joined(self, sizes: Sequence[int | None], input_shape: Any) -> int | None:
        """The size of several that broadcast; what varies may be 1."""
        known = {size for size in sizes if size not in (None, 1)}
        if len(known) > 1:
            raise self.misfit("takes tensors whose shapes broadcast", input_shape)
        if known:
            return known.pop()
        return None if None in sizes else 1


class _Merge(_Elementwise):
    """What Keras 2.1 has under this name, which layers of users extend by `_merge_function`."""

    def _merge_function(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the tensor that two or more, of as many axes, make."""
        raise TypeError(f"`{type(self).__name__}` does not define `_merge_function`.")


def _with_ndim(tensor: Tensor, ndim: int) -> Tensor:
    """The tensor with axes of size 1 after the batch."""
    for _ in range(ndim - tensor.ndim):
        tensor = ops.expand_dims(tensor, 1)
    return tensor


class Add(_Elementwise):
    """The sum of two or more tensors.

    Raises:
        ValueError: fewer than two inputs, or shapes that do not broadcast.

    Example:
        >>> from konnx.layers import Input
        >>> Add()([Input((4, 3)), Input((1, 3))]).shape
        (None, 4, 3)
    """

    combine = staticmethod(ops.add)


class Multiply(_Elementwise):
    """The product, element by element, of two or more tensors.

    Raises:
        ValueError: fewer than two inputs, or shapes that do not broadcast.

    Example:
        >>> from konnx.layers import Input
        >>> Multiply()([Input((4, 3)), Input((3,))]).shape
        (None, 4, 3)
    """

    combine = staticmethod(ops.multiply)


class Subtract(_Elementwise):
    """The first of two tensors less the second.

    Raises:
        ValueError: another number of inputs, or shapes that do not broadcast.

    Example:
        >>> from konnx.layers import Input
        >>> Subtract()([Input((4, 3)), Input((4, 3))]).shape
        (None, 4, 3)
    """

    combine = staticmethod(ops.subtract)

    def shapes(self, input_shape: Any) -> list[Shape]:
        shapes = super().shapes(input_shape)
        if len(shapes) != 2:
            raise self.misfit("takes two tensors", input_shape)
        return shapes


class Average(_Elementwise):
    """The mean, element by element, of two or more tensors.

    Raises:
        ValueError: fewer than two inputs, or shapes that do not broadcast.

    Example:
        >>> from konnx.layers import Input
        >>> Average()([Input((4, 3)), Input((4, 3))]).shape
        (None, 4, 3)
    """

    combine = staticmethod(ops.add)

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        return ops.multiply(super().call(inputs), 1 / len(inputs))


class Maximum(_Elementwise):
    """The largest, element by element, of two or more tensors.

    Raises:
        ValueError: fewer than two inputs, or shapes that do not broadcast.

    Example:
        >>> from konnx.layers import Input
        >>> Maximum()([Input((4, 3)), Input((4, 3))]).shape
        (None, 4, 3)
    """

    combine = staticmethod(ops.maximum)


class Minimum(_Elementwise):
    """The smallest, element by element, of two or more tensors.

    Raises:
        ValueError: fewer than two inputs, or shapes that do not broadcast.

    Example:
        >>> from konnx.layers import Input
        >>> Minimum()([Input((4, 3)), Input((4, 3))]).shape
        (None, 4, 3)
    """

    combine = staticmethod(ops.minimum)


class Concatenate(Merge):
    """Two or more tensors joined along an axis.

    Args:
        axis: counted with the batch; -1: the last.

    Raises:
        ValueError: fewer than two inputs, or shapes that differ on another axis.

    Example:
        >>> from konnx.layers import Input
        >>> Concatenate()([Input((4, 3)), Input((4, 2))]).shape
        (None, 4, 5)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = whole_number(self, "axis", axis, minimum=None)

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        self.compute_output_shape([tensor.shape for tensor in inputs])
        return ops.concatenate(inputs, self.axis)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shapes = self.shapes(input_shape)
        ndim = len(shapes[0])
        if any(len(shape) != ndim for shape in shapes) or not -ndim <= self.axis < ndim:
            raise self.misfit(f"takes tensors of one rank that have axis {self.axis}", input_shape)
        columns = list(zip(*shapes, strict=True))
        joined = columns.pop(self.axis % ndim)
        sizes = [self._common(column, input_shape) for column in columns]
        sizes.insert(self.axis % ndim, _total(joined))
        return tuple(sizes)

    def _common(self, sizes: Sequence[int | None], input_shape: Any) -> int | None:
        known = set(sizes) - {None}
        if len(known) > 1:
            demand = f"takes tensors whose shapes differ on axis {self.axis} only"
            raise self.misfit(demand, input_shape)
        return known.pop() if known else None

    def compute_mask(self, inputs: Any, mask: Any = None) -> Tensor | None:
        ranks = [one.ndim for one in mask or [] if one is not None]
        if not ranks or self.axis % inputs[0].ndim >= ranks[0]:
            return super().compute_mask(inputs, mask)
        masks = [
            _all_true(tensor, ranks[0]) if one is None else one
            for tensor, one in zip(inputs, mask, strict=True)
        ]
        return ops.concatenate(masks, self.axis % inputs[0].ndim)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


def _total(sizes: Sequence[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _all_true(tensor: Tensor, ndim: int) -> Tensor:
    """A mask that hides nothing, over the first axes of a tensor."""
    while tensor.ndim > ndim:
        tensor = tensor[..., 0]
    return ops.expand_like(ops.as_tensor(True), tensor)
