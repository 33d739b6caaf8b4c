"""Zero padding moves into convolutions and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Tensor, constant, op, placeholder
from konnx.graph.passes import merge_padding

PAIRS = [(0, 0), (0, 0), (1, 2), (3, 0)]


def ints(*values: int) -> Tensor:
    return constant(np.array(values, np.int64))


def x() -> Tensor:
    return placeholder(("batch", 2, 6, 6), name="x")


def conv(padded: Tensor, **attributes: Any) -> Tensor:
    channels = padded.shape[1] or 0
    kernel = np.arange(3 * channels * 9, dtype=np.float32).reshape(3, channels, 3, 3) / 9
    return op("Conv", padded, constant(kernel), **attributes)


MERGED: dict[str, tuple[Callable[[], Tensor], list[int]]] = {
    "plain": (lambda: conv(ops.pad(x(), PAIRS)), [1, 3, 2, 0]),
    "added": (lambda: conv(ops.pad(x(), PAIRS), pads=[1, 1, 0, 2]), [2, 4, 2, 2]),
    "zero_given": (
        lambda: conv(op("Pad", x(), ints(0, 0, 1, 1, 0, 0, 1, 1), constant(np.float32(0)))),
        [1, 1, 1, 1],
    ),
    "axes": (
        lambda: conv(op("Pad", x(), ints(1, 2, 3, 4), None, ints(3, -2)), strides=[2, 2]),
        [2, 1, 4, 3],
    ),
}


@pytest.mark.parametrize("name", MERGED)
def test_zeros_become_padding_of_the_convolution(name: str, same: Any, operators: Any) -> None:
    build, pads = MERGED[name]
    before = [build()]
    after = merge_padding(before)
    assert operators(after) == {"Conv": 1}
    assert list(after[0].node.attributes["pads"]) == pads
    same(before, after)


KEPT: dict[str, Callable[[], Tensor]] = {
    "max_pool": lambda: op("MaxPool", ops.pad(x(), PAIRS), kernel_shape=[2, 2]),
    "average_pool": lambda: op("AveragePool", ops.pad(x(), PAIRS), kernel_shape=[2, 2]),
    "channels": lambda: conv(ops.pad(x(), [(0, 0), (0, 1), (1, 1), (1, 1)])),
    "batch": lambda: conv(ops.pad(x(), [(1, 0), (0, 0), (1, 1), (1, 1)])),
    "ones": lambda: conv(ops.pad(x(), PAIRS, 1.0)),
    "cropping": lambda: conv(ops.pad(x(), [(0, 0), (0, 0), (-1, 1), (0, 0)])),
    "reflect": lambda: conv(op("Pad", x(), ints(0, 0, 1, 1, 0, 0, 1, 1), mode="reflect")),
    "automatic": lambda: conv(ops.pad(x(), PAIRS), auto_pad="SAME_UPPER"),
    "amounts_not_constant": lambda: conv(op("Pad", x(), placeholder((8,), "int64", "pads"))),
    "kernel": lambda: op(
        "Conv", x(), op("Pad", constant(np.ones((1, 2, 1, 1), np.float32)), ints(*[0] * 7, 1))
    ),
}


@pytest.mark.no_runtime
@pytest.mark.parametrize("name", KEPT)
def test_other_padding_stays(name: str) -> None:
    outputs = [KEPT[name]()]
    assert merge_padding(outputs) == outputs
