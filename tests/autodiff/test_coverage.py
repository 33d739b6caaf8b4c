"""Every operator that `konnx.ops` emits has a gradient rule or is declared to need none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import RULES, ZERO_GRADIENT
from konnx.graph import Node, Tensor, is_float, placeholder, topological_order
from konnx.graph.tensor import INTERNAL
from konnx.ops.recurrent import Kernels, StepActivation

pytestmark = [pytest.mark.gradients, pytest.mark.no_runtime]

X = placeholder(("batch", 4), name="x")
Y = placeholder(("batch", 4), name="y")
FLAGS = placeholder(("batch", 4), "bool", name="flags")
FLAG = placeholder((), "bool", name="flag")
COUNTS = placeholder(("batch", 4), "int64", name="counts")
WORDS = placeholder(("batch", 4), "string", name="words")
IMAGE = placeholder(("batch", None, None, 2), name="image")
KERNEL = placeholder((3, 3, 2, 4), name="kernel")
LOCAL = placeholder((6, 4, 5), name="local")
POINTWISE = placeholder((1, 1, 8, 3), name="pointwise")
SEQUENCE = placeholder(("batch", None, 5), name="sequence")
MATRIX = placeholder((4, 3), name="matrix")
SIZES = placeholder((1,), "int64", name="sizes")

SEQUENCE = placeholder((5, "batch", 4), name="sequence")
STACKED = placeholder(("batch", 4, 3), name="stacked")
SIGMOID = StepActivation("Sigmoid")


def recurrent_weights(gates: int) -> Kernels:
    """Weights of a recurrent layer of 3 units for 4 features."""
    kernel, recurrent = (placeholder((size, 3 * gates), name="kernel") for size in (4, 3))
    return Kernels(kernel, recurrent, kernel[0])


CALLS: dict[str, Callable[[], object]] = {
    "LEARNING_PHASE": lambda: ops.LEARNING_PHASE,
    "abs": lambda: ops.abs(X),
    "add": lambda: ops.add(X, Y),
    "all": lambda: ops.all(X),
    "any": lambda: ops.any(FLAGS, 1),
    "arange": lambda: ops.arange(ops.size_of(X, 0)),
    "argmax": lambda: ops.argmax(X),
    "argmin": lambda: ops.argmin(X),
    "as_tensor": lambda: ops.as_tensor(1.0),
    "average_pool": lambda: [
        ops.average_pool(IMAGE, (3, 3), (2, 2), padding) for padding in ("valid", "same")
    ],
    "batch_dot": lambda: [ops.batch_dot(X, Y, (1, 1)), ops.batch_dot(X, IMAGE[:, 0], (1, 1))],
    "bernoulli": lambda: ops.bernoulli([ops.size_of(X, 0), 2], 0.5),
    "bias_add": lambda: [
        ops.bias_add(IMAGE, MATRIX[0, :2]),
        ops.bias_add(IMAGE, MATRIX[:2, 0], "channels_first"),
    ],
    "boolean_mask": lambda: [ops.boolean_mask(X, FLAGS), ops.boolean_mask(X, FLAGS[:, 0])],
    "cast": lambda: ops.cast(X, "float64"),
    "clip": lambda: ops.clip(X, 0, 1),
    "concatenate": lambda: ops.concatenate([X, Y]),
    "cond": lambda: ops.cond(FLAG, lambda: [ops.exp(X)], lambda: [X])[0],
    "convolution": lambda: [
        ops.convolution(IMAGE, KERNEL, strides=(2, 2), dilations=(1, 1), padding=padding)
        for padding in ("valid", "same")
    ],
    "convolution_transpose": lambda: [
        ops.convolution_transpose(
            IMAGE, ops.transpose(KERNEL, (0, 1, 3, 2)), strides=(2, 2), padding=p
        )
        for p in ("valid", "same")
    ],
    "cos": lambda: ops.cos(X),
    "cumprod": lambda: [ops.cumprod(X), ops.cumprod(X, 1)],
    "cumsum": lambda: ops.cumsum(X),
    "ctc_beam_search": lambda: ops.ctc_beam_search(SEQUENCE, COUNTS[:, 0], 4, 2)[1],
    "ctc_best_path": lambda: list(ops.ctc_best_path(SEQUENCE, COUNTS[:, 0])),
    "ctc_loss": lambda: ops.ctc_loss(COUNTS, SEQUENCE, COUNTS[:, 0], COUNTS[:, 1]),
    "dense": lambda: [ops.dense(X, MATRIX), ops.dense(X, MATRIX, MATRIX[0])],
    "depthwise_convolution": lambda: ops.depthwise_convolution(
        IMAGE, KERNEL, strides=(1, 1), dilations=(1, 1)
    ),
    "divide": lambda: ops.divide(X, Y),
    "dot": lambda: [ops.dot(X, MATRIX), ops.dot(X, ops.reshape(IMAGE, [2, 4, -1]))],
    "dropout": lambda: [ops.dropout(X, 0.5), ops.dropout(X, 0.5, (None, 1))],
    "elu": lambda: ops.elu(X),
    "enlarge": lambda: [
        ops.enlarge(IMAGE, (2, 3), "channels_last", how, centred)
        for how, centred in (("nearest", True), ("bilinear", True), ("bilinear", False))
    ],
    "equal": lambda: ops.equal(X, Y),
    "exp": lambda: ops.exp(X),
    "expand": lambda: ops.expand(X, [2, 1, 4]),
    "expand_dims": lambda: ops.expand_dims(X),
    "expand_like": lambda: ops.expand_like(ops.as_tensor(1.0), X),
    "flatten_from": lambda: ops.flatten_from(IMAGE),
    "floor": lambda: ops.floor(X),
    "floor_divide": lambda: [ops.floor_divide(X, Y), ops.floor_divide(COUNTS, 2)],
    "gather": lambda: ops.gather(X, COUNTS),
    "gather_elements": lambda: ops.gather_elements(X, COUNTS),
    "gather_nd": lambda: ops.gather_nd(X, COUNTS[:, :2]),
    "getitem": lambda: ops.getitem(X, (slice(None, None, -1), None, 0)),
    "greater": lambda: ops.greater(X, Y),
    "greater_equal": lambda: ops.greater_equal(X, Y),
    "gru": lambda: ops.gru(SEQUENCE, recurrent_weights(3), [X[:, :3]], [SIGMOID, SIGMOID])[0],
    "hard_sigmoid": lambda: ops.hard_sigmoid(X),
    "identity": lambda: ops.identity(X),
    "in_top_k": lambda: ops.in_top_k(X, COUNTS[:, 0], 2),
    "in_train_phase": lambda: ops.in_train_phase(X, Y),
    "keep_mask": lambda: ops.keep_mask(X, 0.5),
    "l2_normalize": lambda: ops.l2_normalize(X),
    "less": lambda: ops.less(X, Y),
    "less_equal": lambda: ops.less_equal(X, Y),
    "local_convolution": lambda: [
        ops.local_convolution(x, LOCAL, (1, 2), (2, 1), (3, 2), layout)
        for x, layout in (
            (IMAGE, "channels_last"),
            (ops.transpose(IMAGE, (0, 3, 1, 2)), "channels_first"),
        )
    ],
    "log": lambda: ops.log(X),
    "log_softmax": lambda: ops.log_softmax(X),
    "logical_and": lambda: ops.logical_and(FLAGS, FLAGS),
    "logical_not": lambda: ops.logical_not(FLAGS),
    "logical_or": lambda: ops.logical_or(FLAGS, FLAGS),
    "logical_xor": lambda: ops.logical_xor(FLAGS, FLAGS),
    "logsumexp": lambda: ops.logsumexp(X, 1),
    "lstm": lambda: ops.lstm(
        SEQUENCE,
        recurrent_weights(4),
        [X[:, :3], Y[:, :3]],
        [SIGMOID] * 3,
        ops.cast(COUNTS[:, 0], "int32"),
    )[0],
    "matmul": lambda: ops.matmul(X, ops.transpose(Y)),
    "max": lambda: ops.max(X),
    "max_pool": lambda: [
        ops.max_pool(IMAGE, (3, 3), (2, 2), padding) for padding in ("valid", "same")
    ],
    "maximum": lambda: ops.maximum(X, Y),
    "mean": lambda: [ops.mean(X), ops.mean(FLAGS)],
    "min": lambda: ops.min(X),
    "minimum": lambda: ops.minimum(X, Y),
    "mod": lambda: [ops.mod(X, Y), ops.mod(COUNTS, 2)],
    "multiply": lambda: ops.multiply(X, Y),
    "negative": lambda: ops.negative(X),
    "normal": lambda: ops.normal((2, 3)),
    "normalize": lambda: ops.normalize(X, Y, Y, None, None, 1e-3),
    "normalize_batch": lambda: list(ops.normalize_batch(X, X[0], X[0], [0])),
    "not_equal": lambda: ops.not_equal(X, Y),
    "label_encoder": lambda: ops.label_encoder(WORDS, ["a", "b"]),
    "one_hot": lambda: ops.one_hot(COUNTS, 3),
    "one_hot_like": lambda: ops.one_hot_like(COUNTS[:, 0], X),
    "pack": lambda: ops.pack(STACKED, ops.packing(FLAGS)),
    "packing": lambda: ops.packing(FLAGS).lengths,
    "pad": lambda: ops.pad(X, [(0, 0), (1, 1)]),
    "pad_axes": lambda: ops.pad_axes(X, SIZES, SIZES, 1),
    "positive_mask": lambda: ops.positive_mask(X),
    "pow": lambda: ops.pow(X, Y),
    "prod": lambda: ops.prod(X),
    "relu": lambda: [ops.relu(X), ops.relu(X, 0.1, 6.0)],
    "repeat": lambda: ops.repeat(X, 2),
    "repeat_elements": lambda: ops.repeat_elements(X, 2, 0),
    "reshape": lambda: ops.reshape(X, (2, -1)),
    "reshape_keeping": lambda: ops.reshape_keeping(X, 1, (2, 2)),
    "reshape_like": lambda: ops.reshape_like(X, IMAGE),
    "reverse": lambda: ops.reverse(X, 1),
    "round": lambda: ops.round(X),
    "scalar": lambda: ops.scalar(1.0, X),
    "scan": lambda: ops.scan(lambda s, e: ([ops.tanh(s[0] + e[0])], []), [X[0]], [X])[0][0],
    "selu": lambda: ops.selu(X),
    "separable_convolution": lambda: ops.separable_convolution(
        IMAGE, KERNEL, POINTWISE, strides=(2, 2), dilations=(1, 1)
    ),
    "shape": lambda: ops.shape(X),
    "sigmoid": lambda: ops.sigmoid(X),
    "sign": lambda: ops.sign(X),
    "sin": lambda: ops.sin(X),
    "size_of": lambda: ops.size_of(X, 0),
    "sizes_tensor": lambda: ops.sizes_tensor([ops.size_of(X, 0), 3]),
    "simple_rnn": lambda: ops.simple_rnn(SEQUENCE, recurrent_weights(1), [X[:, :3]], [SIGMOID])[0],
    "slice_axes": lambda: ops.slice_axes(X, [0], [2], [1], [2]),
    "softmax": lambda: ops.softmax(X),
    "softplus": lambda: ops.softplus(X),
    "softsign": lambda: ops.softsign(X),
    "sqrt": lambda: ops.sqrt(X),
    "split": lambda: ops.split(X, [1, 3]),
    "square": lambda: ops.square(X),
    "squeeze": lambda: ops.squeeze(X[:, :1], 1),
    "stack": lambda: ops.stack([X, Y]),
    "std": lambda: [ops.std(X), ops.std(COUNTS)],
    "stop_gradient": lambda: ops.stop_gradient(X),
    "subtract": lambda: ops.subtract(X, Y),
    "subtract_scaled": lambda: [
        ops.subtract_scaled(X, ops.as_tensor(0.5), Y),
        ops.subtract_scaled(MATRIX, ops.as_tensor(0.5), ops.transpose(X) @ X[:, :3]),
    ],
    "sum": lambda: ops.sum(X),
    "sum_to_last_axis": lambda: ops.sum_to_last_axis(IMAGE),
    "tanh": lambda: ops.tanh(X),
    "tile": lambda: ops.tile(X, (2, 2)),
    "transpose": lambda: ops.transpose(X),
    "true_divide": lambda: [ops.true_divide(X, Y), ops.true_divide(COUNTS, 2)],
    "truncated_normal": lambda: ops.truncated_normal((2, 3)),
    "uniform": lambda: [ops.uniform((2, 3)), ops.uniform((2, 3), 0, 9, "int32")],
    "unpack": lambda: ops.unpack(SEQUENCE, X, ops.packing(FLAGS)),
    "var": lambda: ops.var(X),
    "zeros_like": lambda: ops.zeros_like(X),
    "where": lambda: ops.where(FLAGS, X, Y),
    "celu": lambda: ops.celu(X),
    "erf": lambda: ops.erf(X),
    "gelu": lambda: [ops.gelu(X), ops.gelu(X, approximate=True)],
    "glu": lambda: ops.glu(X),
    "hard_shrink": lambda: ops.hard_shrink(X),
    "hard_silu": lambda: ops.hard_silu(X),
    "log_sigmoid": lambda: ops.log_sigmoid(X),
    "mish": lambda: ops.mish(X),
    "relu6": lambda: ops.relu6(X),
    "silu": lambda: ops.silu(X),
    "soft_shrink": lambda: ops.soft_shrink(X),
    "sparse_plus": lambda: ops.sparse_plus(X),
    "sparse_sigmoid": lambda: ops.sparse_sigmoid(X),
    "sparsemax": lambda: ops.sparsemax(X),
    "squareplus": lambda: ops.squareplus(X),
    "tanh_shrink": lambda: ops.tanh_shrink(X),
    "threshold": lambda: ops.threshold(X, 0.5, 0.0),
}

NO_TENSORS = {
    "SEED",
    "canonical_axes",
    "canonical_axis",
    "int_shape",
    "known_sizes",
    "output_length",
    "transposed_length",
}


def nodes_of(name: str) -> Iterator[Node]:
    made = CALLS[name]()
    tensors = made if isinstance(made, list) else [made]
    assert all(isinstance(tensor, Tensor) for tensor in tensors)
    return (node for node in topological_order(tensors) if node.domain != INTERNAL)


def carries_gradients(node: Node) -> bool:
    """Integer arithmetic, as in shapes and random bits, has nothing to differentiate."""
    return any(t is not None and is_float(t.dtype) for t in node.inputs)


def test_every_function_of_ops_is_called_here() -> None:
    assert set(CALLS) == set(ops.__all__) - NO_TENSORS


@pytest.mark.parametrize("name", CALLS)
def test_what_a_function_emits_has_a_rule_or_needs_none(name: str) -> None:
    emitted = {node.op_type for node in nodes_of(name) if carries_gradients(node)}
    assert emitted <= RULES.keys() | ZERO_GRADIENT


KEEP_THE_BATCH = [
    "add",
    "argmax",
    "average_pool",
    "bias_add",
    "concatenate",
    "convolution",
    "convolution_transpose",
    "dense",
    "depthwise_convolution",
    "dropout",
    "enlarge",
    "expand_like",
    "flatten_from",
    "gather_elements",
    "in_top_k",
    "in_train_phase",
    "keep_mask",
    "log_softmax",
    "max_pool",
    "normalize",
    "one_hot_like",
    "pad",
    "pad_axes",
    "relu",
    "repeat",
    "reshape_keeping",
    "separable_convolution",
    "slice_axes",
    "softmax",
    "squeeze",
    "stop_gradient",
    "where",
]


@pytest.mark.parametrize("name", KEEP_THE_BATCH)
def test_shape_inference_keeps_the_name_of_the_batch(name: str) -> None:
    made = CALLS[name]()
    for tensor in made if isinstance(made, list) else [made]:
        assert isinstance(tensor, Tensor)
        assert tensor.dims is not None
        assert tensor.dims[0] == "batch"


def test_a_random_mask_is_made_of_whole_numbers_only() -> None:
    """So that it is a constant to gradients, without any declaration."""
    dtypes = {t.dtype for node in nodes_of("keep_mask") for t in node.inputs if t is not None}
    assert dtypes <= {"float32", "int32", "int64", "uint64", "bool"}
    floats = [n for n in nodes_of("keep_mask") if carries_gradients(n)]
    assert {node.op_type for node in floats} <= {"Shape", "Size"}
    assert np.all([node.outputs[0].dtype == "int64" for node in floats])
