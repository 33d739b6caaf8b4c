"""Operators of every opset: the model predicts what ONNX Runtime computes from the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper, parser

from konnx.converters import from_onnx
from konnx.runtime import onnxruntime_module

RANDOM = np.random.default_rng(0)


def parse(opset: int, graph: str) -> onnx.ModelProto:
    imports = f'"" : {opset}, "com.microsoft" : 1'
    return parser.parse_model(f"<ir_version: 8, opset_import: [{imports}]>\n{graph}")


def image(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype("float32")


def check(model: onnx.ModelProto, *inputs: np.ndarray, atol: float = 1e-5) -> None:
    """Compare with ONNX Runtime on the file itself."""
    names = [value.name for value in model.graph.input]
    session = onnxruntime_module().InferenceSession(model.SerializeToString())
    expected = session.run(None, dict(zip(names, inputs, strict=True)))
    predicted = from_onnx(model).predict_on_batch(list(inputs))
    predicted = predicted if isinstance(predicted, list) else [predicted]
    assert len(predicted) == len(expected)
    for got, wanted in zip(predicted, expected, strict=True):
        assert got.dtype == wanted.dtype
        np.testing.assert_allclose(got, wanted, atol=atol, rtol=1e-5)


# What it is | opset | shape of x, and below it the nodes that make y of x.
OPERATORS = """
# Clip, bounds as attributes | 7 | 3, 4
y = Clip <min = -0.5, max = 0.5> (x)

# Clip, one bound | 10 | 3, 4
y = Clip <max = 0.5> (x)

# Clip, bounds as inputs | 11 | 3, 4
c = Constant <value = float {0.1}> ()
y = Clip(x, c)

# Pad, attributes | 7 | 3, 4
y = Pad <pads = [0, 1, 0, 2], value = 3.0> (x)

# Pad, reflected | 10 | 3, 4
y = Pad <pads = [0, 1, 0, 2], mode = "reflect"> (x)

# ReduceSum, axes as attribute | 11 | 3, 4
y = ReduceSum <axes = [1]> (x)

# ReduceMean, axes as attribute | 17 | 3, 4
y = ReduceMean <axes = [-1], keepdims = 0> (x)

# ReduceMax, all axes but the first | 12 | 3, 4, 2
y = ReduceMax <axes = [1, 2]> (x)

# Softmax of all axes behind the first | 7 | 3, 4, 2
y = Softmax (x)

# Softmax of the last axis | 12 | 3, 4, 2
y = Softmax <axis = -1> (x)

# LogSoftmax of the last two axes | 11 | 3, 4, 2
y = LogSoftmax <axis = 1> (x)

# Softmax of one axis | 13 | 3, 4, 2
y = Softmax <axis = 1> (x)

# Hardmax | 11 | 3, 4, 2
y = Hardmax <axis = 1> (x)

# Squeeze, attribute | 7 | 3, 1, 4
y = Squeeze <axes = [1]> (x)

# Unsqueeze, attribute | 12 | 3, 4
y = Unsqueeze <axes = [1, 3]> (x)

# Slice, attributes | 9 | 3, 4
y = Slice <axes = [1], starts = [1], ends = [3]> (x)

# Dropout, ratio as attribute | 7 | 3, 4
y = Dropout <ratio = 0.3> (x)

# Dropout, ratio as input | 13 | 3, 4
r = Constant <value = float {0.3}> ()
y = Dropout(x, r)

# Upsample, attribute | 7 | 2, 3, 4, 4
y = Upsample <scales = [1.0, 1.0, 2.0, 3.0]> (x)

# Upsample, linear | 7 | 2, 3, 4, 4
y = Upsample <scales = [1.0, 1.0, 2.0, 2.0], mode = "linear"> (x)

# Upsample, input | 9 | 2, 3, 4, 4
s = Constant <value = float[4] {1, 1, 2, 2}> ()
y = Upsample(x, s)

