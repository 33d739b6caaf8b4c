"""Models that Keras 1 merged, at the bottom of a Sequential."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from konnx.layers.base import Layer
from konnx.legacy.layers import merging_layer, warn_deprecated
from konnx.models.model import Model


def Merge(  # noqa: N802  # Keras' own name
    layers: Sequence[Any] | None = None,
    mode: str | Callable[..., Any] = "sum",
    concat_axis: int = -1,
    dot_axes: int | Sequence[int] = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: dict[str, Any] | None = None,
    name: str | None = None,
) -> Layer:
    """Return what Keras 1's `Merge` layer did, as a layer or model of Keras 2.

    Args:
        layers: two or more models of one output, to stand at the bottom of a `Sequential`; None:
            a layer to be called on tensors is wanted.
        mode: see `konnx.legacy.layers.merge`, as for all that follow.
        concat_axis: of "concat".
        dot_axes: of "dot" and "cos".
        output_shape: of a function.
        output_mask: of a function.
        arguments: of a function.
        name: of the layer.

    Returns:
        A layer such as `Add`; a `Model` from the inputs of the models to their merged outputs.

    Raises:
        TypeError: `layers` are not two or more models.
        ValueError: the mode is unknown, or the outputs do not fit.

    Example:
        >>> import warnings
        >>> from konnx.layers import Dense
        >>> from konnx.models import Sequential
        >>> left, right = (Sequential([Dense(4, input_shape=(size,))]) for size in (3, 5))
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     model = Sequential([Merge([left, right], mode="concat"), Dense(1)])
        >>> [one.shape for one in model.inputs], model.output_shape
        ([(None, 3), (None, 5)], (None, 1))
    """
    warn_deprecated("`Merge` layer")
    layer = merging_layer(mode, concat_axis, dot_axes, output_shape, output_mask, arguments, name)
    if not layers:
        return layer
    if len(layers) < 2 or not all(isinstance(one, Model) and one.built for one in layers):
        raise TypeError(
            "`Merge` takes two or more models whose first layers have an `input_shape`. "
            f"Received: layers={list(layers)!r}"
        )
    inputs = dict.fromkeys(tensor for model in layers for tensor in model.inputs)
    return Model(list(inputs), layer([model.outputs[0] for model in layers]))
