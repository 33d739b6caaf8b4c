"""Gradients of ONNX' own recurrent operators, in all the forms that files hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.autodiff import RULES
from konnx.graph import Tensor, op, placeholder
from konnx.testing import check_gradients, evaluate, normal

pytestmark = pytest.mark.gradients

TIME, BATCH, INPUTS, HIDDEN = 4, 3, 2, 3
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
LENGTHS = np.array([4, 1, 3], dtype=np.int32)

# attributes, and which of the optional inputs are given: B, sequence_lens, initial states, P
FORMS: list[tuple[str, dict[str, Any], str]] = [
    *[
        (op_type, {"direction": direction}, given)
        for op_type in GATES
        for direction, given in [
            ("forward", ""),
            ("reverse", "B initial"),
            ("bidirectional", "B lengths initial"),
        ]
    ],
    ("RNN", {"activations": ["Affine"], "activation_alpha": [0.5], "activation_beta": [0.1]}, "B"),
    (
        "RNN",
        {"activations": ["ScaledTanh"], "activation_alpha": [1.7], "activation_beta": [0.6]},
        "lengths",
    ),
    ("GRU", {"linear_before_reset": 1}, "B"),
    ("GRU", {"linear_before_reset": 1, "direction": "bidirectional"}, "lengths"),
    ("GRU", {"activations": ["HardSigmoid", "Softsign"]}, "B initial"),
    ("LSTM", {}, "B initial P"),
    ("LSTM", {"input_forget": 1, "clip": 5.0}, "B"),
    ("LSTM", {"activations": ["Sigmoid", "Elu", "Softplus"], "activation_alpha": [0.7]}, "B P"),
    ("LSTM", {"direction": "reverse"}, "lengths P"),
]


def arrays_of(op_type: str, attributes: dict[str, Any], given: str) -> list[Any]:
    ways, gates = (2 if attributes.get("direction") == "bidirectional" else 1), GATES[op_type]
    states = [normal((ways, BATCH, HIDDEN), 4), normal((ways, BATCH, HIDDEN), 5)]
    count = 2 if op_type == "LSTM" else 1
    optional = [
        normal((ways, 2 * gates * HIDDEN), 3) if "B" in given.split() else None,
        LENGTHS if "lengths" in given else None,
        *[state if "initial" in given else None for state in states[:count]],
        normal((ways, 3 * HIDDEN), 6) if "P" in given.split() else None,
    ]
    weights = [
        normal((ways, gates * HIDDEN, size), seed) for seed, size in ((1, INPUTS), (2, HIDDEN))
    ]
    return [normal((TIME, BATCH, INPUTS)), *weights, *optional]


def applied(op_type: str, attributes: dict[str, Any], arrays: list[Any]) -> Any:
    """The operator as a function of the inputs that are there."""

    def run(*tensors: Tensor) -> tuple[Tensor, ...]:
        there = iter(tensors)
        inputs = [None if array is None else next(there) for array in arrays]
        count = 3 if op_type == "LSTM" else 2
        return op(op_type, *inputs, hidden_size=HIDDEN, outputs=count, **attributes)

    return run


OPEN = [form for form in FORMS if form[1].get("direction") == "bidirectional"]


@pytest.mark.parametrize(
    ("op_type", "attributes", "given", "sizes"),
    [*[(*form, "known") for form in FORMS], *[(*form, "open") for form in OPEN]],
    ids=str,
)
def test_recurrent_operators(
    op_type: str, attributes: dict[str, Any], given: str, sizes: str
) -> None:
    arrays = arrays_of(op_type, attributes, given)
    run = applied(op_type, attributes, arrays)
    inputs = [array for array in arrays if array is not None]
    dims: list[Any] = [(None, "batch", INPUTS), *[None for _ in inputs[1:]]]
    named = dims if sizes == "open" else None
    check_gradients(run, inputs, dims=named, dtype="float32", tolerance=5e-3)
    feeds = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in inputs]
    tensors = [placeholder(x.shape, x.dtype) for x in feeds]
    own = run(*tensors)
    lower = RULES[op_type].lowering
    assert lower is not None
    lowered = lower(own[0].node)
    assert lowered is not None
    received = evaluate([*lowered, *own], dict(zip(tensors, feeds, strict=True)))
    for mine, theirs in zip(received[: len(own)], received[len(own) :], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)
