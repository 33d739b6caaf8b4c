"""Pooling of windows and of whole images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.layers import (
    AveragePooling2D,
    AvgPool2D,
    GlobalAveragePooling2D,
    GlobalAvgPool2D,
    GlobalMaxPool2D,
    GlobalMaxPooling2D,
    Input,
    Layer,
    MaxPool2D,
    MaxPooling2D,
)
from konnx.testing import evaluate
from konnx.testing.layers import check_layer

FIRST = {"data_format": "channels_first"}


def spread(shape: tuple[int, ...]) -> np.ndarray:
    """Numbers so far apart that a small step makes no other one the largest."""
    count = int(np.prod(shape))
    return np.random.default_rng(0).permutation(count).reshape(shape) * 0.1


@pytest.mark.gradients
@pytest.mark.parametrize("layer_class", [MaxPooling2D, AveragePooling2D])
@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({}, (2, 4, 6, 3)),
        ({"pool_size": 2}, (2, 5, 7, 3)),
        ({"pool_size": (2, 3), "padding": "same"}, (2, 5, 4, 3)),
        ({"pool_size": 3, "strides": 2}, (2, 7, 5, 2)),
        ({"pool_size": 3, "strides": (2, 1), "padding": "same"}, (2, 5, 6, 2)),
        ({"pool_size": 2, **FIRST}, (2, 3, 4, 6)),
        ({"pool_size": 3, "strides": 2, "padding": "same", **FIRST}, (2, 3, 5, 6)),
    ],
)
def test_the_pooling_layer_keeps_its_promises(
    layer_class: type[Layer], arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    check_layer(layer_class, arguments, shape, data=spread(shape), gradients="float32")


@pytest.mark.gradients
@pytest.mark.parametrize("layer_class", [GlobalMaxPooling2D, GlobalAveragePooling2D])
@pytest.mark.parametrize(
    ("arguments", "shape"),
    [({}, (2, 3, 4, 2)), (FIRST, (2, 3, 4, 2)), ({"keepdims": True}, (2, 3, 4, 2))],
)
def test_the_global_pooling_layer_keeps_its_promises(
    layer_class: type[Layer], arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    check_layer(layer_class, arguments, shape, data=spread(shape))


def run(layer: Layer, value: np.ndarray) -> np.ndarray:
    """Return what a layer makes of an array."""
    x = Input(value.shape[1:])
    return evaluate([layer(x)], {x: value})[0]


def test_windows_of_the_right_size_give_their_largest_and_their_mean() -> None:
    value = spread((2, 4, 6, 3)).astype("float32")
    windows = value.reshape(2, 2, 2, 3, 2, 3)
    np.testing.assert_allclose(run(MaxPooling2D(), value), windows.max((2, 4)))
    np.testing.assert_allclose(run(AveragePooling2D(), value), windows.mean((2, 4)), rtol=1e-6)


def test_padding_counts_neither_for_the_largest_nor_for_the_mean() -> None:
    value = -np.arange(1, 4, dtype="float32").reshape(1, 3, 1, 1)
    largest = run(MaxPooling2D((2, 1), padding="same"), value).reshape(-1)
    mean = run(AveragePooling2D((2, 1), padding="same"), value).reshape(-1)
    np.testing.assert_allclose(largest, [-1, -3])
    np.testing.assert_allclose(mean, [-1.5, -3])


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_global_pooling_is_over_rows_and_columns(data_format: str) -> None:
    value = spread((2, 3, 4, 5)).astype("float32")
    axes = (2, 3) if data_format == "channels_first" else (1, 2)
    np.testing.assert_allclose(run(GlobalMaxPooling2D(data_format), value), value.max(axes))
    np.testing.assert_allclose(
        run(GlobalAveragePooling2D(data_format), value), value.mean(axes), rtol=1e-5
    )


@pytest.mark.parametrize("layer_class", [MaxPooling2D, AveragePooling2D])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_images_may_vary_in_size(layer_class: Any, padding: str) -> None:
    value = spread((2, 5, 8, 3)).astype("float32")
    layer = layer_class(3, strides=2, padding=padding)
    varying = Input((None, None, 3))
    output = layer(varying)
    assert output.shape == (None, None, None, 3)
    np.testing.assert_allclose(
        evaluate([output], {varying: value})[0], run(layer, value), rtol=1e-6
    )


def test_the_aliases_are_the_same_classes() -> None:
    pairs = [
        (MaxPool2D, MaxPooling2D),
        (AvgPool2D, AveragePooling2D),
        (GlobalMaxPool2D, GlobalMaxPooling2D),
        (GlobalAvgPool2D, GlobalAveragePooling2D),
    ]
    assert all(alias is layer_class for alias, layer_class in pairs)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: MaxPooling2D(0, name="pool"),
            "`MaxPooling2D` 'pool': `pool_size` must be positive. Received: pool_size=0",
        ),
        (
            lambda: AveragePooling2D(2, strides=(1, 2, 3), name="pool"),
            (
                "`AveragePooling2D` 'pool': `strides` must be a whole number or 2 of them. "
                "Received: strides=(1, 2, 3)"
            ),
        ),
        (
            lambda: MaxPooling2D(padding="causal", name="pool"),
            (
                "`MaxPooling2D` 'pool': `padding` must be one of 'valid', 'same'. "
                "Received: padding='causal'"
            ),
        ),
        (
            lambda: MaxPooling2D(4, name="pool")(Input((3, 8, 1))),
            "`MaxPooling2D` 'pool': a window of (4, 4) (dilation (1, 1)) does not fit",
        ),
        (
            lambda: GlobalMaxPooling2D("first", name="pool"),
            "`GlobalMaxPooling2D` 'pool': `data_format` must be one of",
        ),
        (
            lambda: GlobalMaxPooling2D(name="pool")(Input((3, 8))),
            "Layer 'pool' cannot take the input: expected ndim=4.",
        ),
    ],
)
def test_a_bad_argument_is_named_with_its_layer(make: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)
