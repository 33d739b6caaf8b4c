"""Whole networks in channels_last come out as the graphs that one would write by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Tensor, name_scope, placeholder, topological_order
from konnx.graph.passes import freeze_variables, optimize


def image(height: int | str | None = 16, width: int | str | None = 16, channels: int = 3) -> Tensor:
    return placeholder(("batch", height, width, channels), name="image")


def separable_block(layers: Any, x: Tensor, filters: int) -> Tensor:
    shortcut = layers.norm(layers.conv(x, filters, 1, strides=2))
    y = layers.relu(layers.norm(layers.separable(x, filters)))
    y = layers.norm(layers.separable(y, filters))
    y = ops.max_pool(y, (3, 3), (2, 2), "same")
    return y + shortcut


def mini_xception(layers: Any, x: Tensor) -> Tensor:
    for _ in range(2):
        x = layers.relu(layers.norm(layers.conv(x, 8, padding="valid")))
    for filters in (16, 32):
        x = separable_block(layers, x, filters)
    x = ops.mean(layers.conv(x, 7, bias=True), [1, 2])
    return ops.softmax(x)


def resnet(layers: Any, x: Tensor) -> Tensor:
    x = ops.pad(x, [(0, 0), (3, 3), (3, 3), (0, 0)])
    x = layers.relu(layers.norm(layers.conv(x, 8, 7, 2, "valid", bias=True)))
    x = ops.max_pool(ops.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)]), (3, 3), (2, 2))
    for strides in (1, 2):
        shortcut = layers.norm(layers.conv(x, 16, 1, strides, bias=True))
        y = layers.relu(layers.norm(layers.conv(x, 4, 1, strides, bias=True)))
        y = layers.relu(layers.norm(layers.conv(y, 4, bias=True)))
        y = layers.norm(layers.conv(y, 16, 1, bias=True))
        x = layers.relu(y + shortcut)
    return ops.softmax(layers.dense(ops.mean(x, [1, 2]), 5))


def inception(layers: Any, x: Tensor) -> Tensor:
    x = layers.relu(layers.norm(layers.conv(x, 8)))
    one = layers.relu(layers.norm(layers.conv(x, 4, 1)))
    three = layers.relu(layers.norm(layers.conv(layers.conv(x, 4, 1), 6)))
    pooled = layers.relu(layers.norm(layers.conv(ops.average_pool(x, (3, 3), (1, 1), "same"), 2)))
    x = ops.concatenate([one, three, pooled], -1)
    x = ops.max_pool(x, (2, 2), (2, 2))
    return layers.dense(ops.flatten_from(x), 5)


def mobilenet(layers: Any, x: Tensor) -> Tensor:
    x = ops.relu(layers.norm(layers.conv(x, 8, strides=2)), max_value=6.0)
    for filters in (16, 8):
        y = ops.relu(layers.norm(layers.depthwise(x)), max_value=6.0)
        x = ops.relu(layers.norm(layers.conv(y, filters, 1)), max_value=6.0)
    # The gate of squeeze-and-excitation, and the head of MobileNet v1: Dropout, 1x1 Conv, Reshape.
    gate = ops.reshape(ops.mean(x, [1, 2]), [-1, 1, 1, 8])
    gate = ops.sigmoid(layers.dense(ops.relu(layers.dense(gate, 2)), 8))
    x = ops.reshape(ops.mean(x * gate, [1, 2]), [-1, 1, 1, 8])
    return ops.softmax(ops.reshape(layers.conv(x, 5, 1, bias=True), [-1, 5]))


NETWORKS = {
    "mini_xception": (mini_xception, 1, {"Transpose": 0, "Conv": 13, "Mul": 0, "Add": 2}),
    "resnet": (resnet, 3, {"Transpose": 1, "Conv": 9, "Mul": 0, "Add": 2, "Pad": 1}),
    "inception": (inception, 3, {"Transpose": 1, "Conv": 5, "Mul": 0, "Add": 0, "Gemm": 1}),
    "mobilenet": (mobilenet, 3, {"Transpose": 1, "Conv": 6, "Mul": 1, "Pad": 0}),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_channels_last_network_keeps_no_transposes_inside_and_no_normalization(
    name: str, layers: Any, same: Any, operators: Any
) -> None:
    build, channels, expected = NETWORKS[name]
    before = freeze_variables([build(layers, image(channels=channels))])
    after = optimize(before)
    counts = operators(after)
    assert {op: counts[op] for op in expected} == expected
    assert counts["Transpose"] <= operators(before)["Transpose"]
    same(before, after)


@pytest.mark.parametrize("name", NETWORKS)
def test_optimizing_twice_changes_nothing(name: str, layers: Any) -> None:
    build, channels, _ = NETWORKS[name]
    once = optimize(freeze_variables([build(layers, image(channels=channels))]))
    assert optimize(once) == once


@pytest.mark.parametrize("sizes", [(None, None), ("height", "width")])
def test_sizes_of_an_image_may_vary(
    sizes: tuple[Any, Any], layers: Any, same: Any, operators: Any
) -> None:
    x = image(*sizes)
    y = layers.relu(layers.norm(layers.conv(x, 8, strides=2)))
    y = y + layers.conv(ops.average_pool(y, (3, 3), (1, 1), "same"), 8)
    y = ops.max_pool(layers.relu(y), (2, 2), (2, 2), "same")
    before = freeze_variables([layers.dense(ops.mean(y, [1, 2]), 5)])
    after = optimize(before)
    assert operators(after)["Transpose"] == 1
    same(before, after, height=9, width=12)


def test_a_feature_map_as_output_costs_one_transpose(
    layers: Any, same: Any, operators: Any
) -> None:
    x = layers.relu(layers.norm(layers.conv(image(), 8)))
    features = layers.relu(layers.norm(layers.conv(x, 8)) + x)
    before = freeze_variables([features, layers.dense(ops.mean(features, [1, 2]), 5)])
    after = optimize(before)
    assert operators(after)["Transpose"] == 2
    same(before, after)


def test_nodes_keep_the_names_by_which_they_lead_to_a_layer(layers: Any) -> None:
    x = image()
    y = layers.relu(layers.norm(layers.conv(x, 8)))
    with name_scope("top"):
        y = ops.softmax(ops.mean(y, [1, 2]))
    after = optimize(freeze_variables([y]))
    names = {node.op_type: node.name for node in topological_order(after) if not node.domain}
    assert names == {
        "Transpose": "conv_1/Transpose",
        "Conv": "conv_1/Conv",
        "Relu": "relu_3/Relu",
        "ReduceMean": "top/ReduceMean",
        "Softmax": "top/Softmax",
    }
    conv = next(node for node in topological_order(after) if node.op_type == "Conv")
    assert [t.node.name for t in conv.inputs[1:] if t is not None] == [
        "conv_1/kernel",
        "conv_1/bias",
    ]


def test_a_graph_with_nothing_to_do_is_returned_as_it_is() -> None:
    x = placeholder(("batch", 4), name="x")
    outputs = [ops.relu(x), ops.tanh(x)]
    assert optimize(outputs) == outputs


def test_weights_stay_as_they_were(layers: Any) -> None:
    y = layers.norm(layers.conv(image(), 8))
    variables = [node.outputs[0] for node in topological_order([y]) if node.op_type == "Variable"]
    before = [variable.numpy() for variable in variables]
    optimize(freeze_variables([y]))
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
