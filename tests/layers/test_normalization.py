"""BatchNormalization in training, in inference and frozen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.graph import emit
from konnx.layers import BatchNormalization, Input
from konnx.testing import evaluate
from konnx.testing.layers import check_layer

RANDOM = np.random.default_rng(0)
CHOICES = {
    "beta_initializer": "random_normal",
    "gamma_initializer": "random_uniform",
    "moving_mean_initializer": "ones",
    "moving_variance_initializer": "ones",
    "beta_regularizer": "l2",
    "gamma_regularizer": "l1",
    "beta_constraint": "max_norm",
    "gamma_constraint": "max_norm",
}


@pytest.mark.gradients
@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({}, (5, 3)),
        ({}, (3, 4, 5, 2)),
        ({"axis": 1}, (3, 2, 4, 5)),
        ({"axis": 2, "momentum": 0.5, "epsilon": 1e-2}, (3, 4, 2, 5)),
        ({"scale": False}, (5, 3)),
        ({"center": False, "axis": 1}, (5, 3, 2)),
        (CHOICES, (5, 4, 3)),
    ],
)
def test_the_normalization_keeps_its_promises(
    arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    check_layer(BatchNormalization, arguments, shape)


def test_a_normalization_without_weights_to_train_keeps_its_promises() -> None:
    check_layer(BatchNormalization, {"center": False, "scale": False}, (5, 3))


def normalized(
    value: np.ndarray, axis: int, mean: np.ndarray, variance: np.ndarray, weights: list[np.ndarray]
) -> np.ndarray:
    """The definition; statistics and weights are vectors."""
    shape = [1] * value.ndim
    shape[axis] = -1
    mean, variance, gamma, beta = (one.reshape(shape) for one in (mean, variance, *weights))
    result: np.ndarray = gamma * (value - mean) / np.sqrt(variance + 1e-3) + beta
    return result


@pytest.mark.parametrize(
    ("axis", "shape"), [(-1, (6, 3)), (-1, (4, 5, 6, 3)), (1, (4, 3, 5, 6)), (2, (4, 5, 3))]
)
def test_training_takes_the_statistics_of_the_batch_and_inference_the_moving_ones(
    axis: int, shape: tuple[int, ...]
) -> None:
    value = RANDOM.normal(2, 3, shape).astype("float32")
    x = Input(shape[1:])
    layer = BatchNormalization(axis=axis, momentum=0.9)
    output = layer(x)
    weights = [RANDOM.uniform(0.5, 2, 3).astype("float32") for _ in range(4)]
    layer.set_weights(weights)
    gamma, beta, moving_mean, moving_variance = weights
    others = tuple(other for other in range(len(shape)) if other != axis % len(shape))
    mean, variance = value.mean(others), value.var(others)

    updates = dict(layer.updates)
    trained, new_mean, new_variance = evaluate(
        [output, updates[layer.moving_mean], updates[layer.moving_variance]],
        {x: value},
        training=True,
    )
    expected = normalized(value, axis, mean, variance, [gamma, beta])
    np.testing.assert_allclose(trained, expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(new_mean, 0.9 * moving_mean + 0.1 * mean, rtol=1e-4)
    np.testing.assert_allclose(new_variance, 0.9 * moving_variance + 0.1 * variance, rtol=1e-4)

    inferred = evaluate([output], {x: value})[0]
    expected = normalized(value, axis, moving_mean, moving_variance, [gamma, beta])
    np.testing.assert_allclose(inferred, expected, rtol=1e-3, atol=1e-4)


def test_a_large_mean_does_not_spoil_the_variance() -> None:
    value = RANDOM.normal(1000, 0.5, (256, 1)).astype("float32")
    x = Input((1,))
    result = evaluate([BatchNormalization(epsilon=1e-6)(x)], {x: value}, training=True)[0]
    assert abs(result.std() - 1) < 1e-3


def both_phases(layer: BatchNormalization, **arguments: Any) -> list[np.ndarray]:
    """Return the outputs in training and in inference for data far from normal."""
    x = Input((3,))
    output = layer(x, **arguments)
    value = np.linspace(5, 9, 12).reshape(4, 3)
    return [evaluate([output], {x: value}, training=phase)[0] for phase in (True, False)]


def test_a_frozen_layer_works_as_in_inference_and_keeps_its_statistics() -> None:
    layer = BatchNormalization()
    trained, inferred = both_phases(layer)
    assert not np.allclose(trained, inferred)
    layer.trainable = False
    x = layer.get_input_at(0)
    value = np.linspace(5, 9, 12).reshape(4, 3)
    frozen = evaluate([layer.get_output_at(0)], {x: value}, training=True)[0]
    np.testing.assert_array_equal(frozen, inferred)
    assert layer.updates == []


@pytest.mark.parametrize("training", [None, True])
def test_a_frozen_layer_may_work_as_in_keras_2_1(training: bool | None) -> None:
    layer = BatchNormalization(trainable=False)
    layer.infers_when_frozen = False
    trained, inferred = both_phases(layer, training=training)
    np.testing.assert_allclose(trained.mean(0), np.zeros(3), atol=1e-6)
    assert np.allclose(trained, inferred) == bool(training)
    assert layer.updates == []


@pytest.mark.parametrize(
    ("training", "count"), [(True, 2), (False, 0), (None, 2)], ids=["training", "inference", "open"]
)
def test_the_training_argument_decides_whatever_the_phase(
    training: bool | None, count: int
) -> None:
    layer = BatchNormalization()
    trained, inferred = both_phases(layer, training=training)
    assert np.array_equal(trained, inferred) == (training is not None)
    assert len(layer.updates) == count


def test_inference_is_one_product_and_one_sum_over_the_input() -> None:
    x = Input((4, 4, 3))
    layer = BatchNormalization()
    model = emit({"x": x}, {"y": layer(x)}).model
    of_input = [node.op_type for node in model.graph.node if "x" in node.input]
    assert of_input == ["Mul"]
    assert model.graph.node[-1].op_type == "Add"
    assert "ReduceMean" not in {node.op_type for node in model.graph.node}


def test_weights_stand_in_the_order_of_keras_files() -> None:
    layer = BatchNormalization(name="bn")
    layer(Input((3,)))
    names = ["bn/gamma", "bn/beta", "bn/moving_mean", "bn/moving_variance"]
    assert [weight.name for weight in layer.weights] == names
    assert [weight.name for weight in layer.trainable_weights] == names[:2]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: BatchNormalization(axis=3, name="bn")(Input((4, 3))),
            "`BatchNormalization` 'bn': `axis` must be an axis of (None, 4, 3). Received: axis=3",
        ),
        (
            lambda: BatchNormalization(axis=1, name="bn")(Input((None, 3))),
            (
                "`BatchNormalization` 'bn': `axis` must be an axis of known size of "
                "(None, None, 3). Received: axis=1"
            ),
        ),
        (
            lambda: BatchNormalization(momentum=1.5, name="bn"),
            (
                "`BatchNormalization` 'bn': `momentum` must lie between 0 and 1. "
                "Received: momentum=1.5"
            ),
        ),
        (
            lambda: BatchNormalization(epsilon=-1, name="bn"),
            "`BatchNormalization` 'bn': `epsilon` must not be negative. Received: epsilon=-1",
        ),
        (
            lambda: BatchNormalization(name="bn")(Input(())),
            "Layer 'bn' cannot take the input: expected ndim of at least 2.",
        ),
    ],
)
def test_a_bad_argument_is_named_with_its_layer(make: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)
