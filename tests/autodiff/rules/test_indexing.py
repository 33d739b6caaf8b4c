"""Gradients of taking elements by their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.graph import op, placeholder
from konnx.testing import check_gradients, evaluate, normal

pytestmark = pytest.mark.gradients

INDICES = np.array([[0, 0, 2], [1, 1, 1]])


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("dims", [None, [("batch", None), ("batch", None)]], ids=["known", "open"])
def test_elements_taken_several_times_add_up(axis: int, dims: Any) -> None:
    indices = INDICES % 2 if axis == 0 else INDICES
    check_gradients(
        lambda x, i: ops.gather_elements(x, i, axis), [normal((2, 3)), indices], dims=dims
    )


def test_an_element_taken_twice_counts_twice() -> None:
    x = placeholder((2, 3), name="x")
    taken = ops.gather_elements(x, ops.as_tensor(INDICES), 1)
    (gradient,) = gradients(ops.sum(taken), [x])
    assert gradient is not None
    assert evaluate([gradient], {x: np.zeros((2, 3))})[0].tolist() == [[2, 0, 1], [0, 3, 0]]


def test_scattering_that_replaces_is_refused() -> None:
    x = placeholder((2, 3), name="x")
    scattered = op("ScatterElements", x, ops.as_tensor(INDICES), x, axis=1)
    with pytest.raises(ValueError, match="only with reduction='add'"):
        gradients(ops.sum(scattered), [x])
