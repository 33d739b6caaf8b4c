"""Loops and branches in graphs that passes simplify."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from konnx import ops
from konnx.graph import (
    ScanParts,
    Tensor,
    Variable,
    bodies_of,
    is_scan,
    op,
    placeholder,
    topological_order,
)
from konnx.graph.passes import freeze_variables, optimize
from konnx.testing import evaluate

X = placeholder(("batch", "time", 2), name="x")


def recurrence(weights: Callable[..., Variable]) -> Tensor:
    w, u = weights("w", 2, 3), weights("u", 3, 3)
    start = ops.expand_like(ops.scalar(0, X), ops.matmul(X[:, 0], w))

    def step(states: list[Tensor], elements: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        new = ops.tanh(op("Identity", ops.matmul(elements[0], w)) + ops.matmul(states[0], u))
        return [op("Identity", new)], []

    (final,), _ = ops.scan(step, [start], [ops.transpose(X, [1, 0, 2])])
    return final


@pytest.fixture
def weights() -> Callable[..., Variable]:
    random = np.random.default_rng(0)
    return lambda name, *shape: Variable(random.normal(size=shape).astype(np.float32), name=name)


def test_a_loop_of_frozen_weights_gives_the_same_values(
    weights: Callable[..., Variable],
) -> None:
    before = recurrence(weights)
    (after,) = optimize(freeze_variables([before]))
    x = np.random.default_rng(1).normal(size=(3, 4, 2)).astype(np.float32)
    np.testing.assert_allclose(
        evaluate([after], {X: x})[0], evaluate([before], {X: x})[0], atol=1e-6
    )


@pytest.mark.no_runtime
def test_what_a_loop_holds_is_simplified(weights: Callable[..., Variable]) -> None:
    (after,) = optimize(freeze_variables([recurrence(weights)]))
    (scan,) = (node for node in topological_order([after]) if is_scan(node))
    types = [n.op_type for n in topological_order(ScanParts.of(scan).body.results) if n.inputs]
    assert sorted(types) == ["Add", "MatMul", "Tanh"]


@pytest.mark.no_runtime
def test_what_a_branch_holds_is_simplified() -> None:
    flag = placeholder((), "bool", name="flag")
    (y,) = ops.cond(flag, lambda: [op("Identity", ops.exp(X))], lambda: [X])
    (after,) = optimize([y])
    (result,) = bodies_of(after.node)["then_branch"].results
    assert result.node.op_type == "Exp"
