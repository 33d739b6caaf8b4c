"""Arrays in text files: JSON and comma-separated values."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np

from konnx.cli.onnx_files import Value

Array = np.ndarray[Any, Any]


def read_json(file: str) -> Array | dict[str, Array]:
    """Read nested lists of numbers, or an object of them by the names of inputs.

    Raises:
        ValueError: it is neither.
    """
    try:
        found = json.loads(_text(file))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"'{file}' cannot be read as JSON: {error}") from error
    if isinstance(found, dict):
        return {str(name): _array(value, file) for name, value in found.items()}
    return _array(found, file)


def _array(value: Any, file: str) -> Array:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"'{file}' must hold lists of equal lengths: {error}") from error
    if array.dtype.kind not in "biufU" or array.ndim == 0:
        raise ValueError(f"'{file}' must hold nested lists of numbers or texts.")
    return array.astype(np.float32) if array.dtype == np.float64 else array


def read_csv(file: str, value: Value) -> Array:
    """Read one sample from each line, for an input; a first line that has no numbers is passed.

    Raises:
        ValueError: lines have different lengths, or hold something else than numbers.
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(_text(file), newline="")) if row]
        if rows and not any(map(_is_number, rows[0])):
            del rows[0]
        table = np.array([[float(cell) for cell in row] for row in rows], np.float32)
    except (csv.Error, ValueError) as error:
        raise ValueError(
            f"'{file}' must hold equally many numbers on each line, by commas: {error}"
        ) from error
    sample = [size for size in (value.shape or ())[1:] if isinstance(size, int)]
    if len(sample) == len(value.shape or ()) - 1 and table.size == len(rows) * np.prod(sample):
        return table.reshape(len(rows), *sample)
    return table


def _text(file: str) -> str:
    with open(file, "rb") as stream:
        return stream.read().decode("utf-8-sig")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
