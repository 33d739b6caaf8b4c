"""Training and inference, as scripts of Keras 2.1 tell them apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from konnx import Input, Model, Sequential
from konnx import backend as K
from konnx.layers import BatchNormalization, Dense, Dropout

X = np.arange(1, 7, dtype=np.float32).reshape(2, 3)


@pytest.fixture(autouse=True)
def _open_phase() -> Iterator[None]:
    yield
    K.clear_session()


@pytest.mark.parametrize("phase", [1, 0, True, False, np.array(1), 0.0])
def test_a_function_is_told_the_phase(phase: Any) -> None:
    x = K.placeholder((None, 3))
    f = K.function([x, K.learning_phase()], [K.in_train_phase(x * 2.0, x), x + 1.0])
    first, second = f([X, phase])
    np.testing.assert_array_equal(first, X * 2 if phase else X)
    np.testing.assert_array_equal(second, X + 1)


def test_both_phases_of_one_function_share_its_variables() -> None:
    count = K.variable(0.0)
    f = K.function(
        [K.learning_phase()], [], [K.update_add(count, K.in_train_phase(K.constant(10.0), 1.0))]
    )
    for phase in (1, 0, 1):
        f([phase])
    assert K.get_value(count) == 21.0


def test_a_layer_of_a_model_in_either_phase() -> None:
    model = Sequential([Dropout(0.5, input_shape=(100,)), Dense(2)])
    hidden = K.function([model.input, K.learning_phase()], [model.layers[0].output])
    ones = np.ones((4, 100), np.float32)
    np.testing.assert_array_equal(hidden([ones, 0])[0], ones)
    assert set(hidden([ones, 1])[0].ravel().tolist()) == {0.0, 2.0}


def test_a_function_that_is_not_told_infers() -> None:
    x = K.placeholder((None, 3))
    np.testing.assert_array_equal(K.function([x], [K.in_train_phase(x * 2.0, x)])([X])[0], X)


def test_the_phase_is_a_truth_value_like_any_other() -> None:
    x = K.placeholder((None, 3))
    phase = K.learning_phase()
    f = K.function(
        [x, phase],
        [K.cast(phase, "float32") * x, K.where(phase, x, -x), K.in_test_phase(x, 0.0 * x, phase)],
    )
    for one, expected in ((1, [X, X, 0 * X]), (0, [0 * X, -X, X])):
        for received, value in zip(f([X, one]), expected, strict=True):
            np.testing.assert_array_equal(received, value)


@pytest.mark.no_runtime
def test_a_phase_given_by_hand_decides_at_once() -> None:
    x, y = K.placeholder((2,)), K.placeholder((2,))
    for training in (1, True):
        assert K.in_train_phase(x, y, training) is x
        assert K.in_test_phase(x, y, training) is y
    for training in (0, False):
        assert K.in_train_phase(lambda: x, lambda: y, training) is y
        assert K.in_test_phase(lambda: x, y, training) is x


def test_a_phase_that_a_run_computes() -> None:
    x, flag = K.placeholder((None, 3)), K.placeholder((), dtype="bool")
    f = K.function([x, flag], [K.in_train_phase(x, -x, training=flag)])
    np.testing.assert_array_equal(f([X, True])[0], X)
    np.testing.assert_array_equal(f([X, False])[0], -X)


@pytest.mark.parametrize("phase", [0, 1])
def test_a_phase_set_for_good(phase: int) -> None:
    K.set_learning_phase(phase)
    assert K.learning_phase() == phase
    inputs = Input((50,))
    model = Model(inputs, Dropout(0.5)(inputs))
    ones = np.ones((3, 50), np.float32)
    assert set(model.predict(ones).ravel().tolist()) == ({0.0, 2.0} if phase else {1.0})
    K.clear_session()
    assert not isinstance(K.learning_phase(), int)


@pytest.mark.training
def test_a_model_built_for_inference_trains_without_dropout() -> None:
    K.set_learning_phase(0)
    model = Sequential([Dropout(0.99, input_shape=(3,)), BatchNormalization(), Dense(1)])
    model.compile("sgd", "mse")
    loss = model.train_on_batch(X, X[:, :1])
    assert loss != 0
    K.clear_session()
    prediction = model.predict(X)
    assert prediction.shape == (2, 1)


@pytest.mark.no_runtime
@pytest.mark.parametrize("value", [2, None, "train"])
def test_there_are_two_phases(value: Any) -> None:
    with pytest.raises(ValueError, match="to be 0 or 1. Received: value="):
        K.set_learning_phase(value)


@pytest.mark.gradients
def test_gradients_of_either_phase() -> None:
    x = K.placeholder((3,))
    (slope,) = K.gradients(K.sum(K.in_train_phase(x * x, 3.0 * x)), [x])
    f = K.function([x, K.learning_phase()], [slope])
    assert f([[1, 2, 3], 1])[0].tolist() == [2, 4, 6]
    assert f([[1, 2, 3], 0])[0].tolist() == [3, 3, 3]


def test_the_phase_may_be_left_out_at_the_end() -> None:
    x = K.placeholder((None, 3))
    f = K.function([x, K.learning_phase()], [K.in_train_phase(x * 2.0, x)])
    np.testing.assert_array_equal(f([X])[0], X)


@pytest.mark.parametrize("values", [[X], [], [X, 1, 2]])
def test_the_phase_counts_among_the_values(values: Any) -> None:
    x = K.placeholder((None, 3))
    with pytest.raises(TypeError, match=r"2 values \(learning_phase, placeholder\). Received: "):
        K.function([K.learning_phase(), x], [x])(values)
