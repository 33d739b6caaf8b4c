"""Dense, Activation, Dropout and the layers that change shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.graph import Tensor
from konnx.layers import (
    Activation,
    Dense,
    Dropout,
    Flatten,
    Input,
    Layer,
    Permute,
    RepeatVector,
    Reshape,
)
from konnx.testing import evaluate
from konnx.testing.layers import check_layer

ACTIVATIONS = [
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
]


def apply(layer: Layer, value: np.ndarray, **options: Any) -> np.ndarray:
    """Return what a layer makes of an array."""
    x = Input(batch_shape=(None, *value.shape[1:]), dtype=value.dtype)
    return evaluate([layer(x)], {x: value}, **options)[0]


@pytest.mark.gradients
@pytest.mark.parametrize(
    ("layer_class", "arguments", "shape"),
    [
        (Dense, {"units": 4}, (2, 3)),
        (Dense, {"units": 4, "use_bias": False, "activation": "tanh"}, (2, 3)),
        (Dense, {"units": 2, "activation": "softmax"}, (2, 5, 3)),
        (Dense, {"units": 2, "bias_initializer": "ones"}, (2, 2, 2, 3)),
        (
            Dense,
            {
                "units": 4,
                "kernel_initializer": "he_normal",
                "kernel_regularizer": "l2",
                "bias_regularizer": "l1",
                "activity_regularizer": "l2",
                "kernel_constraint": "max_norm",
                "bias_constraint": "non_neg",
                "bias_initializer": "ones",
            },
            (2, 3),
        ),
        *((Activation, {"activation": name}, (2, 7)) for name in ACTIVATIONS),
        (Dropout, {"rate": 0.4}, (3, 20)),
        (Dropout, {"rate": 0.4, "seed": 7, "noise_shape": (None, 1, 5)}, (3, 4, 5)),
        (Dropout, {"rate": 0}, (3, 4)),
        (Flatten, {}, (2, 3, 4)),
        (Flatten, {"data_format": "channels_first"}, (2, 3, 4, 2)),
        (Flatten, {}, (2, 3)),
        (Reshape, {"target_shape": (6, 2)}, (2, 3, 4)),
        (Reshape, {"target_shape": (3, -1, 2)}, (2, 12)),
        (Reshape, {"target_shape": (-1,)}, (2, 3, 4)),
        (Permute, {"dims": (2, 1)}, (2, 3, 4)),
        (Permute, {"dims": (3, 1, 2)}, (2, 3, 4, 5)),
        (RepeatVector, {"n": 3}, (2, 4)),
    ],
)
def test_the_layer_keeps_its_promises(
    layer_class: type[Layer], arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    check_layer(layer_class, arguments, shape)


@pytest.mark.parametrize("shape", [(2, 3), (2, 5, 3)])
def test_dense_multiplies_the_last_axis_and_adds_the_bias(shape: tuple[int, ...]) -> None:
    value = np.random.default_rng(0).normal(size=shape).astype("float32")
    layer = Dense(4, activation="relu", bias_initializer="random_normal")
    result = apply(layer, value)
    kernel, bias = layer.get_weights()
    np.testing.assert_allclose(result, np.maximum(value @ kernel + bias, 0), rtol=1e-5, atol=1e-6)


def test_input_dim_is_short_for_an_input_shape() -> None:
    assert Dense(4, input_dim=3).batch_input_shape == (None, 3)


def test_the_nodes_of_a_layer_carry_its_name() -> None:
    output = Dense(4, activation="softmax", name="probabilities")(Input((3,)))
    assert output.node.name == "probabilities/Softmax"


def test_flatten_of_channels_first_equals_that_of_channels_last() -> None:
    value = np.arange(48, dtype="float32").reshape(2, 2, 3, 4)
    last = apply(Flatten(), value)
    first = apply(Flatten(data_format="channels_first"), value.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(first, last)


def test_reshape_permute_and_repeat_vector_move_elements_as_numpy_does() -> None:
    value = np.arange(24, dtype="float32").reshape(2, 3, 4)
    np.testing.assert_array_equal(apply(Reshape((-1, 6)), value), value.reshape(2, 2, 6))
    np.testing.assert_array_equal(apply(Permute((2, 1)), value), value.transpose(0, 2, 1))
    repeated = np.repeat(value[:, :1], 5, axis=1)
    np.testing.assert_array_equal(apply(RepeatVector(5), value[:, 0]), repeated)


def test_reshape_takes_inputs_whose_sizes_vary() -> None:
    x = Input((None, 6))
    output = Reshape((-1, 3))(x)
    assert output.shape == (None, None, 3)
    value = np.arange(24, dtype="float32").reshape(2, 2, 6)
    np.testing.assert_array_equal(evaluate([output], {x: value})[0], value.reshape(2, 4, 3))


def dropped(layer: Layer, value: np.ndarray, seed: int = 0, **arguments: Any) -> np.ndarray:
    """Return what a layer makes of an array in training."""
    x = Input(batch_shape=(None, *value.shape[1:]))
    return evaluate([layer(x, **arguments)], {x: value}, training=True, seed=seed)[0]


def test_dropout_zeroes_the_rate_and_scales_up_the_rest() -> None:
    result = dropped(Dropout(0.25), np.ones((100, 1000), "float32"))
    assert set(np.unique(result)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((result == 0).mean() - 0.25) < 0.01


def test_dropout_does_nothing_in_inference() -> None:
    value = np.ones((2, 5), "float32")
    np.testing.assert_array_equal(apply(Dropout(0.5), value), value)


def test_the_seed_of_dropout_makes_it_repeatable_and_runs_differ() -> None:
    value = np.ones((10, 100), "float32")
    first = dropped(Dropout(0.5, seed=1), value)
    np.testing.assert_array_equal(dropped(Dropout(0.5, seed=1), value), first)
    assert (dropped(Dropout(0.5, seed=2), value) != first).any()
    assert (dropped(Dropout(0.5, seed=1), value, seed=1) != first).any()


def test_a_noise_shape_of_1_makes_an_axis_share_its_fate() -> None:
    result = dropped(Dropout(0.5, noise_shape=(None, 1, 50)), np.ones((20, 4, 50), "float32"))
    np.testing.assert_array_equal(result, np.repeat(result[:, :1], 4, axis=1))
    assert 0 < (result[:, 0] == 0).mean() < 1


@pytest.mark.parametrize(("training", "is_dropped"), [(True, True), (False, False)])
def test_the_training_argument_decides_for_dropout_whatever_the_phase(
    training: bool, is_dropped: bool
) -> None:
    value = np.ones((10, 100), "float32")
    x = Input((100,))
    output = Dropout(0.5)(x, training=training)
    for phase in (True, False):
        result = evaluate([output], {x: value}, training=phase)[0]
        assert (result == 0).any() == is_dropped


def call(layer: Layer, *shape: int | None) -> Tensor:
    """Call a layer on an input of a shape without the batch."""
    output: Tensor = layer(Input(shape))
    return output


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(0, name="d"), "`Dense` 'd': `units` must be positive. Received: units=0"),
        (
            lambda: Dense(2.5, name="d"),  # type: ignore[arg-type]
            "`Dense` 'd': `units` must be a whole number. Received: units=2.5",
        ),
        (
            lambda: Dense(2, name="d", activation="rely"),
            "`Dense` 'd': `activation`: Unknown activation function: 'rely'. Did you mean 'relu'",
        ),
        (
            lambda: call(Dense(2, name="d"), None),
            (
                "`Dense` 'd': `input_shape` must end in a known, positive size. "
                "Received: input_shape=(None, None)"
            ),
        ),
        (
            lambda: Dropout(1.5, name="d"),
            "`Dropout` 'd': `rate` must be at least 0 and below 1. Received: rate=1.5",
        ),
        (
            lambda: call(Dropout(0.5, (None, 2), name="d"), 3),
            (
                "`Dropout` 'd': `noise_shape` must hold 1 or the inputs' own size for each axis of "
                "(None, 3). Received: noise_shape=(None, 2)"
            ),
        ),
        (
            lambda: Flatten("last", name="f"),
            (
                "`Flatten` 'f': `data_format` must be one of 'channels_last', 'channels_first'. "
                "Received: data_format='last'"
            ),
        ),
        (
            lambda: call(Flatten(name="f"), None, 3),
            "`Flatten` 'f': `input_shape` must have known sizes after the batch",
        ),
        (
            lambda: Reshape((-1, -1), name="r"),
            (
                "`Reshape` 'r': `target_shape` must hold positive sizes, and -1 at most once. "
                "Received: target_shape=(-1, -1)"
            ),
        ),
        (
            lambda: call(Reshape((5, -1), name="r"), 12),
            (
                "`Reshape` 'r': `target_shape` must hold as many elements as (12,), which are 12. "
                "Received: target_shape=(5, -1)"
            ),
        ),
        (
            lambda: Permute((0, 1), name="p"),
            "`Permute` 'p': `dims` must hold each of the axes 1 to 2 once. Received: dims=(0, 1)",
        ),
        (
            lambda: Permute((1, 3), name="p"),
            "`Permute` 'p': `dims` must hold each of the axes 1 to 2 once. Received: dims=(1, 3)",
        ),
        (
            lambda: RepeatVector(-1, name="r"),
            "`RepeatVector` 'r': `n` must be positive. Received: n=-1",
        ),
    ],
)
def test_a_bad_argument_is_named_with_its_layer(make: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Dense(2, name="d1"), (), "Layer 'd1' cannot take the input: expected ndim of at least 2"),
        (RepeatVector(2, name="r1"), (2, 3), "Layer 'r1' cannot take the input: expected ndim=2"),
        (Permute((2, 1), name="p1"), (2,), "Layer 'p1' cannot take the input: expected ndim=3"),
    ],
)
def test_an_input_of_another_rank_is_refused(
    layer: Layer, shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        call(layer, *shape)


def test_a_shared_dense_layer_refuses_another_number_of_features() -> None:
    layer = Dense(2, name="shared")
    call(layer, 3)
    with pytest.raises(ValueError, match="'shared' cannot take the input: expected size 3 on axis"):
        call(layer, 4)


def test_an_unknown_argument_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Dense takes no argument 'unit'.* Did you mean 'units'\?"):
        Dense(2, unit=3)
