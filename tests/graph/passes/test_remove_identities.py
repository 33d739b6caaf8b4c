"""What changes nothing vanishes, what changes something stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Tensor, constant, op, placeholder, refine
from konnx.graph.passes import remove_identities

END = np.iinfo(np.int64).max


def ints(*values: int) -> Tensor:
    return constant(np.array(values, np.int64))


NOTHING: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": ops.identity,
    "dropout": lambda x: op("Dropout", x),
    "cast": lambda x: op("Cast", x, to=1),
    "transpose": lambda x: op("Transpose", x, perm=[0, 1, 2]),
    "pad": lambda x: op("Pad", x, ints(0, 0, 0, 0, 0, 0)),
    "slice": lambda x: op("Slice", x, ints(0, 0), ints(END, 3), ints(0, 2)),
    "slice_steps": lambda x: op("Slice", x, ints(0), ints(4), ints(-2), ints(1)),
    "slice_no_axes": lambda x: op("Slice", x, ints(0, 0), ints(END, 9)),
    "expand": lambda x: op("Expand", x, ints(1, 4, 3)),
    "expand_lower": lambda x: op("Expand", x, ints(1)),
    "tile": lambda x: ops.tile(x, [1, 1, 1]),
    "concat": lambda x: ops.concatenate([x]),
    "max": lambda x: op("Max", x),
    "add": lambda x: x + 0.0,
    "add_left": lambda x: 0.0 + x,
    "add_vector": lambda x: x + np.zeros(3, np.float32),
    "subtract": lambda x: x - 0.0,
    "multiply": lambda x: x * 1.0,
    "multiply_ones": lambda x: x * np.ones((1, 4, 1), np.float32),
    "divide": lambda x: x / 1.0,
    "power": lambda x: ops.pow(x, 1.0),
    "several": lambda x: ops.identity(ops.identity(x) * 1.0),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_changes_nothing_vanishes(name: str, same: Any) -> None:
    x = ops.relu(placeholder(("batch", 4, 3), name="x"))
    before = [NOTHING[name](x)]
    assert remove_identities(before) == [x]
    same(before, [x])


SOMETHING: dict[str, Callable[[Tensor], Tensor]] = {
    "cast": lambda x: ops.cast(x, "float64"),
    "transpose": lambda x: op("Transpose", x),
    "pad": lambda x: op("Pad", x, ints(0, 0, 0, 0, 0, 1)),
    "slice_start": lambda x: op("Slice", x, ints(1), ints(END), ints(1)),
    "slice_end": lambda x: op("Slice", x, ints(0), ints(2), ints(2)),
    "slice_unknown_end": lambda x: op("Slice", x, ints(0), ints(2), ints(0)),
    "slice_steps": lambda x: op("Slice", x, ints(0), ints(4), ints(1), ints(2)),
    "expand": lambda x: op("Expand", x, ints(2, 1, 1, 1)),
    "tile": lambda x: ops.tile(x, [1, 2, 1]),
    "concat": lambda x: ops.concatenate([x, x]),
    "dropout_training": lambda x: op(
        "Dropout", x, constant(np.float32(0.5)), constant(np.bool_(True))
    ),
    "add": lambda x: x + 1.0,
    "broadcasting_sum": lambda x: x + np.zeros((2, 1, 4, 3), np.float32),
    "broadcasting_product": lambda x: ops.slice_axes(x, [0], [1], [2]) * np.ones(3, np.float32),
    "product_over_batch": lambda x: x * np.ones((3, 1, 1), np.float32),
    "subtract_from": lambda x: 0.0 - x,
    "divide_one": lambda x: 1.0 / x,
    "one_to_the_power": lambda x: ops.pow(1.0, x),
    "multiply": lambda x: x * np.array([1, 1, 2], np.float32),
}


@pytest.mark.no_runtime
@pytest.mark.parametrize("name", SOMETHING)
def test_what_changes_something_stays(name: str) -> None:
    outputs = [SOMETHING[name](placeholder(("batch", 4, 3), name="x"))]
    assert remove_identities(outputs) == outputs


@pytest.mark.no_runtime
def test_an_identity_that_knows_more_of_the_shape_stays() -> None:
    x = placeholder((None, 3), name="x")
    outputs = [refine(ops.identity(x), ("batch", 3))]
    assert remove_identities(outputs) == outputs
