"""Weights of layers and models, counted and turned into another library's order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from konnx.utils.conv_utils import convert_kernel

if TYPE_CHECKING:
    from konnx.graph import Variable
    from konnx.layers import Layer
    from konnx.models import Model

_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose")


def count_params(weights: Iterable[Variable]) -> int:
    """Return the number of scalars in weights, each variable counted once.

    Example:
        >>> from konnx.layers import Dense
        >>> from konnx.models import Sequential
        >>> count_params(Sequential([Dense(2, input_shape=(3,))]).weights)
        8
    """
    return sum(int(np.prod(weight.shape)) for weight in dict.fromkeys(weights))


def print_summary(
    model: Model,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], None] | None = None,
) -> None:
    """Print a table of a model's layers; see `Model.summary`."""
    model.summary(line_length, positions, print_fn)


def convert_all_kernels_in_model(model: Model) -> None:
    """Turn the kernels of convolutions round: from Theano's order to the others', and back.

    Layers of the model itself are changed, not those of models within; separable convolutions,
    which Theano did not have, stay.
    """
    for layer in model.layers:
        if type(layer).__name__ in _CONVOLUTIONS:
            kernel, *others = layer.get_weights()
            layer.set_weights([convert_kernel(kernel), *others])


def convert_dense_weights_data_format(
    dense: Layer,
    previous_feature_map_shape: Sequence[int],
    target_data_format: str = "channels_first",
) -> None:
    """Reorder a Dense layer's kernel when the images flattened before it change their data format.

    Args:
        dense: the layer; its weights are replaced.
        previous_feature_map_shape: the shape before `Flatten` in the new format, without the
            batch, such as (512, 7, 7).
        target_data_format: the new format, "channels_first" or "channels_last".

    Raises:
        ValueError: the format is neither, or the shape does not fit the kernel.
    """
    if target_data_format not in ("channels_first", "channels_last"):
        raise ValueError(
            "`target_data_format` must be 'channels_first' or 'channels_last'. "
            f"Received: target_data_format={target_data_format!r}"
        )
    shape = tuple(previous_feature_map_shape)
    kernel, *others = dense.get_weights()
    if len(shape) < 2 or np.prod(shape) != len(kernel):
        raise ValueError(
            f"Layer '{dense.name}': `previous_feature_map_shape` must hold {len(kernel)} numbers, "
            f"as the kernel has rows. Received: previous_feature_map_shape={shape}"
        )
    if target_data_format == "channels_first":
        old, source, target = (*shape[1:], shape[0]), -2, 0
    else:
        old, source, target = (shape[-1], *shape[:-1]), 0, -2
    moved = np.moveaxis(kernel.reshape(*old, -1), source, target)
    dense.set_weights([moved.reshape(kernel.shape), *others])


__all__ = [
    "convert_all_kernels_in_model",
    "convert_dense_weights_data_format",
    "convert_kernel",
    "count_params",
    "print_summary",
]
