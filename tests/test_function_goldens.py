"""Activations, regularizers, constraints and initializers are those of Keras 2.1.6, in numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import activations, constraints, initializers, ops, regularizers
from konnx.autodiff import gradients
from konnx.graph import Tensor, placeholder
from konnx.layers import LAYERS
from konnx.testing import evaluate

GOLDENS = Path(__file__).parent / "goldens"
with np.load(GOLDENS / "functions.npz") as file:
    ARRAYS: dict[str, np.ndarray[Any, Any]] = dict(file)
CASES: list[tuple[str, str, dict[str, Any]]] = json.loads(str(ARRAYS["cases"]))
STATISTICS: list[dict[str, Any]] = json.loads((GOLDENS / "initializers.json").read_text())


def of_kind(kind: str) -> Any:
    found = [index for index, case in enumerate(CASES) if case[0] == kind]
    return pytest.mark.parametrize("index", found, ids=[f"{CASES[i][1]}-{i}" for i in found])


def arrays(index: int, *names: str) -> list[np.ndarray[Any, Any]]:
    return [ARRAYS[f"{index}/{name}"] for name in names]


def computed(index: int, given: str, function: Any, weights: Any) -> list[Any]:
    """Return a function's value at the arrays' `given`, and the gradient of its weighted sum."""
    (array,) = arrays(index, given)
    x = placeholder(array.shape, "float32", "x")
    y: Tensor = function(x)
    (slope,) = gradients(ops.sum(y * weights), [x])
    return evaluate([y, ops.zeros_like(x) if slope is None else slope], {x: array})


@of_kind("activation")
def test_an_activation_and_its_gradient_are_those_of_keras(index: int) -> None:
    _, name, arguments = CASES[index]
    y, dy, dx = arrays(index, "y", "dy", "dx")
    value, slope = computed(index, "x", lambda x: activations.get(name)(x, **arguments), dy)
    np.testing.assert_allclose(value, y, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(slope, dx, rtol=1e-4, atol=1e-5)


@of_kind("regularizer")
def test_a_regularizer_and_its_gradient_are_those_of_keras(index: int) -> None:
    _, name, arguments = CASES[index]
    regularizer = getattr(regularizers, name)(**arguments)
    value, slope = computed(index, "w", regularizer, 1.0)
    y, dw = arrays(index, "y", "dw")
    np.testing.assert_allclose(value, y, rtol=1e-5)
    np.testing.assert_allclose(slope, dw, rtol=1e-5, atol=1e-7)


@of_kind("constraint")
def test_a_constraint_keeps_what_keras_keeps(index: int) -> None:
    _, name, arguments = CASES[index]
    w, y = arrays(index, "w", "y")
    x = placeholder(w.shape, "float32", "w")
    constraint = getattr(constraints, name)(**arguments)
    np.testing.assert_allclose(evaluate([constraint(x)], {x: w})[0], y, rtol=1e-5, atol=1e-7)


@pytest.mark.no_runtime
def test_every_function_of_keras_has_a_golden() -> None:
    named = {kind: {name for one, name, _ in CASES if one == kind} for kind, *_ in CASES}
    assert named["activation"] == {
        "elu", "hard_sigmoid", "linear", "relu", "selu", "sigmoid", "softmax", "softplus",
        "softsign", "tanh",
    }  # fmt: skip
    assert named["regularizer"] == {"L1L2", "l1", "l1_l2", "l2"}
    assert named["constraint"] == {"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"}


def label(entry: dict[str, Any]) -> str:
    if "layer" in entry:
        return f"{entry['layer'][0]}-{entry['weight']}"
    return f"{entry['initializer'][0]}-{len(entry['shape'])}"


def values_of(entry: dict[str, Any]) -> np.ndarray[Any, Any]:
    """The array of konnx that stands beside the one which Keras drew."""
    np.random.seed(3)  # noqa: NPY002  # what seeds come from
    if "initializer" in entry:
        name, arguments = entry["initializer"]
        return np.asarray(getattr(initializers, name)(**arguments)(entry["shape"]))
    name, arguments, shape = entry["layer"]
    layer = LAYERS.resolve(name)(**arguments)
    layer.build((None, *shape))
    return layer.get_weights()[entry["weight"]]


@pytest.mark.no_runtime
@pytest.mark.parametrize("entry", STATISTICS, ids=map(label, STATISTICS))
def test_an_array_is_drawn_as_keras_draws_it(entry: dict[str, Any]) -> None:
    values = values_of(entry).astype(np.float64)
    assert list(values.shape) == entry["shape"]
    assert list(initializers.compute_fans(entry["shape"])) == pytest.approx(entry["fans"])
    deviation, size = entry["std"], values.size
    assert values.mean() == pytest.approx(entry["mean"], abs=6 * deviation / math.sqrt(size))
    assert values.std() == pytest.approx(deviation, rel=5 / math.sqrt(size))
    for received, expected in ((values.min(), entry["min"]), (values.max(), entry["max"])):
        assert received == pytest.approx(expected, rel=bound_tolerance(entry), abs=1e-6)
    for axis, matrix in (("rows", values.reshape(-1, values.shape[-1]).T),
                         ("columns", values.reshape(-1, values.shape[-1]))):  # fmt: skip
        if entry[axis] is not None:
            assert (crossing(matrix) < 1e-5) == (entry[axis] < 1e-5)


def bound_tolerance(entry: dict[str, Any]) -> float:
    """Uniform and cut distributions reach their bounds; the tails of others vary."""
    reach = (entry["max"] - entry["mean"]) / max(entry["std"], 1e-12)
    return 0.01 if reach < 1.8 else 0.1 if reach < 2.4 else 0.4


def crossing(matrix: np.ndarray[Any, Any]) -> float:
    """Return the largest product of two different columns, beside their lengths."""
    products = matrix.T @ matrix
    lengths = np.diag(products).mean()
    apart = np.abs(products - np.diag(np.diag(products))).max()
    return float(apart / max(lengths, 1e-12))
