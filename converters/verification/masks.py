"""The masks that layers make of those they are given, in plain NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from konnx.converters.verification.recurrent_layers import KINDS

if TYPE_CHECKING:
    from konnx.layers import Layer

Array = np.ndarray[Any, Any]
Config = Mapping[str, Any]


@dataclass(frozen=True)
class Value:
    """What a layer computes.

    Attributes:
        array: its output.
        mask: (batch, time), False for missing steps; None where none is missing.
    """

    array: Array
    mask: Array | None = None


def masks_of(layer: Layer, given: Sequence[Value], count: int) -> list[Array | None]:
    """Return the masks of a layer's outputs: of the first, that which it makes or hands on."""
    kind, config = type(layer).__name__, layer.get_config()
    if not given:
        return [None] * count
    if kind in KINDS:
        return _of_recurrent(layer, given[0].mask, count)
    mask: Array | None = None
    if kind in _MAKERS:
        mask = _MAKERS[kind](config, given)
    elif layer.supports_masking:
        mask = given[0].mask
    return [mask, *[None] * (count - 1)]


def _of_recurrent(layer: Layer, mask: Array | None, count: int) -> list[Array | None]:
    part = getattr(layer, "forward_layer", layer)
    both = part is not layer and layer.get_config()["merge_mode"] is None
    kept = mask if part.get_config()["return_sequences"] else None
    return [kept, *([kept] if both else []), *[None] * (count - 1 - both)]


def _of_all(config: Config, given: Sequence[Value]) -> Array | None:
    masks = [value.mask for value in given if value.mask is not None]
    return np.logical_and.reduce(masks) if masks else None


def _joined(config: Config, given: Sequence[Value]) -> Array | None:
    """Steps are joined where the axis of time is; features where all have a step."""
    if all(value.mask is None for value in given):
        return None
    rank = given[0].array.ndim
    parts = []
    for value in given:
        mask = np.ones(value.array.shape[:2], bool) if value.mask is None else value.mask
        parts.append(
            np.broadcast_to(mask.reshape(*mask.shape, *[1] * (rank - 2)), value.array.shape)
        )
    whole = np.concatenate(parts, config["axis"])
    return np.asarray(whole.all(-1))


def _ends(config: Config, given: Sequence[Value]) -> None:
    return None


def _numbers_or_vectors(config: Config, given: Sequence[Value]) -> Array | None:
    """Vectors go back to numbers with the mask that they have."""
    if given[0].array.dtype.kind == "f":
        return given[0].mask
    return given[0].array != 0 if config["mask_zero"] else None


_MAKERS: Mapping[str, Callable[[Config, Sequence[Value]], Array | None]] = {
    **dict.fromkeys(("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"), _of_all),
    "ApplyMask": lambda config, given: given[1].array.astype(bool),
    "Concatenate": _joined,
    "Embedding": lambda config, given: given[0].array != 0 if config["mask_zero"] else None,
    "GlobalAveragePooling1D": _ends,
    "Masking": lambda config, given: (given[0].array != config["mask_value"]).any(-1),
    "Operation": _ends,
    "ReversibleEmbedding": _numbers_or_vectors,
}
