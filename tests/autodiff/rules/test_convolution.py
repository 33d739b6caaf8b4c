"""Gradients of convolutions; float32, as ONNX Runtime has no float64 convolution on CPU.

Both sides are linear in each input, so that the central difference errs by rounding only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.autodiff.rules import _kernel_gradient
from konnx.graph import Dim, Tensor, op, placeholder, topological_order
from konnx.testing import check_gradients, evaluate, normal

pytestmark = pytest.mark.gradients

TOLERANCE = 2e-4
CHANNELS, FILTERS = 2, 3

# spatial sizes of the input, of the kernel, strides, dilations, padding
WINDOWS = [
    ((7,), (3,), (1,), (1,), "valid"),
    ((7,), (3,), (1,), (1,), "same"),
    ((7,), (4,), (1,), (1,), "same"),
    ((7,), (3,), (1,), (1,), "causal"),
    ((7,), (3,), (1,), (2,), "causal"),
    ((7,), (3,), (2,), (1,), "causal"),
    ((7,), (2,), (1,), (3,), "valid"),
    ((7,), (3,), (1,), (2,), "same"),
    ((7,), (3,), (2,), (1,), "valid"),
    ((8,), (3,), (2,), (1,), "valid"),
    ((7,), (3,), (2,), (1,), "same"),
    ((8,), (3,), (2,), (1,), "same"),
    ((8,), (5,), (3,), (1,), "valid"),
    ((9,), (5,), (3,), (1,), "same"),
    ((9,), (2,), (3,), (1,), "valid"),
    ((7,), (2,), (3,), (1,), "same"),
    ((8,), (1,), (3,), (1,), "valid"),
    ((8,), (1,), (2,), (1,), "same"),
    ((3,), (3,), (2,), (1,), "valid"),
    ((2,), (5,), (1,), (1,), "same"),
    ((5, 6), (1, 1), (1, 1), (1, 1), "valid"),
    ((5, 6), (1, 1), (2, 2), (1, 1), "same"),
    ((5, 6), (3, 3), (1, 1), (1, 1), "same"),
    ((5, 6), (3, 3), (2, 2), (1, 1), "same"),
    ((5, 6), (3, 2), (2, 3), (1, 1), "valid"),
    ((6, 5), (2, 3), (1, 3), (1, 1), "same"),
    ((7, 6), (3, 2), (1, 1), (2, 3), "valid"),
    ((7, 6), (3, 2), (1, 1), (1, 2), "same"),
    ((4, 5, 3), (2, 2, 2), (1, 1, 1), (1, 1, 1), "valid"),
    ((4, 5, 3), (3, 2, 3), (2, 1, 2), (1, 1, 1), "same"),
]


def shaped(spatial: Sequence[Any], channels: int, data_format: str) -> tuple[Any, ...]:
    """The shape without the batch."""
    if data_format == "channels_first":
        return (channels, *spatial)
    return (*spatial, channels)


def dims_of(rank: int, data_format: str, kernel: tuple[int, ...]) -> list[tuple[Dim, ...]]:
    """No size known but the channels'; kernel and bias as they are."""
    return [("batch", *shaped([None] * rank, CHANNELS, data_format)), kernel, (kernel[-1],)]


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("sizes", ["known", "open"])
@pytest.mark.parametrize(("spatial", "kernel", "strides", "dilations", "padding"), WINDOWS)
def test_gradients_of_input_kernel_and_bias(
    spatial: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    padding: str,
    data_format: str,
    sizes: str,
) -> None:
    def convolution(x: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
        return ops.convolution(
            x,
            weights,
            bias,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilations=dilations,
        )

    weights = (*kernel, CHANNELS, FILTERS)
    check_gradients(
        convolution,
        [
            normal((2, *shaped(spatial, CHANNELS, data_format))),
            normal(weights, 1),
            normal((FILTERS,), 2),
        ],
        dims=dims_of(len(spatial), data_format, weights) if sizes == "open" else None,
        dtype="float32",
        tolerance=TOLERANCE,
    )


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("sizes", ["known", "open"])
@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize(("strides", "padding"), [(1, "valid"), (2, "same"), (3, "valid")])
def test_gradients_of_a_depthwise_convolution(
    strides: int, padding: str, multiplier: int, sizes: str, data_format: str
) -> None:
    def depthwise(x: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
        return ops.depthwise_convolution(
            x,
            weights,
            bias,
            strides=(strides, strides),
            padding=padding,
            data_format=data_format,
            dilations=(1, 1),
        )

    weights = (3, 2, CHANNELS, multiplier)
    bias = (CHANNELS * multiplier,)
    dims = [*dims_of(2, data_format, weights)[:2], bias]
    check_gradients(
        depthwise,
        [
            normal((2, *shaped((5, 6), CHANNELS, data_format))),
            normal(weights, 1),
            normal(bias, 2),
        ],
        dims=dims if sizes == "open" else None,
        dtype="float32",
        tolerance=TOLERANCE,
    )


@pytest.mark.parametrize("dims", [None, [("batch", 4, None, None), None]], ids=["known", "open"])
@pytest.mark.parametrize("filters", [2, 6])
def test_gradients_of_groups_of_several_channels(filters: int, dims: Any) -> None:
    check_gradients(
        lambda x, w: op("Conv", x, w, kernel_shape=[2, 3], strides=[1, 2], group=2),
        [normal((2, 4, 5, 6)), normal((filters, 2, 2, 3), 1)],
        dims=dims,
        dtype="float32",
        tolerance=TOLERANCE,
    )


@pytest.mark.parametrize("dims", [None, [("batch", 2, None, None), None]], ids=["known", "open"])
@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"strides": [2, 3]},
        {"strides": [2, 2], "pads": [1, 0, 0, 1]},
        {"strides": [2, 3], "output_padding": [1, 2]},
        {"dilations": [2, 1]},
        {"group": 2},
    ],
    ids=str,
)
def test_gradients_of_a_transposed_convolution(attributes: dict[str, Any], dims: Any) -> None:
    check_gradients(
        lambda x, w: op("ConvTranspose", x, w, kernel_shape=[3, 3], **attributes),
        [normal((2, 2, 4, 3)), normal((2, 3, 3, 3), 1)],
        dims=dims,
        dtype="float32",
        tolerance=TOLERANCE,
    )


