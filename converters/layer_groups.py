"""The functions of Keras 2.1 on open HDF5 groups with the weights of layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from konnx.converters.configs import Source
from konnx.converters.hdf5 import KerasFile, LayerWeights
from konnx.converters.hdf5.writer import write_layers
from konnx.converters.layer_weights import Matching, file_layers, fitted, set_weights
from konnx.layers.base import Layer
from konnx.models.saving import KERAS_VERSION


@dataclass
class _Stack:
    """Layers that are no model, which weights are for all the same."""

    layers: list[Layer]
    name: str = "of these layers"


def save_weights_to_hdf5_group(f: Any, layers: Sequence[Layer]) -> None:
    """Write the weights of layers to an open group.

    Args:
        f: an `h5py.Group` or `h5py.File` that can be written to.
        layers: whose weights to write.

    Raises:
        ValueError: a weight's name cannot be stored.
    """
    kept = file_layers(_Stack(list(layers)))
    content = KerasFile("weights", kept, keras_version=KERAS_VERSION, backend="tensorflow")
    write_layers(f, content)


def load_weights_from_hdf5_group(f: Any, layers: Sequence[Layer], reshape: bool = False) -> None:
    """Give layers the weights in an open group, in their order.

    Args:
        f: an `h5py.Group` or `h5py.File`.
        layers: those that have weights must be as many as the group has.
        reshape: whether weights of another shape that have as many elements fit.

    Raises:
        FileFormatError: layers, numbers of weights or shapes do not fit.
    """
    _load(f, layers, Matching(reshape=reshape))


def load_weights_from_hdf5_group_by_name(
    f: Any, layers: Sequence[Layer], skip_mismatch: bool = False, reshape: bool = False
) -> None:
    """Give layers the weights in an open group that stand under their names.

    Args:
        f: an `h5py.Group` or `h5py.File`.
        layers: those whose names the group lacks stay as they are.
        skip_mismatch: whether to leave out, with a warning, layers whose weights do not fit.
        reshape: whether weights of another shape that have as many elements fit.

    Raises:
        FileFormatError: numbers of weights or shapes do not fit.
    """
    _load(f, layers, Matching(by_name=True, skip_mismatch=skip_mismatch, reshape=reshape))


def preprocess_weights_for_loading(
    layer: Layer,
    weights: Sequence[Any],
    original_keras_version: str | None = None,
    original_backend: str | None = None,
    reshape: bool = False,
) -> list[np.ndarray]:
    """Return the weights of a layer as it holds them, of those that some Keras wrote.

    Args:
        layer: a built layer.
        weights: arrays in the order of the file.
        original_keras_version: "1", or that of the Keras which wrote them; None: as of Keras 2.
        original_backend: the backend that wrote them; None: not known.
        reshape: whether weights of another shape that have as many elements fit.

    Raises:
        FileFormatError: their number or their shapes do not fit.
    """
    saved = LayerWeights(layer.name, [(f"param_{i}", one) for i, one in enumerate(weights)])
    source = _source(original_keras_version or KERAS_VERSION, original_backend)
    assigned = fitted(layer, saved, "weights", Matching(reshape=reshape, source=source), [])
    arrays = dict(assigned)
    return [arrays[variable] for variable in layer.weights]


def _load(group: Any, layers: Sequence[Layer], how: Matching) -> None:
    version = _text(group.attrs.get("keras_version", "1"))
    source = _source(version, _text(group.attrs.get("backend")))
    saved = [_layer(group[name], name) for name in _names(group, "layer_names")]
    place = str(getattr(getattr(group, "file", None), "filename", group))
    set_weights(
        _Stack(list(layers)), KerasFile("weights", saved), place, how._replace(source=source)
    )


def _source(version: str | None, backend: str | None) -> Source:
    is_first = version is None or version.split(".")[0] == "1"
    return Source(version, None if is_first else version, backend)


def _layer(group: Any, name: str) -> LayerWeights:
    return LayerWeights(
        name, [(one, np.asarray(group[one])) for one in _names(group, "weight_names")]
    )


def _names(group: Any, attribute: str) -> list[str]:
    """A list of names; a long one is in pieces, "layer_names0" and so on."""
    if attribute in group.attrs:
        return [str(_text(name)) for name in group.attrs[attribute]]
    found: list[str] = []
    while (piece := f"{attribute}{len(found)}") in group.attrs:
        found.append(piece)
    return [str(_text(name)) for piece in found for name in group.attrs[piece]]


def _text(value: Any) -> str | None:
    return value.decode() if isinstance(value, bytes) else value
