"""Exported graphs as deployment wants them from outside: shapes, layouts, states, names."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import onnx
import pytest

from konnx import runtime
from konnx.converters import to_onnx
from konnx.layers import (
    GRU,
    LSTM,
    Add,
    BatchNormalization,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
    Reshape,
)
from konnx.models import Model, Sequential

Array = np.ndarray[Any, Any]


def network(shape: tuple[int | None, ...] = (12, 12, 3)) -> Model:
    x = Input(shape, name="picture")
    y = Conv2D(4, 3, padding="same", activation="relu", name="first")(x)
    y = MaxPooling2D()(Add(name="sum")([y, BatchNormalization()(Conv2D(4, 1)(x))]))
    return Model(x, [Conv2D(2, 3, name="map")(y), GlobalAveragePooling2D(name="top")(y)])


def streaming() -> Model:
    layers = [
        LSTM(4, return_sequences=True, stateful=True, batch_input_shape=(1, 5, 3), name="low"),
        GRU(3, stateful=True, name="high"),
        Dense(2, name="out"),
    ]
    return Sequential(layers)


def dims(value: onnx.ValueInfoProto) -> list[Any]:
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]


def shapes(proto: onnx.ModelProto) -> dict[str, list[Any]]:
    return {value.name: dims(value) for value in (*proto.graph.input, *proto.graph.output)}


def operators(proto: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in proto.graph.node)


def run(proto: onnx.ModelProto, **feeds: Array) -> dict[str, Array]:
    names = [value.name for value in proto.graph.output]
    program = runtime.Program(proto, feeds=list(feeds), fetches=names)
    return dict(zip(names, program(*feeds.values()), strict=True))


def pictures(*shape: int) -> Array:
    return np.random.RandomState(0).uniform(size=shape).astype(np.float32)


# Shapes


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"batch": 2}, [2, 12, 12, 3]),
        ({"batch": "dynamic"}, ["batch", 12, 12, 3]),
        ({"input_shapes": {"picture": (1, None, None, None)}}, [1, 12, 12, 3]),
        ({"batch": 3, "input_shapes": {"picture": (1, None, None, None)}}, [3, 12, 12, 3]),
    ],
)
def test_a_batch_is_fixed_or_open_as_asked(options: dict[str, Any], expected: list[Any]) -> None:
    found = shapes(to_onnx(network(), **options))
    assert found["picture"] == expected
    assert found["top"] == [expected[0], 4]


def test_sizes_left_open_can_be_fixed_or_named_and_come_out_as_before() -> None:
    model = network((None, None, 3))
    x = pictures(2, 10, 8, 3)
    named = to_onnx(model, input_shapes={"picture": ("n", "height", "width", None)})
    assert shapes(named)["picture"] == ["n", "height", "width", 3]
    fixed = to_onnx(model, input_shapes={"picture": (2, 10, 8, None)})
    assert shapes(fixed) == {"picture": [2, 10, 8, 3], "map": [2, 3, 2, 2], "top": [2, 4]}
    assert "Shape" not in operators(fixed)
    expected = model.predict(x)
    for proto in (named, fixed):
        received = run(proto, picture=x)
        for one, other in zip(received.values(), expected, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_model_of_one_batch_size_can_be_opened() -> None:
    x = Input(batch_shape=(2, 4), name="x")
    model = Model(x, Dense(3, name="y")(Reshape((2, 2))(x)))
    assert shapes(to_onnx(model)) == {"x": [2, 4], "y": [2, 2, 3]}
    proto = to_onnx(model, batch="dynamic")
    assert shapes(proto) == {"x": ["batch", 4], "y": ["batch", 2, 3]}
    assert run(proto, x=pictures(5, 4))["y"].shape == (5, 2, 3)


@pytest.mark.no_runtime
def test_the_model_itself_stays_as_it_was() -> None:
    model = network()
    before = ([tensor.dims for tensor in model.inputs], model.to_json(), len(model.nodes))
    to_onnx(model, batch=1)
    assert ([tensor.dims for tensor in model.inputs], model.to_json(), len(model.nodes)) == before


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 0}, "`batch` must be a positive number or 'dynamic'. Received: 0"),
        ({"batch": "any"}, "`batch` must be a positive number or 'dynamic'. Received: 'any'"),
        ({"input_shapes": {"pictures": (1, 2, 3, 4)}}, "no 'pictures'.*Did you mean 'picture'"),
        ({"input_shapes": {"picture": (1, 3)}}, r"4 axes, batch included.*Received: \[1, 3\]"),
        ({"input_shapes": {"picture": (1, 0, 4, 3)}}, "sizes must be positive"),
        ({"input_shapes": {"picture": (1, 12, 12, 4)}}, "does not take inputs of these shapes"),
        ({"opset": 18, "batsch": 3}, "unexpected keyword argument 'batsch'"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        to_onnx(network(), **options)


@pytest.mark.no_runtime
def test_a_batch_that_a_state_fixes_cannot_be_opened() -> None:
    with pytest.raises(ValueError, match="does not take inputs of these shapes: State 0 .* 'low'"):
        to_onnx(streaming(), batch="dynamic")


# Layouts


def test_images_go_in_and_come_out_with_channels_first_and_no_transpose_is_left() -> None:
    model = network()
    proto = to_onnx(model, inputs_as_nchw=True, outputs_as_nchw=True)
    assert shapes(proto)["picture"] == ["batch", 3, 12, 12]
    assert shapes(proto)["map"] == ["batch", 2, 4, 4]
    assert "Transpose" not in operators(proto)
    x = pictures(2, 12, 12, 3)
    maps, top = model.predict(x)
    received = run(proto, picture=x.transpose(0, 3, 1, 2).copy())
    np.testing.assert_allclose(received["map"].transpose(0, 2, 3, 1), maps, atol=1e-5)
    np.testing.assert_allclose(received["top"], top, atol=1e-5)


def test_signals_of_one_axis_too() -> None:
    model = Sequential([Conv1D(4, 3, input_shape=(9, 2), name="signal")])
    name = model.input_names[0]
    proto = to_onnx(model, inputs_as_nchw=[name], outputs_as_nchw=["signal"])
    x = pictures(2, 9, 2)
    received = run(proto, **{name: x.transpose(0, 2, 1).copy()})["signal"]
    np.testing.assert_allclose(received.transpose(0, 2, 1), model.predict(x), atol=1e-5)


@pytest.mark.no_runtime
def test_a_residual_network_of_dilated_convolutions_has_two_transposes_in_all() -> None:
    x = y = Input((64, 8), name="signal")
    for rate in (1, 2, 4, 8, 16):
        z = Conv1D(8, 3, padding="causal", dilation_rate=rate, activation="relu")(y)
        z = Dropout(0.1)(BatchNormalization()(z))
        y = Add()([y, Conv1D(8, 1)(z)])
    assert operators(to_onnx(Model(x, y)))["Transpose"] <= 2


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (network, {"inputs_as_nchw": ["top"]}, "The model has no 'top'. It has: picture"),
        (network, {"outputs_as_nchw": ["top"]}, r"'top' must have 3 to 5 axes.*\['batch', 4\]"),
        (streaming, {"inputs_as_nchw": True}, "nothing has four axes"),
    ],
)
def test_layouts_that_do_not_fit_are_refused(model: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        to_onnx(model(), **options)


# States


def test_states_are_inputs_and_outputs_and_carry_a_stream_through_pieces() -> None:
    model = streaming()
    proto = to_onnx(model, states=True)
    states = ["low_0", "low_1", "high_0"]
    assert [value.name for value in proto.graph.input][1:] == [f"{one}_in" for one in states]
    assert [value.name for value in proto.graph.output] == ["out", *(f"{s}_out" for s in states)]
    assert not {"Scan", "Loop"} & set(operators(proto))
    name = model.input_names[0]
    carried = {f"{one}_in": np.zeros((1, 3 if "high" in one else 4), np.float32) for one in states}
    for piece in pictures(3, 1, 5, 3):
        received = run(proto, **{name: piece}, **carried)
        np.testing.assert_allclose(received["out"], model.predict(piece), atol=1e-5)
        carried = {f"{one}_in": received[f"{one}_out"] for one in states}


@pytest.mark.no_runtime
def test_without_stateful_layers_there_are_no_states_to_give() -> None:
    with pytest.raises(ValueError, match="no states to give.*stateful=True"):
        to_onnx(network(), states=True)


# Names


def test_inputs_and_outputs_take_new_names() -> None:
    proto = to_onnx(network(), rename={"picture": "image:0", "top": "classes"})
    assert list(shapes(proto)) == ["image:0", "map", "classes"]
    session = runtime.onnxruntime_module().InferenceSession(proto.SerializeToString())
    assert len(session.run(["classes"], {"image:0": pictures(1, 12, 12, 3)})) == 1


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("rename", "message"),
    [
        ({"tops": "x"}, "has no 'tops'. It has: picture, map, top. Did you mean 'top'"),
        ({"top": "map"}, "needs a name of its own"),
        ({"top": "picture"}, "needs a name of its own"),
        ({"top": ""}, "needs a name of its own"),
    ],
)
def test_names_that_do_not_fit_are_refused(rename: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        to_onnx(network(), rename=rename)


@pytest.mark.no_runtime
def test_an_input_that_is_flattened_only_keeps_its_name() -> None:
    x = Input((4, 2), name="x")
    proto = to_onnx(Model(x, Flatten(name="flat")(x)), rename={"x": "flat_in"}, batch=1)
    assert shapes(proto) == {"flat_in": [1, 4, 2], "flat": [1, 8]}
