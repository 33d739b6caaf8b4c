"""Texts as numbers, by a vocabulary that is learned from texts."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np

from konnx.preprocessing.words import FILTERS, text_to_word_sequence
from konnx.utils.renamed import pop_renamed

Array = np.ndarray[Any, Any]
Text = str | list[str]


class Tokenizer:
    """Numbers the words of texts by frequency, and writes texts as lists of numbers or as rows.

    1 is the most frequent word, or `oov_token` where there is one; 0 is given to none. The rules
    for `oov_token` and for `lower` with `char_level` are those of Keras 2.2 and later; Keras 2.1
    gave `oov_token` the last number, beyond `num_words`.

    Args:
        num_words: only numbers below this are written: the `num_words - 1` most frequent words.
        filters: characters that separate words.
        lower: make all letters small.
        split: what stands between words.
        char_level: each character is a word.
        oov_token: stands for words that are unknown or too rare; default: they are left out.
        document_count: texts seen so far.

    Attributes:
        word_index: number of each word.
        index_word: word of each number.
        word_counts: how often each word came, in the order of first coming.
        word_docs: in how many texts each word came.
        index_docs: the same by number.

    Example:
        >>> tokenizer = Tokenizer()
        >>> tokenizer.fit_on_texts(["a rose is a rose", "is it?"])
        >>> tokenizer.texts_to_sequences(["It is a daisy"])
        [[4, 3, 1]]
        >>> tokenizer.texts_to_matrix(["a rose is a rose"], mode="count")
        array([[0., 2., 2., 1., 0.]])
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        document_count: int = 0,
        **kwargs: Any,
    ) -> None:
        self.num_words = pop_renamed("Tokenizer", kwargs, "nb_words", "num_words", num_words)
        self.filters, self.lower, self.split = filters, lower, split
        self.char_level, self.oov_token = char_level, oov_token
        self.document_count = document_count
        self.word_counts: Counter[str] = Counter()
        self.word_docs: Counter[str] = Counter()
        self.index_docs: dict[int, int] = {}
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def fit_on_texts(self, texts: Iterable[Text]) -> None:
        """Learn the words of texts; those of earlier calls count, too.

        Args:
            texts: strings, or lists of words that are taken as they are.

        Raises:
            TypeError: a text is neither, or one string was given instead of a list of texts.
        """
        if isinstance(texts, str) and not self.char_level:
            raise TypeError(f"`texts` must be a list of texts, not one. Received: {texts[:40]!r}")
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            self.word_counts.update(words)
            self.word_docs.update(dict.fromkeys(words).keys())
        self._number_words()

    def _words(self, text: Text) -> Text:
        """Return the words of a text; at the level of characters a string is its own list."""
        if not isinstance(text, str | list):
            raise TypeError(f"A text must be a string or a list of words. Received: {text!r}")
        if isinstance(text, list):
            if not all(isinstance(word, str) for word in text):
                raise TypeError(f"Words must be strings. Received: {text!r:.80}")
            return [word.lower() for word in text] if self.lower else text
        if self.char_level:
            return text.lower() if self.lower else text
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def _number_words(self) -> None:
        ranked = sorted(self.word_counts, key=lambda word: -self.word_counts[word])
        reserved = [] if self.oov_token is None else [self.oov_token]
        # A text may hold the token itself, which then has the number of its rank, as in Keras.
        self.word_index = {word: i for i, word in enumerate([*reserved, *ranked], start=1)}
        self.index_word = {index: word for word, index in self.word_index.items()}
        self.index_docs |= {self.word_index[word]: n for word, n in self.word_docs.items()}

    def fit_on_sequences(self, sequences: Iterable[Iterable[int]]) -> None:
        """Learn from lists of numbers in how many texts each number comes, for "tfidf"."""
        for sequence in sequences:
            self.document_count += 1
            for index in set(sequence):
                self.index_docs[index] = self.index_docs.get(index, 0) + 1

    def texts_to_sequences(self, texts: Iterable[Text]) -> list[list[int]]:
        """Return the numbers of the words of each text.

        Raises:
            TypeError: a text is neither a string nor a list of words.
        """
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Text]) -> Iterator[list[int]]:
        """Yield the numbers of the words of each text; see `texts_to_sequences`."""
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        limit, number_of = self._limit(), self.word_index.get
        for text in texts:
            numbers = [number_of(word, limit) for word in self._words(text)]
            if unknown is None:
                yield [number for number in numbers if number < limit]
            else:
                yield [number if number < limit else unknown for number in numbers]

    def _limit(self) -> int:
        """Return the number from which on words are too rare."""
        return self.num_words or sys.maxsize

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """Return the words of each list of numbers, with spaces between them."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """Yield the words of each list of numbers; see `sequences_to_texts`."""
        limit, word_of, unknown = self._limit(), self.index_word.get, self.oov_token
        for sequence in sequences:
            found = (word_of(n, unknown) if n < limit else unknown for n in sequence)
            yield " ".join(word for word in found if word is not None)

    def texts_to_matrix(self, texts: Iterable[Text], mode: str = "binary") -> Array:
        """Return one row for each text; see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode=mode)

    def sequences_to_matrix(self, sequences: Any, mode: str = "binary") -> Array:
        """Return one row for each list of numbers, one column for each number.

        Args:
            sequences: lists of numbers of words.
            mode: what stands in a column: "binary": 1 if the word comes at all; "count": how
                often; "freq": the share of all words of the text; "tfidf": 1 + log(count), times
                log(1 + texts / (1 + texts with the word)).

        Returns:
            A float64 array of shape (sequences, num_words), or as many columns as there are
            numbers.

        Raises:
            ValueError: the mode is unknown, a number is negative, or nothing was fitted that says
                how many columns or, for "tfidf", how many texts there are.
        """
        if mode not in _MODES:
            raise ValueError(f"`mode` must be one of {sorted(_MODES)}. Received: mode={mode!r}")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Fit the Tokenizer on texts or sequences before using mode='tfidf'.")
        matrix = self._counted(sequences, self._column_count())
        _MODES[mode](self, matrix, [len(sequence) for sequence in sequences])
        return matrix

    def _counted(self, sequences: Any, width: int) -> Array:
        """Return how often each number below `width` comes in each sequence."""
        try:
            lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
            numbers = np.fromiter(chain.from_iterable(sequences), dtype=np.int64)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"`sequences` must be a list of lists of numbers: {error}. Received: "
                f"{sequences!r:.80}"
            ) from error
        rows = np.repeat(np.arange(len(lengths)), lengths)
        if numbers.min(initial=0) < 0:
            place = np.argmax(numbers < 0)
            raise ValueError(
                f"Numbers of words must not be negative. Received: {numbers[place]} in the "
                f"sequence at position {rows[place]}"
            )
        matrix = np.zeros((len(lengths), width))
        inside = numbers < width
        np.add.at(matrix, (rows[inside], numbers[inside]), 1)
        return matrix

    def _column_count(self) -> int:
        if not self.num_words and not self.word_index:
            raise ValueError("Give `num_words`, or fit the Tokenizer on texts first.")
        return self.num_words or len(self.word_index) + 1

    def get_config(self) -> dict[str, Any]:
        """Return all that is needed to make the tokenizer again; its tables are JSON texts."""
        settings = {name: getattr(self, name) for name in _SETTINGS}
        return settings | {name: json.dumps(getattr(self, name)) for name in _TABLES}

    def to_json(self, **kwargs: Any) -> str:
        """Return the tokenizer as a JSON text, as Keras writes it; see `tokenizer_from_json`.

        Args:
            kwargs: arguments of `json.dumps`.
        """
        return json.dumps({"class_name": "Tokenizer", "config": self.get_config()}, **kwargs)

    @classmethod
    def from_json(cls, json_string: str) -> Tokenizer:
        """Make a tokenizer from a JSON text; see `tokenizer_from_json`."""
        settings, tables = _read_config(json_string)
        tokenizer = cls(**settings)
        for name, table in tables.items():
            setattr(tokenizer, name, type(getattr(tokenizer, name))(table))
        return tokenizer


