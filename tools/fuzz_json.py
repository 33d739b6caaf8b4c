"""Configs in JSON and YAML with a structure that no honest program writes."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

Config = dict[str, Any]

_ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1 << 31, 1 << 62, 10**30, 1.5, float("nan"), float("inf"), -(1 << 63), "",
    "Lambda", "\ud800", [], {}, [[]], [None], [-1, -1], {"class_name": "Dense"}, {"a": {"b": []}},
)  # fmt: skip


def _objects(value: Any) -> Iterator[Any]:
    """All objects and lists in a value, the value first."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list):
            yield one
            waiting += one.values() if isinstance(one, dict) else one


def _layers(config: Any) -> list[Config]:
    return [one for one in _objects(config) if isinstance(one, dict) and "class_name" in one]


def odd_value(config: Any, chance: random.Random) -> Any:
    """Another type, size or sign in place of any value."""
    held = [one for one in _objects(config) if one]
    if not held:
        return chance.choice(_ODD)
    one = chance.choice(held)
    key = chance.choice(list(one) if isinstance(one, dict) else range(len(one)))
    one[key] = copy.deepcopy(chance.choice(_ODD))
    return config


def without_key(config: Any, chance: random.Random) -> Any:
    """One key or item less, or one twice."""
    held = [one for one in _objects(config) if one]
    one = chance.choice(held) if held else {}
    if isinstance(one, dict) and one:
        del one[chance.choice(list(one))]
    elif one:
        one.append(one[chance.randrange(len(one))])
    return config


def other_class(config: Any, chance: random.Random) -> Any:
    """A layer with the class of another one."""
    from konnx.layers import LAYERS

    found = _layers(config)
    if found:
        chance.choice(found)["class_name"] = chance.choice([*LAYERS, "Functional", "Model"])
    return config


def other_config(config: Any, chance: random.Random) -> Any:
    """A layer with the config, or the whole, of another one."""
    found = _layers(config)
    if found:
        one, other = chance.choice(found), copy.deepcopy(chance.choice(found))
        key = chance.choice(list(other))
        one[key] = other[key]
    return config


def same_names(config: Any, chance: random.Random) -> Any:
    """All layers with one name."""
    name = chance.choice(("a", "", "../a", "a/b", "\x1b[31m", "name:0"))
    for layer in _layers(config):
        layer["name"] = name
        if isinstance(layer.get("config"), dict):
            layer["config"]["name"] = name
    return config


def cyclic(config: Any, chance: random.Random) -> Any:
    """Layers that take what they give themselves, or what comes after them."""
    found = [one for one in _layers(config) if one.get("inbound_nodes")]
    if found:
        one, other = chance.choice(found), chance.choice(found)
        one["inbound_nodes"] = [[[other.get("name"), chance.choice((0, 1, 10**9)), 0, {}]]]
    return config


def deep(config: Any, chance: random.Random) -> Any:
    """A layer in a wrapper in a wrapper…, or lists in lists."""
    found = _layers(config)
    depth = chance.choice((3, 20, 200, 900))
    value: Any = 0
    if found and chance.random() < 0.7:
        kind = chance.choice(("TimeDistributed", "Bidirectional", "Sequential", "RNN"))
        layer = chance.choice(found)
        inner = copy.deepcopy(layer)
        for index in range(depth):
            part = {"layers": [inner]} if kind == "Sequential" else {"layer": inner, "cell": inner}
            inner = {"class_name": kind, "config": {"name": f"w{index}", **part}}
            if kind == "RNN":
                del inner["config"]["layer"]
            elif kind != "Sequential":
                del inner["config"]["cell"]
        layer.clear()
        layer.update(inner)
        return config
    for _ in range(depth):
        value = [value]
    held = [one for one in _objects(config) if isinstance(one, dict) and one]
    if held:
        one = chance.choice(held)
        one[chance.choice(list(one))] = value
    return config


JSON: tuple[Callable[[Any, random.Random], Any], ...] = (
    odd_value, odd_value, odd_value, without_key, other_class, other_config, same_names, cyclic,
    deep,
)  # fmt: skip


def change_json(content: bytes, chance: random.Random) -> bytes:
    """Change the structure of a JSON text once or twice."""
    value = json.loads(content)
    for _ in range(chance.choice((1, 1, 2))):
        value = chance.choice(JSON)(value, chance)
    return json.dumps(value).encode()


def change_yaml(content: bytes, chance: random.Random) -> bytes:
    """Change the structure of a YAML text, or add what makes objects, links or bombs of it."""
    import yaml

    if chance.random() < 0.3:
        extra = (
            b"a: &a [b,b,b,b,b,b,b,b,b]\n" + b"".join(
                b"%c: &%c [%s]\n" % (c + 1, c + 1, b",".join([b"*%c" % c] * 9))
                for c in range(97, 107)
            ),
            b"config: !!python/object/apply:os.system ['true']\n",
            b"x: &x [*x]\n", b"? [a]\n: 1\n", b"[" * 5000, b"{a: " * 3000, b"x: !!binary AAAA\n",
        )  # fmt: skip
        return chance.choice((b"", content)) + chance.choice(extra)
    value = yaml.safe_load(content)
    return yaml.safe_dump(chance.choice(JSON)(value, chance)).encode("utf-8", "replace")
