"""Make the goldens of sequences and texts: what Keras 2.1.6 and keras_preprocessing compute.

Writes `text.json`: {case: {"arguments": …, "value": …}}. `pad_sequences`, `make_sampling_table`,
`skipgrams`, `TimeseriesGenerator`, `text_to_word_sequence` and `hashing_trick` are Keras 2.1.6';
the Tokenizer is that of keras_preprocessing 1.1.2, which came after it and mended `oov_token`.
Each `skipgrams` begins with `random.seed(3)` and runs twice: the second goes on where the first
left the generator.

Run `python make_text.py FOLDER` with the folder where the wheel of Keras 2.1.6 is unpacked.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import keras216
import numpy as np

FOLDER = Path(__file__).parent
SEQUENCES = [[1, 2, 3, 4, 5], [], [6, 7], [8]]
STEPS = [[[1.5, 2.5], [3.5, 4.5], [5.5, 6.5]], [], [[7.5, 8.5]]]
PADDED: list[dict[str, Any]] = [
    {"sequences": SEQUENCES},
    {"sequences": SEQUENCES, "maxlen": 3},
    {"sequences": SEQUENCES, "maxlen": 3, "padding": "post"},
    {"sequences": SEQUENCES, "maxlen": 3, "truncating": "post"},
    {"sequences": SEQUENCES, "maxlen": 7, "padding": "post", "truncating": "post", "value": 9},
    {"sequences": SEQUENCES, "maxlen": 4, "dtype": "float32", "value": -0.5},
    {"sequences": STEPS, "dtype": "float64"},
    {"sequences": STEPS, "maxlen": 2, "dtype": "float64", "value": 0.25, "padding": "post"},
    {"sequences": [[], []]},
]
WORDS = [3, 0, 1, 4, 1, 5, 9, 2, 6, 5, 0, 3]
TABLE = [0.3, 0.9, 0.1, 0.8, 0.7, 0.6, 0.9, 0.4, 0.5, 1.0]
PAIRED: list[dict[str, Any]] = [
    {},
    {"seed": 11},
    {"window_size": 1, "negative_samples": 0, "seed": 5},
    {"window_size": 2, "negative_samples": 2.5, "shuffle": False},
    {"negative_samples": 0.5, "categorical": True, "seed": 0},
    {"sampling_table": TABLE, "window_size": 2},
    {"sampling_table": TABLE, "categorical": True, "shuffle": False},
]
WINDOWS: list[dict[str, Any]] = [
    {"length": 4, "batch_size": 3},
    {"length": 4, "sampling_rate": 2, "batch_size": 5},
    {"length": 3, "stride": 2, "batch_size": 2},
    {"length": 3, "start_index": 4, "end_index": 14, "batch_size": 4},
    {"length": 2, "reverse": True, "stride": 3, "batch_size": 2},
    {"length": 5, "shuffle": True, "batch_size": 4},
]
TEXTS = [
    "The cat sat on the mat -- the black, old mat.",
    "A dog ate my homework; the cat\tsaw it!\nHonestly.",
    "Ärger mit Straßen & Ümlauten: don't_split (or do?)",
    "cat cat CAT dog",
    "",
]
SPLIT: list[dict[str, Any]] = [
    {},
    {"lower": False},
    {"filters": "aeiou"},
    {"split": "-"},
    {"filters": "", "split": "the"},
]
TOKENIZERS: list[dict[str, Any]] = [
    {},
    {"num_words": 6},
    {"num_words": 6, "oov_token": "<unk>"},
    {"oov_token": "cat"},
    {"lower": False, "filters": ".,;"},
    {"char_level": True},
    {"char_level": True, "lower": False, "num_words": 9, "oov_token": "?"},
]
UNSEEN = ["the cat ate a unicorn", "THE mat mat mat", "", "zzz dog"]
MODES = ("binary", "count", "freq", "tfidf")


def plain(value: Any) -> Any:
    """Return a value as JSON holds it."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def paired(skipgrams: Any, arguments: dict[str, Any]) -> list[Any]:
    """Return the pairs of two calls, one after the other."""
    random.seed(3)
    return [skipgrams(WORDS, 10, **arguments) for _ in range(2)]


def windowed(generator: Any, arguments: dict[str, Any]) -> list[Any]:
    """Return all batches of windows."""
    np.random.seed(3)  # noqa: NPY002 - Keras draws from it
    steps = np.arange(40.0).reshape(20, 2)
    batches = generator(steps, steps[:, 0] * 10, **arguments)
    return [batches[index] for index in range(len(batches))]


def tokenized(module: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return what a tokenizer learns and makes of texts that it has and has not seen."""
    tokenizer = module.Tokenizer(**arguments)
    tokenizer.fit_on_texts(TEXTS[:2])
    tokenizer.fit_on_texts([*TEXTS[2:], ["cat", "Old"]])
    tokenizer.fit_on_sequences([[1, 2, 2], [2]])
    sequences = tokenizer.texts_to_sequences([*UNSEEN, ["dog", "Cat"]])
    return {
        "word_index": tokenizer.word_index,
        "word_docs": dict(tokenizer.word_docs),
        "index_docs": {str(key): value for key, value in tokenizer.index_docs.items()},
        "sequences": sequences,
        "texts": tokenizer.sequences_to_texts([*sequences, [0, 2, 5, 7, 1000]]),
        "matrices": {mode: tokenizer.texts_to_matrix(UNSEEN, mode) for mode in MODES},
        "json": tokenizer.to_json(),
    }


def cases(sequence: Any, text: Any, later: Any) -> dict[str, list[tuple[dict[str, Any], Any]]]:
    """Return arguments and values by function."""
    return {
        "pad_sequences": [(a, sequence.pad_sequences(**a)) for a in PADDED],
        "make_sampling_table": [
            (a, sequence.make_sampling_table(**a))
            for a in ({"size": 30}, {"size": 5, "sampling_factor": 1e-2}, {"size": 1})
        ],
        "skipgrams": [(a, paired(sequence.skipgrams, a)) for a in PAIRED],
        "TimeseriesGenerator": [(a, windowed(sequence.TimeseriesGenerator, a)) for a in WINDOWS],
        "text_to_word_sequence": [
            (a, [text.text_to_word_sequence(t, **a) for t in TEXTS]) for a in SPLIT
        ],
        "hashing_trick": [
            (a, [text.hashing_trick(t, 50, hash_function="md5", **a) for t in TEXTS]) for a in SPLIT
        ],
        "Tokenizer": [(a, tokenized(later, a)) for a in TOKENIZERS],
    }


def main() -> None:
    """Write the file."""
    import keras_preprocessing.text as later

    keras216.load(sys.argv[1])
    from keras.preprocessing import sequence, text

    goldens = {
        f"{function}/{number}": {"arguments": arguments, "value": plain(value)}
        for function, rows in cases(sequence, text, later).items()
        for number, (arguments, value) in enumerate(rows)
    }
    inputs = {"words": WORDS, "texts": TEXTS, "unseen": UNSEEN}
    content = json.dumps({"inputs": inputs, "cases": goldens}, ensure_ascii=False)
    (FOLDER / "text.json").write_text(content + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
