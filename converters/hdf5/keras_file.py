"""What a Keras HDF5 file holds, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

NamedArray = tuple[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """The weights of one layer, in the order that the layer lists them.

    Attributes:
        name: the layer's name.
        weights: pairs of weight name and array. A name only identifies; the order is what counts.
    """

    name: str
    weights: Sequence[NamedArray] = ()


@dataclass(frozen=True, eq=False)
class KerasFile:
    """The content of a Keras HDF5 file of the 1.x and 2.x layout.

    Attributes:
        kind: "model" for a whole model, "weights" for a file with weights only.
        layers: every layer of the file in the model's order, those without weights included.
        model_config: the architecture, {"class_name": …, "config": …}; None for weights.
        training_config: optimizer, loss and metrics; None where the model was not compiled.
        keras_version: the version beside the weights, which conversions of weights go by. None
            in files that Keras 1 wrote.
        backend: the backend beside the weights, e.g. "tensorflow"; None as above.
        root_keras_version: the version at the root of the file, which tells Keras 1 releases
            apart. Written from `keras_version` where None.
        root_backend: the backend at the root of the file, likewise.
        optimizer_weights: the optimizer's state in its own order; None where there is none.

    Example:
        >>> import numpy as np
        >>> from konnx.converters.hdf5 import KerasFile, LayerWeights
        >>> dense = LayerWeights("d", [("d/kernel:0", np.zeros((2, 3), "float32"))])
        >>> KerasFile("weights", [dense], keras_version="2.1.6").layers[0].name
        'd'
    """

    kind: Literal["model", "weights"]
    layers: Sequence[LayerWeights] = ()
    model_config: dict[str, Any] | None = field(default=None, repr=False)
    training_config: dict[str, Any] | None = field(default=None, repr=False)
    keras_version: str | None = None
    backend: str | None = None
    root_keras_version: str | None = None
    root_backend: str | None = None
    optimizer_weights: Sequence[NamedArray] | None = field(default=None, repr=False)
