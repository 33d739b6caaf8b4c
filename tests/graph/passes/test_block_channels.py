"""Blocked channels compute the same as plain ones, and are used only where they can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.function import Function
from konnx.graph import Tensor, Variable, op, placeholder, topological_order
from konnx.graph.passes import block_channels
from konnx.graph.passes.blocked.nodes import DOMAIN
from konnx.testing import evaluate, normal

runtime = pytest.importorskip("konnx.runtime")
BLOCK = runtime.channel_block() if runtime.is_available() else 0
needs_blocks = pytest.mark.skipif(not BLOCK, reason="ONNX Runtime has no blocked operators here")


def blocked_operators(outputs: Sequence[Tensor], block: int = 8) -> Counter[str]:
    """Count the operators of the domain after the pass."""
    nodes = topological_order(block_channels(outputs, block))
    return Counter(node.op_type for node in nodes if node.domain == DOMAIN)


def convolved(
    x: Tensor, filters: int, size: int = 3, seed: int = 0, bias: bool = True, **options: Any
) -> Tensor:
    """A convolution with weights of its own."""
    kernel = Variable(normal((size, size, x.shape[-1] or 1, filters), seed) * 0.2, "float32")
    shift = Variable(normal((filters,), seed + 1), "float32") if bias else None
    given = {"strides": (1, 1), "dilations": (1, 1), **options}
    return ops.convolution(x, kernel, shift, **given)


def two(x: Tensor) -> Tensor:
    return ops.relu(convolved(ops.relu(convolved(x, 16)), 32, seed=2))


def depthwise(x: Tensor) -> Tensor:
    kernel = Variable(normal((3, 3, 16, 1), 7), "float32")
    between = ops.depthwise_convolution(
        ops.relu(convolved(x, 16)), kernel, strides=(1, 1), dilations=(1, 1)
    )
    return convolved(between, 16, seed=3)


def normalized(x: Tensor) -> Tensor:
    """As batch normalization in training."""
    mean = ops.mean(x, [0, 1, 2])
    variance = ops.mean(ops.square(x - ops.stop_gradient(mean)), [0, 1, 2])
    gamma, beta = (Variable(normal((x.shape[-1],), seed), "float32") for seed in (20, 21))
    return ops.normalize(x, mean, variance, gamma, beta, 1e-3)


def normalized_first(x: Tensor) -> Tensor:
    """The same where channels come first."""
    mean = ops.mean(x, [0, 2, 3], keepdims=True)
    variance = ops.mean(ops.square(x - mean), [0, 2, 3], keepdims=True)
    return ops.normalize(x, mean, variance, None, None, 1e-3)


def strided_depthwise(x: Tensor) -> Tensor:
    kernel = Variable(normal((3, 3, 16, 1), 7), "float32")
    y = ops.tanh(convolved(x, 16, padding="same"))
    return ops.depthwise_convolution(y, kernel, strides=(2, 2), dilations=(1, 1), padding="same")


def strided(size: int, strides: tuple[int, int], padding: str) -> Callable[[Tensor], Tensor]:
    """A convolution with strides after another one, so that its input has a gradient in blocks."""
    return lambda x: convolved(
        ops.tanh(convolved(x, 16, padding="same")),
        32,
        size,
        3,
        strides=strides,
        padding=padding,
    )


# name -> the graph of one input (batch, 18, 18, 16), and how many convolutions are blocked
GRAPHS: dict[str, tuple[Callable[[Tensor], Tensor], int]] = {
    "one": (lambda x: convolved(x, 16), 1),
    "two with rectifiers": (two, 2),
    "without bias": (lambda x: convolved(x, 16, bias=False), 1),
    "strides and padding": (lambda x: convolved(x, 16, strides=(2, 2), padding="same"), 1),
    "strides that leave pixels over": (lambda x: convolved(x, 16, strides=(1, 2)), 1),
    "a large kernel": (lambda x: convolved(x, 32, 5, padding="same"), 1),
    "dilations": (lambda x: convolved(x, 16, dilations=(2, 2)), 1),
    "few channels first": (lambda x: two(x[:, :, :, :3]), 2),
    "pixels between": (lambda x: convolved(convolved(convolved(x, 16), 32, 1, 2), 16, 3, 4), 3),
    "depthwise between": (depthwise, 3),
    "pools": (
        lambda x: ops.average_pool(ops.max_pool(two(x), (2, 2), (2, 2)), (3, 3), (1, 1), "same"),
        2,
    ),
    "windows side by side": (lambda x: ops.max_pool(ops.tanh(two(x)), (2, 2), (2, 2)), 2),
    "windows that leave pixels over": (lambda x: ops.max_pool(convolved(x, 16), (3, 5), (3, 5)), 1),
    "windows of rows": (lambda x: ops.max_pool(convolved(x, 32), (4, 1), (4, 1)), 1),
    "batch normalization": (
        # without bias, whose gradient is 0 there
        lambda x: convolved(ops.relu(normalized(convolved(x, 16, bias=False))), 16),
        3,
    ),
    "normalization of each sample": (
        lambda x: ops.normalize_batch(two(x), None, None, [1, 2])[0] * ops.mean(two(x), [1], True),
        4,
    ),
    "strides, kernels of one pixel": (strided(1, (2, 2), "same"), 2),
    "strides of the kernel's size": (strided(2, (2, 2), "valid"), 2),
    "strides, large kernels": (strided(5, (2, 2), "same"), 2),
    "strides of two sizes": (strided(4, (1, 3), "same"), 2),
    "strides, pixels left over": (strided(3, (2, 2), "valid"), 2),
    "depthwise with strides": (strided_depthwise, 2),
    "the mean of all pixels": (lambda x: ops.mean(ops.tanh(two(x)), [1, 2]), 2),
    "channels first": (
        lambda x: ops.mean(
            normalized_first(ops.transpose(two(x), [0, 3, 1, 2])), [2, 3], keepdims=True
        ),
        3,
    ),
    "its shape alone": (
        lambda x: (
            ops.tanh(convolved(x, 16)) * ops.cast(ops.shape(convolved(x, 32, seed=3))[3], "float32")
        ),
        2,
    ),
    "a sum of two ways": (lambda x: convolved(x, 16) + ops.tanh(convolved(x, 16, seed=5)), 2),
    "a sum with what is plain": (
        lambda x: convolved(ops.tanh(x) + convolved(x, 16, padding="same"), 16, seed=4),
        2,
    ),
    "a sum with one for all samples": (
        lambda x: (
            convolved(ops.as_tensor(normal((1, 18, 18, 16), 3).astype(np.float32)), 16)
            + convolved(x, 16)
        ),
        2,
    ),
    "read before and after": (lambda x: two(x) * ops.sum(convolved(x, 16)), 3),
    "enlarged": (
        lambda x: op(
            "Resize",
            ops.transpose(two(x), [0, 3, 1, 2]),
            None,
            ops.as_tensor(np.array([1, 1, 2, 3], dtype=np.float32)),
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
        2,
    ),
}


@needs_blocks
@pytest.mark.parametrize("name", GRAPHS)
def test_outputs_and_gradients_are_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "channel_block", lambda: 0)  # else a function would block both
    build, _ = GRAPHS[name]
    x = placeholder(("batch", 18, 18, 16), name="x")
    y = build(x)
    weights = [node for node in topological_order([y]) if isinstance(node.outputs[0], Variable)]
    wrt = [x, *[node.outputs[0] for node in weights]]
    found = gradients(ops.sum(ops.square(y)), wrt)
    outputs = [y, *[one for one in found if one is not None]]
    image = normal((2, 18, 18, 16), 9)
    expected = evaluate(outputs, {x: image})
    received = evaluate(block_channels(outputs, BLOCK), {x: image})
    for one, other in zip(received, expected, strict=True):
        scale = float(np.abs(other).max())
        np.testing.assert_allclose(one / scale, other / scale, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", GRAPHS)
def test_convolutions_are_blocked(name: str) -> None:
    build, convolutions = GRAPHS[name]
    y = build(placeholder(("batch", 18, 18, 16), name="x"))
    assert blocked_operators([y])["Conv"] == convolutions


@pytest.mark.parametrize(
    ("build", "gradients_by_convolution"),
    [
        pytest.param(two, 2, id="two convolutions"),
        pytest.param(lambda x: two(x[:, :, :, :3]), 2, id="few channels first"),
        pytest.param(lambda x: convolved(x, 16, strides=(2, 2), padding="same"), 1, id="strides"),
        pytest.param(lambda x: convolved(x, 12), 0, id="channels that fill no block"),
        pytest.param(lambda x: convolved(x[:, :, :, :12], 16), 0, id="neither few nor blocks"),
        pytest.param(lambda x: convolved(x, 16, dilations=(2, 2)), 0, id="dilations"),
        pytest.param(lambda x: convolved(x, 16, 1), 1, id="one pixel"),
        pytest.param(lambda x: convolved(x[:, :, :, :3], 16, 1), 0, id="one pixel of few channels"),
        pytest.param(strided_depthwise, 2, id="depthwise"),
        pytest.param(lambda x: convolved(x[:, :6, :6], 16), 0, id="a small image"),
    ],
)
def test_gradients_of_kernels_are_convolutions_over_samples(
    build: Callable[[Tensor], Tensor], gradients_by_convolution: int
) -> None:
    y = build(placeholder(("batch", 18, 18, 16), name="x"))
    weights = [n.outputs[0] for n in topological_order([y]) if isinstance(n.outputs[0], Variable)]
    found = [dw for dw in gradients(ops.sum(ops.square(y)), weights) if dw is not None]
    nodes = topological_order(block_channels(found, 8))
    assert sum(node.op_type == "Scan" for node in nodes) == gradients_by_convolution
    assert not any(node.op_type == "Composite" for node in nodes)


@needs_blocks
def test_maxima_that_tie_share_their_gradient_equally() -> None:
    x = placeholder(("batch", 16, 8, 9), name="x")
    y = op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    [dx] = gradients(ops.sum(y), [x])
    assert dx is not None
    blocked = block_channels([dx], BLOCK)
    assert {node.op_type for node in topological_order(blocked)} >= {"ReorderInput", "Gather"}
    expected = np.zeros((2, 16, 8, 9), np.float32)
    expected[:, :, :, :8] = 0.25
    [received] = evaluate(blocked, {x: np.full((2, 16, 8, 9), 3.0, np.float32)})
    np.testing.assert_array_equal(received, expected)


@pytest.mark.parametrize(
    ("build", "transposed"),
    [
        pytest.param(strided(3, (2, 2), "same"), 0, id="strides"),
        pytest.param(strided_depthwise, 0, id="depthwise"),
        pytest.param(
            lambda x: convolved(ops.tanh(convolved(x, 16))[:, :15, :15], 32, strides=(2, 2)),
            1,
            id="no whole strides",
        ),
    ],
)
def test_a_convolution_takes_the_place_of_a_transposed_one_with_strides(
    build: Callable[[Tensor], Tensor], transposed: int
) -> None:
    y = build(placeholder(("batch", 18, 18, 16), name="x"))
    weights = [n.outputs[0] for n in topological_order([y]) if isinstance(n.outputs[0], Variable)]
    found = [dw for dw in gradients(ops.sum(ops.square(y)), weights) if dw is not None]
    nodes = topological_order(block_channels(found, 8))
    assert sum(node.op_type == "ConvTranspose" for node in nodes) == transposed


@pytest.mark.parametrize(
    ("build", "left"),
    [
        pytest.param(lambda x, v: ops.relu(x * v + v), set(), id="factor, summand, rectifier"),
        pytest.param(lambda x, v: x * v + ops.tanh(x) + v, {"Tanh"}, id="a whole summand"),
        pytest.param(lambda x, v: (x * v) * (x * v + v), {"Mul"}, id="read twice"),
        pytest.param(lambda x, v: ops.tanh(x) + v, {"Tanh", "Add"}, id="no factor"),
    ],
)
def test_values_of_channels_are_depthwise_convolutions(
    build: Callable[[Tensor, Tensor], Tensor], left: set[str]
) -> None:
    x, values = placeholder(("batch", 18, 18, 16), name="x"), placeholder((16,), name="values")
    y = build(convolved(x, 16), values)
    nodes = topological_order(block_channels([y], BLOCK or 8))
    assert {node.op_type for node in nodes} & {"Mul", "Add", "Relu", "Tanh"} == left
    if BLOCK:
        feeds = {x: normal((2, 18, 18, 16), 1), values: normal((16,), 2)}
        [expected], [received] = (evaluate(t, feeds) for t in ([y], block_channels([y], BLOCK)))
        np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-4)


def test_the_sum_of_pixels_is_taken_of_blocks() -> None:
    y = ops.sum(two(placeholder(("batch", 18, 18, 16))), [1, 2])
    assert blocked_operators([y]) == {"ReorderInput": 1, "Conv": 2}


def test_nothing_is_reordered_between_two_convolutions() -> None:
    y = ops.max_pool(two(placeholder(("batch", 18, 18, 16))), (2, 2), (2, 2))
    assert blocked_operators([y]) == {
        "ReorderInput": 1,
        "Conv": 2,
        "MaxPool": 1,
        "ReorderOutput": 1,
    }


def test_a_rectifier_becomes_part_of_its_convolution_unless_another_reads_that() -> None:
    x = placeholder(("batch", 18, 18, 16))
    alone = block_channels([two(x)], 8)
    assert "Relu" not in {node.op_type for node in topological_order(alone)}
    shared = convolved(x, 16)
    both = block_channels([ops.relu(shared), shared], 8)
    assert "Relu" in {node.op_type for node in topological_order(both)}


@pytest.mark.parametrize(
    ("shape", "build"),
    [
        pytest.param((18, 18, 16), lambda x: convolved(x, 12), id="channels that fill no block"),
        pytest.param((18, 18, 3), lambda x: convolved(x, 16), id="few channels, read by no other"),
        pytest.param((18, 18, 16), lambda x: convolved(x, 16, 1), id="one pixel"),
        pytest.param((6, 6, 16), lambda x: convolved(x, 16), id="a small image"),
        pytest.param((None, None, 16), lambda x: convolved(x, 16), id="sizes that vary"),
        pytest.param(
            (18, 16),
            lambda x: ops.convolution(
                x, Variable(normal((3, 16, 16)), "float32"), strides=(1,), dilations=(1,)
            ),
            id="one axis",
        ),
    ],
)
def test_other_convolutions_stay_as_they_are(
    shape: tuple[int | None, ...], build: Callable[[Tensor], Tensor]
) -> None:
    outputs = [build(placeholder(("batch", *shape)))]
    assert block_channels(outputs, 8) == outputs


def test_other_dtypes_stay_as_they_are() -> None:
    x = placeholder(("batch", 16, 18, 18), "float64")
    outputs = [op("Conv", x, ops.as_tensor(normal((16, 16, 3, 3))), kernel_shape=[3, 3])]
    assert block_channels(outputs, 8) == outputs


def test_a_function_emits_standard_onnx_all_the_same() -> None:
    x = placeholder(("batch", 18, 18, 16), name="x")
    function = Function([x], [two(x)], device="cpu")
    if runtime.is_available():
        function([np.zeros((1, 18, 18, 16), np.float32)])
    model = function.emit().model
    assert {opset.domain for opset in model.opset_import} == {""}
    assert {node.domain for node in model.graph.node} == {""}


@needs_blocks
def test_a_function_runs_on_blocked_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    domains: list[set[str]] = []
    program = runtime.Program

    def watched(model: Any, **options: Any) -> Any:
        domains.append({node.domain for node in model.graph.node})
        return program(model, **options)

    monkeypatch.setattr(runtime, "Program", watched)
    x = placeholder(("batch", 18, 18, 16), name="x")
    Function([x], [two(x)], device="cpu")([np.zeros((1, 18, 18, 16), np.float32)])
    monkeypatch.setattr(runtime, "channel_block", lambda: 0)
    Function([x], [two(x)], device="cpu")([np.zeros((1, 18, 18, 16), np.float32)])
    assert domains == [{"", DOMAIN}, {""}]
