"""Gradients of RoiAlign, for images and for regions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import RULES, gradients
from konnx.graph import Tensor, op, placeholder
from konnx.testing import check_gradients, evaluate, normal

pytestmark = pytest.mark.gradients

# (left, top, right, bottom): inside, across the edges, far outside
REGIONS = np.array([[1.3, 0.7, 9.9, 7.1], [-2.1, 3.3, 5.7, 13.9], [40.3, 1.1, 45.7, 5.3]])
IMAGES = np.array([1, 0, 1])
MODES = ["half_pixel", "output_half_pixel"]


def aligned(coordinates: str, **options: Any) -> Any:
    attributes = {
        "output_height": 3,
        "output_width": 2,
        "sampling_ratio": 2,
        "spatial_scale": 0.5,
        "coordinate_transformation_mode": coordinates,
        **options,
    }
    return lambda x, regions, images: op("RoiAlign", x, regions, images, **attributes)


@pytest.mark.parametrize("mode", MODES)
def test_roi_align(mode: str) -> None:
    arrays = [normal((2, 3, 6, 5)), REGIONS, IMAGES]
    align = aligned(mode)
    check_gradients(align, arrays, dtype="float32", step=2e-3, tolerance=1e-2)
    tensors = [placeholder(("batch", 3, None, None)), placeholder(("regions", 4))]
    tensors.append(placeholder(("regions",), "int64"))
    own = align(*tensors)
    lower = RULES["RoiAlign"].lowering
    assert lower is not None
    (lowered,) = lower(own.node) or ()
    feeds: dict[Tensor, Any] = dict(zip(tensors, arrays, strict=True))
    received, expected = evaluate([lowered, own], feeds)
    np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", [{"sampling_ratio": 0}, {"mode": "max"}], ids=str)
def test_what_has_no_gradient_is_refused(options: dict[str, Any]) -> None:
    x = placeholder((2, 3, 6, 5), name="x")
    regions = ops.as_tensor(REGIONS.astype(np.float32))
    y = aligned("half_pixel", **options)(x, regions, ops.as_tensor(IMAGES))
    with pytest.raises(ValueError, match="RoiAlign has a gradient only with sampling_ratio > 0"):
        gradients(ops.sum(y), [x])
