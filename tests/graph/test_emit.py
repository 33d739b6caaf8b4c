"""Emission: names, sharing, inputs, outputs, and what ONNX' checker says."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from konnx import ops
from konnx.graph import (
    IR_VERSION,
    OPSET,
    PRODUCER,
    Emitted,
    Node,
    ShapeError,
    Tensor,
    Variable,
    constant,
    emit,
    in_train_phase,
    name_scope,
    op,
    placeholder,
    substitute,
)

pytestmark = pytest.mark.no_runtime


def emitted(inputs: dict[str, Tensor], outputs: dict[str, Tensor], **options: Any) -> Emitted:
    """What emit makes, once ONNX' checker has had its say."""
    result = emit(inputs, outputs, **options)
    onnx.checker.check_model(result.model, full_check=True)
    return result


def graph(inputs: dict[str, Tensor], outputs: dict[str, Tensor], **options: Any) -> Any:
    return emitted(inputs, outputs, **options).model.graph


def X() -> Tensor:  # noqa: N802
    return placeholder(("batch", 2), name="x")


def test_a_model_tells_its_versions_and_its_producer() -> None:
    x = X()
    model = emitted({"x": x}, {"y": x * 2}, name="doubled").model
    assert (model.ir_version, model.producer_name) == (IR_VERSION, PRODUCER) == (8, "konnx")
    assert [(one.domain, one.version) for one in model.opset_import] == [("", OPSET)] == [("", 18)]
    assert model.graph.name == "doubled"


def test_inputs_and_outputs_have_their_names_types_and_order() -> None:
    x, n = X(), placeholder((3,), "int64", "n")
    made = graph({"n": n, "images": x}, {"scores": ops.tanh(x), "kept": n})
    assert [value.name for value in made.input] == ["n", "images"]
    assert [value.name for value in made.output] == ["scores", "kept"]
    dims = made.input[1].type.tensor_type.shape.dim
    assert (dims[0].dim_param, dims[1].dim_value) == ("batch", 2)


def test_nodes_are_named_after_their_layers() -> None:
    x = X()
    with name_scope("dense_1"):
        y = ops.tanh(x)
    with name_scope("dense_2"):
        y = ops.tanh(y)
        y = ops.tanh(y)
    made = graph({"x": x}, {"y": y})
    assert [node.name for node in made.node] == ["dense_1/Tanh", "dense_2/Tanh", "dense_2/Tanh_1"]
    assert [node.output[0] for node in made.node] == ["dense_1/Tanh", "dense_2/Tanh", "y"]


def test_a_name_that_is_taken_is_numbered() -> None:
    x = X()
    made = graph({"Tanh": x}, {"Exp": ops.exp(ops.exp(ops.tanh(x)))})
    values = [name for node in made.node for name in node.output]
    assert values == ["Tanh_1", "Exp_1", "Exp"]


def test_equal_nodes_are_written_once() -> None:
    x = X()
    made = graph({"x": x}, {"y": ops.tanh(x) + ops.tanh(x)})
    assert [node.op_type for node in made.node] == ["Tanh", "Add"]


@pytest.mark.parametrize(
    "make",
    [
        lambda x: (ops.softmax(x, 0), ops.softmax(x, 1)),
        lambda x: (x + 1, x + 2),
        lambda x: (ops.relu(x, 0.1), ops.relu(x, 0.2)),
        lambda x: (x - 1, 1 - x),
        lambda x: (op("Split", x, num_outputs=2, axis=1, outputs=2)[0], ops.tanh(x)),
    ],
)
def test_nodes_that_differ_are_written_both(make: Any) -> None:
    x = X()
    first, second = make(x)
    assert len(graph({"x": x}, {"first": first, "second": second}).node) == 2


def test_random_nodes_are_never_shared() -> None:
    first, second = (op("RandomUniform", shape=[2]) for _ in range(2))
    made = graph({}, {"y": first - second})
    assert [node.op_type for node in made.node] == ["RandomUniform", "RandomUniform", "Sub"]


