"""Each engine against the other on whole models; and what onnxruntime-training never gets."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from konnx import activations, layers, ops, regularizers, runtime
from konnx import backend as K
from konnx.autodiff import gradients
from konnx.autodiff.ort_training import UnsupportedError, native_gradients, segment
from konnx.autodiff.ort_training.segment import Segment
from konnx.function import Function, draws_random_numbers
from konnx.graph import (
    Tensor,
    Variable,
    int64s,
    op,
    placeholder,
    stop_gradient,
    topological_order,
)
from konnx.layers import Input
from konnx.models import Model, Sequential

pytestmark = [
    pytest.mark.gradients,
    pytest.mark.skipif(
        "KONNX_TEST_TRAINING_BUILD" not in os.environ and not runtime.can_differentiate(),
        reason="needs the training build, which the nox session `training` installs",
    ),
]

Build = Callable[[Any], Any]

BATCH = 6


def array(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).uniform(-1, 1, shape).astype(np.float32)


def weight(*shape: int) -> Variable:
    return Variable(array(*shape), name=f"w{'x'.join(map(str, shape))}")


def chain(*made: Any) -> Build:
    def call(x: Any) -> Any:
        for layer in made:
            x = layer(x)
        return x

    return call


def dense(units: int, activation: Any = None, **options: Any) -> Any:
    return layers.Dense(units, activation=activation, **options)


def conv(filters: int, size: int, **options: Any) -> Any:
    return layers.Conv2D(filters, size, **options)


def pooled(layer: Any) -> Build:
    return chain(conv(3, 3, activation="tanh"), layer, K.batch_flatten, dense(2))


def lstm(x: Tensor) -> Tensor:
    """Four steps, unrolled."""
    kernel, recurrent, bias = weight(3, 8), weight(2, 8), weight(8)
    h = c = ops.stop_gradient(x[:, 0, :2] * 0.0)
    for step in range(4):
        gates = K.dot(x[:, step], kernel) + K.dot(h, recurrent) + bias
        i, f, o = (K.hard_sigmoid(gates[:, n : n + 2]) for n in (0, 2, 6))
        c = f * c + i * K.tanh(gates[:, 4:6])
        h = o * K.tanh(c)
    return h


def gru(x: Tensor) -> Tensor:
    kernel, recurrent = weight(3, 6), weight(2, 6)
    h = ops.stop_gradient(x[:, 0, :2] * 0.0)
    for step in range(4):
        given = K.dot(x[:, step], kernel)
        z, r = (K.sigmoid(given[:, n : n + 2] + K.dot(h, recurrent[:, n : n + 2])) for n in (0, 2))
        new = K.tanh(given[:, 4:] + K.dot(r * h, recurrent[:, 4:]))
        h = z * h + (1.0 - z) * new
    return h


def attention(x: Tensor) -> Tensor:
    query, key, value = (K.dot(x, weight(3, 4)) for _ in range(3))
    scores = K.softmax(K.batch_dot(query, key, axes=(2, 2)) * 0.5)
    return K.batch_dot(scores, value, axes=(2, 1))


def siamese(x: Tensor) -> Tensor:
    layer = dense(4, "tanh")
    return K.sum(layer(x) * layer(x * x), axis=-1, keepdims=True)


# name: (shape of a sample, an output from the input)
MODELS: dict[str, tuple[tuple[int | None, ...], Build]] = {
    "a linear layer": ((5,), dense(3)),
    "a layer without bias": ((5,), dense(3, use_bias=False)),
    "an MLP": ((5,), chain(dense(8, "relu"), dense(4, "tanh"), dense(3, "softmax"))),
    "a shared layer": ((5,), siamese),
    "a dense layer on sequences": ((4, 5), chain(dense(6, "relu"), dense(3))),
    "an input that passes by": ((5,), lambda x: K.concatenate([dense(4, "relu")(x), x])),
    "a residual": ((5,), lambda x: dense(2)(x + dense(5, "relu")(x))),
    "a CNN, valid": ((8, 8, 2), chain(conv(3, 3, activation="relu"), K.batch_flatten, dense(2))),
    "a CNN, same": ((7, 6, 2), chain(conv(3, 3, padding="same"), K.batch_flatten, dense(2))),
    "a CNN with strides": (
        (9, 8, 2),
        chain(conv(3, 3, strides=2, padding="same"), K.batch_flatten, dense(2)),
    ),
    "a CNN of sizes that vary": (
        (None, None, 2),
        chain(conv(3, 3, strides=2, padding="same"), layers.GlobalAveragePooling2D(), dense(2)),
    ),
    "a CNN with dilation": (
        (9, 8, 2),
        chain(conv(3, 3, dilation_rate=2), K.batch_flatten, dense(2)),
    ),
    "a CNN, channels first": (
        (2, 8, 7),
        chain(conv(3, 3, data_format="channels_first"), K.batch_flatten, dense(2)),
    ),
    "two convolutions": (
        (8, 8, 1),
        chain(
            conv(4, 3, activation="relu"),
            conv(3, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            dense(5, "relu"),
            dense(3, "softmax"),
        ),
    ),
    "a separable convolution": (
        (7, 7, 3),
        chain(layers.SeparableConv2D(4, 3, depth_multiplier=2), K.batch_flatten, dense(2)),
    ),
    "a depthwise convolution": (
        (7, 7, 3),
        chain(layers.DepthwiseConv2D(3, depth_multiplier=2), K.batch_flatten, dense(2)),
    ),
    "a causal convolution": (
        (9, 3),
        chain(layers.Conv1D(4, 3, padding="causal", dilation_rate=2), K.batch_flatten, dense(2)),
    ),
    "a convolution of volumes": (
        (5, 4, 5, 2),
        lambda x: dense(2)(K.batch_flatten(K.relu(K.conv3d(x, weight(2, 2, 2, 2, 3))))),
    ),
    "a transposed convolution": (
        (4, 5, 3),
        lambda x: K.conv2d_transpose(
            x, weight(3, 3, 2, 3), (None, 8, 10, 2), strides=(2, 2), padding="same"
        ),
    ),
    "kernels of their own": (
        (6, 3),
        lambda x: K.local_conv1d(x, weight(4, 9, 2), (3,), (1,)),
    ),
    "images made larger": ((4, 5, 2), lambda x: conv(2, 3)(K.resize_images(x, 2, 3))),
    "the largest of windows": ((8, 8, 2), pooled(layers.MaxPooling2D(2))),
    "the largest of overlapping windows": (
        (8, 8, 2),
        pooled(layers.MaxPooling2D(3, strides=2, padding="same")),
    ),
    "means of windows": ((8, 8, 2), pooled(layers.AveragePooling2D(2))),
    "means of overlapping windows": (
        (8, 8, 2),
        pooled(layers.AveragePooling2D(3, strides=2, padding="same")),
    ),
    "the mean of all": ((8, 8, 2), pooled(layers.GlobalAveragePooling2D())),
    "the largest of all": ((8, 8, 2), pooled(layers.GlobalMaxPooling2D())),
    **{
        f"pools of volumes, {mode}": (
            (5, 4, 5, 2),
            lambda x, mode=mode: K.pool3d(x, (2, 2, 2), (1, 2, 1), "same", pool_mode=mode)
            * weight(2),
        )
        for mode in ("max", "avg")
    },
    "batch normalization of features": (
        (5,),
        chain(dense(6), layers.BatchNormalization(), K.relu, dense(2)),
    ),
    "batch normalization of images": (
        (6, 6, 2),
        chain(conv(3, 3, use_bias=False), layers.BatchNormalization(), K.relu, K.batch_flatten),
    ),
    "batch normalization, channels first": (
        (2, 6, 6),
        chain(layers.BatchNormalization(axis=1), K.batch_flatten, dense(2)),
    ),
    "dropout": ((5,), chain(dense(8, "relu"), layers.Dropout(0.5, seed=3), dense(3))),
    "shapes": (
        (12,),
        chain(
            layers.Reshape((3, 4)),
            layers.Permute((2, 1)),
            layers.Flatten(),
            layers.RepeatVector(2),
            dense(3),
        ),
    ),
    "an LSTM, unrolled": ((4, 3), lstm),
    "a GRU, unrolled": ((4, 3), gru),
    **{
        f"{cls.__name__}, unrolled {options}": ((4, 3), cls(2, unroll=True, **options))
        for cls in (layers.SimpleRNN, layers.LSTM, layers.GRU)
        for options in ({}, {"return_sequences": True, "go_backwards": True})
    },
    "attention": ((4, 3), attention),
    "an embedding": ((4,), lambda x: K.gather(weight(7, 3), K.cast(K.abs(x) * 6, "int64")) * 2.0),
    "running sums and products": (
        (4, 3),
        lambda x: K.cumsum(x, 1) * weight(3) + K.cumprod(K.exp(x), 1),
    ),
    "a log of sums": ((4, 3), lambda x: K.logsumexp(x * weight(3), axis=1)),
    "a chosen side": ((4,), lambda x: K.switch(x > 0.1, x * weight(4), K.exp(x))),
    "slices and stacks": (
        (4, 3),
        lambda x: K.stack([x[:, ::-1], K.reverse(x, 2), x[:, :, 1:2] * weight(3)], axis=1),
    ),
    "padding": ((4, 5, 2), lambda x: K.spatial_2d_padding(x * weight(2), ((1, 2), (0, 1)))),
    "spread and deviation": ((4, 3), lambda x: K.std(x * weight(3), axis=1) + K.var(x, axis=1)),
    "merge by largest": ((5,), lambda x: K.maximum(dense(4, "tanh")(x), dense(4)(x))),
    "merge by smallest": ((5,), lambda x: K.minimum(dense(4, "tanh")(x), dense(4)(x))),
    "merge by product": ((5,), lambda x: layers.multiply([dense(4, "tanh")(x), dense(4)(x)])),
    "merge by sum": ((5,), lambda x: layers.add([dense(4, "tanh")(x), dense(4)(x)])),
    "merge by cosine": (
        (5,),
        lambda x: K.sum(
            K.l2_normalize(dense(4)(x), axis=-1) * K.l2_normalize(dense(4)(x), axis=-1), axis=-1
        ),
    ),
    **{
        f"activation {name}": ((5,), chain(dense(6, name), dense(2)))
        for name in (
            "elu", "selu", "softplus", "softsign", "relu", "tanh", "sigmoid", "hard_sigmoid",
            "linear", "softmax",
        )
    },
}  # fmt: skip


def model_of(shape: tuple[int | None, ...], build: Build) -> Model:
    x = Input(shape)
    return Model(x, build(x))


def loss_and_inputs(model: Model, loss: str) -> tuple[Tensor, list[Tensor]]:
    """The loss of a training step, with regularizers and what else layers add."""
    model.compile("sgd", loss, gradient_engine="portable")
    step = model.compiled.train_function([False])
    return step.outputs[0], step.inputs


def variables_of(loss: Tensor) -> list[Variable]:
    tensors = [tensor for node in topological_order([loss]) for tensor in node.outputs]
    return [one for one in tensors if isinstance(one, Variable)]


def compare(
    loss: Tensor, wrt: Sequence[Tensor], inputs: Sequence[Tensor], arrays: list[Any]
) -> None:
    """In one run, so that both see the same dropout."""
    expected, found = gradients(loss, wrt, training=True), native_gradients(loss, wrt, True)
    assert [one is None for one in found] == [one is None for one in expected]
    pairs = [
        (a, b) for a, b in zip(expected, found, strict=True) if a is not None and b is not None
    ]
    results = Function(inputs, [one for pair in pairs for one in pair], training=True)(arrays)
    for one, other in zip(results[::2], results[1::2], strict=True):
        assert other.shape == one.shape
        scale = max(float(np.abs(one).max()), 0.1)
        np.testing.assert_allclose(other, one, rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize("name", MODELS)
def test_both_engines_differentiate_a_model_alike(name: str) -> None:
    shape, build = MODELS[name]
    x = Input(shape)
    y = build(x)
    loss = ops.mean(ops.square(ops.sin(y) + y))
    data = array(BATCH, *(7 if size is None else size for size in shape))
    compare(loss, [*variables_of(loss), x], [x], [data])


LOSSES = [
    "mean_squared_error",
    "mean_absolute_error",
    "binary_crossentropy",
    "categorical_crossentropy",
]


@pytest.mark.parametrize("name", LOSSES)
def test_both_engines_differentiate_a_loss_alike(name: str) -> None:
    model = model_of((5,), chain(dense(4, "relu"), dense(3, "softmax")))
    loss, inputs = loss_and_inputs(model, name)
    y = np.eye(3, dtype=np.float32)[[0, 2, 1, 0, 1, 1]]
    compare(loss, model.trainable_weights, inputs, [array(BATCH, 5), y])


def test_both_engines_differentiate_a_loss_of_class_numbers_alike() -> None:
    model = model_of((5,), chain(dense(4, "relu"), dense(3, "softmax")))
    loss, inputs = loss_and_inputs(model, "sparse_categorical_crossentropy")
    y = np.array([[0], [2], [1], [0], [1], [1]], np.float32)
    compare(loss, model.trainable_weights, inputs, [array(BATCH, 5), y])


def test_both_engines_differentiate_penalties_alike() -> None:
    penalties = {
        "kernel_regularizer": regularizers.l1_l2(0.01, 0.02),
        "activity_regularizer": regularizers.l2(0.01),
    }
    model = model_of((5,), chain(dense(6, "tanh", **penalties), dense(2)))
    loss, inputs = loss_and_inputs(model, "mse")
    compare(loss, model.trainable_weights, inputs, [array(BATCH, 5), array(BATCH, 2)])


# What is differentiated


X = placeholder(("batch", 4), name="x")
W = Variable(array(4, 3), name="w")


def test_variables_inputs_and_what_is_computed_have_gradients() -> None:
    hidden = ops.tanh(ops.matmul(X, W))
    loss = ops.sum(ops.square(hidden) * hidden)
    compare(loss, [W, X, hidden, loss], [X], [array(3, 4)])


def test_the_gradient_of_an_array_is_that_of_its_sum() -> None:
    compare(ops.exp(ops.matmul(X, W)), [W, X], [X], [array(3, 4)])


def test_what_the_loss_does_not_depend_on_has_no_gradient() -> None:
    other = Variable(array(2), name="other")
    held, cut = ops.sum(stop_gradient(X) * 2.0), ops.sum(ops.floor(X))
    found = native_gradients(ops.sum(ops.square(W)) + held + cut, [W, other, X], True)
    assert [one is None for one in found] == [False, True, True]
    assert native_gradients(held, [X, W], True) == [None, None]


def test_each_phase_has_its_own_gradient() -> None:
    y = ops.sum(ops.in_train_phase(ops.square(X), 3.0 * X))
    (derived,) = gradients(y, [X], engine="onnxruntime-training")
    x = array(2, 4)
    assert derived is not None
    np.testing.assert_allclose(Function([X], [derived], training=True)([x])[0], 2 * x)
    np.testing.assert_allclose(Function([X], [derived], training=False)([x])[0], np.full_like(x, 3))


def test_the_forward_pass_is_computed_once() -> None:
    model = model_of(*MODELS["two convolutions"])
    model.compile("sgd", "mse", metrics=["mae"], gradient_engine="onnxruntime-training")
    nodes = model.compiled.train_function([False]).emit().model.graph.node
    counts = {name: sum(node.op_type == name for node in nodes) for name in ("Conv", "MaxPool")}
    assert counts == {"Conv": 2, "MaxPool": 1}
    assert sum(node.op_type == "ConvGrad" for node in nodes) == 2


def test_gradient_nodes_are_named_after_their_layer() -> None:
    model = model_of((5,), dense(3, "relu", name="hidden"))
    loss, _ = loss_and_inputs(model, "mse")
    derived = native_gradients(loss, model.trainable_weights, True)
    found = topological_order([one for one in derived if one is not None])
    assert "grad/hidden/ReluGrad" in {node.name for node in found}


def test_a_gradient_that_nobody_asked_for_is_not_computed() -> None:
    """The first convolution's input is data."""
    model = model_of((8, 8, 2), chain(conv(3, 3), layers.Flatten(), dense(2)))
    loss, _ = loss_and_inputs(model, "mse")
    derived = native_gradients(loss, model.trainable_weights, True)
    nodes = topological_order([one for one in derived if one is not None])
    (gradient,) = [node for node in nodes if node.op_type == "ConvGrad"]
    assert [output.dtype for output in gradient.outputs] == ["omitted", "float32", "float32"]