def _mark(tokenizer: Tokenizer, counts: Array, lengths: list[int]) -> None:
    np.minimum(counts, 1, out=counts)


def _keep(tokenizer: Tokenizer, counts: Array, lengths: list[int]) -> None:
    """Leave the counts as they are."""


def _divide(tokenizer: Tokenizer, counts: Array, lengths: list[int]) -> None:
    counts /= np.maximum(lengths, 1).reshape(-1, 1)


def _weigh(tokenizer: Tokenizer, counts: Array, lengths: list[int]) -> None:
    texts = np.array([tokenizer.index_docs.get(n, 0) for n in range(counts.shape[1])])
    rarity = np.log(1 + tokenizer.document_count / (1 + texts))
    rows, columns = np.nonzero(counts)
    counts[rows, columns] = (1 + np.log(counts[rows, columns])) * rarity[columns]


# From counts to what a mode wants in their place.
_MODES: dict[str, Callable[[Tokenizer, Array, list[int]], None]] = {
    "binary": _mark,
    "count": _keep,
    "freq": _divide,
    "tfidf": _weigh,
}


# What a configuration holds: settings with their types, and tables with those of keys and values.
_SETTINGS: dict[str, tuple[type, ...]] = {
    "num_words": (int, type(None)),
    "filters": (str,),
    "lower": (bool,),
    "split": (str,),
    "char_level": (bool,),
    "oov_token": (str, type(None)),
    "document_count": (int,),
}
_TABLES: dict[str, tuple[Callable[[str], Any], type]] = {
    "word_counts": (str, int),
    "word_docs": (str, int),
    "index_docs": (int, int),
    "index_word": (int, str),
    "word_index": (str, int),
}


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """Make a tokenizer from the JSON text that `Tokenizer.to_json` wrote, here or in Keras.

    Raises:
        ValueError: the text is not that of a tokenizer; the message says what is wrong.

    Example:
        >>> tokenizer = Tokenizer()
        >>> tokenizer.fit_on_texts(["a rose is a rose"])
        >>> tokenizer_from_json(tokenizer.to_json()).word_index
        {'a': 1, 'rose': 2, 'is': 3}
    """
    return Tokenizer.from_json(json_string)


