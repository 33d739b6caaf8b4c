"""Images cut out or stretched by chance in training, the same for all images of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from konnx import ops
from konnx.graph import Tensor, op
from konnx.graph.tensor import Node
from konnx.graph.types import TensorType
from konnx.layers.arguments import one_of, spatial_axes
from konnx.layers.base import Layer
from konnx.layers.preprocessing.augmentation import Factor, bounds_of
from konnx.layers.preprocessing.resampling import resize_mode
from konnx.layers.preprocessing.rescaling import as_floats
from konnx.layers.preprocessing.resizing import OfOneSize
from konnx.layers.spec import InputSpec, Shape


class RandomCrop(OfOneSize):
    """In training, a part of images at a place drawn by chance.

    In inference, and where images are smaller than the part, the largest middle that has the
    ratio of the output, resized.

    Args:
        height: of the output.
        width: of the output.
        seed: makes the choice repeatable.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Raises:
        ValueError: an argument is out of bounds, or the sizes of the input vary.

    Example:
        >>> from konnx.layers import Input
        >>> RandomCrop(4, 4)(Input((8, 8, 3))).shape
        (None, 4, 4, 3)
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(height, width, data_format)
        self.seed = seed

    def call(self, inputs: Tensor) -> Tensor:
        middle = self.resized(self.filled(inputs), "bilinear")
        height, width = self.sizes(inputs, "height")
        if height < self.height or width < self.width:
            return middle
        part = as_floats(self, inputs)
        axes = spatial_axes(self.data_format, 2)
        kept = ((height, self.height), (width, self.width))
        for which, (axis, (size, wanted)) in enumerate(zip(axes, kept, strict=True)):
            seed = None if self.seed is None else self.seed + which
            drawn = ops.uniform([1], 0.0, float(size - wanted + 1), "float32", seed)
            start = ops.minimum(ops.cast(drawn, "int64"), np.int64(size - wanted))
            part = ops.gather(part, start + np.arange(wanted), axis)
        return ops.in_train_phase(part, middle)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}


class _RandomLength(Layer):
    """What stretches one of the axes; in inference images stay as they are."""

    _axis: int

    def __init__(
        self,
        factor: Factor,
        interpolation: str = "bilinear",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.factor = factor if isinstance(factor, int | float) else list(factor)
        self.range = bounds_of(self, "factor", self.factor, -1.0)
        self.interpolation = one_of(self, "interpolation", interpolation, ("bilinear", "nearest"))
        self.seed = seed
        self.input_spec = InputSpec(ndim=4)

    def call(self, inputs: Tensor) -> Tensor:
        images = as_floats(self, inputs)
        return ops.in_train_phase(self._stretched(images), _of_unknown_size(images, self._axis))

    def _stretched(self, images: Tensor) -> Tensor:
        low, high = self.range
        drawn = ops.uniform([1], 1.0 + low, 1.0 + high, "float32", self.seed)
        sizes = ops.shape(images)
        length = ops.cast(sizes[self._axis : self._axis + 1], "float32")
        new = ops.cast(drawn * length, "int64")
        parts = [sizes[: self._axis], new, sizes[self._axis + 1 :]]
        target, mode = ops.concatenate(parts, 0), resize_mode(self.interpolation)
        result: Tensor = op("Resize", images, None, None, target, **mode)
        return result

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[: self._axis], None, *input_shape[self._axis + 1 :])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "factor": self.factor,
            "interpolation": self.interpolation,
            "seed": self.seed,
        }


class RandomHeight(_RandomLength):
    """In training, makes images higher or lower; their height is then unknown.

    Images are (batch, height, width, channels), as in tf.keras.

    Args:
        factor: by which part of the height: from -factor to factor, or from the first to the
            second.
        interpolation: "bilinear" or "nearest".
        seed: makes the choice repeatable.

    Example:
        >>> from konnx.layers import Input
        >>> RandomHeight(0.2)(Input((8, 8, 3))).shape
        (None, None, 8, 3)
    """

    _axis = 1


class RandomWidth(_RandomLength):
    """In training, makes images wider or narrower; their width is then unknown.

    Images are (batch, height, width, channels), as in tf.keras.

    Args:
        factor: by which part of the width: from -factor to factor, or from the first to the
            second.
        interpolation: "bilinear" or "nearest".
        seed: makes the choice repeatable.

    Example:
        >>> from konnx.layers import Input
        >>> RandomWidth(0.2)(Input((8, 8, 3))).shape
        (None, 8, None, 3)
    """

    _axis = 2


def _of_unknown_size(images: Tensor, axis: int) -> Tensor:
    """The same images, of which training may have other sizes along an axis."""
    dims = list(images.dims or ())
    dims[axis] = None
    type_ = TensorType(images.dtype, tuple(dims))
    return Node("Identity", (images,), {}, [type_]).outputs[0]
