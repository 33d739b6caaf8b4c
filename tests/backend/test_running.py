"""Values, prints, gradients and names."""

from __future__ import annotations

import numpy as np
import pytest

from konnx import Input, Model
from konnx import backend as K
from konnx.graph import Tensor
from konnx.layers import Dense, Layer
from konnx.utils.naming import unique_name

X = np.arange(1, 5, dtype=np.float32).reshape(2, 2)
Captured = pytest.CaptureFixture[str]


def test_values_of_tensors_that_need_no_input() -> None:
    v = K.variable(X)
    np.testing.assert_array_equal(K.get_value(v * 2.0), 2 * X)
    values = K.batch_get_value([v, K.sum(v), K.constant(3.0)])
    assert [value.tolist() for value in values] == [X.tolist(), 10, 3]
    assert K.batch_get_value([]) == []


def test_a_run_prints_what_it_computes(capsys: Captured) -> None:
    x = K.placeholder((None, 2))
    shown = K.print_tensor(K.sum(x, 1), "sums: ")
    f = K.function([x], [shown * 2.0])
    assert f([X])[0].tolist() == [6, 14]
    assert capsys.readouterr() == ("", "sums: [3. 7.]\n")
    f([2 * X])
    assert capsys.readouterr().err == "sums: [ 6. 14.]\n"


def test_what_no_output_needs_is_not_printed(capsys: Captured) -> None:
    x = K.placeholder((2,))
    hidden = K.print_tensor(x, "hidden")
    f = K.function([x, K.learning_phase()], [K.in_train_phase(hidden, x)])
    f([[1, 2], 0])
    assert capsys.readouterr().err == ""
    f([[1, 2], 1])
    assert capsys.readouterr().err == "hidden[1. 2.]\n"


def test_several_prints_and_one_inside_another(capsys: Captured) -> None:
    x = K.placeholder((2,))
    y = K.print_tensor(K.print_tensor(x, "x = ") + 1.0, "y = ")
    K.function([x], [y, y])([[1, 2]])
    assert capsys.readouterr().err == "x = [1. 2.]\ny = [2. 3.]\n"


def test_updates_and_gradients_print_too(capsys: Captured) -> None:
    v = K.variable([1.0, 2.0])
    loss = K.sum(K.square(K.print_tensor(v, "v")))
    (slope,) = K.gradients(loss, [v])
    K.function([], [], [K.update_sub(v, 0.5 * slope)])([])
    assert capsys.readouterr().err == "v[1. 2.]\n"
    assert K.get_value(v).tolist() == [0, 0]


class Shown(Layer):
    """Prints its input."""

    def call(self, inputs: Tensor) -> Tensor:
        return K.print_tensor(inputs, "in")


@pytest.mark.training
def test_models_print_while_they_predict_and_train(capsys: Captured) -> None:
    inputs = Input((2,))
    outputs = Dense(1, kernel_initializer="ones")(Shown()(inputs))
    model = Model(inputs, outputs)
    for _ in range(2):
        model.predict(X[:1])
    model.compile("sgd", "mse")
    model.train_on_batch(X[:1], X[:1, :1])
    assert capsys.readouterr().err == "in[[1. 2.]]\n" * 3


@pytest.mark.gradients
def test_gradients_of_one_tensor_are_a_list_as_in_keras() -> None:
    x = K.placeholder((None, 2))
    first = K.gradients(x * x, x)[0]
    np.testing.assert_array_equal(K.function([x], [first])([X])[0], 2 * X)


@pytest.mark.gradients
def test_several_tensors_are_held_constant() -> None:
    x, y = K.variable(2.0), K.variable(3.0)
    still = K.stop_gradient([x, y])
    assert isinstance(still, list)
    slopes = K.gradients(x * still[1] + y * still[0], [x, y])
    assert [float(K.eval(slope)) for slope in slopes] == [3, 2]


@pytest.mark.no_runtime
def test_layouts_in_the_words_of_keras_1() -> None:
    assert K.image_dim_ordering() == "tf"
    try:
        K.set_image_dim_ordering("th")
        assert (K.image_data_format(), K.image_dim_ordering()) == ("channels_first", "th")
    finally:
        K.set_image_dim_ordering("tf")
    with pytest.raises(ValueError, match="must be 'tf' or 'th'. Received: dim_ordering='last'"):
        K.set_image_dim_ordering("last")


@pytest.mark.no_runtime
def test_names_are_numbered_until_the_session_is_cleared() -> None:
    K.reset_uids()
    assert [K.get_uid("layer"), K.get_uid("layer"), K.get_uid("other")] == [1, 2, 1]
    assert unique_name("layer") == "layer_3"
    K.clear_session()
    assert K.get_uid("layer") == 1
    K.manual_variable_initialization(True)
    assert K.backend() == "onnx"
