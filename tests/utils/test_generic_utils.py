from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from konnx.utils import deserialize_keras_object, serialize_keras_object
from konnx.utils.generic_utils import CustomObjectScope, func_dump, func_load, has_arg

pytestmark = pytest.mark.no_runtime


def positional(x: int, /, y: int = 0, *rest: int, z: int = 0, **others: int) -> None:
    """A function with every kind of argument."""


@pytest.mark.parametrize(
    ("name", "accept_all", "expected"),
    [
        ("x", False, False),
        ("y", False, True),
        ("z", False, True),
        ("rest", False, False),
        ("others", False, False),
        ("unknown", False, False),
        ("unknown", True, True),
    ],
)
def test_an_argument_counts_that_can_be_given_by_name(
    name: str, accept_all: bool, expected: bool
) -> None:
    assert has_arg(positional, name, accept_all) is expected


class Circle:
    """A class with a config."""

    def __init__(self, radius: int = 1) -> None:
        self.radius = radius

    def get_config(self) -> dict[str, int]:
        return {"radius": self.radius}

    @classmethod
    def from_config(cls, config: dict[str, int]) -> Circle:
        return cls(**config)


def power(exponent: int) -> Callable[[int], int]:
    """A function that returns functions."""
    return lambda x: x**exponent


def test_objects_go_by_class_and_config() -> None:
    config = serialize_keras_object(Circle(3))
    assert config == {"class_name": "Circle", "config": {"radius": 3}}
    assert deserialize_keras_object(config, {"Circle": Circle, "other": 3}).radius == 3
    assert deserialize_keras_object(config, custom_objects={"Circle": Circle}).radius == 3
    with CustomObjectScope({"Circle": Circle}):
        assert deserialize_keras_object(config).radius == 3


def test_functions_go_by_name_and_nothing_by_none() -> None:
    assert serialize_keras_object(power) == "power"
    assert deserialize_keras_object("power", {"power": power}) is power
    assert serialize_keras_object(None) is None


def test_a_function_with_a_config_is_called_with_it() -> None:
    config = {"class_name": "power", "config": {"exponent": 3}}
    assert deserialize_keras_object(config, {"power": power})(2) == 8


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("circel", "Unknown shape: 'circel'. Did you mean 'Circle'"),
        ({"class_name": "Square", "config": {}}, "Unknown shape: 'Square'"),
        ({"class_name": "Circle", "config": {"size": 1}}, "'Circle' cannot be made.*size"),
        ({"config": {}}, "The configuration of the shape must be"),
    ],
)
def test_what_is_unknown_or_damaged_is_named(identifier: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        deserialize_keras_object(identifier, {"Circle": Circle}, printable_module_name="shape")


def test_what_has_no_name_cannot_be_serialized() -> None:
    with pytest.raises(ValueError, match="get_config.*3"):
        serialize_keras_object(3)


def test_code_is_neither_stored_nor_loaded() -> None:
    with pytest.raises(ValueError, match="The code of power cannot be stored.*custom_objects"):
        func_dump(power)
    with pytest.raises(ValueError, match="never run.*custom_objects"):
        func_load("4wAAAA==")
