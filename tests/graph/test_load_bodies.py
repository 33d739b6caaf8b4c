"""Loading control flow: what a body captures, the types that hold at every step, bad bodies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import pytest
from onnx import parser

from konnx.graph import (
    ShapeError,
    Tensor,
    bodies_of,
    emit,
    is_scan,
    load,
    placeholder,
    topological_order,
)
from konnx.runtime import onnxruntime_module


def parse(graph: str) -> onnx.ModelProto:
    return parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]>\n{graph}')


def inputs_of(model: onnx.ModelProto) -> dict[str, Tensor]:
    """A placeholder for each input, of the type that the model declares."""
    found = {}
    for value in model.graph.input:
        tensor = value.type.tensor_type
        dims = [dim.dim_param or dim.dim_value for dim in tensor.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        found[value.name] = placeholder(dims, dtype, value.name)
    return found


IF = """g (float[N, 3] x, bool c) => (float[N, 3] y) <float[3] w = {1, 2, 3}> {
    h = Mul(x, w)
    y = If (c) <
        then_branch = t () => (float[N, 3] a) {a = Add(h, w)},
        else_branch = e () => (float[N, 3] b) <float[1] k = {5}> {q = Exp(x) b = Mul(q, k)}
    >
}"""
SCAN = """g (float[3] s, float[T, 3] x) => (float[3] last, float[T, 3] ys) {
    last, ys = Scan (s, x) <num_scan_inputs = 1,
        body = b (float[3] a, float[3] e) => (float[3] c, float[3] o) {c = Add(a, e) o = Mul(c, s)}>
}"""
LOOP = """g (float[3] s, int64 n) => (float[3] last, float[M, 3] all) {
    last, all = Loop (n, , s) <
        body = b (int64 i, bool go, float[3] a) => (bool on, float[3] c, float[3] o) {
            on = Identity(go) c = Add(a, s) o = Identity(c)
        }
    >
}"""
NESTED = """g (float[N, 3] x, bool c) => (float[N, 3] y) {
    y = If (c) <
        then_branch = t () => (float[N, 3] a) {
            d = Not(c)
            a = If (d) <
                then_branch = u () => (float[N, 3] p) {p = Exp(x)},
                else_branch = v () => (float[N, 3] q) {q = Neg(x)}
            >
        },
        else_branch = e () => (float[N, 3] b) {b = Identity(x)}
    >
}"""


SCANS = (
    "scan_input_axes = [1]",
    "scan_input_directions = [1]",
    "scan_input_directions = [1], scan_output_directions = [1]",
    "scan_input_axes = [-1], scan_output_axes = [1], scan_output_directions = [1]",
)


@pytest.mark.parametrize("attributes", SCANS)
def test_a_scan_runs_over_the_first_axis_and_in_one_direction(attributes: str) -> None:
    text = SCAN.replace("num_scan_inputs = 1", f"num_scan_inputs = 1, {attributes}")
    swapped = "axes" in attributes
    model = parse(text.replace("float[T, 3] x", "float[3, T] x") if swapped else text)
    given = inputs_of(model)
    loaded = load(model, given).outputs
    [node] = [one for one in topological_order(loaded.values()) if one.op_type == "Scan"]
    assert is_scan(node)
    again = emit(given, loaded).model
    onnx.checker.check_model(again, full_check=True)
    feeds = {"s": np.ones(3, "float32"), "x": np.arange(6, dtype="float32").reshape(2, 3)}
    feeds["x"] = feeds["x"].T.copy() if swapped else feeds["x"]
    for expected, got in zip(run(model, feeds), run(again, feeds), strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("text", [IF, SCAN, LOOP, NESTED], ids=["If", "Scan", "Loop", "nested If"])
@pytest.mark.parametrize("condition", [True, False])
def test_control_flow_computes_what_it_did(text: str, condition: bool) -> None:
    model = parse(text)
    given = inputs_of(model)
    again = emit(given, load(model, given).outputs).model
    onnx.checker.check_model(again, full_check=True)
    values = {"x": np.arange(6, dtype="float32").reshape(2, 3), "c": np.asarray(condition)}
    values |= {"s": np.ones(3, "float32"), "n": np.asarray(2)}
    feeds = {name: values[name] for name in given}
    for expected, got in zip(run(model, feeds), run(again, feeds), strict=True):
        np.testing.assert_array_equal(got, expected)


def run(model: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    session = onnxruntime_module().InferenceSession(model.SerializeToString())
    results: list[np.ndarray] = session.run(None, dict(feeds))
    return results


def test_what_a_body_takes_from_around_it_is_an_input_of_the_node() -> None:
    model = parse(IF)
    node = load(model, inputs_of(model)).outputs["y"].node
    assert {t.name for t in node.inputs if t is not None} == {"c", "Mul", "x"}
    assert {len(body.captures) for body in bodies_of(node).values()} == {2}


@pytest.mark.parametrize(
    ("count", "goes_on", "expected"),
    [
        ("three", "Identity(go)", "Scan"),
        ("three", "Identity(yes)", "Scan"),
        ("none", "Identity(go)", "Loop"),
        ("n", "Identity(go)", "Loop"),
        ("three", "Not(go)", "Loop"),
    ],
)
def test_a_loop_of_a_known_number_of_steps_is_a_scan(
    count: str, goes_on: str, expected: str
) -> None:
    text = LOOP.replace("Loop (n,", f"Loop ({count},").replace("Identity(go)", goes_on)
    stored = "<int64 three = {3}, int64 none = {0}, bool yes = {1}>"
    model = parse(text.replace("float[M, 3] all) {", f"float[M, 3] all) {stored} {{"))
    given = inputs_of(model)
    loaded = load(model, given).outputs
    assert loaded["all"].node.op_type == expected
    feeds = {"s": np.ones(3, "float32"), "n": np.asarray(2)}
    for wanted, got in zip(run(model, feeds), run(emit(given, loaded).model, feeds), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_a_state_that_grows_has_a_size_that_varies() -> None:
    model = parse("""g (float[1, 3] s, int64 n) => (float[M, 3] last) {
        last = Loop (n, , s) <
            body = b (int64 i, bool go, float[K, 3] a) => (bool on, float[L, 3] c) {
                on = Identity(go) c = Concat <axis = 0> (a, s)
            }
        >
    }""")
    assert load(model, inputs_of(model)).outputs["last"].dims == (None, 3)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("float[3] e) =>", "float[3] e, float[3] f) =>", "must take 2 inputs. Received: 3"),
        ("=> (float[3] c, float[3] o)", "=> ()", "returns 0 values for 1 states"),
        ("Add(a, e) o = Mul(c,", "Cast <to = 7> (a) o = Mul(a,", "dtypes float32 and int64 of one"),
        ("num_scan_inputs = 1", "num_scan_inputs = 1, scan_input_axes = [2]", "has no axis 2"),
    ],
)
def test_a_body_that_does_not_fit_is_refused(old: str, new: str, message: str) -> None:
    assert old in SCAN
    model = parse(SCAN.replace(old, new))
    with pytest.raises(ShapeError, match=message):
        load(model, inputs_of(model))


def test_a_missing_body_is_named() -> None:
    model = parse(IF)
    model.graph.node[1].attribute.pop()
    with pytest.raises(ValueError, match="A node 'If': it lacks the attribute '.*_branch'"):
        load(model, inputs_of(model))


def test_other_operators_cannot_hold_graphs() -> None:
    model = parse(IF.replace("If (c)", "Unheard (c)"))
    with pytest.raises(ValueError, match="only If, Loop and Scan can hold graphs"):
        load(model, inputs_of(model))
