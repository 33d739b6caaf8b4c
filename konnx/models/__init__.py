"""Models: layers put together, trained, run, saved and exported."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from konnx.layers import LAYERS
from konnx.models.cloning import clone_model
from konnx.models.conversion import Conversion
from konnx.models.model import Model
from konnx.models.saving import model_from_config, model_from_json, model_from_yaml
from konnx.models.sequential import Sequential

LAYERS.register(Model, "Functional")
LAYERS.register(Sequential)


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    *,
    source_backend: str | None = None,
    config: str | os.PathLike[str] | None = None,
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
        konnx.converters.FileFormatError: the file is not one, or is damaged.
        ValueError: it names unknown classes.
    """
    from konnx.converters import load_model as load

    return load(filepath, custom_objects, compile, source_backend=source_backend, config=config)


def save_model(
    model: Model,
    filepath: str | os.PathLike[str],
    overwrite: bool = True,
    include_optimizer: bool = True,
) -> None:
    """Write a model to a `.keras` archive or an HDF5 file; see `Model.save`."""
    model.save(filepath, overwrite=overwrite, include_optimizer=include_optimizer)


__all__ = [
    "Conversion",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "save_model",
]
