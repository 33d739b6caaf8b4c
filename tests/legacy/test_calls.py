"""Calls as Keras 1 knew them work, and warn as Keras 2.1.6 does."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import layers, ops
from konnx.graph import Variable
from konnx.layers import Dense, Input, Layer
from konnx.legacy import accept_keras_1
from konnx.legacy.table import Interface
from konnx.models import Model, Sequential
from konnx.optimizers import SGD

# A call of Keras 1, and the call of Keras 2 that Keras 2.1.6 (run on TensorFlow) shows for it.
UPDATED = [
    (
        "Dense(output_dim=3, init='uniform', W_regularizer='l2', bias=False)",
        'Dense(units=3, kernel_initializer="uniform", kernel_regularizer="l2", use_bias=False)',
    ),
    (
        "Dense(3, weights=None, W_constraint=None, b_constraint='nonneg')",
        'Dense(3, weights=None, kernel_constraint=None, bias_constraint="nonneg")',
    ),
    (
        "Convolution2D(32, 3, 3, border_mode='same', dim_ordering='tf', activation='relu')",
        'Conv2D(32, (3, 3), activation="relu", padding="same", data_format="channels_last")',
    ),
    ("Convolution2D(32, 3, nb_col=3)", "Conv2D(32, (3, 3))"),
    (
        "Convolution2D(nb_filter=32, nb_row=3, nb_col=3, subsample=(2, 2))",
        "Conv2D(kernel_size=(3, 3), filters=32, strides=(2, 2))",
    ),
    ("Convolution3D(8, 3, 3, 3)", "Conv3D(8, (3, 3, 3))"),
    ("Conv3D(8, 3, kernel_dim2=3, kernel_dim3=3)", "Conv3D(8, (3, 3, 3))"),
    (
        "Convolution1D(8, filter_length=3, subsample_length=2, input_dim=3, input_length=9)",
        "Conv1D(8, input_shape=(9, 3), kernel_size=3, strides=2)",
    ),
    ("GRU(4, consume_less='cpu')", "GRU(4, implementation=0)"),
    ("Dropout(p=.5)", "Dropout(rate=0.5)"),
    ("GaussianNoise(sigma=.1)", "GaussianNoise(stddev=0.1)"),
    (
        "MaxPooling1D(pool_length=2, stride=2, border_mode='same')",
        'MaxPooling1D(pool_size=2, strides=2, padding="same")',
    ),
    (
        "MaxPooling2D((2, 2), border_mode='valid', dim_ordering='th')",
        'MaxPooling2D((2, 2), padding="valid", data_format="channels_first")',
    ),
    ("UpSampling1D(length=3)", "UpSampling1D(size=3)"),
    (
        "BatchNormalization(mode=0, gamma_init='one')",
        'BatchNormalization(gamma_initializer="one")',
    ),
    (
        "Deconvolution2D(3, 3, 3, (None, 3, 14, 14), border_mode='same', subsample=(2, 2))",
        'Conv2DTranspose(3, (3, 3), strides=(2, 2), padding="same")',
    ),
    ("Deconvolution2D(3, 3, 3, output_shape=(None, 3, 14, 14))", "Conv2DTranspose(3, (3, 3))"),
    (
        "SeparableConvolution2D(3, 3, 3, init='uniform')",
        (
            'SeparableConv2D(3, (3, 3), depthwise_initializer="uniform", '
            'pointwise_initializer="uniform")'
        ),
    ),
    (
        "ConvLSTM2D(3, 3, 3, inner_activation='sigmoid', forget_bias_init='one')",
        'ConvLSTM2D(3, (3, 3), unit_forget_bias=True, recurrent_activation="sigmoid")',
    ),
    ("PReLU(init='zero')", 'PReLU(alpha_initializer="zero")'),
    (
        "GlobalMaxPooling2D(dim_ordering='tf')",
        'GlobalMaxPooling2D(data_format="channels_last")',
    ),
]


def called(text: str) -> Any:
    return eval(text, vars(layers).copy())  # noqa: S307  # calls of this file


def warned(call: Callable[[], Any]) -> tuple[Any, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    assert {one.filename for one in caught} <= {__file__, "<string>"}
    return result, [str(one.message) for one in caught]


@pytest.mark.no_runtime
@pytest.mark.parametrize(("old", "new"), UPDATED)
def test_a_call_of_keras_1_is_shown_as_keras_2_has_it(old: str, new: str) -> None:
    layer, messages = warned(lambda: called(old))
    name = new.partition("(")[0]
    assert messages == [f"Update your `{name}` call to the Keras 2 API: `{new}`"]
    assert type(layer).__name__ == name


@pytest.mark.no_runtime
@pytest.mark.parametrize(("_", "new"), UPDATED)
def test_a_call_of_keras_2_goes_without_a_warning(_: str, new: str) -> None:
    _, messages = warned(lambda: called(new))
    assert messages == []


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("old", "attribute", "value", "said"),
    [
        ("ZeroPadding2D(padding={'top_pad': 1})", "padding", ((1, 0), (0, 0)), "four sides"),
        ("LSTM(3, forget_bias_init='zero')", "units", 3, "`forget_bias_init` is ignored"),
        ("SimpleRNN(3, consume_less='cpu')", "units", 3, "`consume_less` is ignored"),
        ("Embedding(9, 3, dropout=0.2)", "output_dim", 3, "no longer takes `dropout`"),
    ],
)
def test_what_cannot_be_kept_is_said(old: str, attribute: str, value: Any, said: str) -> None:
    layer, (message,) = warned(lambda: called(old))
    assert getattr(layer, attribute) == value
    assert said in message


@pytest.mark.no_runtime
def test_strides_may_stand_without_a_name_where_the_call_must_be_of_keras_2() -> None:
    layer, messages = warned(lambda: called("Conv2D(32, 3, 2, padding='same')"))
    assert (layer.kernel_size, layer.strides, messages) == ((3, 3), (2, 2), [])


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("Dense(3, output_dim=3)", "`Dense`: `units` was given twice.*`output_dim`"),
        ("BatchNormalization(mode=2)", "`BatchNormalization`: .*mode=2"),
        ("Dense(nb_units=3)", "missing 1 required positional argument: 'units'"),
        ("Dense(3, units=3)", "multiple values for argument 'units'"),
        ("Dropout(1, 2, 3, 4, 5)", "takes from 2 to 4 positional arguments"),
    ],
)
def test_calls_that_mean_nothing_are_refused(call: str, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        called(call)


@pytest.mark.no_runtime
def test_a_subclass_is_named_in_the_warning() -> None:
    class Own(Dense):
        def __init__(self, size: int) -> None:
            super().__init__(output_dim=size)

    layer, (message,) = warned(lambda: Own(4))
    assert layer.units == 4
    assert message == "Update your `Own` call to the Keras 2 API: `Own(units=4)`"


@pytest.mark.no_runtime
def test_values_are_shortened_in_the_warning() -> None:
    class Box:
        @accept_keras_1(Interface(None, {"w": "width"}))
        def __init__(self, width: Any, height: Any = None) -> None: ...

    _, (message,) = warned(lambda: Box(w=np.zeros(3), height=list(range(20))))  # type: ignore[call-arg]
    assert message.endswith("`Box(height=[0, 1, 2, ..., width=array)`")


@pytest.mark.no_runtime
@pytest.mark.parametrize("order", ["keras 1", "keras 1 by position", "keras 2"])
def test_a_weight_may_be_added_in_the_order_of_keras_1(order: str) -> None:
    class Own(Layer):
        def build(self, input_shape: Any) -> None:
            add: Any = self.add_weight
            if order == "keras 1":
                add((2, 3), initializer="one", name="W")
            elif order == "keras 1 by position":
                add((2, 3), "W", initializer="one")
            else:
                add("W", (2, 3), initializer="one")

    layer = Own(name="own")
    _, messages = warned(lambda: layer(Input((2,))))
    assert ([one.name for one in layer.weights], messages) == (["own/W"], [])
    assert layer.weights[0].shape == (2, 3)


@pytest.mark.no_runtime
@pytest.mark.parametrize("keywords", [{}, {"loss": "given"}])
def test_updates_may_be_asked_for_in_the_order_of_keras_1(keywords: dict[str, Any]) -> None:
    weight = Variable([1.0, 2.0], name="w")
    loss = ops.sum(weight * weight)
    get_updates: Any = SGD().get_updates
    given = [[weight], {}] if keywords else [[weight], {}, loss]
    found, (message,) = warned(lambda: get_updates(*given, **dict.fromkeys(keywords, loss)))
    assert [variable.name for variable, _ in found] == ["SGD/iterations", "w"]
    assert message.startswith("Update your `get_updates` call to the Keras 2 API")


@pytest.mark.no_runtime
def test_a_model_takes_input_and_output() -> None:
    x = Input((3,))
    make: Any = Model
    model, (message,) = warned(lambda: make(input=x, output=Dense(2)(x)))
    assert model.output_shape == (None, 2)
    assert message.startswith("Update your `Model` call to the Keras 2 API: `Model(inputs=")


@pytest.mark.training
def test_fit_and_the_methods_on_generators_take_the_names_of_keras_1() -> None:
    x, y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")

    class Batches:
        batch_size = 4

        def __next__(self) -> Any:
            return x[:4], y[:4]

        def __iter__(self) -> Any:
            return self

    model: Any = Sequential([Dense(1, input_shape=(3,))])
    model.compile("sgd", "mse")
    history, messages = warned(lambda: model.fit(x, y, nb_epoch=2, verbose=0))
    assert (len(history.epoch), len(messages)) == (2, 1)
    history, messages = warned(
        lambda: model.fit_generator(
            Batches(), samples_per_epoch=8, nb_epoch=3, max_q_size=2, verbose=0
        )
    )
    assert len(history.epoch) == 3
    assert "counts batches where Keras 1 counted samples" in messages[0]
    assert "`fit_generator(" in messages[1]
    assert "steps_per_epoch=2" in messages[1]
    predictions, messages = warned(lambda: model.predict_generator(Batches(), val_samples=3))
    assert (predictions.shape, len(messages)) == ((12, 1), 2)
    loss, messages = warned(lambda: model.evaluate_generator(Batches(), 2, pickle_safe=False))
    assert np.isfinite(loss)
    assert messages[0].endswith(", 2, use_multiprocessing=False)`")
