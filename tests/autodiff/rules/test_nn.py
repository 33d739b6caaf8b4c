"""Gradients of the softmax."""

from __future__ import annotations

from typing import Any

import pytest

from konnx import ops
from konnx.testing import check_gradients, normal

pytestmark = pytest.mark.gradients


@pytest.mark.parametrize("dims", [None, ("batch", 4, 2), (None, None, None)], ids=str)
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
def test_gradients_of_a_softmax_over_any_axis(axis: int, dims: Any) -> None:
    check_gradients(lambda x: ops.softmax(x, axis), [normal((3, 4, 2))], dims=[dims])


def test_gradients_of_the_logarithm_of_a_softmax() -> None:
    check_gradients(lambda x: ops.log(ops.softmax(x)), [normal((3, 4))], dims=[("batch", 4)])
