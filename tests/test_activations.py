from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from konnx import activations
from konnx.function import Function
from konnx.graph import ShapeError, Tensor, placeholder
from konnx.testing.gradients import check_gradients

X = np.array([[-30.0, -3.0, -2.5, -1.0, -0.25], [0.0, 0.25, 1.0, 2.5, 30.0]], dtype=np.float32)


NORMAL = NormalDist().cdf
LATER = (
    "celu", "exponential", "gelu", "hard_shrink", "hard_sigmoid_v3", "hard_silu", "hard_tanh",
    "leaky_relu", "log_sigmoid", "log_softmax", "mish", "relu6", "silu", "soft_shrink",
    "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "tanh_shrink",
)  # fmt: skip
"""Those that Keras 2.1 does not have, of one argument."""


def relu(x: np.ndarray, slope: float, largest: float, threshold: float) -> np.ndarray:
    return np.where(x >= threshold, np.minimum(x, largest), slope * (x - threshold))


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
        (lambda x: activations.relu(x, 0.1, 2.0, 0.5), relu(X, 0.1, 2.0, 0.5)),
        (activations.exponential, np.exp(X)),
        (activations.hard_sigmoid_v3, np.clip(X / 6 + 0.5, 0, 1)),
        (activations.gelu, X * [[NORMAL(float(x)) for x in row] for row in X]),
        (activations.silu, X / (1 + np.exp(-X))),
        (activations.mish, X * np.tanh(np.logaddexp(X, 0))),
        (activations.hard_silu, X * np.clip(X / 6 + 0.5, 0, 1)),
        (lambda x: activations.celu(x, 2.0), np.where(X > 0, X, 2 * np.expm1(X / 2))),
        (activations.leaky_relu, np.where(X > 0, X, 0.2 * X)),
        (activations.log_softmax, np.log(softmax(X.astype(float), -1))),
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


@pytest.mark.parametrize("name", LATER)
def test_gradients_are_those_of_the_function(name: str) -> None:
    x = np.array([[-4.0, -0.7, 0.2, 1.3], [0.3, 0.1, 7.0, -0.2]])
    check_gradients(getattr(activations, name), [x])


@pytest.mark.no_runtime
@pytest.mark.parametrize(("alias", "name"), [("swish", "silu"), ("hard_swish", "hard_silu")])
def test_an_alias_stands_for_the_function_of_the_other_name(alias: str, name: str) -> None:
    assert activations.get(alias) is getattr(activations, name)
    assert activations.serialize(activations.get(alias)) == name


@pytest.mark.no_runtime
def test_glu_needs_an_even_size() -> None:
    with pytest.raises(ShapeError, match="known even size"):
        activations.glu(placeholder((2, 3)))


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
        *LATER,
        "glu",
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
