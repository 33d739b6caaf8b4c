"""RoiAlign as products with two matrices for each region, one for its rows, one for its columns."""

from __future__ import annotations

from collections.abc import Sequence

from konnx import ops
from konnx.autodiff.rules._table import inputs_of, lowering
from konnx.graph import Node, Tensor, int64s, op


@lowering("RoiAlign")
def roi_align(node: Node) -> Sequence[Tensor]:
    """The mean of points in each bin of each region, which lie between pixels.

    Raises:
        ValueError: the number of points depends on the region, or the largest counts.
    """
    x, regions, images = inputs_of(node)
    ratio = int(node.attributes.get("sampling_ratio", 0))
    if ratio < 1 or node.attributes.get("mode", "avg") != "avg":
        raise ValueError(
            f"{node!r}: RoiAlign has a gradient only with sampling_ratio > 0 and mode 'avg'. "
            f"Received: {node.attributes}"
        )
    rows, columns = (
        _matrix(node, x, regions, axis, node.attributes.get(name, 1), ratio)
        for axis, name in ((2, "output_height"), (3, "output_width"))
    )
    chosen = ops.gather(x, images)
    return [op("MatMul", op("MatMul", rows, chosen), ops.transpose(columns, [0, 1, 3, 2]))]


def _matrix(node: Node, x: Tensor, regions: Tensor, axis: int, bins: int, ratio: int) -> Tensor:
    """How much of each pixel along an axis each bin takes, (regions, 1, bins, pixels)."""
    centred = node.attributes.get("coordinate_transformation_mode", "half_pixel") == "half_pixel"
    scaled = regions * float(node.attributes.get("spatial_scale", 1.0))
    scaled = scaled - 0.5 if centred else scaled
    first, last = (scaled[:, place : place + 1] for place in (3 - axis, 5 - axis))
    length = last - first
    length = length if centred else ops.maximum(length, ops.scalar(1, length))
    parts = (ops.arange(bins * ratio, dtype=x.dtype) + 0.5) * (1.0 / (bins * ratio))
    points = first + length * parts
    pixels = op("Squeeze", op("Shape", x, start=axis, end=axis + 1), int64s([0]))
    size, zero = ops.cast(pixels, x.dtype), ops.scalar(0, points)
    inside = ops.logical_and(
        ops.less_equal(points, size), ops.greater_equal(points, ops.scalar(-1, points))
    )
    held = ops.maximum(ops.minimum(points, size - 1.0), zero)
    distance = ops.abs(ops.expand_dims(held, 2) - ops.arange(pixels, dtype=x.dtype))
    weights = ops.maximum(1.0 - distance, zero) * ops.cast(ops.expand_dims(inside, 2), x.dtype)
    in_bins = op(
        "Reshape",
        weights,
        op("Concat", int64s([0, bins, ratio]), op("Shape", weights, start=2), axis=0),
    )
    return ops.expand_dims(ops.mean(in_bins, 2), 1)
