"""The largest or the mean element of each channel."""

from __future__ import annotations

from typing import Any, ClassVar

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.arguments import data_format_of, spatial_axes
from konnx.layers.base import Layer
from konnx.layers.spec import InputSpec, Shape


class _GlobalPooling(Layer):
    """What the global pooling layers share but the way to pool."""

    rank: ClassVar[int]

    def __init__(
        self, data_format: str | None = None, *, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(self, data_format)
        self.keepdims = bool(keepdims)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        pooled = spatial_axes(self.data_format, self.rank)
        if self.keepdims:
            return tuple(1 if axis in pooled else size for axis, size in enumerate(input_shape))
        return tuple(size for axis, size in enumerate(input_shape) if axis not in pooled)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "data_format": self.data_format}
        # A later Keras' argument: Keras 2.1 reads the config only without it.
        return {**config, "keepdims": True} if self.keepdims else config


class _GlobalMaxPooling(_GlobalPooling):
    """What takes the largest element."""

    def call(self, inputs: Tensor) -> Tensor:
        return ops.max(inputs, spatial_axes(self.data_format, self.rank), self.keepdims)


class _GlobalAveragePooling(_GlobalPooling):
    """What takes the mean."""

    def call(self, inputs: Tensor) -> Tensor:
        return ops.mean(inputs, spatial_axes(self.data_format, self.rank), self.keepdims)


class GlobalMaxPooling1D(_GlobalMaxPooling):
    """The largest element of each channel of sequences: (batch, channels).

    Args:
        data_format: as in later versions, "channels_first" too.
        keepdims: keep the pooled axis with size 1.

    Example:
        >>> from konnx.layers import Input
        >>> GlobalMaxPooling1D()(Input((8, 3))).shape
        (None, 3)
    """

    rank = 1

    def __init__(self, data_format: str = "channels_last", **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return _without_default_format(super().get_config())


class GlobalAveragePooling1D(_GlobalPooling):
    """The mean of each channel of sequences: (batch, channels).

    Steps that a mask hides do not count, as in Keras since 2.2.3; Keras 2.1 takes no mask here.

    Args:
        data_format: as in later versions, "channels_first" too.
        keepdims: keep the pooled axis with size 1.

    Example:
        >>> from konnx.layers import Input
        >>> GlobalAveragePooling1D()(Input((8, 3))).shape
        (None, 3)
    """

    rank = 1
    supports_masking = True

    def __init__(self, data_format: str = "channels_last", **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        axes = spatial_axes(self.data_format, self.rank)
        if mask is None:
            return ops.mean(inputs, axes, self.keepdims)
        counts = ops.cast(mask, inputs.dtype)
        counts = ops.expand_dims(counts, 1 if self.data_format == "channels_first" else -1)
        total = ops.sum(ops.multiply(inputs, counts), axes, self.keepdims)
        return ops.divide(total, ops.sum(counts, axes, self.keepdims))

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> None:
        return None

    def get_config(self) -> dict[str, Any]:
        return _without_default_format(super().get_config())


def _without_default_format(config: dict[str, Any]) -> dict[str, Any]:
    """Of sequences Keras 2.1 knows no other format, and stumbles over the key."""
    if config["data_format"] == "channels_last":
        del config["data_format"]
    return config


class GlobalMaxPooling2D(_GlobalMaxPooling):
    """The largest element of each channel of an image: (batch, channels).

    Args:
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        keepdims: keep the pooled axes with size 1.

    Example:
        >>> from konnx.layers import Input
        >>> GlobalMaxPooling2D()(Input((8, 8, 3))).shape
        (None, 3)
    """

    rank = 2


class GlobalAveragePooling2D(_GlobalAveragePooling):
    """The mean of each channel of an image: (batch, channels).

    Args:
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        keepdims: keep the pooled axes with size 1.

    Example:
        >>> from konnx.layers import Input
        >>> GlobalAveragePooling2D()(Input((8, 8, 3))).shape
        (None, 3)
    """

    rank = 2


class GlobalMaxPooling3D(_GlobalMaxPooling):
    """The largest element of each channel of a volume: (batch, channels).

    Args:
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        keepdims: keep the pooled axes with size 1.

    Example:
        >>> from konnx.layers import Input
        >>> GlobalMaxPooling3D()(Input((4, 8, 8, 3))).shape
        (None, 3)
    """

    rank = 3


class GlobalAveragePooling3D(_GlobalAveragePooling):
    """The mean of each channel of a volume: (batch, channels).

    Args:
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        keepdims: keep the pooled axes with size 1.

    Example:
        >>> from konnx.layers import Input
        >>> GlobalAveragePooling3D()(Input((4, 8, 8, 3))).shape
        (None, 3)
    """

    rank = 3


GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
