"""Arguments that Keras 1 knew under other names."""

from __future__ import annotations

import warnings
from typing import Any


def pop_renamed(function: str, given: dict[str, Any], old: str, new: str, value: Any) -> Any:
    """Return the value of argument `new`, also where it was given under its old name.

    Args:
        function: what was called, for messages.
        given: the keyword arguments that the function does not know.
        old: the name in Keras 1.
        new: the name now.
        value: what was given under the new name, or its default.

    Raises:
        TypeError: any other argument was given.

    Example:
        >>> pop_renamed("load_data", {}, "nb_words", "num_words", 100)
        100
    """
    unknown = sorted(set(given) - {old})
    if unknown:
        raise TypeError(f"`{function}` got an unknown argument: {', '.join(unknown)}")
    if old not in given:
        return value
    # Reported where the function is called, not here or in it.
    warnings.warn(f"`{function}`: `{old}` is called `{new}` since Keras 2.", stacklevel=3)
    return given[old]
