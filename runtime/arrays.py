"""Turning what a user gives into arrays that ONNX Runtime can read in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from konnx.runtime.messages import describe

Array = np.ndarray[Any, np.dtype[Any]]

# ONNX type strings, as ONNX Runtime reports them, that numpy itself can hold.
DTYPES: dict[str, np.dtype[Any]] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(double)": np.dtype(np.float64),
    "tensor(float16)": np.dtype(np.float16),
    "tensor(bool)": np.dtype(np.bool_),
    "tensor(string)": np.dtype(np.object_),
    "tensor(int8)": np.dtype(np.int8),
    "tensor(int16)": np.dtype(np.int16),
    "tensor(int32)": np.dtype(np.int32),
    "tensor(int64)": np.dtype(np.int64),
    "tensor(uint8)": np.dtype(np.uint8),
    "tensor(uint16)": np.dtype(np.uint16),
    "tensor(uint32)": np.dtype(np.uint32),
    "tensor(uint64)": np.dtype(np.uint64),
}


def as_contiguous(value: object, dtype: np.dtype[Any], place: str) -> Array:
    """Return `value` as a C-contiguous, aligned array of `dtype`, itself where it already is one.

    Arguments:
        value: an array, or anything that numpy makes one of.
        dtype: the dtype that is needed. Changes within a kind and from integer to float are made;
            float to integer, or text to a number, would lose what the user meant and are not.
        place: what the value is for, used in errors, e.g. "feed 'x'".

    Raises:
        TypeError: the value's dtype cannot stand for `dtype`.

    Example:
        >>> as_contiguous([1, 2], np.dtype(np.float32), "feed 'x'")
        array([1., 2.], dtype=float32)
    """
    if type(value) is np.ndarray and value.dtype == dtype:
        flags = value.flags
        if flags.c_contiguous and flags.aligned:
            return value
    return _converted(value, dtype, place)


def _converted(value: object, dtype: np.dtype[Any], place: str) -> Array:
    try:
        source = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{place}: expected an array of {dtype}. Received: {describe(value)}, which numpy "
            f"cannot turn into one ({error})."
        ) from error
    if not np.can_cast(source.dtype, dtype, "same_kind"):
        raise TypeError(
            f"{place}: expected {dtype}. Received: {describe(source)}. Convert it with "
            f".astype({dtype.name!r}) if that is what you mean."
        )
    return np.require(source, dtype, ["C", "A"])
