"""Activations with parameters, LayerNormalization, and what they demand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.layers import (
    ELU,
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
from konnx.testing import evaluate

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
