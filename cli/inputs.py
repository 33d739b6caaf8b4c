"""The inputs of `konnx run`: from files to arrays that fit the model."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from konnx.cli.images import Pixels, read_image
from konnx.cli.onnx_files import Value
from konnx.cli.random_inputs import is_random, random_array
from konnx.cli.text_arrays import read_csv, read_json
from konnx.converters.errors import printable
from konnx.runtime.arrays import as_contiguous
from konnx.runtime.messages import describe
from konnx.utils.npz import read_array, read_arrays

Array = np.ndarray[Any, Any]

_NPY, _ZIP = b"\x93NUMPY", b"PK"


@dataclass(frozen=True)
class Reading:
    """How inputs are made of what is not an array yet.

    Attributes:
        pixels: how those of images become numbers.
        shapes: of random inputs, by name.
    """

    pixels: Pixels = field(default_factory=Pixels)
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)


def read_inputs(
    arguments: Sequence[str], values: Sequence[Value], reading: Reading | None = None
) -> dict[str, Array]:
    """Read the files that hold a model's inputs.

    Args:
        arguments: each "file" or "name=file": NumPy .npy and .npz and images, by their content;
            .json and .csv, by their names. Or "random:seed", for one input or, without a name, for
            all that are left. An .npz or a JSON object gives its arrays by the names of inputs, or
            one array.
        values: the model's inputs.
        reading: how images and random numbers are made.

    Returns:
        An array for each input that is given, by name, contiguous and of the input's dtype.

    Raises:
        ValueError: an input is missing, unknown, given twice or of the wrong shape, or a file
            cannot be read.
        TypeError: an array cannot stand for the input's dtype.
    """
    reading = Reading() if reading is None else reading
    feeds: dict[str, Array] = {}
    for argument in arguments:
        name, file = _name_and_file(argument, values)
        left = [value for value in values if value.name not in feeds]
        for value, array in _read(file, name, left, values, reading):
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
    file: str, name: str | None, left: Sequence[Value], values: Sequence[Value], reading: Reading
) -> list[tuple[Value, Array]]:
    if is_random(file) and not os.path.exists(file):
        chosen = [value for value in left if name in (None, value.name) and not value.optional]
        return [(value, random_array(file, value, reading.shapes)) for value in chosen]
    if file.endswith(".json"):
        return _from_json(file, name, left, values)
    if file.endswith(".csv"):
        value = _target(file, name, left, values)
        return [(value, read_csv(file, value))]
    with open(file, "rb") as stream:
        head = stream.read(len(_NPY))
    if head.startswith(_ZIP):
        return _by_name(load_archive(file), file, name, left, values)
    value = _target(file, name, left, values)
    array = load_array(file) if head == _NPY else read_image(file, value, reading.pixels)
    return [(value, array)]


def _from_json(
    file: str, name: str | None, left: Sequence[Value], values: Sequence[Value]
) -> list[tuple[Value, Array]]:
    found = read_json(file)
    if isinstance(found, dict):
        return _by_name(found, file, name, left, values)
    return [(_target(file, name, left, values), found)]


def load_array(file: str) -> Array:
    """Read an .npy file.

    Raises:
        ValueError: it is none, or holds Python objects, which are never loaded.
    """
    return read_array(file)


def load_archive(file: str) -> dict[str, Array]:
    """Read the arrays of an .npz file, at least one, by name.

    Raises:
        ValueError: it is none, or holds something else.
    """
    arrays = read_arrays(file)
    if not arrays:
        what = "arrays, as numpy.savez writes them. It holds nothing"
        raise ValueError(f"'{file}' must hold {what}.")
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
