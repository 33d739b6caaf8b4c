"""Variables become constants."""

from __future__ import annotations

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Variable, is_constant, is_variable, placeholder, topological_order
from konnx.graph.passes import freeze_variables

pytestmark = pytest.mark.no_runtime


def test_a_variable_becomes_one_constant_of_its_present_value() -> None:
    kernel = Variable(np.ones((3, 2)), "float32", name="dense/kernel")
    x = placeholder(("batch", 3), name="x")
    outputs = [ops.matmul(x, kernel), ops.sum(kernel)]
    kernel.assign(np.full((3, 2), 5.0))
    frozen = freeze_variables(outputs)
    nodes = topological_order(frozen)
    [value] = [
        node.outputs[0]
        for node in nodes
        if node.attributes.get("value") is not None and node.name == "dense/kernel"
    ]
    np.testing.assert_array_equal(value.constant_value, np.full((3, 2), 5.0, np.float32))
    assert not any(is_variable(node.outputs[0]) for node in nodes)
    assert frozen[0].node.inputs[1] is value
    assert frozen[1].node.inputs[0] is value


def test_later_values_of_the_variable_do_not_reach_the_constant() -> None:
    scale = Variable([1.0, 2.0], name="scale")
    [frozen] = freeze_variables([scale])
    scale.assign([3.0, 4.0])
    assert is_constant(frozen)
    np.testing.assert_array_equal(frozen.constant_value, [1.0, 2.0])


def test_a_graph_without_variables_is_returned_as_it_is() -> None:
    outputs = [ops.relu(placeholder((2,), name="x"))]
    assert freeze_variables(outputs) == outputs
