"""How far the outputs of two models, or those of one and what is expected, lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from konnx.converters.errors import printable

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Tolerance:
    """What counts as equal: |a - b| ≤ absolute + relative · |b|, as `numpy.allclose` has it."""

    relative: float = 1e-4
    absolute: float = 1e-5


@dataclass(frozen=True)
class Difference:
    """How far an array is from what is expected.

    Attributes:
        name: of the output, or of the layer.
        equal: whether it is within the tolerance.
        absolute: the largest |a - b|.
        relative: the largest |a - b| / |b|, where b is not 0.
        cosine: of the angle between the two, as vectors.
    """

    name: str
    equal: bool
    absolute: float
    relative: float
    cosine: float

    def __str__(self) -> str:
        return (
            f"{printable(self.name, 100)}: {'equal' if self.equal else 'DIFFERENT'}, "
            f"max abs {self.absolute:.3g}, max rel {self.relative:.3g}, cosine {self.cosine:.7f}"
        )


def difference(name: str, found: Array, expected: Array, tolerance: Tolerance) -> Difference:
    """Measure how far two arrays of one shape are apart; NaN is equal to NaN.

    Example:
        >>> print(difference("y", np.ones(3), np.ones(3), Tolerance()))
        y: equal, max abs 0, max rel 0, cosine 1.0000000
    """
    if found.dtype.kind in "US":
        equal = bool(np.array_equal(found, expected))
        return Difference(name, equal, float(not equal), float(not equal), float(equal))
    a, b = found.astype(np.float64), expected.astype(np.float64)
    equal = bool(np.allclose(a, b, tolerance.relative, tolerance.absolute, equal_nan=True))
    apart = np.abs(a - b)[~(np.isnan(a) & np.isnan(b))]
    size = np.abs(b)[~(np.isnan(a) & np.isnan(b))]
    relative = apart[size > 0] / size[size > 0]
    return Difference(
        name, equal, float(apart.max(initial=0.0)), float(relative.max(initial=0.0)), _cosine(a, b)
    )


def _cosine(a: Array, b: Array) -> float:
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    if lengths == 0.0:
        return 1.0 if np.array_equal(a, b) else 0.0
    return float(np.vdot(a, b)) / lengths


def compare_outputs(
    found: Mapping[str, Array], expected: Mapping[str, Array], tolerance: Tolerance
) -> list[Difference]:
    """Compare outputs, by name or, where no name is the same but the number is, by order.

    Raises:
        ValueError: an output has no counterpart, or one of another shape.
    """
    differences = []
    for name, other in _pairs(list(found), list(expected)):
        if found[name].shape != expected[other].shape:
            raise ValueError(
                f"Output '{printable(name, 100)}' has the shape {found[name].shape}. Expected, "
                f"from '{printable(other, 100)}': {expected[other].shape}"
            )
        differences.append(difference(name, found[name], expected[other], tolerance))
    return differences


def _pairs(names: Sequence[str], others: Sequence[str]) -> list[tuple[str, str]]:
    if set(names) <= set(others):
        return [(name, name) for name in names]
    if len(names) == len(others):
        return list(zip(names, others, strict=True))
    raise ValueError(
        f"The outputs {_listed(names)} cannot be compared with {_listed(others)}: names and "
        "numbers differ."
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{printable(name, 60)}'" for name in names)
