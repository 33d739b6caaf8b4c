"""What TensorBoard shows of the inside of a model: weights, gradients, outputs of layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from konnx.callbacks.tensorboard import summaries
from konnx.callbacks.tensorboard.summaries import Histogram
from konnx.config import image_data_format
from konnx.function import Function
from konnx.graph import Tensor, Variable
from konnx.utils.naming import free_name


class Watch:
    """Looks into a model.

    Args:
        model: a compiled one.
        gradients: whether to look at those of the loss.
        images: whether to show weights as images.
    """

    def __init__(self, model: Any, gradients: bool, images: bool) -> None:
        self._weights = list(model.weights)
        self._images = images
        outputs = _outputs_by_tag(model)
        self._functions = [(list(outputs), Function(model.inputs, list(outputs.values())))]
        if gradients:
            compiled = model.compiled
            function = compiled.gradients_function([True] * len(compiled.trained_outputs))
            tags = [f"{_tag(weight)}_grad" for weight in compiled.trainable_weights]
            self._functions.append((tags, function))

    def summaries(self, arrays: Sequence[Any], batch_size: int) -> Iterator[bytes]:
        """Yield values for an event.

        Args:
            arrays: inputs, targets, and weights of each target.
            batch_size: how many samples to run at once; histograms are of all.
        """
        for weight in self._weights:
            value = weight.numpy()
            yield summaries.histogram(_tag(weight), value)
            if self._images:
                yield from _images(_tag(weight), value)
        for tags, function in self._functions:
            yield from _histograms(tags, function, arrays, batch_size)


def _tag(weight: Variable) -> str:
    """A weight's name as Keras on TensorFlow shows it."""
    return f"{weight.name}_0"


def _outputs_by_tag(model: Any) -> dict[str, Tensor]:
    tagged: dict[str, Tensor] = {}
    for call in model.nodes:
        for output in call.outputs:
            tagged[free_name(f"{call.layer.name}_out", tagged.__contains__)] = output
    return tagged


def _histograms(
    tags: Sequence[str], function: Function, arrays: Sequence[Any], batch_size: int
) -> Iterator[bytes]:
    counted = [Histogram() for _ in tags]
    taken = arrays[: len(function.inputs)]
    for start in range(0, len(taken[0]), batch_size):
        values = function([array[start : start + batch_size] for array in taken])
        for histogram, value in zip(counted, values, strict=True):
            histogram.add(value)
    for tag, histogram in zip(tags, counted, strict=True):
        yield histogram.summary(tag)


def _images(tag: str, value: np.ndarray) -> list[bytes]:
    """A bias as a column, a matrix lying down, three axes as an image for each channel."""
    value = value.squeeze()
    if value.ndim == 1:
        value = value[np.newaxis, :, np.newaxis]
    elif value.ndim == 2:
        value = (value.T if value.shape[0] > value.shape[1] else value)[np.newaxis]
    elif value.ndim == 3 and image_data_format() == "channels_last":
        value = value.transpose(2, 0, 1)
    return summaries.images(tag, value) if value.ndim == 3 else []
