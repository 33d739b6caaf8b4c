"""Applications have the layers, weights and shapes of those of tf_keras."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import applications
from konnx.models import Model

pytestmark = pytest.mark.no_runtime

FILE = Path(__file__).parents[1] / "goldens" / "applications.json"
GOLDENS: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
CASES = [case for case in GOLDENS if case.split()[0] in applications.__all__]

# Names that layers get where none is given; the numbers count on in tf_keras.
AUTOMATIC = re.compile(r"^(conv2d|batch_normalization|normalization)(_\d+)?$")


def weighted(model: Model) -> list[Any]:
    return [layer for layer in model.layers if layer.weights]


def scalars(weights: list[Any]) -> int:
    return sum(int(np.prod(weight.shape)) for weight in weights)


def test_every_application_is_compared_with_and_without_its_top() -> None:
    assert sorted(CASES) == sorted(
        f"{name} {top}" for name in applications.__all__ for top in ("top", "notop")
    )


@pytest.mark.parametrize("case", CASES)
def test_layers_weights_and_shapes_are_those_of_tf_keras(case: str) -> None:
    name, top = case.split()
    model = getattr(applications, name)(weights=None, include_top=top == "top")
    golden = GOLDENS[case]
    layers = weighted(model)
    assert [list(weight.shape) for layer in layers for weight in layer.weights] == golden["weights"]
    assert [AUTOMATIC.sub(r"\1", layer.name) for layer in layers] == [
        AUTOMATIC.sub(r"\1", layer) for layer in golden["layers"]
    ]
    assert list(model.output_shape) == golden["output"]
    assert model.count_params() == golden["parameters"]
    assert scalars(model.trainable_weights) == golden["trainable"]
