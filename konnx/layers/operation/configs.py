"""The arguments of `Operation` from the configs that tf.keras writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def operand(index: int) -> dict[str, Any]:
    """Return what stands, among the arguments of an operation, for its input of this number."""
    return {"class_name": "__operand__", "config": {"index": index}}


def arguments_of_lambda(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `Operation` for a layer that tf.keras made of an operation."""
    common = {key: config[key] for key in ("name", "trainable") if key in config}
    if "node_def" in config:
        return {**common, **_arguments_of_node(config)}
    if "attr_name" in config:
        return {**common, "symbol": f"property {config['attr_name']}"}
    if "method_name" in config:
        owner = config.get("cls_symbol", "tensor")
        return {**common, "symbol": f"{owner}.{config['method_name']}"}
    return {**common, "symbol": f"tf.{config.get('function')}"}


def _arguments_of_node(config: Mapping[str, Any]) -> dict[str, Any]:
    """Of an operator of a TensorFlow graph: constant inputs by number, tensors in the others."""
    node = config["node_def"]
    node = json.loads(node) if isinstance(node, str) else node
    constants = {int(key): value for key, value in (config.get("constants") or {}).items()}
    inputs = [name for name in node.get("input", []) if not name.startswith("^")]
    waiting = iter(range(len(inputs)))
    args = [
        constants[place] if place in constants else operand(next(waiting))
        for place in range(len(inputs))
    ]
    attributes = {key: _attribute(value) for key, value in (node.get("attr") or {}).items()}
    kwargs = {key: value for key, value in attributes.items() if value is not None}
    return {"symbol": f"tf.raw_ops.{node['op']}", "args": args, "kwargs": {"attributes": kwargs}}


def _attribute(value: Mapping[str, Any]) -> Any:
    """The value of an attribute as JSON of protobuf has it."""
    if "i" in value:
        return int(value["i"])
    if "list" in value:
        return [int(one) for one in value["list"].get("i", [])]
    return next((value[key] for key in ("b", "f", "s", "type") if key in value), None)
