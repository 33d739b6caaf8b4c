from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from konnx.graph import (
    Node,
    Tensor,
    bodies_of,
    captured_by,
    close_over,
    constant,
    emit,
    find_captures,
    has_phase,
    in_train_phase,
    op,
    placeholder,
    select_phase,
    substitute,
)

pytestmark = pytest.mark.no_runtime

CONDITION = placeholder((), "bool", name="condition")
X = placeholder(("batch", 2), name="x")


def choice(then: Tensor, otherwise: Tensor) -> Tensor:
    """An If node whose branches take all they need from around it."""
    outer = find_captures([then, otherwise], [])
    branches = {
        "then_branch": close_over([then], [], outer),
        "else_branch": close_over([otherwise], [], outer),
    }
    return Node("If", [CONDITION, *outer], branches, [then.type]).outputs[0]


def test_a_body_lists_what_it_takes_from_around_it() -> None:
    then, otherwise = op("Relu", X), op("Neg", X)
    outer = find_captures([then, otherwise], [])
    assert outer == [then, otherwise]


def test_small_constants_belong_to_the_body() -> None:
    parameter = placeholder(("batch", 2), name="parameter")
    assert find_captures([op("Add", parameter, constant(1.0))], [parameter]) == []
    large = constant(np.ones((2, 200), np.float32))
    assert find_captures([op("MatMul", parameter, large)], [parameter]) == [large]


def test_what_does_not_depend_on_the_parameters_is_computed_outside() -> None:
    parameter = placeholder(("batch", 2), name="parameter")
    outside = op("Exp", X)
    inside = op("Mul", parameter, op("Neg", outside))
    (captured,) = find_captures([inside], [parameter])
    assert captured.node.op_type == "Neg"


def test_captured_tensors_are_inputs_of_the_node_and_not_of_the_onnx_node() -> None:
    node = choice(op("Relu", X), op("Neg", X)).node
    assert len(captured_by(node)) == 2
    (proto,) = [
        one
        for one in emit({"condition": CONDITION, "x": X}, {"y": node.outputs[0]}).model.graph.node
        if one.op_type == "If"
    ]
    assert list(proto.input) == ["condition"]


def test_names_are_unique_in_the_graph_and_its_bodies() -> None:
    y = choice(op("Relu", X), op("Neg", X))
    model = emit({"condition": CONDITION, "x": X}, {"y": op("Relu", y)}).model
    onnx.checker.check_model(model, full_check=True)
    (node,) = [one for one in model.graph.node if one.op_type == "If"]
    branches = [attribute.g for attribute in node.attribute]
    names = [name for graph in (model.graph, *branches) for n in graph.node for name in n.output]
    assert len(names) == len(set(names))


def test_a_phase_within_a_body_is_selected() -> None:
    parameter = placeholder(("batch", 2), name="parameter")
    body = close_over([in_train_phase(op("Relu", parameter), parameter)], [parameter], [])
    node = Node("Held", [X], {"body": body}, [X.type])
    assert has_phase(node.outputs)
    (training,) = select_phase(node.outputs, training=True)
    (inference,) = select_phase(node.outputs, training=False)
    assert not has_phase([training, inference])
    assert bodies_of(training.node)["body"].results[0].node.op_type == "Relu"
    assert bodies_of(inference.node)["body"].results == (parameter,)


def test_replacing_a_captured_tensor_leaves_the_body_alone() -> None:
    y = choice(op("Relu", X), op("Neg", X))
    other = placeholder(("batch", 2), name="other")
    (replaced,) = substitute([y], {X: other})
    assert bodies_of(replaced.node) == bodies_of(y.node)
    assert other in [t.node.inputs[0] for t in captured_by(replaced.node) if t is not None]


def test_operators_of_other_domains_are_declared() -> None:
    node = Node("Gelu", [X], {}, [X.type], domain="com.microsoft")
    model = emit({"x": X}, {"y": node.outputs[0]}).model
    assert {opset.domain: opset.version for opset in model.opset_import} == {
        "": 18,
        "com.microsoft": 1,
    }
    assert model.graph.node[0].domain == "com.microsoft"


def test_the_emitted_branch_has_typed_outputs() -> None:
    y = choice(op("Relu", X), op("Neg", X))
    model = emit({"condition": CONDITION, "x": X}, {"y": y}).model
    (node,) = [one for one in model.graph.node if one.op_type == "If"]
    branch = helper.get_node_attr_value(node, "then_branch")
    assert branch.output[0].type.tensor_type.elem_type == TensorProto.FLOAT