# What is never handed over


def written(loss: Tensor, wrt: list[Tensor]) -> set[str]:
    return {node.op_type for node in Segment(loss, wrt, True).model().graph.node}


def op_types(build: Callable[[Tensor], Tensor], *dims: Any) -> set[str]:
    x = placeholder(dims, name="x")
    return written(ops.sum(build(x * 2.0)), [x])


def test_whole_numbers_masks_and_shapes_stay_outside() -> None:
    def dropped(x: Tensor) -> Tensor:
        return x * ops.keep_mask(x, 0.5, seed=1)

    x = placeholder(("batch", 3), name="x")
    assert draws_random_numbers([dropped(x)])
    assert op_types(dropped, "batch", 3) == {"Mul", "ReduceSum"}


LOWERED: dict[str, tuple[Callable[[Tensor], Tensor], tuple[Any, ...]]] = {
    # These end the process where a size is not known.
    "MaxPool": (lambda x: ops.max_pool(x, (2, 2), (2, 2)), ("batch", 8, 8, 2)),
    "AveragePool": (lambda x: ops.average_pool(x, (2, 2), (2, 2)), ("batch", 8, 8, 2)),
    # These have a wrong gradient.
    "Where": (lambda x: ops.where(x > 0.0, x, x[:1]), (4, 3)),
    "Split": (lambda x: op("Split", x, int64s([1, 2]), axis=1, outputs=2)[0], (4, 3)),
    # These have none.
    "Softplus": (ops.softplus, (4, 3)),
    "Elu": (ops.elu, (4, 3)),
    "ReduceMax": (lambda x: ops.max(x, 1), (4, 3)),
}


