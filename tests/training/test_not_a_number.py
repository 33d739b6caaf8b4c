from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx.graph import Tensor
from konnx.layers import Dense, Dropout, Input, Layer
from konnx.models import Model

pytestmark = pytest.mark.training

X = np.ones((4, 3), np.float32)
Y = np.ones((4, 2), np.float32)


def model(loss: Any = "mse", lr: float = 0.1) -> Model:
    x = Input((3,), name="features")
    made = Model(x, Dense(2, name="dense")(Dropout(0.1)(x)))
    made.compile({"class_name": "SGD", "config": {"lr": lr}}, loss)
    return made


def warnings_of(fit: Callable[[], object]) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit()
    return [str(one.message) for one in caught if "NaN" in str(one.message)]


def test_nan_in_the_data_is_told_from_other_causes() -> None:
    x = X.copy()
    x[2, 1] = np.nan
    (message,) = warnings_of(lambda: model().fit(x, Y, verbose=0))
    assert "in epoch 1, batch 0: the input 'features' holds NaN." in message


def test_the_operator_that_makes_it_is_named_with_its_layer() -> None:
    class Root(Layer):
        def call(self, inputs: Tensor) -> Tensor:
            return K.log(inputs - 5.0)

    x = Input((3,))
    made = Model(x, Root(name="root")(x))
    made.compile("sgd", "mse")
    (message,) = warnings_of(lambda: made.fit(X, X, verbose=0))
    assert "Log 'root/Log' makes it." in message


def test_an_infinite_value_behind_it_is_named_too() -> None:
    def loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return K.mean(K.log(y_pred * 0.0) * (y_true * 0.0), axis=-1)

    (message,) = warnings_of(lambda: model(loss).fit(X, Y, verbose=0))
    assert "Mul 'loss/dense/Mul" in message
    assert "makes it from an infinite value of Log 'loss/dense/Log'." in message


def test_only_the_first_in_a_row_is_explained() -> None:
    x = X.copy()
    x[0] = np.nan
    first, *others = warnings_of(
        lambda: model().fit(x, Y, batch_size=1, epochs=2, verbose=0, shuffle=False)
    )
    assert "the input 'features' holds NaN" in first
    assert len(others) == 7
    assert not any("makes it" in message or "holds NaN" in message for message in others)


def test_weights_count_as_they_were_before_the_step() -> None:
    def loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return K.mean(K.log(y_pred * 0.0 - 1.0) * y_pred, axis=-1)

    made = model(loss)
    (message,) = warnings_of(lambda: made.fit(X, Y, verbose=0))
    assert np.isnan(made.get_weights()[0]).any()
    assert "Log 'loss/dense/Log' makes it." in message
