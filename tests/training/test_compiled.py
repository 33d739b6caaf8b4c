"""What compile accepts, what it names, and the numbers that a step returns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx import losses, metrics
from konnx.graph import Tensor
from konnx.layers import Dense, Input, Layer
from konnx.models import Model, Sequential
from konnx.optimizers import SGD

pytestmark = pytest.mark.training

X = np.linspace(-1, 1, 24, dtype=np.float32).reshape(6, 4)
Y = np.linspace(0, 1, 12, dtype=np.float32).reshape(6, 2)
CLOSE: dict[str, Any] = {"rel": 1e-5, "abs": 1e-6}


def one(**options: Any) -> Model:
    model = Sequential([Dense(2, input_shape=(4,), name="out", **options)])
    model.compile("sgd", "mse")
    return model


def two() -> Model:
    x = Input((4,), name="x")
    return Model(x, [Dense(2, name="a")(x), Dense(3, activation="softmax", name="b")(x)])


def mse(model: Model) -> float:
    return float(np.mean((model.predict(X) - Y) ** 2))


def cubes(y_true: Any, y_pred: Tensor) -> Tensor:
    return K.mean(K.abs(K.pow(y_pred - y_true, 3.0)), -1)


def biggest(y_true: Any, y_pred: Tensor) -> Tensor:
    return K.max(y_pred)


# Names and forms


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    "arguments",
    [
        ("sgd", "mse"),
        ("SGD", "mean_squared_error"),
        (SGD(0.1), losses.mean_squared_error),
        (SGD, [losses.mse]),
        ({"class_name": "SGD", "config": {"lr": 0.1}}, {"out": "mse"}),
    ],
)
def test_compile_takes_names_functions_lists_and_dicts(arguments: Any) -> None:
    model = one()
    model.compile(*arguments)
    assert isinstance(model.optimizer, SGD)
    assert model.compiled.loss_functions == [losses.mean_squared_error]


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "sdg"}, "Unknown optimizer: 'sdg'. Did you mean 'sgd'"),
        ({"loss": "mean_square_error"}, "Did you mean 'mean_squared_error'"),
        ({"metrics": ["acuracy"]}, "Unknown metric: 'acuracy'"),
        ({"loss": ["mse", "mse"]}, r"`loss` must have one item for each of the outputs \['out'\]"),
        ({"loss": {"ouput": "mse"}}, r"`loss` names \['ouput'\], but the outputs are \['out'\]"),
        ({"loss_weights": [1, 2]}, "`loss_weights` must have one item"),
        ({"metrics": {"ouput": "mse"}}, r"`metrics` names \['ouput'\]"),
        ({"sample_weight_mode": "temporary"}, "must be 'temporal' or None. Received: 'temporary'"),
    ],
)
def test_compile_refuses_what_does_not_fit(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        one().compile(**{"optimizer": "sgd", "loss": "mse", **arguments})


METRICS: list[tuple[Any, list[str]]] = [
    (None, []),
    (["mae"], ["mean_absolute_error"]),
    ("mae", ["mean_absolute_error"]),
    (metrics.mae, ["mean_absolute_error"]),
    (["acc", "ce"], ["acc", "ce"]),
    (["accuracy", "crossentropy"], ["acc", "ce"]),
    ([cubes, "mse", "mse"], ["cubes", "mean_squared_error", "mean_squared_error_1"]),
    ({"out": "mae"}, ["mean_absolute_error"]),
    ({"out": ["mae", cubes]}, ["mean_absolute_error", "cubes"]),
    ([["mae"]], ["mean_absolute_error"]),
]


@pytest.mark.no_runtime
@pytest.mark.parametrize(("given", "expected"), METRICS)
def test_names_of_metrics_with_one_output(given: Any, expected: list[str]) -> None:
    model = one()
    model.compile("sgd", "categorical_crossentropy", metrics=given)
    assert model.metrics_names == ["loss", *expected]


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("given", "weighted", "expected"),
    [
        (None, None, []),
        (["mae"], None, ["a_mean_absolute_error", "b_mean_absolute_error"]),
        ({"b": "acc"}, None, ["b_acc"]),
        (
            [["mae"], ["acc", "mse"]],
            None,
            ["a_mean_absolute_error", "b_acc", "b_mean_squared_error"],
        ),
        ([[], ["acc"]], {"b": "acc"}, ["b_acc", "b_weighted_acc"]),
    ],
)
def test_names_of_metrics_with_two_outputs(given: Any, weighted: Any, expected: list[str]) -> None:
    model = two()
    loss = {"a": "mse", "b": "categorical_crossentropy"}
    model.compile("sgd", loss, metrics=given, weighted_metrics=weighted)
    assert model.metrics_names == ["loss", "a_loss", "b_loss", *expected]


@pytest.mark.no_runtime
def test_an_output_without_loss_has_no_target_and_no_metrics() -> None:
    model = two()
    model.compile("sgd", {"b": "mse"}, metrics=["mae"])
    assert model.metrics_names == ["loss", "b_loss", "b_mean_absolute_error"]
    assert model.compiled.target_names == ["b"]


# Numbers


def test_a_step_returns_one_number_or_a_list() -> None:
    model = one()
    assert isinstance(model.train_on_batch(X, Y), float)
    model.compile("sgd", "mse", metrics=["mae"])
    values = model.test_on_batch(X, Y)
    assert [type(value) for value in values] == [float, float]


def test_metrics_of_a_step_belong_to_the_weights_before_it() -> None:
    model = one()
    model.compile("sgd", "mse", metrics=["mae", cubes])
    difference = np.abs(model.predict(X) - Y)
    expected = [np.mean(difference**power) for power in (2, 1, 3)]
    assert model.train_on_batch(X, Y) == pytest.approx(expected, **CLOSE)


def test_a_step_moves_weights_against_the_gradient() -> None:
    model = one()
    model.compile(SGD(0.5), "mse")
    kernel, bias = model.get_weights()
    gradient = (X @ kernel + bias - Y) / Y.shape[1] * 2 / len(X)
    model.train_on_batch(X, Y)
    np.testing.assert_allclose(model.get_weights()[0], kernel - 0.5 * X.T @ gradient, rtol=1e-4)
    np.testing.assert_allclose(model.get_weights()[1], bias - 0.5 * gradient.sum(0), atol=1e-6)


def test_a_test_step_changes_nothing() -> None:
    model = one()
    before = model.get_weights()
    model.test_on_batch(X, Y)
    model.evaluate(X, Y, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_a_loss_of_your_own_is_trained_on() -> None:
    model = one()
    model.compile("sgd", cubes)
    expected = np.mean(np.abs(model.predict(X) - Y) ** 3)
    assert model.train_on_batch(X, Y) == pytest.approx(expected, **CLOSE)
    assert model.train_on_batch(X, Y) < expected


def test_a_metric_may_be_a_scalar() -> None:
    model = one()
    model.compile("sgd", "mse", metrics=[biggest])
    assert model.test_on_batch(X, Y)[1] == pytest.approx(model.predict(X).max(), **CLOSE)


@pytest.mark.parametrize("weights", [[0.5, 3.0], {"a": 0.5, "b": 3.0}])
def test_the_loss_is_the_weighted_sum_of_those_of_the_outputs(weights: Any) -> None:
    model = two()
    model.compile("sgd", ["mse", "mae"], loss_weights=weights)
    classes = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]
    total, first, second = model.test_on_batch(X, {"b": classes, "a": Y})
    a, b = model.predict(X)
    assert (first, second) == pytest.approx(
        (np.mean((a - Y) ** 2), np.mean(np.abs(b - classes))), **CLOSE
    )
    assert total == pytest.approx(0.5 * first + 3.0 * second, **CLOSE)


def test_only_the_outputs_with_a_loss_are_trained() -> None:
    model = two()
    model.compile("sgd", {"a": "mse"})
    with pytest.raises(ValueError, match="does not depend on 'b/kernel', 'b/bias'"):
        model.train_on_batch(X, Y)
    model.get_layer("b").trainable = False
    model.compile("sgd", {"a": "mse"})
    assert len(model.train_on_batch(X, Y)) == 2


def test_the_penalty_on_weights_counts_in_evaluation_too() -> None:
    model = one(kernel_regularizer="l2")
    expected = mse(model) + 0.01 * np.sum(model.get_weights()[0] ** 2)
    assert model.test_on_batch(X, Y) == pytest.approx(expected, **CLOSE)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected, **CLOSE)
    assert model.train_on_batch(X, Y) == pytest.approx(expected, **CLOSE)


def test_the_penalty_on_outputs_is_a_sum_over_the_batch() -> None:
    model = one(activity_regularizer="l2")
    penalty = 0.01 * np.sum(model.predict(X) ** 2)
    assert model.test_on_batch(X, Y) == pytest.approx(mse(model) + penalty, **CLOSE)


def test_the_penalty_on_weights_is_trained_on() -> None:
    model = one(kernel_regularizer="l2", use_bias=False)
    model.compile(SGD(1.0), loss=None)
    (before,) = model.get_weights()
    model.train_on_batch(X, None)
    np.testing.assert_allclose(model.get_weights()[0], before * 0.98, rtol=1e-5)


# Layers of your own


class Counting(Layer):
    """Counts the batches that it saw in training, and penalises its input."""

    def build(self, input_shape: Any) -> None:
        self.count = self.add_weight("count", (), initializer="zeros", trainable=False)
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        one = K.exp(0.0 * K.sum(inputs))  # that it depends on the input tells the calls apart
        self.add_update(K.update_add(self.count, one))
        self.add_loss(K.mean(K.abs(inputs)))
        return inputs


def test_a_layer_adds_to_the_loss_and_updates_its_state_in_training_only() -> None:
    layer = Counting(input_shape=(4,))
    model = Sequential([layer, Dense(2)])
    model.compile("sgd", "mse")
    expected = mse(model) + np.mean(np.abs(X))
    assert model.test_on_batch(X, Y) == pytest.approx(expected, **CLOSE)
    assert layer.get_weights() == [0.0]
    assert model.train_on_batch(X, Y) == pytest.approx(expected, **CLOSE)
    model.train_on_batch(X, Y)
    assert layer.get_weights() == [2.0]


def test_a_layer_called_twice_updates_twice() -> None:
    layer = Counting()
    x = Input((4,))
    model = Model(x, Dense(2)(layer(layer(x))))
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)
    assert layer.get_weights() == [2.0]


def test_a_layer_within_a_model_and_beside_it_updates_once_a_call() -> None:
    layer = Counting(input_shape=(4,))
    inner = Sequential([layer])
    x = Input((4,))
    model = Model(x, Dense(2)(inner(layer(x))))
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)
    assert layer.get_weights() == [2.0]


def test_a_frozen_layer_updates_nothing() -> None:
    layer = Counting(input_shape=(4,), trainable=False)
    model = Sequential([layer, Dense(2)])
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)
    assert layer.get_weights() == [0.0]


def test_what_layers_add_can_be_the_whole_loss() -> None:
    x = Input((4,))
    model = Model(x, Counting()(Dense(3)(x)))
    model.compile(SGD(0.1))
    expected = np.mean(np.abs(model.predict(X)))
    assert model.metrics_names == ["loss"]
    assert model.train_on_batch(X, None) == pytest.approx(expected, **CLOSE)
    assert model.fit(X, verbose=0).history["loss"][0] < expected


def test_without_any_loss_training_is_refused() -> None:
    model = one()
    model.compile("sgd")
    with pytest.raises(ValueError, match="has no loss: none was given, and no layer adds one"):
        model.train_on_batch(X, Y)


class Masking(Layer):
    """Marks the steps that are all zeros as missing."""

    def call(self, inputs: Tensor) -> Tensor:
        return inputs

    def compute_mask(self, inputs: Tensor, mask: Any = None) -> Tensor:
        return K.greater(K.max(K.abs(inputs), -1), 0.0)


def masked() -> tuple[Model, np.ndarray, np.ndarray, np.ndarray]:
    x = np.random.RandomState(1).uniform(0.1, 1, (4, 5, 3)).astype(np.float32)
    mask = np.arange(5)[None, :] < np.array([5, 2, 0, 4])[:, None]
    y = np.random.RandomState(2).uniform(0, 1, (4, 5, 2)).astype(np.float32)
    model = Sequential([Masking(input_shape=(5, 3)), Dense(2)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model, x * mask[..., None], y, mask


def test_masked_steps_do_not_count() -> None:
    model, x, y, mask = masked()
    difference = np.abs(model.predict(x) - y).mean(-1)
    squares = ((model.predict(x) - y) ** 2).mean(-1)
    expected = [squares[mask].mean(), difference[mask].mean()]
    assert model.test_on_batch(x, y) == pytest.approx(expected, **CLOSE)
    assert model.train_on_batch(x, y) == pytest.approx(expected, **CLOSE)


def test_a_batch_with_every_step_masked_has_no_loss_and_moves_nothing() -> None:
    model, x, y, _ = masked()
    before = model.get_weights()[0]
    assert model.train_on_batch(0 * x, y) == [0.0, 0.0]
    np.testing.assert_array_equal(model.get_weights()[0], before)
