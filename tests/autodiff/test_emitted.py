"""Whatever operator konnx emits anywhere has a gradient rule, or is declared to need none."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import onnx
import pytest

from konnx.autodiff import RULES, ZERO_GRADIENT
from konnx.graph import OPSET

pytestmark = [pytest.mark.gradients, pytest.mark.no_runtime]

# What makes nodes: not files that are read or rewritten, nor the engine of another runtime.
EMITTING = frozenset(
    {
        "activations",
        "autodiff",
        "backend",
        "constraints",
        "initializers",
        "layers",
        "losses",
        "metrics",
        "models",
        "ops",
        "optimizers",
        "regularizers",
        "training",
    }
)
ELSEWHERE = ("ort_training",)


def sources() -> Iterator[Path]:
    spec = find_spec("konnx")
    assert spec is not None
    assert spec.origin is not None
    root = Path(spec.origin).parent
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if parts[0] in EMITTING and not set(parts) & set(ELSEWHERE):
            yield path


def operators_named_in(path: Path) -> set[str]:
    """The ONNX operators among the words that a source spells out, but for what it exports."""
    statements = ast.parse(path.read_text(encoding="utf-8")).body
    words = {
        node.value
        for statement in statements
        if not _is_list_of_exports(statement)
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {word for word in words if onnx.defs.has(word, max_inclusive_version=OPSET)}


def _is_list_of_exports(statement: ast.stmt) -> bool:
    """`__all__` names layers, some of which are called like an operator."""
    return isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__"


def test_sources_are_found() -> None:
    named = {path.stem: operators_named_in(path) for path in sources()}
    assert {"Add", "MatMul", "Relu"} <= set().union(*named.values())


@pytest.mark.parametrize("path", [pytest.param(p, id="-".join(p.parts[-2:])) for p in sources()])
def test_every_operator_that_is_named_has_a_rule_or_needs_none(path: Path) -> None:
    assert operators_named_in(path) <= RULES.keys() | ZERO_GRADIENT
