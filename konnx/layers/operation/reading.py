"""Operations from the configs of all versions that write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from konnx.layers.operation.configs import arguments_of_lambda
from konnx.layers.operation.keras_ops import KERAS
from konnx.layers.operation.layer import Operation

_LAMBDAS = frozenset({"ClassMethod", "InstanceMethod", "InstanceProperty", "SlicingOpLambda",
                      "TFOpLambda", "TensorFlowOpLayer"})  # fmt: skip
_COMMON = {"name", "trainable", "dtype", "build_config"}
_OWNERS = ("keras.src.ops.", "keras.ops.", "keras.src.activations.")


def is_operation(entry: Mapping[str, Any]) -> bool:
    """Tell whether a layer's entry in a model config is an operation, not a layer.

    Args:
        entry: with "class_name", "config" and perhaps "module". Keras 3's HDF5 files have no
            module; there an operation is told from a layer of the same name, such as Add, by its
            config, which lacks what all layers have.

    Example:
        >>> is_operation({"class_name": "Add", "config": {"name": "add"}})
        True
        >>> is_operation({"class_name": "Add", "config": {"name": "add", "trainable": True}})
        False
    """
    name, module = entry.get("class_name"), entry.get("module")
    if name in _LAMBDAS:
        return True
    if isinstance(module, str):
        return module.startswith(_OWNERS)
    config = entry.get("config")
    is_bare = isinstance(config, Mapping) and not {"trainable", "dtype"} & set(config)
    return is_bare and f"keras.ops.{name}" in KERAS


def operation_from_config(class_name: str, config: Mapping[str, Any]) -> Operation:
    """Make the layer that stands for an operation.

    The arguments of a call are given at the call, with `operand(i)` for the tensors in them:
    `layer(tensors, args=[operand(0), 2.0], kwargs={})`.

    Args:
        class_name: "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", …, or a class of Keras 3's
            operations, such as "Add".
        config: of the layer.

    Raises:
        ValueError: the operation is not in the table; names the layer.

    Example:
        >>> from konnx.layers import Input
        >>> layer = operation_from_config("Mean", {"name": "mean", "axis": 1, "keepdims": False})
        >>> from konnx.layers.operation import operand
        >>> layer([Input((4, 3))], args=[operand(0)]).shape
        (None, 3)
    """
    if class_name in _LAMBDAS:
        return Operation(**arguments_of_lambda(config))
    symbol = KERAS.get(f"keras.ops.{class_name}")
    unused = _COMMON if symbol is None else _COMMON - set(symbol.parameters.names)
    kwargs = {key: value for key, value in config.items() if key not in unused}
    return Operation(f"keras.ops.{class_name}", kwargs=kwargs, name=config.get("name"))
