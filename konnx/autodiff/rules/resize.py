"""Resize as a matrix product along each axis, which any kind of interpolation is."""

from __future__ import annotations

from collections.abc import Sequence

from konnx import ops
from konnx.autodiff.rules._table import lowering, present
from konnx.graph import Node, Tensor, constant, int64s, op
from konnx.ops import canonical_axes

# With whole factors these repeat each element.
_REPEATING = {
    ("asymmetric", "floor"),
    *[
        (coordinates, rounding)
        for coordinates in ("half_pixel", "pytorch_half_pixel")
        for rounding in ("round_prefer_floor", "round_prefer_ceil")
    ],
}


@lowering("Resize")
def resize(node: Node) -> Sequence[Tensor] | None:
    """None where elements are only repeated.

    Raises:
        ValueError: the coordinates are cut out of the input, smoothed, or keep an aspect ratio.
    """
    if _repeats(node):
        return None
    _check(node)
    y = present(node.inputs[0])
    axes = canonical_axes(node.attributes.get("axes"), y.ndim)
    for place, axis in enumerate(axes):
        if not _keeps(node, place, axis):
            y = _times(y, _matrix(node, place, axis), axis)
    return [y]


def _coordinates(node: Node) -> str:
    return str(node.attributes.get("coordinate_transformation_mode", "half_pixel"))


def _repeats(node: Node) -> bool:
    scales = node.inputs[2] if len(node.inputs) > 2 else None
    value = None if scales is None else scales.constant_value
    rounding = node.attributes.get("nearest_mode", "round_prefer_floor")
    return (
        node.attributes.get("mode", "nearest") == "nearest"
        and "axes" not in node.attributes
        and value is not None
        and value.size > 2
        and not (value % 1).any()
        and (value[:2] == 1).all()
        and (_coordinates(node), rounding) in _REPEATING
    )


def _check(node: Node) -> None:
    unusual = {
        "antialias": node.attributes.get("antialias", 0),
        "keep_aspect_ratio_policy": node.attributes.get("keep_aspect_ratio_policy", "stretch"),
        "coordinate_transformation_mode": _coordinates(node),
    }
    if (
        unusual["antialias"]
        or unusual["keep_aspect_ratio_policy"] != "stretch"
        or unusual["coordinate_transformation_mode"] not in _PLACES
    ):
        raise ValueError(
            f"{node!r}: Resize has no gradient with these attributes. Received: {unusual}. "
            f"Coordinates may be {', '.join(_PLACES)}."
        )


def _keeps(node: Node, place: int, axis: int) -> bool:
    """Tell whether the axis is known to stay as it is."""
    scales = node.inputs[2] if len(node.inputs) > 2 else None
    if scales is not None:
        return scales.constant_value is not None and scales.constant_value[place] == 1
    sizes = present(node.inputs[3]).constant_value
    return sizes is not None and present(node.inputs[0]).shape[axis] == sizes[place]


def _times(x: Tensor, matrix: Tensor, axis: int) -> Tensor:
    """The product of a matrix with each line of x along an axis."""
    if axis == x.ndim - 2:
        return op("MatMul", matrix, x)
    order = list(range(x.ndim))
    order[axis], order[-1] = order[-1], order[axis]
    product = op("MatMul", ops.transpose(x, order), ops.transpose(matrix))
    return ops.transpose(product, order)


def _matrix(node: Node, place: int, axis: int) -> Tensor:
    """How much of each element of the input (columns) each of the output (rows) takes."""
    x, y = present(node.inputs[0]), node.outputs[0]
    length, size = (_length(tensor, axis) for tensor in (x, y))
    where = _PLACES[_coordinates(node)](
        _range(size), _number(length), _number(size), _scale(node, place, length, size)
    )
    columns = _range(length)
    last = _number(length) - 1.0
    mode = node.attributes.get("mode", "nearest")
    if mode == "nearest":
        rounded = _ROUNDINGS[node.attributes.get("nearest_mode", "round_prefer_floor")](where)
        matrix = _chosen(rounded, columns, last)
    elif mode == "linear":
        inside = ops.maximum(ops.minimum(where, last), constant(0.0))
        distance = ops.abs(ops.expand_dims(inside, 1) - columns)
        matrix = ops.maximum(1.0 - distance, constant(0.0))
    else:
        matrix = _cubic(node, where, columns, last)
    return ops.cast(matrix, x.dtype)


