"""What applications refuse, and how their arguments work together."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.applications import (
    VGG16,
    EfficientNetB0,
    MobileNet,
    MobileNetV2,
    NASNetMobile,
    ResNet50,
    Xception,
)
from konnx.applications.choices import Choices
from konnx.applications.network import Network, WeightFiles
from konnx.config import image_data_format, set_image_data_format
from konnx.layers import Dense, GlobalAveragePooling2D, Input, Rescaling
from konnx.models import Model

pytestmark = pytest.mark.no_runtime

SMALL = (32, 32, 3)


def tensor(*shape: int | None, dtype: str = "float32") -> Any:
    return Input(shape, dtype=dtype)


# What is given to which network, and what its error says.
REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (ResNet50, {"input_shape": (31, 64, 3)}, r"at least 32 by 32 pixels.*\(31, 64, 3\)"),
    (Xception, {"input_shape": (70, 299, 3)}, r"'xception': images must have at least 71 by 71"),
    (ResNet50, {"input_shape": (3, 224, 224)}, r"channels stand last \(`image_data_format`\)"),
    (ResNet50, {"input_shape": (64, 64)}, "height, width and channels"),
    (ResNet50, {"input_shape": (1, 64, 64, 3)}, r"channels, \(None, None, 3\).*\(1, 64, 64, 3\)"),
    (ResNet50, {"input_shape": 224}, "height, width and channels.*input_shape=224"),
    (ResNet50, {"input_shape": "224"}, "height, width and channels.*input_shape='224'"),
    (ResNet50, {"input_shape": (64.0, 64, 3)}, r"sizes must be whole numbers.*\(64\.0, 64, 3\)"),
    (ResNet50, {"input_shape": (64, 64, None)}, "channels must be known"),
    (ResNet50, {"input_shape": (64, 64, 0)}, "must hold positive whole numbers"),
    (VGG16, {"input_shape": (None, 64, 3)}, "'vgg16' with its top must know the height and width"),
    (
        NASNetMobile,
        {"input_shape": (None, None, 3), "include_top": False},
        "'NASNet' must know the height and width",
    ),
    (ResNet50, {"pooling": "mean"}, "`pooling` must be None, 'avg' or 'max'.*'mean'"),
    (ResNet50, {"classes": 0}, "`classes` must be a positive whole number.*classes=0"),
    (ResNet50, {"classes": 2.5}, "`classes` must be a positive whole number.*classes=2.5"),
    (ResNet50, {"classes": "10"}, "`classes` must be a positive whole number.*classes='10'"),
    (ResNet50, {"classifier_activation": "sofmax"}, "Unknown activation function: 'sofmax'"),
    (MobileNet, {"alpha": 0.01}, "`alpha` must be at least 1/32.*alpha=0.01"),
    (MobileNet, {"alpha": "1"}, "`alpha` must be at least 1/32.*alpha='1'"),
    (MobileNet, {"depth_multiplier": 0}, "`depth_multiplier` at least 1.*depth_multiplier=0"),
    (MobileNet, {"dropout": 1.0}, "`rate` must be at least 0 and below 1"),
    (MobileNetV2, {"alpha": -1}, "`alpha` must be positive. Received: alpha=-1"),
    (ResNet50, {"input_tensor": tensor(64, 64)}, "height, width and channels"),
    (ResNet50, {"input_tensor": tensor(None, None, None)}, "channels must be known"),
    (ResNet50, {"input_tensor": tensor(64, 64, 3, dtype="uint8")}, "must be floats.*of uint8"),
    (
        ResNet50,
        {"input_tensor": tensor(64, 64, 3), "input_shape": (32, 32, 3)},
        r"must be that of `input_tensor`.*\(32, 32, 3\).*\(None, 64, 64, 3\)",
    ),
    (ResNet50, {"weights": "imagenet", "classes": 10}, "1000 classes.*classes=10"),
    (
        ResNet50,
        {"weights": "imagenet", "input_shape": (64, 64, 3)},
        r"takes images of shape \(224, 224",
    ),
    (
        ResNet50,
        {"weights": "imagenet", "input_shape": (64, 64, 1), "include_top": False},
        "3 channels, red, green and blue",
    ),
    (ResNet50, {"weights": "imagenet", "classifier_activation": "relu"}, "'softmax' or None"),
    (MobileNet, {"weights": "imagenet", "alpha": 0.3}, "published for alpha"),
    (MobileNetV2, {"weights": "imagenet", "alpha": 0.3}, "published for alpha"),
]


@pytest.mark.parametrize(("make", "arguments", "message"), REFUSED, ids=range(len(REFUSED)))
def test_arguments_that_cannot_be_are_refused(
    make: Any, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make(**{"weights": None, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_tensor": np.zeros((1, 64, 64, 3))}, "Received: ndarray. Give arrays to predict"),
        ({"weights": 3}, "None, 'imagenet' or the path of a file of weights. Received: weights=3"),
    ],
    ids=["input_tensor", "weights"],
)
def test_arguments_of_other_types_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        ResNet50(**{"weights": None, **arguments})


@pytest.mark.parametrize("path", ["nowhere.h5", "."])
def test_weights_that_are_no_file_are_refused(path: str) -> None:
    with pytest.raises(FileNotFoundError, match=f"There is no file '{re.escape(path)}'"):
        VGG16(weights=path)


def test_images_of_whole_numbers_are_taken_where_the_network_scales_them() -> None:
    images = tensor(32, 32, 3, dtype="uint8")
    model = EfficientNetB0(weights=None, include_top=False, input_tensor=images)
    assert model.inputs == [images]


def mobilenet(**arguments: Any) -> Model:
    return MobileNet(**{"input_shape": SMALL, "alpha": 0.25, "weights": None, **arguments})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with weights of MobileNet."""
    folder = tmp_path_factory.mktemp("weights")
    MobileNet(weights=None, include_top=False).save_weights(folder / "features.h5")
    MobileNet(weights=None).save_weights(folder / "top.h5")
    mobilenet(classes=5).save_weights(folder / "narrow.h5")
    (folder / "text.h5").write_text("no weights")
    return folder


