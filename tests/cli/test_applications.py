"""`konnx applications`, and applications in `konnx convert`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import pytest

from konnx.applications import MobileNet
from konnx.applications.catalogue import APPLICATIONS

pytestmark = pytest.mark.no_runtime

FILE = Path(__file__).parents[1] / "goldens" / "applications.json"


def test_the_list_has_the_numbers_of_tf_keras(konnx: Any) -> None:
    golden = json.loads(FILE.read_text(encoding="utf-8"))
    found = json.loads(konnx("applications", "--json").out)
    assert {f"{row['name']} top": row["parameters"] for row in found} == {
        case: entry["parameters"] for case, entry in golden.items() if case.endswith(" top")
    }
    lines = konnx("applications").out.splitlines()
    assert len(lines) == len(APPLICATIONS)
    assert lines[3].split() == ["ResNet50", "25,636,712", "103", "MB", "(224,", "224,", "3)"]


def test_weights_of_an_application_become_onnx(konnx: Any, tmp_path: Path) -> None:
    weights, target = tmp_path / "weights.h5", tmp_path / "mobilenet.onnx"
    MobileNet(weights=None, include_top=False).save_weights(weights)
    options = ("--application", "mobilenet", "--weights", weights)
    refused = konnx("convert", *options, target)
    assert refused.code == 1
    assert "does not hold the weights of 'mobilenet_1.00_224' with its top" in refused.err
    assert konnx("convert", *options, "--no-top", target).code == 0
    onnx.checker.check_model(target)


def test_the_weights_are_the_source_and_give_the_name(konnx: Any, tmp_path: Path) -> None:
    MobileNet(weights=None, include_top=False).save_weights(tmp_path / "mobile.h5")
    options = ("--application", "mobilenet", "--no-top", "--weights", tmp_path / "mobile.h5")
    assert konnx("convert", *options, "--dry-run").code == 0
    assert not (tmp_path / "mobile.onnx").exists()
    assert konnx("convert", *options).code == 0
    assert (tmp_path / "mobile.onnx").exists()


def test_nothing_to_convert_is_refused(konnx: Any) -> None:
    for options, missing in (((), "SOURCE"), (("--application", "resnet50"), "--weights FILE")):
        result = konnx("convert", *options)
        assert (result.code, f"Add {missing}" in result.err) == (2, True)


def test_what_is_no_application_is_refused(konnx: Any, tmp_path: Path) -> None:
    result = konnx("convert", "--application", "alexnet", tmp_path / "w.h5", tmp_path / "m.onnx")
    assert result.code == 1
    assert "There is no application 'alexnet'. Known: Xception, VGG16" in result.err


def test_weights_without_an_application_are_refused(konnx: Any, tmp_path: Path) -> None:
    result = konnx("convert", "--weights", tmp_path / "w.h5", tmp_path / "m.onnx")
    assert (result.code, "--application NAME" in result.err) == (1, True)
