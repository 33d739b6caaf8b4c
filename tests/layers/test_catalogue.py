"""Every layer of the golden table keeps what all layers promise, in memory and in files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.converters import to_onnx
from konnx.layers import LAYERS, Input, deserialize
from konnx.models import Model, load_model
from konnx.runtime import Program
from konnx.testing.layers import check_layer
from konnx.testing.samples import spaced

FILE = Path(__file__).parents[1] / "goldens" / "layers.npz"

with np.load(FILE) as file:
    CASES: list[tuple[str, dict[str, Any], list[tuple[str, list[int]]]]]
    CASES = json.loads(str(file["cases"]))

CHECKED_ELSEWHERE = {
    "Activation", "Add", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv1D",
    "Conv2D", "Dense", "DepthwiseConv2D", "Dropout", "Flatten", "GlobalAveragePooling2D",
    "GlobalMaxPooling2D", "MaxPooling2D", "Multiply", "Permute", "RepeatVector", "Reshape",
    "SeparableConv2D", "ZeroPadding2D",
}  # fmt: skip
FLOAT32_ONLY = ("Conv", "SeparableConv", "MaxPooling", "AveragePooling", "UpSampling")


def by_class() -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index, (class_name, *_) in enumerate(CASES):
        found.setdefault(class_name, []).append(index)
    return found


# The last case of a class has its channels first, where there is such a thing.
CHECKED = [
    index
    for class_name, indices in by_class().items()
    if class_name not in CHECKED_ELSEWHERE
    for index in (indices[1], indices[-1])
]
STORED = [indices[-1] for indices in by_class().values()]


def names(indices: list[int]) -> list[str]:
    return [f"{CASES[index][0]}-{index}" for index in indices]


def shapes_of(index: int) -> list[list[int]]:
    return [shape for name, shape in CASES[index][2] if name[0] == "x"]


@pytest.mark.gradients
@pytest.mark.parametrize("index", CHECKED, ids=names(CHECKED))
def test_the_layer_keeps_its_promises(index: int) -> None:
    class_name, arguments, _ = CASES[index]
    shapes = shapes_of(index)
    several = len(shapes) > 1
    data = [spaced(shape, seed) + 0.03 * seed for seed, shape in enumerate(shapes)]
    check_layer(
        LAYERS.resolve(class_name),
        arguments,
        shapes if several else shapes[0],
        data=data if several else data[0],
        gradients="float32" if class_name.startswith(FLOAT32_ONLY) else "float64",
    )


@pytest.mark.parametrize("index", STORED, ids=names(STORED))
def test_the_layer_computes_the_same_from_files(index: int, tmp_path: Path) -> None:
    class_name, arguments, _ = CASES[index]
    random = np.random.default_rng(index)
    arrays = [random.uniform(-1, 1, shape).astype("float32") for shape in shapes_of(index)]
    inputs = [Input(array.shape[1:]) for array in arrays]
    layer = deserialize({"class_name": class_name, "config": {**arguments, "name": "stored"}})
    model = Model(inputs, layer(inputs if len(inputs) > 1 else inputs[0]))
    model.set_weights([random.uniform(0.5, 1.5, w.shape) for w in model.get_weights()])
    expected = model.predict(arrays if len(arrays) > 1 else arrays[0])
    model.save(tmp_path / "model.h5")
    loaded = load_model(tmp_path / "model.h5")
    result = loaded.predict(arrays if len(arrays) > 1 else arrays[0])
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)
    exported = to_onnx(model)
    program = Program(
        exported,
        feeds=[one.name for one in exported.graph.input],
        fetches=[one.name for one in exported.graph.output],
    )
    np.testing.assert_allclose(program(*arrays)[0], expected, rtol=1e-5, atol=1e-6)
