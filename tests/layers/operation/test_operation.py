from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.function import Function
from konnx.layers import Input, Operation, deserialize, is_operation, operand, operation_from_config
from konnx.layers.operation import SYMBOLS
from konnx.layers.operation.parameters import Parameters
from konnx.models import Model
from konnx.testing.layers import check_layer

ROOT = Path(__file__).parents[3]
X = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]], np.float32)


def node(op: str, inputs: int, constants: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """The config of a `TensorFlowOpLayer`."""
    names = [f"input_{place}" for place in range(inputs)]
    definition = {"name": op, "op": op, "input": names, "attr": attributes}
    return {"name": "node", "node_def": json.dumps(definition), "constants": constants}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (node("AddV2", 2, {"1": 2.0}), X + 2),
        (node("Sub", 2, {"0": 2.0}), 2 - X),
        (node("Mean", 2, {"1": [1]}, keep_dims={"b": True}), X.mean(1, keepdims=True)),
        (node("Reshape", 2, {"1": [-1, 3, 1]}), X[:, :, None]),
        (node("Transpose", 2, {"1": [1, 0]}), X.T),
        (node("Pack", 2, {"1": X.tolist()}, axis={"i": "1"}), np.stack([X, X], 1)),
        (node("ConcatV2", 3, {"1": X.tolist(), "2": -1}), np.concatenate([X, X], -1)),
        (node("Cast", 1, {}, DstT={"type": "DT_INT32"}), X.astype(np.int32)),
        (node("Squeeze", 1, {}, squeeze_dims={"list": {}}), X),
        (
            node("MatMul", 2, {"1": X.tolist()}, transpose_b={"b": True}),
            X @ X.T,
        ),
        (
            node(
                "StridedSlice", 4, {"1": [0, 1], "2": [0, 2], "3": [1, 1]},
                begin_mask={"i": "1"}, end_mask={"i": "1"}, shrink_axis_mask={"i": "2"},
            ),
            X[:, 1],
        ),
        (
            node(
                "StridedSlice", 4, {"1": [0, 0], "2": [0, 0], "3": [1, 1]},
                ellipsis_mask={"i": "1"}, new_axis_mask={"i": "2"},
            ),
            X[..., None],
        ),
    ],
)  # fmt: skip
def test_an_operator_of_a_tensorflow_graph_is_an_operation(
    config: dict[str, Any], expected: np.ndarray
) -> None:
    x = Input((3,))
    layer = deserialize({"class_name": "TensorFlowOpLayer", "config": config})
    (result,) = Function([x], [layer(x)])([X])
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result, expected, rtol=1e-6)


@pytest.mark.parametrize(
    "name", ["math.multiply", "math.squared_difference", "math.maximum", "math.divide"]
)
def test_an_operation_keeps_what_every_layer_promises(name: str) -> None:
    arguments = {"symbol": f"tf.{name}", "args": [operand(0), [0.5, 1.5, 2.5]]}
    check_layer(Operation, arguments, (2, 3))


def test_a_shared_operation_takes_other_arguments_at_each_call() -> None:
    x = Input((3,))
    layer = Operation("tf.math.multiply")
    twice, thrice = (layer(x, args=[operand(0), factor]) for factor in (2.0, 3.0))
    model = Model(x, [twice, thrice])
    for one in (model, Model.from_config(model.get_config())):
        np.testing.assert_allclose(one.predict(X), [2 * X, 3 * X])


def test_tensors_stand_in_lists_and_slices() -> None:
    x, size = Input((3,)), Input(batch_shape=(), dtype="int32")
    to_size = {"class_name": "__slice__", "config": {"start": None, "stop": operand(1), "step": 1}}
    whole = {"start": None, "stop": None, "step": None}
    cut = Operation("tf.__operators__.getitem", [operand(0), [whole, to_size]])([x, size])
    joined = Operation("tf.concat", [[operand(0), operand(0)]], {"axis": 1})(cut)
    (result,) = Function([x, size], [joined])([X, np.int32(2)])
    np.testing.assert_array_equal(result, np.concatenate([X[:, :2]] * 2, 1))


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("symbol", "args", "kwargs", "message"),
    [
        ("tf.io.read_file", [], {}, "'tf.io.read_file' is not supported"),
        ("tf.math.multipl", [], {}, "Did you mean 'tf.math.multiply'"),
        ("tf.math.add", [operand(0)], {}, r"'sum': `tf.math.add` needs y"),
        ("tf.math.add", [operand(0), 1.0], {"z": 1}, "takes .*, not z"),
        ("tf.math.add", [operand(0), 1.0], {"x": 1}, "got `x` twice"),
        ("tf.math.add", [operand(0), 1.0, None, 3], {}, "Received: 4 arguments"),
        ("tf.math.add", [operand(0), operand(1)], {}, r"has 1 inputs. Received: operand\(1\)"),
        ("tf.math.add", [{"class_name": "__lambda__"}, 1.0], {}, "argument of an unknown kind"),
    ],
)
def test_what_does_not_fit_is_refused(
    symbol: str, args: list[Any], kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        Operation(symbol, args, kwargs, name="sum")(Input((3,)))


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("class_name", "config"),
    [
        ("TFOpLambda", {"name": "one", "function": "py_function"}),
        ("ClassMethod", {"name": "one", "cls_symbol": "RaggedTensor", "method_name": "from_rows"}),
        ("InstanceProperty", {"name": "one", "attr_name": "flat_values"}),
        ("TensorFlowOpLayer", {"name": "one", "node_def": {"op": "PyFunc", "input": ["x"]}}),
        ("Map", {"name": "one"}),
    ],
)
def test_an_unknown_operation_is_named_with_its_layer(
    class_name: str, config: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="`Operation` 'one': the operation '.*' is not supported"):
        operation_from_config(class_name, config)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"class_name": "TFOpLambda", "config": {"function": "add", "trainable": True}}, True),
        ({"class_name": "Add", "module": "keras.src.ops.numpy", "config": {}}, True),
        ({"class_name": "Add", "module": "keras.layers", "config": {"name": "a"}}, False),
        ({"class_name": "ReLU", "module": "keras.src.activations.activations"}, True),
        ({"class_name": "Softmax", "config": {"name": "s", "axis": -1}}, True),
        ({"class_name": "Softmax", "config": {"name": "s", "dtype": "float32"}}, False),
        ({"class_name": "Dense", "config": {"name": "d"}}, False),
    ],
)
def test_an_operation_is_told_from_a_layer(entry: dict[str, Any], expected: bool) -> None:
    assert is_operation(entry) is expected


@pytest.mark.no_runtime
def test_parameters_bind_what_is_given_by_name_place_or_default() -> None:
    parameters = Parameters("*values, axis=0")
    assert parameters.bind([1, 2], {"axis": 3}) == [[1, 2], 3]
    assert parameters.bind([], {}) == [[], 0]


@pytest.mark.no_runtime
def test_the_documented_list_is_the_table() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    listed = [line for line in text.splitlines() if line.startswith("- `")]
    assert listed == [f"- `{name}({one.parameters.text})`" for name, one in SYMBOLS.items()]
