"""Weights in the layout of Keras 3 as plain data, for those who want to look at them."""

from __future__ import annotations

import os
from collections.abc import Iterator

from konnx.converters.hdf5 import KerasFile, LayerWeights
from konnx.converters.hdf5.keras_file import NamedArray
from konnx.converters.keras_v3.tree import CONTAINERS, WeightsTree, open_weights

_WRITERS = dict(zip(CONTAINERS, ("2.15 or later", "2.12 to 2.14"), strict=True))
_DEEPEST = 32  # groups within groups; an honest file has about ten


def read_keras_weights(path: str | os.PathLike[str]) -> KerasFile | None:
    """Read the weights in a `.weights.h5` file; None: it has another layout.

    The layers are those of the outermost model, their weights called by their paths within.

    Raises:
        FileFormatError: the file is no HDF5, or damaged.
        OSError: it cannot be opened.
    """
    with open_weights(path) as tree:
        if not tree.is_of_keras_3:
            return None
        container = next((one for one in CONTAINERS if tree.has(one)), CONTAINERS[0])
        layers = list(_layers(tree, container))
        return KerasFile("weights", layers, keras_version=_WRITERS[container])


def _layers(tree: WeightsTree, container: str) -> Iterator[LayerWeights]:
    for step in tree.steps(container) if tree.has(container) else ():
        path = f"{container}/{step}"
        yield LayerWeights(tree.name(path) or step, list(_weights(tree, path, "")))


def _weights(tree: WeightsTree, path: str, within: str, depth: int = 0) -> Iterator[NamedArray]:
    saved = tree.saved(path)
    for number, array in enumerate(saved.arrays if saved else ()):
        yield f"{within}{number}", array
    for step in tree.steps(path) if depth < _DEEPEST else ():
        yield from _weights(tree, f"{path}/{step}", f"{within}{step}/", depth + 1)
