"""Exported graphs that compute in float16."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from konnx import backend as K
from konnx import runtime
from konnx.converters import to_onnx
from konnx.layers import (
    LSTM,
    BatchNormalization,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    Input,
    Lambda,
    Masking,
    Softmax,
    UpSampling2D,
)
from konnx.models import Model, Sequential


def images() -> Model:
    layers = [
        Conv2D(4, 3, activation="relu", input_shape=(8, 8, 3)),
        UpSampling2D(2, interpolation="bilinear"),
        BatchNormalization(),
        Lambda(lambda t: K.l2_normalize(t, axis=-1) / (K.epsilon() + K.mean(t))),
        Flatten(),
        Dense(5),
        Softmax(),
    ]
    return Sequential(layers)


def texts() -> Model:
    x = Input((6,), dtype="int32", name="words")
    y = Input((6, 3), name="features")
    carried = K.rnn
    loop = Lambda(lambda t: carried(lambda a, s: (a + s[0], [a + s[0]]), t, [t[:, 0]])[1])
    return Model(
        [x, y], [LSTM(4)(Embedding(9, 4, mask_zero=True)(x)), loop(Dense(2)(Masking()(y)))]
    )


def feeds(model: Model) -> list[np.ndarray]:
    random = np.random.RandomState(1)
    return [
        random.randint(0, 9, (3, *t.shape[1:])).astype(np.int32)
        if t.dtype == "int32"
        else random.uniform(-1, 1, (3, *t.shape[1:])).astype(np.float32)
        for t in model.inputs
    ]


def types(proto: onnx.ModelProto) -> set[int]:
    return {v.type.tensor_type.elem_type for v in (*proto.graph.input, *proto.graph.output)}


@pytest.mark.parametrize("make", [images, texts])
def test_weights_are_float16_and_inputs_and_outputs_as_they_were(make: Any) -> None:
    model = make()
    proto = to_onnx(model, float16=True)
    assert types(proto) == types(to_onnx(model))
    large = [t for t in proto.graph.initializer if np.prod(t.dims) > 8]
    assert large
    assert {t.data_type for t in large} <= {TensorProto.FLOAT16, TensorProto.INT64}
    arrays = feeds(model)
    expected = model.predict(arrays if len(arrays) > 1 else arrays[0])
    received = runtime.Program(
        proto,
        feeds=[value.name for value in proto.graph.input],
        fetches=[value.name for value in proto.graph.output],
    )(*arrays)
    for one, other in zip(received, expected if len(received) > 1 else [expected], strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=2e-2, atol=5e-3)


@pytest.mark.no_runtime
def test_the_file_is_half_as_large() -> None:
    model = Sequential([Dense(100, input_shape=(100,))])
    whole, half = (to_onnx(model, float16=flag).ByteSize() for flag in (False, True))
    assert half < 0.55 * whole


@pytest.mark.no_runtime
def test_each_weight_is_cast_once_and_a_small_divisor_does_not_become_zero() -> None:
    model = Sequential([Lambda(lambda t: t / (K.sum(t) + 1e-12), input_shape=(3,))])
    proto = to_onnx(model, float16=True)
    [tiny] = [onnx.numpy_helper.to_array(t) for t in proto.graph.initializer if not t.dims]
    assert tiny > 0
    assert [node.op_type for node in proto.graph.node].count("Cast") == 2


@pytest.mark.no_runtime
def test_a_weight_beyond_its_range_is_named() -> None:
    model = Sequential([Dense(1, input_shape=(1,), name="huge", use_bias=False)])
    model.set_weights([np.array([[1e6]])])
    with pytest.raises(ValueError, match=r"float16 ends at 65504, and 'huge/kernel' holds 1e\+06"):
        to_onnx(model, float16=True)
