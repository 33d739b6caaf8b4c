"""The weights of a model from the tree of a Keras 3 file."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from konnx.converters.errors import FileFormatError
from konnx.converters.keras_v3.places import Config, Place, weight_places
from konnx.converters.keras_v3.quantized import as_floats
from konnx.converters.keras_v3.tree import WeightsTree
from konnx.graph import Variable
from konnx.layers.recurrent.state import StatefulMixin
from konnx.models.conversion import Conversion
from konnx.models.network import Network

_WHY_FLOATS = "layers compute in floats; Keras may round their inputs, too"

Assignment = list[tuple[Variable, NDArray[Any]]]


class Fit(NamedTuple):
    """How the layers of a file find those of a model.

    Attributes:
        by_name: by their names, and leave out those that only one side has; otherwise by their
            classes and numbers, where the names do not tell all.
        skip_mismatch: leave out, with a warning, layers whose weights do not fit.
        reshape: bring weights into shape that have as many elements.
    """

    by_name: bool = False
    skip_mismatch: bool = False
    reshape: bool = False


def set_weights(
    model: Network, tree: WeightsTree, config: Config | None = None, how: Fit | None = None
) -> list[Conversion]:
    """Give a model the weights of a file, all or none.

    Args:
        model: a built model.
        tree: what the file holds.
        config: of the model in the same file, if it has one.
        how: which layer gets which weights.

    Returns:
        what was converted.

    Raises:
        FileFormatError: groups, numbers of variables or shapes do not fit.
    """
    how = how or Fit()
    places = weight_places(model, tree, config, by_name=how.by_name)
    converted: list[Conversion] = []
    assignments = [
        one for place in places for one in _assignment_or_none(place, tree, how, converted)
    ]
    while assignments:  # so that no array is kept beside the copy of it
        variable, array = assignments.pop()
        variable.assign(array)
    return converted


def _assignment_or_none(
    place: Place, tree: WeightsTree, how: Fit, converted: list[Conversion]
) -> Assignment:
    try:
        return _assignment(place, tree, how, converted)
    except FileFormatError as error:
        if not how.skip_mismatch:
            raise
        warnings.warn(f"A layer stays as it is: {error}", UserWarning, stacklevel=5)
        return []


def _assignment(
    place: Place, tree: WeightsTree, how: Fit, converted: list[Conversion]
) -> Assignment:
    saved = tree.saved(place.path)
    arrays = [] if saved is None else _floats(place, saved.arrays, tree.file, converted)
    if isinstance(place.layer, StatefulMixin) and not place.variables:
        return []  # the arrays are states, which start anew
    if len(arrays) != len(place.variables):
        raise FileFormatError.at(
            tree.file,
            _where(place),
            "it has another number of weights"
            if saved is not None
            else "the file has no weights there",
            expected=f"{len(place.variables)} ({_names(place.variables)})",
            received=str(len(arrays)),
            remedy="The layers must be the same and in the same order as when they were saved",
        )
    if how.reshape:
        pairs = zip(place.variables, arrays, strict=True)
        arrays = [_reshaped(array, variable) for variable, array in pairs]
    for variable, array in zip(place.variables, arrays, strict=True):
        if variable.shape != array.shape:
            raise FileFormatError.at(
                tree.file,
                f"{_where(place)}, weight '{variable.name}'",
                "the shape does not fit",
                expected=str(variable.shape),
                received=str(array.shape),
            )
    return list(zip(place.variables, arrays, strict=True))


def _floats(
    place: Place, arrays: Sequence[NDArray[Any]], file: str, converted: list[Conversion]
) -> list[NDArray[Any]]:
    try:
        found = as_floats(place.layer, len(place.variables), arrays)
    except ValueError as error:
        raise FileFormatError.at(file, _where(place), str(error)) from error
    if found.mode is not None:
        what = f"{found.mode} weights to float32"
        converted.append(Conversion(place.layer.name, what, _WHY_FLOATS))
    return found.arrays


def _reshaped(array: NDArray[Any], variable: Variable) -> NDArray[Any]:
    fits = array.size == np.prod(variable.shape)
    return array.reshape(variable.shape) if fits else array


def _where(place: Place) -> str:
    return f"layer '{place.layer.name}' at '{place.path}'"


def _names(variables: Sequence[Variable]) -> str:
    return ", ".join(variable.name for variable in variables) or "none"
