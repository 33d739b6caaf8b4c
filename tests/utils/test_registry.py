from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from konnx.utils.registry import FunctionRegistry, Registry

pytestmark = pytest.mark.no_runtime

SHAPES: Registry[Callable[..., Any]] = Registry("shape")
FUNCTIONS: FunctionRegistry[Callable[..., Any]] = FunctionRegistry("function")


class Circle:
    def __init__(self, radius: float = 1.0) -> None:
        self.radius = radius

    def get_config(self) -> dict[str, Any]:
        return {"radius": self.radius}


class Square:
    def __init__(self, side: float) -> None:
        self.side = side


class Group:
    def __init__(self, custom_objects: Any) -> None:
        self.custom_objects = custom_objects

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Group:
        return cls(custom_objects)


class Stack:
    def __init__(self, items: list[Any]) -> None:
        self.items = items

    @classmethod
    def from_config(cls, config: list[Any]) -> Stack:
        return cls(config)


def unit_circle() -> Circle:
    return Circle(1.0)


def half(x: float) -> float:
    return x / 2


def own(x: float) -> float:
    return x


SHAPES.register(Circle, "circle", "round")
SHAPES.register(Square)
SHAPES.register(Group)
SHAPES.register(Stack)
SHAPES.register(unit_circle, name="UnitCircle")
FUNCTIONS.register(half, "halve")


def test_names_lists_entries_and_aliases_in_order() -> None:
    expected = ["Circle", "Group", "Square", "Stack", "UnitCircle", "circle", "round"]
    assert SHAPES.names == list(SHAPES) == expected
    assert "circle" in SHAPES
    assert "unit_circle" not in SHAPES


def test_register_works_as_a_decorator() -> None:
    registry: Registry[type] = Registry("thing")

    @registry.register
    class Thing:
        pass

    assert registry.resolve("Thing") is Thing


def test_a_name_cannot_be_given_twice() -> None:
    SHAPES.register(Circle, "circle")  # the same entry again is no harm
    with pytest.raises(ValueError, match="The shape 'circle' exists already"):
        SHAPES.register(Square, "circle")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Cirkle", "Unknown shape: 'Cirkle'. Did you mean 'circle'"),
        ("SQUARE", "Did you mean 'Square'"),
        ("Zzz", "Known: Circle, Group, Square, Stack, UnitCircle, circle, round."),
        ("Zzz", "If it is your own, pass it in custom_objects={'Zzz': ...}."),
    ],
)
def test_an_unknown_name_is_answered_with_those_like_it(name: str, hint: str) -> None:
    with pytest.raises(ValueError, match="Unknown shape") as caught:
        SHAPES.resolve(name)
    assert hint in str(caught.value)


def test_a_name_of_any_length_makes_a_short_message() -> None:
    with pytest.raises(ValueError, match="…'") as caught:
        SHAPES.resolve("x" * 1_000_000)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("name", ["os.system", "__import__", "Registry", "print", "__class__"])
def test_only_what_was_registered_is_found(name: str) -> None:
    with pytest.raises(ValueError, match="Unknown shape"):
        SHAPES.deserialize({"class_name": name, "config": {}})


def test_custom_objects_win_over_the_registry() -> None:
    assert SHAPES.resolve("Circle", {"Circle": Square}) is Square


def test_custom_objects_are_found_behind_a_package_name() -> None:
    custom = {"Mine": Square}
    assert SHAPES.resolve("Custom>Mine", custom) is Square
    with pytest.raises(ValueError, match="Unknown shape"):
        SHAPES.resolve("Custom>Circle", custom)


@pytest.mark.parametrize(
    ("config", "radius"),
    [
        ("round", 1.0),
        ("UnitCircle", 1.0),
        ({"class_name": "Circle", "config": {"radius": 3.0}}, 3.0),
        ({"class_name": "UnitCircle", "config": {}}, 1.0),
        ({"class_name": "Circle"}, 1.0),
        (
            {
                "module": "os",
                "class_name": "Circle",
                "config": {"radius": 2.0},
                "registered_name": None,
                "build_config": {},
            },
            2.0,
        ),
    ],
)
def test_an_instance_is_made_from_a_name_or_a_configuration(config: Any, radius: float) -> None:
    assert SHAPES.deserialize(config).radius == radius


