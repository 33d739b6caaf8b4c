"""The backend's functions of math and shape, against Keras' own values and gradients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx import ops
from konnx.graph import Tensor, is_float
from konnx.testing import evaluate

Array = np.ndarray[Any, Any]

with np.load(Path(__file__).parents[1] / "goldens" / "backend.npz") as _file:
    ARRAYS: dict[str, Array] = {key: _file[key] for key in _file.files}
CALLS: list[tuple[str, dict[str, Any]]] = json.loads(str(ARRAYS["calls"]))
TAKE_A_LIST = {"concatenate", "stack"}


def inputs_of(number: int) -> list[Array]:
    keys = (f"{number}.x{index}" for index in range(3))
    return [ARRAYS[key] for key in keys if key in ARRAYS]


def call(number: int, tensors: list[Tensor]) -> Tensor:
    name, options = CALLS[number]
    function = getattr(K, name)
    result: Tensor = (
        function(tensors, **options) if name in TAKE_A_LIST else function(*tensors, **options)
    )
    return result


def cases(numbers: Any = None) -> Any:
    chosen = range(len(CALLS)) if numbers is None else numbers
    return pytest.mark.parametrize(
        "number", [pytest.param(number, id=f"{number}-{CALLS[number][0]}") for number in chosen]
    )


WITH_FLOATS = [
    number
    for number in range(len(CALLS))
    if any(x.dtype == np.float32 for x in inputs_of(number)) and CALLS[number][0] != "cast"
]
WITH_INPUTS = [number for number in range(len(CALLS)) if inputs_of(number)]


@cases()
def test_values_and_gradients_are_those_of_keras(number: int) -> None:
    inputs = inputs_of(number)
    tensors = [K.placeholder(x.shape, dtype=x.dtype) for x in inputs]
    y = call(number, tensors)
    expected = ARRAYS[f"{number}.y0"]
    assert (K.int_shape(y), K.dtype(y)) == (expected.shape, expected.dtype.name)
    slopes = {i: ARRAYS[f"{number}.dx{i}"] for i in range(3) if f"{number}.dx{i}" in ARRAYS}
    found: list[Any] = []
    if slopes:
        weights = np.cos(np.arange(expected.size)).reshape(expected.shape).astype("float32")
        found = K.gradients(ops.sum(y * weights), [tensors[i] for i in slopes])
        found = [
            K.zeros_like(tensors[i]) if g is None else g for i, g in zip(slopes, found, strict=True)
        ]
    received = evaluate([y, *found], dict(zip(tensors, inputs, strict=True)))
    for mine, theirs in zip(received, [expected, *slopes.values()], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-5)


@cases(WITH_INPUTS)
def test_sizes_may_be_known_to_the_run_only(number: int) -> None:
    inputs = inputs_of(number)
    tensors = [K.placeholder([None] * x.ndim, dtype=x.dtype) for x in inputs]
    if CALLS[number][0] == "squeeze":
        tensors = [K.placeholder((None, 1, None))]
    y = call(number, tensors)
    found = []
    if f"{number}.dx0" in ARRAYS:
        found = [g for g in K.gradients(y, [tensors[0]]) if g is not None]
    received = evaluate([y, *found], dict(zip(tensors, inputs, strict=True)))
    np.testing.assert_allclose(received[0], ARRAYS[f"{number}.y0"], rtol=1e-5, atol=1e-5)
    assert all(slope.shape == inputs[0].shape for slope in received[1:])


@cases(number for number in WITH_FLOATS if CALLS[number][0] not in ("sin", "cos"))
def test_float64(number: int) -> None:
    """But of sines, for which only new ONNX Runtimes have kernels."""
    compare_in(number, "float64", 1e-5)


@cases(WITH_FLOATS)
def test_float16(number: int) -> None:
    compare_in(number, "float16", 2e-2)


def compare_in(number: int, dtype: str, tolerance: float) -> None:
    given = inputs_of(number)
    inputs = [x.astype(dtype) if x.dtype == np.float32 else x for x in given]
    tensors = [K.placeholder(x.shape, dtype=x.dtype) for x in inputs]
    y = call(number, tensors)
    expected = ARRAYS[f"{number}.y0"]
    assert K.dtype(y) == (dtype if expected.dtype == np.float32 else expected.dtype)
    found: list[Any] = []
    if is_float(y.dtype):
        found = [
            g for g in K.gradients(y, [t for t in tensors if is_float(t.dtype)]) if g is not None
        ]
    received = evaluate([y, *found], dict(zip(tensors, inputs, strict=True)))
    assert all(slope.dtype == dtype for slope in received[1:])
    np.testing.assert_allclose(received[0], expected, rtol=tolerance, atol=tolerance / 2)
