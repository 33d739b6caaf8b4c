"""Conv1D, Conv2D and ZeroPadding2D."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import config
from konnx.layers import (
    Conv1D,
    Conv2D,
    Convolution1D,
    Convolution2D,
    Input,
    Layer,
    ZeroPadding2D,
)
from konnx.ops.convolution import same_pads
from konnx.testing import evaluate
from konnx.testing.layers import check_layer

FIRST = {"data_format": "channels_first"}
CHOICES = {
    "kernel_initializer": "he_uniform",
    "bias_initializer": "ones",
    "kernel_regularizer": "l2",
    "bias_regularizer": "l2",
    "activity_regularizer": "l1",
    "kernel_constraint": "max_norm",
    "bias_constraint": "non_neg",
}


@pytest.mark.gradients
@pytest.mark.parametrize(
    ("layer_class", "arguments", "shape"),
    [
        (Conv1D, {"filters": 2, "kernel_size": 3}, (2, 7, 3)),
        (Conv1D, {"filters": 2, "kernel_size": 4, "strides": 3, "padding": "same"}, (2, 7, 3)),
        (Conv1D, {"filters": 2, "kernel_size": 3, "padding": "causal"}, (2, 6, 3)),
        (
            Conv1D,
            {"filters": 2, "kernel_size": 3, "padding": "causal", "dilation_rate": 2},
            (2, 6, 3),
        ),
        (Conv1D, {"filters": 2, "kernel_size": 3, "use_bias": False, **FIRST}, (2, 3, 7)),
        (Conv1D, {"filters": 2, "kernel_size": 2, "activation": "tanh", **CHOICES}, (2, 5, 3)),
        (Conv2D, {"filters": 2, "kernel_size": 3}, (2, 5, 6, 3)),
        (Conv2D, {"filters": 2, "kernel_size": (2, 3), "padding": "same"}, (2, 5, 6, 3)),
        (
            Conv2D,
            {"filters": 2, "kernel_size": 3, "strides": (2, 1), "padding": "same"},
            (2, 5, 6, 3),
        ),
        (Conv2D, {"filters": 2, "kernel_size": 2, "strides": 2}, (2, 5, 6, 3)),
        (Conv2D, {"filters": 2, "kernel_size": 2, "dilation_rate": (2, 1)}, (2, 5, 6, 3)),
        (Conv2D, {"filters": 2, "kernel_size": 3, "use_bias": False, **FIRST}, (2, 3, 5, 6)),
        (
            Conv2D,
            {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", **FIRST},
            (2, 3, 5, 6),
        ),
        (
            Conv2D,
            {"filters": 2, "kernel_size": 1, "activation": "sigmoid", **CHOICES},
            (2, 4, 4, 3),
        ),
    ],
)
def test_the_convolution_keeps_its_promises(
    layer_class: type[Layer], arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    check_layer(layer_class, arguments, shape, gradients="float32")


@pytest.mark.gradients
@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({}, (2, 3, 4, 2)),
        ({"padding": 2}, (2, 3, 4, 2)),
        ({"padding": (0, 2)}, (2, 3, 4, 2)),
        ({"padding": ((1, 0), (2, 3)), **FIRST}, (2, 2, 3, 4)),
    ],
)
def test_zero_padding_keeps_its_promises(arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    check_layer(ZeroPadding2D, arguments, shape)


def convolve(
    x: np.ndarray, kernel: np.ndarray, strides: tuple[int, int], dilations: tuple[int, int]
) -> np.ndarray:
    """A convolution of padded channels_last images, one output element after the other."""
    covered = [(k - 1) * d + 1 for k, d in zip(kernel.shape[:2], dilations, strict=True)]
    rows, columns = (
        (size - window) // stride + 1
        for size, window, stride in zip(x.shape[1:3], covered, strides, strict=True)
    )
    result = np.zeros((len(x), rows, columns, kernel.shape[3]))
    for i, j in np.ndindex(rows, columns):
        top, left = i * strides[0], j * strides[1]
        patch = x[:, top : top + covered[0] : dilations[0], left : left + covered[1] : dilations[1]]
        result[:, i, j] = np.einsum("bhwi,hwio->bo", patch, kernel)
    return result


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    ("kernel_size", "strides", "dilations", "padding"),
    [
        ((3, 2), (1, 1), (1, 1), "valid"),
        ((3, 2), (2, 3), (1, 1), "same"),
        ((2, 4), (1, 2), (1, 1), "same"),
        ((2, 2), (1, 1), (3, 2), "same"),
        ((3, 3), (1, 1), (2, 2), "valid"),
    ],
)
def test_conv2d_computes_what_its_definition_says(
    kernel_size: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    padding: str,
    data_format: str,
) -> None:
    value = np.random.default_rng(0).normal(size=(2, 7, 8, 3)).astype("float32")
    is_first = data_format == "channels_first"
    given = value.transpose(0, 3, 1, 2) if is_first else value
    layer = Conv2D(
        4,
        kernel_size,
        strides,
        padding,
        data_format,
        dilations,
        bias_initializer="random_normal",
    )
    x = Input(given.shape[1:])
    result = evaluate([layer(x)], {x: given})[0]
    kernel, bias = layer.get_weights()
    pads = [(0, 0)] * 4
    if padding == "same":
        pads[1:3] = (
            same_pads(size, k, s, d)
            for size, k, s, d in zip((7, 8), kernel_size, strides, dilations, strict=True)
        )
    expected = convolve(np.pad(value, pads), kernel, strides, dilations) + bias
    result = result.transpose(0, 2, 3, 1) if is_first else result
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


def test_an_activation_softmax_runs_over_the_last_axis_whatever_the_data_format() -> None:
    x = Input((2, 5, 6))
    output = Conv2D(3, 2, data_format="channels_first", activation="softmax")(x)
    value = np.random.default_rng(0).normal(size=(2, 2, 5, 6))
    (result,) = evaluate([output], {x: value})
    np.testing.assert_allclose(result.sum(-1), np.ones((2, 3, 4)), rtol=1e-5)


def test_causal_padding_lets_no_output_see_a_later_step() -> None:
    x = Input((6, 1))
    output = Conv1D(1, 3, padding="causal", kernel_initializer="ones")(x)
    value = np.array([1, 2, 4, 8, 16, 32], "float32").reshape(1, 6, 1)
    result = evaluate([output], {x: value})[0].reshape(-1)
    np.testing.assert_allclose(result, [1, 3, 7, 14, 28, 56])


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_images_may_vary_in_size(padding: str) -> None:
    layer = Conv2D(2, 3, strides=2, padding=padding, name="varying")
    fixed, varying = Input((7, 8, 3)), Input((None, None, 3))
    assert layer(varying).shape == (None, None, None, 2)
    value = np.random.default_rng(0).normal(size=(2, 7, 8, 3)).astype("float32")
    expected = evaluate([layer(fixed)], {fixed: value})[0]
    result = evaluate([layer.get_output_at(0)], {varying: value})[0]
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


def test_zero_padding_puts_rows_and_columns_where_they_belong() -> None:
    value = np.ones((1, 2, 2, 1), "float32")
    x = Input((2, 2, 1))
    output = ZeroPadding2D(((1, 0), (2, 3)))(x)
    expected = np.pad(value, [(0, 0), (1, 0), (2, 3), (0, 0)])
    np.testing.assert_array_equal(evaluate([output], {x: value})[0], expected)


def test_the_data_format_defaults_to_the_setting_but_for_conv1d() -> None:
    config.set_image_data_format("channels_first")
    try:
        layers: list[Any] = [Conv2D(1, 1), ZeroPadding2D(), Conv1D(1, 1)]
    finally:
        config.set_image_data_format("channels_last")
    formats = [layer.data_format for layer in layers]
    assert formats == ["channels_first", "channels_first", "channels_last"]


def test_the_aliases_are_the_same_classes() -> None:
    assert Convolution1D is Conv1D
    assert Convolution2D is Conv2D


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Conv2D(4, 3, strides=(0, 1), name="conv1"),
            "`Conv2D` 'conv1': `strides` must be positive. Received: strides=(0, 1)",
        ),
        (
            lambda: Conv2D(4, (3, 3, 3), name="conv1"),
            (
                "`Conv2D` 'conv1': `kernel_size` must be a whole number or 2 of them. "
                "Received: kernel_size=(3, 3, 3)"
            ),
        ),
        (
            lambda: Conv2D(4, (3, 2.5), name="conv1"),  # type: ignore[arg-type]
            (
                "`Conv2D` 'conv1': `kernel_size` must hold whole numbers. "
                "Received: kernel_size=(3, 2.5)"
            ),
        ),
        (
            lambda: Conv2D(4, 3, padding="full", name="conv1"),
            "`Conv2D` 'conv1': `padding` must be one of 'valid', 'same'. Received: padding='full'",
        ),
        (
            lambda: Conv2D(4, 3, padding="causal", name="conv1"),
            "`Conv2D` 'conv1': `padding` must be one of 'valid', 'same'.",
        ),
        (
            lambda: Conv1D(4, 3, dilation_rate=0, name="conv1"),
            "`Conv1D` 'conv1': `dilation_rate` must be positive. Received: dilation_rate=0",
        ),
        (
            lambda: Conv2D(-1, 3, name="conv1"),
            "`Conv2D` 'conv1': `filters` must be positive. Received: filters=-1",
        ),
        (
            lambda: Conv2D(4, 3, name="conv1")(Input((8, 8, None))),
            (
                "`Conv2D` 'conv1': `input_shape` must have a known, positive number of channels. "
                "Received: input_shape=(None, 8, 8, None)"
            ),
        ),
        (
            lambda: Conv2D(4, 5, name="conv1")(Input((8, 4, 3))),
            (
                "`Conv2D` 'conv1': a window of (5, 5) (dilation (1, 1)) does not fit into the "
                "input. Received: input_shape=(None, 8, 4, 3). Use padding='same', or a larger "
                "input."
            ),
        ),
        (
            lambda: Conv2D(4, 3, name="conv1")(Input((8, 8))),
            "Layer 'conv1' cannot take the input: expected ndim=4. Received: shape=(None, 8, 8)",
        ),
        (
            lambda: ZeroPadding2D(-1, name="pad"),
            "`ZeroPadding2D` 'pad': `padding` must not be negative. Received: padding=-1",
        ),
        (
            lambda: ZeroPadding2D((1, 2, 3), name="pad"),
            (
                "`ZeroPadding2D` 'pad': `padding` must be a number, (rows, columns) or "
                "((top, bottom), (left, right)). Received: padding=(1, 2, 3)"
            ),
        ),
    ],
)
def test_a_bad_argument_is_named_with_its_layer(make: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)