def _read_config(json_string: str) -> tuple[dict[str, Any], dict[str, dict[Any, Any]]]:
    content = _parsed(json_string, "text")
    config = content.get("config")
    if not isinstance(config, dict):
        raise ValueError("The JSON text is not of a tokenizer: it has no object 'config'.")
    settings = {name: _setting(config, name) for name in _SETTINGS}
    return settings, {name: _table(config, name) for name in _TABLES}


def _parsed(text: Any, what: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"The tokenizer's {what} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"The tokenizer's {what} is not a JSON object. Received: {content!r:.80}")
    return content


def _setting(config: dict[str, Any], name: str) -> Any:
    value = config.get(name, "missing")
    if type(value) not in _SETTINGS[name]:
        kinds = " or ".join(kind.__name__ for kind in _SETTINGS[name])
        raise ValueError(f"The tokenizer's '{name}' must be {kinds}. Received: {value!r:.80}")
    return value


def _table(config: dict[str, Any], name: str) -> dict[Any, Any]:
    key, kind = _TABLES[name]
    table = _parsed(config.get(name), f"table '{name}'")
    try:
        read = {key(item): value for item, value in table.items()}
    except ValueError as error:
        raise ValueError(f"The tokenizer's table '{name}' has a wrong key: {error}") from error
    for item, value in read.items():
        if type(value) is not kind:
            raise ValueError(
                f"The tokenizer's table '{name}' must hold values of type {kind.__name__}. "
                f"Received: {value!r:.80} for {item!r:.80}"
            )
    return read
