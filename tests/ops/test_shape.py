"""Functions on shapes against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Dim, ShapeError, Tensor, is_constant, placeholder
from konnx.testing import evaluate, normal

ARRAY = normal((2, 3, 4))

TABLE: list[tuple[Callable[[Tensor], Tensor], Callable[[np.ndarray], Any]]] = [
    (ops.shape, lambda a: np.array(a.shape)),
    (lambda x: ops.reshape(x, (-1, 6)), lambda a: a.reshape(-1, 6)),
    (lambda x: ops.reshape(x, (None, 2)), lambda a: a.reshape(-1, 2)),
    (lambda x: ops.reshape(x, ops.shape(x)[::-1]), lambda a: a.reshape(4, 3, 2)),
    (lambda x: ops.reshape_keeping(x, 1, (6, 2)), lambda a: a.reshape(2, 6, 2)),
    (lambda x: ops.reshape_like(ops.transpose(x), x), lambda a: a.T.reshape(a.shape)),
    (ops.flatten_from, lambda a: a.reshape(2, 12)),
    (lambda x: ops.flatten_from(x, 2), lambda a: a),
    (lambda x: ops.flatten_from(x, 3), lambda a: a[..., None]),
    (lambda x: ops.flatten_from(x, 0), lambda a: a.ravel()),
    (ops.transpose, lambda a: a.T),
    (lambda x: ops.transpose(x, (0, 2, 1)), lambda a: a.transpose(0, 2, 1)),
    (ops.expand_dims, lambda a: a[..., None]),
    (lambda x: ops.expand_dims(x, 0), lambda a: a[None]),
    (lambda x: ops.expand_dims(x, -2), lambda a: a[..., None, :]),
    (lambda x: ops.squeeze(ops.expand_dims(x, 1), 1), lambda a: a),
    (lambda x: ops.concatenate([x, x]), lambda a: np.concatenate([a, a], -1)),
    (lambda x: ops.concatenate([x, x * 2.0], 1), lambda a: np.concatenate([a, a * 2], 1)),
    (
        lambda x: ops.concatenate([x, np.ones((2, 3, 1))]),
        lambda a: np.pad(a, [(0, 0), (0, 0), (0, 1)], constant_values=1),
    ),
    (lambda x: ops.expand(x, (5, 1, 3, 1)), lambda a: np.broadcast_to(a, (5, 2, 3, 4))),
    (
        lambda x: ops.expand(ops.sum(x, 0, True), ops.shape(x)),
        lambda a: np.broadcast_to(a.sum(0), a.shape),
    ),
    (lambda x: ops.expand_like(ops.as_tensor(2.0), x), lambda a: np.full(a.shape, 2)),
    (lambda x: ops.tile(x, (1, 2, 3)), lambda a: np.tile(a, (1, 2, 3))),
    (lambda x: ops.repeat(x[0], 2), lambda a: np.repeat(a[0][:, None], 2, 1)),
    (lambda x: ops.pad(x, [(1, 0), (0, 2), (0, 0)]), lambda a: np.pad(a, [(1, 0), (0, 2), (0, 0)])),
    (
        lambda x: ops.pad(x, [(0, 0), (0, 1), (0, 0)], 9.0),
        lambda a: np.pad(a, [(0, 0), (0, 1), (0, 0)], constant_values=9),
    ),
    (lambda x: ops.pad(x, [(0, 0), (-1, 0), (0, -2)]), lambda a: a[:, 1:, :-2]),
    (
        lambda x: ops.pad_axes(x, ops.shape(x)[:1], -ops.shape(x)[:1], 1, 5.0),
        lambda a: np.pad(a, [(0, 0), (2, 0), (0, 0)], constant_values=5)[:, :-2],
    ),
    (lambda x: ops.slice_axes(x, [1, -3], [3, -1], [1, 2]), lambda a: a[:, 1:3, -3:-1]),
    (lambda x: ops.slice_axes(x, [-1], [-9], [2], [-2]), lambda a: a[:, :, ::-2]),
]


@pytest.mark.parametrize("dims", [(2, 3, 4), ("batch", 3, 4), (None, None, None)], ids=str)
@pytest.mark.parametrize(("function", "expected"), TABLE)
def test_values_agree_with_numpy(
    function: Callable[[Tensor], Tensor],
    expected: Callable[[np.ndarray], Any],
    dims: tuple[Dim, ...],
) -> None:
    x = placeholder(dims, "float64", "x")
    y = function(x)
    (value,) = evaluate([y], {x: ARRAY})
    np.testing.assert_allclose(value, expected(ARRAY), rtol=1e-12)
    assert y.dims is not None
    known = [size for size in y.dims if isinstance(size, int)]
    assert len(y.dims) == value.ndim
    assert all(d == n for d, n in zip(y.dims, value.shape, strict=True) if d in known)


@pytest.mark.parametrize(
    ("function", "dims"),
    [
        (ops.flatten_from, ("batch", 12)),
        (lambda x: ops.reshape_keeping(x, 1, (6, 2)), ("batch", 6, 2)),
        (lambda x: ops.transpose(x), (4, 3, "batch")),
        (lambda x: ops.expand_dims(x, 1), ("batch", 1, 3, 4)),
        (lambda x: ops.concatenate([x, x], 1), ("batch", 6, 4)),
        (lambda x: ops.tile(x, (1, 2, 1)), ("batch", 6, 4)),
        (lambda x: ops.pad(x, [(0, 0), (1, 1), (0, 0)]), ("batch", 5, 4)),
        (lambda x: x[:, 1:], ("batch", 2, 4)),
        (lambda x: x[:, 0], ("batch", 4)),
        (lambda x: ops.reshape_like(ops.flatten_from(x), x), ("batch", 3, 4)),
        (lambda x: ops.expand_like(ops.as_tensor(1.0), x), ("batch", 3, 4)),
        (lambda x: ops.pad_axes(x, ops.shape(x)[1:2], ops.shape(x)[1:2], 1), ("batch", None, 4)),
    ],
)
@pytest.mark.no_runtime
def test_the_batch_keeps_its_name(function: Any, dims: tuple[Dim, ...]) -> None:
    assert function(placeholder(("batch", 3, 4))).dims == dims


@pytest.mark.no_runtime
def test_known_sizes_are_constants() -> None:
    assert is_constant(ops.shape(placeholder((2, 3))))
    assert not is_constant(ops.shape(placeholder(("batch", 3))))
    assert ops.int_shape(placeholder(("batch", 3))) == (None, 3)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.transpose(x, (0, 1)),
        lambda x: ops.pad(x, [(0, 0), (0, 0)]),
        lambda x: ops.reshape_like(x, x),
        lambda x: ops.expand_like(x, x),
    ],
)
@pytest.mark.no_runtime
def test_what_changes_nothing_costs_no_node(function: Any) -> None:
    x = placeholder(("batch", 3))
    assert function(x) is x


@pytest.mark.no_runtime
def test_a_constant_is_transposed_now() -> None:
    transposed = ops.transpose(ops.as_tensor(ARRAY))
    assert transposed.constant_value is not None
    np.testing.assert_array_equal(transposed.constant_value, ARRAY.T)


def test_reshaping_to_nothing_is_no_copy_of_a_size() -> None:
    x = placeholder((None, 3), name="x")
    (value,) = evaluate([ops.reshape(x, (0, 5))], {x: np.zeros((0, 3))})
    assert value.shape == (0, 5)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: ops.repeat(x, 2), "`repeat` takes a tensor with 2 axes"),
        (lambda x: ops.reshape(x, (5, -1)), "Reshape cannot take these inputs"),
        (lambda x: ops.concatenate([x, x[:, 1:]], 2), "Concat cannot take these inputs"),
        (lambda x: ops.squeeze(x, 1), "Squeeze cannot take these inputs"),
        (lambda x: ops.transpose(x, (0, 0, 1)), "Transpose cannot take these inputs"),
        (lambda x: ops.expand_dims(x, 7), "`axis` must lie between -4 and 3"),
    ],
)
@pytest.mark.no_runtime
def test_shapes_that_do_not_fit_are_refused(function: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        function(placeholder((2, 3, 4)))


@pytest.mark.no_runtime
def test_a_shape_of_unknown_rank_says_so() -> None:
    unranked = ops.reshape(placeholder((4,)), placeholder((None,), "int64"))
    with pytest.raises(ShapeError, match=r"The rank of .* is unknown.*K\.reshape"):
        ops.transpose(unranked)


def test_split_is_the_inverse_of_concatenate() -> None:
    x = placeholder(("batch", 5), name="x")
    parts = ops.split(x, [2, 3])
    assert [part.dims for part in parts] == [("batch", 2), ("batch", 3)]
    value = np.arange(10, dtype=np.float32).reshape(2, 5)
    first, second = evaluate(parts, {x: value})
    np.testing.assert_array_equal(np.concatenate([first, second], 1), value)
    assert ops.split(x, [5]) == [x]
