"""Gradients of softmax and dropout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.graph import constant, op, placeholder
from konnx.testing import check_gradients, evaluate, normal

pytestmark = pytest.mark.gradients


@pytest.mark.parametrize("dims", [None, ("batch", 4, 2), (None, None, None)], ids=str)
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
def test_gradients_of_a_softmax_over_any_axis(axis: int, dims: Any) -> None:
    check_gradients(lambda x: ops.softmax(x, axis), [normal((3, 4, 2))], dims=[dims])


def test_gradients_of_the_logarithm_of_a_softmax() -> None:
    check_gradients(lambda x: ops.log(ops.softmax(x)), [normal((3, 4))], dims=[("batch", 4)])


@pytest.mark.parametrize("op_type", ["Softmax", "LogSoftmax"])
def test_the_axis_of_a_softmax_is_the_last_where_none_is_given(op_type: str) -> None:
    check_gradients(lambda x: op(op_type, x), [normal((3, 4, 2))])
    check_gradients(lambda x: op(op_type, x, axis=0), [normal((3, 4, 2))], dims=[("batch", 4, 2)])


@pytest.mark.parametrize("with_mask", [True, False])
def test_dropout_passes_gradients_where_it_passed_values(with_mask: bool) -> None:
    x = placeholder((200,), name="x")
    dropped = op("Dropout", x, constant(0.25), constant(True), outputs=1 + with_mask)
    y = dropped[0] if isinstance(dropped, tuple) else dropped
    (gradient,) = gradients(ops.sum(y), [x])
    assert gradient is not None
    value, slope = evaluate([y, gradient], {x: np.full(200, 3.0)})
    np.testing.assert_allclose(slope, value / 3.0, rtol=1e-6)
    assert 100 < np.count_nonzero(slope) < 200


@pytest.mark.parametrize("training", [None, False, "fed"])
def test_dropout_is_the_identity_in_inference(training: Any) -> None:
    x, switch = placeholder((3,), name="x"), placeholder((), "bool", name="training")
    mode = {None: None, False: constant(False), "fed": switch}[training]
    y = op("Dropout", x, None, mode)
    (gradient,) = gradients(ops.sum(y * 2.0), [x])
    assert gradient is not None
    feeds = {x: np.array([0.0, 1.0, 2.0]), **({switch: False} if training == "fed" else {})}
    assert evaluate([gradient], feeds)[0].tolist() == [2, 2, 2]
