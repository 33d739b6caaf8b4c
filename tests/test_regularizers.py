from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import autodiff, regularizers
from konnx.function import Function
from konnx.graph import placeholder
from konnx.regularizers import L1L2, Regularizer

X = np.array([[1.0, -2.0, 0.0], [0.5, -0.25, 4.0]], dtype=np.float32)


@pytest.mark.gradients
@pytest.mark.parametrize(
    ("regularizer", "penalty", "gradient"),
    [
        (Regularizer(), 0.0, None),
        (L1L2(), 0.0, None),
        (L1L2(l1=0.1), 0.1 * np.abs(X).sum(), 0.1 * np.sign(X)),
        (L1L2(l2=0.1), 0.1 * np.square(X).sum(), 0.2 * X),
        (
            L1L2(l1=0.1, l2=0.2),
            0.1 * np.abs(X).sum() + 0.2 * np.square(X).sum(),
            0.1 * np.sign(X) + 0.4 * X,
        ),
    ],
)
def test_penalties_and_their_gradients(
    regularizer: Regularizer, penalty: float, gradient: np.ndarray | None
) -> None:
    x = placeholder(X.shape, name="x")
    value = regularizer(x)
    derived = autodiff.gradients(value, [x])[0]
    assert value.shape == ()
    np.testing.assert_allclose(Function([x], [value])([X])[0], penalty, rtol=1e-6)
    if gradient is None:
        assert derived is None
    else:
        assert derived is not None
        np.testing.assert_allclose(Function([x], [derived])([X])[0], gradient, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_penalty_has_the_dtype_of_what_it_penalises(dtype: str) -> None:
    x = placeholder((2,), dtype)
    assert [regularizer(x).dtype for regularizer in (L1L2(), L1L2(0.1, 0.1))] == [dtype] * 2


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("identifier", "l1", "l2"),
    [
        (regularizers.l1(), 0.01, 0.0),
        (regularizers.l2(), 0.0, 0.01),
        (regularizers.l1_l2(), 0.01, 0.01),
        (regularizers.l1(0.5), 0.5, 0.0),
        (regularizers.l2(0.5), 0.0, 0.5),
        ("l1", 0.01, 0.0),
        ("l2", 0.0, 0.01),
        ("l1_l2", 0.01, 0.01),
        ("L1L2", 0.0, 0.0),
        (L1L2, 0.0, 0.0),
        ({"class_name": "L1L2", "config": {"l1": 0.1, "l2": 0.2}}, 0.1, 0.2),
        ({"class_name": "L1", "config": {"l1": 0.5}}, 0.5, 0.0),
        ({"class_name": "L2", "config": {"l2": 0.5}}, 0.0, 0.5),
        ({"module": "k", "class_name": "L2", "config": {}, "registered_name": None}, 0.0, 0.01),
    ],
)
def test_every_name_and_configuration_of_keras_is_known(
    identifier: Any, l1: float, l2: float
) -> None:
    regularizer: Any = regularizers.get(identifier)
    assert regularizer.get_config() == {"l1": l1, "l2": l2}


@pytest.mark.no_runtime
def test_configurations_are_those_of_keras_2_1_and_go_round() -> None:
    config = regularizers.serialize(regularizers.l1_l2(0.25, 0.5))
    assert config == {"class_name": "L1L2", "config": {"l1": 0.25, "l2": 0.5}}
    assert regularizers.serialize(regularizers.deserialize(config)) == config


@pytest.mark.no_runtime
def test_none_is_none_and_a_function_is_itself() -> None:
    assert regularizers.get(None) is None
    assert regularizers.serialize(None) is None
    assert regularizers.get(abs) is abs
    assert regularizers.deserialize("mine", {"mine": abs}) is abs


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: regularizers.get("l1_l3"), "Unknown regularizer: 'l1_l3'. Did you mean 'l1_l2'"),
        (lambda: regularizers.get(0.01), "The regularizer must be given by name"),
        (lambda: L1L2(l1=float("nan")), "`l1` must be a finite number. Received: l1=nan"),
        (lambda: L1L2(l2=float("inf")), "`l2` must be a finite number"),
    ],
)
def test_what_is_no_regularizer_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.no_runtime
def test_a_regularizer_of_the_users_is_read_by_its_name() -> None:
    class Mine(Regularizer):
        pass

    written = regularizers.serialize(Mine())
    assert written == {"class_name": "Mine", "config": {}}
    assert isinstance(regularizers.deserialize(written, {"Mine": Mine}), Mine)
