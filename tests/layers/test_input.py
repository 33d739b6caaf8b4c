"""Shapes of inputs: what is taken, and what is refused with a way out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.layers import Dense, Embedding, Flatten, Input, InputLayer
from konnx.models import Sequential

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


# What Keras 2.1.6 makes of them, but for an Embedding's weights, which it fails to make.
@pytest.mark.parametrize(
    ("layer", "input_dtype", "output_dtype"),
    [
        (lambda: Flatten(input_shape=(2, 3), input_dtype="int32"), "int32", "int32"),
        (lambda: Flatten(input_shape=(2, 3), dtype=np.uint8), "uint8", "uint8"),
        (
            lambda: Flatten(input_shape=(2,), dtype="int32", input_dtype="uint8"),
            "int32",
            "int32",
        ),
        (lambda: Embedding(5, 2, input_dtype="int32"), "int32", "float32"),
        (lambda: Embedding(5, 2, dtype="int32"), "int32", "float32"),
        (lambda: Dense(5, input_shape=(2,), dtype="float64"), "float64", "float64"),
        (
            lambda: Embedding.from_config(
                {"input_dim": 5, "output_dim": 2, "input_dtype": "int32",
                 "batch_input_shape": [None, 3]}
            ),
            "int32",
            "float32",
        ),
    ],
)  # fmt: skip
def test_a_first_layer_says_the_dtype_of_the_input(
    layer: Any, input_dtype: str, output_dtype: str
) -> None:
    model = Sequential([layer()])
    assert [one.dtype for one in (*model.inputs, *model.outputs)] == [input_dtype, output_dtype]
    assert {weight.dtype for weight in model.weights} <= {output_dtype}
    again = Sequential.from_config(model.get_config())
    assert again.inputs[0].dtype == input_dtype
    assert model.layers[0].get_config()["dtype"] == input_dtype


def test_the_dtype_of_a_layer_that_is_not_the_first_is_kept_in_its_config() -> None:
    config = Dense(5, dtype="float64").get_config()
    assert config["dtype"] == Dense.from_config(config).dtype == "float64"
    assert "dtype" not in Dense(5, input_dtype="float64").get_config()  # only first layers have one


def test_what_is_no_dtype_is_refused_by_the_layer() -> None:
    with pytest.raises(ValueError, match="'x': `dtype` must be a dtype.*dtype='float31'"):
        Dense(3, dtype="float31", name="x")
    with pytest.raises(ValueError, match="'x': `input_dtype` must be .*input_dtype='text'"):
        Embedding(3, 2, input_dtype="text", name="x")


def test_data_show_the_shape_of_an_input_and_the_first_layer_its_dtype() -> None:
    model = Sequential([Dense(2, dtype="float64")])
    model.build((None, 3))
    assert model.inputs[0].dtype == model.outputs[0].dtype == "float64"
