"""Gradients of ONNX' loss operators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.autodiff import RULES
from konnx.graph import op, placeholder
from konnx.testing import check_gradients, evaluate, normal, positive

pytestmark = pytest.mark.gradients

LABELS = {
    2: np.array([0, 3, -1, 1, 2]),
    4: np.random.default_rng(0).integers(-1, 4, (2, 3, 2)),
}
SCORES = {2: (5, 4), 4: (2, 4, 3, 2)}
FORMS = [
    (op_type, rank, reduction, weighted, ignored)
    for op_type in ("SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss")
    for rank in (2, 4)
    for reduction in ("none", "sum", "mean")
    for weighted in (False, True)
    for ignored in (None, -1)
]


@pytest.mark.parametrize(("op_type", "rank", "reduction", "weighted", "ignored"), FORMS)
def test_losses(
    op_type: str, rank: int, reduction: str, weighted: bool, ignored: int | None
) -> None:
    labels = LABELS[rank] if ignored is not None else np.abs(LABELS[rank])
    weights = [positive((4,), 1)] if weighted else []
    attributes = {"reduction": reduction, "ignore_index": ignored}
    inputs: list[Any] = [normal(SCORES[rank]), labels, *weights]

    def loss(*tensors: Any) -> Any:
        return op(op_type, *tensors, **attributes)

    check_gradients(loss, inputs, tolerance=1e-6)
    tensors = [placeholder(x.shape, x.dtype) for x in inputs]
    own = loss(*tensors)
    lower = RULES[op_type].lowering
    assert lower is not None
    (lowered,) = lower(own.node) or ()
    received, expected = evaluate([lowered, own], dict(zip(tensors, inputs, strict=True)))
    np.testing.assert_allclose(received, expected, rtol=1e-6)


def test_log_probabilities_have_gradients_too() -> None:
    check_gradients(
        lambda x, t: op("SoftmaxCrossEntropyLoss", x, t, outputs=2),
        [normal((3, 4)), np.array([1, 0, 3], dtype=np.int32)],
    )
