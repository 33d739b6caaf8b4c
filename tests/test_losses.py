from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import autodiff, losses, ops
from konnx.function import Function
from konnx.graph import ShapeError, Tensor, emit, placeholder

EPSILON = 1e-7
RNG = np.random.default_rng(0)
SCORES = RNG.uniform(0.05, 0.9, (4, 3))
ONE_HOT = np.eye(3)[[0, 2, 1, 2]]
CLASSES = np.array([[0.0], [2.0], [1.0], [2.0]])
STEPS = RNG.uniform(0.05, 0.9, (4, 5, 3))
STEP_CLASSES = RNG.integers(0, 3, (4, 5, 1)).astype(float)
EXTREME = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0], [2.0, -1.0, 0.5], [0.0, 0.0, 1e-9]])

Formula = Callable[[np.ndarray, np.ndarray], np.ndarray]


def squared(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray(np.square(p - t).mean(-1))


def absolute(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(p - t).mean(-1))


def binary(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    p = np.clip(p, EPSILON, 1 - EPSILON)
    return np.asarray(-(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(-1))


def categorical(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    p = np.clip(p / p.sum(-1, keepdims=True), EPSILON, 1 - EPSILON)
    return np.asarray(-(t * np.log(p)).sum(-1))


def sparse(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    p = np.clip(p, EPSILON, 1 - EPSILON)
    if t.ndim < p.ndim:
        t = t[..., None]
    chosen = np.take_along_axis(p, t.astype(np.int64), -1)[..., 0]
    return np.asarray(-np.log(chosen) + np.log(p.sum(-1)))


CASES = [
    (losses.mean_squared_error, squared, ONE_HOT, SCORES),
    (losses.mean_squared_error, squared, STEPS, 1 - STEPS),
    (losses.mean_absolute_error, absolute, ONE_HOT, SCORES),
    (losses.binary_crossentropy, binary, ONE_HOT, SCORES),
    (losses.binary_crossentropy, binary, ONE_HOT[:, :1], SCORES[:, :1]),
    (losses.binary_crossentropy, binary, np.full((4, 3), 0.3), SCORES),
    (losses.categorical_crossentropy, categorical, ONE_HOT, SCORES),
    (losses.categorical_crossentropy, categorical, STEPS, 1 - STEPS),
    (losses.sparse_categorical_crossentropy, sparse, CLASSES, SCORES),
    (losses.sparse_categorical_crossentropy, sparse, CLASSES[:, 0], SCORES),
    (losses.sparse_categorical_crossentropy, sparse, STEP_CLASSES, STEPS),
    (losses.sparse_categorical_crossentropy, sparse, STEP_CLASSES[..., 0], STEPS),
]
"""(loss, formula, y_true, y_pred)"""


def symbols(t: np.ndarray, p: np.ndarray, dtype: str) -> tuple[Tensor, Tensor]:
    true = placeholder(("batch", *t.shape[1:]), dtype, "y_true")
    return true, placeholder(("batch", *p.shape[1:]), dtype, "y_pred")


def run(loss: losses.Loss, t: np.ndarray, p: np.ndarray) -> np.ndarray:
    true, pred = symbols(t, p, "float32")
    values = Function([true, pred], [loss(true, pred)])
    return values([t.astype(np.float32), p.astype(np.float32)])[0]


@pytest.mark.parametrize(("loss", "formula", "t", "p"), CASES)
def test_values_are_those_of_the_formula(
    loss: losses.Loss, formula: Formula, t: np.ndarray, p: np.ndarray
) -> None:
    values = run(loss, t, p)
    assert values.shape == p.shape[:-1]
    np.testing.assert_allclose(values, formula(t, p), rtol=1e-5)


@pytest.mark.gradients
@pytest.mark.parametrize(("loss", "formula", "t", "p"), CASES)
def test_gradients_agree_with_central_differences(
    loss: losses.Loss, formula: Formula, t: np.ndarray, p: np.ndarray
) -> None:
    true, pred = symbols(t, p, "float64")
    gradient = autodiff.gradients(ops.sum(loss(true, pred)), [pred])[0]
    assert gradient is not None
    derived = Function([true, pred], [gradient])([t, p])[0]
    direction = np.random.default_rng(1).standard_normal(p.shape)
    step = 1e-6 * direction
    difference = (formula(t, p + step) - formula(t, p - step)).sum() / 2e-6
    np.testing.assert_allclose((derived * direction).sum(), difference, rtol=1e-6)


@pytest.mark.parametrize(
    ("loss", "formula", "t"),
    [
        (losses.binary_crossentropy, binary, ONE_HOT),
        (losses.sparse_categorical_crossentropy, sparse, CLASSES),
    ],
)
def test_probabilities_outside_the_bounds_are_clipped(
    loss: losses.Loss, formula: Formula, t: np.ndarray
) -> None:
    # 1 - epsilon is 1 - 1.19e-7 in float32, so that the logarithm is off by 1 %.
    np.testing.assert_allclose(run(loss, t, EXTREME), formula(t, EXTREME), atol=0.2)


def test_categorical_scores_are_normalised_by_their_sum() -> None:
    t, p = np.array([[1.0, 0.0]]), np.array([[3.0, 1.0]])
    np.testing.assert_allclose(
        run(losses.categorical_crossentropy, t, p), [-np.log(0.75)], rtol=1e-6
    )


def test_after_a_softmax_the_scores_are_not_normalised_again() -> None:
    t, logits = symbols(ONE_HOT, SCORES, "float32")
    value = losses.categorical_crossentropy(t, ops.softmax(logits))
    graph = emit({"t": t, "logits": logits}, {"loss": value}).model.graph
    assert "Div" not in [node.op_type for node in graph.node]
    powers = np.exp(SCORES)
    values = Function([t, logits], [value])([ONE_HOT.astype("f4"), SCORES.astype("f4")])[0]
    np.testing.assert_allclose(values, categorical(ONE_HOT, powers), rtol=1e-5)


def test_a_softmax_along_another_axis_is_normalised() -> None:
    t, logits = symbols(STEPS, STEPS, "float32")
    value = losses.categorical_crossentropy(t, ops.softmax(logits, 1))
    powers = np.exp(STEPS)
    values = Function([t, logits], [value])([STEPS.astype("f4")] * 2)[0]
    expected = categorical(STEPS, powers / powers.sum(1, keepdims=True))
    np.testing.assert_allclose(values, expected, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "float32"])
def test_targets_may_have_any_dtype(dtype: str) -> None:
    true = placeholder(("batch", 1), dtype, "y_true")
    pred = placeholder(("batch", 3), "float32", "y_pred")
    values = [
        losses.sparse_categorical_crossentropy(true, pred),
        losses.mean_squared_error(true, pred),
    ]
    results = Function([true, pred], values)([CLASSES.astype(dtype), SCORES.astype("f4")])
    np.testing.assert_allclose(results[0], sparse(CLASSES, SCORES), rtol=1e-5)
    np.testing.assert_allclose(results[1], squared(CLASSES, SCORES), rtol=1e-5)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("true", "pred"), [((4, 3), (4, 3)), ((4,), (4, 5, 3)), ((4, 5, 1, 1), (4, 5, 3))]
)
def test_sparse_targets_of_another_shape_are_refused(
    true: tuple[int, ...], pred: tuple[int, ...]
) -> None:
    with pytest.raises(ShapeError, match="one class number for each row of scores") as caught:
        losses.sparse_categorical_crossentropy(placeholder(true), placeholder(pred))
    assert f"y_true of shape {true}, y_pred of shape {pred}" in str(caught.value)
    assert "categorical_crossentropy" in str(caught.value)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("names", "loss"),
    [
        (("mean_squared_error", "mse", "MSE"), losses.mean_squared_error),
        (("mean_absolute_error", "mae", "MAE"), losses.mean_absolute_error),
        (("binary_crossentropy",), losses.binary_crossentropy),
        (("categorical_crossentropy",), losses.categorical_crossentropy),
        (("sparse_categorical_crossentropy",), losses.sparse_categorical_crossentropy),
    ],
)
def test_every_name_of_keras_is_known(names: tuple[str, ...], loss: losses.Loss) -> None:
    assert [losses.get(name) for name in names] == [loss] * len(names)
    assert [getattr(losses, name) for name in names] == [loss] * len(names)
    assert losses.deserialize(losses.serialize(loss)) is loss
    assert losses.serialize(loss) == names[0]


@pytest.mark.no_runtime
def test_none_is_none_and_a_function_is_itself() -> None:
    def mine(y_true: Any, y_pred: Tensor) -> Tensor:
        return y_pred

    assert losses.get(None) is None
    assert losses.get(mine) is mine
    assert losses.deserialize("mine", {"mine": mine}) is mine


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("categorical_crossentropie", "Did you mean 'categorical_crossentropy'"),
        (1.0, "The loss function must be given by name"),
    ],
)
def test_what_is_no_loss_is_refused(identifier: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        losses.get(identifier)
