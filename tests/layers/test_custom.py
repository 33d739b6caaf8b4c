"""Layers that users write: what they may do in `build`, `call` and `compute_mask`."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx.layers import (
    LSTM,
    Activation,
    BatchNormalization,
    Dense,
    Embedding,
    Input,
    Layer,
    TimeDistributed,
    Wrapper,
)
from konnx.models import Model, Sequential, clone_model, load_model, model_from_json
from konnx.optimizers import SGD

pytestmark = pytest.mark.training

X = np.random.RandomState(0).normal(size=(8, 3)).astype("float32")
Y = np.random.RandomState(1).normal(size=(8, 2)).astype("float32")
Y3 = np.random.RandomState(2).normal(size=(8, 3)).astype("float32")


class Block(Layer):
    """Two layers, a normalization and a list of layers within one."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.first = Dense(units, activation="tanh", kernel_regularizer="l2", name="first")
        self.norm = BatchNormalization(name="norm")
        self._hidden = [Dense(units, name=f"hidden_{i}") for i in range(2)]

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight("scale", (self.units,), initializer="ones")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        x = self.norm(self.first(inputs))
        for layer in self._hidden:
            x = layer(x)
        return x * self.scale

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


def block_model() -> Sequential:
    model = Sequential([Block(2, input_shape=(3,), name="block")])
    model.compile(SGD(0.1), "mse")
    return model


def test_layers_within_are_found_with_their_weights_losses_and_updates() -> None:
    block = block_model().layers[0]
    assert [part.name for part in block.parts] == ["first", "norm", "hidden_0", "hidden_1"]
    assert [weight.name for weight in block.trainable_weights] == [
        "block/scale",
        "block/first/kernel",
        "block/first/bias",
        "block/norm/gamma",
        "block/norm/beta",
        "block/hidden_0/kernel",
        "block/hidden_0/bias",
        "block/hidden_1/kernel",
        "block/hidden_1/bias",
    ]
    assert [weight.name for weight in block.non_trainable_weights] == [
        "block/norm/moving_mean",
        "block/norm/moving_variance",
    ]
    assert (len(block.losses), len(block.updates)) == (1, 2)
    assert block.count_params() == sum(array.size for array in block.get_weights()) == 30


class Plain(Block):
    """A block without a weight of its own."""

    def build(self, input_shape: Any) -> None:
        self.scale = 1.0
        Layer.build(self, input_shape)


