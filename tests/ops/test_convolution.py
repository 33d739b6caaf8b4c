"""Convolutions and pooling against plain loops in NumPy."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import ShapeError, name_scope, placeholder, topological_order
from konnx.ops.convolution import same_pads
from konnx.testing import evaluate, normal, spaced

# spatial sizes of the input, of the window, strides, dilations, padding
WINDOWS = [
    ((7,), (3,), (1,), (1,), "valid"),
    ((7,), (3,), (2,), (1,), "same"),
    ((8,), (3,), (2,), (1,), "same"),
    ((8,), (2,), (3,), (1,), "same"),
    ((8,), (4,), (1,), (1,), "same"),
    ((8,), (5,), (3,), (1,), "valid"),
    ((2,), (5,), (1,), (1,), "same"),
    ((8,), (1,), (2,), (1,), "valid"),
    ((5, 6), (3, 2), (2, 1), (1, 1), "same"),
    ((5, 6), (2, 3), (1, 2), (1, 1), "valid"),
    ((5, 6), (3, 3), (2, 2), (1, 1), "same"),
    ((4, 5, 3), (2, 3, 2), (2, 1, 1), (1, 1, 1), "same"),
]
DILATED = [
    ((8,), (3,), (1,), (2,), "valid"),
    ((8,), (3,), (1,), (3,), "same"),
    ((8,), (3,), (1,), (1,), "causal"),
    ((8,), (2,), (1,), (3,), "causal"),
    ((8,), (3,), (2,), (1,), "causal"),
    ((6, 7), (3, 2), (1, 1), (2, 3), "same"),
]


def length_of(n: int, k: int, stride: int, dilation: int, padding: str) -> tuple[int, int]:
    """(size of the output, padding before), as TensorFlow's documentation defines them."""
    reach = (k - 1) * dilation + 1
    if padding == "valid":
        return -(-(n - reach + 1) // stride), 0
    if padding == "causal":
        return -(-n // stride), reach - 1
    out = -(-n // stride)
    return out, max((out - 1) * stride + reach - n, 0) // 2


def windows_of(
    x: np.ndarray, size: Any, strides: Any, dilations: Any, padding: str
) -> tuple[list[int], list[np.ndarray]]:
    """For each place of the window the elements it meets, (batch, *out, channels); NaN outside."""
    axes = list(zip(x.shape[1:-1], size, strides, dilations, strict=True))
    lengths = [length_of(*axis, padding) for axis in axes]
    width = 20
    padded = np.pad(x, [(0, 0), *[(width, width)] * len(axes), (0, 0)], constant_values=np.nan)
    places = []
    for offset in itertools.product(*map(range, size)):
        rows = [
            width - before + o * d + np.arange(out) * s
            for o, (_, _, s, d), (out, before) in zip(offset, axes, lengths, strict=True)
        ]
        grid = np.ix_(range(len(x)), *rows, range(x.shape[-1]))
        places.append(padded[grid])
    return [out for out, _ in lengths], places


def expected_convolution(x: np.ndarray, kernel: np.ndarray, *window: Any) -> np.ndarray:
    rank = kernel.ndim - 2
    _, places = windows_of(x, kernel.shape[:rank], *window)
    matrices = kernel.reshape(-1, *kernel.shape[rank:])
    return np.asarray(sum(np.nan_to_num(p) @ m for p, m in zip(places, matrices, strict=True)))


def expected_depthwise(x: np.ndarray, kernel: np.ndarray, *window: Any) -> np.ndarray:
    rank = kernel.ndim - 2
    _, places = windows_of(x, kernel.shape[:rank], *window)
    matrices = kernel.reshape(-1, *kernel.shape[rank:])
    summed = sum(np.nan_to_num(p)[..., None] * m for p, m in zip(places, matrices, strict=True))
    return np.asarray(summed).reshape(*places[0].shape[:-1], -1)


def in_both_formats(
    function: Callable[[Any, str], Any], x: np.ndarray, data_format: str, open_sizes: bool
) -> np.ndarray:
    """The function's value, brought to channels_last."""
    rank = x.ndim - 2
    first = data_format == "channels_first"
    given = np.moveaxis(x, -1, 1) if first else x
    sizes = [None] * rank if open_sizes else x.shape[1:-1]
    channels = x.shape[-1]
    dims = ["batch", channels, *sizes] if first else ["batch", *sizes, channels]
    tensor = placeholder(dims, name="x")
    y = function(tensor, data_format)
    assert y.dims[0] == "batch"
    (value,) = evaluate([y], {tensor: given.astype(np.float32)})
    known = [
        n if d is None or isinstance(d, str) else d
        for d, n in zip(y.dims, value.shape, strict=True)
    ]
    assert known == list(value.shape)
    return np.moveaxis(value, 1, -1) if first else value


@pytest.mark.parametrize("open_sizes", [False, True], ids=["known", "open"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("spatial", "size", "strides", "dilations", "padding"), WINDOWS + DILATED)
def test_convolutions(
    spatial: Any,
    size: Any,
    strides: Any,
    dilations: Any,
    padding: str,
    data_format: str,
    open_sizes: bool,
) -> None:
    x, bias = normal((2, *spatial, 2)), normal((3,), 2)
    kernel = normal((*size, 2, 3), 1)
    value = in_both_formats(
        lambda t, f: ops.convolution(
            t, ops.as_tensor(kernel, "float32"), ops.as_tensor(bias, "float32"), strides=strides,
            padding=padding, data_format=f, dilations=dilations,
        ),
        x, data_format, open_sizes,
    )  # fmt: skip
    expected = expected_convolution(x, kernel, strides, dilations, padding) + bias
    np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("open_sizes", [False, True], ids=["known", "open"])
@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("spatial", "size", "strides", "dilations", "padding"), WINDOWS[2::3])
def test_depthwise_convolutions(
    spatial: Any,
    size: Any,
    strides: Any,
    dilations: Any,
    padding: str,
    data_format: str,
    multiplier: int,
    open_sizes: bool,
) -> None:
    x, kernel = normal((2, *spatial, 3)), normal((*size, 3, multiplier), 1)
    value = in_both_formats(
        lambda t, f: ops.depthwise_convolution(
            t, ops.as_tensor(kernel, "float32"), strides=strides, padding=padding, data_format=f,
            dilations=dilations,
        ),
        x, data_format, open_sizes,
    )  # fmt: skip
    expected = expected_depthwise(x, kernel, strides, dilations, padding)
    np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("open_sizes", [False, True], ids=["known", "open"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("spatial", "size", "strides", "dilations", "padding"), WINDOWS)
@pytest.mark.parametrize(
    ("pool", "reduce"), [(ops.max_pool, np.nanmax), (ops.average_pool, np.nanmean)]
)
def test_pooling_ignores_its_padding(
    pool: Any,
    reduce: Any,
    spatial: Any,
    size: Any,
    strides: Any,
    dilations: Any,
    padding: str,
    data_format: str,
    open_sizes: bool,
) -> None:
    x = spaced((2, *spatial, 2)) - 5  # mostly negative, so that a padding of 0 would win
    value = in_both_formats(
        lambda t, f: pool(t, size, strides, padding, f), x, data_format, open_sizes
    )
    _, places = windows_of(x, size, strides, dilations, padding)
    np.testing.assert_allclose(value, reduce(places, axis=0), rtol=1e-4, atol=1e-5)


@pytest.mark.no_runtime
@pytest.mark.parametrize(("spatial", "size", "strides", "dilations", "padding"), WINDOWS + DILATED)
def test_output_length(spatial: Any, size: Any, strides: Any, dilations: Any, padding: str) -> None:
    for axis in zip(spatial, size, strides, dilations, strict=True):
        n, k, stride, dilation = axis
        length = ops.output_length(n, k, padding, stride, dilation)
        assert length == length_of(*axis, padding)[0]
    assert ops.output_length(None, 3, "same", 1) is None


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("arguments", "pads"),
    [
        ((7, 3, 1), (1, 1)),
        ((7, 4, 1), (1, 2)),
        ((8, 3, 2), (0, 1)),
        ((8, 1, 3), (0, 0)),
        ((8, 3, 1, 2), (2, 2)),
    ],
)
def test_an_odd_rest_of_the_padding_goes_to_the_end(
    arguments: Sequence[int], pads: tuple[int, int]
) -> None:
    assert same_pads(*arguments) == pads


@pytest.mark.no_runtime
def test_a_convolution_is_one_conv_between_transposes() -> None:
    x, kernel = placeholder(("batch", 8, 8, 3)), placeholder((3, 3, 3, 4))
    y = ops.convolution(x, kernel, strides=(1, 1), padding="same", dilations=(1, 1))
    types = sorted(node.op_type for node in topological_order([y]) if node.inputs)
    assert types == ["Conv", "Transpose", "Transpose", "Transpose"]
    assert y.dims == ("batch", 8, 8, 4)


@pytest.mark.no_runtime
def test_channels_that_do_not_fit_are_refused() -> None:
    x, kernel = placeholder(("batch", 8, 3)), placeholder((3, 2, 4))
    with (
        name_scope("conv_1"),
        pytest.raises(ShapeError, match="Conv in 'conv_1' takes .* 3 axes .* 2 channels"),
    ):
        ops.convolution(x, kernel, strides=(1,), dilations=(1,))


@pytest.mark.no_runtime
def test_an_image_without_a_batch_is_refused() -> None:
    x, kernel = placeholder((8, 2)), placeholder((3, 2, 4))
    with pytest.raises(ShapeError, match="takes an input with 3 axes"):
        ops.convolution(x, kernel, strides=(1,), dilations=(1,))
