"""The rule for Einsum: the gradient of each operand is an Einsum of the others."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters

from konnx import ops
from konnx.autodiff.rules._table import Gradients, inputs_of, rule
from konnx.graph import Node, Tensor, constant, op, refine


@rule("Einsum", broadcasts=True)
def einsum(node: Node, dy: Tensor) -> Gradients:
    """Swaps the output and the operand; where only the operand has an axis, copies spread along it.

    A label that an operand has twice is a diagonal: an identity matrix puts the gradient there.
    """
    operands = inputs_of(node)
    terms, result = _explicit(node.attributes["equation"], [x.ndim for x in operands])
    has_ellipsis = "..." in node.attributes["equation"]
    found = []
    for place, (x, term) in enumerate(zip(operands, terms, strict=True)):
        factors = [(dy, result)]
        factors += [(operands[i], terms[i]) for i in range(len(terms)) if i != place]
        dx = _toward(x, term, factors)
        found.append(dx if has_ellipsis else refine(dx, x.dims or ()))
    return found


def _explicit(equation: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """The labels of the operands and of the result, with letters for ellipses."""
    left, arrow, result = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    hidden = [
        rank - len(term.replace("...", "")) if "..." in term else 0
        for term, rank in zip(terms, ranks, strict=True)
    ]
    free = [letter for letter in ascii_letters if letter not in equation]
    letters = "".join(free[: max(hidden)])
    if not arrow:  # implicit: what occurs once, in alphabetical order
        all_labels = left.replace("...", "").replace(",", "")
        once = sorted(label for label in set(all_labels) if all_labels.count(label) == 1)
        result = "...".join(["", "".join(once)]) if "..." in left else "".join(once)
    spelled = [
        term.replace("...", letters[len(letters) - count :])
        for term, count in zip(terms, hidden, strict=True)
    ]
    return spelled, result.replace("...", letters)


def _toward(x: Tensor, term: str, factors: list[tuple[Tensor, str]]) -> Tensor:
    """The product of the factors, over the axes of x."""
    target = ""
    taken = set(term).union(*[labels for _, labels in factors])
    for axis, label in enumerate(term):
        if label in target:
            free = next(letter for letter in ascii_letters if letter not in taken)
            taken.add(free)
            factors = [*factors, (_identity(ops.size_of(x, axis), x.dtype), label + free)]
            label = free
        target += label
    known = set().union(*[labels for _, labels in factors])
    kept = "".join(label for label in target if label in known)
    dx = _product(factors, kept)
    spread = [axis for axis, label in enumerate(target) if label not in known]
    if not spread:
        return dx
    return op("Expand", op("Unsqueeze", dx, constant(spread, "int64")), ops.shape(x))


def _product(factors: Sequence[tuple[Tensor, str]], kept: str) -> Tensor:
    """An Einsum of the factors with axes; those without, which it may not take, are multiplied."""
    scalars = [tensor for tensor, labels in factors if not labels]
    others = [(tensor, labels) for tensor, labels in factors if labels]
    result = None
    if others:
        equation = ",".join(labels for _, labels in others) + "->" + kept
        result = op("Einsum", *[tensor for tensor, _ in others], equation=equation)
    for tensor in scalars:
        result = tensor if result is None else result * tensor
    assert result is not None
    return result


def _identity(size: int | Tensor, dtype: str) -> Tensor:
    places = ops.arange(size)
    rows, columns = ops.expand_dims(places, 1), ops.expand_dims(places, 0)
    return ops.cast(op("Equal", rows, columns), dtype)
