"""Models and weights to and from Keras HDF5 files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from konnx.converters.eras import in_own_words
from konnx.converters.errors import FileFormatError
from konnx.converters.hdf5 import KerasFile, read_hdf5, write_hdf5
from konnx.converters.keras_v3.hdf5_content import in_words_of_keras_2
from konnx.converters.layer_weights import Matching, file_layers, set_model_weights, set_weights
from konnx.converters.training_config import restore_training, training_config
from konnx.graph import Variable
from konnx.models.model import Model
from konnx.models.saving import KERAS_VERSION, model_config, model_from_config
from konnx.utils.naming import free_name

Path = str | os.PathLike[str]


def load_model(
    filepath: Path, custom_objects: Mapping[str, Any] | None = None, compile: bool = True
) -> Model:
    """Read a model from a Keras HDF5 file.

    Args:
        filepath: the file; its content counts, not its name.
        custom_objects: layer classes and functions of your own, by the names in the file.
        compile: whether to restore optimizer, loss and metrics, if the file has them.

    Raises:
        FileFormatError: the file is not one, is damaged, or holds only weights.
        ValueError: it names unknown classes.
    """
    file = os.fspath(filepath)
    content = in_words_of_keras_2(read_hdf5(file, optimizer=compile))
    if content.model_config is None:
        raise FileFormatError.at(
            file,
            None,
            "it holds only weights, no architecture",
            expected="a file written by model.save(...)",
            remedy=(
                "Build the model in Python (or with konnx.models.model_from_json) and call "
                "model.load_weights(...); then model.export(...) writes ONNX"
            ),
        )
    try:
        config = in_own_words(content.model_config, content.root_keras_version)
        model = model_from_config(config, custom_objects)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise FileFormatError.at(file, "model_config", reason.rstrip(".")) from error
    if model.built:
        set_model_weights(model, content, file)
    if compile and model.built:
        restore_training(model, content, custom_objects)
    return model


def save_model(
    model: Model, filepath: Path, *, overwrite: bool = True, include_optimizer: bool = True
) -> None:
    """Write a model to a Keras 2 HDF5 file; see `Model.save`."""
    model.check_built("be saved")
    config = training_config(model) if include_optimizer else None
    slots = None
    if config is not None:
        model.compiled.make_optimizer_state()
        slots = _named_state(model.optimizer.weights)
    content = KerasFile(
        "model",
        file_layers(model),
        model_config={key: model_config(model)[key] for key in ("class_name", "config")},
        training_config=config,
        keras_version=KERAS_VERSION,
        backend="tensorflow",
        optimizer_weights=slots,
    )
    write_hdf5(filepath, content, overwrite=overwrite)


def _named_state(variables: Sequence[Variable]) -> list[tuple[str, np.ndarray]]:
    """Return values by names that differ; optimizers of users' own may use one name for all."""
    named: dict[str, np.ndarray] = {}
    for variable in variables:
        named[free_name(variable.name, named.__contains__)] = variable.numpy()
    return [(f"{name}:0", value) for name, value in named.items()]


def save_weights(model: Model, filepath: Path, *, overwrite: bool = True) -> None:
    """Write the weights of a model to a Keras 2 HDF5 file."""
    model.check_built("be saved")
    content = KerasFile(
        "weights", file_layers(model), keras_version=KERAS_VERSION, backend="tensorflow"
    )
    write_hdf5(filepath, content, overwrite=overwrite)


def load_weights(
    model: Model,
    filepath: Path,
    *,
    by_name: bool = False,
    skip_mismatch: bool = False,
    reshape: bool = False,
) -> None:
    """Read the weights of a model from an HDF5 file; see `Model.load_weights`.

    Raises:
        FileFormatError: layers or shapes do not fit; nothing is changed.
    """
    file = os.fspath(filepath)
    how = Matching(by_name, skip_mismatch, reshape)
    set_weights(model, read_hdf5(file, optimizer=False), file, how)
