"""Dtypes and shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.graph import TensorType, is_float, standardize_dtype
from konnx.graph.types import merge_dims

pytestmark = pytest.mark.no_runtime


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        ("float32", "float32"),
        (float, "float64"),
        (int, "int64"),
        (bool, "bool"),
        (np.float16, "float16"),
        (np.dtype(">i4"), "int32"),
        ("string", "string"),
    ],
)
def test_dtypes_have_one_name(dtype: Any, name: str) -> None:
    assert standardize_dtype(dtype) == name


@pytest.mark.parametrize("dtype", ["complex64", "floaty", object, np.datetime64])
def test_an_unknown_dtype_is_refused_with_those_there_are(dtype: Any) -> None:
    with pytest.raises(ValueError, match="Unknown dtype. Expected one of float16, float32"):
        standardize_dtype(dtype)


@pytest.mark.parametrize(
    ("dtype", "expected"), [("float16", True), ("float64", True), ("int32", False), ("bool", False)]
)
def test_floats_carry_gradients(dtype: str, expected: bool) -> None:
    assert is_float(dtype) is expected


@pytest.mark.parametrize("dims", [None, (), (2,), ("batch", 3), (None, 0, "time")], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "string", "float16"])
def test_a_type_survives_its_onnx_spelling(dims: Any, dtype: str) -> None:
    type_ = TensorType(dtype, dims)
    assert TensorType.from_proto(type_.proto) == type_


def test_the_spelling_is_made_once() -> None:
    type_ = TensorType("float32", ("batch",))
    assert type_.proto is type_.proto


def test_keras_writes_none_for_a_size_that_varies() -> None:
    assert TensorType("float32", ("batch", None, 3)).shape == (None, None, 3)
    assert TensorType("float32", None).shape is None


@pytest.mark.parametrize(
    ("first", "second", "merged"),
    [
        (None, None, None),
        (None, (2, "n"), (2, "n")),
        ((2, None), None, (2, None)),
        ((None, "a", 3), ("batch", 2, None), ("batch", 2, 3)),
        (("a",), ("b",), ("a",)),
        (("a",), (4,), (4,)),
        ((), (), ()),
    ],
)
def test_two_descriptions_of_a_shape_join(first: Any, second: Any, merged: Any) -> None:
    assert merge_dims(first, second) == merged


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [((2,), (3,), "Sizes 2 and 3 differ"), ((2,), (2, 2), "different ranks")],
)
def test_descriptions_that_contradict_each_other_do_not_join(
    first: Any, second: Any, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        merge_dims(first, second)
