"""Gradients of GridSample, for images and for grids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.autodiff import RULES
from konnx.graph import op, placeholder
from konnx.testing import check_gradients, evaluate, normal

pytestmark = pytest.mark.gradients

FORMS = [
    {"mode": mode, "padding_mode": padding, "align_corners": aligned}
    for mode in ("bilinear", "nearest")
    for padding in ("zeros", "border", "reflection")
    for aligned in (0, 1)
] + [
    {"mode": "bicubic", "padding_mode": "zeros", "align_corners": 1},
    {"mode": "bicubic", "padding_mode": "reflection", "align_corners": 0},
]


def places() -> np.ndarray[Any, Any]:
    """Places in and around a 4 x 5 image, a third of a pixel or so from where a pixel begins."""
    random = np.random.default_rng(3)
    pixels = random.integers(-3, 7, (2, 3, 4, 2)) + random.choice([0.25, 0.3, 0.35], (2, 3, 4, 2))
    return pixels / np.array([5 - 1, 4 - 1]) * 2 - 1


@pytest.mark.parametrize("attributes", FORMS, ids=str)
def test_grid_sample(attributes: dict[str, Any]) -> None:
    def sample(*inputs: Any) -> Any:
        return op("GridSample", *inputs, **attributes)

    grid = places()
    if not attributes["align_corners"]:  # the same pixels
        grid = (grid + 1) * np.array([4 / 5, 3 / 4]) + np.array([1 / 5, 1 / 4]) - 1
    arrays = [normal((2, 3, 4, 5)), grid]
    check_gradients(sample, arrays, dtype="float32", step=2e-3, tolerance=1e-2)
    dims: Any = [("batch", 3, None, None), ("batch", None, None, 2)]
    x, where = (placeholder(shape) for shape in dims)
    own = sample(x, where)
    lower = RULES["GridSample"].lowering
    assert lower is not None
    (lowered,) = lower(own.node) or ()
    feeds = {x: arrays[0].astype(np.float32), where: grid.astype(np.float32)}
    received, expected = evaluate([lowered, own], feeds)
    np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-4)