def test_layers_within_are_trained_as_if_they_stood_alone() -> None:
    model, block = Sequential(), Plain(2, input_shape=(3,))
    model.add(block)
    first = Dense(2, activation="tanh", kernel_regularizer="l2", input_shape=(3,))
    flat = Sequential([first, BatchNormalization(), Dense(2), Dense(2)])
    for layer, part in zip(flat.layers, block.parts, strict=True):
        layer.set_weights(part.get_weights())
    model.compile(SGD(0.1), "mse")
    flat.compile(SGD(0.1), "mse")
    for _ in range(3):
        assert model.train_on_batch(X, Y) == pytest.approx(flat.train_on_batch(X, Y), rel=1e-5)
    np.testing.assert_allclose(model.predict(X), flat.predict(X), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("whole", [True, False])
def test_freezing_the_outer_layer_freezes_those_within(whole: bool) -> None:
    model = block_model()
    block: Any = model.layers[0]
    (block if whole else block.norm).trainable = False
    model.compile(SGD(0.1), "mse")
    before = block.get_weights()
    model.train_on_batch(X, Y)
    changed = sum(
        not np.array_equal(old, new) for old, new in zip(before, block.get_weights(), strict=True)
    )
    assert changed == (0 if whole else 7)


def test_a_layer_frozen_from_the_start_freezes_what_it_makes_later() -> None:
    model = Sequential([Block(2, input_shape=(3,), trainable=False), Dense(2)])
    assert [part.is_frozen for part in model.layers[0].parts] == [True] * 4
    assert len(model.updates) == 0


def test_layers_within_are_saved_and_loaded(tmp_path: Path) -> None:
    model = block_model()
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.h5")
    loaded = load_model(tmp_path / "model.h5", custom_objects={"Block": Block})
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.train_on_batch(X, Y) == model.train_on_batch(X, Y)
    restored = pickle.loads(pickle.dumps(model))  # noqa: S301 - our own
    np.testing.assert_allclose(restored.predict(X), model.predict(X), rtol=1e-5)
    twin = model_from_json(model.to_json(), {"Block": Block})
    twin.set_weights(model.get_weights())
    np.testing.assert_allclose(twin.predict(X), model.predict(X), rtol=1e-5)


def test_a_layer_that_holds_layers_is_exported(tmp_path: Path) -> None:
    from konnx.converters import from_onnx

    model = block_model()
    model.export(tmp_path / "model.onnx")
    np.testing.assert_allclose(
        from_onnx(tmp_path / "model.onnx").predict(X), model.predict(X), rtol=1e-5, atol=1e-6
    )


class Nested(Layer):
    """Layers in a dict, one made when the shape is known, and a model."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.by_name = {"block": Block(3, name="block")}
        self.model = Sequential([Dense(3, input_shape=(3,), name="in_model")])

    def build(self, input_shape: Any) -> None:
        self.late = Dense(input_shape[-1], name="late")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return self.model(self.by_name["block"](self.late(inputs)))


def test_layers_are_found_at_any_depth() -> None:
    model = Sequential([Nested(input_shape=(3,), name="outer"), Dense(2)])
    names = [weight.name for weight in model.layers[0].weights]
    assert {"outer/block/first/kernel", "in_model/kernel", "outer/late/kernel"} < set(names)
    model.compile(SGD(0.1), "mse")
    before = model.get_weights()
    model.train_on_batch(X, Y)
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert all(changed)


class Handmade(Layer):
    """As Keras 2.1 has it: layers within are built and listed by hand."""

    def build(self, input_shape: Any) -> None:
        self.inner = Dense(2)
        self.inner.build(input_shape)
        self.trainable_weights = self.inner.trainable_weights
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return self.inner.call(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], 2)


def test_weights_listed_by_hand_count_once() -> None:
    model = Sequential([Handmade(input_shape=(3,))])
    assert [array.shape for array in model.get_weights()] == [(3, 2), (2,)]
    model.compile(SGD(0.1), "mse")
    assert model.train_on_batch(X, Y) > model.train_on_batch(X, Y)


class Split(Layer):
    """Two inputs, two outputs, an argument of `call`."""

    def build(self, input_shape: Any) -> None:
        assert [shape[-1] for shape in input_shape] == [3, 2]
        self.kernel = self.add_weight("kernel", (3, 2))
        super().build(input_shape)

    def call(self, inputs: Any, factor: float = 1.0) -> Any:
        left, right = inputs
        return [K.dot(left, self.kernel) * factor, right - factor]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return [(input_shape[0][0], 2), input_shape[1]]


def test_several_inputs_outputs_and_arguments() -> None:
    a, b = Input((3,), name="a"), Input((2,), name="b")
    layer = Split(name="split")
    first, second = layer([a, b], factor=2.0)
    assert (first.shape, second.shape) == ((None, 2), (None, 2))
    model = Model([a, b], [second, first])
    for one in (model, model_from_json(model.to_json(), {"Split": Split})):
        one.set_weights([np.ones((3, 2))])
        low, high = one.predict([X, Y])
        np.testing.assert_allclose(low, Y - 2, rtol=1e-6)
        np.testing.assert_allclose(high, 2 * X.sum(axis=1, keepdims=True) @ [[1, 1]], rtol=1e-5)
    assert layer.output_shape == [(None, 2), (None, 2)]


class KeepSteps(Layer):
    """Makes a mask of its own, and reads the one that comes in."""

    supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        return inputs if mask is None else inputs * K.expand_dims(K.cast(mask, "float32"))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        own = K.any(K.greater(inputs, 0.0), axis=-1)
        return own if mask is None else K.cast(mask, "bool") & own


def test_masks_come_in_and_go_out() -> None:
    words = Input((4,), dtype="int32")
    embedded = Embedding(3, 2, mask_zero=True, weights=[np.array([[5, 5], [1, 1], [-1, -1]])])
    kept = KeepSteps()(embedded(words))
    model = Model(words, [kept, LSTM(2, return_sequences=True)(kept)])
    first, second = model.predict(np.array([[1, 0, 2, 1]]))
    np.testing.assert_array_equal(first[0], [[1, 1], [0, 0], [-1, -1], [1, 1]])
    np.testing.assert_array_equal(second[0, 1], second[0, 0])  # the word 0
    np.testing.assert_array_equal(second[0, 2], second[0, 0])  # below 0
    assert not np.array_equal(second[0, 3], second[0, 0])


class Counter(Layer):
    """Counts what it sees in training, and adds to the loss."""

    def build(self, input_shape: Any) -> None:
        self.seen = self.add_weight("seen", (), initializer="zeros", trainable=False)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        count = K.cast(K.shape(inputs)[0], "float32")
        self.add_update([(self.seen, self.seen + count)], inputs)
        self.add_loss(0.5 * K.sum(K.square(inputs)), inputs)
        return inputs


def test_updates_and_losses_belong_to_the_inputs_of_their_call() -> None:
    a, b = Input((3,)), Input((3,))
    layer = Counter()
    model, other = Model(a, Dense(2)(layer(a))), Model(b, Dense(2)(layer(b)))
    assert (len(layer.get_updates_for(a)), len(layer.get_losses_for(b))) == (1, 1)
    assert (len(model.losses), len(other.updates)) == (1, 1)
    model.compile(SGD(0.0), "mse")
    mean = np.mean((model.predict(X) - Y) ** 2)
    assert model.train_on_batch(X, Y) == pytest.approx(mean + 0.5 * (X**2).sum(), rel=1e-5)
    model.evaluate(X, Y, verbose=0)
    assert layer.seen.numpy() == 8


class Residual(Wrapper):
    """Adds its input to what the layer within returns, and normalizes the sum."""

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.norm = BatchNormalization(name="norm")

    def build(self, input_shape: Any) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return self.norm(inputs + self.layer.call(inputs))


def test_wrappers_of_ones_own_are_trained_saved_and_loaded(tmp_path: Path) -> None:
    inner = Dense(3, name="inner")
    model = Sequential([Residual(inner, input_shape=(3,), name="res"), Activation("tanh")])
    assert [weight.name for weight in model.weights] == [
        "res/inner/kernel",
        "res/inner/bias",
        "res/norm/gamma",
        "res/norm/beta",
        "res/norm/moving_mean",
        "res/norm/moving_variance",
    ]
    model.compile(SGD(0.1), "mse")
    losses = [model.train_on_batch(X, X) for _ in range(5)]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5", custom_objects={"Residual": Residual})
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_layers_of_ones_own_are_applied_to_each_step() -> None:
    model = Sequential([TimeDistributed(Block(2, name="block"), input_shape=(4, 3))])
    x = np.stack([X[:4], X[4:]])
    steps = Sequential([Block(2, input_shape=(3,))])
    steps.set_weights(model.get_weights())
    np.testing.assert_allclose(
        model.predict(x).reshape(8, 2), steps.predict(X), rtol=1e-5, atol=1e-6
    )


# Tensors among the arguments of a call


class Shifted(Layer):
    """Takes tensors as arguments of its own: one, and a list of them."""

    def call(self, inputs: Any, by: Any, further: Any = (), factor: float = 1.0) -> Any:
        return sum(further, inputs + by * factor)


def shifted(x: Any, y: Any) -> Model:
    hidden = Dense(3, name="hidden")(x)
    first = Shifted(name="first")(hidden, y, factor=2.0)
    return Model([x, y], Shifted(name="second")(first, by=x, further=[hidden, y]))


def shifted_model() -> Model:
    return shifted(Input((3,), name="x"), Input((3,), name="y"))


@pytest.mark.parametrize("kind", ["as it is", "cloned", "within", "from its config", "a file"])
def test_a_model_is_traced_through_tensors_among_the_arguments(kind: str, tmp_path: Path) -> None:
    model = shifted_model()
    custom = {"Shifted": Shifted}
    if kind == "cloned":
        found = clone_model(model)
    elif kind == "within":
        inputs = [Input((3,)), Input((3,))]
        found = Model(inputs, model(inputs))
    elif kind == "from its config":
        found = model_from_json(model.to_json(), custom)
    elif kind == "a file":
        model.save(tmp_path / "model.keras")
        found = load_model(tmp_path / "model.keras", custom)
    else:
        found = model
    found.set_weights(model.get_weights())
    kernel, bias = model.get_weights()
    hidden = X @ kernel + bias
    expected = 2 * hidden + 3 * Y3 + X
    np.testing.assert_allclose(found.predict([X, Y3]), expected, rtol=1e-5, atol=1e-5)


def test_a_mask_may_be_a_tensor() -> None:
    x, seen = Input((4, 3)), Input((4,), dtype="bool")
    model = Model([x, seen], LSTM(2)(x, mask=seen))
    series = np.ones((2, 4, 3), "float32")
    all_steps, two_steps = np.ones((2, 4), bool), np.array([[1, 1, 0, 0]] * 2, bool)
    short = Input((2, 3))
    both = Model(short, LSTM(2, weights=model.get_weights())(short)).predict(series[:, :2])
    np.testing.assert_allclose(model.predict([series, two_steps]), both, rtol=1e-5)
    assert np.abs(model.predict([series, all_steps]) - both).max() > 1e-3


def test_what_a_layer_was_called_on_is_its_input() -> None:
    layer = shifted_model().get_layer("second")
    assert layer.input_shape == (None, 3)
    assert layer.inbound_nodes[0].inputs[0] is layer.input
    assert len(layer.inbound_nodes[0].inputs) == 4


def test_more_arguments_than_a_layer_takes_are_an_error() -> None:
    x = Input((3,))
    with pytest.raises(
        TypeError, match=r"'d' \(Dense\) takes no arguments.*several inputs go into"
    ):
        Dense(2, name="d")(x, x)
    with pytest.raises(TypeError, match=r"takes only \['by', 'further', 'factor'\].*4 more"):
        Shifted()(x, x, [x], 1.0, x)


def test_a_layer_compares_inputs_with_its_demands_when_asked() -> None:
    layer = Dense(3, name="dense")
    layer.assert_input_compatibility(Input((4,)))
    with pytest.raises(ValueError, match="'dense' cannot take the input: expected ndim"):
        layer.assert_input_compatibility(Input(()))
