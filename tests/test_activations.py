from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import activations
from konnx.function import Function
from konnx.graph import ShapeError, Tensor, placeholder

X = np.array([[-30.0, -3.0, -2.5, -1.0, -0.25], [0.0, 0.25, 1.0, 2.5, 30.0]], dtype=np.float32)


def run(function: Callable[[Tensor], Tensor], value: np.ndarray = X) -> np.ndarray:
    x = placeholder(("batch", *value.shape[1:]), name="x")
    return Function([x], [function(x)])([value])[0]


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    powers = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis, keepdims=True))


def elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (activations.softmax, softmax(X, -1)),
        (lambda x: activations.softmax(x, axis=0), softmax(X, 0)),
        (activations.elu, elu(X)),
        (lambda x: activations.elu(x, alpha=0.5), elu(X, 0.5)),
        (activations.selu, 1.0507009873554805 * elu(X, 1.6732632423543772)),
        (activations.softplus, np.logaddexp(X, 0)),
        (activations.softsign, X / (1 + np.abs(X))),
        (activations.relu, np.maximum(X, 0)),
        (lambda x: activations.relu(x, alpha=0.1), np.where(X > 0, X, 0.1 * X)),
        (lambda x: activations.relu(x, max_value=2.0), np.clip(X, 0, 2)),
        (
            lambda x: activations.relu(x, alpha=0.1, max_value=2.0),
            np.minimum(np.where(X > 0, X, 0.1 * X), 2),
        ),
        (activations.tanh, np.tanh(X)),
        (activations.sigmoid, 1 / (1 + np.exp(-X))),
        (activations.hard_sigmoid, np.clip(0.2 * X + 0.5, 0, 1)),
        (activations.linear, X),
    ],
)
def test_values_are_those_of_the_formula(
    function: Callable[[Tensor], Tensor], expected: np.ndarray
) -> None:
    np.testing.assert_allclose(run(function), expected, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("axis", [1, 2, -1])
def test_softmax_runs_along_any_axis_of_an_image(axis: int) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)
    values = run(lambda tensor: activations.softmax(tensor, axis), x)
    np.testing.assert_allclose(values, softmax(x, axis), atol=1e-6)


@pytest.mark.no_runtime
def test_softmax_of_one_axis_is_refused() -> None:
    with pytest.raises(ShapeError, match="`softmax` takes a tensor with 2 axes or more"):
        activations.softmax(placeholder((3,)))


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    "name",
    [
        "softmax",
        "elu",
        "selu",
        "softplus",
        "softsign",
        "relu",
        "tanh",
        "sigmoid",
        "hard_sigmoid",
        "linear",
    ],
)
def test_every_activation_of_keras_is_found_by_its_name(name: str) -> None:
    function = activations.get(name)
    assert function is getattr(activations, name)
    assert activations.deserialize(activations.serialize(function)) is function


@pytest.mark.no_runtime
def test_none_is_linear_and_a_function_is_itself() -> None:
    def mine(x: Tensor) -> Tensor:
        return x

    assert activations.get(None) is activations.linear
    assert activations.get(mine) is mine
    assert activations.deserialize("mine", {"mine": mine}) is mine


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("rellu", "Unknown activation function: 'rellu'. Did you mean 'relu'"),
        (3, "The activation function must be given by name"),
    ],
)
def test_unknown_activations_are_refused(identifier: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        activations.get(identifier)
