"""Reuters: 11,228 news items of 1987, as numbers of words, on 46 topics."""

from __future__ import annotations

from typing import Any

import numpy as np

from konnx.datasets.npz import Array, read_npz
from konnx.datasets.reviews import Selection, as_array, only_short, read_word_index, shuffled
from konnx.datasets.source import fetch_file
from konnx.utils.renamed import pop_renamed

_SHA256 = "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"
_INDEX_MD5 = "4d44cc38712099c9e383dc6e5f11a921"

_TOPICS = (
    "cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves "
    "ship cotton carcass crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold "
    "tin strategic-metal livestock retail ipi iron-steel rubber heat jobs lei bop zinc orange "
    "pet-chem dlr gas silver wpi hog lead"
)


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return `(x_train, y_train), (x_test, y_test)`, shuffled and split.

    `x` is an array of lists of whole numbers, the rank of each word in frequency plus `index_from`;
    `y` has shape (n,), the topic, 0 to 45. The file, 2 MB, is downloaded once; see
    `konnx.utils.get_file`. Its lists are read without unpickling.

    Args:
        path: name of the file in the cache, or an absolute path.
        num_words: numbers from here on become `oov_char`; default: the largest one alone does.
        skip_top: numbers below this become `oov_char`.
        maxlen: items with as many words or more are left out.
        test_split: fraction of the items in the test part, at least 0, below 1.
        seed: seed of the shuffle.
        start_char: stands before each item; None for nothing.
        oov_char: stands for words that are left out; None to drop them.
        index_from: what is added to the rank of each word, so that 0 can pad.

    Raises:
        ValueError: `test_split` is out of range, or no item is shorter than `maxlen`.

    Source:
        D. Lewis, Reuters-21578 Text Categorization Test Collection, 1997.
    """
    num_words = pop_renamed("reuters.load_data", kwargs, "nb_words", "num_words", num_words)
    if not 0 <= test_split < 1:
        raise ValueError(
            f"`test_split` must be at least 0 and below 1. Received: test_split={test_split!r}"
        )
    x, y = read_npz(fetch_file(path, "reuters.npz", _SHA256), "x", "y")
    selection = Selection(num_words, skip_top, start_char, oov_char, index_from)
    texts, labels = shuffled(x, y, np.random.RandomState(seed))
    short, labels = only_short(selection.numbered(texts), labels, maxlen)
    items = as_array(selection.kept(short))
    count = int(len(items) * (1 - test_split))
    return (items[:count], labels[:count]), (items[count:], labels[count:])


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """Return the rank of each word in frequency, from 1; `load_data` adds `index_from` to it.

    Args:
        path: name of the file in the cache, or an absolute path.
    """
    return read_word_index(fetch_file(path, "reuters_word_index.json", _INDEX_MD5))


def get_label_names() -> tuple[str, ...]:
    """Return the names of the 46 topics, by their numbers.

    Example:
        >>> get_label_names()[3]
        'earn'
    """
    return tuple(_TOPICS.split())
