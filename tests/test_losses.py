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


def percentage(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray(100 * (np.abs(p - t) / np.maximum(np.abs(t), EPSILON)).mean(-1))


def logarithmic(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    true, pred = np.maximum(t, EPSILON), np.maximum(p, EPSILON)
    return np.asarray(np.square(np.log1p(pred) - np.log1p(true)).mean(-1))


def margin(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(1 - t * p, 0).mean(-1))


def squared_margin(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray(np.square(np.maximum(1 - t * p, 0)).mean(-1))


def class_margin(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(((1 - t) * p).max(-1) - (t * p).sum(-1) + 1, 0))


def log_of_cosh(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray((np.logaddexp(p - t, t - p) - np.log(2)).mean(-1))


def half_squared_or_linear(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    far = np.abs(p - t)
    return np.asarray(np.where(far <= 1, far**2 / 2, far - 0.5).mean(-1))


def divergence(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    t, p = np.clip(t, EPSILON, 1), np.clip(p, EPSILON, 1)
    return np.asarray((t * np.log(t / p)).sum(-1))


def counted(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray((p - t * np.log(p + EPSILON)).mean(-1))


def negative_cosine(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(t, axis=-1) * np.linalg.norm(p, axis=-1)
    return np.asarray(-(t * p).sum(-1) / lengths)


SIGNS = 2 * ONE_HOT - 1
FAR = 5 * RNG.standard_normal((4, 3))

CASES = [
    (losses.mean_absolute_percentage_error, percentage, FAR, SCORES),
    (losses.mean_squared_logarithmic_error, logarithmic, np.abs(FAR), 3 * SCORES),
    (losses.hinge, margin, SIGNS, FAR),
    (losses.squared_hinge, squared_margin, SIGNS, FAR),
    (losses.categorical_hinge, class_margin, ONE_HOT, FAR / 5),
    (losses.logcosh, log_of_cosh, FAR, SCORES),
    (losses.huber, half_squared_or_linear, FAR, SCORES),
    (losses.kullback_leibler_divergence, divergence, ONE_HOT, SCORES),
    (losses.kullback_leibler_divergence, divergence, STEPS, 1 - STEPS),
    (losses.poisson, counted, np.abs(FAR), SCORES),
    (losses.cosine_proximity, negative_cosine, FAR, SCORES),
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


NAMES: dict[str, list[str]] = {
    "mean_squared_error": ["mse", "MSE"],
    "mean_absolute_error": ["mae", "MAE"],
    "mean_absolute_percentage_error": ["mape", "MAPE"],
    "mean_squared_logarithmic_error": ["msle", "MSLE"],
    "squared_hinge": [],
    "hinge": [],
    "categorical_hinge": [],
    "logcosh": ["log_cosh"],
    "huber": [],
    "categorical_crossentropy": [],
    "sparse_categorical_crossentropy": [],
    "binary_crossentropy": [],
    "kullback_leibler_divergence": ["kld", "KLD", "kl_divergence"],
    "poisson": [],
    "cosine_proximity": ["cosine"],
}
"""Every loss and its other names."""


@pytest.mark.no_runtime
@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_keras_is_known(name: str) -> None:
    loss = getattr(losses, name)
    for alias in (name, *NAMES[name]):
        assert losses.get(alias) is loss
        assert getattr(losses, alias) is loss
    assert losses.deserialize(losses.serialize(loss)) is loss
    assert losses.serialize(loss) == name


@pytest.mark.no_runtime
def test_no_other_name_is_known() -> None:
    aliases = [alias for few in NAMES.values() for alias in few]
    assert losses.LOSSES.names == sorted([*NAMES, *aliases])


HARSH: list[tuple[losses.Loss, Any, Any, Any]] = [
    (losses.logcosh, [[0.0, 0.0]], [[1e4, -1e4]], [1e4 - np.log(2)]),
    (losses.logcosh, [[0.0, 1.0]], [[0.0, 1.0]], [0.0]),
    (losses.mean_squared_logarithmic_error, [[0.0, 0.0]], [[-5.0, 0.0]], [0.0]),
    (losses.mean_absolute_percentage_error, [[0.0]], [[1e-7]], [100.0]),
    (losses.kullback_leibler_divergence, [[1.0, 0.0]], [[1.0, 0.0]], [0.0]),
    (losses.poisson, [[0.0, 0.0]], [[0.0, 0.0]], [0.0]),
    (losses.cosine_proximity, [[0.0, 0.0]], [[3.0, 4.0]], [0.0]),
    (losses.cosine_proximity, [[3.0, 4.0]], [[0.0, 0.0]], [0.0]),
    (losses.huber, [[0.0, 0.0]], [[1e8, -1e8]], [1e8]),
]
"""(loss, y_true, y_pred, value) where a careless formula overflows or divides by 0."""


@pytest.mark.gradients
@pytest.mark.parametrize(("loss", "t", "p", "expected"), HARSH)
def test_values_and_gradients_stay_finite(loss: losses.Loss, t: Any, p: Any, expected: Any) -> None:
    arrays = [np.array(one, "f4") for one in (t, p)]
    true, pred = symbols(arrays[0], arrays[1], "float32")
    value = loss(true, pred)
    gradient = autodiff.gradients(ops.sum(value), [pred])[0]
    assert gradient is not None
    received, derived = Function([true, pred], [value, gradient])(arrays)
    np.testing.assert_allclose(received, expected, rtol=1e-6, atol=1e-6)
    assert np.isfinite(derived).all()


def test_huber_is_linear_beyond_delta() -> None:
    def loss(y_true: Any, y_pred: Tensor) -> Tensor:
        return losses.huber(y_true, y_pred, delta=0.5)

    values = run(loss, np.zeros((2, 1)), np.array([[0.5], [-3.0]]))
    np.testing.assert_allclose(values, [0.125, 0.5 * 3 - 0.125], rtol=1e-6)


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
