"""Matrix products against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import ShapeError, name_scope, placeholder
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
