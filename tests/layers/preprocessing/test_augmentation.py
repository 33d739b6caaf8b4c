from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import layers
from konnx.function import Function
from konnx.layers import Input
from konnx.models import Model
from konnx.testing.layers import check_layer

FILE = Path(__file__).parents[2] / "goldens" / "augmentation.npz"

with np.load(FILE) as file:
    CASES: list[tuple[str, dict[str, Any]]] = json.loads(str(file["cases"]))
    INFERENCE: list[tuple[str, dict[str, Any]]] = json.loads(str(file["inference"]))
    DATA = {name: file[name] for name in file.files}
X = DATA["x"]


def run(layer: Any, *, training: bool, data: np.ndarray = X) -> np.ndarray:
    x = Input(data.shape[1:])
    return Function([x], [layer(x)], training=training)([data])[0]


@pytest.mark.training
@pytest.mark.parametrize("index", range(len(CASES)), ids=[name for name, _ in CASES])
def test_images_are_varied_as_keras_does_it(index: int) -> None:
    name, arguments = CASES[index]
    result = run(getattr(layers, name)(**arguments), training=True)
    np.testing.assert_allclose(result, DATA[str(index)], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("index", range(len(INFERENCE)), ids=[name for name, _ in INFERENCE])
def test_images_come_out_of_inference_as_of_keras(index: int) -> None:
    name, arguments = INFERENCE[index]
    result = run(getattr(layers, name)(**arguments), training=False)
    np.testing.assert_allclose(result, DATA[f"inference_{index}"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_all_images_are_cut_at_one_place_that_varies(data_format: str) -> None:
    images = X if data_format == "channels_last" else X.transpose(0, 3, 1, 2)
    places = set()
    for seed in range(12):
        layer = layers.RandomCrop(3, 4, seed=seed, data_format=data_format)
        result = run(layer, training=True, data=images)
        part = result if data_format == "channels_last" else result.transpose(0, 2, 3, 1)
        found = [
            (top, left)
            for top in range(3)
            for left in range(3)
            if np.array_equal(part, X[:, top : top + 3, left : left + 4])
        ]
        assert len(found) == 1
        places.update(found)
    assert len(places) > 2


@pytest.mark.training
@pytest.mark.parametrize(("name", "axis"), [("RandomHeight", 1), ("RandomWidth", 2)])
def test_a_model_behind_images_of_varying_size_is_trained(name: str, axis: int) -> None:
    x = Input((5, 6, 2))
    images = getattr(layers, name)((0.2, 0.9))(x)
    assert images.shape[axis] is None
    model = Model(x, layers.Dense(1)(layers.GlobalMaxPooling2D()(images)))
    model.compile("sgd", "mse")
    before = model.get_weights()[0]
    model.fit(X, np.ones((2, 1)), epochs=2, verbose=0)
    assert not np.array_equal(model.get_weights()[0], before)


MADE = [
    ("RandomFlip", {}),
    ("RandomContrast", {"factor": 0.5}),
    ("RandomContrast", {"factor": [0.2, 0.4], "value_range": [0, 1]}),
    ("RandomBrightness", {"factor": 0.2, "value_range": [0, 1]}),
    ("RandomRotation", {"factor": 0.1}),
    ("RandomTranslation", {"height_factor": 0.2, "width_factor": 0.2}),
    ("RandomZoom", {"height_factor": 0.2}),
]


@pytest.mark.parametrize(("name", "arguments"), MADE)
def test_the_layer_keeps_its_promises_and_images_in_inference(
    name: str, arguments: dict[str, Any]
) -> None:
    layer_class = getattr(layers, name)
    result = check_layer(layer_class, arguments, (2, 5, 6, 2), data=X, gradients=None)
    np.testing.assert_array_equal(result, X)
    images = np.repeat(X, 32, 0)  # so many that no chance leaves all of them as they are
    assert not np.allclose(run(layer_class(**arguments), training=True, data=images), images)


@pytest.mark.parametrize(("mode", "axes"), [("horizontal", [2]), ("vertical", [1])])
def test_each_image_is_flipped_or_not(mode: str, axes: list[int]) -> None:
    images = np.repeat(X[:1], 64, 0)
    result = run(layers.RandomFlip(mode), training=True, data=images)
    flipped = [np.array_equal(one, np.flip(X[:1], axes)[0]) for one in result]
    same = [np.array_equal(one, X[0]) for one in result]
    assert np.logical_xor(flipped, same).all()
    assert 10 < sum(flipped) < 54


def test_contrast_keeps_the_mean_of_each_channel() -> None:
    result = run(layers.RandomContrast((0.0, 0.5)), training=True)
    np.testing.assert_allclose(result.mean((1, 2)), X.mean((1, 2)), rtol=1e-5)
    assert (result.std((1, 2)) >= X.std((1, 2)) - 1e-6).all()


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("RandomFlip", {"mode": "sideways"}, "`mode` must be one of"),
        ("RandomRotation", {"factor": (0.2, 0.1)}, "`factor` must be a number, or two ascending"),
        ("RandomHeight", {"factor": (-2, 0)}, "`factor` must be"),
        ("RandomWidth", {"factor": 0.1, "interpolation": "area"}, "`interpolation` must be"),
        ("RandomCrop", {"height": 0, "width": 4}, "`height` must be"),
        ("RandomZoom", {"height_factor": (-2, 0)}, "`height_factor` must be"),
        ("RandomTranslation", {"height_factor": 0.1, "fill_mode": "wrap"}, "`fill_mode` must be"),
    ],
)
def test_arguments_out_of_bounds_are_refused(
    name: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(layers, name)(**arguments)