def test_a_random_node_used_twice_is_written_once() -> None:
    random = op("RandomUniform", shape=[2])
    assert len(graph({}, {"y": random - random}).node) == 2


@pytest.mark.parametrize("size", [2, 4000])
def test_equal_small_constants_and_any_one_constant_are_written_once(size: int) -> None:
    x, large = placeholder((size,), name="x"), constant(np.ones(size, np.float32))
    y = (x + large) * large
    assert len(graph({"x": x}, {"y": y}).initializer) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.zeros(2, np.float32), np.zeros((2, 1), np.float32)),
        (np.float32(1), np.float32(2)),
        (np.float32(0), np.float32(-0.0)),
    ],
)
def test_constants_that_differ_are_written_both(first: Any, second: Any) -> None:
    x = X()
    y = (x + constant(first)) * constant(second)
    assert len(graph({"x": x}, {"y": y}).initializer) == 2


def test_constants_of_other_dtypes_are_not_confused() -> None:
    x, n = X(), placeholder((2,), "int64", "n")
    made = graph({"x": x, "n": n}, {"a": x + 0.0, "b": n + 0})
    assert len(made.initializer) == 2


def test_an_output_that_is_an_input_passes_through() -> None:
    x = X()
    made = graph({"x": x}, {"y": x})
    assert [(n.op_type, [*n.input], [*n.output]) for n in made.node] == [("Identity", ["x"], ["y"])]


def test_an_output_with_its_input_s_name_is_that_input() -> None:
    x = X()
    assert len(graph({"x": x}, {"x": x}).node) == 0


def test_an_output_that_is_a_constant() -> None:
    made = graph({}, {"y": constant([1.0, 2.0])})
    assert [node.op_type for node in made.node] == ["Identity"]
    assert numpy_helper.to_array(made.initializer[0]).tolist() == [1, 2]


@pytest.mark.parametrize("freeze", [False, True])
def test_an_output_that_is_a_variable(freeze: bool) -> None:
    result = emitted({}, {"y": Variable([1.0], name="scale")}, freeze=freeze)
    assert [node.op_type for node in result.model.graph.node] == ["Identity"]


def test_one_tensor_under_two_names() -> None:
    x = X()
    y = ops.tanh(x)
    made = graph({"x": x}, {"first": y, "second": y, "third": ops.tanh(x)})
    assert [node.op_type for node in made.node] == ["Tanh", "Identity", "Identity"]
    assert {name for node in made.node for name in node.output} == {"first", "second", "third"}


def test_an_output_that_others_read_keeps_its_name() -> None:
    x = X()
    y = ops.tanh(x)
    made = graph({"x": x}, {"last": ops.exp(y), "middle": y})
    assert [[*node.input] for node in made.node] == [["x"], ["middle"]]


def test_some_outputs_of_a_node() -> None:
    x = X()
    second = op("Split", x, constant([1, 1], "int64"), axis=1, outputs=2)[1]
    made = graph({"x": x}, {"y": second})
    assert made.node[0].output[1] == "y"


def test_inputs_that_nothing_needs_are_declared_all_the_same() -> None:
    x, unused = X(), placeholder((1,), name="unused")
    made = graph({"unused": unused, "x": x}, {"y": ops.tanh(x)})
    assert [value.name for value in made.input] == ["unused", "x"]


def test_variables_are_inputs_by_their_names() -> None:
    x, kernel = X(), Variable(np.ones((2, 2), np.float32), name="dense/kernel")
    result = emitted({"x": x}, {"y": x @ kernel})
    assert result.variables == {"dense/kernel": kernel}
    assert [value.name for value in result.model.graph.input] == ["x", "dense/kernel"]
    assert len(result.model.graph.initializer) == 0


def test_variables_of_one_name_are_told_apart() -> None:
    first, second = Variable(1.0, name="w"), Variable(2.0, name="w")
    assert emitted({}, {"y": first + second}).variables == {"w": first, "w_1": second}


