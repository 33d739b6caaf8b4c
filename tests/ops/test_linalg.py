"""Matrix products against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import ShapeError, constant, name_scope, op, placeholder
from konnx.testing import evaluate, normal


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((3, 4), (4, 2)),
        ((4,), (4,)),
        ((4,), (4, 2)),
        ((3, 4), (4,)),
        ((2, 3, 4), (4, 2)),
        ((3, 4), (2, 4, 2)),
        ((5, 1, 3, 4), (2, 4, 2)),
    ],
)
def test_matmul_agrees_with_numpy(first: Any, second: Any) -> None:
    a, b = placeholder((None,) * len(first), "float64", "a"), placeholder(second, "float64", "b")
    arrays = normal(first), normal(second, 1)
    (value,) = evaluate([a @ b], dict(zip((a, b), arrays, strict=True)))
    np.testing.assert_allclose(value, np.matmul(*arrays), rtol=1e-10, strict=True)


@pytest.mark.no_runtime
def test_the_batch_keeps_its_name() -> None:
    x = placeholder(("batch", "time", 4), name="x")
    assert (x @ placeholder((4, 2), name="w")).dims == ("batch", "time", 2)


@pytest.mark.no_runtime
def test_sizes_that_do_not_fit_name_the_layer() -> None:
    with name_scope("dense_1"), pytest.raises(ShapeError, match="MatMul in 'dense_1'"):
        ops.matmul(placeholder((2, 3)), placeholder((4, 2)))


@pytest.mark.parametrize("is_product", [True, False])
def test_a_scaled_tensor_is_subtracted_and_a_product_is_never_written(is_product: bool) -> None:
    weight, a, b = (
        placeholder(shape, "float64", name)
        for name, shape in (("w", (4, 2)), ("a", ("batch", 4)), ("b", ("batch", 2)))
    )
    product = ops.transpose(a) @ b
    y = product if is_product else ops.tanh(product)
    result = ops.subtract_scaled(weight, ops.as_tensor(0.5, "float64"), y)
    assert result.node.op_type == ("Gemm" if is_product else "Sub")
    arrays = normal((4, 2)), normal((3, 4), 1), normal((3, 2), 2)
    (value,) = evaluate([result], dict(zip((weight, a, b), arrays, strict=True)))
    scaled = arrays[1].T @ arrays[2]
    expected = arrays[0] - 0.5 * (scaled if is_product else np.tanh(scaled))
    np.testing.assert_allclose(value, expected, rtol=1e-12)


def test_rows_that_are_added_to_zeros_are_subtracted_at_once() -> None:
    """As of the gradient of an embedding: neither the zeros nor the whole gradient is written."""
    table, rows = placeholder((5, 2), name="table"), placeholder((3, 2), name="rows")
    places = constant(np.array([[1], [3], [1]]))
    zeros = ops.expand_like(ops.scalar(0, table), table)
    y = op("ScatterND", zeros, places, rows, reduction="add")
    result = ops.subtract_scaled(table, ops.as_tensor(0.5), y)
    assert result.node.inputs[0] is table
    start, given = (normal(shape).astype(np.float32) for shape in ((5, 2), (3, 2)))
    expected = start.copy()
    np.subtract.at(expected, [1, 3, 1], 0.5 * given)
    np.testing.assert_allclose(evaluate([result], {table: start, rows: given})[0], expected)


SPELLED = {
    "bi,bi->b": ((3, 4), (3, 4), (1, 1)),
    "bij,bjk->bik": ((3, 2, 4), (3, 4, 5), (2, 1)),
    "bij,bkj->bik": ((3, 2, 4), (3, 5, 4), (2, 2)),
    "bji,bjk->bik": ((3, 4, 2), (3, 4, 5), (1, 1)),
    "bj,bij->bi": ((3, 4), (3, 5, 4), (1, -1)),
    "bij,bi->bj": ((3, 4, 2), (3, 4), (1, 1)),
    "bijk,bj->bik": ((3, 2, 4, 5), (3, 4), (2, 1)),
    "bj,bklj->bkl": ((3, 4), (3, 2, 5, 4), (1, 3)),
    "bij,bjkl->bikl": ((3, 2, 4), (3, 4, 5, 2), (2, 1)),
    "bjik,bjlm->biklm": ((3, 4, 2, 2), (3, 4, 5, 2), (1, 1)),
    "bhij,bhjk->bhik": ((3, 2, 4, 5), (3, 2, 5, 2), (3, 2)),
    "bhij,bhkj->bhik": ((3, 2, 4, 5), (3, 2, 2, 5), (3, 3)),
    "bhi,bhij->bhj": ((3, 2, 4), (3, 2, 4, 5), (2, 2)),
    "bhj,bhij->bhi": ((3, 2, 5), (3, 2, 4, 5), (2, 3)),
    "bhij,bhi->bhj": ((3, 2, 4, 5), (3, 2, 4), (2, 2)),
    "bghij,bghik->bghjk": ((3, 2, 1, 4, 5), (3, 2, 1, 4, 2), (3, 3)),
}


@pytest.mark.parametrize("sizes", ["known", "open"])
@pytest.mark.parametrize("sums", SPELLED)
def test_products_sample_by_sample(sums: str, sizes: str) -> None:
    first, second, axes = SPELLED[sums]
    a, b = (
        placeholder(s if sizes == "known" else ["batch", *[None] * (len(s) - 1)], "float64")
        for s in (first, second)
    )
    arrays = normal(first), normal(second, 1)
    product = ops.batch_dot(a, b, axes)
    expected = np.einsum(sums, *arrays)
    expected = expected[:, None] if expected.ndim == 1 else expected
    assert product.dims is not None
    assert product.dims == (expected.shape if sizes == "known" else ("batch", *product.dims[1:]))
    (received,) = evaluate([product], dict(zip((a, b), arrays, strict=True)))
    np.testing.assert_allclose(received, expected, rtol=1e-12, strict=True)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("first", "second", "axes", "reason"),
    [
        ((3,), (3, 2), (0, 1), "a batch and at least one axis"),
        ((3, 2), (3, 2), (0, 0), "cannot sum over the batch"),
        ((3, 2), (3, 4), (1, 1), "two axes of one size"),
        ((3, 2), (3, 2), (1, 2), "`axis` must lie between"),
    ],
)
def test_what_cannot_be_multiplied_sample_by_sample(
    first: Any, second: Any, axes: Any, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        ops.batch_dot(placeholder(first), placeholder(second), axes)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((2, 3), (3, 4)),
        ((3,), (3, 4)),
        ((2, 3), (3,)),
        ((2, 5, 3), (3, 4)),
        ((2, 3), (4, 3, 5)),
        ((3,), (4, 3, 5)),
        ((2, 2, 3), (2, 4, 3, 5)),
    ],
)
@pytest.mark.parametrize("sizes", ["known", "open"])
def test_dot_agrees_with_numpy(first: Any, second: Any, sizes: str) -> None:
    a, b = (
        placeholder(s if sizes == "known" else [None] * len(s), "float64") for s in (first, second)
    )
    arrays = normal(first), normal(second, 1)
    (received,) = evaluate([ops.dot(a, b)], dict(zip((a, b), arrays, strict=True)))
    np.testing.assert_allclose(received, np.dot(*arrays), rtol=1e-12, strict=True)
