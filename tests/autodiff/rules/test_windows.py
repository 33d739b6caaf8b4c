"""Gradients of convolutions and pooling in all the forms that ONNX files hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from konnx.autodiff import RULES
from konnx.graph import Tensor, op, placeholder
from konnx.testing import check_gradients, evaluate, normal, spaced

pytestmark = pytest.mark.gradients

SIZES = {1: (7,), 2: (7, 6), 3: (4, 5, 3)}

# operator, spatial axes, attributes, sizes of the kernel
POOLS: list[tuple[str, int, dict[str, Any]]] = [
    (op_type, rank, {"kernel_shape": [3, 2, 2][:rank], **attributes})
    for op_type in ("MaxPool", "AveragePool", "LpPool")
    for rank, attributes in [
        (1, {}),
        (2, {"auto_pad": "VALID", "strides": [2, 2]}),
        (2, {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        (2, {"auto_pad": "SAME_LOWER", "strides": [2, 1]}),
        (2, {"ceil_mode": 1, "strides": [2, 4]}),
        (2, {"ceil_mode": 1, "strides": [2, 2], "pads": [1, 0, 0, 0]}),
        (3, {"strides": [1, 2, 2], "pads": [1, 0, 1, 0, 1, 0]}),
        (3, {"auto_pad": "SAME_UPPER"}),
    ]
] + [
    ("MaxPool", 1, {"kernel_shape": [2], "dilations": [3], "ceil_mode": 1, "strides": [2]}),
    ("MaxPool", 2, {"kernel_shape": [2, 2], "dilations": [2, 1], "pads": [1, 0, 1, 0]}),
    ("AveragePool", 2, {"kernel_shape": [3, 3], "count_include_pad": 1, "pads": [1, 1, 1, 1]}),
    (
        "AveragePool",
        2,
        {"kernel_shape": [3, 3], "count_include_pad": 1, "auto_pad": "SAME_UPPER"},
    ),
    (
        "AveragePool",
        2,
        {
            "kernel_shape": [3, 3],
            "count_include_pad": 1,
            "pads": [1, 1, 1, 1],
            "ceil_mode": 1,
            "strides": [2, 3],
        },
    ),
    ("LpPool", 2, {"kernel_shape": [2, 2], "p": 3, "dilations": [2, 2]}),
]  # fmt: skip

CONVOLUTIONS: list[tuple[str, int, dict[str, Any]]] = [
    ("Conv", 1, {"auto_pad": "SAME_LOWER", "strides": [2]}),
    ("Conv", 2, {}),
    ("Conv", 2, {"pads": [2, 0, 2, 1], "dilations": [2, 1]}),
    ("Conv", 2, {"auto_pad": "SAME_UPPER", "strides": [3, 2], "group": 2}),
    ("Conv", 2, {"auto_pad": "VALID", "kernel_shape": [3, 2]}),
    ("Conv", 3, {"strides": [1, 2, 1], "pads": [1, 0, 0, 0, 1, 1]}),
    ("Conv", 3, {"auto_pad": "SAME_UPPER", "strides": [2, 2, 2]}),
    ("ConvTranspose", 1, {"strides": [3], "output_padding": [2]}),
    ("ConvTranspose", 1, {"auto_pad": "SAME_UPPER", "strides": [2]}),
    ("ConvTranspose", 1, {"auto_pad": "SAME_LOWER", "strides": [2]}),
    ("ConvTranspose", 1, {"auto_pad": "VALID"}),
    ("ConvTranspose", 2, {"auto_pad": "SAME_UPPER", "strides": [4, 3], "group": 2}),
    ("ConvTranspose", 2, {"output_shape": [14, 12], "strides": [2, 2]}),
    ("ConvTranspose", 2, {"output_shape": [16, 13], "strides": [2, 2], "output_padding": [1, 1]}),
    ("ConvTranspose", 2, {"output_shape": [12, 11], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ("ConvTranspose", 3, {"strides": [2, 1, 2], "pads": [0, 1, 0, 1, 0, 0]}),
    (
        "ConvTranspose",
        3,
        {"dilations": [2, 1, 1], "strides": [2, 1, 1], "output_padding": [1, 0, 0]},
    ),
]


def agree(
    function: Any, inputs: Sequence[np.ndarray], rank: int, sizes: str, **options: Any
) -> None:
    """The gradients are right, and what they were taken of is what the operator computes."""
    dims: list[Any] = [("batch", inputs[0].shape[1], *[None] * rank), *[None for _ in inputs[1:]]]
    check_gradients(
        function, inputs, dims=dims if sizes == "open" else None, dtype="float32", **options
    )
    arrays = [x.astype(np.float32) for x in inputs]
    known = [x.shape for x in arrays]
    shapes = [d or s for d, s in zip(dims, known, strict=True)] if sizes == "open" else known
    tensors = [placeholder(shape) for shape in shapes]
    own = function(*tensors)
    lower = RULES[own.node.op_type].lowering
    assert lower is not None
    lowered = lower(own.node)
    if lowered is not None:
        received, expected = evaluate([lowered[0], own], dict(zip(tensors, arrays, strict=True)))
        np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sizes", ["known", "open"])
@pytest.mark.parametrize(("op_type", "rank", "attributes"), POOLS, ids=str)
def test_pools(op_type: str, rank: int, attributes: dict[str, Any], sizes: str) -> None:
    def pool(x: Tensor) -> Tensor:
        return op(op_type, x, **attributes)

    agree(pool, [spaced((2, 2, *SIZES[rank]))], rank, sizes, tolerance=5e-3)


@pytest.mark.parametrize("sizes", ["known", "open"])
@pytest.mark.parametrize(("op_type", "rank", "attributes"), CONVOLUTIONS, ids=str)
def test_convolutions(op_type: str, rank: int, attributes: dict[str, Any], sizes: str) -> None:
    def convolve(*inputs: Tensor) -> Tensor:
        return op(op_type, *inputs, **attributes)

    group = attributes.get("group", 1)
    inner, outer = (2 // group, 4) if op_type == "Conv" else (4 // group, 2)
    kernel = normal((outer if op_type == "Conv" else 2, inner, *(3, 2, 2)[:rank]), 1)
    bias = normal((4,), 2)
    agree(convolve, [normal((2, 2, *SIZES[rank])), kernel, bias], rank, sizes)


@pytest.mark.parametrize("op_type", ["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_global_pools(op_type: str, rank: int) -> None:
    agree(lambda x: op(op_type, x), [spaced((2, 3, *SIZES[rank]))], rank, "open", tolerance=5e-3)


def test_the_places_of_the_maxima_do_no_harm() -> None:
    check_gradients(
        lambda x: op("MaxPool", x, kernel_shape=[2, 2], outputs=2)[0],
        [spaced((2, 2, 4, 4))],
        dtype="float32",
    )
