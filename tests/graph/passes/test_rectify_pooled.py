"""A rectifier moves behind max pooling, where nothing else reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.graph import Tensor, op, placeholder
from konnx.graph.passes import rectify_pooled
from konnx.testing import evaluate, normal


def rectified(x: Tensor, data_format: str = "channels_last") -> Tensor:
    return ops.max_pool(ops.relu(x), (2, 2), (2, 2), data_format=data_format)


def is_moved(y: Tensor) -> bool:
    """Tell whether the rectifier comes after the pooling."""
    [after] = rectify_pooled([y])
    if after.node.op_type == "Transpose":
        [before] = after.node.inputs
        assert before is not None
        after = before
    return after.node.op_type == "Relu"


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_values_and_gradients_are_the_same(data_format: str, same: Any) -> None:
    x = placeholder(("batch", 6, 4, 4), name="x")
    y = rectified(x, data_format)
    assert is_moved(y)
    after = rectify_pooled([y])
    same([y], after)
    image = normal((3, 6, 4, 4))
    image[:, :2] = -1.0  # windows without a positive element
    image[:, 2:4] = 0.5  # windows whose elements all tie
    values = []
    for one in (y, after[0]):
        (dx,) = gradients(ops.sum(ops.square(one)), [x])
        assert dx is not None
        values += evaluate([dx], {x: image})
    np.testing.assert_array_equal(*values)


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda x: ops.max_pool(x, (2, 2), (2, 2)), id="nothing rectified"),
        pytest.param(lambda x: ops.average_pool(ops.relu(x), (2, 2), (2, 2)), id="another pooling"),
        pytest.param(
            lambda x: op("MaxPool", ops.relu(x), kernel_shape=[2, 2], outputs=2)[0],
            id="places asked for",
        ),
    ],
)
def test_others_stay(build: Callable[[Tensor], Tensor]) -> None:
    y = build(placeholder(("batch", 6, 4, 4)))
    assert rectify_pooled([y]) == [y]


def test_a_rectifier_that_another_reads_stays() -> None:
    x = placeholder(("batch", 6, 4, 4))
    shared = ops.relu(x)
    outputs = [ops.max_pool(shared, (2, 2), (2, 2)), ops.sum(shared)]
    assert rectify_pooled(outputs) == outputs
    alone = ops.relu(x)
    outputs = [ops.max_pool(alone, (2, 2), (2, 2)), alone]
    assert rectify_pooled(outputs) == outputs