def _length(x: Tensor, axis: int) -> Tensor:
    return op("Squeeze", op("Shape", x, start=axis, end=axis + 1), int64s([0]))


def _number(length: Tensor) -> Tensor:
    return ops.cast(length, "float32")


def _range(length: Tensor) -> Tensor:
    zero, one = constant(0, "int64"), constant(1, "int64")
    return _number(op("Range", zero, length, one))


def _scale(node: Node, place: int, length: Tensor, size: Tensor) -> Tensor:
    scales = node.inputs[2] if len(node.inputs) > 2 else None
    if scales is None:
        return _number(size) / _number(length)
    return op("Gather", scales, constant(place, "int64"))


def _half_pixel(o: Tensor, length: Tensor, size: Tensor, scale: Tensor) -> Tensor:
    return (o + 0.5) / scale - 0.5


def _pytorch_half_pixel(o: Tensor, length: Tensor, size: Tensor, scale: Tensor) -> Tensor:
    is_several = ops.cast(ops.greater(size, 1.0), "float32")
    return _half_pixel(o, length, size, scale) * is_several


def _align_corners(o: Tensor, length: Tensor, size: Tensor, scale: Tensor) -> Tensor:
    return o * (length - 1.0) / ops.maximum(size - 1.0, constant(1.0))


def _asymmetric(o: Tensor, length: Tensor, size: Tensor, scale: Tensor) -> Tensor:
    return o / scale


# (numbers of the output's elements, input length, output length, scale) -> places in the input
_PLACES = {
    "half_pixel": _half_pixel,
    "pytorch_half_pixel": _pytorch_half_pixel,
    "align_corners": _align_corners,
    "asymmetric": _asymmetric,
}

_ROUNDINGS = {
    "round_prefer_floor": lambda x: op("Ceil", x - 0.5),
    "round_prefer_ceil": lambda x: op("Floor", x + 0.5),
    "floor": lambda x: op("Floor", x),
    "ceil": lambda x: op("Ceil", x),
}


def _chosen(rows: Tensor, columns: Tensor, last: Tensor) -> Tensor:
    """1 where a column has the number of the row, cut to be one of a column."""
    inside = ops.maximum(ops.minimum(rows, last), constant(0.0))
    return ops.cast(ops.equal(ops.expand_dims(inside, 1), columns), "float32")


def _cubic(node: Node, where: Tensor, columns: Tensor, last: Tensor) -> Tensor:
    """The four elements around, weighted by the cubic convolution of Keys, 1981."""
    a = float(node.attributes.get("cubic_coeff_a", -0.75))
    base = op("Floor", where)
    near, far = (a + 2, -(a + 3), 0.0, 1.0), (a, -5 * a, 8 * a, -4 * a)
    taps, weights = [], []
    for offset in (-1, 0, 1, 2):
        place = base + float(offset)
        weight = _polynomial(near if offset in (0, 1) else far, ops.abs(where - place))
        if node.attributes.get("exclude_outside", 0):
            outside = ops.not_equal(ops.maximum(ops.minimum(place, last), constant(0.0)), place)
            weight = weight * (1.0 - ops.cast(outside, "float32"))
        taps.append(_chosen(place, columns, last))
        weights.append(weight)
    if node.attributes.get("exclude_outside", 0):
        total = op("Sum", *weights)
        weights = [weight / total for weight in weights]
    return op("Sum", *[t * ops.expand_dims(w, 1) for t, w in zip(taps, weights, strict=True)])


def _polynomial(coefficients: Sequence[float], x: Tensor) -> Tensor:
    """Horner's scheme, the highest power first."""
    y = x * coefficients[0]
    for coefficient in coefficients[1:-1]:
        y = (y + coefficient) * x
    return y + coefficients[-1]
