"""Trees of plain data and arrays in one file, exactly as they are; reading it runs nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from konnx.utils.files import atomic_path
from konnx.utils.npz import read_arrays

_TREE, _ARRAY = "tree", "array"
_DAMAGED = (ValueError, KeyError, TypeError, OSError)


def write_tree(path: str | os.PathLike[str], tree: Any) -> None:
    """Write dicts, lists, texts, numbers, None and NumPy arrays: the whole file, or none.

    Raises:
        TypeError: there is something else in the tree.
    """
    arrays: dict[str, np.ndarray] = {}
    text = json.dumps(_encoded(tree, arrays))
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        arrays[_TREE] = np.frombuffer(text.encode(), np.uint8)
        np.savez(file, allow_pickle=False, **arrays)


def read_tree(path: str | os.PathLike[str]) -> Any:
    """Return what `write_tree` wrote; tuples have become lists.

    Raises:
        FileNotFoundError: there is no file.
        ValueError: the file is damaged, or of another kind.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_tree(f"{folder}/tree.npz", {"epoch": 3, "weights": [np.ones(2)]})
        ...     read_tree(f"{folder}/tree.npz")
        {'epoch': 3, 'weights': [array([1., 1.])]}
    """
    try:
        arrays = read_arrays(path)
        return _decoded(json.loads(arrays[_TREE].tobytes()), arrays)
    except FileNotFoundError:
        raise
    except _DAMAGED as error:
        raise ValueError(
            f"The backup '{os.fspath(path)}' is damaged: {error}. Delete it to begin anew."
        ) from error


def _encoded(tree: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(tree, np.ndarray | np.generic):
        name = f"{_ARRAY}_{len(arrays)}"
        arrays[name] = np.asarray(tree)
        return {_ARRAY: name, "scalar": isinstance(tree, np.generic)}
    if isinstance(tree, Mapping):
        return {"items": [[key, _encoded(value, arrays)] for key, value in tree.items()]}
    if isinstance(tree, list | tuple):
        return [_encoded(value, arrays) for value in tree]
    return tree


def _decoded(tree: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(tree, list):
        return [_decoded(value, arrays) for value in tree]
    if not isinstance(tree, dict):
        return tree
    if "items" in tree:
        return {key: _decoded(value, arrays) for key, value in tree["items"]}
    array = arrays[tree[_ARRAY]]
    return array[()] if tree["scalar"] else array
