"""Sequential: layers added, taken off, and built when the shape of the input is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Tensor
from konnx.layers import (
    Add,
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    Input,
    InputLayer,
    Layer,
    MaxPooling2D,
)
from konnx.models import Model, Sequential

X = np.linspace(-1, 1, 24, dtype=np.float32).reshape(6, 4)
Y = np.linspace(0, 1, 12, dtype=np.float32).reshape(6, 2)


class ToFloat(Layer):
    def call(self, inputs: Tensor) -> Tensor:
        return ops.cast(inputs, "float32")


class Twice(Layer):
    def call(self, inputs: Tensor) -> list[Tensor]:
        return [inputs * 1.0, inputs * 2.0]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return [input_shape, input_shape]


def names(model: Model) -> list[str]:
    return [layer.name for layer in model.layers]


def by_hand(model: Model, x: np.ndarray) -> np.ndarray:
    weights = model.get_weights()
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        x = x @ kernel + bias
    return x


@pytest.mark.parametrize(
    "first",
    [
        lambda: [Dense(2, input_shape=(4,))],
        lambda: [Dense(2, input_dim=4)],
        lambda: [Dense(2, batch_input_shape=(None, 4))],
        lambda: [InputLayer((4,)), Dense(2)],
        lambda: [Sequential([Dense(2, input_shape=(4,))])],
        lambda: [Sequential([Sequential([Dense(3, input_shape=(4,))]), Dense(2)])],
    ],
)
def test_the_first_layer_tells_the_shape_of_the_input(first: Any) -> None:
    model = Sequential(first())
    assert (model.input_shape, model.output_shape) == ((None, 4), (None, 2))
    np.testing.assert_allclose(model.predict(X), by_hand(model, X), rtol=1e-5, atol=1e-6)


def test_an_input_layer_is_not_among_the_layers() -> None:
    model = Sequential([InputLayer((4,), name="in"), Dense(2, name="out")])
    assert names(model) == ["out"]
    assert model.input_names == ["in"]


def test_a_model_as_the_first_layer_gives_its_dtype_too() -> None:
    x = Input((4,), dtype="int32")
    model = Sequential([Model(x, ToFloat()(x)), Dense(2)])
    assert model.inputs[0].dtype == "int32"
    numbers = np.arange(8).reshape(2, 4)
    np.testing.assert_allclose(
        model.predict(numbers), by_hand(model, numbers.astype(np.float32)), rtol=1e-5, atol=1e-6
    )


def test_a_layer_added_on_top_keeps_the_weights_below() -> None:
    model = Sequential([Dense(3, input_shape=(4,))])
    before = model.get_weights()
    model.add(Dense(2))
    assert model.output_shape == (None, 2)
    for received, expected in zip(model.get_weights(), before, strict=False):
        np.testing.assert_array_equal(received, expected)


@pytest.mark.training
def test_a_layer_added_after_training_keeps_what_was_learned() -> None:
    model = Sequential([Dense(2, input_shape=(4,))])
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)
    learned = model.get_weights()
    model.add(Dense(1))
    with pytest.raises(RuntimeError, match="is not compiled"):
        model.train_on_batch(X, Y[:, :1])
    model.compile("sgd", "mse")
    np.testing.assert_allclose(model.predict(X), by_hand(model, X), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model.get_weights()[0], learned[0])
    model.train_on_batch(X, Y[:, :1])
    assert not np.array_equal(model.get_weights()[0], learned[0])


def test_pop_takes_the_top_layer_off() -> None:
    model = Sequential([Dense(3, input_shape=(4,)), Dense(2), Dense(1)])
    model.pop()
    assert model.output_shape == (None, 2)
    np.testing.assert_allclose(model.predict(X), by_hand(model, X), rtol=1e-5, atol=1e-6)


def test_a_layer_taken_off_can_be_put_back() -> None:
    top = Dense(2)
    model = Sequential([Dense(3, input_shape=(4,)), top])
    expected = model.predict(X)
    model.pop()
    model.add(top)
    np.testing.assert_array_equal(model.predict(X), expected)
    assert top.output_shape == (None, 2)


def test_a_layer_taken_off_a_frozen_model_is_frozen_no_more() -> None:
    norm = BatchNormalization()
    model = Sequential([Dense(3, input_shape=(4,)), Sequential([norm])])
    model.trainable = False
    assert norm.is_frozen
    model.pop()
    assert not norm.is_frozen


def test_a_model_with_all_layers_taken_off_can_start_anew() -> None:
    model = Sequential([Dense(3, input_shape=(4,))])
    model.pop()
    assert model.layers == []
    model.add(Dense(2, input_shape=(5,)))
    assert model.predict(np.ones((1, 5))).shape == (1, 2)
    model.pop()
    with pytest.raises(IndexError, match="has no layers"):
        model.pop()


def test_pop_works_before_the_shape_is_known() -> None:
    model = Sequential([Dense(3), Dense(2)])
    model.pop()
    assert model.predict(X).shape == (6, 3)


@pytest.mark.parametrize(
    ("layer", "error", "message"),
    [
        (lambda: "dense", TypeError, "only layers can be added. Received: 'dense'"),
        (lambda: Dense(2, name="low"), ValueError, "several layers of the name 'low'"),
        (Twice, ValueError, "has 2 outputs; layers of a Sequential have one"),
        (lambda: Dense(2, weights=[np.ones(3)]), ValueError, "has 2 weights. Received: 1 arrays"),
    ],
)
def test_a_layer_that_does_not_fit_leaves_the_model_as_it_was(
    layer: Any, error: type[Exception], message: str
) -> None:
    model = Sequential([Dense(3, input_shape=(4,), name="low")])
    with pytest.raises(error, match=message):
        model.add(layer())
    assert names(model) == ["low"]
    assert model.predict(X).shape == (6, 3)
    model.add(Dense(1, name="top"))
    assert model.predict(X).shape == (6, 1)


def test_the_same_layer_cannot_be_added_twice() -> None:
    layer = Dense(4, name="same", input_shape=(4,))
    with pytest.raises(ValueError, match=r"'same' is in the stack already.*build a Model"):
        Sequential([layer, layer])


def test_a_first_layer_that_fails_leaves_no_input_behind() -> None:
    model = Sequential()
    with pytest.raises(ValueError, match="must end in a known, positive size"):
        model.add(Dense(3, input_shape=(None,)))
    model.add(Dense(2, input_shape=(4,)))
    assert model.input_shape == (None, 4)


def test_a_model_of_several_inputs_can_be_the_first_layer() -> None:
    inputs = [Input((4,), name="left"), Input((4,), name="right")]
    model = Sequential([Model(inputs, Add()(inputs), name="sum"), Dense(2)])
    assert (model.input_names, model.output_shape) == (["left", "right"], (None, 2))
    model.pop()
    assert (model.input_names, model.output_shape) == (["left", "right"], (None, 4))


# Built later


def test_build_makes_the_weights() -> None:
    model = Sequential([Dense(3), Dense(2)])
    assert not model.built
    model.build((None, 4))
    assert [w.shape for w in model.get_weights()] == [(4, 3), (3,), (3, 2), (2,)]


@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.predict(X),
        lambda model: model.predict_on_batch([X]),
        lambda model: model.predict(X.tolist()),
    ],
)
def test_the_first_data_tell_the_shape(use: Any) -> None:
    model = Sequential([Dense(3), Dense(2)])
    np.testing.assert_allclose(use(model), by_hand(model, X), rtol=1e-5, atol=1e-6)


def test_a_vector_of_samples_is_a_column() -> None:
    model = Sequential([Dense(2)])
    assert model.predict(np.arange(5.0)).shape == (5, 2)
    assert model.input_shape == (None, 1)


def test_images_build_a_model_too() -> None:
    model = Sequential([Flatten(), Dense(2)])
    assert model.predict(np.zeros((2, 3, 3, 1))).shape == (2, 2)


def test_a_sequential_without_shape_is_built_where_it_is_called() -> None:
    inner = Sequential([Dense(3), Dense(2)])
    x = Input((4,))
    model = Model(x, inner(x))
    np.testing.assert_allclose(model.predict(X), by_hand(model, X), rtol=1e-5, atol=1e-6)


@pytest.mark.training
@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.fit(X, Y, verbose=0),
        lambda model: model.train_on_batch(X, Y),
        lambda model: model.test_on_batch(X, Y),
        lambda model: model.evaluate(X, Y, verbose=0),
    ],
)
def test_a_model_compiled_before_it_is_built_trains_on_its_first_data(use: Any) -> None:
    model = Sequential([Dense(3, activation="relu"), Dense(2)])
    model.compile("adam", "mse", metrics=["mae"])
    assert model.is_compiled
    assert type(model.optimizer).__name__ == "Adam"
    assert model.loss == "mse"
    use(model)
    assert model.metrics_names == ["loss", "mean_absolute_error"]
    assert model.input_shape == (None, 4)


def test_compile_before_build_finds_a_wrong_optimizer_at_once() -> None:
    with pytest.raises(ValueError, match="Did you mean 'adam'"):
        Sequential([Dense(2)]).compile("adamm", "mse")


def test_metrics_names_wait_for_the_shape() -> None:
    model = Sequential([Dense(2)])
    model.compile("sgd", "mse")
    with pytest.raises(AttributeError, match="before its input shape is known"):
        model.metrics_names  # noqa: B018 - reading it is the test
    model.build((None, 4))
    assert model.metrics_names == ["loss"]


def test_data_that_do_not_fit_leave_the_model_to_be_built_by_others() -> None:
    model = Sequential([MaxPooling2D(), Flatten(), Dense(2)])
    with pytest.raises(ValueError, match="expected ndim=4"):
        model.predict(X)
    assert not model.built
    assert len(model.layers) == 3
    assert model.predict(X.reshape(6, 2, 2, 1)).shape == (6, 2)


@pytest.mark.parametrize(
    ("use", "what"),
    [
        (lambda model, path: model.save(path / "m.h5"), "be saved"),
        (lambda model, path: model.save_weights(path / "m.h5"), "be saved"),
        (lambda model, path: model.load_weights(path / "m.h5"), "load weights"),
        (lambda model, path: model.export(path / "m.onnx"), "be exported"),
        (lambda model, path: model.summary(), "be summarized"),
    ],
)
def test_what_needs_weights_says_that_the_shape_is_missing(
    use: Any, what: str, tmp_path: Any
) -> None:
    model = Sequential([Dense(2)], name="late")
    with pytest.raises(ValueError, match=f"Model 'late' has no input shape yet.*cannot {what}"):
        use(model, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_layers_cannot_be_built() -> None:
    model = Sequential(name="empty")
    with pytest.raises(ValueError, match="'empty' has no layers"):
        model.build((None, 4))
    with pytest.raises(ValueError, match="'empty' has no input shape yet"):
        model.predict(X)


def test_dropout_passes_in_prediction() -> None:
    model = Sequential([Dropout(0.9, input_shape=(4,))])
    np.testing.assert_array_equal(model.predict(X), X)


def test_classes_and_probabilities_are_predicted() -> None:
    x = np.random.RandomState(0).uniform(size=(6, 3)).astype(np.float32)
    several = Sequential([Dense(4, activation="softmax", input_shape=(3,))])
    np.testing.assert_array_equal(several.predict_classes(x), several.predict(x).argmax(axis=1))
    np.testing.assert_array_equal(several.predict_proba(x), several.predict(x))
    single = Sequential([Dense(1, activation="sigmoid", input_shape=(3,))])
    np.testing.assert_array_equal(single.predict_classes(x), single.predict(x) > 0.5)
    with pytest.warns(UserWarning, match="no probabilities"):
        Sequential([Dense(1, bias_initializer="ones", input_shape=(3,))]).predict_proba(x + 9)


@pytest.mark.training
def test_weights_of_classes_come_before_those_of_samples_on_a_batch() -> None:
    x, y = np.full((2, 1), 3, np.float32), np.array([[0.0], [1.0]], np.float32)
    losses = []
    for arguments in ([{0: 1.0, 1: 5.0}], [None, np.array([1.0, 5.0])]):
        model = Sequential([Dense(1, kernel_initializer="ones", input_shape=(1,))])
        model.compile("sgd", "mae")
        losses.append(model.train_on_batch(x, y, *arguments))
    assert losses[0] == losses[1]


# As scripts for Keras 1 and 2 change the list of layers


def test_a_layer_may_be_popped_from_the_list_of_layers() -> None:
    model = Sequential([Dense(3, input_shape=(4,)), Dense(2), Dense(1)])
    hidden = model.layers[1].output
    model.layers.pop()
    assert model.predict(X).shape == (len(X), 1)  # the output stays, as in Keras
    model.outputs = [hidden]
    assert model.predict(X).shape == (len(X), 2)
    model.add(Dense(5))
    assert model.output_shape == (None, 5)
    assert [layer.units for layer in model.layers] == [3, 2, 5]  # type: ignore[attr-defined]
    assert Sequential.from_config(model.get_config()).output_shape == (None, 5)


def test_a_layer_goes_on_top_of_the_last_one_in_the_list() -> None:
    model = Sequential([Dense(3, input_shape=(4,)), Dense(2)])
    model.layers.pop()
    model.add(Dense(5))
    assert [weight.shape for weight in model.weights] == [(4, 3), (3,), (3, 5), (5,)]
