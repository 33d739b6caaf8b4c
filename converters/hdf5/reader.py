"""Reading the HDF5 files of Keras 1 and 2: whole models, and weights alone."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import NDArray

from konnx.converters.hdf5.groups import GuardedGroup
from konnx.converters.hdf5.keras_file import KerasFile, LayerWeights, NamedArray
from konnx.converters.hdf5.limits import ReadLimits
from konnx.converters.hdf5.opening import open_hdf5

_COUNT_OF_LAYERS = "nb_layers"
_KERAS_3_GROUPS = ("layers", "_layer_checkpoint_dependencies", "vars")


def read_hdf5(
    path: str | os.PathLike[str], *, optimizer: bool = True, limits: ReadLimits | None = None
) -> KerasFile:
    """Read a Keras HDF5 file into plain data, however it is named.

    The file is data: nothing that it names is imported or run, no link is followed out of it, and
    it cannot take more memory than `limits` allow. All arrays are read.

    Args:
        path: the file: a whole model or weights, of Keras 1.x, 2.x, tf.keras, or Keras 3's
            "legacy" HDF5 layout.
        optimizer: whether to read the optimizer's state too, often two thirds of the file.
        limits: bounds on what the file may make the reader do.

    Returns:
        the content, with layers and weights in the file's own order, arrays in their stored type.

    Raises:
        FileFormatError: the file is no such file, or is cut short, damaged or malicious. The
            message names the place.
        OSError: the file cannot be opened.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from konnx.converters.hdf5 import KerasFile, LayerWeights, read_hdf5, write_hdf5
        >>> content = KerasFile("weights", [LayerWeights("d", [("d/bias:0", np.ones(2))])])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_hdf5(f"{folder}/w.h5", content)
        ...     read_hdf5(f"{folder}/w.h5").layers[0].weights
        (('d/bias:0', array([1., 1.])),)
    """
    with open_hdf5(path, limits) as root:
        return _read_root(root, optimizer)


def read_layer_names(path: str | os.PathLike[str]) -> list[str]:
    """Return the names of the layers of a Keras HDF5 file, in its order, without their weights.

    Raises:
        FileFormatError: the file is no such file, or is damaged.
        OSError: the file cannot be opened.
    """
    with open_hdf5(path) as root:
        group = _weights_group(root)
        return group.names("layer_names") if group.has_names("layer_names") else []


def _read_root(root: GuardedGroup, optimizer: bool) -> KerasFile:
    model_config = root.config("model_config")
    group = _weights_group(root)
    return KerasFile(
        kind="weights" if model_config is None else "model",
        layers=_read_layers(group),
        model_config=model_config,
        training_config=root.config("training_config"),
        keras_version=group.text("keras_version"),
        backend=group.text("backend"),
        root_keras_version=root.text("keras_version"),
        root_backend=root.text("backend"),
        optimizer_weights=_read_optimizer(root) if optimizer else None,
    )


def _weights_group(root: GuardedGroup) -> GuardedGroup:
    """Find the group with the layers: the root of a weights file, else `model_weights`."""
    if root.has_names("layer_names") or root.has_attribute(_COUNT_OF_LAYERS):
        return root
    group = root.child("model_weights", "group 'model_weights'")
    if group is not None:
        return group
    if root.has_attribute("model_config"):
        raise root.error("it has a model_config, but no group 'model_weights'")
    if any(root.has_child(name) for name in _KERAS_3_GROUPS):
        raise root.error(
            "it holds only weights, in the layout of Keras 3, no architecture",
            remedy="Build the model in Python and call model.load_weights(...)",
        )
    raise root.error(
        "it is HDF5, but no Keras file",
        expected="an attribute 'layer_names' or a group 'model_weights'",
    )


def _read_layers(group: GuardedGroup) -> tuple[LayerWeights, ...]:
    if not group.has_names("layer_names") and group.has_attribute(_COUNT_OF_LAYERS):
        return _read_numbered_layers(group)
    return tuple(_read_layer(group, name) for name in group.names("layer_names"))


def _read_layer(group: GuardedGroup, name: str) -> LayerWeights:
    place = f"layer '{name}'"
    layer = group.child(name, place)
    if layer is None:
        raise group.error(f"'layer_names' lists {name!r}, but there is no such group")
    return LayerWeights(name, _read_arrays(layer, place))


def _read_numbered_layers(group: GuardedGroup) -> tuple[LayerWeights, ...]:
    """Read the layout of Keras before 1.0, which numbers layers and weights."""
    layers: list[LayerWeights] = []
    for index in range(group.counter(_COUNT_OF_LAYERS)):
        name = f"layer_{index}"
        layer = group.child(name, f"layer '{name}'")
        if layer is None:
            raise group.error(f"'{_COUNT_OF_LAYERS}' counts {name!r}, but there is no such group")
        names = [f"param_{number}" for number in range(layer.counter("nb_params"))]
        place = f"layer '{name}'"
        layers.append(LayerWeights(name, [(one, _read_array(layer, one, place)) for one in names]))
    return tuple(layers)


def _read_optimizer(root: GuardedGroup) -> tuple[NamedArray, ...] | None:
    place = "group 'optimizer_weights'"
    group = root.child("optimizer_weights", place)
    return None if group is None else _read_arrays(group, place)


def _read_arrays(group: GuardedGroup, place: str) -> tuple[NamedArray, ...]:
    return tuple((name, _read_array(group, name, place)) for name in group.names("weight_names"))


def _read_array(group: GuardedGroup, name: str, place: str) -> NDArray[Any]:
    array = group.array(name, f"{place}, weight '{name}'")
    if array is None:
        raise group.error(f"the weight {name!r} is listed, but there is no such dataset")
    return array
