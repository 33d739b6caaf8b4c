"""Operations between layers are written as Keras 3 has them."""

from __future__ import annotations

from typing import Any

import pytest

from konnx.converters.keras_v3.written_operations import operation_call, operation_object

pytestmark = pytest.mark.no_runtime


def config(symbol: str, args: Any = None, **kwargs: Any) -> dict[str, Any]:
    return {"name": "o", "symbol": symbol, "args": args, "kwargs": kwargs}


def operand(index: int) -> dict[str, Any]:
    return {"class_name": "__operand__", "config": {"index": index}}


@pytest.mark.parametrize(
    ("name", "module"),
    [("Add", "numpy"), ("Relu", "nn"), ("Cast", "core"), ("TopK", "math"), ("Norm", "linalg")],
)
def test_a_class_comes_from_the_module_that_keras_has_it_in(name: str, module: str) -> None:
    assert operation_object(config(f"keras.ops.{name}", axis=1)) == {
        "module": f"keras.src.ops.{module}",
        "class_name": name,
        "config": {"name": "o", "axis": 1},
        "registered_name": name,
    }


def test_tensors_take_the_places_of_their_numbers() -> None:
    x, y = {"class_name": "x"}, {"class_name": "y"}
    arguments = {"args": [[operand(1), operand(0)], 2.0], "kwargs": {"mask": operand(0)}}
    found = operation_call(config("keras.ops.Concatenate"), arguments, [x, y])
    assert found == {"args": [[y, x], 2.0], "kwargs": {"mask": x}}


@pytest.mark.parametrize(("args", "expected"), [(None, ["x", "y"]), ([operand(1), 3], ["y", 3])])
def test_arguments_of_the_layer_count_where_the_call_has_none(args: Any, expected: Any) -> None:
    found: Any = operation_call(config("keras.ops.Add", args), {}, ["x", "y"])  # type: ignore[list-item]
    assert found == {"args": expected, "kwargs": {}}


def test_operations_of_others_are_refused() -> None:
    with pytest.raises(ValueError, match=r"`Operation` 'o'.*does not know `tf\.add`"):
        operation_object(config("tf.add"))
