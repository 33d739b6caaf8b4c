"""Recurrent models compute and train as real Keras 2.1.6 does, case by case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx.layers import Layer
from konnx.models import model_from_json
from konnx.optimizers import SGD

pytestmark = pytest.mark.training

FOLDER = Path(__file__).parent / "goldens" / "recurrent"
CASES: dict[str, dict[str, Any]] = json.loads((FOLDER / "cases.json").read_text())
BATCH, RATE = 6, 0.2

Arrays = dict[str, list[np.ndarray[Any, Any]]]


class MinimalCell(Layer):
    """A cell as Keras' documentation shows one."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape: Any) -> None:
        shape = (input_shape[-1], self.units)
        self.kernel = self.add_weight("kernel", shape, initializer="uniform")
        shape = (self.units, self.units)
        self.recurrent_kernel = self.add_weight("recurrent", shape, initializer="uniform")
        super().build(input_shape)

    def call(self, inputs: Any, states: Any) -> Any:
        output = K.dot(inputs, self.kernel) + K.dot(states[0], self.recurrent_kernel)
        return output, [output]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


class ConditionedCell(MinimalCell):
    """A cell whose output depends on a constant, too."""

    def build(self, input_shape: Any) -> None:
        given, fixed = input_shape
        shape = (fixed[-1], self.units)
        self.fixed_kernel = self.add_weight("fixed", shape, initializer="uniform")
        super().build(given)

    def call(self, inputs: Any, states: Any, constants: Any = ()) -> Any:
        output, _ = super().call(inputs, states)
        output = K.tanh(output + K.dot(constants[0], self.fixed_kernel))
        return output, [output]


CELLS = {"MinimalCell": MinimalCell, "ConditionedCell": ConditionedCell}


@cache
def data() -> dict[str, np.ndarray[Any, Any]]:
    with np.load(FOLDER / "cases.npz") as file:
        return {name: file[name] for name in file.files}


def golden(name: str) -> Arrays:
    """Return the arrays of a case, cut from its flat array by the shapes in the table."""
    rest = data()[name]
    arrays: Arrays = {}
    for key, shapes in CASES[name]["shapes"].items():
        arrays[key] = []
        for shape in shapes:
            size = int(np.prod(shape))
            arrays[key].append(rest[:size].reshape(shape))
            rest = rest[size:]
    return arrays


def built(name: str, arrays: Arrays) -> Any:
    model = model_from_json(json.dumps(CASES[name]["model"]), custom_objects=CELLS)
    model.set_weights(arrays["weights"])
    return model


def halves(group: list[np.ndarray[Any, Any]]) -> Iterator[list[np.ndarray[Any, Any]]]:
    yield [one[:BATCH] for one in group]
    yield [one[BATCH:] for one in group]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def assert_close(received: Any, expected: Any, tolerance: float) -> None:
    received = listed(received)
    assert len(received) == len(expected)
    for index, (value, reference) in enumerate(zip(received, expected, strict=True)):
        np.testing.assert_allclose(
            value, reference, rtol=tolerance, atol=tolerance, err_msg=f"array {index}"
        )


@pytest.mark.parametrize("name", CASES)
def test_config_and_predictions_are_those_of_keras(name: str) -> None:
    arrays = golden(name)
    model = built(name, arrays)
    assert json.loads(model.to_json())["config"] == CASES[name]["model"]["config"]
    for x, key in zip(halves(arrays["x"]), ("first", "second"), strict=True):
        assert_close(model.predict(x, batch_size=BATCH), arrays[key], 1e-5)


@pytest.mark.parametrize("name", CASES)
def test_five_steps_give_the_losses_and_weights_of_keras(name: str) -> None:
    arrays = golden(name)
    model = built(name, arrays)
    model.compile(SGD(lr=RATE), "mse")
    batches = list(zip(halves(arrays["x"]), halves(arrays["y"]), strict=True))
    losses = [listed(model.train_on_batch(*batches[step % 2]))[0] for step in range(5)]
    assert_close(np.array(losses), arrays["losses"], 1e-4)
    assert_close(model.get_weights(), arrays["trained"], 1e-4)
    if model.stateful:
        assert_close(model.predict(batches[0][0], batch_size=BATCH), arrays["last"], 1e-4)
