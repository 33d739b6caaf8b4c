"""Equal nodes become one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import constant, op, placeholder
from konnx.graph.passes import merge_duplicates


def test_equal_nodes_with_equal_constants_become_one(same: Any) -> None:
    x = placeholder(("batch", 2, 3), name="x")
    before = [ops.relu(ops.reshape(x, [-1, 6])), ops.relu(ops.reshape(x, [-1, 6]))]
    after = merge_duplicates(before)
    assert after[0] is after[1] is before[0]
    same(before, after)


@pytest.mark.no_runtime
def test_nodes_that_differ_stay_apart() -> None:
    x = placeholder(("batch", 2, 2), name="x")
    outputs = [
        ops.relu(x),
        ops.relu(x, 0.1),
        ops.relu(x, 0.2),
        ops.transpose(x, [0, 2, 1]),
        ops.transpose(x, [1, 0, 2]),
        ops.reshape(x, [-1, 4]),
        ops.reshape(x, [4, -1]),
        op("Cast", x, to=6),
        op("Cast", x, to=7),
    ]
    assert merge_duplicates(outputs) == outputs


@pytest.mark.no_runtime
def test_random_numbers_and_large_constants_stay_apart() -> None:
    value = np.zeros(2000, np.float32)
    outputs = [
        op("RandomNormal", shape=[2]),
        op("RandomNormal", shape=[2]),
        constant(value),
        constant(value),
    ]
    assert merge_duplicates(outputs) == outputs
