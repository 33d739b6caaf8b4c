"""The data that layers are adapted to."""

from __future__ import annotations

from typing import Any

import numpy as np


def batches(data: Any, steps: int | None) -> list[np.ndarray]:
    """Return data as batches.

    Args:
        data: an array or nested lists, which are one batch; or an iterable of batches.
        steps: how many batches to take; None: all.
    """
    whole = isinstance(data, list | tuple) and data and not isinstance(data[0], np.ndarray)
    if isinstance(data, np.ndarray) or whole:
        return [np.asarray(data)]
    found: list[np.ndarray] = []
    for batch in data:
        if steps is not None and len(found) == steps:
            break
        found.append(np.asarray(batch))
    return found
