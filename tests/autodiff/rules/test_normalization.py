"""Gradients of normalizing operators, in the forms that the table leaves out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.graph import Tensor, op, placeholder
from konnx.testing import check_gradients, evaluate, normal, positive

pytestmark = pytest.mark.gradients

SHAPES = [(4, 3), (4, 3, 2), (2, 3, 4, 2)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dims", ["known", "open"])
def test_batch_normalization_in_training_mode(shape: tuple[int, ...], dims: str) -> None:
    def normalized(*inputs: Tensor) -> Any:
        return op("BatchNormalization", *inputs, training_mode=1, momentum=0.7, outputs=3)

    vectors = [normal((3,), 1), normal((3,), 2), normal((3,), 3), positive((3,), 4)]
    named = [("batch", 3, *[None] * (len(shape) - 2)), *[None] * 4]
    check_gradients(
        normalized,
        [normal(shape, 5), *vectors],
        dims=named if dims == "open" else None,
        tolerance=1e-6,
    )


def test_statistics_in_training_mode_are_those_of_the_runtime() -> None:
    from konnx.autodiff import RULES

    arrays = [normal((5, 3)), *(positive((3,), seed) for seed in range(4))]
    tensors = [placeholder(x.shape, "float64") for x in arrays]
    own = op("BatchNormalization", *tensors, training_mode=1, outputs=3)
    lower = RULES["BatchNormalization"].lowering
    assert lower is not None
    lowered = lower(own[0].node)
    assert lowered is not None
    received = evaluate([*own, *lowered], dict(zip(tensors, arrays, strict=True)))
    for mine, theirs in zip(received[3:], received[:3], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


@pytest.mark.parametrize(
    ("op_type", "shape", "attributes"),
    [
        ("LayerNormalization", (2, 3, 4), {"axis": 0}),
        ("LayerNormalization", (2, 3, 4), {"axis": -2}),
        ("LpNormalization", (2, 3, 4), {"p": 1}),
        ("LpNormalization", (2, 3, 4), {"axis": 1}),
        ("LRN", (2, 3, 4, 2), {"size": 1}),
        ("LRN", (2, 5, 4, 2), {"size": 5, "alpha": 0.7, "beta": 0.5, "bias": 2.0}),
        ("MeanVarianceNormalization", (2, 3, 2, 3), {}),
    ],
    ids=str,
)
def test_forms_of_operators(op_type: str, shape: tuple[int, ...], attributes: Any) -> None:
    scale = [positive(shape[attributes["axis"] :])] if op_type == "LayerNormalization" else []
    dims = [("batch", *[None] * (len(shape) - 1)), *[None for _ in scale]]
    for known in (None, dims):
        check_gradients(
            lambda x, *scale: op(op_type, x, *scale, **attributes),
            [normal(shape, 1), *scale],
            dims=known,
            dtype="float32" if op_type in ("LRN", "MeanVarianceNormalization") else "float64",
        )


def test_mean_and_deviation_of_a_layer_have_gradients() -> None:
    check_gradients(
        lambda x, scale: op("LayerNormalization", x, scale, outputs=3)[1:],
        [normal((3, 4)), normal((4,), 1)],
        wrt=[0],
        dtype="float32",
    )


@pytest.mark.parametrize("p", [1, 2])
def test_a_row_of_zeros_has_no_nan(p: int) -> None:
    x = placeholder((2, 3), name="x")
    (gradient,) = gradients(ops.sum(op("LpNormalization", x, p=p)), [x])
    assert gradient is not None
    values = np.array([[0, 0, 0], [1, 2, 2]], dtype=np.float32)
    assert np.isfinite(evaluate([gradient], {x: values})[0]).all()


def test_second_derivatives_of_a_layer_normalization() -> None:
    def squared(x: Tensor, scale: Tensor) -> list[Tensor]:
        y = op("LayerNormalization", x, scale)
        return [g for g in gradients(ops.sum(y * y * y), [x, scale]) if g is not None]

    check_gradients(squared, [normal((3, 4)), positive((4,), 1)], tolerance=1e-6)
