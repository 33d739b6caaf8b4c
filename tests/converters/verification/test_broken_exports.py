"""An export that is wrong in one place is found, whatever kind of layer it is in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from konnx.converters import to_onnx
from konnx.converters.verification import verify_onnx
from konnx.layers import (
    RNN,
    AdditiveAttention,
    Attention,
    CategoryEncoding,
    CenterCrop,
    Conv2DTranspose,
    ConvLSTM2D,
    CuDNNGRU,
    CuDNNLSTM,
    Discretization,
    EinsumDense,
    GroupedQueryAttention,
    GroupNormalization,
    Input,
    IntegerLookup,
    LayerNormalization,
    LSTMCell,
    MultiHeadAttention,
    Operation,
    Resizing,
    UpSampling2D,
    operand,
)
from konnx.legacy.layers import CosineMerge, Highway, MaxoutDense
from konnx.models import Model

pytestmark = pytest.mark.filterwarnings("ignore:The `.*` layer is of Keras 1")

Break = Callable[[onnx.ModelProto], None]
PAIR, IMAGE, STEPS = [(3, 4), (5, 4)], [(5, 6, 2)], [(4, 3)]


def replaced(op_type: str, other: str) -> Break:
    """Another operator in place of the first of a type."""

    def change(proto: onnx.ModelProto) -> None:
        nodes_of(proto, op_type)[0].op_type = other

    return change


def attribute(op_type: str, name: str, value: Any) -> Break:
    """Another attribute of all operators of a type."""

    def change(proto: onnx.ModelProto) -> None:
        for node in nodes_of(proto, op_type):
            kept = [one for one in node.attribute if one.name != name]
            del node.attribute[:]
            node.attribute.extend([*kept, onnx.helper.make_attribute(name, value)])

    return change


def turned(op_type: str, place: int, axis: int, by: int = 1) -> Break:
    """The constant that is an operator's input of a number, rolled along an axis."""

    def change(proto: onnx.ModelProto) -> None:
        constants = {one.name: one for one in proto.graph.initializer}
        node = next(one for one in nodes_of(proto, op_type) if one.input[place] in constants)
        tensor = constants[node.input[place]]
        array = np.roll(numpy_helper.to_array(tensor), by, axis)
        tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array), tensor.name))

    return change


def nodes_of(proto: onnx.ModelProto, op_type: str) -> list[onnx.NodeProto]:
    graphs: list[Any] = [proto.graph]
    found: list[onnx.NodeProto] = []
    for graph in graphs:
        for node in graph.node:
            found += [node] if node.op_type == op_type else []
            graphs += [one.g for one in node.attribute if one.HasField("g")]
    assert found, op_type
    return found


CASES: dict[str, tuple[Any, Sequence[tuple[int, ...]], Break]] = {
    "transposed, padded": (
        lambda: Conv2DTranspose(2, 3, strides=2, output_padding=1), IMAGE,
        turned("ConvTranspose", 1, 3),
    ),
    "transposed, dilated": (
        lambda: Conv2DTranspose(2, 3, dilation_rate=2), IMAGE, turned("ConvTranspose", 1, 2),
    ),
    "bilinear": (
        lambda: UpSampling2D(3, interpolation="bilinear"), IMAGE,
        attribute("Resize", "mode", "nearest"),
    ),
    "corners": (
        lambda: UpSampling2D(2, interpolation="bilinear", half_pixel_centers=False), IMAGE,
        attribute("Resize", "coordinate_transformation_mode", "half_pixel"),
    ),
    "resizing": (
        lambda: Resizing(3, 4), IMAGE,
        attribute("Resize", "coordinate_transformation_mode", "asymmetric"),
    ),
    "crop": (lambda: CenterCrop(3, 3), [(7, 9, 2)], turned("Slice", 3, 0)),
    "heads": (lambda: MultiHeadAttention(2, 3), PAIR, turned("MatMul", 1, 1)),
    "shared heads": (lambda: GroupedQueryAttention(3, 4, 2), PAIR, turned("MatMul", 1, 1, 3)),
    "attention": (lambda: Attention(), PAIR, attribute("Softmax", "axis", 1)),
    "additive": (lambda: AdditiveAttention(), PAIR, turned("Mul", 1, 0)),
    "images": (lambda: ConvLSTM2D(2, 2), [(3, 4, 4, 2)], turned("Conv", 1, 0, 2)),
    "cells": (lambda: RNN([LSTMCell(3), LSTMCell(2)]), STEPS, turned("LSTM", 2, 1, 3)),
    "cuDNN's GRU": (lambda: CuDNNGRU(3), STEPS, attribute("GRU", "linear_before_reset", 0)),
    "cuDNN's LSTM": (lambda: CuDNNLSTM(3), STEPS, turned("LSTM", 1, 2)),
    "groups": (lambda: GroupNormalization(2), [(3, 4)], replaced("Sub", "Add")),
    "rms": (lambda: LayerNormalization(rms_scaling=True), [(3, 4)], replaced("Sqrt", "Abs")),
    "einsum": (
        lambda: EinsumDense("abc,cde->abde", output_shape=(None, 2, 3)), [(2, 4)],
        turned("MatMul", 1, 1),
    ),
    "highway": (lambda: Highway(), [(4,)], turned("Gemm", 1, 1)),
    "maxout": (
        lambda: MaxoutDense(3, nb_feature=2), [(4,)], replaced("ReduceMax", "ReduceMin"),
    ),
    "cosine": (lambda: CosineMerge(1), [(3,), (3,)], replaced("Sqrt", "Abs")),
    "counts": (
        lambda: CategoryEncoding(4, output_mode="count"), [(3,)], turned("Equal", 1, 0),
    ),
    "bins": (
        lambda: Discretization([0.2, 0.5]), [(3,)], replaced("GreaterOrEqual", "LessOrEqual"),
    ),
    "words": (lambda: IntegerLookup(vocabulary=[1, 0]), [(3,)], turned("Equal", 1, 0)),
    "Keras' operation": (
        lambda: Operation("keras.ops.Mean", kwargs={"axis": 1}), [(3, 4)],
        replaced("ReduceMean", "ReduceSum"),
    ),
    "TensorFlow's operation": (
        lambda: Operation("tf.math.subtract", [1.0, operand(0)]), [(3, 4)], replaced("Sub", "Add"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_in_an_export_is_found_in_its_layer(name: str) -> None:
    make, shapes, change = CASES[name]
    layer = make()
    inputs = [Input(shape) for shape in shapes]
    model = Model(inputs, layer(inputs if len(inputs) > 1 else inputs[0]))
    random = np.random.default_rng(0)
    layer.set_weights([random.uniform(-0.5, 0.5, one.shape) for one in layer.get_weights()])
    proto = to_onnx(model)
    honest = verify_onnx(model, proto)
    assert (honest.equal, honest.not_independent) == (True, [])
    change(proto)
    found = verify_onnx(model, proto)
    assert (found.equal, found.first_difference) == (False, layer.name)
