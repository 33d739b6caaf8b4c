"""Gradients of elementwise operators: broadcasting in every position, and kinks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.graph import Tensor, constant, op, placeholder
from konnx.testing import check_gradients, evaluate, normal, positive, spaced

pytestmark = pytest.mark.gradients


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((3, 4), (3, 4)),
        ((3, 4), (4,)),
        ((4,), (3, 4)),
        ((3, 4), ()),
        ((), (3, 4)),
        ((3, 1), (3, 4)),
        ((1, 4), (3, 1)),
        ((3, 1, 4), (2, 1)),
        ((1, 1), (3, 4)),
        ((1,), ()),
    ],
)
@pytest.mark.parametrize("sizes", ["known", "batch", "open"])
@pytest.mark.parametrize(
    "function", [ops.add, ops.subtract, ops.multiply, ops.divide, ops.maximum, ops.minimum, ops.pow]
)
def test_gradients_where_shapes_broadcast(
    function: Callable[..., Tensor], sizes: str, first: tuple[int, ...], second: tuple[int, ...]
) -> None:
    def dims(shape: tuple[int, ...]) -> tuple[Any, ...] | None:
        if sizes == "known":
            return None
        if sizes == "open":
            return (None,) * len(shape)
        return tuple("batch" if size == 3 else size for size in shape)

    # Whole numbers apart by 0.5, so that neither side is near the other.
    inputs = [np.abs(spaced(first, gap=1.0)) + 1, np.abs(spaced(second, 1, gap=1.0)) / 4 + 0.8]
    check_gradients(function, inputs, dims=[dims(first), dims(second)])


@pytest.mark.parametrize("size", [1, 3])
def test_one_graph_serves_a_batch_of_one_and_of_many(size: int) -> None:
    """Nothing says which of the two open sizes is 1."""
    check_gradients(
        ops.multiply, [normal((size, 2)), normal((3, 2), 1)], dims=[("n", 2), ("batch", 2)]
    )


def test_three_summands_broadcast() -> None:
    check_gradients(
        lambda *xs: op("Sum", *xs),
        [normal((3, 1)), normal((4,), 1), normal((2, 1, 1), 2)],
        dims=[("batch", 1), None, (None, 1, None)],
    )


@pytest.mark.parametrize("sizes", ["known", "open"])
def test_where_broadcasts_the_condition_and_both_sides(sizes: str) -> None:
    condition = np.array([[True], [False], [True]])
    dims = [("batch", 1), (None,), (None, None)] if sizes == "open" else None
    check_gradients(ops.where, [condition, normal((4,)), normal((3, 1), 1)], dims=dims)


@pytest.mark.parametrize("exponent", [2, 3.0, 0.5, -1.0, 1.0])
def test_gradients_of_powers_with_a_constant_exponent(exponent: float) -> None:
    check_gradients(lambda x: x**exponent, [positive((3, 4))])


def test_gradients_of_powers_with_a_constant_base() -> None:
    check_gradients(lambda x: 2.0**x, [normal((3, 4))])


def test_gradients_of_whole_powers_of_negative_numbers() -> None:
    check_gradients(lambda x: x**3, [normal((3, 4))])


def test_gradients_of_a_power_whose_exponent_is_of_whole_numbers() -> None:
    check_gradients(lambda x, n: op("Pow", x, n), [positive((3,)), np.array([2, 3, 1])])


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.relu(x, max_value=0.4),
        lambda x: ops.relu(x, alpha=0.2, max_value=0.4),
        lambda x: ops.clip(x, min_value=0.1),
        lambda x: ops.clip(x, max_value=0.1),
        lambda x: ops.elu(x, 0.3),
        lambda x: ops.l2_normalize(x, 1),
        lambda x: ops.l2_normalize(x),
        lambda x: ops.positive_mask(x) * x,
        lambda x: ops.cast(x, "float64") * x,
        lambda x: ops.normalize(x, ops.mean(x, 0), ops.var(x, 0), 2.0, 1.0, 1e-3),
        lambda x: x * x + x / 2.0 - 1.0,
        lambda x: 1.0 - abs(-x) * (2.0 / (3.0 + x * x)),
    ],
)
def test_gradients_of_compositions(function: Callable[[Tensor], Tensor]) -> None:
    check_gradients(function, [spaced((3, 4))], dims=[("batch", 4)])


KINKS: list[tuple[str, Callable[[Tensor], Tensor], list[float], list[float]]] = [
    ("relu is flat at 0", ops.relu, [-1, 0, 1], [0, 0, 1]),
    ("leaky relu has its slope at 0", lambda x: ops.relu(x, 0.1), [-1, 0, 1], [0.1, 0.1, 1]),
    ("abs is flat at 0", ops.abs, [-2, 0, 2], [-1, 0, 1]),
    ("clip counts its bounds", lambda x: ops.clip(x, -1, 1), [-2, -1, 0, 1, 2], [0, 1, 1, 1, 0]),
    (
        "hard sigmoid ends beyond its bounds",
        ops.hard_sigmoid,
        [-3, -2.5, 0, 2.5, 3],
        [0, 0.2, 0.2, 0.2, 0],
    ),
    ("maximum ties go to the first", lambda x: ops.maximum(x, 0), [-1, 0, 1], [0, 1, 1]),
    ("maximum ties leave the second", lambda x: ops.maximum(0, x), [-1, 0, 1], [0, 0, 1]),
    ("minimum ties go to the first", lambda x: ops.minimum(x, 0), [-1, 0, 1], [1, 1, 0]),
    ("minimum ties leave the second", lambda x: ops.minimum(0, x), [-1, 0, 1], [1, 0, 0]),
    ("a maximum with itself keeps 1", lambda x: ops.maximum(x, x), [-1, 0, 1], [1, 1, 1]),
    ("relu with a maximum counts it", lambda x: ops.relu(x, 0, 1), [-1, 0.5, 1, 2], [0, 1, 1, 0]),
    ("a root is flat where it is cut to 0", ops.sqrt, [-1, 0, 4], [0, 0, 0.25]),
    (
        "the error's root has no NaN at 0",
        lambda x: ops.sqrt(ops.sum(x * x)),
        [0, 0],
        [0, 0],
    ),
    ("a square by pow is flat at 0", lambda x: x**2.0, [-1, 0, 1], [-2, 0, 2]),
    ("sign is constant", lambda x: x + ops.sign(x), [-1, 0, 1], [1, 1, 1]),
    ("round is constant", lambda x: x * ops.round(x), [-1.2, 0.6], [-1, 1]),
    ("floor is constant", lambda x: x * ops.floor(x), [-1.2, 1.6], [-2, 1]),
    ("softplus survives large numbers", ops.softplus, [-200, 0, 200], [0, 0.5, 1]),
    ("softmax of equal large numbers", lambda x: x * ops.softmax(x), [200, 200], [0.5, 0.5]),
]


@pytest.mark.parametrize(
    ("function", "at", "expected"), [kink[1:] for kink in KINKS], ids=[kink[0] for kink in KINKS]
)
def test_gradients_at_kinks(
    function: Callable[[Tensor], Tensor], at: list[float], expected: list[float]
) -> None:
    x = placeholder((None,), name="x")
    (gradient,) = gradients(ops.sum(function(x)), [x])
    assert gradient is not None
    np.testing.assert_allclose(evaluate([gradient], {x: at})[0], expected, atol=1e-6)


@pytest.mark.parametrize("base", [0.0, -1.0])
def test_the_gradient_of_an_exponent_is_zero_where_the_base_is_not_positive(base: float) -> None:
    x, exponent = placeholder((), name="x"), placeholder((), name="exponent")
    (gradient,) = gradients(ops.pow(x, exponent), [exponent])
    assert gradient is not None
    assert evaluate([gradient], {x: base, exponent: 2.0})[0] == 0


@pytest.mark.parametrize("op_type", ["Max", "Min"])
@pytest.mark.parametrize("count", [1, 3, 4])
def test_extremes_of_many(op_type: str, count: int) -> None:
    shapes = [(3, 4), (4,), (3, 1), (3, 4)][:count]
    inputs = [spaced(shape, seed) + 0.017 * seed for seed, shape in enumerate(shapes)]
    check_gradients(lambda *xs: op(op_type, *xs), inputs)


def test_of_many_equal_ones_the_first_gets_the_gradient() -> None:
    x, y, z = (placeholder((1,), name=name) for name in "xyz")
    found = gradients(ops.sum(op("Max", x, y, z)), [x, y, z])
    values = evaluate([g for g in found if g is not None], {x: [1], y: [2], z: [2]})
    assert [value.tolist() for value in values] == [[0], [1], [0]]


@pytest.mark.parametrize("bounds", [2, 1])
def test_bounds_that_are_computed(bounds: int) -> None:
    limits = [np.array(-0.32), np.array(0.27)][:bounds]
    check_gradients(lambda x, *limits: op("Clip", x, *limits), [spaced((3, 4)), *limits])


def test_a_bound_that_is_absent() -> None:
    check_gradients(lambda x, y: op("Clip", x, None, y), [spaced((3, 4)), np.array(0.27)])


@pytest.mark.parametrize("function", [ops.mod, ops.floor_divide])
def test_remainders(function: Callable[..., Tensor]) -> None:
    check_gradients(function, [spaced((3, 4), gap=1.0) + 0.07, np.array([0.5, -1.5, 2.0, 3.0])])


@pytest.mark.parametrize("axis", [0, -1, None])
def test_the_scale_of_small_numbers(axis: int | None) -> None:
    x = constant(np.array([[1, -3, 5], [2, 0, 7]], np.int8))
    count = {0: 2, -1: 3, None: 1}[axis]
    zeros = constant(np.arange(count, dtype=np.int8) if axis is not None else np.int8(3))
    check_gradients(
        lambda scale: op("DequantizeLinear", x, scale, zeros, axis=axis),
        [positive((count,) if axis is not None else ())],
        dtype="float32",
    )
