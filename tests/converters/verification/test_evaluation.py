"""The plain evaluation computes what real Keras does, case by case of its goldens."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.converters import load_model
from konnx.converters.verification import evaluate
from konnx.layers import Input, deserialize
from konnx.models import Model

GOLDENS = Path(__file__).parents[2] / "goldens"

Array = np.ndarray[Any, Any]

with np.load(GOLDENS / "layers.npz") as file:
    CASES: list[tuple[str, dict[str, Any], list[tuple[str, list[int]]]]]
    CASES = json.loads(str(file["cases"]))
PLAIN = [index for index, (name, *_) in enumerate(CASES) if name != "Lambda"]

# Of these, some configurations have no plain evaluation: their own graph is run instead.
NOT_INDEPENDENT = {"Conv2DTranspose", "UpSampling2D"}


@cache
def numbers() -> dict[str, Array]:
    with np.load(GOLDENS / "layers.npz") as file:
        return {name: file[name] for name in file.files}


def golden(index: int) -> dict[str, list[Array]]:
    """Return the arrays of a case: x inputs, w weights, y output."""
    rest = numbers()[str(index)]
    arrays: dict[str, list[Array]] = {}
    for name, shape in CASES[index][2]:
        size = int(np.prod(shape))
        arrays.setdefault(name[0], []).append(rest[:size].reshape(shape))
        rest = rest[size:]
    return arrays


@pytest.mark.parametrize("index", PLAIN, ids=[f"{CASES[index][0]}-{index}" for index in PLAIN])
def test_a_layer_gives_what_keras_gave(index: int) -> None:
    class_name, arguments, _ = CASES[index]
    arrays = golden(index)
    layer = deserialize({"class_name": class_name, "config": {**arguments, "name": "golden"}})
    inputs = [Input(batch_shape=x.shape) for x in arrays["x"]]
    model = Model(inputs, layer(inputs if len(inputs) > 1 else inputs[0]))
    layer.set_weights(arrays.get("w", []))
    found = evaluate(model, arrays["x"])
    np.testing.assert_allclose(found.outputs[0], arrays["y"][0], rtol=1e-5, atol=1e-5)
    assert found.not_independent == [] or class_name in NOT_INDEPENDENT


FILES = sorted(path.stem for path in (GOLDENS / "hdf5").glob("*.npz"))


@pytest.mark.parametrize("name", FILES)
def test_a_model_gives_what_keras_gave(name: str) -> None:
    path = GOLDENS / "hdf5" / f"{name}.h5"
    if "weights_only" in name:
        pytest.skip("the file has no architecture")
    model = load_model(path, compile=False)
    with np.load(path.with_suffix(".npz")) as arrays:
        x = [arrays[f"x_{i}"] for i in range(len(model.inputs))]
        expected = [arrays[f"prediction_{i}"] for i in range(len(model.outputs))]
    found = evaluate(model, x)
    for output, wanted in zip(found.outputs, expected, strict=True):
        np.testing.assert_allclose(output, wanted, rtol=1e-4, atol=1e-5)


ARCHIVES = sorted((GOLDENS / "keras_v3").glob("*/*.keras"))


@pytest.mark.parametrize("path", ARCHIVES, ids=[f"{p.parent.name}-{p.stem}" for p in ARCHIVES])
def test_an_archive_gives_what_keras_gave(path: Path) -> None:
    model = load_model(path, compile=False)
    with np.load(path.with_suffix(".npz")) as arrays:
        x = [arrays[f"x_{i}"] for i in range(len(model.inputs))]
        expected = [arrays[f"prediction_{i}"] for i in range(len(model.outputs))]
    found = evaluate(model, x)
    for output, wanted in zip(found.outputs, expected, strict=True):
        np.testing.assert_allclose(output, wanted, rtol=1e-4, atol=1e-5)
