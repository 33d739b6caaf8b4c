"""Checking that a layer treats channels first and last, masks and element types as it claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from konnx.graph import placeholder
from konnx.layers import RNN, Layer
from konnx.testing.evaluation import evaluate
from konnx.testing.layer_case import Array, LayerCase

Weights = Sequence[Array]


def check_data_formats(
    case: LayerCase, random: np.random.Generator, weights_for_last: Callable[[Weights], Any]
) -> None:
    """Demand that a layer given channels first equals one given the same with channels last.

    Outputs are compared, and weights after a training step.
    """
    first, last = case.layer(), case.layer(data_format="channels_last")
    axis = 2 if isinstance(first, RNN) else 1
    turned = LayerCase(
        case.layer_class,
        case.arguments,
        [np.moveaxis(array, axis, -1) for array in case.arrays],
        case.several,
        case.custom_objects,
    )
    output = case.run(first)
    spatial = output.ndim - 2 - (axis == 2 and output.ndim == case.arrays[0].ndim)
    back = axis if output.ndim == case.arrays[0].ndim else 1

    def as_last(array: Array) -> Array:
        return np.moveaxis(array, back, -1) if spatial > 0 else array

    turned.run(last)
    last.set_weights(weights_for_last(first.get_weights()))
    promise = "channels first must compute what channels last do"
    case.demand_close(as_last(output), turned.run(last), promise)
    if first.trainable_weights:
        target = np.asarray(random.uniform(-1, 1, output.shape))
        received = weights_for_last(case.trained(first, target))
        for one, other in zip(received, turned.trained(last, as_last(target)), strict=True):
            case.demand_close(one, other, "channels first must train as channels last do")


def check_masks(case: LayerCase) -> None:
    """Demand that a layer with masks makes one that fits its output, and others refuse them."""
    if any(array.ndim < 3 for array in case.arrays):
        return
    layer, inputs = case.layer(), case.inputs()
    steps = [array.shape[_time_axis(layer, array)] for array in case.arrays]
    masks = [placeholder(("batch", length), "bool", "mask") for length in steps]
    for tensor, mask in zip(inputs, masks, strict=True):
        tensor._keras_mask = mask
    output = _masked_output(case, layer, inputs)
    if output is not None and output._keras_mask is not None:
        shown = [_shown(array, length) for array, length in zip(case.arrays, steps, strict=True)]
        feeds = dict(zip([*inputs, *masks], [*case.arrays, *shown], strict=True))
        value, made = evaluate([output, output._keras_mask], feeds)
        case.demand(made.dtype == np.bool_, f"a mask must be bool. Received: {made.dtype}")
        fits = made.shape == value.shape[: made.ndim]
        case.demand(fits, f"the mask's shape is {made.shape}, the output's {value.shape}")


def _time_axis(layer: Layer, array: Array) -> int:
    first = getattr(layer, "data_format", None) == "channels_first"
    return 2 if first and array.ndim == 3 else 1


def _shown(array: Array, length: int) -> Array:
    return np.tile(np.arange(length) % 3 != 1, (len(array), 1))


def _masked_output(case: LayerCase, layer: Layer, inputs: list[Any]) -> Any:
    """Call a layer on masked inputs; return None where it rightly refuses them."""
    try:
        output = layer(case.given(inputs))
    except (TypeError, ValueError) as error:
        refused = not layer.supports_masking and layer.name in str(error)
        case.demand(refused, f"only a layer without masks may refuse one, by its name: {error}")
        return None
    takes = layer.supports_masking or type(layer).compute_mask is not Layer.compute_mask
    case.demand(takes, "a layer that does not support masks must refuse one")
    return output


def check_dtype(case: LayerCase, dtype: str, random: np.random.Generator) -> None:
    """Demand that inputs and weights of another precision give the same, and in their dtype."""
    reference, layer = case.layer(), case.layer_of(dtype)
    weights = case.weights(reference, random)
    expected = case.run(reference)
    inputs = case.inputs(dtype=dtype)
    output = layer(case.given(inputs))
    case.demand(output.dtype == dtype, f"{dtype} inputs give an output of {output.dtype}")
    layer.set_weights(weights)
    feeds = {one: array.astype(dtype) for one, array in zip(inputs, case.arrays, strict=True)}
    value = evaluate([output], feeds)[0].astype(expected.dtype)
    tolerance = 0.02 if dtype == "float16" else 2e-5
    case.demand_close(value, expected, f"{dtype} must compute the same", tolerance)
