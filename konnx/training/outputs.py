"""Arguments of `compile` that each output of a model has its own of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def per_output(given: Any, names: Sequence[str], argument: str, default: Any = None) -> list[Any]:
    """Return one item for each output from one for all, a list, or a dict by name.

    Raises:
        ValueError: a list of another length, or a name that no output has.
    """
    if isinstance(given, Mapping) and "class_name" not in given:
        unknown = sorted(set(given) - set(names))
        if unknown:
            raise ValueError(f"`{argument}` names {unknown}, but the outputs are {list(names)}.")
        return [given.get(name, default) for name in names]
    if isinstance(given, list | tuple):
        if len(given) != len(names):
            raise ValueError(
                f"`{argument}` must have one item for each of the outputs {list(names)}. "
                f"Received: {argument}={given!r}"
            )
        return list(given)
    return [default if given is None else given] * len(names)


def per_output_lists(given: Any, names: Sequence[str]) -> list[list[Any]]:
    """Return a list of metrics for each output; a flat list goes to each."""
    if isinstance(given, Mapping):
        return [
            list(one) if isinstance(one, list | tuple) else [one] if one is not None else []
            for one in per_output(given, names, "metrics")
        ]
    if given and all(isinstance(one, list | tuple) for one in given):
        return [list(one) for one in per_output(given, names, "metrics")]
    return [list(given or []) for _ in names]
