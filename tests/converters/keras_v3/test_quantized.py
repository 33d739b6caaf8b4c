"""Weights that Keras 3 has quantized become the floats that they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.converters.keras_v3.quantized import as_floats
from konnx.layers import Dense, EinsumDense, Embedding, Input, Layer

pytestmark = pytest.mark.no_runtime

BIAS = np.float32([1, 2])


def dense() -> Dense:
    layer = Dense(2)
    layer(Input((3,)))
    return layer


def embedding() -> Embedding:
    layer = Embedding(2, 3)
    layer(Input((4,)))
    return layer


def test_rows_that_share_bytes_are_taken_apart_as_keras_3_12_packs_them() -> None:
    packed = np.int8([[0x2D, -121], [0x01, 0x00]])  # Keras' own example: -3 and 2, 7 and -8, …
    floats = as_floats(dense(), 2, [packed, BIAS, np.float32([1, 2])])
    assert floats.mode == "int4"
    np.testing.assert_array_equal(floats.arrays[0], [[-3, 3.5], [2, -4], [1, 0]])
    np.testing.assert_array_equal(floats.arrays[1], BIAS)


def test_scales_with_the_axes_of_an_output_find_those_of_the_kernel() -> None:
    layer = EinsumDense("abc,dce->aebd", (4, None, 2))
    layer(Input((5, 3)))
    kernel = np.random.default_rng(1).integers(-127, 128, (2, 3, 4)).astype("int8")
    scale = np.arange(1, 9, dtype="float32").reshape(1, 4, 1, 2)
    floats = as_floats(layer, 1, [kernel, scale])
    expected = kernel / scale[0, :, 0, :].T[:, None, :]
    np.testing.assert_allclose(floats.arrays[0], expected, rtol=1e-6)


def test_each_row_of_embeddings_has_a_scale() -> None:
    table = np.int8([[2, 4, 6], [3, 6, 9]])
    floats = as_floats(embedding(), 1, [table, np.float32([2, 3])])
    np.testing.assert_array_equal(floats.arrays[0], [[1, 2, 3], [1, 2, 3]])


def test_float8_keeps_the_kernel_and_leaves_the_state_out() -> None:
    kernel = np.ones((3, 2), "float32")
    state = [np.float32(1), np.zeros(4, "float32")] * 3
    floats = as_floats(dense(), 2, [kernel, BIAS, *state])
    assert floats.mode == "float8" and len(floats.arrays) == 2


def test_weights_that_are_not_quantized_stay_as_they_are() -> None:
    kernel = np.ones((3, 2), "float32")
    for arrays in ([kernel, BIAS], [kernel, BIAS, BIAS]):
        assert as_floats(dense(), 2, arrays) == (arrays, None)


@pytest.mark.parametrize(
    ("layer", "arrays", "said"),
    [
        (dense(), [BIAS, np.zeros((2, 2), "uint8"), BIAS, BIAS, BIAS], "GPTQ or AWQ"),
        (dense(), [np.zeros((9, 9), "int8"), BIAS, BIAS], "do not hold a kernel"),
        (dense(), [np.zeros((3, 2), "int8"), BIAS, BIAS, BIAS], "2 arrays follow"),
        (
            embedding(),
            [np.zeros((2, 2), "int8"), np.ones((2, 1)), np.ones((2, 1)), np.float32([0, 0, 7])],
            "groups up to 7, of 1",
        ),
    ],
    ids=["gptq", "shape", "number", "groups"],
)
def test_what_does_not_fit_is_refused(layer: Layer, arrays: list[Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        as_floats(layer, len(layer.own_weights), arrays)
