"""GridSample: for each place of a grid, a weighted sum of the pixels around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from konnx import ops
from konnx.autodiff.rules._table import inputs_of, lowering
from konnx.graph import Node, Tensor, int64s, op

Tap = tuple[Tensor, Tensor]
"""The numbers of pixels along an axis (as floats), and their weights."""


@lowering("GridSample")
def grid_sample(node: Node) -> Sequence[Tensor]:
    """Pixels at all combinations of a row and a column that lie around each place."""
    x, grid = inputs_of(node)
    pixels = op("Reshape", x, int64s([0, 0, -1]))
    places = ops.cast(op("Reshape", grid, int64s([0, -1, 2])), x.dtype)
    aligned = bool(node.attributes.get("align_corners", 0))
    around = _AROUND[node.attributes.get("mode", "bilinear")]
    pad = _PADDINGS[node.attributes.get("padding_mode", "zeros")]
    sizes = [_size(x, axis) for axis in (2, 3)]
    rows, columns = (
        [
            (*pad(number, size, aligned), weight)
            for number, weight in around(_pixel(places[..., which], size, aligned))
        ]
        for which, size in ((1, sizes[0]), (0, sizes[1]))
    )
    terms = [
        _taken(pixels, row * sizes[1] + column, row_weight * column_weight, (row_in, column_in))
        for row, row_in, row_weight in rows
        for column, column_in, column_weight in columns
    ]
    total = op("Sum", *terms) if len(terms) > 1 else terms[0]
    return [ops.reshape_like(total, node.outputs[0])]


def _size(x: Tensor, axis: int) -> Tensor:
    length = op("Squeeze", op("Shape", x, start=axis, end=axis + 1), int64s([0]))
    return ops.cast(length, x.dtype)


def _pixel(place: Tensor, size: Tensor, aligned: bool) -> Tensor:
    """From -1 … 1 to numbers of pixels: the centres, or the edges, of the outer ones are -1, 1."""
    if aligned:
        return (place + 1.0) * 0.5 * (size - 1.0)
    return ((place + 1.0) * size - 1.0) * 0.5


def _taken(
    pixels: Tensor, number: Tensor, weight: Tensor, inside: Sequence[Tensor | None]
) -> Tensor:
    """The pixels of all channels at flat positions, times weights."""
    for one in inside:
        weight = weight if one is None else weight * one
    indices = ops.expand_dims(ops.cast(number, "int64"), 1)
    sizes = op("Concat", op("Shape", pixels, end=2), op("Shape", number, start=1), axis=0)
    return ops.gather_elements(pixels, op("Expand", indices, sizes), 2) * ops.expand_dims(weight, 1)


# What lies around a place ------------------------------------------------------------------------


def _nearest(place: Tensor) -> list[Tap]:
    return [(op("Round", place), ops.expand_like(ops.scalar(1, place), place))]


def _linear(place: Tensor) -> list[Tap]:
    first = op("Floor", place)
    rest = place - first
    return [(first, 1.0 - rest), (first + 1.0, rest)]


def _cubic(place: Tensor) -> list[Tap]:
    """The cubic convolution of Keys, 1981, with a = -0.75."""
    first = op("Floor", place)
    t, a = place - first, -0.75
    near = [((a + 2) * d - (a + 3)) * d * d + 1.0 for d in (t, 1.0 - t)]
    far = [((a * d - 5 * a) * d + 8 * a) * d - 4 * a for d in (t + 1.0, 2.0 - t)]
    weights = (far[0], near[0], near[1], far[1])
    return [(first + float(offset - 1), weight) for offset, weight in enumerate(weights)]


_AROUND: dict[str, Callable[[Tensor], list[Tap]]] = {
    "nearest": _nearest,
    "bilinear": _linear,
    "linear": _linear,
    "bicubic": _cubic,
    "cubic": _cubic,
}


# What stands for pixels outside ------------------------------------------------------------------


def _inside(number: Tensor, size: Tensor) -> Tensor:
    return ops.maximum(ops.minimum(number, size - 1.0), ops.scalar(0, number))


def _zeros(number: Tensor, size: Tensor, aligned: bool) -> tuple[Tensor, Tensor | None]:
    inside = _inside(number, size)
    return inside, ops.cast(ops.equal(inside, number), number.dtype)


def _border(number: Tensor, size: Tensor, aligned: bool) -> tuple[Tensor, Tensor | None]:
    return _inside(number, size), None


def _reflection(number: Tensor, size: Tensor, aligned: bool) -> tuple[Tensor, Tensor | None]:
    """Mirrored at the centres of the outer pixels, or at their edges."""
    one = ops.scalar(1, number)
    period = ops.maximum((size - one) * 2.0 if aligned else size * 2.0, one)
    rest = number - op("Floor", number / period) * period
    turned = period - rest if aligned else period - one - rest
    return _inside(ops.minimum(rest, turned), size), None


_PADDINGS = {"zeros": _zeros, "border": _border, "reflection": _reflection}