@pytest.mark.parametrize(
    ("make", "arguments", "file", "message"),
    [
        (
            Xception,
            {"include_top": False},
            "features.h5",
            (
                "weights of 'xception' without its top, but those of MobileNet without its top: "
                r"its layers do not fit.*80 layers.*block1_conv1, .*54 \(conv1, "
            ),
        ),
        (
            MobileNet,
            {"include_top": False},
            "top.h5",
            "'mobilenet_1.00_224' without its top, but those of MobileNet with its top of 1000",
        ),
        (
            MobileNet,
            {},
            "features.h5",
            (
                "with its top of 1000 classes, but those of MobileNet without its top: .*pass "
                "include_top=False"
            ),
        ),
        (
            MobileNet,
            {"classes": 5},
            "top.h5",
            (
                "with its top of 5 classes, but those of MobileNet with its top of 1000 classes: "
                r"layer 'conv_preds', weight .*\(1, 1, 1024, 5\).*\(1, 1, 1024, 1000\)"
            ),
        ),
        (MobileNet, {"alpha": 0.5}, "top.h5", r"'mobilenet_0.50_224'.*\(3, 3, 3, 16\)"),
        (MobileNet, {}, "narrow.h5", "of 'mobilenet_1.00_224' with its top of 1000 classes: layer"),
        (ResNet50, {}, "text.h5", "of 'resnet50' with its top of 1000 classes: the file is not"),
    ],
    ids=["network", "no top wanted", "top wanted", "classes", "width", "other", "text"],
)
def test_a_file_of_other_weights_is_refused_by_name(
    make: Any, arguments: dict[str, Any], file: str, message: str, files: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        make(weights=files / file, **arguments)


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


def efficientnet(weights: Any) -> Model:
    return EfficientNetB0(weights=weights, include_top=False, input_shape=SMALL)


@pytest.mark.parametrize(
    ("variance", "count"), [((0.229, 0.224, 0.225), 2), ((0.0524, 0.0502, 0.0506), 1)]
)
def test_deviations_in_place_of_variances_are_undone(
    variance: tuple[float, ...], count: int, tmp_path: Path
) -> None:
    model = efficientnet(None)
    layer = next(one for one in model.layers if one.name.startswith("normalization"))
    mean, _, seen = layer.get_weights()
    layer.set_weights([mean, np.array(variance, "float32"), seen])
    model.save_weights(tmp_path / "weights.h5")
    again = efficientnet(tmp_path / "weights.h5")
    assert sum(isinstance(one, Rescaling) for one in again.layers) == count


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
