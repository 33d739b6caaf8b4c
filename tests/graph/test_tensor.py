"""Tensors and nodes: inference, names, leaves."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import (
    Node,
    ShapeError,
    Tensor,
    Variable,
    constant,
    current_scope,
    in_train_phase,
    is_constant,
    is_placeholder,
    is_variable,
    name_scope,
    op,
    placeholder,
    refine,
    stop_gradient,
)

pytestmark = pytest.mark.no_runtime

X = placeholder(("batch", 3), name="x")


def test_a_tensor_tells_its_name_shape_and_dtype() -> None:
    assert repr(X) == "<Tensor 'x' shape=('batch', 3) dtype=float32>"
    assert (X.shape, X.dims, X.ndim, X.dtype) == ((None, 3), ("batch", 3), 2, "float32")


@pytest.mark.parametrize(
    ("tensor", "kinds"),
    [
        (X, (True, False, False)),
        (constant(1.0), (False, True, False)),
        (Variable(1.0), (False, False, True)),
        (op("Identity", X), (False, False, False)),
    ],
)
def test_leaves_are_told_apart(tensor: Tensor, kinds: tuple[bool, bool, bool]) -> None:
    assert (is_placeholder(tensor), is_constant(tensor), is_variable(tensor)) == kinds


def test_shapes_and_dtypes_come_from_onnx() -> None:
    y = op("Concat", X, X, axis=1)
    assert (y.dims, y.dtype) == (("batch", 6), "float32")
    values, indices = op("TopK", X, constant([2], "int64"), axis=1, outputs=2)
    assert (values.dtype, indices.dtype) == ("float32", "int64")
    assert indices.dims == ("batch", 2)


def test_small_constants_take_part_in_inference() -> None:
    assert op("Reshape", X, constant([-1, 3, 1], "int64")).dims == (None, 3, 1)


def test_absent_inputs_at_the_end_are_dropped() -> None:
    assert op("Clip", X, None, None).node.inputs == (X,)
    assert op("Clip", X, None, constant(1.0)).node.inputs[1] is None


def test_attributes_that_are_none_are_left_out() -> None:
    assert op("Softmax", X, axis=None).node.attributes == {}


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (
            lambda: op("MatMul", X, constant(np.ones((4, 2), np.float32))),
            r"MatMul in 'dense' cannot take .*float32\['batch', 3\]",
        ),
        (lambda: op("Add", X, constant(1)), r"Add in 'dense' cannot take .*int64\[\]"),
        (lambda: op("Softmax", X, axis=5), r"attributes=\{'axis': 5\}"),
    ],
)
def test_what_does_not_fit_fails_on_the_line_that_wrote_it(make: Any, reason: str) -> None:
    with name_scope("dense"), pytest.raises(ShapeError, match=reason):
        make()


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(Exception, match="Frobnicate"):
        op("Frobnicate", X)


def test_nodes_are_named_after_the_open_scopes() -> None:
    assert current_scope() == ""
    with name_scope("model"), name_scope("dense") as path:
        node = op("Relu", X).node
        assert path == current_scope() == "model/dense"
    assert (node.name, node.scope) == ("model/dense/Relu", "model/dense")
    assert op("Relu", X).name == "Relu"


def test_a_scope_is_left_after_an_error() -> None:
    with pytest.raises(KeyError), name_scope("dense"):
        raise KeyError
    assert current_scope() == ""


def test_outputs_of_one_node_are_numbered() -> None:
    first, second = op("Split", X, constant([1, 2], "int64"), axis=1, outputs=2)
    assert (first.name, second.name) == ("Split:0", "Split:1")
    assert first.node is second.node


@pytest.mark.parametrize(
    ("use", "error", "reason"),
    [
        (bool, TypeError, r"symbolic and has no truth value.*K\.where"),
        (len, TypeError, r"has no len\(\)\. Use K\.int_shape or K\.shape"),
        (list, TypeError, "Cannot iterate"),
    ],
)
def test_a_tensor_is_no_python_value(use: Any, error: type[Exception], reason: str) -> None:
    with pytest.raises(error, match=reason):
        use(X)


def test_tensors_compare_by_identity() -> None:
    assert X == X
    assert placeholder((), name="x") != placeholder((), name="x")
    assert len({X, X}) == 1


def test_nodes_do_not_change() -> None:
    node = op("Relu", X).node
    copy = node.with_inputs([X * 2])
    assert copy is not node
    assert node.inputs == (X,)
    assert (copy.name, copy.outputs[0].type) == (node.name, node.outputs[0].type)


def test_a_constant_is_a_copy_that_cannot_be_written() -> None:
    array = np.zeros(3)
    value = constant(array).constant_value
    array[0] = 1
    assert value is not None
    assert value.tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="read-only"):
        value[0] = 1


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1.0, "float32"),
        (1, "int64"),
        (True, "bool"),
        (np.float64(1), "float64"),
        ([1.5], "float32"),
    ],
)
def test_constants_have_keras_default_dtypes(value: Any, dtype: str) -> None:
    assert constant(value).dtype == dtype


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (placeholder(("batch", 4)), "Sizes 3 and 4 differ"),
        (placeholder(("batch",)), "different ranks"),
        (placeholder(("batch", 3), "float64"), "dtypes float32 and float64 differ"),
    ],
)
def test_the_two_sides_of_a_phase_must_agree(other: Tensor, reason: str) -> None:
    with pytest.raises(ShapeError, match=reason):
        in_train_phase(X, other)


def test_a_phase_knows_what_either_side_knows() -> None:
    phase = in_train_phase(placeholder((None, 3)), placeholder(("batch", None)))
    assert phase.dims == ("batch", 3)


def test_stop_gradient_keeps_the_type() -> None:
    assert stop_gradient(X).type == X.type


@pytest.mark.parametrize("dims", [("batch", 3), (None, 3), (None, None), ("n", 3)], ids=str)
def test_refining_by_nothing_new_costs_no_node(dims: Any) -> None:
    y = op("Relu", X)
    assert refine(y, dims) is y


def test_refining_adds_what_is_known() -> None:
    y = op("Reshape", X, constant([-1], "int64"))
    refined = refine(y, ["n"])
    assert refined.dims == ("n",)
    assert (refined.node.op_type, refined.node.inputs) == ("Reshape", y.node.inputs)


def test_refining_one_output_leaves_the_others() -> None:
    sizes = placeholder((2,), "int64", "sizes")
    parts = op("Split", X, sizes, axis=1, outputs=2)
    refined = refine(parts[1], (None, 2))
    assert (refined.index, refined.dims) == (1, (None, 2))
    assert refined.node.outputs[0].dims == parts[0].dims


def test_a_refined_input_is_still_the_same_input() -> None:
    x = placeholder((None,), name="x")
    refined = refine(x, (3,))
    assert refined.dims == (3,)
    assert refined.node.inputs == (x,)


def test_refining_against_what_is_known_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"'x'.*cannot have the shape \(2, 4\).*3 and 4 differ"):
        refine(X, (2, 4))


def test_an_unknown_rank_is_named() -> None:
    unranked = op("Reshape", X, placeholder((None,), "int64"))
    assert unranked.dims is None
    with pytest.raises(ShapeError, match="The rank of .* is unknown"):
        unranked.shape  # noqa: B018


def test_a_graph_that_nothing_reaches_is_garbage() -> None:
    x = placeholder((2,), name="x")
    node = weakref.ref(ops.tanh(x * 2))
    gc.collect()
    assert node() is None


def test_ten_thousand_nodes_in_a_row_can_be_thrown_away() -> None:
    tensor = placeholder((), name="x")
    for _ in range(10_000):
        tensor = Node("Relu", (tensor,), {}, [tensor.type]).outputs[0]
    del tensor
    assert gc.collect() > 10_000
