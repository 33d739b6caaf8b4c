"""Activations with parameters, LayerNormalization, and what they demand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.layers import (
    ELU,
    Activation,
    Dense,
    Input,
    Layer,
    LayerNormalization,
    LeakyReLU,
    Masking,
    PReLU,
    ReLU,
    Softmax,
    ThresholdedReLU,
    deserialize,
)
from konnx.models import Model, Sequential
from konnx.testing import evaluate
from konnx.utils import custom_object_scope

X = np.array([[-2.0, -0.5, 0.0, 0.5, 1.0, 2.0, 7.0]], "float32")


def run(layer: Layer, value: np.ndarray = X) -> np.ndarray:
    x = Input(value.shape[1:])
    return evaluate([layer(x)], {x: value})[0]


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (LeakyReLU(), [-0.6, -0.15, 0, 0.5, 1, 2, 7]),
        (PReLU(alpha_initializer="ones"), X[0]),
        (ELU(2.0), [2 * np.expm1(-2), 2 * np.expm1(-0.5), 0, 0.5, 1, 2, 7]),
        (ThresholdedReLU(), [0, 0, 0, 0, 0, 2, 7]),
        (ThresholdedReLU(0.0), [0, 0, 0, 0.5, 1, 2, 7]),
        (ReLU(6.0), [0, 0, 0, 0.5, 1, 2, 6]),
        (ReLU(2.0, 0.1, 1.0), [-0.3, -0.15, -0.1, -0.05, 0, 2, 2]),
    ],
)
def test_the_activation_is_what_its_definition_says(layer: Layer, expected: Any) -> None:
    np.testing.assert_allclose(run(layer)[0], expected, rtol=1e-6)


def test_prelu_has_one_alpha_for_the_axes_that_share() -> None:
    layer = PReLU(shared_axes=[1, 2])
    layer(Input((None, None, 3)))
    assert layer.alpha.shape == (1, 1, 3)
    assert PReLU(shared_axes=1).shared_axes == [1]


def test_softmax_over_several_axes_adds_up_to_one() -> None:
    value = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    result = run(Softmax([1, 2]), value)
    np.testing.assert_allclose(result.sum((1, 2)), [1, 1], rtol=1e-5)


def test_keras_3_names_the_slope_of_leaky_relu_otherwise() -> None:
    config = {"name": "one", "negative_slope": 0.2}
    assert deserialize({"class_name": "LeakyReLU", "config": config}).alpha == 0.2


@pytest.mark.parametrize(
    "make",
    [LeakyReLU, PReLU, ELU, ThresholdedReLU, Softmax, ReLU, LayerNormalization],
)
def test_masks_pass_through(make: Any) -> None:
    masked = Masking()(Input((3, 2)))
    assert make()(masked)._keras_mask is masked._keras_mask


def test_layer_normalization_takes_its_axes_in_any_order() -> None:
    value = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
    gamma = np.random.default_rng(1).normal(size=(3, 5)).astype("float32")
    ordered, turned = LayerNormalization([1, 3]), LayerNormalization([3, 1])
    for layer, weight in ((ordered, gamma), (turned, gamma.T)):
        layer(Input((3, 4, 5)))
        layer.set_weights([weight, np.zeros_like(weight)])
    np.testing.assert_allclose(run(turned, value), run(ordered, value), rtol=1e-5, atol=1e-6)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: ThresholdedReLU(-1, name="a"),
            "`ThresholdedReLU` 'a': `theta` must not be negative. Received: theta=-1",
        ),
        (
            lambda: ReLU(max_value=-1, name="a"),
            "`ReLU` 'a': `max_value` must not be negative. Received: max_value=-1",
        ),
        (
            lambda: PReLU(shared_axes=[3], name="a")(Input((2, 2))),
            "`PReLU` 'a': `shared_axes` must be axes of (None, 2, 2). Received: shared_axes=[3]",
        ),
        (
            lambda: PReLU(name="a")(Input((None, 2))),
            "`PReLU` 'a': `input_shape` must have known sizes but along `shared_axes`.",
        ),
        (
            lambda: LayerNormalization(axis=2, name="a")(Input((4,))),
            (
                "`LayerNormalization` 'a': `axis` must be different axes of the 2 of the input, "
                "and not the batch. Received: axis=[2]"
            ),
        ),
        (
            lambda: LayerNormalization(name="a")(Input((None,))),
            "`LayerNormalization` 'a': `axis` must be axes of known size of (None, None).",
        ),
        (
            lambda: LayerNormalization(epsilon=-1, name="a"),
            "`LayerNormalization` 'a': `epsilon` must not be negative. Received: epsilon=-1",
        ),
    ],
)
def test_a_bad_argument_is_named_with_its_layer(make: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)


# As the activation of another layer, which later versions allow

POLICY = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}}


@pytest.mark.parametrize(
    "config",
    [
        {"name": "leaky_re_lu", "trainable": True, "dtype": "float32", "alpha": 0.5},  # tf.keras
        {"name": "leaky_re_lu", "trainable": True, "dtype": POLICY, "negative_slope": 0.5},  # 3
    ],
    ids=["tf.keras", "Keras 3"],
)
def test_a_layer_may_be_an_activation_in_files_of_later_versions(config: dict[str, Any]) -> None:
    given = {"module": "keras.layers", "class_name": "LeakyReLU", "config": config}
    dense = Dense.from_config({"name": "d", "units": 7, "activation": given})
    x = Input((7,))
    found = Model(x, dense(x))
    found.set_weights([np.eye(7), np.zeros(7)])
    np.testing.assert_allclose(found.predict(X), np.where(X > 0, X, 0.5 * X))
    again = Model.from_config(found.get_config())
    again.set_weights(found.get_weights())
    np.testing.assert_array_equal(again.predict(X), found.predict(X))


@pytest.mark.training
def test_the_weights_of_an_activation_are_those_of_the_layer() -> None:
    model = Sequential([Dense(7, activation=PReLU(), input_shape=(7,))])
    assert [weight.shape for weight in model.trainable_weights] == [(7, 7), (7,), (7,)]
    model.compile("sgd", "mse")
    model.train_on_batch(X, X)
    assert np.any(model.get_weights()[2] != 0)


def test_an_activation_that_users_registered_is_known_by_its_name() -> None:
    halved = Activation(lambda x: x * 0.5)
    with custom_object_scope({"halved": halved}):
        model = Sequential([Dense(7, activation="halved", input_shape=(7,))])
        again = Sequential.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert model.get_config()[0]["config"]["activation"] != "halved"  # nobody knows it any more