@pytest.mark.parametrize("name", LOWERED)
def test_an_operator_that_is_not_differentiated_rightly_is_not_handed_over(name: str) -> None:
    build, dims = LOWERED[name]
    assert name not in op_types(build, *dims)


def test_pooling_of_batches_of_any_size_does_not_end_the_process() -> None:
    x = placeholder(("batch", None, None, 2), name="x")
    y = ops.average_pool(ops.max_pool(x * 2.0, (2, 2), (2, 2)), (2, 2), (1, 1))
    (derived,) = native_gradients(ops.sum(ops.square(y)), [x], True)
    assert derived is not None
    run = Function([x], [derived])
    for batch in (1, 3, 5, 2):
        assert run([array(batch, 8, 6, 2)])[0].shape == (batch, 8, 6, 2)


def test_a_frozen_batch_normalization_keeps_its_statistics() -> None:
    """The builder would take those of the batch."""
    model = model_of((4,), chain(dense(3), layers.BatchNormalization(), dense(2)))
    model.layers[2].trainable = False
    loss, inputs = loss_and_inputs(model, "mse")
    compare(loss, model.trainable_weights, inputs, [array(BATCH, 4), array(BATCH, 2)])


def test_the_model_handed_over_is_one_that_the_builder_reads() -> None:
    model = Segment(ops.sum(ops.tanh(X)), [X], True).model()
    assert model.ir_version <= 10
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 18)]


