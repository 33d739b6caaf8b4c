"""Make the goldens of data sets of texts: what Keras 2.1.6 and tf_keras select from small files.

Writes `datasets.json`: {"files": {name: arrays}, "cases": [{"module", "arguments", "value"}]},
where a value is [[x_train, y_train], [x_test, y_test]]. Both must agree, but for two options of
imdb: `maxlen` is tf_keras' alone, as Keras 2.1.6 left out long reviews of both parts together and
then cut at the old border, so that reviews went from one part to the other; numbers that nothing
is added to are Keras 2.1.6' alone, as tf_keras fails there.

Run `python make_datasets.py FOLDER` with the folder where the wheel of Keras 2.1.6 is unpacked.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

import keras216
import numpy as np

FOLDER = Path(__file__).parent
OPTIONS: list[dict[str, Any]] = [
    {},
    {"num_words": 60},
    {"num_words": 80, "skip_top": 20, "seed": 7},
    {"num_words": 50, "oov_char": None},
    {"start_char": None, "num_words": 70, "oov_char": 9},
    {"start_char": None, "index_from": 0, "skip_top": 5},
    {"start_char": 5, "index_from": 10},
    {"maxlen": 7},
]
CASES: list[tuple[str, dict[str, Any]]] = [
    *(("imdb", options) for options in OPTIONS),
    *(("reuters", options) for options in OPTIONS),
    ("reuters", {"test_split": 0.35, "maxlen": 9, "seed": 1}),
    ("boston_housing", {}),
    ("boston_housing", {"test_split": 0.35, "seed": 5}),
]


def texts(count: int, random: np.random.RandomState) -> np.ndarray:
    """Draw lists of numbers of words."""
    made = np.empty(count, dtype=object)
    made[:] = [random.randint(1, 90, random.randint(2, 12)).tolist() for _ in range(count)]
    return made


def files() -> dict[str, dict[str, np.ndarray]]:
    """Draw the content of the files."""
    random = np.random.RandomState(4)
    return {
        "imdb": {
            "x_train": texts(12, random),
            "y_train": random.randint(0, 2, 12),
            "x_test": texts(9, random),
            "y_test": random.randint(0, 2, 9),
        },
        "reuters": {"x": texts(17, random), "y": random.randint(0, 46, 17)},
        "boston_housing": {"x": random.randint(0, 99, (11, 2)) / 4, "y": random.randint(0, 99, 11)},
    }


def prepare(module: Any) -> Any:
    """Let a loader take a file from where it is, also of lists of different lengths."""
    module.get_file = lambda path, **options: path
    names = ("arange", "asarray", "concatenate", "random")
    kept = {name: getattr(np, name) for name in names}
    module.np = types.SimpleNamespace(
        **kept,
        load=lambda path, **options: np.load(path, allow_pickle=True),
        array=lambda items, dtype=None: np.array(items, dtype=dtype or as_object(items)),
    )
    return module


def as_object(items: Any) -> Any:
    """NumPy once made arrays of objects by itself of lists of different lengths."""
    return object if len(items) and isinstance(items[0], list) else None


def plain(parts: Any) -> Any:
    """Return arrays as lists."""
    return [[[list(map(float, row)) for row in x], list(map(float, y))] for x, y in parts]


def main() -> None:
    """Write the file."""
    later = {name: importlib.import_module(f"tf_keras.src.datasets.{name}") for name, _ in CASES}
    keras216.load(sys.argv[1])
    old = {name: importlib.import_module(f"keras.datasets.{name}") for name in later}
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        for name, arrays in files().items():
            np.savez(f"{folder}/{name}.npz", **arrays)
        for name, arguments in CASES:
            path = f"{folder}/{name}.npz"
            loaders = [old[name], later[name]]
            if name == "imdb" and "maxlen" in arguments:
                loaders = loaders[1:]
            if name == "imdb" and "index_from" in arguments and arguments["start_char"] is None:
                loaders = loaders[:1]
            values = [plain(prepare(loader).load_data(path, **arguments)) for loader in loaders]
            assert values[0] == values[-1]
            cases.append({"module": name, "arguments": arguments, "value": values[0]})
    content = {
        "files": {n: {k: a.tolist() for k, a in arrays.items()} for n, arrays in files().items()},
        "cases": cases,
    }
    text = re.sub(r"\.0\b", "", json.dumps(content))  # shorter
    (FOLDER / "datasets.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
