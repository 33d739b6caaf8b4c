from __future__ import annotations

import pytest

from konnx.graph import Node, Tensor, op, placeholder, topological_order
from konnx.graph.passes import merge_outputs

pytestmark = pytest.mark.no_runtime

X = placeholder((1, 1, 8, 8), name="x")


def pool(x: Tensor, outputs: int = 1) -> tuple[Tensor, ...]:
    made = op("MaxPool", x, outputs=outputs, kernel_shape=[2, 2])
    return made if isinstance(made, tuple) else (made,)


def pools(outputs: list[Tensor]) -> list[Node]:
    return [node for node in topological_order(outputs) if node.op_type == "MaxPool"]


def test_nodes_of_fewer_outputs_become_the_one_of_most() -> None:
    (narrow,) = pool(X)
    wide, places = pool(X, 2)
    merged = merge_outputs([op("Relu", narrow), wide, places])
    assert len(pools(merged)) == 1
    assert merged[0].node.inputs[0] is merged[1]


def test_nodes_behind_each_other_are_merged_in_one_pass() -> None:
    (first,) = pool(X)
    between = op("Relu", first)
    (second,) = pool(between)
    places = [pool(X, 2)[1], pool(between, 2)[1]]
    merged = merge_outputs([second, *places])
    assert len(pools(merged)) == 2


def test_other_inputs_or_attributes_stay_apart() -> None:
    outputs = [pool(X)[0], pool(op("Relu", X), 2)[1], *pool(X)]
    assert merge_outputs(outputs) == outputs


def test_random_nodes_stay_apart() -> None:
    narrow = op("Dropout", X)
    _, mask = op("Dropout", X, outputs=2)
    assert merge_outputs([narrow, mask]) == [narrow, mask]
