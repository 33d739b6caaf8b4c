"""GaussianNoise, GaussianDropout, AlphaDropout, and dropout of whole channels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.layers import (
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    Input,
    Layer,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from konnx.testing import evaluate

MANY = (200, 500)


def trained(layer: Layer, value: np.ndarray, seed: int = 0, training: bool = True) -> np.ndarray:
    """Return what a layer makes of an array in training."""
    x = Input(value.shape[1:])
    return evaluate([layer(x)], {x: value}, training=training, seed=seed)[0]


@pytest.mark.parametrize(
    ("layer", "mean", "deviation"),
    [
        (GaussianNoise(0.5), 2.0, 0.5),
        (GaussianDropout(0.2), 2.0, 1.0),
        (GaussianDropout(0.5), 2.0, 2.0),
    ],
)
def test_gaussian_noise_has_its_mean_and_deviation(
    layer: Layer, mean: float, deviation: float
) -> None:
    noised = trained(layer, np.full(MANY, 2.0, "float32"))
    assert noised.mean() == pytest.approx(mean, abs=0.03)
    assert noised.std() == pytest.approx(deviation, rel=0.02)


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    value = np.random.default_rng(0).normal(size=MANY).astype("float32")
    dropped = trained(AlphaDropout(0.3), value)
    assert dropped.mean() == pytest.approx(0.0, abs=0.02)
    assert dropped.std() == pytest.approx(1.0, abs=0.02)


def test_alpha_dropout_puts_the_bound_of_selu_where_it_drops() -> None:
    rate, bound = 0.25, -1.7580993408473766
    value = np.full(MANY, 3.0, "float32")
    dropped = trained(AlphaDropout(rate), value)
    scale = ((1 - rate) * (1 + rate * bound**2)) ** -0.5
    shift = -scale * bound * rate
    low, high = scale * bound + shift, scale * 3 + shift
    is_low = np.abs(dropped - low) < 1e-4
    assert is_low.mean() == pytest.approx(rate, abs=0.01)
    np.testing.assert_allclose(dropped[~is_low], high, rtol=1e-5)


def test_alpha_dropout_may_share_its_choice_along_an_axis() -> None:
    dropped = trained(AlphaDropout(0.5, noise_shape=(None, 1)), np.ones((50, 4), "float32"))
    np.testing.assert_array_equal(dropped, dropped[:, :1] + np.zeros((50, 4), "float32"))
    assert len(np.unique(dropped)) == 2


@pytest.mark.parametrize(
    ("layer", "shape", "axes"),
    [
        (SpatialDropout1D(0.5), (40, 3, 5), (1,)),
        (SpatialDropout1D(0.5, data_format="channels_first"), (40, 5, 3), (2,)),
        (SpatialDropout2D(0.5), (40, 3, 2, 5), (1, 2)),
        (SpatialDropout2D(0.5, "channels_first"), (40, 5, 3, 2), (2, 3)),
        (SpatialDropout3D(0.5), (40, 3, 2, 2, 5), (1, 2, 3)),
        (SpatialDropout3D(0.5, data_format="channels_first"), (40, 5, 3, 2, 2), (2, 3, 4)),
    ],
)
def test_spatial_dropout_drops_whole_channels(
    layer: Layer, shape: tuple[int, ...], axes: tuple[int, ...]
) -> None:
    dropped = trained(layer, np.ones(shape, "float32"))
    np.testing.assert_array_equal(dropped.min(axes), dropped.max(axes))
    chosen = dropped.max(axes)
    assert set(np.unique(chosen)) == {0.0, 2.0}
    assert (chosen == 0).mean() == pytest.approx(0.5, abs=0.15)


NOISY: list[Layer] = [
    GaussianNoise(0.5, seed=3),
    GaussianDropout(0.5, seed=3),
    AlphaDropout(0.5, seed=3),
    SpatialDropout1D(0.5, seed=3),
]


@pytest.mark.parametrize("layer", NOISY, ids=[type(layer).__name__ for layer in NOISY])
def test_noise_is_repeatable_differs_from_step_to_step_and_is_only_in_training(
    layer: Layer,
) -> None:
    value = np.random.default_rng(0).normal(size=(8, 5, 4)).astype("float32")
    first, again, other = (trained(layer, value, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(trained(layer, value, training=False), value)
    twin = type(layer).from_config(layer.get_config())
    np.testing.assert_array_equal(trained(twin, value, 1), first)


@pytest.mark.parametrize("training", [True, False])
def test_a_call_may_say_whether_it_trains(training: bool) -> None:
    value = np.ones((8, 4), "float32")
    x = Input((4,))
    output = GaussianNoise(0.5)(x, training=training)
    for phase in (True, False):
        result = evaluate([output], {x: value}, training=phase)[0]
        assert np.array_equal(result, value) != training


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GaussianNoise(-1, name="n"), "`GaussianNoise` 'n': `stddev` must not be negative"),
        (
            lambda: GaussianDropout(1.0, name="n"),
            "`GaussianDropout` 'n': `rate` must be at least 0 and below 1. Received: rate=1.0",
        ),
        (lambda: AlphaDropout(-0.1, name="n"), "`AlphaDropout` 'n': `rate` must be at least 0"),
        (
            lambda: AlphaDropout(0.5, noise_shape=(2,), name="n")(Input((3,))),
            "`AlphaDropout` 'n': `noise_shape` must hold 1 or the inputs' own size",
        ),
        (
            lambda: SpatialDropout2D(0.5, name="n")(Input((3,))),
            "Layer 'n' cannot take the input: expected ndim=4",
        ),
        (
            lambda: SpatialDropout3D(0.5, "last", name="n"),
            "`SpatialDropout3D` 'n': `data_format` must be one of",
        ),
    ],
)
def test_a_bad_argument_is_named_with_its_layer(make: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)


def test_dropout_of_channels_is_a_dropout() -> None:
    assert issubclass(SpatialDropout1D, Dropout)
