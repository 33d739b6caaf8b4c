"""Padding, cropping and enlarging; transposed and local convolutions; sizes that vary."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import config, layers
from konnx.layers import (
    AveragePooling1D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Input,
    Layer,
    LocallyConnected1D,
    LocallyConnected2D,
    MaxPooling1D,
    MaxPooling3D,
    SeparableConv1D,
    SpatialDropout1D,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding3D,
)
from konnx.testing import evaluate

FIRST = {"data_format": "channels_first"}


def run(layer: Layer, value: np.ndarray, shape: tuple[int | None, ...] | None = None) -> np.ndarray:
    """Return what a layer makes of an array, its sizes known or, by `shape`, not."""
    x = Input(value.shape[1:] if shape is None else shape)
    return evaluate([layer(x)], {x: value})[0]


VARYING: list[tuple[Layer, tuple[int, ...]]] = [
    (ZeroPadding1D((2, 0)), (5, 2)),
    (ZeroPadding3D(1), (2, 3, 4, 2)),
    (Cropping1D((2, 0)), (5, 2)),
    (Cropping1D((0, 1)), (5, 2)),
    (Cropping2D(((1, 0), (0, 2))), (4, 5, 2)),
    (Cropping3D(1), (3, 4, 5, 2)),
    (UpSampling1D(3), (5, 2)),
    (UpSampling2D((2, 3)), (4, 5, 2)),
    (UpSampling2D(2, interpolation="bilinear"), (4, 5, 2)),
    (UpSampling3D((1, 2, 2)), (2, 3, 2, 2)),
    (Conv3D(2, 2, strides=2, padding="same"), (3, 4, 5, 2)),
    (SeparableConv1D(2, 3, strides=2, padding="same"), (7, 2)),
    (Conv2DTranspose(2, 3, strides=2, padding="same"), (4, 5, 2)),
    (Conv2DTranspose(2, 3, strides=2), (4, 5, 2)),
    (Conv2DTranspose(2, 3, strides=2, padding="same", output_padding=1), (4, 5, 2)),
    (Conv3DTranspose(2, 2, strides=(1, 2, 1)), (2, 3, 2, 2)),
    (MaxPooling1D(3, strides=2, padding="same"), (7, 2)),
    (MaxPooling3D(2, strides=1, padding="same"), (3, 4, 5, 2)),
    (AveragePooling1D(3, strides=2, padding="same"), (7, 2)),
]


@pytest.mark.parametrize(
    ("layer", "shape"), VARYING, ids=[f"{type(one).__name__}-{one.name}" for one, _ in VARYING]
)
def test_sizes_may_vary(layer: Layer, shape: tuple[int, ...]) -> None:
    value = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    varying = Input((*[None] * (len(shape) - 1), shape[-1]))
    assert layer(varying).shape[1:-1] == (None,) * (len(shape) - 1)
    expected = run(layer, value)
    result = evaluate([layer.get_output_at(0)], {varying: value})[0]
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)
    assert layer.compute_output_shape((None, *shape)) == (None, *expected.shape[1:])


@pytest.mark.parametrize(
    ("layer", "first"),
    [
        (ZeroPadding1D(1), ZeroPadding1D(1, **FIRST)),
        (Cropping1D(1), Cropping1D(1, **FIRST)),
        (UpSampling1D(2), UpSampling1D(2, **FIRST)),
        (MaxPooling1D(), MaxPooling1D(**FIRST)),
        (AveragePooling1D(), AveragePooling1D(**FIRST)),
        (SpatialDropout1D(0.5), SpatialDropout1D(0.5, **FIRST)),
    ],
)
def test_sequences_may_have_their_channels_first(layer: Layer, first: Layer) -> None:
    value = np.random.default_rng(0).normal(size=(2, 6, 3)).astype("float32")
    result = run(first, value.transpose(0, 2, 1))
    np.testing.assert_array_equal(result.transpose(0, 2, 1), run(layer, value))
    assert "data_format" not in layer.get_config()
    assert first.get_config()["data_format"] == "channels_first"


def test_sequences_have_their_channels_last_whatever_is_set() -> None:
    config.set_image_data_format("channels_first")
    try:
        of_sequences: list[Any] = [
            ZeroPadding1D(), Cropping1D(), UpSampling1D(), MaxPooling1D(), LocallyConnected1D(1, 1),
        ]  # fmt: skip
        of_images: list[Any] = [Cropping2D(), UpSampling2D(), LocallyConnected2D(1, 1)]
    finally:
        config.set_image_data_format("channels_last")
    assert {layer.data_format for layer in of_sequences} == {"channels_last"}
    assert {layer.data_format for layer in of_images} == {"channels_first"}


def test_bilinear_lines_run_between_centres_or_as_before_2020_between_corners() -> None:
    value = np.array([0.0, 4.0], "float32").reshape(1, 1, 2, 1)
    arguments: dict[str, Any] = {"size": (1, 4), "interpolation": "bilinear"}
    centred = run(UpSampling2D(**arguments), value).ravel()
    np.testing.assert_allclose(centred, [0, 0, 0.5, 1.5, 2.5, 3.5, 4, 4])
    cornered = run(UpSampling2D(**arguments, half_pixel_centers=False), value).ravel()
    np.testing.assert_allclose(cornered, [0, 1, 2, 3, 4, 4, 4, 4])


def test_a_transposed_convolution_turns_the_shape_of_a_convolution_round() -> None:
    value = np.ones((1, 4, 4, 1), "float32")
    for padding, size in (("valid", 9), ("same", 8)):
        layer = Conv2DTranspose(1, 3, strides=2, padding=padding, kernel_initializer="ones")
        assert run(layer, value).shape == (1, size, size, 1)
        assert layer.kernel.shape == (3, 3, 1, 1)


def test_the_kernel_of_a_transposed_convolution_is_filters_by_channels() -> None:
    layer = Conv3DTranspose(5, (1, 2, 3))
    layer(Input((4, 4, 4, 2)))
    assert [w.shape for w in layer.weights] == [(1, 2, 3, 5, 2), (5,)]


def test_a_local_convolution_with_equal_kernels_is_a_convolution() -> None:
    value = np.random.default_rng(0).normal(size=(2, 5, 6, 3)).astype("float32")
    kernel = np.random.default_rng(1).normal(size=(2, 3, 3, 4)).astype("float32")
    conv, local = layers.Conv2D(4, (2, 3)), LocallyConnected2D(4, (2, 3))
    for layer in (conv, local):
        layer(Input((5, 6, 3)))
    conv.set_weights([kernel, np.zeros(4)])
    local.set_weights([np.tile(kernel.reshape(1, 18, 4), (16, 1, 1)), np.zeros((4, 4, 4))])
    np.testing.assert_allclose(run(local, value), run(conv, value), rtol=1e-4, atol=1e-5)


@pytest.mark.no_runtime
def test_the_aliases_of_keras_are_the_same_classes() -> None:
    same = {
        "Conv2DTranspose": ("Convolution2DTranspose", "Deconv2D", "Deconvolution2D"),
        "Conv3DTranspose": ("Deconv3D", "Deconvolution3D"),
        "Conv3D": ("Convolution3D",),
        "SeparableConv1D": ("SeparableConvolution1D",),
        **{
            f"{prefix}{long}Pooling{rank}D": (f"{prefix}{short}Pool{rank}D",)
            for prefix in ("", "Global")
            for long, short in (("Max", "Max"), ("Average", "Avg"))
            for rank in (1, 2, 3)
        },
    }
    for name, aliases in same.items():
        for alias in aliases:
            assert getattr(layers, alias) is getattr(layers, name)
            assert layers.LAYERS.resolve(alias) is getattr(layers, name)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Cropping2D(((2, 2), (0, 0)), name="crop")(Input((4, 8, 3))),
            (
                "`Cropping2D` 'crop': `cropping` must leave something of the input, "
                "(None, 4, 8, 3). Received: cropping=((2, 2), (0, 0))"
            ),
        ),
        (
            lambda: Cropping3D((1, 2), name="crop"),
            (
                "`Cropping3D` 'crop': `cropping` must be a number, three of them or three pairs "
                "(before, after). Received: cropping=(1, 2)"
            ),
        ),
        (
            lambda: Cropping1D(-1, name="crop"),
            "`Cropping1D` 'crop': `cropping` must not be negative. Received: cropping=-1",
        ),
        (
            lambda: ZeroPadding1D((1, 2, 3), name="pad"),
            "`ZeroPadding1D` 'pad': `padding` must be a whole number or 2 of them.",
        ),
        (
            lambda: UpSampling2D(0, name="up"),
            "`UpSampling2D` 'up': `size` must be positive. Received: size=0",
        ),
        (
            lambda: UpSampling2D(interpolation="cubic", name="up"),
            "`UpSampling2D` 'up': `interpolation` must be one of 'nearest', 'bilinear'.",
        ),
        (
            lambda: UpSampling3D(name="up")(Input((4, 4, 3))),
            "Layer 'up' cannot take the input: expected ndim=5. Received: shape=(None, 4, 4, 3)",
        ),
        (
            lambda: Conv2DTranspose(1, 3, strides=2, output_padding=2, name="up"),
            (
                "`Conv2DTranspose` 'up': `output_padding` must be less than strides=(2, 2). "
                "Received: output_padding=2"
            ),
        ),
        (
            lambda: Conv2DTranspose(1, 3, name="up")(Input((4, 4, None))),
            "`Conv2DTranspose` 'up': `input_shape` must have a known, positive number of channels.",
        ),
        (
            lambda: LocallyConnected1D(1, 3, padding="same", name="local"),
            "`LocallyConnected1D` 'local': `padding` must be one of 'valid'. Received:",
        ),
        (
            lambda: LocallyConnected1D(1, 3, name="local")(Input((None, 4))),
            (
                "`LocallyConnected1D` 'local': `input_shape` must have known sizes, as each place "
                "has weights of its own. Received: input_shape=(None, None, 4)"
            ),
        ),
        (
            lambda: LocallyConnected2D(1, 5, name="local")(Input((4, 4, 1))),
            "`LocallyConnected2D` 'local': a window of (5, 5) (dilation (1, 1)) does not fit",
        ),
        (
            lambda: SeparableConv1D(1, (3, 3), name="sep"),
            "`SeparableConv1D` 'sep': `kernel_size` must be a whole number. Received:",
        ),
        (
            lambda: MaxPooling3D((2, 2), name="pool"),
            "`MaxPooling3D` 'pool': `pool_size` must be a whole number or 3 of them. Received:",
        ),
    ],
)
def test_a_bad_argument_is_named_with_its_layer(make: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)
