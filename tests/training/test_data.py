"""From what users pass as data to arrays, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.layers import Add, Dense, Input
from konnx.models import Model, Sequential
from konnx.training.data import split, standardize_inputs, standardize_training_data

X = np.linspace(-1, 1, 24, dtype=np.float32).reshape(6, 4)
Y = np.linspace(0, 1, 12, dtype=np.float32).reshape(6, 2)
CLASSES = np.array([0, 1, 1, 0, 1, 0])


class Frame:
    """What looks like a table of pandas."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self.shape = values.shape


def one(loss: str = "mse", **options: Any) -> Model:
    model = Sequential([Dense(2, activation="softmax", input_shape=(4,), name="out")])
    model.compile("sgd", loss, **options)
    return model


def two() -> Model:
    a, b = Input((4,), name="a"), Input((4,), name="b")
    total = Add()([a, b])
    model = Model([a, b], [Dense(2, name="left")(total), Dense(1, name="right")(total)])
    model.compile("sgd", "mse")
    return model


def steps(mode: str | None) -> Model:
    model = Sequential([Dense(2, input_shape=(4, 3), name="out")])
    model.compile("sgd", "mse", sample_weight_mode=mode)
    return model


def arrays_for(model: Model, *data: Any) -> list[np.ndarray]:
    return standardize_training_data(model, model.compiled, *data)[0]


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    "data",
    [X, [X], (X,), X.tolist(), {"out_input": X}, Frame(X), [Frame(X)]],
    ids=["array", "list", "tuple", "numbers", "dict", "frame", "frames"],
)
def test_data_for_one_input(data: Any) -> None:
    (array,) = standardize_inputs(one(), data)
    np.testing.assert_allclose(array, X)


@pytest.mark.no_runtime
@pytest.mark.parametrize("data", [[X, -X], (X, -X), {"b": -X, "a": X}, [X.tolist(), (-X).tolist()]])
def test_data_for_two_inputs(data: Any) -> None:
    first, second = standardize_inputs(two(), data)
    np.testing.assert_allclose(first, X)
    np.testing.assert_allclose(second, -X)


@pytest.mark.no_runtime
def test_a_vector_fits_an_output_of_one_unit() -> None:
    _, _, left, right = arrays_for(two(), [X, X], [Y, CLASSES])
    assert (left.shape, right.shape) == ((6, 2), (6, 1))


@pytest.mark.no_runtime
@pytest.mark.parametrize("classes", [CLASSES, CLASSES[:, None], CLASSES.astype(np.float64)])
def test_class_numbers_come_as_a_vector_or_a_column(classes: np.ndarray) -> None:
    _, target = arrays_for(one("sparse_categorical_crossentropy"), X, classes)
    assert target.shape == (6, 1)


NO_NUMBERS: list[tuple[Any, str]] = [
    (X.astype(str), "must be an array of numbers. Received: ndarray of dtype <U"),
    (np.array([[object()] * 4]), "Received: ndarray of dtype object"),
    (X.astype(complex), "of dtype complex"),
    (None, "Received: NoneType of dtype object"),
    ("data.csv", "Received: str of dtype"),
]


@pytest.mark.no_runtime
@pytest.mark.parametrize(("data", "message"), NO_NUMBERS)
def test_what_is_no_array_of_numbers(data: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"input data for 'out_input'.*{message}"):
        one().predict(data)
    if data is not None:
        with pytest.raises(TypeError, match=f"target data for 'out'.*{message}"):
            one().fit(X[: len(data)], data)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (X[:, :3], r"must have shape \(None, 4\). Received: shape=\(6, 3\)"),
        (X[None], r"must have shape \(None, 4\). Received: shape=\(1, 6, 4\)"),
        (X[0], r"must have shape \(None, 4\). Received: shape=\(4,\)"),
        (X[:0], r"has no samples. Received: shape=\(0, 4\)"),
        ([], r"has no samples. Received: shape=\(0,\)"),
        (3.0, "must have a batch axis. Received: 3.0"),
        ([[1, 2, 3, 4], [1, 2]], "are not one array"),
        ([X, X], r"takes 1 input arrays \(out_input\). Received: 2 of the shapes"),
        ({"x": X}, r"No input data for \['out_input'\]. Received: \['x'\]"),
        ({"out_inptu": X}, "Did you mean 'out_input' where 'out_inptu' stands"),
    ],
)
def test_inputs_that_do_not_fit(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        one().predict(data)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([X, X], [Y], r"takes 2 target arrays \(left, right\). Received: 1 of the shapes"),
        ([X, X], {"left": Y}, r"No target data for \['right'\]"),
        ([X, X[:5]], [Y, CLASSES], r"equally many samples. Received: \{'a': 6, 'b': 5\}"),
        ([X, X], [Y, CLASSES[:4]], r"equally many samples. Received: \{'left': 6, 'right': 4\}"),
        ([X, X], [Y[:4], CLASSES[:4]], "\"input 'a'\": 6.*\"target 'right'\": 4"),
        ([X, X], [Y, Y], r"target data for 'right' must have shape \(None, 1\)"),
    ],
)
def test_targets_that_do_not_fit(x: Any, y: Any, message: str) -> None:
    for use in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
        with pytest.raises(ValueError, match=message):
            getattr(two(), use)(x, y)


@pytest.mark.no_runtime
@pytest.mark.parametrize("classes", [CLASSES, CLASSES[:, None]])
def test_class_numbers_where_one_hot_rows_belong_get_advice(classes: np.ndarray) -> None:
    with pytest.raises(ValueError, match="loss='sparse_categorical_crossentropy', or turn them"):
        one("categorical_crossentropy").fit(X, classes)


