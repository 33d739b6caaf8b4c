"""Ten steps of every optimizer, with each option, agree with Keras 2.1.6; so does its state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import ops, optimizers
from konnx.function import Function
from konnx.graph import Variable, placeholder
from konnx.optimizers import Optimizer

pytestmark = pytest.mark.training

with np.load(Path(__file__).parent / "goldens" / "optimizers.npz") as file:
    ARRAYS: dict[str, np.ndarray[Any, Any]] = dict(file)
CASES: list[tuple[str, dict[str, Any]]] = json.loads(str(ARRAYS["cases"]))
STATEFUL = [number for number in range(len(CASES)) if f"{number}/state_00" in ARRAYS]
HALF, STEPS = 5, 10
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}


def label(number: int) -> str:
    name, arguments = CASES[number]
    return "-".join([name, *(f"{key}={value}" for key, value in arguments.items())])


def group(prefix: str) -> list[np.ndarray[Any, Any]]:
    return [ARRAYS[key] for key in sorted(ARRAYS) if key.startswith(prefix)]


def optimizer(number: int) -> Optimizer:
    name, arguments = CASES[number]
    made: Optimizer = getattr(optimizers, name)(**arguments)
    return made


def variables() -> list[Variable]:
    return [Variable(one, name=f"w{j}") for j, one in enumerate(group("start_"))]


def train(made: Optimizer, params: list[Variable], first: int, last: int) -> None:
    gradients = group("gradients_")
    inputs = [placeholder(param.shape, "float32", f"g{j}") for j, param in enumerate(params)]
    updates = made.get_updates(ops.scalar(0.0, params[0]), params, inputs)
    step = Function(inputs, [], updates)
    for number in range(first, last):
        step([one[number] for one in gradients])


def assert_equal(params: list[Variable], number: int) -> None:
    for param, expected in zip(params, group(f"{number}/weight_"), strict=True):
        np.testing.assert_allclose(param.numpy(), expected, **TOLERANCE)


@pytest.mark.parametrize("number", range(len(CASES)), ids=label)
def test_ten_steps_are_those_of_keras(number: int) -> None:
    params = variables()
    train(optimizer(number), params, 0, STEPS)
    assert_equal(params, number)


@pytest.mark.parametrize("number", STATEFUL, ids=label)
def test_training_goes_on_from_the_state_that_keras_saved(number: int) -> None:
    params, first = variables(), optimizer(number)
    train(first, params, 0, HALF)
    second = optimizer(number)
    second.create_slots(params)
    second.set_weights(group(f"{number}/state_"))
    used = slice(None) if first.used_slots() else slice(1)  # Keras' SGD always writes velocities
    states = zip(second.get_weights()[used], first.get_weights()[used], strict=True)
    for one, other in states:
        if one.shape != () or one:  # the count that Keras 2.1 does not save for some
            np.testing.assert_allclose(one, other, **TOLERANCE)
    if not second.iterations.numpy():
        second.iterations.assign(HALF)
    train(second, params, HALF, STEPS)
    assert_equal(params, number)


def test_every_optimizer_has_a_golden() -> None:
    portable = {name.lower() for name in optimizers.OPTIMIZERS}
    portable -= {"runtimeoptimizer", "tfoptimizer"}  # which are compared with these
    assert {name.lower() for name, _ in CASES} == portable
