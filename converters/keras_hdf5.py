"""Models and weights to and from Keras HDF5 files."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from konnx.converters.architecture import build_model
from konnx.converters.configs import Source
from konnx.converters.errors import FileFormatError
from konnx.converters.hdf5 import KerasFile, read_hdf5, write_hdf5
from konnx.converters.keras_v3.hdf5_content import in_words_of_keras_2
from konnx.converters.layer_weights import (
    Matching,
    file_layers,
    set_model_weights,
    set_weights,
    source_of,
)
from konnx.converters.training_config import restore_training, training_config
from konnx.graph import Variable
from konnx.layers.convolutional import Convolution
from konnx.models.model import Model
from konnx.models.saving import KERAS_VERSION, model_config
from konnx.utils.naming import free_name

WAYS_ON = (
    "If you have the architecture as JSON or YAML: load_model(..., config=FILE), or "
    "`konnx convert --config FILE`. If they are of one of Keras' applications: `konnx convert "
    "--application NAME --weights FILE`. Otherwise build the model in Python and call "
    "model.load_weights(...); then model.export(...) writes ONNX"
)
"""What to do with weights alone."""

Custom = Mapping[str, Any] | None
Path = str | os.PathLike[str]


def load_model(
    filepath: Path,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    *,
    source_backend: str | None = None,
) -> Model:
    """Read a model from a Keras HDF5 file.

    Args:
        filepath: the file; its content counts, not its name.
        custom_objects: layer classes and functions of your own, by the names in the file.
        compile: whether to restore optimizer, loss and metrics, if the file has them.
        source_backend: see `konnx.models.load_model`.

    Raises:
        FileFormatError: the file is not one, is damaged, or holds only weights.
        ValueError: it names unknown classes.
    """
    file = os.fspath(filepath)
    content = _in_words_of_keras_2(read_hdf5(file, optimizer=compile), file)
    if content.model_config is None:
        raise FileFormatError.at(
            file,
            None,
            "it holds only weights, no architecture",
            expected="a file written by model.save(...)",
            remedy=WAYS_ON,
        )
    source = source_of(content, source_backend)
    model = build_model(content.model_config, source, file, "model_config", custom_objects)
    if model.built:
        weights = set_model_weights(model, content, file, source)
        model.conversion_report = [*model.conversion_report, *weights]
        warn_of_mirrors(model, source, file)
    if compile and model.built:
        restore_training(model, content, custom_objects)
    return model


def _in_words_of_keras_2(content: KerasFile, file: str) -> KerasFile:
    try:
        return in_words_of_keras_2(content)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error).rstrip(".")
        raise FileFormatError.at(file, "model_config or training_config", reason) from error


def warn_of_mirrors(model: Model, source: Source, file: str) -> None:
    """Warn where Theano may have written kernels, which then are mirrored, and nothing tells."""
    if source.weights_version is not None or source.backend is not None:
        return
    first = [
        layer.name
        for layer in model.flattened_layers()
        if isinstance(layer, Convolution) and layer.data_format == "channels_first"
    ]
    if first:
        warnings.warn(
            f"{file}: Keras 1 wrote it and does not say on which backend. On Theano, whose format "
            f"its convolutions have ({', '.join(first[:3])}{', …' * (len(first) > 3)}), kernels "
            "are mirrored. If predictions are wrong, pass source_backend='theano'; "
            "source_backend='tensorflow' says that they are right.",
            UserWarning,
            stacklevel=4,
        )


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
    source: Source | None = None,
) -> None:
    """Read the weights of a model from an HDF5 file; see `Model.load_weights`.

    Args:
        model: a built model.
        filepath: the file.
        by_name: see there, as the next two.
        skip_mismatch: likewise.
        reshape: likewise.
        source: what the caller knows of who wrote the file; a backend goes before the file's.

    Raises:
        FileFormatError: layers or shapes do not fit; nothing is changed.
    """
    file = os.fspath(filepath)
    content = read_hdf5(file, optimizer=False)
    known = source or Source()
    found = source_of(content, known.backend)
    found = found._replace(keras_version=found.keras_version or known.keras_version)
    how = Matching(by_name, skip_mismatch, reshape, found)
    model.conversion_report = [*model.conversion_report, *set_weights(model, content, file, how)]
    warn_of_mirrors(model, found, file)
