"""The inputs of `konnx run`: from files to arrays that fit the model."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from konnx.cli.images import read_image
from konnx.cli.onnx_files import Value
from konnx.converters.errors import printable
from konnx.runtime.arrays import as_contiguous
from konnx.runtime.messages import describe

Array = np.ndarray[Any, Any]

_NPY, _ZIP = b"\x93NUMPY", b"PK"


def read_inputs(
    arguments: Sequence[str], values: Sequence[Value], scale: float = 1.0
) -> dict[str, Array]:
    """Read the files that hold a model's inputs.

    Args:
        arguments: each "file" or "name=file": NumPy .npy and .npz, or images, by their content.
            An .npz gives its arrays by the names of inputs, or one array.
        values: the model's inputs.
        scale: factor on the pixels, 0 to 255, of images.

    Returns:
        An array for each input that is given, by name, contiguous and of the input's dtype.

    Raises:
        ValueError: an input is missing, unknown, given twice or of the wrong shape, or a file
            cannot be read.
        TypeError: an array cannot stand for the input's dtype.
    """
    feeds: dict[str, Array] = {}
    for argument in arguments:
        name, file = _name_and_file(argument, values)
        left = [value for value in values if value.name not in feeds]
        for value, array in _read(file, name, left, values, scale):
            if value.name in feeds:
                raise ValueError(f"Input {_quoted(value.name)} is given twice, also by '{file}'.")
            feeds[value.name] = _fitting(array, value, file)
    _check_complete(feeds, values)
    return feeds


def _name_and_file(argument: str, values: Sequence[Value]) -> tuple[str | None, str]:
    for value in values:
        if argument.startswith(f"{value.name}="):
            return value.name, argument[len(value.name) + 1 :]
    before, equals, _ = argument.partition("=")
    if equals and not os.path.exists(argument):
        raise ValueError(f"The model has no input {_quoted(before)}. {_listed(values)}")
    return None, argument


def _read(
    file: str, name: str | None, left: Sequence[Value], values: Sequence[Value], scale: float
) -> list[tuple[Value, Array]]:
    with open(file, "rb") as stream:
        head = stream.read(len(_NPY))
    if head.startswith(_ZIP):
        return _by_name(_load_archive(file), file, name, left, values)
    value = _target(file, name, left, values)
    array = _load_array(file) if head == _NPY else read_image(file, value, scale)
    return [(value, array)]


def _load_array(file: str) -> Array:
    try:
        array: Array = np.load(file, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"'{file}' cannot be read as an array: {error}") from error
    return array


def _load_archive(file: str) -> dict[str, Array]:
    try:
        # Opened here: numpy leaves a file open that turns out to be no archive.
        with open(file, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(f"'{file}' cannot be read as arrays: {error}") from error
    strangers = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    if strangers or not arrays:
        held = f"{strangers}, which are none" if strangers else "nothing"
        raise ValueError(f"'{file}' must hold arrays, as numpy.savez writes them. It holds {held}.")
    return arrays


def _by_name(
    arrays: Mapping[str, Array],
    file: str,
    name: str | None,
    left: Sequence[Value],
    values: Sequence[Value],
) -> list[tuple[Value, Array]]:
    known = {value.name: value for value in values}
    if name is None and arrays.keys() <= known.keys():
        return [(known[key], array) for key, array in arrays.items()]
    if len(arrays) > 1 and (name is None or name not in arrays):
        wanted = _listed(values) if name is None else f"Wanted: {_quoted(name)}."
        raise ValueError(f"'{file}' holds the arrays {sorted(arrays)}. {wanted}")
    value = _target(file, name, left, values)
    return [(value, arrays.get(value.name, next(iter(arrays.values()))))]


def _target(file: str, name: str | None, left: Sequence[Value], values: Sequence[Value]) -> Value:
    """Return the input that a single array is for: the one that is named, or the only one left."""
    if name is not None:
        return next(value for value in values if value.name == name)
    needed = [value for value in left if not value.optional]
    if len(needed) != 1:
        remedy = "Say which with --input NAME=FILE" if needed else "All inputs are given already"
        raise ValueError(f"'{file}' may be for any input. {remedy}. {_listed(values)}")
    return needed[0]


def _fitting(array: Array, value: Value, file: str) -> Array:
    place = f"input {_quoted(value.name)} from '{file}'"
    if not value.accepts(array.shape):
        raise ValueError(
            f"{place}: expected {value}. Received: {describe(array)}.{_remedy(array, value)}"
        )
    return as_contiguous(array, _numpy_dtype(value), place)


def _remedy(array: Array, value: Value) -> str:
    if array.ndim + 1 == len(value.shape or ()):
        return " If it is one sample, add the batch axis: x[None]."
    return ""


def _numpy_dtype(value: Value) -> np.dtype[Any]:
    if value.dtype == "string":
        return np.dtype(np.object_)
    try:
        return np.dtype(value.dtype)
    except TypeError as error:
        raise TypeError(
            f"Input {_quoted(value.name)} is of type {value.dtype}, which no file can give. "
            "Run this model from Python."
        ) from error


def _check_complete(feeds: Mapping[str, Array], values: Sequence[Value]) -> None:
    missing = [value.name for value in values if not value.optional and value.name not in feeds]
    if missing:
        listed = ", ".join(map(_quoted, missing))
        raise ValueError(
            f"No data for the inputs {listed}. Give each with --input NAME=FILE. {_listed(values)}"
        )


def _listed(values: Sequence[Value]) -> str:
    if not values:
        return "The model takes no input."
    listed = "; ".join(f"{_quoted(value.name)} {value}" for value in values)
    return f"The model takes: {listed}."


def _quoted(name: str) -> str:
    return f"'{printable(name, 100)}'"
