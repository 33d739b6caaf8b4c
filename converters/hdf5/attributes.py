"""Reading the attributes of an HDF5 object: texts and lists of names."""

from __future__ import annotations

from typing import Any

import numpy as np

from konnx.converters.errors import FileFormatError
from konnx.converters.hdf5.library import load_h5py
from konnx.converters.hdf5.limits import Budget, bytes_of


def read_texts(attributes: Any, name: str, place: str, budget: Budget) -> list[bytes]:
    """Read an attribute that holds a text or a list of texts.

    Every way of storing them is read: fixed or variable length, one value or many.

    Args:
        attributes: the `attrs` of an h5py object; it has the attribute.
        name: the attribute's name.
        place: what the attributes belong to, for messages.
        budget: what is still allowed.
    """
    attribute = attributes.get_id(name)
    shape = attribute.shape
    count = 0 if shape is None else bytes_of(shape, 1)
    if count == 0:  # Keras writes an empty list as an array of numbers
        return []
    stored_type = attribute.get_type()
    if not isinstance(stored_type, load_h5py().h5t.TypeStringID):
        raise FileFormatError.at(
            budget.file,
            place,
            f"attribute '{name}' does not hold text",
            received=f"an attribute of shape {tuple(shape)} and type {type(stored_type).__name__}",
        )
    if stored_type.is_variable_str():
        # All of a list may be one and the same long text.
        each = 0 if budget.texts is None else budget.texts.longest(name, count)
    else:
        each = stored_type.get_size()
    budget.check_size(count * each, f"{place}: attribute '{name}'")
    values = np.asarray(attributes[name], dtype=object).reshape(-1)
    texts = [_as_bytes(value) for value in values]
    budget.charge(sum(len(text) for text in texts), place)
    return texts


def _as_bytes(value: str | bytes) -> bytes:
    # Bytes that are no UTF-8 come from h5py as surrogates; undone here, so that decoding finds
    # them. A fixed-length text may be padded with zeros.
    text = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value)
    return text.rstrip(b"\0")
