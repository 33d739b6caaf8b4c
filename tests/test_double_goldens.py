"""Layers compute in float64 what tf_keras does, to ten digits; `goldens/make_doubles.py`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from konnx import layers
from konnx.layers import Input
from konnx.models import Model
from konnx.optimizers import SGD

FILE = Path(__file__).parent / "goldens" / "doubles.npz"
with np.load(FILE) as file:
    ARRAYS = dict(file)
CASES = json.loads(str(ARRAYS["cases"]))
NAMES = [f"{case[0]}-{number}" for number, case in enumerate(CASES)]
CLOSE = {"rtol": 1e-10, "atol": 1e-12}


def group(number: int, letter: str) -> list[np.ndarray]:
    found = (ARRAYS.get(f"{number}/{letter}{index}") for index in range(10))
    return [one for one in found if one is not None]


@pytest.mark.training
@pytest.mark.parametrize(
    "number", range(len(CASES)), ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)]
)
def test_a_layer_of_doubles_computes_and_trains_as_that_of_tf_keras(number: int) -> None:
    name, arguments, shape = CASES[number]
    if name in ("SimpleRNN", "GRU", "LSTM"):
        later = {} if name == "SimpleRNN" else {"recurrent_activation": "sigmoid"}
        arguments = {**later, **arguments}
    x, y = ARRAYS[f"{number}/x"], ARRAYS[f"{number}/y"]
    inputs = Input(shape, dtype="int32" if name == "Embedding" else "float64")
    layer = getattr(layers, name)(dtype="float64", **arguments)
    model = Model(inputs, layer(inputs))
    layer.set_weights(group(number, "w"))
    result = model.predict(x)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, y, **CLOSE)
    if layer.trainable_weights:
        model.compile(SGD(0.125), "mse")
        model.train_on_batch(x, np.zeros_like(y))
        for received, expected in zip(layer.get_weights(), group(number, "t"), strict=True):
            np.testing.assert_allclose(received, expected, **CLOSE)
