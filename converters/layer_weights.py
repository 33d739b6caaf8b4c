"""Between the weights of a file's layers and those of a model's."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from konnx.converters.errors import FileFormatError
from konnx.converters.hdf5 import KerasFile, LayerWeights
from konnx.converters.recurrent_weights import fit_recurrent_weights
from konnx.graph import Variable
from konnx.layers.base import Layer

if TYPE_CHECKING:
    from konnx.models import Model

Assignment = list[tuple[Variable, np.ndarray]]


def file_layers(model: Model) -> list[LayerWeights]:
    """Return the weights of a model as a file lists them: by layer, trainable ones first."""
    return [
        LayerWeights(layer.name, [(f"{weight.name}:0", weight.numpy()) for weight in layer.weights])
        for layer in model.layers
    ]


class Matching(NamedTuple):
    """How the layers of a file find those of a model.

    Attributes:
        by_name: by their names, and leave out those that only one side has; otherwise the layers
            that have weights in their order.
        skip_mismatch: leave out, with a warning, layers whose weights do not fit.
        reshape: bring weights into shape that have as many elements.
    """

    by_name: bool = False
    skip_mismatch: bool = False
    reshape: bool = False


def set_weights(model: Model, content: KerasFile, file: str, how: Matching) -> None:
    """Give a model the weights of a file, all or none.

    Args:
        model: a built model.
        content: what the file holds.
        file: its path, for messages.
        how: which layer gets which weights.

    Raises:
        FileFormatError: layers, numbers of weights or shapes do not fit.
    """
    _check_source(content, file)
    pairs = _pairs_by_name(model, content) if how.by_name else _pairs_in_order(model, content, file)
    assignments = [one for pair in pairs for one in _assignment_or_none(*pair, file, how)]
    for variable, array in assignments:
        variable.assign(array)


def set_model_weights(model: Model, content: KerasFile, file: str) -> None:
    """Give a model that was built from a file the weights of the same file.

    The layers' names match, as they come from the same file; if not, their order does.
    """
    set_weights(model, content, file, Matching(_has_same_names(model, content)))


def _has_same_names(model: Model, content: KerasFile) -> bool:
    needed = {layer.name for layer in model.layers if layer.weights}
    return needed == {saved.name for saved in content.layers if saved.weights}


def names_in_file(model: Model, content: KerasFile) -> dict[Variable, str]:
    """Return the names that a file gives the weights of the model that was built from it."""
    by_name = _has_same_names(model, content)
    pairs = _pairs_by_name(model, content) if by_name else _pairs_in_order(model, content, "")
    return {
        variable: name
        for layer, saved in pairs
        for variable, (name, _) in zip(layer.weights, saved.weights, strict=False)
    }


def _check_source(content: KerasFile, file: str) -> None:
    if content.backend == "theano":
        raise FileFormatError.at(
            file,
            None,
            "its weights were written by Keras on Theano, whose convolution kernels are mirrored",
            remedy="Save it again with Keras on TensorFlow (convert_all_kernels_in_model)",
        )


def _pairs_by_name(model: Model, content: KerasFile) -> list[tuple[Layer, LayerWeights]]:
    saved = {one.name: one for one in content.layers}
    return [
        (layer, saved[layer.name])
        for layer in model.layers
        if layer.name in saved and (layer.weights or saved[layer.name].weights)
    ]


def _pairs_in_order(
    model: Model, content: KerasFile, file: str
) -> list[tuple[Layer, LayerWeights]]:
    layers = [layer for layer in model.layers if layer.weights]
    saved = [one for one in content.layers if one.weights]
    if len(layers) != len(saved):
        raise FileFormatError.at(
            file,
            None,
            f"its layers do not fit model '{model.name}'",
            expected=f"{len(layers)} layers with weights ({_names(layers)})",
            received=f"{len(saved)} ({_names(saved)})",
            remedy="Use by_name=True to load the layers that have the same names",
        )
    return list(zip(layers, saved, strict=True))


def _names(layers: Sequence[Layer] | Sequence[LayerWeights]) -> str:
    return ", ".join(layer.name for layer in layers)


def _assignment_or_none(layer: Layer, saved: LayerWeights, file: str, how: Matching) -> Assignment:
    try:
        return _assignment(layer, saved, file, reshape=how.reshape)
    except FileFormatError as error:
        if not how.skip_mismatch:
            raise
        warnings.warn(f"A layer stays as it is: {error}", UserWarning, stacklevel=6)
        return []


def _assignment(
    layer: Layer, saved: LayerWeights, file: str, *, reshape: bool = False
) -> Assignment:
    variables = layer.weights
    arrays = [array for _, array in saved.weights]
    place = f"layer '{layer.name}'"
    if len(variables) != len(arrays):
        raise FileFormatError.at(
            file,
            place,
            "it has another number of weights",
            expected=f"{len(variables)} ({', '.join(v.name for v in variables)})",
            received=f"{len(arrays)} ({', '.join(name for name, _ in saved.weights)})",
        )
    arrays = fit_recurrent_weights(layer, arrays)
    if reshape:
        arrays = [
            array.reshape(variable.shape) if array.size == np.prod(variable.shape) else array
            for variable, array in zip(variables, arrays, strict=True)
        ]
    for variable, array in zip(variables, arrays, strict=True):
        if variable.shape != array.shape:
            raise FileFormatError.at(
                file,
                f"{place}, weight '{variable.name}'",
                "the shape does not fit",
                expected=str(variable.shape),
                received=str(array.shape),
            )
    return list(zip(variables, arrays, strict=True))
