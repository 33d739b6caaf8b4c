"""The texts that a model carries for those who run it: how to make inputs, what outputs mean."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from konnx.converters.errors import printable

if TYPE_CHECKING:
    from konnx.cli.images import Pixels

Array = np.ndarray[Any, Any]

_MOST_SAMPLES = 20


def stored_pixels(metadata: Mapping[str, str]) -> Pixels:
    """Return how a model wants pixels; as they are, where it does not say.

    Raises:
        ValueError: its metadata "preprocessing" cannot be understood.
    """
    from konnx.cli.images import Pixels
    from konnx.converters.onnx_export.metadata import preprocessing

    text = metadata.get("preprocessing")
    if text is None:
        return Pixels()
    try:
        found = json.loads(text)
        return Pixels(**preprocessing(found))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(
            f"The model's metadata 'preprocessing' cannot be understood: {error} "
            "Give --scale to use that instead."
        ) from error


def stored_labels(metadata: Mapping[str, str]) -> list[str]:
    """Return the names of a model's classes; none where it has none."""
    try:
        found = json.loads(metadata.get("labels", "[]"))
    except (ValueError, RecursionError):
        return []
    return [str(label) for label in found] if isinstance(found, list) else []


def label_lines(array: Any, labels: Sequence[str], most: int) -> list[str]:
    """Return the most likely classes of each sample as lines.

    Args:
        array: an output; unless it is (samples, classes), there are no lines.
        labels: a name for each class.
        most: how many classes of each sample.

    Example:
        >>> label_lines(np.array([[0.1, 0.7, 0.2]]), ["cat", "dog", "ox"], 2)
        ['  sample 0: dog 0.7, ox 0.2']
    """
    if (
        not isinstance(array, np.ndarray)
        or array.ndim != 2
        or not labels
        or array.shape[1] != len(labels)
    ):
        return []
    lines = []
    for number, row in enumerate(array[:_MOST_SAMPLES]):
        best = np.argsort(-row, kind="stable")[:most]
        texts = [f"{printable(labels[index], 60)} {float(row[index]):.4g}" for index in best]
        lines.append(f"  sample {number}: {', '.join(texts)}")
    return lines
