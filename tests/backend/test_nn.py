"""The backend's functions of neural networks, against Keras' own values and gradients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx import ops
from konnx.graph import Tensor
from konnx.testing import evaluate

with np.load(Path(__file__).parents[1] / "goldens" / "backend_nn.npz") as _file:
    ARRAYS: dict[str, np.ndarray[Any, Any]] = {key: _file[key] for key in _file.files}
CALLS: list[tuple[str, dict[str, Any]]] = json.loads(str(ARRAYS["calls"]))
NUMBERS = range(len(CALLS))
NAMES = [f"{number}-{function}" for number, (function, _) in enumerate(CALLS)]


def stored(number: int, prefix: str) -> dict[int, np.ndarray[Any, Any]]:
    start = f"{number}.{prefix}"
    return {int(key[len(start) :]): x for key, x in ARRAYS.items() if key.startswith(start)}


def placeholders(arrays: list[np.ndarray[Any, Any]], *, is_open: bool) -> list[Tensor]:
    """Inputs; with open sizes all of the first one vary but that of the channels."""
    shapes: list[Any] = [array.shape for array in arrays]
    if is_open:
        shapes[0] = (*[None] * (len(shapes[0]) - 1), shapes[0][-1])
    return [K.placeholder(s, dtype=x.dtype.name) for s, x in zip(shapes, arrays, strict=True)]


def called(number: int, tensors: list[Tensor]) -> list[Tensor]:
    function, options = CALLS[number]
    result = getattr(K, function)(*tensors, **options)
    return list(result) if isinstance(result, tuple) else [result]


@pytest.mark.gradients
@pytest.mark.parametrize("number", NUMBERS, ids=NAMES)
def test_values_and_gradients_are_those_of_keras(number: int) -> None:
    inputs = list(stored(number, "x").values())
    tensors = placeholders(inputs, is_open=False)
    outputs = called(number, tensors)
    slopes = stored(number, "dx")
    expected = [*stored(number, "y").values(), *slopes.values()]
    found = []
    if slopes:
        size = int(np.prod(outputs[0].shape))
        weights = np.cos(np.arange(size)).reshape(outputs[0].shape).astype("float32")
        found = K.gradients(ops.sum(outputs[0] * weights), [tensors[index] for index in slopes])
    received = evaluate([*outputs, *found], dict(zip(tensors, inputs, strict=True)))
    for mine, theirs in zip(received, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


OPEN = [n for n in NUMBERS if CALLS[n][0].startswith(("conv", "depth", "sep", "pool", "resize"))]


@pytest.mark.parametrize("number", OPEN, ids=[NAMES[n] for n in OPEN])
def test_sizes_may_be_known_to_the_run_only(number: int) -> None:
    inputs = list(stored(number, "x").values())
    tensors = placeholders(inputs, is_open=CALLS[number][1].get("data_format") != "channels_first")
    received = evaluate(called(number, tensors), dict(zip(tensors, inputs, strict=True)))
    np.testing.assert_allclose(received[0], ARRAYS[f"{number}.y0"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
@pytest.mark.parametrize("number", NUMBERS, ids=NAMES)
def test_other_float_types(number: int, dtype: str) -> None:
    given = list(stored(number, "x").values())
    inputs = [x.astype(dtype) if x.dtype.kind == "f" else x for x in given]
    tensors = placeholders(inputs, is_open=False)
    (output, *_) = called(number, tensors)
    wrt = [t for t, x in zip(tensors, inputs, strict=True) if x.dtype.kind == "f"]
    found = []
    if output.dtype != "bool":
        assert output.dtype == dtype
        found = K.gradients(ops.sum(output), wrt)
    received, *slopes = evaluate([output, *found], dict(zip(tensors, inputs, strict=True)))
    assert all(slope.dtype == dtype for slope in slopes)
    tolerance = 2e-2 if dtype == "float16" else 1e-4
    np.testing.assert_allclose(received, ARRAYS[f"{number}.y0"], rtol=tolerance, atol=tolerance / 2)


FIRST = {"conv1d", "conv2d", "conv3d", "conv2d_transpose", "conv3d_transpose", "depthwise_conv2d"}
FIRST |= {"separable_conv2d", "pool2d", "pool3d"}
SLID = [number for number in NUMBERS if CALLS[number][0] in FIRST]


@pytest.mark.parametrize("number", SLID, ids=[NAMES[n] for n in SLID])
def test_channels_may_come_first(number: int) -> None:
    inputs = list(stored(number, "x").values())
    inputs[0] = np.moveaxis(inputs[0], -1, 1)
    function, options = CALLS[number]
    shape = options.get("output_shape")
    if shape is not None:
        options = {**options, "output_shape": [None, shape[-1], *shape[1:-1]]}
    tensors = placeholders(inputs, is_open=False)
    y = getattr(K, function)(*tensors, **{**options, "data_format": "channels_first"})
    received = evaluate([y], dict(zip(tensors, inputs, strict=True)))[0]
    expected = np.moveaxis(ARRAYS[f"{number}.y0"], -1, 1)
    np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-5)


def test_a_separable_convolution_of_sequences_is_one_of_images_with_one_row() -> None:
    x, depthwise, pointwise = (
        K.variable(np.random.default_rng(i).normal(size=shape))
        for i, shape in enumerate([(2, 7, 2), (3, 2, 2), (1, 4, 3)])
    )
    options = {"padding": "same", "data_format": "channels_last"}
    y = K.separable_conv1d(x, depthwise, pointwise, strides=[2], **options)
    rows = [ops.expand_dims(kernel, 0) for kernel in (depthwise, pointwise)]
    image = K.separable_conv2d(ops.expand_dims(x, 1), *rows, strides=[2, 2], **options)
    np.testing.assert_allclose(K.eval(y), K.eval(image)[:, 0], rtol=1e-5)


@pytest.mark.parametrize("is_tensor", [True, False])
@pytest.mark.parametrize(("padding", "size"), [("same", 5), ("same", 6), ("valid", 7)])
def test_the_size_of_a_transposed_convolution_may_be_a_tensor(
    padding: str, size: int, is_tensor: bool
) -> None:
    x = K.placeholder((None, None, 3, 2))
    kernel = K.variable(np.random.default_rng(0).normal(size=(3, 2, 4, 2)))
    width = 6
    fed = K.placeholder((), dtype="int32", name="rows")
    shape: Any = ops.as_tensor([2, size, width, 4]) if is_tensor else [None, fed, width, 4]
    options = {"strides": (2, 2), "padding": padding}
    open_y = K.conv2d_transpose(x, kernel, shape, **options)
    known = K.variable(np.random.default_rng(1).normal(size=(2, 3, 3, 2)))
    closed_y = K.conv2d_transpose(known, kernel, [2, size, width, 4], **options)
    feeds = {x: known.numpy(), **({} if is_tensor else {fed: size})}
    np.testing.assert_allclose(evaluate([open_y], feeds)[0], K.eval(closed_y), rtol=1e-5)


@pytest.mark.parametrize("noise_shape", [None, (None, 1), (1, 300)])
def test_dropout(noise_shape: Any) -> None:
    x = K.variable(np.full((200, 300), 2.0))
    values = K.eval(K.dropout(x, 0.25, noise_shape, seed=3))
    assert values.shape == (200, 300)
    assert set(np.unique(values.round(4))) == {0, np.float32(2.6667)}
    share = 0.05 if noise_shape is None else 0.2
    assert abs(values.mean() / 2.0 - 1.0) < share
    if noise_shape is not None:
        axis = noise_shape.index(1)
        assert (np.ptp(values, axis) == 0).all()


def test_no_dropout_is_the_identity() -> None:
    x = K.placeholder((None, 3))
    assert K.dropout(x, 0.0) is x


REFUSED: list[tuple[Any, str]] = [
    (lambda x: K.dropout(x, 1.0), "`rate` must be at least 0 and less than 1"),
    (lambda x: K.dropout(x, 0.5, (1,)), "`noise_shape` must have as many sizes"),
    (lambda x: K.bias_add(x, x[0, 0]), "A bias must have 1 axis or 3"),
    (lambda x: K.bias_add(x, x[0, 0, 0], "first"), "`data_format` must be one of"),
    (lambda x: K.pool2d(x, (2, 2), pool_mode="mean"), "`pool_mode` must be one of 'max', 'avg'"),
    (lambda x: K.pool2d(x, (2, 2), padding="causal"), "`padding` must be one of 'valid', 'same'"),
    (lambda x: K.pool2d(x, (2, 0)), "`pool_size` must be 2 positive numbers"),
    (lambda x: K.conv2d(x, x, strides=(1, 1, 1)), "`strides` must be 2 positive numbers"),
    (lambda x: K.spatial_2d_padding(x, ((1, 1),)), "`padding` must hold .* for each of 2 axes"),
    (lambda x: K.resize_images(x, 2, 2, None, "area"), "`interpolation` must be one of"),
]


@pytest.mark.no_runtime
@pytest.mark.parametrize(("call", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_bad_arguments(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(K.placeholder((None, 4, 4, 2)))
