"""Vectors for the whole numbers of an input, whatever their type."""

from __future__ import annotations

import numpy as np
import pytest

from konnx.layers import Embedding, Input
from konnx.testing import evaluate

VECTORS = np.array([[1, 2], [3, 4]], "float32")


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32"])
def test_an_input_of_any_type_is_looked_up(dtype: str) -> None:
    x = Input((3,), dtype=dtype)
    embedded = Embedding(2, 2, weights=[VECTORS], mask_zero=True)(x)
    vectors, mask = evaluate([embedded, embedded._keras_mask], {x: np.array([[1, 0, 1]], dtype)})
    np.testing.assert_array_equal(vectors, VECTORS[[[1, 0, 1]]])
    np.testing.assert_array_equal(mask, [[True, False, True]])
