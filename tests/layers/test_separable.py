"""DepthwiseConv2D and SeparableConv2D."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.layers import (
    Conv2D,
    DepthwiseConv2D,
    Input,
    Layer,
    SeparableConv2D,
    SeparableConvolution2D,
)
from konnx.testing import evaluate
from konnx.testing.layers import check_layer

FIRST = {"data_format": "channels_first"}


@pytest.mark.gradients
@pytest.mark.parametrize(
    ("layer_class", "arguments", "shape"),
    [
        (DepthwiseConv2D, {"kernel_size": 3}, (2, 5, 6, 3)),
        (DepthwiseConv2D, {"kernel_size": 2, "depth_multiplier": 2, "strides": 2}, (2, 5, 6, 3)),
        (
            DepthwiseConv2D,
            {"kernel_size": 3, "padding": "same", "strides": 2, "use_bias": False, **FIRST},
            (2, 3, 5, 6),
        ),
        (DepthwiseConv2D, {"kernel_size": 2, "dilation_rate": 2, "padding": "same"}, (2, 5, 6, 3)),
        (
            DepthwiseConv2D,
            {
                "kernel_size": 2,
                "activation": "tanh",
                "depthwise_initializer": "he_normal",
                "bias_initializer": "ones",
                "depthwise_regularizer": "l2",
                "bias_regularizer": "l1",
                "activity_regularizer": "l2",
                "depthwise_constraint": "max_norm",
                "bias_constraint": "non_neg",
            },
            (2, 4, 4, 3),
        ),
        (SeparableConv2D, {"filters": 4, "kernel_size": 3}, (2, 5, 6, 3)),
        (
            SeparableConv2D,
            {"filters": 4, "kernel_size": 3, "padding": "same", "depth_multiplier": 2},
            (2, 5, 6, 3),
        ),
        (
            SeparableConv2D,
            {"filters": 4, "kernel_size": (2, 3), "strides": 2, "use_bias": False, **FIRST},
            (2, 3, 5, 6),
        ),
        (SeparableConv2D, {"filters": 2, "kernel_size": 2, "dilation_rate": 2}, (2, 5, 6, 3)),
        (
            SeparableConv2D,
            {
                "filters": 2,
                "kernel_size": 2,
                "activation": "sigmoid",
                "depthwise_initializer": "he_normal",
                "pointwise_initializer": "lecun_uniform",
                "bias_initializer": "ones",
                "depthwise_regularizer": "l2",
                "pointwise_regularizer": "l1",
                "bias_regularizer": "l1",
                "activity_regularizer": "l2",
                "depthwise_constraint": "max_norm",
                "pointwise_constraint": "unit_norm",
                "bias_constraint": "non_neg",
            },
            (2, 4, 4, 3),
        ),
    ],
)
def test_the_convolution_keeps_its_promises(
    layer_class: type[Layer], arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    check_layer(layer_class, arguments, shape, gradients="float32")


def run(layer: Layer, value: np.ndarray, weights: list[np.ndarray]) -> np.ndarray:
    """Return what a layer with the given weights makes of an array."""
    x = Input(value.shape[1:])
    output = layer(x)
    layer.set_weights(weights)
    return evaluate([output], {x: value})[0]


def as_full_kernel(depthwise: np.ndarray) -> np.ndarray:
    """The kernel of a convolution over all channels that does what a depthwise one does."""
    rows, columns, channels, multiplier = depthwise.shape
    full = np.zeros((rows, columns, channels, channels * multiplier), "float32")
    for channel in range(channels):
        own = slice(channel * multiplier, (channel + 1) * multiplier)
        full[:, :, channel, own] = depthwise[:, :, channel]
    return full


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2])
def test_depthwise_and_separable_are_convolutions_with_many_zeros(
    strides: int, padding: str
) -> None:
    random = np.random.default_rng(0)
    value = random.normal(size=(2, 6, 7, 3)).astype("float32")
    depthwise = random.normal(size=(3, 2, 3, 2)).astype("float32")
    pointwise = random.normal(size=(1, 1, 6, 4)).astype("float32")
    bias = random.normal(size=6).astype("float32")
    options: dict[str, Any] = {"strides": strides, "padding": padding}
    expected = run(Conv2D(6, (3, 2), **options), value, [as_full_kernel(depthwise), bias])
    result = run(DepthwiseConv2D((3, 2), depth_multiplier=2, **options), value, [depthwise, bias])
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)
    mixed = run(
        SeparableConv2D(4, (3, 2), depth_multiplier=2, **options),
        value,
        [depthwise, pointwise, bias[:4]],
    )
    expected = (expected - bias) @ pointwise[0, 0] + bias[:4]
    np.testing.assert_allclose(mixed, expected, rtol=1e-4, atol=1e-4)


def test_weights_stand_in_the_order_of_keras_files() -> None:
    x = Input((8, 8, 3))
    layers = [DepthwiseConv2D(3, name="a"), SeparableConv2D(4, 3, name="b")]
    names = [[weight.name for weight in layer.weights] for layer in layers if layer(x) is not None]
    assert names == [
        ["a/depthwise_kernel", "a/bias"],
        ["b/depthwise_kernel", "b/pointwise_kernel", "b/bias"],
    ]


def test_the_alias_is_the_same_class() -> None:
    assert SeparableConvolution2D is SeparableConv2D


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: DepthwiseConv2D(3, depth_multiplier=0, name="dw"),
            (
                "`DepthwiseConv2D` 'dw': `depth_multiplier` must be positive. "
                "Received: depth_multiplier=0"
            ),
        ),
        (
            lambda: DepthwiseConv2D(3, name="dw")(Input((8, 8, None))),
            "`DepthwiseConv2D` 'dw': `input_shape` must have a known, positive number of channels.",
        ),
        (
            lambda: SeparableConv2D(4, 3, padding="causal", name="sep"),
            "`SeparableConv2D` 'sep': `padding` must be one of 'valid', 'same'.",
        ),
        (
            lambda: SeparableConv2D(4, 3, name="sep")(Input((2, 8, 3))),
            "`SeparableConv2D` 'sep': a window of (3, 3) (dilation (1, 1)) does not fit",
        ),
    ],
)
def test_a_bad_argument_is_named_with_its_layer(make: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)