def test_frozen_variables_are_written_with_their_present_values() -> None:
    kernel = Variable([1.0, 2.0], name="kernel")
    kernel.assign([3.0, 4.0])
    x = X()
    result = emitted({"x": x}, {"y": x * kernel}, freeze=True)
    assert result.variables == {}
    (initializer,) = result.model.graph.initializer
    assert (initializer.name, numpy_helper.to_array(initializer).tolist()) == ("kernel", [3, 4])


def test_frozen_variables_of_equal_value_are_not_confused() -> None:
    first, second = Variable([1.0], name="a"), Variable([1.0], name="b")
    made = graph({}, {"y": first - second}, freeze=True)
    assert [one.name for one in made.initializer] == ["a", "b"]


def test_variables_among_the_inputs_have_the_names_given_and_are_not_frozen() -> None:
    kernel, bias = Variable([1.0, 2.0], name="kernel"), Variable([3.0, 4.0], name="bias")
    x = X()
    result = emitted({"x": x, "state/kernel": kernel}, {"y": x * kernel + bias}, freeze=True)
    assert [one.name for one in result.model.graph.input] == ["x", "state/kernel"]
    assert [one.name for one in result.model.graph.initializer] == ["bias"]


def test_an_input_that_is_missing_is_named() -> None:
    x, y = X(), placeholder((2,), name="labels")
    with pytest.raises(ShapeError, match=r"'labels' \(2,\), which is not among the inputs.*'x'"):
        emit({"x": x}, {"z": x + y})


def test_an_input_that_only_the_other_phase_needs_may_be_missing() -> None:
    x, noise = X(), placeholder(("batch", 2), name="noise")
    phase = in_train_phase(x + noise, x)
    assert len(graph({"x": x}, {"y": phase}).node) == 1
    with pytest.raises(ShapeError, match="need the input 'noise'"):
        emit({"x": x}, {"y": phase}, training=True)


def test_an_input_that_the_graph_computes_is_refused() -> None:
    x = X()
    y = ops.tanh(x)
    with pytest.raises(ValueError, match=r"The input 'y' must be a placeholder.*'Tanh'"):
        emit({"y": y}, {"z": y * 2})
    replaced = placeholder(y.dims or (), name="y")
    assert len(graph({"y": replaced}, {"z": substitute([y * 2], {y: replaced})[0]}).node) == 1


def test_absent_inputs_between_others_are_empty() -> None:
    x = X()
    made = graph({"x": x}, {"y": ops.clip(x, max_value=1.0)})
    assert [*made.node[0].input][:2] == ["x", ""]


def test_attributes_of_all_kinds_are_written() -> None:
    x = placeholder((1, 1, 4, 4), name="x")
    y = op("MaxPool", x, kernel_shape=(2, 2), strides=[1, 1], auto_pad="VALID", ceil_mode=0)
    z = op("ConstantOfShape", ops.shape(y), value=np.array([2.5], dtype=np.float32))
    assert len(graph({"x": x}, {"y": ops.relu(y, 0.5) + z}).node) == 4


def test_a_training_graph_is_checker_clean() -> None:
    from konnx.autodiff import gradients

    x = placeholder(("batch", 6, 6, 2), name="x")
    kernel = Variable(np.ones((3, 3, 2, 4), np.float32), name="kernel")
    y = ops.convolution(x, kernel, strides=(1, 1), padding="same", dilations=(1, 1))
    y = ops.max_pool(ops.relu(y), (2, 2), (2, 2)) * ops.keep_mask(y[:, ::2, ::2], 0.5)
    (gradient,) = gradients(ops.mean(y), [kernel])
    assert gradient is not None
    made = graph({"x": x, "seed": ops.SEED}, {"gradient": gradient}, training=True)
    assert made.output[0].type.tensor_type.shape.dim[3].dim_value == 4


def test_ten_thousand_nodes_in_a_row() -> None:
    x = placeholder((), name="x")
    tensor = x
    for _ in range(10_000):
        tensor = Node("Relu", (tensor,), {}, [tensor.type]).outputs[0]
    made = emit({"x": x}, {"y": tensor}).model.graph
    assert len(made.node) == 10_000
    assert made.node[-1].name == "Relu_9999"
