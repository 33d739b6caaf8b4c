"""Outputs and gradients of what PyTorch exports are those that PyTorch computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.graph import placeholder
from konnx.graph.load import load
from konnx.testing import evaluate

pytestmark = pytest.mark.gradients

with np.load(Path(__file__).parents[1] / "goldens" / "torch_operators.npz") as _file:
    ARRAYS = {key: _file[key] for key in _file.files}
NAMES = [key.removesuffix(".model") for key in ARRAYS if key.endswith(".model")]


@pytest.mark.parametrize("name", NAMES)
def test_pytorch_agrees(name: str) -> None:
    model = onnx.load_from_string(ARRAYS[f"{name}.model"].tobytes())
    weights = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
    start = f"{name}.d."
    slopes = {key.removeprefix(start): x for key, x in ARRAYS.items() if key.startswith(start)}
    trained = {key: placeholder(weights[key].shape, name=key) for key in slopes}
    given, expected = ARRAYS[f"{name}.x"], ARRAYS[f"{name}.y"]
    x = placeholder(given.shape, name="x")
    (y,) = load(model, {"x": x, **trained}).outputs.values()
    factors = np.cos(np.arange(expected.size)).reshape(expected.shape).astype(np.float32)
    found = gradients(ops.sum(y * factors), [x, *trained.values()])
    assert None not in found
    feeds = {x: given} | {tensor: weights[key] for key, tensor in trained.items()}
    received = evaluate([y, *[dx for dx in found if dx is not None]], feeds)
    for mine, theirs in zip(
        received, [expected, ARRAYS[f"{name}.dx"], *slopes.values()], strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)
