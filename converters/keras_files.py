"""Models and weights from the files of every Keras, told apart by their content."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from konnx.converters import keras_hdf5
from konnx.converters.architecture import read_architecture
from konnx.converters.configs import Source
from konnx.converters.configs.source import check_backend
from konnx.converters.keras_v3 import (
    is_archive,
    load_keras_archive,
    load_keras_weights,
    save_keras_archive,
    save_keras_weights,
)
from konnx.models.model import Model

Path = str | os.PathLike[str]


def load_model(
    filepath: Path,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    *,
    source_backend: str | None = None,
    config: Path | None = None,
) -> Model:
    """Read a model from a Keras file: HDF5, or a `.keras` archive.

    Args:
        filepath: the file; its content counts, not its name.
        custom_objects: layer classes and functions of your own, by the names in the file.
        compile: whether to restore optimizer, loss and metrics, if the file has them.
        source_backend: the backend of the Keras that wrote the file, where it does not say so
            itself: files of Keras 1 do not. "theano" mirrors kernels.
        config: the file of the architecture, JSON or YAML, for a file that holds only weights.

    Returns:
        the model; `conversion_report` lists what was converted.

    Raises:
        FileFormatError: the file is none of these, is damaged, or holds only weights.
        ValueError: it names unknown classes, or `source_backend` is none.
        OSError: it cannot be opened.
    """
    check_backend(source_backend)
    if config is not None:
        return _load_apart(filepath, config, custom_objects, source_backend)
    if is_archive(filepath):
        return load_keras_archive(filepath, custom_objects, compile)
    return keras_hdf5.load_model(filepath, custom_objects, compile, source_backend=source_backend)


def _load_apart(
    weights: Path, config: Path, custom_objects: Mapping[str, Any] | None, backend: str | None
) -> Model:
    """Read a model whose architecture and weights are in files of their own."""
    model, source = read_architecture(config, custom_objects)
    model.check_built("load weights")
    if not load_keras_weights(model, weights):
        known = source._replace(backend=backend)
        keras_hdf5.load_weights(model, weights, source=known)
    return model


def load_weights(
    model: Model,
    filepath: Path,
    *,
    by_name: bool = False,
    skip_mismatch: bool = False,
    reshape: bool = False,
    source_backend: str | None = None,
) -> None:
    """Read the weights of a model from a Keras file of any kind; see `Model.load_weights`.

    Raises:
        FileFormatError: the file is damaged, or its layers or shapes do not fit; nothing is
            changed.
        ValueError: `skip_mismatch` without `by_name`, or `source_backend` is none.
        OSError: it cannot be opened.
    """
    if skip_mismatch and not by_name:
        raise ValueError("`skip_mismatch=True` needs `by_name=True`: layers are matched by name.")
    check_backend(source_backend)
    model.check_built("load weights")
    if not load_keras_weights(
        model, filepath, by_name=by_name, skip_mismatch=skip_mismatch, reshape=reshape
    ):
        keras_hdf5.load_weights(
            model,
            filepath,
            by_name=by_name,
            skip_mismatch=skip_mismatch,
            reshape=reshape,
            source=Source(backend=source_backend),
        )


def save_model(
    model: Model, filepath: Path, *, overwrite: bool = True, include_optimizer: bool = True
) -> None:
    """Write a model to a `.keras` archive, if the file is called so, or else as HDF5 of Keras 2.

    See `Model.save`.
    """
    is_new = os.fspath(filepath).endswith(".keras")
    save = save_keras_archive if is_new else keras_hdf5.save_model
    save(model, filepath, overwrite=overwrite, include_optimizer=include_optimizer)


def save_weights(model: Model, filepath: Path, *, overwrite: bool = True) -> None:
    """Write weights in the layout of Keras 3, if the file is called `.weights.h5`, or of Keras 2.

    See `Model.save_weights`.
    """
    is_new = os.fspath(filepath).endswith(".weights.h5")
    save = save_keras_weights if is_new else keras_hdf5.save_weights
    save(model, filepath, overwrite=overwrite)