def test_only_what_is_asked_for_is_differentiated() -> None:
    check_gradients(
        lambda x, w: ops.convolution(x, w, strides=(1,), dilations=(1,)),
        [normal((2, 5, 2)), normal((3, 2, 2), 1)],
        wrt=[1],
        dtype="float32",
        tolerance=TOLERANCE,
    )


def test_a_kernel_of_unknown_size_is_refused() -> None:
    kernel = placeholder((None, 2, 3), name="kernel")
    with pytest.raises(ValueError, match="A kernel's sizes must be known"):
        ops.convolution(placeholder((1, 5, 2)), kernel, strides=(1,), dilations=(1,))


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_gradients_agree_for_an_input_as_small_as_its_kernel(padding: str) -> None:
    check_gradients(
        lambda x, w: ops.convolution(
            x,
            w,
            strides=(2, 2),
            dilations=(1, 1),
            padding=padding,
        ),
        [normal((1, 3, 3, 1)), normal((3, 3, 1, 1), 1)],
        dims=[(None, None, None, 1), None],
        dtype="float32",
        tolerance=TOLERANCE,
    )


def test_the_gradient_of_the_sum_of_a_valid_convolution_counts_the_windows() -> None:
    """An independent check: with a kernel of ones, each input gets the number of its windows."""
    x = placeholder((1, 5, 1), name="x")
    kernel = ops.as_tensor(np.ones((3, 1, 1), dtype=np.float32))
    loss = ops.sum(ops.convolution(x, kernel, strides=(2,), dilations=(1,)))
    (gradient,) = gradients(loss, [x])
    assert gradient is not None
    assert evaluate([gradient], {x: np.zeros((1, 5, 1))})[0].ravel().tolist() == [1, 1, 2, 1, 1]


@pytest.mark.parametrize(("spatial", "kernel", "strides", "dilations", "padding"), WINDOWS[::3])
def test_all_ways_to_write_the_gradient_of_a_kernel_agree(
    spatial: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    padding: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = placeholder(("batch", *spatial, CHANNELS), name="x")
    weights = placeholder((*kernel, CHANNELS, FILTERS), name="weights")
    y = ops.convolution(x, weights, strides=strides, padding=padding, dilations=dilations)
    feeds = {x: normal((2, *spatial, CHANNELS)), weights: normal((*kernel, CHANNELS, FILTERS), 1)}
    found = []
    for few, most in ((1, 2**20), (100, 2**20), (1, 0)):  # gathered, joined, place by place
        monkeypatch.setattr(_kernel_gradient, "_FEW", few)
        monkeypatch.setattr(_kernel_gradient, "_MOST", most)
        (gradient,) = gradients(ops.sum(ops.square(y)), [weights])
        assert gradient is not None
        found += evaluate([gradient], feeds)
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-5, atol=1e-5)


def test_a_kernel_over_many_channels_is_one_product() -> None:
    x = placeholder(("batch", 8, 8, 32), name="x")
    weights = placeholder((3, 3, 32, 16), name="weights")
    y = ops.convolution(x, weights, strides=(1, 1), dilations=(1, 1))
    nodes = topological_order([one for one in gradients(ops.sum(y), [weights]) if one is not None])
    assert [node.op_type for node in nodes].count("MatMul") == 1


@pytest.mark.parametrize("pads", [[2, 0], [0, 3], [2, 2]], ids=str)
def test_more_padding_than_the_kernel_reaches(pads: list[int]) -> None:
    check_gradients(
        lambda x, w: op("Conv", x, w, kernel_shape=[2], pads=pads),
        [normal((2, 2, 5)), normal((3, 2, 2), 1)],
        dtype="float32",
        tolerance=TOLERANCE,
    )
