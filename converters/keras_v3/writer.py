"""Models and weights to the files of Keras 3: `.keras` archives, and `.weights.h5`."""

from __future__ import annotations

import itertools
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from konnx.converters.hdf5.writer import open_new
from konnx.converters.keras_v3.archive import CONFIG, METADATA, WEIGHTS
from konnx.converters.keras_v3.places import weight_places
from konnx.converters.keras_v3.training import OPTIMIZER
from konnx.converters.keras_v3.tree import VARIABLES
from konnx.converters.keras_v3.written_config import model_object
from konnx.converters.keras_v3.written_training import compile_config, optimizer_arrays
from konnx.converters.keras_v3.written_twin import with_layers_of_keras_3
from konnx.models.model import Model
from konnx.utils.files import atomic_path

KERAS_VERSION = "3.6.0"
"""The version of Keras 3 whose files konnx writes: the first that names the layers in them."""

_NO_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip archive can hold

Group = tuple[str, str, Sequence[NDArray[Any]]]
"""The path of an object, its name and its variables."""


def save_keras_archive(
    model: Model,
    filepath: str | os.PathLike[str],
    *,
    overwrite: bool = True,
    include_optimizer: bool = True,
) -> None:
    """Write a model to a `.keras` archive; see `Model.save`.

    Equal models give equal bytes. The file appears whole or not at all.

    Raises:
        ValueError: Keras 3 does not have a layer, or what it is asked to do.
        FileExistsError: the file exists and `overwrite` is False.
        OSError: the file cannot be written.
    """
    model.check_built("be saved")
    model = with_layers_of_keras_3(model, warn=include_optimizer)
    compiled = compile_config(model) if include_optimizer else None
    config = json.dumps({**model_object(model), "compile_config": compiled}).encode()
    groups = _groups(model)
    if compiled is not None:
        name = str(compiled["optimizer"]["class_name"]).lower()
        groups = itertools.chain(groups, [(OPTIMIZER, name, optimizer_arrays(model))])
    target = Path(filepath)
    with (
        atomic_path(target, overwrite=overwrite) as temporary,
        tempfile.TemporaryDirectory(dir=target.parent, prefix=".konnx-") as folder,
    ):
        weights = Path(folder, WEIGHTS)
        weights.touch()
        _write_groups(weights, groups, target)
        with zipfile.ZipFile(temporary, "w") as archive:
            archive.writestr(_member(METADATA), json.dumps({"keras_version": KERAS_VERSION}))
            archive.writestr(_member(CONFIG), config)
            _copy(weights, archive)


def save_keras_weights(
    model: Model, filepath: str | os.PathLike[str], *, overwrite: bool = True
) -> None:
    """Write the weights of a model to a `.weights.h5` file of Keras 3; see `Model.save_weights`.

    Raises:
        FileExistsError: the file exists and `overwrite` is False.
        OSError: the file cannot be written.
    """
    model.check_built("be saved")
    model = with_layers_of_keras_3(model, warn=False)
    target = Path(filepath)
    with atomic_path(target, overwrite=overwrite) as temporary:
        _write_groups(temporary, _groups(model), target)


def _groups(model: Model) -> Iterator[Group]:
    yield "", model.name, []
    for place in weight_places(model):
        if place.variables:
            arrays = [variable.numpy() for variable in place.variables]
            yield place.path, place.layer.name, arrays


def _write_groups(temporary: Path, groups: Iterator[Group], target: Path) -> None:
    with open_new(temporary, os.fspath(target)) as file:
        for path, name, arrays in groups:
            group = file.create_group(f"{path}/{VARIABLES}" if path else VARIABLES)
            group.attrs["name"] = name
            for number, array in enumerate(arrays):
                # Without times, so that equal content gives equal bytes.
                group.create_dataset(str(number), data=np.asarray(array), track_times=False)


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _NO_TIME)
    info.external_attr = 0o600 << 16
    info.create_system = 3  # the same on every system
    return info


def _copy(weights: Path, archive: zipfile.ZipFile) -> None:
    info = _member(WEIGHTS)
    info.file_size = weights.stat().st_size
    with weights.open("rb") as source, archive.open(info, "w") as target:
        while block := source.read(1 << 20):
            target.write(block)
