"""Saying whose weights a file holds that does not fit."""

from __future__ import annotations

import os

from konnx.applications.catalogue import APPLICATIONS


def describe_weights(file: str | os.PathLike[str]) -> tuple[str, bool] | None:
    """Return whose weights a file holds, going by how many they are, and whether with the top.

    Args:
        file: HDF5 of Keras 1 or 2, of an application as it is published.

    Returns:
        the application's name and whether its top is there, or None: it is of no application.

    Example:
        >>> import tempfile
        >>> from konnx.applications import MobileNet
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     MobileNet(weights=None, include_top=False).save_weights(f"{folder}/w.h5")
        ...     describe_weights(f"{folder}/w.h5")
        ('MobileNet', False)
    """
    from konnx.converters import FileFormatError
    from konnx.converters.hdf5 import read_hdf5

    try:
        content = read_hdf5(file, optimizer=False)
    except FileFormatError:
        return None
    count = sum(array.size for layer in content.layers for _, array in layer.weights)
    for application in APPLICATIONS:
        if count in (application.parameters, application.features):
            return application.name, count == application.parameters
    return None
