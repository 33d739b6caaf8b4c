"""ResNet50 from files of weights that Keras 2.1 wrote, whose layers have other names and order."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.applications import ResNet50
from konnx.converters.hdf5 import KerasFile, LayerWeights, write_hdf5

FILE = Path(__file__).parents[1] / "goldens" / "applications_keras216.json"
GOLDEN: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
SIZE = GOLDEN["size"]
RANGES = {"gamma": (0.2, 0.4), "moving_variance": (0.05, 0.15)}


def pattern(name: str, shape: list[int]) -> Any:
    """Return values for a weight that its name decides, as the script of the golden does."""
    random = np.random.RandomState(zlib.crc32(name.encode()))
    if len(shape) > 1:
        scale = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) == 4 else 1e-4
        return np.resize(random.normal(0, scale, 4099), shape).astype("float32")
    low, high = RANGES.get(name.partition(":")[0].rpartition("/")[2], (-0.1, 0.1))
    return random.uniform(low, high, shape).astype("float32")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    layers = [
        LayerWeights(name, [(weight, pattern(weight, shape)) for weight, shape in weights])
        for name, weights in GOLDEN["layers"].items()
    ]
    path = tmp_path_factory.mktemp("weights") / "resnet50_weights.h5"
    write_hdf5(path, KerasFile("weights", layers, keras_version="2.1.6", backend="tensorflow"))
    return path


def test_such_a_file_predicts_what_it_did_in_keras_2_1(weights: Path) -> None:
    model = ResNet50(weights=weights, input_shape=(SIZE, SIZE, 3), classes=GOLDEN["classes"])
    layers = {layer.name: layer.weights for layer in model.layers if layer.weights}
    found = {name: [f"{one.name}:0" for one in own] for name, own in layers.items()}
    assert list(found.items()) == [
        (name, [weight for weight, _ in own]) for name, own in GOLDEN["layers"].items()
    ]
    images = np.random.RandomState(0).uniform(-1, 1, (2, SIZE, SIZE, 3)).astype("float32")
    found_outputs = np.log(model.predict(images))
    np.testing.assert_allclose(found_outputs, GOLDEN["log_outputs"], rtol=0, atol=1e-4)


@pytest.mark.no_runtime
def test_its_network_takes_no_images_that_keras_2_1_refused(weights: Path) -> None:
    with pytest.raises(ValueError, match="at least 197 by 197 pixels"):
        ResNet50(weights=weights, input_shape=(196, 224, 3), classes=10)


@pytest.mark.no_runtime
def test_its_network_has_the_last_pooling_without_the_top_too(weights: Path) -> None:
    with pytest.raises(ValueError, match="'resnet50' without its top: its layers.*106.*107"):
        ResNet50(weights=weights, include_top=False)
