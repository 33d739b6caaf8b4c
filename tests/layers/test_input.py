"""Shapes of inputs: what is taken, and what is refused with a way out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.layers import Dense, Embedding, Input, InputLayer

pytestmark = pytest.mark.no_runtime


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5,), (None, 5)),
        ([2, None], (None, 2, None)),
        (np.array([3, 4]), (None, 3, 4)),
        ((5.0,), (None, 5)),
        ((), (None,)),
    ],
)
def test_a_shape_is_a_sequence_of_sizes(shape: Any, expected: tuple[int | None, ...]) -> None:
    assert Input(shape).shape == expected
    assert Input(batch_shape=(3, *shape)).shape == (3, *expected[1:])
    assert InputLayer(shape, batch_size=3).batch_input_shape == (3, *expected[1:])


@pytest.mark.parametrize("shape", [5, "ab", (-1,), (0,), (2.5,), ("a",), (2, [3])])
@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda shape: Input(shape, name="x"), "input_shape"),
        (lambda shape: Input(batch_shape=shape, name="x"), "batch_input_shape"),
        (lambda shape: Dense(3, input_shape=shape, name="x"), "input_shape"),
        (lambda shape: Embedding(3, 2, batch_input_shape=shape, name="x"), "batch_input_shape"),
    ],
)
def test_what_is_no_shape_is_refused_by_the_layer(make: Any, argument: str, shape: Any) -> None:
    with pytest.raises(ValueError, match=f"'x': `{argument}` must .*Received: {argument}="):
        make(shape)


def test_a_wrong_batch_size_and_a_wrong_width_are_refused() -> None:
    with pytest.raises(ValueError, match="'x': `batch_size` must hold positive whole numbers"):
        Dense(3, input_shape=(2,), batch_size=0, name="x")
    with pytest.raises(ValueError, match=r"'x': `input_shape` must .* input_shape=\(-2,\)"):
        Dense(3, input_dim=-2, name="x")


def test_an_input_without_a_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="needs `input_shape` or `batch_input_shape`"):
        Input()
