"""Sizes and arguments of convolutions."""

from __future__ import annotations

import numpy as np
import pytest

from konnx.utils.conv_utils import conv_output_length, convert_kernel, normalize_tuple

pytestmark = pytest.mark.no_runtime


def test_one_number_stands_for_all_axes() -> None:
    assert normalize_tuple(2, 3, "strides") == (2, 2, 2)
    assert normalize_tuple([1, 2], 2, "strides") == (1, 2)


@pytest.mark.parametrize("value", [(1, 2, 3), "ab", 1.5, (1, 2.5), None])
def test_other_tuples_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="`strides` must be a whole number or a tuple of 2"):
        normalize_tuple(value, 2, "strides")


@pytest.mark.parametrize(
    ("length", "padding", "stride", "dilation", "expected"),
    [
        (10, "valid", 1, 1, 8),
        (10, "valid", 2, 2, 3),
        (10, "same", 3, 1, 4),
        (10, "causal", 1, 2, 10),
        (10, "full", 1, 1, 12),
        (None, "same", 1, 1, None),
    ],
)
def test_lengths_are_those_that_keras_layers_have(
    length: int | None, padding: str, stride: int, dilation: int, expected: int | None
) -> None:
    assert conv_output_length(length, 3, padding, stride, dilation) == expected


def test_an_unknown_padding_is_refused() -> None:
    with pytest.raises(ValueError, match="Received: 'some'"):
        conv_output_length(3, 3, "some", 1)


def test_a_kernel_is_turned_on_its_spatial_axes_only() -> None:
    kernel = np.arange(24.0).reshape(2, 3, 2, 2)
    turned = convert_kernel(kernel)
    np.testing.assert_array_equal(turned, kernel[::-1, ::-1])
    np.testing.assert_array_equal(convert_kernel(turned), kernel)
    with pytest.raises(ValueError, match="3 to 5 axes"):
        convert_kernel(np.zeros((2, 2)))
