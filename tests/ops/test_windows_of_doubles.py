"""Windows over float64 against the operators that ONNX Runtime has for float32, and exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.graph import Tensor, op, placeholder
from konnx.ops import windows_of_doubles
from konnx.testing.evaluation import evaluate
from konnx.testing.gradients import check_gradients

RANDOM = np.random.default_rng(3)


def array(*shape: int) -> np.ndarray:
    return RANDOM.integers(-4, 5, shape).astype("float64")  # of which float32 sums are exact


def inputs(*arrays: np.ndarray, open_sizes: bool = False) -> list[Tensor]:
    names = [f"size_{axis}" for axis in range(5)]
    dims = [names[: a.ndim] if open_sizes and i == 0 else a.shape for i, a in enumerate(arrays)]
    if open_sizes:
        dims[0] = ["batch", arrays[0].shape[1], *names[2 : arrays[0].ndim]]
    return [placeholder(dim, "float64", f"x{i}") for i, dim in enumerate(dims)]


def same_as(name: str, doubles: Any, arrays: list[np.ndarray], **attributes: Any) -> None:
    """Compare with an operator of float32, for sizes known and open."""
    floats = [placeholder(a.shape, "float32", f"f{i}") for i, a in enumerate(arrays)]
    feeds = dict(zip(floats, [a.astype("float32") for a in arrays], strict=True))
    expected = evaluate([op(name, *floats, **attributes)], feeds)[0]
    for open_sizes in (False, True):
        tensors = inputs(*arrays, open_sizes=open_sizes)
        result = evaluate([doubles(*tensors)], dict(zip(tensors, arrays, strict=True)))[0]
        assert result.dtype == np.float64
        np.testing.assert_allclose(result, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("x", "weights", "strides", "pads", "dilations", "group"),
    [
        ((2, 3, 7), (4, 3, 3), [1], [0, 0], [1], 1),
        ((2, 3, 7), (4, 3, 2), [3], [1, 2], [2], 1),
        ((1, 2, 6, 5), (3, 2, 3, 2), [2, 1], [1, 0, 1, 1], [1, 2], 1),
        ((1, 4, 6, 5), (6, 2, 3, 3), [1, 2], [1, 1, 1, 1], [1, 1], 2),
        ((2, 3, 5, 5), (6, 1, 2, 2), [1, 1], [0, 0, 0, 0], [2, 1], 3),
        ((2, 3, 5, 5), (3, 1, 2, 2), [2, 2], [0, 0, 0, 0], [1, 1], 3),
        ((1, 2, 4, 4, 4), (2, 2, 2, 3, 2), [1, 2, 1], [0, 1, 0, 1, 0, 0], [1, 1, 1], 1),
    ],
)
def test_a_convolution_is_that_of_onnx(
    x: Any, weights: Any, strides: Any, pads: Any, dilations: Any, group: int
) -> None:
    same_as(
        "Conv",
        lambda a, w: windows_of_doubles.convolve(a, w, strides, pads, dilations, group),
        [array(*x), array(*weights)],
        strides=strides,
        pads=pads,
        dilations=dilations,
        group=group,
        kernel_shape=list(weights[2:]),
    )


@pytest.mark.parametrize(
    ("x", "weights", "strides", "pads", "dilations", "rest"),
    [
        ((2, 3, 4), (3, 2, 3), [1], [0, 0], [1], [0]),
        ((2, 3, 4), (3, 2, 3), [2], [1, 0], [1], [1]),
        ((1, 2, 3, 4), (2, 3, 3, 2), [2, 3], [1, 0, 1, 1], [1, 1], [1, 2]),
        ((1, 2, 3, 4), (2, 3, 2, 2), [1, 2], [0, 0, 0, 0], [2, 2], [0, 0]),
    ],
)
def test_a_transposed_convolution_is_that_of_onnx(
    x: Any, weights: Any, strides: Any, pads: Any, dilations: Any, rest: Any
) -> None:
    same_as(
        "ConvTranspose",
        lambda a, w: windows_of_doubles.convolve_transposed(a, w, strides, pads, dilations, rest),
        [array(*x), array(*weights)],
        strides=strides,
        pads=pads,
        dilations=dilations,
        output_padding=rest,
        kernel_shape=list(weights[2:]),
    )


@pytest.mark.parametrize(
    ("x", "sizes", "strides", "pads"),
    [
        ((2, 3, 7), [3], [2], [0, 0]),
        ((2, 3, 6, 5), [2, 3], [2, 1], [1, 0, 1, 2]),
        ((1, 2, 4, 4, 4), [2, 2, 2], [2, 2, 2], [0] * 6),
    ],
)
def test_means_are_those_of_onnx(x: Any, sizes: Any, strides: Any, pads: Any) -> None:
    same_as(
        "AveragePool",
        lambda a: windows_of_doubles.average(a, sizes, strides, pads),
        [array(*x)],
        kernel_shape=sizes,
        strides=strides,
        pads=pads,
    )


@pytest.mark.gradients
def test_a_convolution_has_gradients_in_float64() -> None:
    check_gradients(
        lambda x, w: windows_of_doubles.convolve(x, w, [2, 1], [1, 0, 1, 1], [1, 2], 1),
        [array(1, 2, 6, 5), array(3, 2, 3, 2)],
        dtype="float64",
    )
    check_gradients(
        lambda x, w: windows_of_doubles.convolve_transposed(x, w, [2], [1, 0], [1], [1]),
        [array(2, 3, 4), array(3, 2, 3)],
        dtype="float64",
    )
