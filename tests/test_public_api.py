"""The public API is that of Keras 2.1.6: names, arguments, their order, defaults."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.no_runtime

FILE = Path(__file__).parent / "goldens" / "keras216_api.json"
API: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))

# Of these classes the methods are public, too; of others only what makes them.
WITH_METHODS = {"Callback", "CallbackList", "Layer", "Model", "Sequential"}

Arguments = list[tuple[str, Any]]

DEVIATIONS = {
    "engine.topology.Layer.add_weight(initializer)": "glorot_uniform; Keras has none",
    "engine.topology.Node.__init__(outbound_layer)": "calls of layers record themselves",
    "models.Sequential.regularizers": "in Keras, too, an AttributeError; losses has them",
    "utils.data_utils.get_index": "belongs to Keras' own worker processes",
    "utils.data_utils.init_pool": "belongs to Keras' own worker processes",
}
"""What konnx has not, or has differently, and why."""


def differences(module: str) -> Iterator[str]:
    """Yield each name of a module that konnx lacks, and each argument that differs."""
    found = importlib.import_module(f"konnx.{module}")
    for name, entry in API[module].items():
        ours = getattr(found, name, None)
        if ours is None:
            yield f"{module}.{name}"
            continue
        if "alias" in entry:
            yield from [] if ours is getattr(found, entry["alias"]) else [f"{module}.{name} alias"]
        for method, arguments in signatures(name, entry):
            place = f"{module}.{name}{method}"
            yield from different(place, member(ours, method), arguments)


def signatures(name: str, entry: dict[str, Any]) -> Iterator[tuple[str, Arguments]]:
    """Yield the functions of a name: "" for itself, ".method" for those of a class."""
    if "arguments" in entry:
        yield "", entry["arguments"]
    for method, arguments in entry.get("methods", {}).items():
        if method == "__init__" or name in WITH_METHODS:
            yield f".{method}", arguments[1:]


def member(thing: Any, method: str) -> Any:
    if not method:
        return thing
    return inspect.getattr_static(thing, method[1:], None)


def different(place: str, ours: Any, wanted: Arguments) -> Iterator[str]:
    if ours is None:
        yield place
        return
    if not isinstance(ours, type) and not callable(getattr(ours, "__func__", ours)):
        return  # a property or an attribute, with no arguments
    parameters = list(inspect.signature(getattr(ours, "__func__", ours)).parameters.values())
    takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters)
    named = [one for one in parameters if one.kind is not inspect.Parameter.VAR_KEYWORD]
    named = [one for one in named if one.name not in ("self", "cls")]
    wanted = [(name, default) for name, default in wanted if not name.startswith("*")]
    for position, (name, default) in enumerate(wanted):
        if position >= len(named) or named[position].name != name:
            if not (takes_any and position >= len(named)):
                yield f"{place}({name})"
                return
        elif default is not None and not same(named[position].default, default):
            yield f"{place}({name})"


def same(ours: Any, text: str) -> bool:
    """Tell whether a default is what a text says; 1 is as good as (1, 1)."""
    try:
        wanted = ast.literal_eval(text)
    except ValueError:
        return True  # what Keras computes, such as K.epsilon()
    if isinstance(wanted, tuple) and len(set(wanted)) == 1:
        return ours in (wanted, wanted[0])
    if wanted is None and isinstance(ours, tuple | dict):
        return not ours  # nothing, in another way
    return bool(ours == wanted)


@pytest.mark.parametrize("module", API)
def test_names_and_arguments_are_those_of_keras(module: str) -> None:
    expected = {place for place in DEVIATIONS if place.startswith(f"{module}.")}
    assert set(differences(module)) == expected


def test_the_page_on_differences_names_what_is_missing_or_different() -> None:
    text = (Path(__file__).parents[1] / "docs" / "differences_from_keras.md").read_text("utf-8")
    names = {place.split("(")[0].removesuffix(".__init__").split(".")[-1] for place in DEVIATIONS}
    assert sorted(name for name in names if f"`{name}" not in text) == []


@pytest.mark.parametrize("module", API)
def test_what_a_module_defines_is_what_it_offers(module: str) -> None:
    found: Callable[..., Any] = importlib.import_module(f"konnx.{module}")
    names = [name for name in API[module] if f"{module}.{name}" not in DEVIATIONS]
    assert [name for name in names if name not in dir(found)] == []
