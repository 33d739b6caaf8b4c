"""A rectifier with an upper limit is one Clip."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Tensor, constant, placeholder
from konnx.graph.passes import merge_clips


@pytest.fixture
def x() -> Tensor:
    return placeholder(("batch", 3), name="x")


def test_a_limited_rectifier_becomes_one_clip(x: Tensor, same: Any, operators: Any) -> None:
    before = [ops.relu(x, max_value=6.0)]
    after = merge_clips(before)
    assert operators(after) == {"Clip": 1}
    assert [bound.constant_value for bound in after[0].node.inputs[1:]] == [0.0, 6.0]
    same(before, after, batch=4)


@pytest.mark.parametrize(
    "limit", [-1.0, np.float32([1, 2, 3]), np.float32([[1.0], [2.0]])], ids=["below", "each", "up"]
)
def test_other_limits_stay(x: Tensor, operators: Any, limit: Any) -> None:
    after = merge_clips([ops.minimum(ops.relu(x), constant(np.asarray(limit, np.float32)))])
    assert operators(after) == {"Relu": 1, "Min": 1}


def test_a_rectifier_that_others_need_stays_beside_the_clip(x: Tensor, operators: Any) -> None:
    rectified = ops.relu(x)
    after = merge_clips([rectified, ops.minimum(rectified, 6.0)])
    assert operators(after) == {"Relu": 1, "Clip": 1}
