"""Gradients of matrix products."""

from __future__ import annotations

from typing import Any

import pytest

from konnx import ops
from konnx.graph import op
from konnx.testing import check_gradients, normal

pytestmark = pytest.mark.gradients


@pytest.mark.parametrize(
    ("first", "second", "open_first", "open_second"),
    [
        ((3, 4), (4, 2), ("batch", None), (None, None)),
        ((4,), (4,), (None,), None),
        ((4,), (4, 2), None, (None, 2)),
        ((3, 4), (4,), ("batch", None), None),
        ((4,), (2, 4, 3), None, ("batch", None, None)),
        ((2, 3, 4), (4,), ("batch", "time", 4), None),
        ((2, 3, 4), (4, 2), ("batch", None, None), (None, 2)),
        ((3, 4), (2, 4, 2), None, ("batch", None, None)),
        ((2, 3, 4), (2, 4, 2), ("batch", None, 4), ("batch", 4, None)),
        ((1, 3, 4), (2, 4, 2), (None, 3, 4), ("batch", 4, 2)),
        ((5, 1, 3, 4), (2, 4, 2), ("batch", None, 3, 4), (None, 4, 2)),
        ((5, 1, 3, 4), (4, 2), ("batch", "time", 3, 4), None),
    ],
)
@pytest.mark.parametrize("sizes", ["known", "open"])
def test_gradients_of_products_of_all_ranks(
    first: Any, second: Any, open_first: Any, open_second: Any, sizes: str
) -> None:
    check_gradients(
        ops.matmul,
        [normal(first), normal(second, 1)],
        dims=[open_first, open_second] if sizes == "open" else None,
    )


@pytest.mark.parametrize("rank", [2, 3])
@pytest.mark.parametrize("with_bias", [False, True])
def test_gradients_of_a_dense_layer(rank: int, with_bias: bool) -> None:
    shape = (3, 5, 4)[-rank:] if rank == 2 else (3, 5, 4)
    inputs = [normal(shape), normal((4, 2), 1), normal((2,), 2)][: 3 if with_bias else 2]
    check_gradients(ops.dense, inputs, dims=[("batch", *shape[1:]), None, None][: len(inputs)])


@pytest.mark.parametrize("bias", [(), (1,), (2,), (1, 2), (3, 1), (3, 2)], ids=str)
def test_a_bias_of_any_shape_that_broadcasts(bias: tuple[int, ...]) -> None:
    check_gradients(
        lambda *inputs: op("Gemm", *inputs),
        [normal((3, 4)), normal((4, 2), 1), normal(bias, 2)],
        dims=[("batch", 4), None, None],
    )


@pytest.mark.parametrize(("trans_a", "trans_b"), [(1, 0), (0, 1), (1, 1)])
def test_a_gemm_of_transposed_matrices(trans_a: int, trans_b: int) -> None:
    a, b = (4, 3) if trans_a else (3, 4), (2, 4) if trans_b else (4, 2)
    check_gradients(
        lambda *inputs: op("Gemm", *inputs, transA=trans_a, transB=trans_b),
        [normal(a), normal(b, 1), normal((2,), 2)],
    )


@pytest.mark.parametrize("turned", [0, 1])
def test_a_gemm_with_factors(turned: int) -> None:
    check_gradients(
        lambda x, y, z: op("Gemm", x, y, z, alpha=0.5, beta=-2.0, transA=turned, transB=turned),
        [normal((4, 4)), normal((4, 4), 1), normal((4,), 2)],
    )


EINSUMS = {
    "ij,jk->ik": [(2, 3), (3, 4)],
    "ij,jk": [(2, 3), (3, 4)],
    "bij,bjk->bik": [(2, 3, 4), (2, 4, 2)],
    "bhid,bhjd->bhij": [(2, 2, 3, 4), (2, 2, 2, 4)],
    "ij->": [(2, 3)],
    "ij->ji": [(2, 3)],
    "ij->i": [(2, 3)],
    "ij,kl->jl": [(2, 3), (2, 4)],
    "ii->i": [(3, 3)],
    "iij->j": [(3, 3, 2)],
    "i,i->": [(3,), (3,)],
    "i,j,k->ijk": [(2,), (3,), (2,)],
    "...ij,jk->...ik": [(2, 2, 3), (3, 4)],
    "...ij,...jk->...ik": [(2, 1, 2, 3), (2, 3, 3, 2)],
    "...i->...": [(2, 3, 4)],
}


@pytest.mark.parametrize("sizes", ["known", "open"])
@pytest.mark.parametrize("equation", EINSUMS)
def test_einsum(equation: str, sizes: str) -> None:
    inputs = [normal(shape, seed) for seed, shape in enumerate(EINSUMS[equation])]
    dims: list[Any] = [[None] * x.ndim if sizes == "open" else None for x in inputs]
    check_gradients(lambda *xs: op("Einsum", *xs, equation=equation), inputs, dims=dims)


@pytest.mark.parametrize(
    ("x", "y", "axes"),
    [
        ((2, 3), (2, 3), (1, 1)),
        ((2, 3, 4), (2, 4, 5), (2, 1)),
        ((2, 3, 4), (2, 3), (1, 1)),
        ((2, 3), (2, 4, 5, 3), (1, 3)),
        ((2, 3, 4, 2), (2, 3, 5, 2), (3, 3)),
    ],
)
@pytest.mark.parametrize("sizes", ["known", "open"])
def test_products_sample_by_sample(x: Any, y: Any, axes: Any, sizes: str) -> None:
    dims: list[Any] = [["batch", *[None] * (len(s) - 1)] if sizes == "open" else s for s in (x, y)]
    check_gradients(lambda a, b: ops.batch_dot(a, b, axes), [normal(x), normal(y, 1)], dims=dims)


def test_a_product_with_three_axes() -> None:
    check_gradients(ops.dot, [normal((2, 3)), normal((4, 3, 5), 1)], dims=[(None, 3), None])
