"""Gradients of Resize in the forms that ONNX files hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import RULES, gradients
from konnx.graph import Tensor, constant, int64s, op, placeholder
from konnx.testing import check_gradients, evaluate, normal

pytestmark = pytest.mark.gradients

COORDINATES = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
ROUNDINGS = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]

FORMS: list[tuple[Any, dict[str, Any]]] = [
    *[
        (target, {"mode": "linear", "coordinate_transformation_mode": coordinates})
        for coordinates in COORDINATES
        for target in ([1, 1, 2.0, 0.6], [2, 2, 7, 9])
    ],
    *[
        (
            [1, 1, 2.5, 0.5],
            {"coordinate_transformation_mode": coordinates, "nearest_mode": rounding},
        )
        for coordinates in COORDINATES
        for rounding in ROUNDINGS
    ],
    ([1, 1, 2.0, 3.0], {"coordinate_transformation_mode": "half_pixel", "nearest_mode": "floor"}),
    ([1, 1, 2.0, 3.0], {}),
    ([2.0, 1, 1, 3.0], {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
    ([2, 2, 1, 8], {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}),
    ([2, 2, 1, 8], {"mode": "linear", "coordinate_transformation_mode": "align_corners"}),
    ([1, 1, 2.0, 1.5], {"mode": "cubic"}),
    ([2, 2, 9, 3], {"mode": "cubic", "cubic_coeff_a": -0.5, "exclude_outside": 1}),
]


def resized(target: list[Any], attributes: dict[str, Any]) -> Any:
    def resize(x: Tensor) -> Tensor:
        if any(isinstance(number, float) for number in target):
            scales = constant(np.array(target, dtype=np.float32))
            return op("Resize", x, None, scales, **attributes)
        return op("Resize", x, None, None, int64s(target), **attributes)

    return resize


@pytest.mark.parametrize("dims", [None, ("batch", 2, None, None)], ids=["known", "open"])
@pytest.mark.parametrize(("target", "attributes"), FORMS, ids=str)
def test_resize(target: list[Any], attributes: dict[str, Any], dims: Any) -> None:
    resize = resized(target, attributes)
    array = normal((2, 2, 4, 5)).astype(np.float32)
    check_gradients(resize, [array], dims=[dims], dtype="float32", tolerance=5e-4)
    x = placeholder(array.shape if dims is None else dims)
    y = resize(x)
    lower = RULES["Resize"].lowering
    assert lower is not None
    lowered = lower(y.node)
    if lowered is not None:
        received, expected = evaluate([lowered[0], y], {x: array})
        np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-5)


def test_chosen_axes_and_scales_that_are_fed() -> None:
    check_gradients(
        lambda x, scales: op("Resize", x, None, scales, mode="linear", axes=[3]),
        [normal((1, 2, 3, 4)), np.array([1.5])],
        wrt=[0],
        dtype="float32",
    )


def test_sequences_and_volumes() -> None:
    for shape in ((2, 3, 4), (1, 2, 3, 2, 3)):
        scales = [1.0, 1.0, *[1.7] * (len(shape) - 2)]
        check_gradients(resized(scales, {"mode": "linear"}), [normal(shape)], dtype="float32")


def test_what_has_no_gradient_is_refused() -> None:
    x = placeholder((1, 1, 4, 4), name="x")
    y = resized([1, 1, 2.0, 2.0], {"mode": "linear", "antialias": 1})(x)
    with pytest.raises(ValueError, match=r"Resize has no gradient.*'antialias': 1"):
        gradients(ops.sum(y), [x])
