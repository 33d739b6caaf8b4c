"""Gradients of taking elements by their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.graph import constant, op, placeholder
from konnx.testing import check_gradients, evaluate, normal, positive, spaced

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


@pytest.mark.parametrize("dims", [None, (None, None, None)], ids=["known", "open"])
@pytest.mark.parametrize("places", [[[0, -1], [2, 1], [0, 1]], 1], ids=str)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_rows_taken_several_times_add_up(axis: int, places: Any, dims: Any) -> None:
    indices = np.array(places, np.int32)
    check_gradients(lambda x: ops.gather(x, indices, axis), [normal((3, 4, 3))], dims=[dims])


@pytest.mark.parametrize("dims", [None, (None, None, None)], ids=["known", "open"])
@pytest.mark.parametrize(
    ("indices", "attributes"),
    [
        ([[0], [2], [0]], {}),
        ([[[0, 1], [2, 3]]], {}),
        ([[0, 1, 1]], {}),
        ([[[1], [0]], [[2], [2]], [[3], [0]]], {"batch_dims": 1}),
        ([[[0], [1], [1], [0]]] * 3, {"batch_dims": 2}),
    ],
    ids=str,
)
def test_parts_taken_by_all_their_places(indices: Any, attributes: Any, dims: Any) -> None:
    places = constant(indices, "int64")
    check_gradients(
        lambda x: op("GatherND", x, places, **attributes), [normal((3, 4, 2))], dims=[dims]
    )


REDUCTIONS = ["none", "add", "mul", "max", "min"]


@pytest.mark.parametrize("dims", [None, (None, None)], ids=["known", "open"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_scattering_rows(reduction: str, dims: Any) -> None:
    places = constant([[2], [0]] if reduction == "none" else [[2], [0], [2]], "int64")
    updates = spaced((places.shape[0] or 0, 4), 1) + 0.03
    check_gradients(
        lambda x, y: op("ScatterND", x, places, y, reduction=reduction),
        [spaced((3, 4)), updates],
        dims=[dims, dims],
    )


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_scattering_elements(reduction: str, axis: int) -> None:
    places = np.array([[0, 1, 2], [1, 2, 0]] if reduction == "none" else [[0, 1, 0], [1, 1, 0]])
    check_gradients(
        lambda x, y: op(
            "ScatterElements", x, ops.as_tensor(places), y, axis=axis, reduction=reduction
        ),
        [spaced((3, 3)), spaced((2, 3), 1) + 0.03],
    )


@pytest.mark.parametrize("zeros", [1, 2])
def test_scattered_products_with_zeros(zeros: int) -> None:
    updates = np.array([[0.0, 2.0], [0.0 if zeros == 2 else 3.0, 0.5], [1.5, 0.7]])
    places = constant([[0], [0], [0]], "int64")
    check_gradients(
        lambda x, y: op("ScatterND", x, places, y, reduction="mul"), [positive((2, 2)), updates]
    )


@pytest.mark.parametrize("op_type", ["ScatterND", "ScatterElements"])
def test_of_equal_scattered_elements_each_gets_its_share(op_type: str) -> None:
    x, y = placeholder((2,), name="x"), placeholder((2,), name="y")
    places = constant([[0], [0]] if op_type == "ScatterND" else [0, 0], "int64")
    found = gradients(ops.sum(op(op_type, x, places, y, reduction="max")), [x, y])
    shares = evaluate([g for g in found if g is not None], {x: [1, 5], y: [1, 1]})
    np.testing.assert_allclose(np.concatenate(shares), [1 / 3, 1, 1 / 3, 1 / 3], rtol=1e-6)


def test_what_float16_scatters_adds_up() -> None:
    x = placeholder((3, 2), "float16", name="x")
    loss = ops.sum(ops.gather(x, [0, 0, 2])) + ops.sum(ops.gather_elements(x, constant([[1, 1]])))
    (gradient,) = gradients(loss, [x])
    assert gradient is not None
    assert evaluate([gradient], {x: np.zeros((3, 2))})[0].tolist() == [[2, 4], [0, 0], [1, 1]]


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_compressing(axis: int | None) -> None:
    condition = constant([True, False, True])
    check_gradients(lambda x: op("Compress", x, condition, axis=axis), [normal((3, 4))])


@pytest.mark.parametrize(
    "index",
    [
        [2, 0, 0],
        (slice(None), [[1, 3], [0, 1]]),
        (None, slice(1, None), [-1, 0]),
        np.array([True, False, True]),
        np.arange(12).reshape(3, 4) % 2 == 0,
    ],
    ids=str,
)
def test_lists_and_masks_as_indices(index: Any) -> None:
    check_gradients(lambda x: x[index], [normal((3, 4))], dims=[("batch", None)])
