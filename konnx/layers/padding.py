"""Zeros around sequences, images and volumes, and cutting off their sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.arguments import (
    Sizes,
    data_format_of,
    problem,
    spatial_axes,
    whole_numbers,
)
from konnx.layers.base import Layer
from konnx.layers.spec import InputSpec, Shape

Sides = tuple[int, int]
SidesArgument = int | Sequence[Sizes]

_FORMS = {
    2: "a number, (rows, columns) or ((top, bottom), (left, right))",
    3: "a number, three of them or three pairs (before, after)",
}


def _pairs(layer: Layer, argument: str, value: SidesArgument, rank: int) -> tuple[Sides, ...]:
    """Return (before, after) for each spatial axis."""
    if rank == 1:
        before, after = whole_numbers(layer, argument, value, 2, minimum=0)
        return ((before, after),)
    axes = list(value) if isinstance(value, Sequence) else [value] * rank
    if len(axes) != rank:
        raise problem(layer, argument, f"must be {_FORMS[rank]}", value)
    pairs = (whole_numbers(layer, argument, sides, 2, minimum=0) for sides in axes)
    return tuple((before, after) for before, after in pairs)


class _Sides(Layer):
    """What changes the sizes of the spatial axes at both sides by given amounts."""

    rank: ClassVar[int]
    argument: ClassVar[str]
    sign: ClassVar[int]

    def __init__(self, sides: SidesArgument, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(self, data_format)
        self.sides = _pairs(self, self.argument, sides, self.rank)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        shape = list(input_shape)
        for axis, pair in zip(spatial_axes(self.data_format, self.rank), self.sides, strict=True):
            size = shape[axis]
            shape[axis] = None if size is None else size + self.sign * sum(pair)
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        given = self.sides[0] if self.rank == 1 else self.sides
        config = {**super().get_config(), self.argument: given}
        if self.rank == 1 and self.data_format == "channels_last":
            return config  # Keras 2.1 knows no other and stumbles over the key.
        return {**config, "data_format": self.data_format}


class _ZeroPadding(_Sides):
    """What the layers that add zeros share."""

    argument = "padding"
    sign = 1

    @property
    def padding(self) -> Any:
        """(before, after); of images and volumes one pair for each axis."""
        return self.sides[0] if self.rank == 1 else self.sides

    def call(self, inputs: Tensor) -> Tensor:
        pads = [(0, 0)] * inputs.ndim
        for axis, pair in zip(spatial_axes(self.data_format, self.rank), self.sides, strict=True):
            pads[axis] = pair
        return ops.pad(inputs, pads)


class ZeroPadding1D(_ZeroPadding):
    """Steps of zeros before and after sequences, (batch, steps, channels).

    Args:
        padding: one number for both ends, or (before, after).
        data_format: as in later versions, "channels_first" too.

    Raises:
        ValueError: `padding` has another form, or holds a negative number.

    Example:
        >>> from konnx.layers import Input
        >>> ZeroPadding1D((2, 0))(Input((8, 3))).shape
        (None, 10, 3)
    """

    rank = 1

    def __init__(
        self, padding: Sizes = 1, data_format: str = "channels_last", **kwargs: Any
    ) -> None:
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding2D(_ZeroPadding):
    """Rows and columns of zeros around images.

    Args:
        padding: one number for all sides, (rows, columns) for both sides each, or
            ((top, bottom), (left, right)).
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Raises:
        ValueError: `padding` has another form, or holds a negative number.

    Example:
        >>> from konnx.layers import Input
        >>> ZeroPadding2D(((1, 0), (2, 2)))(Input((8, 8, 3))).shape
        (None, 9, 12, 3)
    """

    rank = 2

    def __init__(
        self, padding: SidesArgument = (1, 1), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding3D(_ZeroPadding):
    """Zeros around volumes.

    Args:
        padding: one number for all sides, one for both sides of each of the three axes, or three
            pairs (before, after).
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Raises:
        ValueError: `padding` has another form, or holds a negative number.

    Example:
        >>> from konnx.layers import Input
        >>> ZeroPadding3D((1, 0, 2))(Input((8, 8, 8, 3))).shape
        (None, 10, 8, 12, 3)
    """

    rank = 3

    def __init__(
        self, padding: SidesArgument = (1, 1, 1), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(padding, data_format, **kwargs)


class _Cropping(_Sides):
    """What the layers that cut off sides share."""

    argument = "cropping"
    sign = -1

    @property
    def cropping(self) -> Any:
        """(before, after); of images and volumes one pair for each axis."""
        return self.sides[0] if self.rank == 1 else self.sides

    def build(self, input_shape: Shape) -> None:
        self.compute_output_shape(input_shape)
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        axes = spatial_axes(self.data_format, self.rank)
        starts = [before for before, _ in self.sides]
        ends = [
            size - after if isinstance(size, int) else _end(after)
            for size, (_, after) in zip(
                [inputs.shape[axis] for axis in axes], self.sides, strict=True
            )
        ]
        return ops.slice_axes(inputs, starts, ends, axes)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        shape = super().compute_output_shape(input_shape)
        if any(size is not None and size < 1 for size in shape[1:]):
            demand = f"must leave something of the input, {tuple(input_shape)}"
            raise problem(self, "cropping", demand, self.cropping)
        return shape


def _end(after: int) -> int:
    """The end of a slice along an axis whose size varies."""
    return -after if after else 2**63 - 1


class Cropping1D(_Cropping):
    """Sequences, (batch, steps, channels), without their first and last steps.

    Args:
        cropping: one number for both ends, or (before, after).
        data_format: as in later versions, "channels_first" too.

    Raises:
        ValueError: `cropping` has another form, holds a negative number or leaves nothing.

    Example:
        >>> from konnx.layers import Input
        >>> Cropping1D((2, 0))(Input((8, 3))).shape
        (None, 6, 3)
    """

    rank = 1

    def __init__(
        self, cropping: Sizes = (1, 1), data_format: str = "channels_last", **kwargs: Any
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping2D(_Cropping):
    """Images without the rows and columns at their sides.

    Args:
        cropping: one number for all sides, (rows, columns) for both sides each, or
            ((top, bottom), (left, right)).
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Raises:
        ValueError: `cropping` has another form, holds a negative number or leaves nothing.

    Example:
        >>> from konnx.layers import Input
        >>> Cropping2D(((1, 0), (2, 2)))(Input((8, 8, 3))).shape
        (None, 7, 4, 3)
    """

    rank = 2

    def __init__(
        self,
        cropping: SidesArgument = ((0, 0), (0, 0)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(_Cropping):
    """Volumes without what lies at their sides.

    Args:
        cropping: one number for all sides, one for both sides of each of the three axes, or three
            pairs (before, after).
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Raises:
        ValueError: `cropping` has another form, holds a negative number or leaves nothing.

    Example:
        >>> from konnx.layers import Input
        >>> Cropping3D((1, 0, 2))(Input((8, 8, 8, 3))).shape
        (None, 6, 8, 4, 3)
    """

    rank = 3

    def __init__(
        self,
        cropping: SidesArgument = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)
