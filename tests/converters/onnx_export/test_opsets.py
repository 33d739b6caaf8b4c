"""One model in every opset from 13 on: what it computes stays, what cannot be said is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import defs, helper, parser

from konnx import backend as K
from konnx.converters import to_onnx
from konnx.converters.onnx_export.opsets import in_opset
from konnx.graph import OPSET, Tensor, op
from konnx.layers import (
    GRU,
    LSTM,
    Activation,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Dot,
    Embedding,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Input,
    Lambda,
    Layer,
    LayerNormalization,
    Masking,
    MaxPooling2D,
    Permute,
    Reshape,
    SeparableConv2D,
    TimeDistributed,
    UpSampling2D,
    ZeroPadding2D,
)
from konnx.models import Model, Sequential

NEWEST = defs.onnx_opset_version()
OPSETS = range(13, NEWEST + 1)
ELBOWS = sorted({13, 14, 15, 16, 17, OPSET, 19, 20, 21, NEWEST})


class RunningSum(Layer):
    """A loop in whose body operators stand that not every opset has in the same form."""

    def call(self, inputs: Tensor) -> Tensor:
        def step(x: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            new = K.tanh(states[0] + x)
            return new, [K.max(new, axis=1, keepdims=True) + new]

        return K.rnn(step, inputs, [inputs[:, 0]])[0]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], input_shape[2])


def images() -> Model:
    x = Input((9, 9, 2), name="picture")
    y = BatchNormalization()(Conv2D(4, 3, activation="relu", padding="same")(x))
    y = SeparableConv2D(4, 3, padding="same")(DepthwiseConv2D(3, padding="same")(y))
    y = Conv2DTranspose(3, 3, strides=2)(MaxPooling2D(2)(ZeroPadding2D(1)(y)))
    y = UpSampling2D(2, interpolation="bilinear")(Permute((2, 1, 3))(y))
    return Model(x, [GlobalAveragePooling2D()(y), Flatten()(GlobalMaxPooling2D()(y))])


def vectors() -> Model:
    x, y = Input((6,), name="x"), Input((6,), name="y")
    rows = Permute((2, 1))(Reshape((2, 3))(x))
    rows = Conv1D(4, 2, padding="causal", activation="softplus")(rows)
    merged = Dot(1)([Dense(6, activation="selu")(x), Activation("hard_sigmoid")(y)])
    normal = LayerNormalization()(Lambda(lambda t: K.var(t, axis=1) + K.prod(t, axis=1))(rows))
    return Model([x, y], [merged, normal])


def sequences() -> Model:
    x, words = Input((None, 3), name="x"), Input((None,), dtype="int32", name="words")
    y = LSTM(4, return_sequences=True)(Masking()(x))
    z = Bidirectional(GRU(3))(Embedding(9, 4, mask_zero=True)(words))
    return Model([x, words], [TimeDistributed(Dense(2))(y), z])


def loops() -> Model:
    return Sequential([RunningSum(input_shape=(4, 3))])


MODELS: dict[str, Callable[[], Model]] = {
    "images": images,
    "vectors": vectors,
    "sequences": sequences,
    "loops": loops,
}


@cache
def built(name: str) -> Model:
    model = MODELS[name]()
    random = np.random.RandomState(3)
    model.set_weights([random.uniform(0.2, 0.9, w.shape) for w in model.get_weights()])
    return model


def samples(model: Model) -> list[np.ndarray]:
    random = np.random.RandomState(4)
    shapes = [(3, *(size or 5 for size in tensor.shape[1:])) for tensor in model.inputs]
    return [
        random.randint(0, 4, shape).astype(np.int32)
        if tensor.dtype == "int32"
        else random.uniform(-1, 1, shape).astype(np.float32)
        for shape, tensor in zip(shapes, model.inputs, strict=True)
    ]


def run(proto: onnx.ModelProto, arrays: list[np.ndarray]) -> list[np.ndarray]:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [value.name for value in session.get_inputs()]
    outputs: list[np.ndarray] = session.run(None, dict(zip(names, arrays, strict=True)))
    return outputs


@cache
def newest_of_the_runtime() -> int:
    """The newest opset that the installed runtime runs; onnx may know newer ones."""
    for opset in reversed(OPSETS):
        text = (
            f'<ir_version: 8, opset_import: ["" : {opset}]> g (float[1] x) => (y) {{y = Relu(x)}}'
        )
        try:
            run(parser.parse_model(text), [np.zeros(1, np.float32)])
        except Exception:  # the runtime's errors share no base class
            continue
        return opset
    raise AssertionError("no opset works")


@pytest.mark.no_runtime
@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("name", MODELS)
def test_each_opset_is_written_soundly(name: str, opset: int) -> None:
    model = built(name)
    proto = to_onnx(model, opset=opset)
    onnx.checker.check_model(proto, full_check=True)
    assert [entry.version for entry in proto.opset_import if not entry.domain] == [opset]
    assert [value.name for value in proto.graph.input] == model.input_names
    assert [value.name for value in proto.graph.output] == model.output_names
    assert proto.ir_version == helper.OP_SET_ID_VERSION_MAP[("ai.onnx", opset)]


@pytest.mark.parametrize("opset", ELBOWS)
@pytest.mark.parametrize("name", MODELS)
def test_it_computes_what_predict_does_in_every_opset(name: str, opset: int) -> None:
    if opset > newest_of_the_runtime():
        pytest.skip(f"the installed runtime does not know opset {opset}")
    model = built(name)
    arrays = samples(model)
    expected = model.predict(arrays)
    received = run(to_onnx(model, opset=opset), arrays)
    for one, other in zip(received, expected if len(received) > 1 else [expected], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


# Each is one operator (or a function of them) in the words of opset 18.
FORMS: dict[str, str] = {
    "pad_some_axes": "p = Constant <value = int64[2] {1, 2}> () a = Constant <value = int64[1]"
    " {-1}> () y = Pad (x, p, , a)",
    "pad_computed": "s = Shape <start = 1> (x) p = Concat <axis = 0> (s, s) a = Constant <value ="
    " int64[1] {1}> () y = Pad (x, p, , a)",
    "reduce_nothing": "y = ReduceMax <noop_with_empty_axes = 1> (x)",
    "reduce_all": "y = ReduceMean (x)",
    "reduce_one": "a = Constant <value = int64[1] {1}> () y = ReduceL2 <keepdims = 0> (x, a)",
    "shape_part": "y = Shape <start = -1> (x)",
    "split": "y, z = Split <axis = 0, num_outputs = 2> (x)",
    "mish": "y = Mish (x)",
    "hard_swish": "y = HardSwish (x)",
    "reshape": "s = Constant <value = int64[1] {-1}> () y = Reshape <allowzero = 1> (x, s)",
    "layer_normalization": "s = Constant <value = float[3] {1, 2, 3}> () b = Constant <value ="
    " float[3] {1, 0, 1}> () y = LayerNormalization <axis = 1, epsilon = 0.01> (x, s, b)",
    "no_bias": "s = Constant <value = float[3] {1, 2, 3}> () y = LayerNormalization (x, s)",
}


def form(text: str) -> onnx.ModelProto:
    """A model of [2, 3] whose constants are initializers, as konnx writes them."""
    head = f'<ir_version: 8, opset_import: ["" : {OPSET}]> g (float[2, 3] x) => (y)'
    model = parser.parse_model(f"{head} {{{text}}}")
    for node in [node for node in model.graph.node if node.op_type == "Constant"]:
        tensor = model.graph.initializer.add()
        tensor.CopyFrom(node.attribute[0].t)
        tensor.name = node.output[0]
        model.graph.node.remove(node)
    kind = onnx.shape_inference.infer_shapes(model)
    known = {value.name: value for value in (*kind.graph.value_info, *kind.graph.output)}
    model.graph.output[0].CopyFrom(known["y"])
    return model


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("opset", [13, 15, 17])
def test_a_form_of_opset_18_becomes_an_older_one_of_the_same_value(name: str, opset: int) -> None:
    model = form(FORMS[name])
    x = np.array([[0.5, -2, 3], [4, 0.1, -6]], np.float32)
    [expected] = run(model, [x])
    [received] = run(in_opset(model, opset), [x])
    np.testing.assert_allclose(received, expected, rtol=1e-5)
    assert received.shape == expected.shape


@pytest.mark.no_runtime
def test_what_an_older_opset_cannot_say_is_refused_by_the_name_of_the_node(tmp_path: Path) -> None:
    x = Input((3,), dtype="int32")
    model = Model(x, Lambda(lambda t: op("BitwiseNot", t), name="flip")(x))
    with pytest.raises(ValueError, match=r"opset 17: BitwiseNot 'flip/\w+' .*Use opset=18"):
        model.export(tmp_path / "m.onnx", opset=17)
    assert not list(tmp_path.iterdir())


@pytest.mark.no_runtime
def test_sizes_that_are_computed_cannot_become_attributes() -> None:
    model = form(
        "s = Size (x) o = Constant <value = int64[1] {5}> () a = Sub (s, o) y = ReduceMin (x, a)"
    )
    with pytest.raises(ValueError, match="opset 13: ReduceMin '' has axes that are computed"):
        in_opset(model, 13)


@pytest.mark.no_runtime
def test_a_tensor_made_empty_on_purpose_is_refused_where_zero_keeps_a_size() -> None:
    model = parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : {OPSET}]> g (float[0, 3] x) => (float[0, 3] y)'
        " <int64[2] s = {0, 3}> { y = Reshape <allowzero = 1> (x, s) }"
    )
    with pytest.raises(ValueError, match="opset 13: Reshape '' makes an empty tensor"):
        in_opset(model, 13)


@pytest.mark.no_runtime
@pytest.mark.parametrize("opset", [0, 12, NEWEST + 1])
def test_an_opset_out_of_range_is_refused_and_nothing_written(opset: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"between 13 and {NEWEST}.*Received: opset={opset}"):
        built("vectors").export(tmp_path / "m.onnx", opset=opset)
    assert list(tmp_path.iterdir()) == []
