"""Kernels and embeddings that Keras 3 has quantized, as the floats that they stand for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from konnx.layers.attention import EinsumDense
from konnx.layers.base import Layer
from konnx.layers.core import Dense
from konnx.layers.embeddings import Embedding

Array = NDArray[Any]

_FLOAT8_STATE = 6  # scales and their histories, for inputs, kernel and gradients
_FILLER = "?"  # stands for the axes of an ellipsis


class Floats(NamedTuple):
    """The weights of a layer as floats.

    Attributes:
        arrays: as many as the layer has weights, if the file is sound.
        mode: how they were quantized: "int8", "int4", "float8"; None: not at all.
    """

    arrays: list[Array]
    mode: str | None = None


def as_floats(layer: Layer, count: int, arrays: Sequence[Array]) -> Floats:
    """Return the weights of a layer as floats, if Keras 3 quantized them.

    There are three forms, in each of which the bias stays what it is. In "int8" a scale for each
    column follows, by which to divide. In "int4" two numbers share a byte, and either such a scale
    follows, or scales and zeros for groups of rows, and the group of each row. In "float8" the
    kernel is whole, and states follow.

    Args:
        layer: a layer of the model.
        count: of its weights.
        arrays: of the layer in the file.

    Raises:
        ValueError: they are quantized in another way, or do not fit each other.
    """
    quantizable = isinstance(layer, Dense | EinsumDense | Embedding)
    extra = list(arrays[count:])
    if not quantizable or not extra:
        return Floats(list(arrays))
    if any(array.dtype == np.uint8 for array in arrays[:count]):
        raise ValueError("the weights are quantized by GPTQ or AWQ, which is not read")
    kept = list(arrays[:count])
    if kept[0].dtype != np.int8:
        is_float8 = len(extra) == _FLOAT8_STATE
        return Floats(kept, "float8") if is_float8 else Floats(list(arrays))
    shape = _kernel_shape(layer)
    is_int8 = kept[0].shape == shape
    whole = kept[0] if is_int8 else _unpacked(kept[0], shape)
    kernel = _divided(layer, whole, extra) if len(extra) == 1 else _grouped(layer, whole, extra)
    return Floats([kernel.reshape(shape), *kept[1:]], "int8" if is_int8 else "int4")


def _kernel_shape(layer: Layer) -> tuple[int, ...]:
    return tuple(int(size or 0) for size in layer.own_weights[0].shape)


def _unpacked(packed: Array, shape: Sequence[int]) -> Array:
    """Return numbers of four bits, of which the lower half of a byte holds the first.

    Keras packs the last axis of a kernel that it has made a matrix; in 3.12 any one axis.
    """
    splits = range(1, len(shape))
    matrices = [(math.prod(shape[:at]), math.prod(shape[at:])) for at in splits]
    for whole in (tuple(shape), *matrices):
        for axis in reversed(range(len(whole))):
            if (*whole[:axis], (whole[axis] + 1) // 2, *whole[axis + 1 :]) == packed.shape:
                halves = np.stack([packed << 4 >> 4, packed >> 4], axis + 1)
                merged = halves.reshape(*packed.shape[:axis], -1, *packed.shape[axis + 1 :])
                return merged.take(range(whole[axis]), axis)
    raise ValueError(f"bytes of shape {packed.shape} do not hold a kernel of {tuple(shape)}")


def _divided(layer: Layer, whole: Array, extra: Sequence[Array]) -> Array:
    """Divide each column by its scale, each row of embeddings by its own."""
    scale = extra[0]
    if isinstance(layer, Embedding):
        scale = scale.reshape(-1, 1)
    elif isinstance(layer, EinsumDense) and scale.ndim > 1:
        scale = _along_kernel(layer.equation, scale)
    return np.divide(whole, scale, dtype=np.float32)


def _along_kernel(equation: str, scale: Array) -> Array:
    """Return scales that have the axes of an output with those of the kernel."""
    sources, output = equation.split("->")
    kernel = sources.split(",")[1]
    hidden = scale.ndim - len(output.replace("...", ""))
    output = output.replace("...", _FILLER * hidden)
    if "." in kernel or len(output) != scale.ndim:
        raise ValueError(f"scales of shape {scale.shape} do not fit the equation {equation}")
    kept = [axis for axis in kernel if axis in output]
    lost = tuple(axis for axis, letter in enumerate(output) if letter not in kernel)
    reduced = scale.squeeze(lost)
    order = [axis for axis in output if axis in kernel]
    moved = reduced.transpose([order.index(axis) for axis in kept])
    return moved[tuple(slice(None) if axis in kept else None for axis in kernel)]


def _grouped(layer: Layer, whole: Array, extra: Sequence[Array]) -> Array:
    """Undo the scales and zeros of groups of rows, or of groups within the rows of embeddings."""
    if len(extra) != 3:
        raise ValueError(f"{len(extra)} arrays follow the weights. Expected: scale, zero and group")
    axis = 1 if isinstance(layer, Embedding) else 0
    scale, zero, group = extra
    places = group.astype(np.int64)
    if places.size and not 0 <= places.min() <= places.max() < scale.shape[axis]:
        raise ValueError(f"rows are in groups up to {places.max()}, of {scale.shape[axis]}")
    scale, zero = (one.take(places, axis=axis) for one in (scale, zero))
    return (whole - zero.astype(np.float32)) * scale.astype(np.float32)
