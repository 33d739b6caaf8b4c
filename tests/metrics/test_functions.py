from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import losses, metrics
from konnx.function import Function
from konnx.graph import ShapeError, Tensor, placeholder

SCORES = [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.4, 0.4, 0.2]]
STEPS = [SCORES, SCORES[::-1]]


def run(metric: metrics.Metric, true: Any, pred: Any, dtype: str = "float32") -> np.ndarray:
    t, p = np.array(true, dtype="float32"), np.array(pred, dtype=dtype)
    y_true = placeholder(("batch", *t.shape[1:]), "float32", "y_true")
    y_pred = placeholder(("batch", *p.shape[1:]), dtype, "y_pred")
    return Function([y_true, y_pred], [metric(y_true, y_pred)])([t, p])[0]


def top(k: int) -> metrics.Metric:
    return lambda t, p: metrics.top_k_categorical_accuracy(t, p, k=k)


def sparse_top(k: int) -> metrics.Metric:
    return lambda t, p: metrics.sparse_top_k_categorical_accuracy(t, p, k=k)


@pytest.mark.parametrize(
    ("metric", "true", "pred", "expected"),
    [
        (metrics.binary_accuracy, [[1], [0], [1]], [[0.7], [0.2], [0.3]], [1, 1, 0]),
        (metrics.binary_accuracy, [[1, 0, 1, 1]], [[0.7, 0.2, 0.3, 0.9]], [0.75]),
        (metrics.binary_accuracy, [[0, 1]], [[0.5, 0.5]], [0.5]),
        (metrics.categorical_accuracy, np.eye(3)[[0, 1, 1]], SCORES, [1, 0, 0]),
        (metrics.categorical_accuracy, np.eye(3)[[0, 2, 0]], SCORES, [1, 1, 1]),
        (metrics.sparse_categorical_accuracy, [[0], [1], [0]], SCORES, [1, 0, 1]),
        (metrics.sparse_categorical_accuracy, [0, 1, 0], SCORES, [1, 0, 1]),
        (
            metrics.sparse_categorical_accuracy,
            [[[0], [2], [1]], [[0], [2], [1]]],
            STEPS,
            [[1, 1, 0], [1, 1, 0]],
        ),
        (
            metrics.sparse_categorical_accuracy,
            [[0, 2, 1], [0, 2, 1]],
            STEPS,
            [[1, 1, 0], [1, 1, 0]],
        ),
        (top(2), np.eye(3)[[1, 0, 1]], SCORES, [1, 0, 1]),
        (top(3), np.eye(3)[[2, 0, 1]], SCORES, [1, 1, 1]),
        (sparse_top(1), [[0], [1], [1]], SCORES, [1, 0, 1]),
        (sparse_top(2), [[0, 0, 1], [2, 1, 2]], STEPS, [[1, 0, 1], [0, 1, 0]]),
        (metrics.top_k_categorical_accuracy, np.eye(6)[[5]], [[6, 5, 4, 3, 2, 1]], [0]),
        (metrics.sparse_top_k_categorical_accuracy, [[4]], [[6, 5, 4, 3, 2, 1]], [1]),
    ],
)
def test_accuracies(metric: metrics.Metric, true: Any, pred: Any, expected: Any) -> None:
    np.testing.assert_allclose(run(metric, true, pred), np.array(expected, dtype="float32"))


@pytest.mark.parametrize(
    "metric",
    [
        metrics.binary_accuracy,
        metrics.categorical_accuracy,
        lambda t, p: metrics.sparse_categorical_accuracy(t[:, :1], p),
    ],
)
def test_accuracy_has_the_dtype_of_the_outputs(metric: metrics.Metric) -> None:
    assert run(metric, np.eye(3), SCORES, "float64").dtype == "float64"


@pytest.mark.no_runtime
def test_one_hot_targets_are_refused_by_the_sparse_accuracy() -> None:
    with pytest.raises(ShapeError, match="one class number for each row of scores"):
        metrics.sparse_categorical_accuracy(placeholder((4, 3)), placeholder((4, 3)))


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("loss", "shape", "kind"),
    [
        (losses.binary_crossentropy, (None, 1), "binary"),
        (losses.binary_crossentropy, (None, 10), "binary"),
        (losses.mean_squared_error, (None, 1), "binary"),
        (losses.mean_squared_error, (None, 10), "categorical"),
        (losses.categorical_crossentropy, (None, 10), "categorical"),
        (losses.sparse_categorical_crossentropy, (None, 10), "sparse_categorical"),
        (losses.sparse_categorical_crossentropy, (None, 1), "binary"),
        (None, (None, 10), "categorical"),
    ],
)
def test_accuracy_means_what_the_loss_and_the_output_say(
    loss: losses.Loss | None, shape: tuple[int | None, ...], kind: str
) -> None:
    assert metrics.accuracy_for(loss, shape) is getattr(metrics, f"{kind}_accuracy")
    assert metrics.crossentropy_for(loss, shape) is getattr(metrics, f"{kind}_crossentropy")


@pytest.mark.no_runtime
@pytest.mark.parametrize("name", losses.LOSSES.names)
def test_every_loss_is_a_metric(name: str) -> None:
    assert metrics.get(name) is losses.get(name)
    assert getattr(metrics, name) is losses.get(name)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    "name",
    [
        "binary_accuracy",
        "categorical_accuracy",
        "sparse_categorical_accuracy",
        "top_k_categorical_accuracy",
        "sparse_top_k_categorical_accuracy",
    ],
)
def test_accuracies_are_found_by_name(name: str) -> None:
    metric = metrics.get(name)
    assert metric is getattr(metrics, name)
    assert metrics.deserialize(metrics.serialize(metric)) is metric


@pytest.mark.no_runtime
def test_a_function_is_itself() -> None:
    def mine(y_true: Any, y_pred: Tensor) -> Tensor:
        return y_pred

    assert metrics.get(mine) is mine
    assert metrics.deserialize("mine", {"mine": mine}) is mine


@pytest.mark.no_runtime
@pytest.mark.parametrize("identifier", ["binary_acuracy", None, 3])
def test_what_is_no_metric_is_refused(identifier: Any) -> None:
    with pytest.raises(ValueError, match=r"Did you mean 'binary_accuracy'|The metric must be"):
        metrics.get(identifier)
