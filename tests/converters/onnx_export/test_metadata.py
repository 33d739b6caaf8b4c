"""Texts that exported files carry."""

from __future__ import annotations

import json
from typing import Any

import onnx
import pytest

from konnx.converters import to_onnx
from konnx.converters.onnx_export.metadata import MODES, preprocessing
from konnx.layers import Dense
from konnx.models import Sequential

pytestmark = pytest.mark.no_runtime


def texts(proto: onnx.ModelProto) -> dict[str, str]:
    return {entry.key: entry.value for entry in proto.metadata_props}


def network() -> Sequential:
    return Sequential([Dense(2, input_shape=(3,))], name="net")


def test_texts_labels_and_preprocessing_are_stored() -> None:
    found = texts(
        to_onnx(
            network(), metadata={"author": "A. Łęcka"}, labels=["cat", "dog"], preprocessing="tf"
        )
    )
    assert found["author"] == "A. Łęcka"
    assert json.loads(found["labels"]) == ["cat", "dog"]
    assert json.loads(found["preprocessing"]) == MODES["tf"]
    assert found["source"] == "konnx model 'net'"


def test_a_text_may_replace_what_konnx_says_of_itself() -> None:
    assert texts(to_onnx(network(), metadata={"framework": "mine"}))["framework"] == "mine"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("vgg", "must be one of tf, torch, caffe, or a dict. Received: 'vgg'"),
        ({"scale": 1, "bias": 2}, "takes scale, mean, std, channels. Received: 'bias'"),
        ({"channels": "GBR"}, "channels are 'RGB' or 'BGR'"),
        ({"std": [0.0]}, "no std is 0"),
        ({"mean": ["a"]}, "are numbers"),
    ],
)
def test_preprocessing_that_is_none_is_refused(asked: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        preprocessing(asked)