def test_numbers_with_fractions_are_not_cut_for_an_integer_input() -> None:
    x = Input((4,), dtype="int32", name="ids")
    with pytest.raises(TypeError, match="'ids': expected int32. Received: float32"):
        Model(x, x).predict(X)


# Weights of samples


def loss_of(model: Model, **options: Any) -> float:
    return float(model.train_on_batch(X, np.eye(2)[CLASSES], **options))


def squares(model: Model) -> np.ndarray:
    result: np.ndarray = ((model.predict(X) - np.eye(2)[CLASSES]) ** 2).mean(-1)
    return result


WEIGHTS = np.array([1.0, 0.0, 2.0, 0.5, 0.0, 3.0])


@pytest.mark.training
@pytest.mark.parametrize(
    "form", [np.asarray, list, lambda w: [np.asarray(w)], lambda w: {"out": w}]
)
def test_sample_weights_scale_and_zeros_do_not_count(form: Any) -> None:
    model = one()
    expected = np.sum(squares(model) * WEIGHTS) / 4
    assert loss_of(model, sample_weight=form(WEIGHTS)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.training
def test_a_batch_of_zero_weights_has_no_loss_and_moves_nothing() -> None:
    model = one()
    before = model.get_weights()[0]
    assert loss_of(model, sample_weight=np.zeros(6)) == 0.0
    np.testing.assert_array_equal(model.get_weights()[0], before)


@pytest.mark.training
@pytest.mark.parametrize("target", [np.eye(2)[CLASSES], CLASSES])
def test_class_weights_count_by_the_class_of_a_sample(target: np.ndarray) -> None:
    is_sparse = target.ndim == 1
    model = one("sparse_categorical_crossentropy" if is_sparse else "categorical_crossentropy")
    likely = model.predict(X)[np.arange(6), CLASSES]
    expected = np.mean(-np.log(likely) * np.where(CLASSES == 1, 3.0, 0.5))
    received = model.train_on_batch(X, target, class_weight={0: 0.5, 1: 3.0})
    assert received == pytest.approx(expected, rel=1e-5)


@pytest.mark.training
def test_metrics_are_weighted_only_where_asked_for() -> None:
    model = one(metrics=["mae"], weighted_metrics=["mae"])
    errors = np.abs(model.predict(X) - np.eye(2)[CLASSES]).mean(-1)
    _, plain, weighted = model.test_on_batch(X, np.eye(2)[CLASSES], sample_weight=WEIGHTS)
    assert plain == pytest.approx(errors.mean(), rel=1e-5)
    assert weighted == pytest.approx(np.sum(errors * WEIGHTS) / 4, rel=1e-5)
    assert model.metrics_names[1:] == ["mean_absolute_error", "weighted_mean_absolute_error"]


@pytest.mark.training
def test_temporal_weights_count_for_each_step() -> None:
    model = steps("temporal")
    x = np.random.RandomState(0).uniform(size=(3, 4, 3)).astype(np.float32)
    y = np.zeros((3, 4, 2), np.float32)
    weights = np.arange(12.0).reshape(3, 4)
    scores = (model.predict(x) ** 2).mean(-1)
    received = model.test_on_batch(x, y, sample_weight=weights)
    assert received == pytest.approx(np.sum(scores * weights) / 11, rel=1e-5)


@pytest.mark.training
def test_outputs_take_weights_of_their_own() -> None:
    model = two()
    left, right = model.predict([X, X])
    y = [np.zeros((6, 2)), np.zeros((6, 1))]
    values = model.test_on_batch([X, X], y, sample_weight={"right": WEIGHTS})
    assert values[1] == pytest.approx(np.mean(left**2), rel=1e-5)
    assert values[2] == pytest.approx(np.sum(right[:, 0] ** 2 * WEIGHTS) / 4, rel=1e-5)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (one, {"sample_weight": WEIGHTS[:5]}, r"for 'out' must have shape \(6,\).*shape=\(5,\)"),
        (one, {"sample_weight": {"up": WEIGHTS}}, r"`sample_weight` names \['up'\]"),
        (one, {"class_weight": {0: 1.0}}, r"no weight for the classes \[1\] of 'out'"),
        (one, {"class_weight": [1.0, 2.0]}, "`class_weight` must have one item|must be a dict"),
    ],
)
def test_weights_that_do_not_fit(model: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model().fit(X, np.eye(2)[CLASSES], **options)


@pytest.mark.no_runtime
def test_class_weights_for_several_outputs_are_named() -> None:
    with pytest.raises(ValueError, match="must be a dict of dicts by output"):
        two().fit([X, X], [Y, CLASSES], class_weight={0: 1.0, 1: 2.0})


@pytest.mark.no_runtime
def test_weights_of_steps_need_the_temporal_mode() -> None:
    x, y = np.zeros((3, 4, 3)), np.zeros((3, 4, 2))
    with pytest.raises(ValueError, match="need compile\\(sample_weight_mode='temporal'\\)"):
        steps(None).fit(x, y, sample_weight=np.ones((3, 4)))
    with pytest.raises(ValueError, match="one class a sample"):
        steps(None).fit(x, y, class_weight={0: 1.0})


# Splitting


@pytest.mark.no_runtime
@pytest.mark.parametrize(("fraction", "first"), [(0.25, 7), (0.5, 5), (0.01, 9), (0.85, 1)])
def test_the_last_samples_are_split_off(fraction: float, first: int) -> None:
    array = np.arange(10)
    (kept,), (rest,) = split([array], fraction)
    np.testing.assert_array_equal(kept, array[:first])
    np.testing.assert_array_equal(rest, array[first:])