# Resize 10 | 10 | 2, 3, 4, 4
s = Constant <value = float[4] {1, 1, 2, 2}> ()
y = Resize(x, s)

# Resize 10, smaller | 10 | 2, 3, 5, 5
s = Constant <value = float[4] {1, 1, 0.5, 0.5}> ()
y = Resize(x, s)

# Resize 11, empty inputs | 11 | 2, 3, 4, 4
e = Constant <value = float[0] {}> ()
n = Constant <value = int64[4] {2, 3, 8, 6}> ()
y = Resize <mode = "linear"> (x, e, e, n)

# Gemm with factors | 9 | 3, 4
w = Constant <value = float[2, 4] {1, 2, 3, 4, 5, 6, 7, 8}> ()
b = Constant <value = float[2] {1, 2}> ()
y = Gemm <alpha = 0.5, beta = 2.0, transB = 1> (x, w, b)

# Flatten from a later axis | 9 | 3, 4, 2
y = Flatten <axis = 2> (x)

# CastLike | 19 | 3, 4
c = Constant <value = double {1.0}> ()
d = CastLike(x, c)
y = CastLike(d, x)

# Cast that saturates | 19 | 3, 4
d = Cast <to = 11, saturate = 1> (x)
y = Cast <to = 1> (d)

# Gelu | 20 | 3, 4
y = Gelu(x)

# Gelu by tanh | 20 | 3, 4
y = Gelu <approximate = "tanh"> (x)

# AveragePool 19 | 19 | 2, 3, 4, 4
y = AveragePool <kernel_shape = [2, 2], dilations = [1, 1]> (x)

# GroupNormalization 21 | 21 | 2, 4, 3, 3
s = Constant <value = float[4] {1, 2, 3, 4}> ()
y = GroupNormalization <num_groups = 2> (x, s, s)

# ReduceMax 20 of bools | 20 | 3, 4
z = Constant <value = float {0.0}> ()
g = Greater(x, z)
a = Constant <value = int64[1] {1}> ()
h = ReduceMax(g, a)
y = Cast <to = 1> (h)

# Pad that wraps | 19 | 3, 4
p = Constant <value = int64[4] {0, 1, 0, 2}> ()
y = Pad <mode = "wrap"> (x, p)

# RMSNormalization | 23 | 3, 4
s = Constant <value = float[4] {1, 2, 3, 4}> ()
y = RMSNormalization(x, s)

# Reshape 21 | 21 | 3, 4
s = Constant <value = int64[3] {0, 2, -1}> ()
y = Reshape(x, s)

# HardSwish | 22 | 3, 4
y = HardSwish(x)

# Gelu of ONNX Runtime | 17 | 3, 4
y = com.microsoft.Gelu(x)

# FastGelu | 17 | 3, 4
b = Constant <value = float[4] {1, 2, 3, 4}> ()
y = com.microsoft.FastGelu(x, b)

# BiasGelu | 17 | 3, 4
b = Constant <value = float[4] {1, 2, 3, 4}> ()
y = com.microsoft.BiasGelu(x, b)

# QuickGelu | 17 | 3, 4
y = com.microsoft.QuickGelu <alpha = 1.5> (x)

# FusedMatMul | 17 | 3, 4
w = Constant <value = float[2, 4] {1, 2, 3, 4, 5, 6, 7, 8}> ()
y = com.microsoft.FusedMatMul <transB = 1, alpha = 0.5> (x, w)

# FusedGemm | 17 | 3, 4
w = Constant <value = float[4, 1] {1, 2, 3, 4}> ()
y = com.microsoft.FusedGemm <activation = "LeakyRelu", activation_alpha = 0.1> (x, w)

# FusedConv | 17 | 2, 3, 4, 4
w = Constant <value = float[1, 3, 1, 1] {1, 2, 3}> ()
y = com.microsoft.FusedConv <activation = "Relu"> (x, w)

# SkipLayerNormalization | 17 | 2, 3, 4
s = Constant <value = float[4] {1, 2, 3, 4}> ()
y = com.microsoft.SkipLayerNormalization(x, x, s, s, s)

