"""ONNX files as models: layers, weights, new heads, training, files; what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper, parser

from konnx.converters import from_onnx, to_onnx
from konnx.layers import BatchNormalization, Dense, Dropout, Input, ONNXGraph
from konnx.models import Model, Sequential, load_model
from konnx.runtime import onnxruntime_module

RANDOM = np.random.default_rng(1)
START = RANDOM.bit_generator.state


@pytest.fixture(autouse=True)
def _same_numbers_in_each_test() -> None:
    RANDOM.bit_generator.state = START


def array(*shape: int, random: np.random.Generator = RANDOM) -> np.ndarray:
    return random.normal(size=shape).astype("float32")


def parse(graph: str, opset: int = 17, **initializers: np.ndarray) -> onnx.ModelProto:
    """A model from its text, and stored tensors; in names, `__` stands for a dot."""
    text = f'<ir_version: 8, opset_import: ["" : {opset}, "com.microsoft" : 1]>\n{graph}'
    for name in initializers:
        text = text.replace(name, name.replace("__", "_dot_"))
    model = parser.parse_model(text)
    for name, value in initializers.items():
        model.graph.initializer.append(numpy_helper.from_array(value, name.replace("__", "_dot_")))
    return model


def stored_weights() -> dict[str, np.ndarray]:
    random = np.random.default_rng(2)
    names = ("conv_bias", "bn_weight", "bn_bias", "bn_mean", "bn_var")
    weights = {"conv_weight": array(4, 3, 3, 3, random=random)}
    weights |= {name: np.abs(array(4, random=random)) + 0.5 for name in names}
    return {**weights, "fc_weight": array(5, 4, random=random), "fc_bias": array(5, random=random)}


def network() -> onnx.ModelProto:
    """Convolution, batch normalization, pooling, dropout and a classifier."""
    model = parse(
        """net (float[N, 3, 8, 8] image) => (float[N, 5] scores) {
            c = Conv <pads = [1, 1, 1, 1]> (image, conv_weight, conv_bias)
            n = BatchNormalization <momentum = 0.9> (c, bn_weight, bn_bias, bn_mean, bn_var)
            r = Relu(n)
            p = GlobalAveragePool(r)
            f = Flatten(p)
            d = Dropout(f)
            scores = Gemm <transB = 1> (d, fc_weight, fc_bias)
        }""",
        **stored_weights(),
    )
    for node, name in zip(model.graph.node, ("conv", "bn", "relu", "pool"), strict=False):
        node.name = f"/body/{name}/{node.op_type}"
    return model


def run(model: onnx.ModelProto | Path, x: np.ndarray) -> np.ndarray:
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    session = onnxruntime_module().InferenceSession(source)
    result: np.ndarray = session.run(None, {session.get_inputs()[0].name: x})[0]
    return result


TRAINED = {"conv_weight", "conv_bias", "bn_weight", "bn_bias", "fc_weight", "fc_bias"}


# What a model is made of


def test_layers_have_the_names_of_nodes_and_outputs() -> None:
    model = from_onnx(network())
    assert [layer.name for layer in model.layers] == [
        "image", "body/conv/Conv", "body/bn/BatchNormalization", "body/relu/Relu",
        "body/pool/GlobalAveragePool", "f", "d", "scores",
    ]  # fmt: skip
    assert (model.name, model.input_names, model.output_names) == ("net", ["image"], ["scores"])
    assert (model.input_shape, model.output_shape) == ((None, 3, 8, 8), (None, 5))


def test_weights_keep_their_names_and_values() -> None:
    proto = network()
    model = from_onnx(proto)
    assert {weight.name for weight in model.trainable_weights} == TRAINED
    assert {weight.name for weight in model.non_trainable_weights} == {"bn_mean", "bn_var"}
    stored = {one.name: numpy_helper.to_array(one) for one in proto.graph.initializer}
    for weight in model.weights:
        np.testing.assert_array_equal(weight.numpy(), stored[weight.name])
    conv = model.get_layer("body/conv/Conv")
    assert [weight.shape for weight in conv.get_weights()] == [(4, 3, 3, 3), (4,)]


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "model"])
def test_a_file_its_bytes_or_a_model_predict_what_onnx_runtime_does(
    kind: str, tmp_path: Path
) -> None:
    proto, x = network(), array(4, 3, 8, 8)
    path = tmp_path / "net.onnx"
    onnx.save(proto, path)
    sources = {"path": path, "text": str(path), "bytes": path.read_bytes(), "model": proto}
    model = from_onnx(sources[kind])
    np.testing.assert_allclose(model.predict(x), run(proto, x), atol=1e-5)


def test_small_numbers_stay_constants_and_tables_are_weights_that_do_not_train() -> None:
    model = from_onnx(
        parse(
            """g (int64[N, 3] ids) => (float[N, 3, 4] y) {
                e = Gather(table, places) h = Gather(e, ids) s = Mul(h, factor)
                m = Add(s, one) y = Div(m, scales)
            }""",
            table=array(30, 4),
            places=np.arange(100, dtype=np.int64) % 30,
            factor=np.float32(2),
            one=np.ones(1, np.float32),
            scales=np.ones(4, np.float32),
        )
    )
    assert [weight.name for weight in model.trainable_weights] == ["table"]
    assert [weight.name for weight in model.non_trainable_weights] == ["places"]


@pytest.mark.parametrize(("stored", "trained"), [({}, ["w", "b"]), ({"v": array(2, 2)}, ["v"])])
def test_constant_nodes_are_weights_where_nothing_else_is(
    stored: dict[str, np.ndarray], trained: list[str]
) -> None:
    last = "y = MatMul(a, v)" if stored else "y = Relu(a)"
    text = (
        "w = Constant <value = float[2, 2] {1, 2, 3, 4}> () "
        "b = Constant <value = float[2] {5, 6}> () h = MatMul(x, w) a = Add(h, b)"
    )
    model = from_onnx(parse(f"g (float[N, 2] x) => (float[N, 2] y) {{{text} {last}}}", **stored))
    assert [weight.name for weight in model.trainable_weights] == trained


def test_the_bias_of_one_unit_is_a_weight() -> None:
    model = parse(
        "g (float[N, 3] x) => (float[N, 1] y) {h = MatMul(x, w) y = Add(h, b)}",
        w=array(3, 1),
        b=array(1),
    )
    assert [weight.name for weight in from_onnx(model).trainable_weights] == ["w", "b"]


@pytest.mark.parametrize("trainable", [["fc_weight"], lambda name: name == "fc_weight"])
def test_what_is_trainable_can_be_chosen(trainable: Any) -> None:
    model = from_onnx(network(), trainable=trainable)
    assert [weight.name for weight in model.trainable_weights] == ["fc_weight"]


def test_a_name_of_no_weight_cannot_be_chosen() -> None:
    with pytest.raises(ValueError, match=r"Received: \['fc'\]. There are: bn_bias, bn_mean"):
        from_onnx(network(), trainable="fc")


def test_names_stay_the_same_through_an_export() -> None:
    model = from_onnx(network(), outputs=["r"])
    again = from_onnx(to_onnx(model))
    assert "body/conv/Conv" in [layer.name for layer in again.layers]


def test_a_shape_that_only_the_file_knows_is_taken_from_there() -> None:
    proto = parse(
        "g (float[N, 6] x, int64[K] sizes) => (float[N, 2, 3] y) <float[N, 2, 3] h> "
        "{h = Reshape(x, sizes) y = Relu(h)}"
    )
    assert from_onnx(proto).output_shape == (None, 2, 3)


def test_nodes_that_share_a_weight_share_a_layer() -> None:
    proto = parse(
        """g (float[N, 4] x) => (float[N, 4] y) {
            h = MatMul(x, w) r = Relu(h) t = Transpose(w) y = MatMul(r, t)
        }""",
        w=array(4, 4),
    )
    model, x = from_onnx(proto), array(2, 4)
    [shared] = [layer for layer in model.layers if layer.weights]
    assert [node.arguments for node in shared.inbound_nodes] == [{}, {"graph": 1}]
    np.testing.assert_allclose(model.predict(x), run(proto, x), atol=1e-5)
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_nodes_that_share_statistics_by_chance_are_layers_of_their_own() -> None:
    proto = parse(
        """g (float[N, 2] x) => (float[N, 2] y) {
            h = BatchNormalization(x, s, zeros, zeros, ones)
            y = BatchNormalization(h, t, zeros, zeros, ones)
        }""",
        s=array(2),
        t=array(2),
        zeros=np.zeros(2, "float32"),
        ones=np.ones(2, "float32"),
    )
    model, x = from_onnx(proto, trainable=["s", "t"]), array(3, 2)
    np.testing.assert_allclose(model.predict(x), run(proto, x), atol=1e-5)
    first, last = model.get_layer("h"), model.get_layer("y")
    before = first.get_weights()
    last.set_weights([one + 1 for one in last.get_weights()])
    np.testing.assert_array_equal(first.get_weights(), before)


def test_an_output_that_is_an_input_or_another_output_has_its_name() -> None:
    model = from_onnx(
        parse("g (float[N, 2] x) => (float[N, 2] a, float[N, 2] b, float[N, 2] c) "
              "{a = Relu(x) b = Identity(a) c = Identity(x)}")
    )  # fmt: skip
    assert model.output_names == ["a", "b", "c"]
    a, b, c = model.predict(np.array([[1, -1]], "float32"))
    assert (a.tolist(), b.tolist(), c.tolist()) == ([[1, 0]], [[1, 0]], [[1, -1]])


def test_input_shapes_can_be_given() -> None:
    proto = parse("g (float[1, 3] x) => (float[1, 3] y) {y = Relu(x)}")
    assert from_onnx(proto).input_shape == (1, 3)
    free = from_onnx(proto, input_shapes={"x": (None, 3)})
    assert free.predict(array(5, 3)).shape == (5, 3)


# What users do with it


def test_a_new_head_is_put_on_and_trained_alone() -> None:
    base = from_onnx(network())
    for layer in base.layers:
        layer.trainable = False
    x = base.get_layer("f").output
    # From zeros, so that no chance of the weights saturates the softmax.
    head = Dense(2, activation="softmax", kernel_initializer="zeros", name="head")
    model = Model(base.input, head(x))
    model.compile("adam", "categorical_crossentropy")
    images, labels = array(8, 3, 8, 8), np.eye(2)[RANDOM.integers(0, 2, 8)]
    before = base.get_layer("body/conv/Conv").get_weights()[0]
    losses = model.fit(images, labels, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    np.testing.assert_array_equal(base.get_layer("body/conv/Conv").get_weights()[0], before)
    assert [weight.name for weight in model.trainable_weights] == ["head/kernel", "head/bias"]


def test_the_whole_model_is_trained_and_exported(tmp_path: Path) -> None:
    model = from_onnx(network())
    model.compile("adam", "mse")
    x, y = array(8, 3, 8, 8), array(8, 5)
    before = {weight.name: weight.numpy() for weight in model.weights}
    loss = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=10, verbose=0)
    assert model.evaluate(x, y, verbose=0) < loss
    changed = {w.name for w in model.weights if not np.array_equal(w.numpy(), before[w.name])}
    assert changed == TRAINED
    model.export(tmp_path / "tuned.onnx")
    tuned = run(tmp_path / "tuned.onnx", x)
    np.testing.assert_allclose(tuned, model.predict(x), atol=1e-5, rtol=1e-5)
    again = from_onnx(tmp_path / "tuned.onnx")
    np.testing.assert_allclose(again.predict(x), tuned, atol=1e-5, rtol=1e-5)


def test_a_model_is_cut_at_a_value_by_its_name() -> None:
    model = from_onnx(network(), outputs=["f"])
    assert (model.output_names, model.output_shape) == (["f"], (None, 4))
    x = array(2, 3, 8, 8)
    whole = from_onnx(network())
    features = Model(whole.input, whole.get_layer("f").output)
    np.testing.assert_array_equal(model.predict(x), features.predict(x))


def test_it_is_saved_as_hdf5_and_loaded(tmp_path: Path) -> None:
    model, x = from_onnx(network()), array(4, 3, 8, 8)
    model.compile("sgd", "mse")
    model.fit(x, array(4, 5), verbose=0)
    model.save(tmp_path / "net.h5")
    again = load_model(tmp_path / "net.h5")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert {weight.name for weight in again.trainable_weights} == TRAINED
    again.fit(x, array(4, 5), verbose=0)


def test_it_is_a_layer_of_another_model_also_for_images_of_another_size() -> None:
    body = from_onnx(network(), outputs=["r"], input_shapes={"image": (None, 3, None, None)})
    image = Input((3, 6, 6))
    model = Model(image, body(image))
    assert model.output_shape == (None, 4, 6, 6)
    assert model.predict(array(2, 3, 6, 6)).shape == (2, 4, 6, 6)


def test_its_dropout_drops_in_training_only() -> None:
    model = from_onnx(
        parse("g (float[N, 50] x) => (float[N, 50] y) {y = Dropout <ratio = 0.4> (x)}", 7)
    )
    assert isinstance(model.layers[1], Dropout)
    assert model.layers[1].rate == pytest.approx(0.4)
    x = np.ones((2, 50), "float32")
    np.testing.assert_array_equal(model.predict(x), x)


def test_batch_normalization_can_be_trained_as_keras_does() -> None:
    model, x = from_onnx(network(), train_batch_normalization=True), array(6, 3, 8, 8)
    np.testing.assert_allclose(model.predict(x), run(network(), x), atol=1e-5)
    layer = model.get_layer("body/bn/BatchNormalization")
    assert isinstance(layer, BatchNormalization)
    before = layer.moving_mean.numpy()
    model.compile("sgd", "mse")
    model.fit(x, array(6, 5), verbose=0)
    assert not np.array_equal(layer.moving_mean.numpy(), before)


def test_what_konnx_exports_comes_back() -> None:
    model = Sequential([Dense(4, activation="tanh", input_shape=(3,)), Dense(2)])
    x = array(5, 3)
    again = from_onnx(to_onnx(model))
    np.testing.assert_allclose(again.predict(x), model.predict(x), atol=1e-6)
    assert [layer for layer in again.layers[1:] if not isinstance(layer, ONNXGraph)] == []


# What is refused


def test_all_operators_that_cannot_be_read_are_listed_at_once() -> None:
    model = parse(
        """g (float[N, 3] x) => (float[N, 3] y) {
            a = com.microsoft.Attention(x) b = com.microsoft.Attention(a) c = Unheard(b)
            d = my.own.Op(c) s = SequenceConstruct(d) e = SequenceAt(s, s)
            y = Resize <coordinate_transformation_mode = "tf_half_pixel_for_nn"> (e)
        }""",
        11,
    )
    model.opset_import.add(domain="my.own", version=1)
    with pytest.raises(ValueError) as caught:
        from_onnx(model)
    mode = "coordinate_transformation_mode tf_half_pixel_for_nn"
    fused = (
        "ONNX Runtime's optimizer fused it; take the file from before that, or fuse less (session "
        "option graph_optimization_level = ORT_ENABLE_BASIC)"
    )
    assert str(caught.value).splitlines() == [
        "6 operators cannot be read:",
        f"- Resize (1, first 'y'): opset 18 has no {mode}",
        "- SequenceAt (1, first 'e'): sequences and optional values are not supported",
        "- SequenceConstruct (1, first 's'): sequences and optional values are not supported",
        "- Unheard (1, first 'c'): it is no operator of ONNX",
        f"- com.microsoft.Attention (2, first 'a'): {fused}",
        "- my.own.Op (1, first 'd'): its domain is not ONNX' own",
    ]


X = "g (float[N, 3] x) => (float[N, 3] y) "


@pytest.mark.parametrize(
    ("graph", "opset", "message"),
    [
        ("{y = DeformConv(x, x, x)}", 19, "came after opset 18, and ONNX does not define it by"),
        ("{y = AveragePool <dilations = [2], kernel_shape = [2]> (x)}", 19, "with dilations"),
        ("{y = Cast <to = 1, round_mode = \"down\"> (x)}", 24, "attribute round_mode came after"),
        ("{y = BatchNormalization <spatial = 0> (x, x, x, x, x)}", 7, "spatial=0"),
        ("{y = BatchNormalization <training_mode = 1> (x, x, x, x, x)}", 14, "training mode"),
        ("{y = Relu(x)}", 6, "must be of one opset from 7 to"),
        ("{y = Relu(x)}", 99, "must be of one opset from 7 to"),
        ("{y = Relu(z)}", 17, "needs 'z', which nothing in the graph makes"),
        ("<float[3] c = {1, 2, 3}> {y = Relu(c)}", 17, "'y' does not depend on any input"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why(graph: str, opset: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_onnx(parse(X + graph, opset))


def test_an_input_without_a_shape_asks_for_one() -> None:
    model = parse(X + "{y = Relu(x)}")
    model.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(ValueError, match="Input 'x': its shape is not declared.*input_shapes"):
        from_onnx(model)
    with pytest.raises(ValueError, match="does not have: z. Its inputs: x"):
        from_onnx(model, input_shapes={"z": (None, 3)})
    assert from_onnx(model, input_shapes={"x": (None, 3)}).output_shape == (None, 3)


def test_an_operator_without_a_gradient_is_named_when_training_begins() -> None:
    model = from_onnx(
        parse(
            X
            + "{h = MatMul(x, w) y = Det(h)}".replace(
                "y = Det(h)",
                "u = Unsqueeze(h, a) d = Concat <axis = 1> (u, u, u) t = Det(d) y = Mul(h, t)",
            ),
            w=array(3, 3),
            a=np.array([1]),
        )
    )
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="Det in 't'"):
        model.fit(array(2, 3), array(2, 3), verbose=0)
