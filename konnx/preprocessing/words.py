"""Texts as words, and words as numbers without a vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import md5

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
"""Punctuation, tabs and line ends: what words are free of; the apostrophe stays."""


def text_to_word_sequence(
    text: str, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """Split a text into words.

    Args:
        text: the text.
        filters: characters that separate words, like `split`.
        lower: make all letters small first.
        split: what stands between words.

    Raises:
        TypeError: the text is not a string.
        ValueError: `split` is empty.

    Example:
        >>> text_to_word_sequence("Don't panic, Arthur!")
        ["don't", 'panic', 'arthur']
    """
    if not isinstance(text, str):
        raise TypeError(f"A text must be a string. Received: {text!r}")
    if not split:
        raise ValueError("`split` must not be empty; a Tokenizer takes `char_level`.")
    if lower:
        text = text.lower()
    return [word for word in text.translate(_separators(filters, split)).split(split) if word]


@cache
def _separators(filters: str, split: str) -> dict[int, str]:
    return dict.fromkeys(map(ord, filters), split)


def one_hot(
    text: str, n: int, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[int]:
    """Give each word of a text a number from 1 to n - 1, by Python's `hash`.

    The numbers differ between runs of Python unless PYTHONHASHSEED is set; see `hashing_trick`.
    The name is Keras'; nothing is one-hot.
    """
    return hashing_trick(text, n, hash_function=hash, filters=filters, lower=lower, split=split)


def hashing_trick(
    text: str,
    n: int,
    hash_function: Callable[[str], int] | str | None = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
) -> list[int]:
    """Give each word of a text a number from 1 to n - 1, without a vocabulary.

    Two words may get the same number. 0 is given to none.

    Args:
        text: the text.
        n: one more than the largest number, at least 2.
        hash_function: "md5", which always gives the same numbers; a function from a word to a
            whole number; default: Python's `hash`, whose values differ from run to run.
        filters: as in `text_to_word_sequence`; so are `lower` and `split`.

    Raises:
        ValueError: `n` is below 2, or the name of the function is unknown.

    Example:
        >>> hashing_trick("to be or not to be", 50, hash_function="md5")
        [15, 5, 8, 36, 15, 5]
    """
    if n < 2:
        raise ValueError(f"`n` must be at least 2, as 0 is given to no word. Received: n={n}")
    function = _hash_function(hash_function)
    words = text_to_word_sequence(text, filters, lower, split)
    return [function(word) % (n - 1) + 1 for word in words]


def _hash_function(given: Callable[[str], int] | str | None) -> Callable[[str], int]:
    if given is None:
        return hash
    if given == "md5":
        return _md5
    if isinstance(given, str):
        raise ValueError(f"`hash_function` must be 'md5' or a function. Received: {given!r}")
    return given


def _md5(word: str) -> int:
    return int(md5(word.encode(), usedforsecurity=False).hexdigest(), 16)
