"""What the data sets of texts have in common: words are numbers, and some stand apart."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from konnx.datasets.npz import Array

Texts = list[list[int]]


@dataclass(frozen=True)
class Selection:
    """Which words of texts are kept, and what numbers they get.

    Attributes:
        num_words: numbers from here on are rare; None: only the largest one is, as in Keras.
        skip_top: numbers below are too frequent.
        start_char: stands before each text; None for nothing.
        oov_char: stands for words that are left out; None for nothing.
        index_from: what is added to the rank of each word.
    """

    num_words: int | None
    skip_top: int
    start_char: int | None
    oov_char: int | None
    index_from: int

    def numbered(self, texts: Iterable[Any]) -> Texts:
        """Return the texts with their start, in numbers that leave room for what stands apart."""
        shift = self.index_from or 0
        start = [] if self.start_char is None else [self.start_char]
        return [start + [word + shift for word in text] for text in texts]

    def kept(self, texts: Texts) -> Texts:
        """Return the texts without words that are too rare or too frequent."""
        limit = self.num_words or max((max(text, default=0) for text in texts), default=0)
        first, other = self.skip_top, self.oov_char
        if other is None:
            return [[word for word in text if first <= word < limit] for text in texts]
        return [[word if first <= word < limit else other for word in text] for text in texts]


def shuffled(texts: Array, labels: Array, random: np.random.RandomState) -> tuple[Array, Array]:
    """Return texts and labels in one random order."""
    indices = np.arange(len(texts))
    random.shuffle(indices)
    return texts[indices], labels[indices]


def only_short(texts: Texts, labels: Array, maxlen: int | None) -> tuple[Texts, Array]:
    """Return the texts with fewer words than `maxlen`, and their labels.

    Raises:
        ValueError: there are none.
    """
    if not maxlen:
        return texts, labels
    short = [index for index, text in enumerate(texts) if len(text) < maxlen]
    if not short:
        raise ValueError(f"No text has fewer than {maxlen} words. Increase `maxlen`.")
    return [texts[index] for index in short], labels[short]


def as_array(texts: Texts) -> Array:
    """Return lists of different lengths as an array of objects."""
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


def read_word_index(path: str) -> dict[str, int]:
    """Read the rank of each word.

    Raises:
        ValueError: the file holds anything else.
    """
    with open(path, "rb") as file:
        text = file.read()
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"'{path}' does not hold the ranks of words: {error}") from error
    if not isinstance(content, dict) or not all(type(rank) is int for rank in content.values()):
        raise ValueError(f"'{path}' does not hold the ranks of words.")
    return content
