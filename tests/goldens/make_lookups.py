"""Make the goldens of layers that take a vocabulary, or bins, from data: `lookups/`.

`lookups.json` holds what real Keras 3 learns and computes; `keras.keras` and `tf_keras.keras` are
models with such layers, whose vocabularies lie among the assets.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
import keras
import numpy as np
import tensorflow as tf
import tf_keras

FOLDER = Path(__file__).parent / "lookups"
WORDS = [["b", "a", "b"], ["c", "d", "a"], ["b", "", "e"]]
NUMBERS = [[3, 4, 3], [5, 4, -7], [9, -1, 4]]
FLOATS = np.random.default_rng(0).normal(size=(40, 3)).round(3).tolist()

CASES: list[tuple[str, dict[str, Any], Any]] = [
    ("StringLookup", {}, WORDS),
    ("StringLookup", {"mask_token": "", "max_tokens": 5}, WORDS),
    ("StringLookup", {"output_mode": "multi_hot"}, WORDS),
    ("StringLookup", {"output_mode": "count", "mask_token": ""}, WORDS),
    ("StringLookup", {"output_mode": "one_hot", "max_tokens": 9, "pad_to_max_tokens": True}, WORDS),
    (
        "StringLookup",
        {"mask_token": "", "vocabulary": ["d", "é"], "num_oov_indices": 0},
        [["é", ""]],
    ),
    ("IntegerLookup", {}, NUMBERS),
    ("IntegerLookup", {"mask_token": 4, "num_oov_indices": 2, "max_tokens": 6}, NUMBERS),
    ("IntegerLookup", {"output_mode": "count"}, NUMBERS),
    ("Discretization", {"num_bins": 4}, [[float(one) for one in range(1, 11)]]),
    ("Discretization", {"num_bins": 3, "epsilon": 0.1}, FLOATS),
    ("Discretization", {"num_bins": 5, "output_mode": "multi_hot"}, FLOATS),
]


def tensor(data: Any) -> Any:
    return tf.constant(data) if isinstance(data[0][0], str) else np.array(data)


def learnt(layer: Any) -> Any:
    if isinstance(layer, keras.layers.Discretization):
        return [float(one) for one in layer.bin_boundaries]
    return [one.item() if isinstance(one, np.generic) else one for one in layer.get_vocabulary()]


def case(name: str, arguments: dict[str, Any], data: Any) -> dict[str, Any]:
    layer = getattr(keras.layers, name)(**arguments)
    if "vocabulary" not in arguments:
        layer.adapt(tensor(data))
    output = np.asarray(layer(tensor(data))).tolist()
    given = {"class": name, "arguments": arguments, "data": data}
    return {**given, "learnt": learnt(layer), "output": output}


def save(library: Any, name: str) -> None:
    """Save a model whose lookups were adapted, one of them within a model within."""
    words, more = library.layers.StringLookup(), library.layers.StringLookup(mask_token="")
    numbers = library.layers.IntegerLookup()
    words.adapt(tf.constant(WORDS))
    more.adapt(tf.constant([["x", "y", "x"]]))
    numbers.adapt(np.array(NUMBERS))
    inner_input = library.Input((3,), dtype="string")
    inner = library.Model(inner_input, more(inner_input))
    x, y = library.Input((3,), dtype="string"), library.Input((3,), dtype="int64")
    library.Model([x, y], [words(x), inner(x), numbers(y)]).save(FOLDER / name)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    cases = [case(*one) for one in CASES]
    text = json.dumps(cases, ensure_ascii=False)
    (FOLDER / "lookups.json").write_text(text + "\n", encoding="utf-8")
    save(keras, "keras.keras")
    save(tf_keras, "tf_keras.keras")


if __name__ == "__main__":
    main()
