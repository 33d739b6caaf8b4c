"""IMDB: 50,000 reviews of films, as numbers of words, and whether they praise."""

from __future__ import annotations

from typing import Any

import numpy as np

from konnx.datasets.npz import Array, read_npz
from konnx.datasets.reviews import Selection, as_array, only_short, read_word_index, shuffled
from konnx.datasets.source import fetch_file
from konnx.utils.renamed import pop_renamed

_SHA256 = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
_INDEX_MD5 = "bfafd718b763782e994055a2d397834f"


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return `(x_train, y_train), (x_test, y_test)`: 25,000 reviews each, shuffled.

    `x` is an array of lists of whole numbers, the rank of each word in frequency plus `index_from`;
    `y` has shape (n,), 1 for praise and 0 for none. The file, 17 MB, is downloaded once; see
    `konnx.utils.get_file`. Its lists are read without unpickling.

    Args:
        path: name of the file in the cache, or an absolute path.
        num_words: numbers from here on become `oov_char`; default: the largest one alone does.
        skip_top: numbers below this become `oov_char`.
        maxlen: reviews with as many words or more are left out, in each part by itself.
        seed: seed of the shuffle.
        start_char: stands before each review; None for nothing.
        oov_char: stands for words that are left out; None to drop them.
        index_from: what is added to the rank of each word, so that 0 can pad.

    Raises:
        ValueError: no review is shorter than `maxlen`.

    Source:
        A. Maas et al., Learning Word Vectors for Sentiment Analysis, 2011.
    """
    num_words = pop_renamed("imdb.load_data", kwargs, "nb_words", "num_words", num_words)
    file = fetch_file(path, "imdb.npz", _SHA256)
    x_train, y_train, x_test, y_test = read_npz(file, "x_train", "y_train", "x_test", "y_test")
    random = np.random.RandomState(seed)
    selection = Selection(num_words, skip_top, start_char, oov_char, index_from)
    parts = []
    for x, y in ((x_train, y_train), (x_test, y_test)):
        texts, labels = shuffled(x, y, random)
        parts.append(only_short(selection.numbered(texts), labels, maxlen))
    (train, y_train), (test, y_test) = parts
    kept = selection.kept(train + test)
    x_train, x_test = as_array(kept[: len(train)]), as_array(kept[len(train) :])
    return (x_train, y_train), (x_test, y_test)


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """Return the rank of each word in frequency, from 1; `load_data` adds `index_from` to it.

    Args:
        path: name of the file in the cache, or an absolute path.
    """
    return read_word_index(fetch_file(path, "imdb_word_index.json", _INDEX_MD5))
