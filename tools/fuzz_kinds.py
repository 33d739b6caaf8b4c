"""The kinds of files that konnx reads: undamaged ones, what may be done to them, how to read."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import pickle
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from fuzz_archives import change_archive
from fuzz_hdf5 import change_config, change_hdf5, change_weights
from fuzz_json import change_json, change_yaml
from fuzz_mutations import (
    BYTES,
    Mutate,
    change_attributes,
    change_members,
    change_protobuf,
    truncate,
)
from fuzz_onnx import change_onnx
from fuzz_small_files import (
    change_gzip,
    change_npz,
    change_pickle,
    change_picture,
    change_text,
)

GOLDENS = Path(__file__).parents[1] / "tests" / "goldens"
LARGEST_SEED_FILE = 300_000


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        read: reads one, from its path.
        mutations: what may be done to one; those that are named twice, twice as often.
    """

    read: Callable[[str], None]
    mutations: tuple[Mutate, ...]


def seed_files(folder: Path) -> dict[str, list[Path]]:
    """Return undamaged files by kind; some are made in the folder."""
    return {
        "h5": _small(GOLDENS.rglob("*.h5")),
        "keras": _small(GOLDENS.rglob("*.keras")),
        "onnx": [*_small(GOLDENS.rglob("*.onnx")), *_exported(folder)],
        "weights": [*_small(GOLDENS.rglob("*weights*.h5")), *_saved_weights(folder)],
        **_written(folder),
    }


def _small(paths: Iterator[Path]) -> list[Path]:
    return sorted(path for path in paths if path.stat().st_size <= LARGEST_SEED_FILE)


def _exported(folder: Path) -> list[Path]:
    from konnx.layers import GRU, LSTM, Bidirectional, Conv2D, Dense, Flatten, MaxPooling2D
    from konnx.models import Sequential

    stacks = {
        "mlp": [Dense(4, activation="relu", input_shape=(3,)), Dense(2, activation="softmax")],
        "cnn": [Conv2D(4, 3, input_shape=(8, 8, 1)), MaxPooling2D(), Flatten(), Dense(2)],
        "rnn": [Bidirectional(LSTM(3, return_sequences=True), input_shape=(5, 2)), GRU(2)],
        "loop": [LSTM(3, activation="elu", input_shape=(5, 2))],
    }
    paths = []
    for name, layers in stacks.items():
        paths.append(folder / f"{name}.onnx")
        Sequential(layers).export(paths[-1])
    return paths


def _written(folder: Path) -> dict[str, list[Path]]:
    """Write small files of the other kinds."""
    configs = json.loads((GOLDENS / "recurrent" / "cases.json").read_text())
    models = [json.dumps(case["model"]) for case in list(configs.values())[::12]]
    models += [network().to_json()]
    contents: dict[str, list[bytes]] = {
        "json": [text.encode() for text in models],
        "yaml": [json.dumps(json.loads(text), indent=1).encode() for text in models[::3]],
        "npz": [_npz(x=np.zeros((2, 3), np.float32))],
        "state": [_state()],
        "lists": [_npz(x=_lists(), y=np.arange(2))],
        "pickle": [pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [0, 1]}, 2)],
        "idx": [gzip.compress(b"\0\0\x08\3" + (2).to_bytes(4, "big") * 3 + bytes(8))],
        "words": [_tokenizer()],
        "csv": [b"1,2,3\n4,5,6\n", b"a,b,c\n1,2,3\n"],
        "arrays": [b'{"x": [[1.0, 2.0, 3.0]]}', b"[[1, 2, 3]]"],
        "labels": [b'["cat", "dog"]', b"cat\ndog\n"],
        "picture": [_picture()],
    }  # fmt: skip
    found: dict[str, list[Path]] = {}
    for kind, texts in contents.items():
        for index, text in enumerate(texts):
            path = folder / f"{kind}-{index}.{_ENDINGS.get(kind, kind)}"
            path.write_bytes(text)
            found.setdefault(kind, []).append(path)
    return found


_ENDINGS = {"arrays": "json"}


def _npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def _state() -> bytes:
    """What a training step of `network` starts with."""
    from konnx.converters.training_state import training_state

    step = network().compiled.train_function([False], gradient_engine="portable")
    inputs = training_state(network(), step).inputs
    return _npz(**{name: variable.numpy() for name, variable in inputs.items()})


def _saved_weights(folder: Path) -> list[Path]:
    """Those of `network`, in both forms, so that some damaged weights fit a model."""
    paths = [folder / "own.h5", folder / "own.weights.h5"]
    for path in paths:
        network().save_weights(path)
    return paths


def _lists() -> Any:
    lists = np.empty(2, object)
    lists[:] = [[1, 2], [3]]
    return lists


def _tokenizer() -> bytes:
    from konnx.preprocessing.text import Tokenizer

    tokenizer = Tokenizer(num_words=5)
    tokenizer.fit_on_texts(["a rose is a rose"])
    return tokenizer.to_json().encode()


