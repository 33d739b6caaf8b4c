"""Between the weights of a file's layers and those of a model's."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from konnx.converters.configs import Source
from konnx.converters.errors import FileFormatError
from konnx.converters.hdf5 import KerasFile, LayerWeights
from konnx.converters.hdf5.keras_file import NamedArray
from konnx.converters.recurrent_weights import fit_recurrent_weights
from konnx.converters.weight_layouts import convert_layout
from konnx.graph import Variable
from konnx.layers.base import Layer
from konnx.models.conversion import Conversion
from konnx.models.network import Network

if TYPE_CHECKING:
    from konnx.models import Model


class HasLayers(Protocol):
    """A model, or layers that belong together otherwise."""

    name: str

    @property
    def layers(self) -> list[Layer]: ...


_WHY = "what is frozen now was not when the file was written, or the other way round"

_SHOWN = 12  # names of layers in a message, at most

Assignment = list[tuple[Variable, np.ndarray]]


def file_layers(model: HasLayers) -> list[LayerWeights]:
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
        source: who wrote the file; default: Keras 2 on TensorFlow.
    """

    by_name: bool = False
    skip_mismatch: bool = False
    reshape: bool = False
    source: Source = Source("2.1.6", "2.1.6", "tensorflow")


def source_of(content: KerasFile, source_backend: str | None = None) -> Source:
    """Return who wrote a file, by what it says, or by the backend that the caller knows."""
    version = content.root_keras_version or content.keras_version
    backend = source_backend or content.backend or content.root_backend
    return Source(version, content.keras_version, backend)


def set_weights(model: HasLayers, content: KerasFile, file: str, how: Matching) -> list[Conversion]:
    """Give a model the weights of a file, all or none.

    Args:
        model: a built model.
        content: what the file holds.
        file: its path, for messages.
        how: which layer gets which weights.

    Returns:
        what was converted.

    Raises:
        FileFormatError: layers, numbers of weights or shapes do not fit.
    """
    pairs = _pairs_by_name(model, content) if how.by_name else _pairs_in_order(model, content, file)
    converted: list[Conversion] = []
    assignments = [
        one for pair in pairs for one in _assignment_or_none(*pair, file, how, converted)
    ]
    for variable, array in assignments:
        variable.assign(array)
    return converted


def set_model_weights(
    model: Model, content: KerasFile, file: str, source: Source | None = None
) -> list[Conversion]:
    """Give a model that was built from a file the weights of the same file.

    The layers' names match, as they come from the same file; if not, their order does.

    Returns:
        what was converted.
    """
    by_name = _has_same_names(model, content)
    how = Matching(by_name, source=source or source_of(content))
    return set_weights(model, content, file, how)


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
        for variable, (name, _) in zip(_in_order(layer, saved), saved.weights, strict=False)
    }


def _pairs_by_name(model: HasLayers, content: KerasFile) -> list[tuple[Layer, LayerWeights]]:
    saved = {one.name: one for one in content.layers}
    return [
        (layer, saved[layer.name])
        for layer in _findable(model, saved)
        if layer.name in saved and (layer.weights or saved[layer.name].weights)
    ]


def _findable(network: HasLayers, saved: Collection[str]) -> Iterator[Layer]:
    """Yield the layers of a model, and of models within that a file does not have as a whole."""
    for layer in network.layers:
        if isinstance(layer, Network) and layer.name not in saved:
            yield from _findable(layer, saved)
        else:
            yield layer


def _pairs_in_order(
    model: HasLayers, content: KerasFile, file: str
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
    names = [layer.name for layer in layers]
    if len(names) > _SHOWN:
        names[_SHOWN // 2 : -_SHOWN // 2] = ["…"]
    return ", ".join(names)


def _in_order(layer: Layer, saved: LayerWeights) -> list[Variable]:
    """Return the weights of a layer in the order of a file.

    Those that are not trained stand last, which depends on what was frozen when the file was
    written. Shapes and kinds tell if something else was than is now; then it is as if nothing had
    been, or the names tell.
    """
    own = layer.weights
    if len(own) != len(saved.weights) or len(layer.flattened_layers()) == 1:
        return own
    orders = [own, _as_if_trained(layer)]
    by_name = {variable.name: variable for variable in own}
    named = [by_name.get(name.partition(":")[0]) for name, _ in saved.weights]
    if len({*named} - {None}) == len(own):
        orders.append([one for one in named if one is not None])
    orders = [order for order in orders if len(order) == len(own)]
    return max(orders, key=lambda order: sum(map(_likeness, order, saved.weights)))


def _as_if_trained(layer: Layer) -> list[Variable]:
    every = list(
        dict.fromkeys(one for part in layer.flattened_layers() for one in part.own_weights)
    )
    return sorted(every, key=lambda one: not one.trainable)


def _likeness(variable: Variable, saved: NamedArray) -> int:
    name, array = saved
    kinds = {one.rpartition("/")[2].partition(":")[0] for one in (variable.name, name)}
    return (variable.shape == array.shape) + (len(kinds) == 1)


def _assignment_or_none(
    layer: Layer, saved: LayerWeights, file: str, how: Matching, converted: list[Conversion]
) -> Assignment:
    try:
        return fitted(layer, saved, file, how, converted)
    except FileFormatError as error:
        if not how.skip_mismatch:
            raise
        warnings.warn(f"A layer stays as it is: {error}", UserWarning, stacklevel=6)
        return []


def fitted(
    layer: Layer, saved: LayerWeights, file: str, how: Matching, converted: list[Conversion]
) -> Assignment:
    """Return which weight of a layer gets which array of a file.

    Args:
        layer: a built layer.
        saved: its weights in the file.
        file: its path, for messages.
        how: who wrote them, and whether they may be reshaped.
        converted: takes notes of what was converted.

    Raises:
        FileFormatError: numbers of weights or shapes do not fit.
    """
    variables = _in_order(layer, saved)
    if variables != layer.weights:
        converted.append(Conversion(layer.name, "weights in another order", _WHY))
    arrays = [array for _, array in saved.weights]
    arrays = convert_layout(layer, variables, arrays, how.source, converted)
    place = f"layer '{layer.name}'"
    if len(variables) != len(arrays):
        raise FileFormatError.at(
            file,
            place,
            "it has another number of weights",
            expected=f"{len(variables)} ({', '.join(v.name for v in variables)})",
            received=f"{len(arrays)} ({', '.join(name for name, _ in saved.weights)})",
        )
    arrays = fit_recurrent_weights(layer, variables, arrays, converted)
    if how.reshape:
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
