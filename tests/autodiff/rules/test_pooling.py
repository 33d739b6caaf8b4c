"""Gradients of pooling; float32, as ONNX Runtime has no float64 kernels for it on CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.graph import Tensor, op, placeholder
from konnx.testing import check_gradients, evaluate, normal, spaced

pytestmark = pytest.mark.gradients

# spatial sizes of the input, of the window, strides, padding
WINDOWS = [
    ((6,), (2,), (2,), "valid"),
    ((7,), (2,), (2,), "valid"),  # a rest that no window reaches
    ((7,), (2,), (2,), "same"),
    ((7,), (3,), (2,), "valid"),
    ((8,), (3,), (2,), "valid"),
    ((8,), (3,), (2,), "same"),
    ((7,), (3,), (1,), "same"),
    ((7,), (2,), (3,), "valid"),  # elements between the windows
    ((8,), (2,), (3,), "same"),
    ((8,), (1,), (2,), "valid"),
    ((3,), (3,), (1,), "valid"),
    ((2,), (3,), (2,), "same"),
    ((4, 6), (2, 2), (2, 2), "valid"),
    ((5, 7), (2, 3), (2, 3), "valid"),
    ((5, 6), (2, 2), (2, 2), "same"),
    ((5, 6), (3, 2), (1, 2), "valid"),
    ((5, 6), (3, 3), (2, 2), "same"),
    ((5, 6), (2, 1), (3, 2), "valid"),
    ((4, 3, 4), (2, 2, 2), (2, 2, 2), "valid"),
    ((4, 3, 4), (2, 2, 2), (1, 2, 1), "same"),
]


def arrange(spatial: tuple[Any, ...], data_format: str) -> tuple[Any, ...]:
    return (2, *spatial) if data_format == "channels_first" else (*spatial, 2)


def dims_of(rank: int, data_format: str, sizes: str) -> list[tuple[Any, ...]] | None:
    if sizes == "known":
        return None
    return [("batch", *arrange((None,) * rank, data_format))]


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("sizes", ["known", "open"])
@pytest.mark.parametrize(("spatial", "window", "strides", "padding"), WINDOWS)
@pytest.mark.parametrize("pool", [ops.max_pool, ops.average_pool])
def test_the_gradient_agrees_with_the_central_difference(
    pool: Any, spatial: Any, window: Any, strides: Any, padding: str, sizes: str, data_format: str
) -> None:
    check_gradients(
        lambda x: pool(x, window, strides, padding, data_format),
        [spaced((2, *arrange(spatial, data_format)))],
        dims=dims_of(len(spatial), data_format, sizes),
        dtype="float32",
    )


@pytest.mark.parametrize("sizes", ["known", "open"])
@pytest.mark.parametrize(("spatial", "window", "strides", "padding"), WINDOWS)
def test_maxima_that_tie_share_and_keep_the_total(
    spatial: Any, window: Any, strides: Any, padding: str, sizes: str
) -> None:
    dims = dims_of(len(spatial), "channels_last", sizes) or [(2, *spatial, 2)]
    x = placeholder(dims[0], name="x")
    y = ops.max_pool(x, window, strides, padding)
    weights = placeholder(y.dims or (), name="weights")
    (gradient,) = gradients(ops.sum(y * weights), [x])
    assert gradient is not None
    shape = evaluate([y], {x: np.zeros((2, *spatial, 2))})[0].shape
    weighted = normal(shape, 3)
    (shared,) = evaluate([gradient], {x: np.zeros((2, *spatial, 2)), weights: weighted})
    # Per sample and channel, whatever the windows are.
    axes = tuple(range(1, len(shape) - 1))
    np.testing.assert_allclose(shared.sum(axes), weighted.sum(axes), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("strides", [2, 1], ids=["partition", "overlapping"])
def test_two_equal_maxima_of_a_window_get_half_each(strides: int) -> None:
    x = placeholder((1, 2, 2, 1), name="x")
    (gradient,) = gradients(ops.sum(ops.max_pool(x, (2, 2), (strides, strides))), [x])
    assert gradient is not None
    image = np.array([1.0, 5.0, 5.0, 0.0]).reshape(1, 2, 2, 1)
    assert evaluate([gradient], {x: image})[0].ravel().tolist() == [0, 0.5, 0.5, 0]


def test_negative_maxima_win_over_the_padding() -> None:
    x = placeholder((1, 3, 1), name="x")
    y = ops.max_pool(x, (3,), (2,), "same")
    (gradient,) = gradients(ops.sum(y), [x])
    assert gradient is not None
    values = evaluate([y, gradient], {x: np.array([-3.0, -1.0, -2.0]).reshape(1, 3, 1)})
    assert [value.ravel().tolist() for value in values] == [[-1, -1], [0, 2, 0]]


def test_average_pooling_does_not_count_the_padding() -> None:
    x = placeholder((1, 3, 1), name="x")
    (gradient,) = gradients(ops.sum(ops.average_pool(x, (3,), (2,), "same")), [x])
    assert gradient is not None
    assert evaluate([gradient], {x: np.ones((1, 3, 1))})[0].ravel().tolist() == [0.5, 1, 0.5]


@pytest.mark.parametrize("count_include_pad", [0, 1])
def test_padding_counts_where_the_operator_says_so(count_include_pad: int) -> None:
    check_gradients(
        lambda x: op(
            "AveragePool",
            x,
            kernel_shape=[3],
            strides=[2],
            pads=[1, 1],
            count_include_pad=count_include_pad,
        ),
        [normal((2, 2, 5))],
        dtype="float32",
    )


@pytest.mark.parametrize("strides", [(2,), (1,)], ids=["partition", "overlapping"])
@pytest.mark.parametrize("pool", [ops.max_pool, ops.average_pool])
def test_the_gradient_can_be_differentiated_again(pool: Any, strides: Any) -> None:
    def gradient(x: Tensor) -> list[Tensor]:
        found = gradients(ops.sum(ops.square(pool(x, (2,), strides))), [x])
        return [dx for dx in found if dx is not None]

    check_gradients(gradient, [spaced((2, 5, 2))], dtype="float32")
