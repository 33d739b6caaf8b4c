"""The plain evaluation computes what real Keras does, case by case of its goldens."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.converters import load_model
from konnx.converters.architecture import model_of_any_keras
from konnx.converters.configs.source import Source
from konnx.converters.verification import evaluate
from konnx.converters.verification.activations import UnsupportedError
from konnx.converters.verification.operations import function_of
from konnx.layers import Input, deserialize
from konnx.layers.operation.table import SYMBOLS
from konnx.models import Model, model_from_json

GOLDENS = Path(__file__).parents[2] / "goldens"

Array = np.ndarray[Any, Any]

Case = tuple[str, dict[str, Any], list[tuple[str, list[int]]]]


def cases_of(name: str) -> list[Any]:
    with np.load(GOLDENS / f"{name}.npz") as file:
        return list(json.loads(str(file["cases"])))


@cache
def arrays_of(name: str) -> dict[str, Array]:
    with np.load(GOLDENS / f"{name}.npz") as file:
        return {key: file[key] for key in file.files}


def cut(flat: Array, shapes: list[tuple[str, list[int]]]) -> dict[str, list[Array]]:
    """Return the arrays of a case by the first letter of their names."""
    arrays: dict[str, list[Array]] = {}
    for name, shape in shapes:
        size = int(np.prod(shape))
        arrays.setdefault(name[0], []).append(flat[:size].reshape(shape))
        flat = flat[size:]
    return arrays


LAYERS: dict[tuple[str, int], Case] = {
    (name, index): case
    for name in ("layers", "later_layers")
    for index, case in enumerate(cases_of(name))
    if case[0] != "Lambda"
}


@pytest.mark.parametrize(
    "key", LAYERS, ids=[f"{LAYERS[key][0]}-{'-'.join(map(str, key))}" for key in LAYERS]
)
def test_a_layer_gives_what_keras_gave(key: tuple[str, int]) -> None:
    class_name, arguments, shapes = LAYERS[key]
    file, index = key
    arrays = cut(arrays_of(file)[str(index)], shapes)
    config = {name: value for name, value in arguments.items() if name != "call"}
    layer = deserialize({"class_name": class_name, "config": {**config, "name": "golden"}})
    inputs = [Input(batch_shape=x.shape) for x in arrays["x"]]
    options = arguments.get("call", {})
    outputs = layer(
        inputs if len(inputs) > 1 else inputs[0], **({} if options == "weights" else options)
    )
    layer.set_weights(arrays.get("w", []))
    found = evaluate(Model(inputs, outputs), arrays["x"])
    for output, expected in zip(found.outputs, arrays["y"] + arrays.get("s", []), strict=True):
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5)
    assert found.not_independent == []


OPERATIONS: list[tuple[str, dict[str, Any]]] = cases_of("operations")


def model_of(config: dict[str, Any]) -> Model:
    """Make a model of layers between the inputs that they name."""
    data, text = arrays_of("operations"), json.dumps(config["layers"])
    of_keras_3 = "module" in config["layers"][0]
    names = [name for name in "xyn" if f'["{name}", 0' in text]
    inputs = [
        {
            "class_name": "InputLayer",
            "name": name,
            "config": {
                "name": name,
                "batch_shape" if of_keras_3 else "batch_input_shape": [None, *data[name].shape[1:]],
                "dtype": data[name].dtype.name,
            },
            "inbound_nodes": [],
        }
        for name in names
    ]
    output = config["output"]
    graph = {
        "name": "model",
        "layers": [*inputs, *config["layers"]],
        "input_layers": [[name, 0, 0] for name in names],
        "output_layers": [output] if isinstance(output[0], str) else output,
    }
    module = {"module": "keras.src.models.functional"} if of_keras_3 else {}
    whole = {"class_name": "Functional", "config": graph, **module}
    return model_of_any_keras(whole, Source("3.0.0" if of_keras_3 else "2.15.0"))


@pytest.mark.parametrize("index", range(len(OPERATIONS)), ids=[name for name, _ in OPERATIONS])
def test_an_operation_gives_what_its_writer_gave(index: int) -> None:
    model, data = model_of(OPERATIONS[index][1]), arrays_of("operations")
    found = evaluate(model, [data[name] for name in model.input_names])
    np.testing.assert_allclose(found.outputs[0], data[str(index)], rtol=1e-5, atol=1e-5)
    assert found.not_independent == []


def test_every_operation_that_files_may_name_has_a_plain_function() -> None:
    for symbol in SYMBOLS:
        assert callable(function_of(symbol))
    with pytest.raises(UnsupportedError, match=r"operation tf\.image\.sobel"):
        function_of("tf.image.sobel")


RECURRENT: dict[str, dict[str, Any]] = json.loads(
    (GOLDENS / "recurrent" / "cases.json").read_text()
)
OF_OWN_CELLS = ("MinimalCell", "ConditionedCell")
OF_PLAIN_CELLS = [
    name
    for name, case in RECURRENT.items()
    if not any(cell in json.dumps(case["model"]) for cell in OF_OWN_CELLS)
]


@pytest.mark.parametrize("name", OF_PLAIN_CELLS)
def test_a_recurrent_model_gives_what_keras_2_gave(name: str) -> None:
    case = RECURRENT[name]
    shapes = [(key, shape) for key, group in case["shapes"].items() for shape in group]
    arrays = cut(arrays_of("recurrent/cases")[name], shapes)
    model = model_from_json(json.dumps(case["model"]))
    model.set_weights(arrays["w"])
    found = evaluate(model, [x[:6] for x in arrays["x"]])
    for output, expected in zip(found.outputs, arrays["f"], strict=True):
        np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)
    assert found.not_independent == []


FILES = sorted(
    path.stem for path in (GOLDENS / "hdf5").glob("*.npz") if "weights_only" not in path.stem
)


@pytest.mark.parametrize("name", FILES)
def test_a_model_gives_what_keras_gave(name: str) -> None:
    path = GOLDENS / "hdf5" / f"{name}.h5"
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
