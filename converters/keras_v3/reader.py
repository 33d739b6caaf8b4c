"""Models and weights from the files of Keras 3: `.keras` archives, and `.weights.h5`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from konnx.converters.architecture import build_model
from konnx.converters.configs import Source
from konnx.converters.errors import FileFormatError
from konnx.converters.hdf5.opening import open_hdf5_within
from konnx.converters.hdf5.sniff import require_regular_file
from konnx.converters.keras_v3.archive import (
    CONFIG,
    WEIGHTS,
    KerasArchive,
    is_archive,
    open_archive,
)
from konnx.converters.keras_v3.places import Config
from konnx.converters.keras_v3.training import restore_compilation
from konnx.converters.keras_v3.tree import WeightsTree, open_shards, open_weights
from konnx.converters.keras_v3.vocabularies import with_vocabularies
from konnx.converters.keras_v3.weights import Fit, set_weights
from konnx.models.model import Model

Path = str | os.PathLike[str]


def load_keras_archive(
    filepath: Path, custom_objects: Mapping[str, Any] | None = None, compile: bool = True
) -> Model:
    """Read a model from a `.keras` archive; see `konnx.models.load_model`."""
    with open_archive(filepath) as archive:
        config = with_vocabularies(archive.model_config(), archive)
        version = archive.keras_version or "3.0.0"  # the first that always says so
        source = Source(version, version)
        model = build_model(config, source, archive.file, f"'{CONFIG}'", custom_objects)
        if model.built:
            with weights_within(archive) as tree:
                _set_weights(model, tree, config["config"])
                if compile:
                    restore_compilation(model, config, tree, custom_objects)
        return model


@contextlib.contextmanager
def weights_within(archive: KerasArchive) -> Iterator[WeightsTree]:
    """Open the weights in an archive, to be read while the block runs.

    Raises:
        FileFormatError: there are none, or they are damaged.
    """
    if WEIGHTS not in archive:
        raise FileFormatError.at(archive.file, None, f"the archive has no member '{WEIGHTS}'")
    name = f"{archive.file}: '{WEIGHTS}'"
    with open_hdf5_within(archive.region(WEIGHTS), name, archive.limits) as root:
        yield WeightsTree(archive.file, {WEIGHTS: root})


def load_keras_weights(
    model: Model,
    filepath: Path,
    *,
    by_name: bool = False,
    skip_mismatch: bool = False,
    reshape: bool = False,
) -> bool:
    """Give a model the weights of a file in the layout of Keras 3, all or none.

    Args:
        model: a built model.
        filepath: a `.keras` archive, a `.weights.h5` file, or the `.weights.json` file that lists
            several of them; the content counts, not the name.
        by_name: match layers by name, and leave the others as they are.
        skip_mismatch: leave layers as they are whose weights do not fit, with a warning.
        reshape: bring weights into shape that have as many elements.

    Returns:
        False where the file is none of these; it may be of another layout.

    Raises:
        FileFormatError: the file is damaged, or its weights do not fit.
        OSError: it cannot be opened.
    """
    with contextlib.ExitStack() as stack:
        tree, archive = open_tree(os.fspath(filepath), stack)
        if tree is None:
            return False
        config = None if archive is None else archive.model_config()["config"]
        _set_weights(model, tree, config, Fit(by_name, skip_mismatch, reshape))
    return True


def _set_weights(
    model: Model, tree: WeightsTree, config: Config | None, how: Fit | None = None
) -> None:
    converted = set_weights(model, tree, config, how)
    model.conversion_report = [*model.conversion_report, *converted]


def open_tree(
    file: str, stack: contextlib.ExitStack
) -> tuple[WeightsTree | None, KerasArchive | None]:
    """Open the weights that a file holds, and the archive, if it is one.

    Args:
        file: its path.
        stack: closes what was opened.

    Returns:
        No tree where the file has another layout.

    Raises:
        FileFormatError: the file is damaged, or of no known kind.
        OSError: it cannot be opened.
    """
    if is_archive(file):
        archive = stack.enter_context(open_archive(file))
        return stack.enter_context(weights_within(archive)), archive
    if _is_json(file):
        return stack.enter_context(open_shards(file)), None
    tree = stack.enter_context(open_weights(file))
    return (tree if tree.is_of_keras_3 else None), None


def _is_json(file: str) -> bool:
    require_regular_file(file)
    with open(file, "rb") as stream:
        return stream.read(64).lstrip().startswith(b"{")
