"""Prediction runs frozen while weights stay, and live after each change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.function import Function
from konnx.graph import Tensor, Variable, placeholder
from konnx.training.predictor import PATIENCE, Predictor, inference_graph

X = np.array([[1.0, 2.0]], np.float32)


class Counting(Predictor):
    """Counts how often it freezes."""

    frozen_times = 0

    def _freeze(self) -> Any:
        self.frozen_times += 1
        return super()._freeze()


def make() -> tuple[Counting, Variable]:
    x = placeholder(("batch", 2), name="x")
    scale = Variable(np.float32(3.0), name="scale")
    return Counting([x], [x * scale]), scale


def test_unchanged_weights_are_frozen_once() -> None:
    predictor, _ = make()
    for _ in range(3):
        np.testing.assert_array_equal(predictor([X])[0], 3 * X)
    assert predictor.frozen_times == 1


def test_after_a_change_it_runs_live_for_some_calls_and_freezes_then() -> None:
    predictor, scale = make()
    for value in (2.0, 3.0):  # the first call freezes, the second moves the weight to the device
        scale.assign(value)
        predictor([X])
    scale.assign(4.0)
    for call in range(PATIENCE + 3):
        np.testing.assert_array_equal(predictor([X])[0], 4 * X)
        assert predictor.frozen_times == (1 if call < PATIENCE else 2)


def test_weights_that_change_all_the_time_are_not_frozen_again() -> None:
    predictor, scale = make()
    predictor([X])
    for step in range(PATIENCE + 3):  # as in an adversarial network, with two batches a step
        scale.assign(step)
        for _ in range(2):
            np.testing.assert_array_equal(predictor([X])[0], step * X)
    assert predictor.frozen_times == 1


def test_a_change_on_the_host_and_one_on_the_device_are_told_apart() -> None:
    predictor, scale = make()
    scale.assign(4.0)
    predictor([X])
    Function([], [], [(scale, scale + 1.0)])([])
    np.testing.assert_array_equal(predictor([X])[0], 5 * X)


@pytest.mark.no_runtime
def test_the_graph_of_inference_has_constants_for_weights() -> None:
    x = placeholder(("batch", 2), name="x")
    weight = Variable(np.ones((2, 2), np.float32), name="w")
    phase: Tensor = ops.in_train_phase(x * 100.0, ops.matmul(x, weight))
    (output,) = inference_graph([phase])
    assert output.node.op_type in ("MatMul", "Gemm")
    assert not any(isinstance(tensor, Variable) for tensor in output.node.inputs)
