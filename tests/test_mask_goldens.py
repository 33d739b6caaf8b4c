"""Layers treat masks as those of Keras 2.1.6 do: they refuse them, end them, or make new ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.layers import LAYERS, Input, Layer, Masking
from konnx.testing import evaluate

FILE = Path(__file__).parent / "goldens" / "masks.json"
CASES: list[tuple[str, dict[str, Any], list[list[int]], Any]] = json.loads(FILE.read_text())
SINCE = {"GlobalAveragePooling1D"}
"""Layers of 2.1.6 that refuse a mask, as the layers of later versions do not."""


def made(name: str, arguments: dict[str, Any]) -> Layer:
    """Make a layer by its constructor: those from configs drop what they do not support."""
    if name != "Wrapped":
        return LAYERS.resolve(name)(**arguments)
    given = dict(arguments)
    wrapper, inner = LAYERS.resolve(given.pop("wrapper")), LAYERS.resolve(given.pop("layer"))
    return wrapper(inner(**given.pop("arguments")), **given)


@pytest.mark.parametrize("case", CASES, ids=[f"{case[0]}-{i}" for i, case in enumerate(CASES)])
def test_a_mask_goes_where_it_goes_in_keras(case: Any) -> None:
    name, arguments, shapes, outcome = case
    layer, inputs = made(name, arguments), [Input(shape) for shape in shapes]
    given = inputs if name == "Embedding" else [Masking()(one) for one in inputs]
    given = given if len(given) > 1 else given[0]
    if outcome == "refused" and name not in SINCE:
        with pytest.raises(TypeError, match=f"'{layer.name}'.* does not support masking"):
            layer(given)
        return
    output = layer(given)
    mask = (output[0] if isinstance(output, list) else output)._keras_mask
    if isinstance(outcome, str):
        assert mask is None
        return
    arrays = [np.ones((1, *shape), "float32") for shape in shapes]
    for array in arrays:
        array[:, 1::2] = 0
    (value,) = evaluate([mask], dict(zip(inputs, arrays, strict=True)))
    np.testing.assert_array_equal(value[0], outcome)
