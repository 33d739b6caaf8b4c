"""What a layer demands of its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from konnx.graph import Tensor

Shape = tuple[int | None, ...]


@dataclass
class InputSpec:
    """Demands on one input; what is None is free.

    Args:
        dtype: the element type.
        shape: the whole shape, None for a size that is free.
        ndim: the number of axes.
        max_ndim: their largest number.
        min_ndim: their smallest number.
        axes: sizes of single axes, {axis: size}; default: none.
    """

    dtype: str | None = None
    shape: Shape | None = None
    ndim: int | None = None
    max_ndim: int | None = None
    min_ndim: int | None = None
    axes: Mapping[int, int | None] | None = None

    def __post_init__(self) -> None:
        if self.shape is not None:
            self.ndim = len(self.shape)
        self.axes = self.axes or {}

    def check(self, tensor: Tensor, layer_name: str, which: str = "the input") -> None:
        """Compare a tensor with the demands.

        Raises:
            ValueError: one is not met; names the layer, what was expected and what was received.
        """
        for expected in self._broken(tensor):
            raise ValueError(
                f"Layer '{layer_name}' cannot take {which}: expected {expected}. "
                f"Received: shape={tensor.shape}, dtype={tensor.dtype}"
            )

    def _broken(self, tensor: Tensor) -> list[str]:
        shape = tensor.shape
        broken = []
        if self.ndim is not None and len(shape) != self.ndim:
            broken.append(f"ndim={self.ndim}")
        if self.max_ndim is not None and len(shape) > self.max_ndim:
            broken.append(f"ndim of at most {self.max_ndim}")
        if self.min_ndim is not None and len(shape) < self.min_ndim:
            broken.append(f"ndim of at least {self.min_ndim}")
        if self.dtype is not None and tensor.dtype != self.dtype:
            broken.append(f"dtype={self.dtype}")
        if not broken:
            broken += self._broken_sizes(shape)
        return broken

    def _broken_sizes(self, shape: Shape) -> list[str]:
        sizes = dict(self.axes or {})
        if self.shape is not None:
            sizes.update(enumerate(self.shape))
        return [
            f"size {size} on axis {axis}"
            for axis, size in sizes.items()
            if size is not None and shape[axis] is not None and shape[axis] != size
        ]


def check_all(specs: Sequence[InputSpec], tensors: Sequence[Tensor], layer_name: str) -> None:
    """Compare each input with its demands.

    Raises:
        ValueError: their number differs, or a demand is not met.
    """
    if len(specs) != len(tensors):
        raise ValueError(
            f"Layer '{layer_name}' takes {len(specs)} inputs. Received: {len(tensors)} tensors"
        )
    for index, (spec, tensor) in enumerate(zip(specs, tensors, strict=True)):
        spec.check(tensor, layer_name, "the input" if len(specs) == 1 else f"input {index}")


def sizes_of(value: Any, owner: str, argument: str) -> Shape:
    """Return the sizes of an input; None is one that varies. Files write some as 32.0.

    Args:
        value: a sequence of sizes.
        owner: the layer, for the error.
        argument: where the sizes were given, for the error.

    Raises:
        ValueError: it is no sequence, or a size is no whole number above 0.
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(
            f"{owner}: `{argument}` must be a tuple of sizes, such as (5,). "
            f"Received: {argument}={value!r}"
        )
    sizes = tuple(value)
    if any(size is not None and not (_is_whole(size) and size > 0) for size in sizes):
        raise ValueError(
            f"{owner}: `{argument}` must hold positive whole numbers, or None for sizes that vary. "
            f"Received: {argument}={sizes!r}"
        )
    return tuple(None if size is None else int(size) for size in sizes)


def _is_whole(size: Any) -> bool:
    return isinstance(size, int | float | np.number) and float(size).is_integer()


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, a tuple as a list, None as none and anything else as one item."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def unpack(values: Sequence[Any]) -> Any:
    """Return the one item of a list, or the list."""
    return values[0] if len(values) == 1 else list(values)
