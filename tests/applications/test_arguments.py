"""What applications refuse, and how their arguments work together."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from konnx.applications import VGG16, MobileNet, ResNet50, Xception
from konnx.applications.network import Choices, Network, WeightFiles
from konnx.config import image_data_format, set_image_data_format
from konnx.layers import Dense, GlobalAveragePooling2D, Input, Rescaling
from konnx.models import Model

pytestmark = pytest.mark.no_runtime

SMALL = (32, 32, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (31, 64, 3)}, r"at least 32 by 32 pixels.*\(31, 64, 3\)"),
        ({"input_shape": (64, 64)}, "height, width and channels"),
        ({"input_shape": (64, 64, None)}, "channels must be known"),
        ({"pooling": "mean"}, "`pooling` must be None, 'avg' or 'max'"),
        ({"classes": 0}, "`classes` must be positive"),
        ({"weights": "imagenet", "classes": 10}, "1000 classes.*classes=10"),
        ({"weights": "imagenet", "input_shape": (64, 64, 3)}, r"takes images of shape \(224, 224"),
        (
            {"weights": "imagenet", "input_shape": (64, 64, 1), "include_top": False},
            "3 channels, red, green and blue",
        ),
        ({"weights": "imagenet", "classifier_activation": "relu"}, "'softmax' or None"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ResNet50(**{"weights": None, **arguments})


def test_weights_that_are_no_file_are_refused() -> None:
    with pytest.raises(FileNotFoundError, match=r"There is no file 'nowhere\.h5'"):
        VGG16(weights="nowhere.h5")


def test_published_weights_of_mobilenet_are_of_some_widths_only() -> None:
    with pytest.raises(ValueError, match="published for alpha"):
        MobileNet(alpha=0.3)


def mobilenet(**arguments: Any) -> Model:
    return MobileNet(**{"input_shape": SMALL, "alpha": 0.25, "weights": None, **arguments})


def test_weights_of_another_network_are_refused_by_name(tmp_path: Path) -> None:
    mobilenet(include_top=False).save_weights(tmp_path / "weights.h5")
    with pytest.raises(ValueError, match="does not hold the weights of 'xception' without its top"):
        Xception(weights=tmp_path / "weights.h5", include_top=False)


def test_weights_with_the_top_are_refused_without_it(tmp_path: Path) -> None:
    mobilenet(classes=5).save_weights(tmp_path / "weights.h5")
    with pytest.raises(ValueError, match="without its top"):
        mobilenet(weights=tmp_path / "weights.h5", include_top=False)


@pytest.mark.parametrize(
    ("pooling", "shape"), [(None, (None, 1, 1, 256)), ("avg", (None, 256)), ("max", (None, 256))]
)
def test_pooling_makes_vectors_of_features(pooling: str | None, shape: tuple[int, ...]) -> None:
    assert mobilenet(include_top=False, pooling=pooling).output_shape == shape


def test_an_input_tensor_may_come_from_other_layers() -> None:
    images = Input(SMALL)
    model = mobilenet(input_tensor=Rescaling(1 / 255)(images), input_shape=None, classes=7)
    assert model.inputs == [images]
    assert model.output_shape == (None, 7)


def test_a_head_of_ones_own_can_be_put_on_features() -> None:
    base = mobilenet(include_top=False)
    for layer in base.layers:
        layer.trainable = False
    head = Dense(10, activation="softmax")(GlobalAveragePooling2D()(base.output))
    assert len(Model(base.input, head).trainable_weights) == 2


def test_channels_first_is_followed() -> None:
    before = image_data_format()
    set_image_data_format("channels_first")
    try:
        model = mobilenet(input_shape=(3, 32, 32), include_top=False)
    finally:
        set_image_data_format(before)
    assert model.output_shape == (None, 256, 1, 1)


def tiny(files: WeightFiles) -> Network:
    def features(x: Any) -> Any:
        return Dense(2, name="dense")(x)

    return Network("tiny", features, 8, 4, files)


@pytest.mark.parametrize("top", [True, False])
def test_published_weights_come_by_their_hash_from_a_mirror(
    top: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KONNX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KONNX_MIRROR", str(tmp_path / "mirror"))
    shape = (8, 8, 3)
    source = tiny(WeightFiles("https://localhost/tiny", "t.h5", None, "n.h5", None)).build(
        Choices(top, None, None, shape, None, 1000, "softmax")
    )
    name = "t.h5" if top else "n.h5"
    folder = tmp_path / "mirror"
    folder.mkdir()
    source.save_weights(folder / name)
    md5 = hashlib.md5((folder / name).read_bytes()).hexdigest()
    choices = Choices(top, "imagenet", None, shape, None, 1000, "softmax")
    model = tiny(WeightFiles("https://localhost/tiny", "t.h5", md5, "n.h5", md5)).build(choices)
    for found, expected in zip(model.get_weights(), source.get_weights(), strict=True):
        assert (found == expected).all()
    other = "0" * 32
    monkeypatch.setenv("KONNX_HOME", str(tmp_path / "other"))
    with pytest.raises(ValueError, match="It was not kept"):
        tiny(WeightFiles("https://localhost/tiny", "t.h5", other, "n.h5", other)).build(choices)
