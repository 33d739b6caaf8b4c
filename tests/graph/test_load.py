"""Loading: ONNX models as tensors, and what damaged or hostile ones are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper, parser

from konnx import ops
from konnx.graph import (
    Node,
    ShapeError,
    Tensor,
    TensorType,
    Variable,
    constant,
    emit,
    load,
    name_scope,
    op,
    placeholder,
    topological_order,
)

pytestmark = pytest.mark.no_runtime


def parse(graph: str, opset: int = 18) -> onnx.ModelProto:
    """A model from its text, unchecked."""
    text = f'<ir_version: 8, opset_import: ["" : {opset}, "com.microsoft" : 1]>\n'
    return parser.parse_model(text + graph)


def x_of(*dims: int | str, dtype: str = "float32") -> dict[str, Tensor]:
    return {"x": placeholder(dims or ("batch", 3), dtype, "x")}


def load_text(graph: str, given: Mapping[str, Tensor] | None = None, **options: Any) -> Any:
    return load(parse(graph), x_of() if given is None else given, **options)


def op_types(tensors: Sequence[Tensor]) -> list[str]:
    return [node.op_type for node in topological_order(tensors)]


# What comes of a model


def test_what_was_emitted_is_loaded_as_it_was() -> None:
    x, w = placeholder(("batch", 3), name="x"), constant(np.ones((3, 2), np.float32), name="w")
    with name_scope("dense_1"):
        values, indices = ops.matmul(x, w), ops.tanh(x)
    model = emit({"x": x}, {"a": values, "b": indices}).model
    loaded = load(model, {"x": x}).outputs
    assert list(loaded) == ["a", "b"]
    assert emit({"x": x}, loaded).model == model


def test_nodes_keep_their_names_within_the_open_scope() -> None:
    model = parse("g (float[N, 3] x) => (float[N, 3] y) {y = Relu(x)}")
    model.graph.node[0].name = "/layer1/relu/Relu"
    with name_scope("net"):
        y = load(model, x_of()).outputs["y"]
    assert (y.name, y.node.scope) == ("net/layer1/relu/Relu", "net/layer1/relu")


def test_an_initializer_is_a_constant_unless_something_stands_for_it() -> None:
    text = "g (float[N, 3] x) => (float[N, 3] y) <float[3] w = {1, 2, 3}> {y = Mul(x, w)}"
    _, w = load_text(text).outputs["y"].node.inputs
    assert (w.constant_value.tolist(), w.name) == ([1, 2, 3], "w")
    kernel = Variable(np.zeros(3, np.float32), name="kernel")
    assert load_text(text, {**x_of(), "w": kernel}).outputs["y"].node.inputs[1] is kernel


def test_a_value_within_can_be_given_and_is_asked_for_by_name() -> None:
    text = "g (float[N, 3] x) => (float[N, 3] y) {h = Exp(x) g = Tanh(h) y = Relu(g)}"
    h = placeholder(("batch", 3), name="h")
    loaded = load_text(text, {"h": h}, outputs=["g"])
    assert op_types(list(loaded.outputs.values())) == ["Placeholder", "Tanh"]
    assert loaded.values == {"h": h, "g": loaded.outputs["g"]}


def test_what_no_output_needs_is_not_looked_at() -> None:
    text = "g (float[N, 3] x) => (float[N, 3] y) {y = Relu(x) z = Unheard(x)}"
    assert op_types([load_text(text).outputs["y"]]) == ["Placeholder", "Relu"]


def test_optional_inputs_may_be_absent() -> None:
    text = """g (float[N, 3] x) => (float[N, 3] y) <float one = {1}> {
        h = Clip(x, , one) y = Clip(h, one, "")
    }"""
    y = load_text(text).outputs["y"]
    assert [len(y.node.inputs), y.node.inputs[0].node.inputs[1]] == [2, None]


def test_outputs_that_a_node_leaves_out_stay_out() -> None:
    text = """g (float[T, N, 3] x, float[1, 8, 3] w, float[1, 8, 2] r) => (float[1, N, 2] c) {
        , , c = LSTM <hidden_size = 2> (x, w, r)
    }"""
    model = parse(text)
    given = {
        "x": placeholder(("time", "batch", 3)),
        "w": placeholder((1, 8, 3)),
        "r": placeholder((1, 8, 2)),
    }
    loaded = load(model, given).outputs
    assert loaded["c"].index == 2
    again = emit(given, loaded).model
    onnx.checker.check_model(again, full_check=True)
    assert list(again.graph.node[0].output) == ["", "", "c"]


@pytest.mark.parametrize(
    ("attribute", "dtype", "expected"),
    [
        ("value_float = 1.5", "float32", 1.5),
        ("value_floats = [1.0, 2.0]", "float32", [1, 2]),
        ("value_int = 3", "int64", 3),
        ("value_ints = [3, 4]", "int64", [3, 4]),
        ('value_string = "a"', "string", "a"),
        ('value_strings = ["a", "b"]', "string", ["a", "b"]),
        ("value = int32[2] {5, 6}", "int32", [5, 6]),
    ],
)
def test_constant_nodes_become_constants(attribute: str, dtype: str, expected: Any) -> None:
    y = load_text(f"g () => (float y) {{y = Constant <{attribute}> ()}}", {}).outputs["y"]
    assert y.constant_value is not None
    assert (y.dtype, y.constant_value.tolist()) == (dtype, np.asarray(expected).tolist())


def test_attributes_of_every_kind_are_kept() -> None:
    attributes = {
        "f": 0.5,
        "i": 3,
        "s": "text",
        "fs": [0.5, 1.5],
        "ints": [1, 2],
        "ss": ["a", "b"],
        "t": numpy_helper.from_array(np.ones(2, np.float32)),
        "ts": [numpy_helper.from_array(np.zeros(1, np.int64))],
    }
    node = helper.make_node("Own", ["x"], ["y"], domain="my.domain", **attributes)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])
    model = helper.make_model(helper.make_graph([node], "g", [x], [y]))
    model.opset_import[0].version = 18
    given = x_of()
    loaded = load(model, given).outputs
    again = emit(given, loaded).model
    assert [one.domain for one in again.opset_import] == ["", "my.domain"]
    written = {one.name: helper.get_attribute_value(one) for one in again.graph.node[0].attribute}
    read = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    assert written == read


# Types


def test_operators_of_other_domains_have_the_types_that_are_declared_or_told() -> None:
    text = """g (float[N, 3] x) => (float[N, 3] y) <float[N, 5] h> {
        h = com.microsoft.Unheard(x) y = Tanhish(h)
    }"""
    loaded = load_text(text)
    assert [loaded.values["h"].dims, loaded.outputs["y"].dims] == [("N", 5), ("N", 3)]
    assert (loaded.values["h"].node.domain, loaded.outputs["y"].node.domain) == (
        "com.microsoft",
        "",
    )

    def infer(node: onnx.NodeProto, inputs: Sequence[Tensor | None]) -> list[TensorType] | None:
        return [TensorType("float32", (7, None))] if node.op_type == "Unheard" else None

    told = load_text(text, infer=infer)
    assert [told.values["h"].dims, told.outputs["y"].dims] == [(7, 5), ("N", 3)]


def test_declared_sizes_fill_in_what_inference_leaves_open() -> None:
    text = """g (float[N, 6] x, int64[3] s) => (float[N, 2, 3] y) {y = Reshape(x, s)}"""
    given = {"x": placeholder(("batch", 6)), "s": placeholder((3,), "int64")}
    assert load(parse(text), given).outputs["y"].dims == ("N", 2, 3)


def test_inference_is_right_where_the_declaration_differs() -> None:
    text = "g (float[N, M] x) => (float[N, 4, 4] y) {y = Relu(x)}"
    assert load_text(text).outputs["y"].dims == ("batch", 3)


# Functions of the model

FUNCTIONS = """<ir_version: 8, opset_import: ["" : 18, "own" : 1]>
g (float[N, 3] x) => (float[N, 3] y) {{y = own.f0(x)}}
{functions}
"""


def chain(length: int, calls: str, last: str) -> onnx.ModelProto:
    function = '<opset_import: ["" : 18, "own" : 1], domain: "own"> f{} (a) => (b) {{{}}}\n'
    bodies = [function.format(i, calls.replace("NEXT", f"own.f{i + 1}")) for i in range(length)]
    text = FUNCTIONS.format(functions="".join([*bodies, function.format(length, last)]))
    return parser.parse_model(text)


def test_functions_of_the_model_are_written_out() -> None:
    model = chain(2, "c = NEXT(a) b = Exp(c)", "b = Relu(a)")
    y = load(model, x_of()).outputs["y"]
    assert op_types([y]) == ["Placeholder", "Relu", "Exp", "Exp"]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (chain(1, "b = NEXT(a)", "b = own.f0(a)"), "calls itself"),
        (chain(40, "c = NEXT(a) b = NEXT(c)", "b = Relu(a)"), "stands for .* nodes"),
        (chain(3000, "b = NEXT(a)", "b = Relu(a)"), "at 65 levels"),
    ],
    ids=["recursive", "exponential", "deep"],
)
def test_functions_that_would_take_all_memory_are_refused(
    model: onnx.ModelProto, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        load(model, x_of())


# Size


def test_a_graph_may_be_thousands_of_nodes_deep() -> None:
    names = ["x", *(f"h{i}" for i in range(5000))]
    pairs = pairwise(names)
    nodes = [helper.make_node("Relu", [before], [after]) for before, after in pairs]
    model = parse("g (float[N, 3] x) => (float[N, 3] h4999) {h4999 = Relu(x)}")
    del model.graph.node[:]
    model.graph.node.extend(reversed(nodes))  # the order in the file does not matter
    assert len(topological_order(load(model, x_of()).outputs.values())) == 5001


# Bad input

X = "g (float[N, 3] x) => (float[N, 3] y) "


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (X + "{y = Relu(z)}", r"A node 'Relu' needs 'z', which nothing in the graph makes"),
        (X + "{h = Relu(x)}", r"An output is 'y', which nothing"),
        (X + "{h = Add(x, y) y = Relu(h)}", r"needs its own output: the graph has a cycle"),
        (X + "{y = Relu(x) y = Exp(x)}", r"A node 'Exp' makes 'y', which exists already"),
        ("g (float[N, 3] x) => (z) {z = Unheard(x)}", r"the type of its output 'z' is unknown"),
        ("g (float[N, 3] x) => (z) {z = Upsample(x)}", r"the type of its output 'z' is unknown"),
        (X + "{s = SequenceConstruct(x) y = SequenceAt(s, x)}", r"Only tensors .* a sequence"),
        (X + "{y = Cast <to = 16> (x)}", r"A node 'Cast': Tensors of bfloat16 are not supported"),
        (X + "{y = konnx.graph.Phase(x, x)}", r"The domain 'konnx.graph' is konnx' own"),
    ],
)
def test_a_damaged_graph_is_refused(graph: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_text(graph)


def test_an_input_that_is_not_given_is_named() -> None:
    message = r"A node 'Relu' needs the input 'x', which is not given. Inputs: \['x'\]"
    with pytest.raises(ValueError, match=message):
        load_text(X + "{y = Relu(x)}", {})


def test_shapes_that_do_not_fit_name_the_node() -> None:
    model = parse("g (float[N, 3] x) => (y) <float[4] w = {1, 2, 3, 4}> {y = Add(x, w)}")
    model.graph.node[0].name = "block/add"
    with pytest.raises(ShapeError, match=r"Node 'block/add' \('Add'\): Add cannot take"):
        load(model, x_of())


@pytest.mark.parametrize("given", [x_of("batch", 4), x_of("batch", 3, dtype="int64"), x_of(3)])
def test_a_given_tensor_must_fit_its_place(given: dict[str, Tensor]) -> None:
    with pytest.raises(ShapeError, match="cannot stand for 'x'"):
        load_text(X + "{y = Relu(x)}", given)


@pytest.mark.parametrize("opset", [17, 19])
def test_another_opset_is_refused(opset: int) -> None:
    with pytest.raises(ValueError, match=f"must be of opset 18 to be loaded. Received: .* {opset}"):
        load(parse(X + "{y = Relu(x)}", opset), x_of())


def with_weight(**fields: Any) -> onnx.ModelProto:
    model = parse(X[:-1] + " <float[3] w = {1, 2, 3}> {y = Mul(x, w)}")
    weight = model.graph.initializer[0]
    weight.ClearField("float_data")
    weight.raw_data = fields.pop("raw_data", b"\0" * 12)
    for key, value in fields.items():
        if isinstance(value, list):
            weight.ClearField(key)  # type: ignore[arg-type]
            getattr(weight, key).extend(value)
        else:
            setattr(weight, key, value)
    return model


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dims": [2**40, 2**40]}, "Initializer 'w'"),
        ({"dims": [-1]}, r"negative size: \[-1\]"),
        ({"raw_data": b"\0" * 11}, "Initializer 'w'"),
        ({"data_location": TensorProto.EXTERNAL}, "Load the external data first"),
        ({"data_type": TensorProto.FLOAT8E4M3FN}, "Tensors of float8e4m3fn are not supported"),
        ({"data_type": 99}, "Tensors of type 99 are not supported"),
    ],
)
def test_a_damaged_initializer_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(with_weight(**fields), x_of())


def test_two_initializers_of_one_name_are_refused() -> None:
    model = with_weight()
    model.graph.initializer.append(model.graph.initializer[0])
    with pytest.raises(ValueError, match="several inputs or initializers called 'w'"):
        load(model, x_of())


def test_sparse_initializers_are_refused() -> None:
    model = with_weight()
    model.graph.sparse_initializer.add()
    with pytest.raises(ValueError, match="Sparse initializers"):
        load(model, x_of())


def test_a_loaded_node_is_an_ordinary_node() -> None:
    y = load_text(X + "{y = LeakyRelu <alpha = 0.5> (x)}").outputs["y"]
    assert isinstance(y.node, Node)
    assert y.node.attributes == {"alpha": 0.5}
    assert op("LeakyRelu", y.node.inputs[0], alpha=0.5).type == y.type