# SkipSimplifiedLayerNormalization | 17 | 2, 3, 4
s = Constant <value = float[4] {1, 2, 3, 4}> ()
y = com.microsoft.SkipSimplifiedLayerNormalization(x, x, s)

# SimplifiedLayerNormalization | 17 | 2, 3, 4
s = Constant <value = float[4] {1, 2, 3, 4}> ()
y = SimplifiedLayerNormalization <axis = -1, epsilon = 0.001> (x, s)

# a view of the batch's size | 13 | 3, 4, 2
s = Shape(x)
i = Constant <value = int64 {0}> ()
n = Gather(s, i)
a = Constant <value = int64[1] {0}> ()
u = Unsqueeze(n, a)
m = Constant <value = int64[1] {-1}> ()
t = Concat <axis = 0> (u, m)
y = Reshape(x, t)

# an If of the batch's size | 16 | 3, 4
n = Size(x)
k = Constant <value = int64 {5}> ()
c = Less(n, k)
y = If (c) <
    then_branch = t () => (float[N, 4] a) {a = Neg(x)},
    else_branch = e () => (float[N, 4] b) {b = Exp(x)}
>
"""


def rows() -> Iterator[Any]:
    for block in OPERATORS.strip().split("\n\n"):
        head, _, nodes = block.partition("\n")
        name, opset, shape = head.removeprefix("# ").split(" | ")
        sizes = tuple(int(size) for size in shape.split(", "))
        yield pytest.param(int(opset), nodes, sizes, id=name)


@pytest.mark.parametrize(("opset", "nodes", "shape"), list(rows()))
def test_an_operator_computes_what_onnx_runtime_does(
    opset: int, nodes: str, shape: tuple[int, ...]
) -> None:
    dims = ", ".join(["N", *map(str, shape[1:])])
    check(parse(opset, f"g (float[{dims}] x) => (float[] y) {{{nodes}}}"), image(*shape))


def test_batch_normalization_is_that_of_inference() -> None:
    for opset in (7, 9, 14, 15):
        model = parse(
            opset,
            "g (float[N, 2, 3, 3] x) => (float[N, 2, 3, 3] y) <float[2] s = {1, 2}, "
            "float[2] b = {3, 4}, float[2] m = {0.1, 0.2}, float[2] v = {0.5, 2}> "
            "{y = BatchNormalization <epsilon = 0.01> (x, s, b, m, v)}",
        )
        check(model, image(2, 2, 3, 3))


def test_split_and_top_k_have_several_outputs() -> None:
    for opset, split in ((7, "Split <axis = 1, split = [1, 3]>"), (13, "Split <axis = 1>")):
        model = parse(
            opset, f"g (float[N, 4] x) => (float[N, K] a, float[N, L] b) {{a, b = {split} (x)}}"
        )
        check(model, image(3, 4))
    old = parse(9, "g (float[N, 4] x) => (float[N, 2] v, int64[N, 2] i) {v, i = TopK <k = 2> (x)}")
    check(old, image(3, 4))


def test_attention_of_opset_23_is_written_out() -> None:
    model = parse(
        23,
        "g (float[N, 5, 8] q, float[N, 6, 8] k, float[N, 6, 8] v) => (float[N, 5, 8] y) "
        "{y = Attention <q_num_heads = 2, kv_num_heads = 2> (q, k, v)}",
    )
    check(model, image(2, 5, 8), image(2, 6, 8), image(2, 6, 8))


def test_recurrent_operators_keep_their_outputs() -> None:
    model = parse(
        14,
        "g (float[T, N, 3] x) => (float[1, N, 2] h) {, h = LSTM <hidden_size = 2> (x, w, r)}",
    )
    model.graph.initializer.append(numpy_helper.from_array(image(1, 8, 3), "w"))
    model.graph.initializer.append(numpy_helper.from_array(image(1, 8, 2), "r"))
    check(model, image(4, 3, 3))
