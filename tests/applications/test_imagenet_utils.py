"""Images and predictions, as Keras prepares and names them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx.applications import imagenet_utils, mobilenet, resnet50
from konnx.layers import Input

IMAGE = np.array([[[0.0, 51.0, 255.0], [255.0, 102.0, 0.0]]], "float32")

EXPECTED = {
    "tf": [[[-1.0, -0.6, 1.0], [1.0, -0.2, -1.0]]],
    "torch": [[[-2.117904, -1.142857, 2.64], [2.2489083, -0.25, -1.8044444]]],
    "caffe": [[[151.061, -65.779, -123.68], [-103.939, -14.779, 131.32]]],
}


@pytest.mark.parametrize("mode", EXPECTED)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_images_are_prepared_by_the_mode(mode: str, data_format: str) -> None:
    first = data_format == "channels_first"
    image = IMAGE.transpose(2, 0, 1) if first else IMAGE
    for x in (image, image[None]):
        before = x.copy()
        found = imagenet_utils.preprocess_input(x, data_format, mode=mode)
        found = found.reshape(image.shape)
        found = found.transpose(1, 2, 0) if first else found
        np.testing.assert_allclose(found, EXPECTED[mode], rtol=2e-5)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("mode", EXPECTED)
def test_tensors_are_prepared_as_arrays_are(mode: str) -> None:
    x = Input((1, 2, 3))
    run = K.function([x], [imagenet_utils.preprocess_input(x, mode=mode)])
    np.testing.assert_allclose(run([IMAGE[None]])[0][0], EXPECTED[mode], rtol=2e-5)


def test_whole_numbers_become_floats() -> None:
    found = mobilenet.preprocess_input(IMAGE.astype("uint8"))
    np.testing.assert_allclose(found, EXPECTED["tf"], rtol=2e-5)
    np.testing.assert_allclose(resnet50.preprocess_input(IMAGE), EXPECTED["caffe"], rtol=2e-5)


@pytest.mark.parametrize(
    ("x", "arguments", "message"),
    [
        (IMAGE, {"mode": "keras"}, "`mode` must be"),
        (IMAGE, {"data_format": "nchw"}, "`data_format` must be"),
        (IMAGE[..., :2], {}, "3 channels"),
        (IMAGE[0], {}, "one image or a batch"),
    ],
)
def test_what_is_no_image_is_refused(x: Any, arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        imagenet_utils.preprocess_input(x, **arguments)


@pytest.mark.no_runtime
def test_predictions_get_the_names_of_their_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = {str(number): [f"n{number:08}", f"class_{number}"] for number in range(1000)}
    path = tmp_path / "index.json"
    path.write_text(json.dumps(index))
    monkeypatch.setattr(imagenet_utils, "get_file", lambda *_, **__: str(path))
    scores = np.zeros((2, 1000), "float32")
    scores[0, [7, 9]] = [0.25, 0.75]
    scores[1, 999] = 1
    first, second = imagenet_utils.decode_predictions(scores, top=2)
    assert first == [("n00000009", "class_9", 0.75), ("n00000007", "class_7", 0.25)]
    assert second[0] == ("n00000999", "class_999", 1.0)


@pytest.mark.no_runtime
def test_predictions_of_other_classes_have_no_names() -> None:
    with pytest.raises(ValueError, match=r"shape \(images, 1000\).*\(1, 10\)"):
        imagenet_utils.decode_predictions(np.zeros((1, 10)))
