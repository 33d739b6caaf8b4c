"""What inference remembers: equal applications of an operator, and only these."""

from __future__ import annotations

import numpy as np
import pytest

from konnx.graph import ShapeError, TensorType, constant, op, placeholder

pytestmark = pytest.mark.no_runtime

X = placeholder((2, 3), name="x")


def test_types_follow_attributes_and_values_where_the_types_of_inputs_are_equal() -> None:
    size, integer, real = constant([2]), np.zeros(1, np.int64), np.zeros(1, np.float32)
    for _ in ("inferred", "remembered"):
        assert op("Concat", X, X, axis=0).type == TensorType("float32", (4, 3))
        assert op("Concat", X, X, axis=1).type == TensorType("float32", (2, 6))
        assert op("Reshape", X, constant([3, 2])).type == TensorType("float32", (3, 2))
        assert op("Reshape", X, constant([1, 6])).type == TensorType("float32", (1, 6))
        assert op("ConstantOfShape", size, value=integer).type == TensorType("int64", (2,))
        assert op("ConstantOfShape", size, value=real).type == TensorType("float32", (2,))


def test_each_number_of_outputs_has_types_of_its_own() -> None:
    two = op("Split", X, constant([1, 2]), axis=1, outputs=2)
    three = op("Split", X, axis=1, num_outputs=3, outputs=3)
    assert [one.type.dims for one in two] == [(2, 1), (2, 2)]
    assert [one.type.dims for one in three] == [(2, 1), (2, 1), (2, 1)]


def test_what_does_not_fit_is_refused_each_time() -> None:
    for _ in ("first", "second"):
        with pytest.raises(ShapeError, match="Concat cannot take"):
            op("Concat", X, X, axis=5)


def test_an_attribute_of_another_kind_is_not_taken_for_an_equal_number() -> None:
    assert op("Concat", X, X, axis=1).type.dims == (2, 6)
    with pytest.raises(ShapeError, match="Concat"):
        op("Concat", X, X, axis=1.0)