def test_the_builder_says_nothing_on_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    native_gradients(ops.sum(ops.tanh(ops.matmul(X, W))), [W], True)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("op_type", ["LSTM", "GRU", "RNN"])
def test_recurrent_operators_are_left_to_the_rules(
    op_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With part of their gradients the builder ends the process."""
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[op_type]
    x = placeholder((5, "batch", 3), name="x")
    kernels = [ops.as_tensor(array(1, gates * 2, size)) for size in (3, 2)]
    loss = ops.sum(op(op_type, x, *kernels, outputs=2, hidden_size=2)[1])
    with caplog.at_level(logging.INFO, "konnx.autodiff"):
        (found,) = gradients(loss, [x], engine="onnxruntime-training")
    (expected,) = gradients(loss, [x])
    assert "konnx' portable rules" in caplog.text
    assert found is not None
    assert expected is not None
    one, other = Function([x], [found, expected])([array(5, 2, 3)])
    np.testing.assert_array_equal(one, other)


# Falling back


def through_float64(x: Tensor) -> Tensor:
    return ops.cast(ops.exp(ops.cast(x, "float64")), "float32")


@pytest.mark.parametrize(
    ("engine", "level"), [("onnxruntime-training", "WARNING"), ("auto", "INFO")]
)
def test_a_graph_that_cannot_go_is_differentiated_by_the_rules_and_the_log_says_why(
    engine: str, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    loss = ops.sum(through_float64(X))
    with caplog.at_level(logging.INFO, "konnx.autodiff"):
        (derived,) = gradients(loss, [X], engine=engine)
    (record,) = caplog.records
    assert record.levelname == level
    assert "Cast (node 'Cast'): only float32 is differentiated" in record.getMessage()
    assert derived is not None
    x = array(2, 4)
    np.testing.assert_allclose(Function([X], [derived])([x])[0], np.exp(x), rtol=1e-6)


def test_a_loss_of_float64_is_differentiated_by_the_rules(
    caplog: pytest.LogCaptureFixture,
) -> None:
    x = placeholder((3,), "float64", name="x")
    with caplog.at_level(logging.INFO, "konnx.autodiff"):
        (derived,) = gradients(ops.sum(x * x), [x], engine="onnxruntime-training")
    assert "not float64" in caplog.text
    assert derived is not None
    np.testing.assert_array_equal(Function([x], [derived])([np.arange(3.0)])[0], [0.0, 2.0, 4.0])


def test_a_graph_that_the_builder_refuses_is_differentiated_by_the_rules(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "is_native", lambda node: True)
    with K.name_scope("layer_1"):
        loss = ops.sum(ops.softplus(X))
    with caplog.at_level(logging.INFO, "konnx.autodiff"):
        (derived,) = gradients(loss, [X], engine="onnxruntime-training")
    assert derived is not None
    assert "not been registered: Softplus for node 'layer_1/Softplus'" in caplog.text


def test_a_loop_is_differentiated_by_the_rules(caplog: pytest.LogCaptureFixture) -> None:
    _, outputs, _ = K.rnn(lambda x, states: (x * states[0], [x * states[0]]), SEQUENCE, [START])
    with caplog.at_level(logging.INFO, "konnx.autodiff"):
        (derived,) = gradients(ops.sum(outputs), [SEQUENCE], engine="onnxruntime-training")
    assert derived is not None
    assert [record.getMessage().count("Scan (node '") for record in caplog.records] == [1]


@pytest.mark.parametrize("layer", [layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_a_recurrent_layer_is_differentiated_by_the_rules(
    layer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    made = layer(2, name="recurrent")
    loss = ops.sum(ops.square(made(Input((4, 3)))))
    with caplog.at_level(logging.INFO, "konnx.autodiff"):
        derived = gradients(loss, made.trainable_weights, training=True, engine="auto")
    assert None not in derived
    (record,) = caplog.records
    assert "Scan (node 'recurrent/" in record.getMessage()


SEQUENCE = placeholder(("batch", 5, 3), name="sequence")
START = placeholder(("batch", 3), name="start")


def test_a_gradient_of_its_gradients_is_refused_and_says_what_to_do() -> None:
    (derived,) = gradients(ops.sum(ops.tanh(X)), [X], engine="onnxruntime-training")
    assert derived is not None
    with pytest.raises(UnsupportedError, match="domain 'com.microsoft'"):
        native_gradients(ops.sum(derived), [X], True)


def test_the_portable_engine_never_emits_another_domain() -> None:
    model = model_of(*MODELS["two convolutions"])
    loss, _ = loss_and_inputs(model, "mse")
    derived = gradients(loss, model.trainable_weights, training=True)
    nodes = topological_order([one for one in derived if one is not None])
    assert not [node for node in nodes if node.domain == "com.microsoft"]


def test_activations_of_a_sequential_model_go_too() -> None:
    model = Sequential([dense(3, activations.relu, input_shape=(4,)), dense(2)])
    loss, inputs = loss_and_inputs(model, "mae")
    compare(loss, model.trainable_weights, inputs, [array(BATCH, 4), array(BATCH, 2)])
