"""Names for what the user does not name."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

_CAPITALISED_WORD = re.compile(r".[A-Z][a-z0-9]+", re.DOTALL)
_WORD_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z])")
_counters: defaultdict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1))


def to_snake_case(class_name: str) -> str:
    """Return a class name as Keras writes it in layer names.

    Example:
        >>> to_snake_case("MaxPooling2D")
        'max_pooling2d'
    """
    words: list[str] = []
    start = 0
    for match in _CAPITALISED_WORD.finditer(class_name):
        words.append(class_name[start : match.start() + 1])
        start = match.start() + 1
    words.append(class_name[start:])
    name = _WORD_BORDER.sub("_", "_".join(words)).lower()
    return f"private{name}" if name.startswith("_") else name


def unique_name(prefix: str) -> str:
    """Return `prefix_1`, `prefix_2` and so on: a name not returned before in this process.

    Example:
        >>> reset_names()
        >>> unique_name("dense"), unique_name("dense"), unique_name("conv2d")
        ('dense_1', 'dense_2', 'conv2d_1')
    """
    return f"{prefix}_{next_number(prefix)}"


def next_number(prefix: str) -> int:
    """Return 1, 2 and so on for each prefix."""
    return next(_counters[prefix])


def reset_names() -> None:
    """Count every prefix from 1 again."""
    _counters.clear()


def free_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """Return the name itself or, if it is taken, the first free of `name_1`, `name_2` and so on.

    Example:
        >>> free_name("x", {"x", "x_1"}.__contains__)
        'x_2'
    """
    free, number = name, 0
    while is_taken(free):
        number += 1
        free = f"{name}_{number}"
    return free


def near_match(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like another one, if any is like it."""
    import difflib  # only needed for messages, and slow to import

    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a sentence for the end of a message that names what is like a name, or "".

    Example:
        >>> did_you_mean("dens_1", ["conv_1", "dense_1"])
        " Did you mean 'dense_1'?"
    """
    near = near_match(name, known)
    return "" if near is None else f" Did you mean '{near}'?"