def _picture() -> bytes:
    from PIL import Image

    Image.init()  # or a damaged picture imports what reads other formats
    stream = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(stream, "png")
    return stream.getvalue()


@cache
def network() -> Any:
    """A small model that is compiled."""
    from konnx.layers import Dense
    from konnx.models import Sequential

    model = Sequential([Dense(4, input_shape=(3,), name="a"), Dense(2, name="b")], name="m")
    model.compile("adam", "mse")
    return model


# Reading ---------------------------------------------------------------------------------------


def read_keras(path: str) -> None:
    """Load a Keras file, describe it, and export it."""
    from konnx.cli.keras_descriptions import describe_keras
    from konnx.cli.scan import scan_keras
    from konnx.converters import load_model, to_onnx

    scan_keras(Path(path))
    describe_keras(Path(path))
    model = load_model(path)
    if model.built:
        to_onnx(model)


def read_weights(path: str) -> None:
    """Load weights into a model that may or may not be theirs."""
    network().load_weights(path)
    network().load_weights(path, by_name=True, skip_mismatch=True)


def read_onnx(path: str) -> None:
    """Load an ONNX file as a model, and describe it."""
    from konnx.cli.descriptions import describe_onnx
    from konnx.cli.onnx_files import read_onnx as parsed
    from konnx.cli.scan import scan_onnx
    from konnx.converters import from_onnx

    scan_onnx(Path(path), parsed(path))
    describe_onnx(Path(path), parsed(path))
    from_onnx(path)


def read_architecture(path: str) -> None:
    """Make a model of its config."""
    import yaml  # noqa: F401  # which konnx imports for what is no JSON

    from konnx.converters.architecture import read_architecture as read

    model, _ = read(path)
    model.get_config()


def read_state(path: str) -> None:
    """Give a model the state that a training step has reached."""
    network().load_training_state(path)


def read_lists(path: str) -> None:
    """Read the lists of a data set."""
    from konnx.datasets.npz import read_npz

    read_npz(path, "x", "y")


def read_batch(path: str) -> None:
    """Read images of a data set that has them pickled."""
    from konnx.datasets.cifar import load_batch

    load_batch(path)


def read_bytes(path: str) -> None:
    """Read images of a data set that has them in IDX."""
    from konnx.datasets.fashion_mnist import read_idx

    read_idx(path)


def read_words(path: str) -> None:
    """Make a tokenizer, and use it; and read the ranks of words."""
    from konnx.datasets.reviews import read_word_index
    from konnx.preprocessing.text import tokenizer_from_json

    with contextlib.suppress(ValueError):
        read_word_index(path)
    tokenizer = tokenizer_from_json(Path(path).read_bytes().decode("utf-8", "replace"))
    tokenizer.texts_to_sequences(["a rose"])


def read_input(path: str) -> None:
    """Read the input of a model, as `konnx run` does."""
    from konnx.cli.inputs import read_inputs
    from konnx.cli.onnx_files import Value

    shape = (None, 8, 8, 3) if path.endswith("picture") else (None, 3)
    try:
        read_inputs([path], [Value("x", "float32", shape)])
    except TypeError as error:  # as it says it raises, and no other
        if "expected float32" not in str(error):
            raise


def read_labels(path: str) -> None:
    """Read the names of classes, as `konnx convert` does."""
    from konnx.cli.export_options import read_labels as read

    read(Path(path))


KINDS: dict[str, Kind] = {
    "h5": Kind(read_keras, (*BYTES, change_attributes, *[change_hdf5] * 3)),
    "keras": Kind(read_keras, (*BYTES, change_members, change_archive, *[change_config] * 2,
                               change_weights)),
    "onnx": Kind(read_onnx, (*BYTES, *[change_protobuf] * 2, *[change_onnx] * 3)),
    "weights": Kind(read_weights, (*BYTES, *[change_hdf5] * 3)),
    "json": Kind(read_architecture, (truncate, *[change_json] * 6)),
    "yaml": Kind(read_architecture, (change_yaml,)),
    "npz": Kind(read_input, (*BYTES, *[change_npz] * 3)),
    "state": Kind(read_state, (*BYTES, *[change_npz] * 3)),
    "lists": Kind(read_lists, (*BYTES, *[change_npz] * 3)),
    "pickle": Kind(read_batch, (*BYTES, *[change_pickle] * 3)),
    "idx": Kind(read_bytes, (*BYTES, change_gzip)),
    "words": Kind(read_words, (truncate, *[change_json] * 4)),
    "csv": Kind(read_input, (*BYTES, *[change_text] * 3)),
    "arrays": Kind(read_input, (*BYTES, change_text, *[change_json] * 2)),
    "labels": Kind(read_labels, (*BYTES, *[change_text] * 2)),
    "picture": Kind(read_input, (*BYTES, *[change_picture] * 2)),
}  # fmt: skip