def test_what_is_serialized_can_be_deserialized() -> None:
    config = SHAPES.serialize(Circle(5.0))
    assert config == {"class_name": "Circle", "config": {"radius": 5.0}}
    assert SHAPES.deserialize(config).radius == 5.0
    assert SHAPES.serialize(None) is None
    assert FUNCTIONS.serialize(half) == "half"


def test_what_has_neither_name_nor_configuration_cannot_be_serialized() -> None:
    with pytest.raises(ValueError, match="To be saved, the shape must have"):
        SHAPES.serialize(object())


def test_a_configuration_is_not_changed() -> None:
    config = {"class_name": "Circle", "config": {"radius": 3.0}}
    SHAPES.deserialize(config)
    assert config == {"class_name": "Circle", "config": {"radius": 3.0}}


def test_from_config_is_given_custom_objects_if_it_asks() -> None:
    custom = {"Mine": Square}
    group = SHAPES.deserialize({"class_name": "Group", "config": {}}, custom)
    assert group.custom_objects is custom


def test_a_list_goes_to_a_from_config_that_wants_one() -> None:
    stack = SHAPES.deserialize({"class_name": "Stack", "config": [1, 2]})
    assert stack.items == [1, 2]


@pytest.mark.parametrize(
    "config", [None, 3, ["Circle"], {}, {"class_name": 3, "config": {}}, {"class_name": None}]
)
def test_what_is_no_configuration_is_refused(config: Any) -> None:
    with pytest.raises(
        ValueError, match="The configuration of the shape must be a name, or a dict"
    ):
        SHAPES.deserialize(config)


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "Circle", "config": {"raduis": 3.0}},
        {"class_name": "Square", "config": {}},
        {"class_name": "Square", "config": [1]},
    ],
)
def test_arguments_that_do_not_fit_name_the_class(config: dict[str, Any]) -> None:
    name = config["class_name"]
    with pytest.raises(ValueError, match=f"The shape '{name}' cannot be made from its config"):
        SHAPES.deserialize(config)


@pytest.mark.parametrize("config", ["half", "halve", {"class_name": "half", "config": {}}])
def test_a_function_is_found_by_name(config: Any) -> None:
    assert FUNCTIONS.deserialize(config) is half


def test_a_function_is_found_as_keras_3_writes_it() -> None:
    config = {"module": "builtins", "class_name": "function", "config": "half"}
    assert FUNCTIONS.deserialize(config) is half


def test_a_function_takes_no_configuration() -> None:
    with pytest.raises(ValueError, match="The function 'half' is a function and takes no config"):
        FUNCTIONS.deserialize({"class_name": "half", "config": {"x": 1}})


@pytest.mark.parametrize("registry", [SHAPES, FUNCTIONS])
def test_a_function_of_the_user_is_meant_as_it_is(registry: Registry[Any]) -> None:
    assert registry.deserialize("own", {"own": own}) is own


@pytest.mark.parametrize("registry", [SHAPES, FUNCTIONS])
def test_a_class_of_the_user_is_instantiated(registry: Registry[Any]) -> None:
    assert isinstance(registry.deserialize("Mine", {"Mine": Circle}), Circle)
    config = {"class_name": "Mine", "config": {"radius": 4.0}}
    assert registry.deserialize(config, {"Mine": Circle}).radius == 4.0


def test_get_takes_names_configurations_classes_and_callables() -> None:
    assert SHAPES.get("circle").radius == 1.0
    assert SHAPES.get({"class_name": "Circle", "config": {"radius": 2.0}}).radius == 2.0
    assert SHAPES.get(Circle).radius == 1.0
    assert SHAPES.get(own) is own


@pytest.mark.parametrize("identifier", [3, None, object()])
def test_get_refuses_what_is_none_of_these(identifier: Any) -> None:
    with pytest.raises(ValueError, match="The shape must be given by name"):
        SHAPES.get(identifier)
