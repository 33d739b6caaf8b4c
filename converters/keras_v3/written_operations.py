"""Operations between layers as Keras 3 writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Config = dict[str, Any]

_PREFIX = "keras.ops."
_SOURCE = "keras.src.ops."
_MODULES: Mapping[str, str] = {
    "core": "Cast SaturateCast StopGradient Unstack",
    "linalg": "Norm",
    "math": "Erf Logsumexp Rsqrt TopK",
    "nn": "Celu Elu Gelu Glu HardShrink HardSigmoid HardSilu HardTanh LeakyRelu LogSigmoid "
    "LogSoftmax Moments Normalize OneHot Relu Relu6 Selu Sigmoid Silu SoftShrink Softmax Softplus "
    "Softsign SparsePlus SparseSigmoid Sparsemax Squareplus TanhShrink Threshold",
}
"""Where Keras 3 has its operations; those that are not listed here are in "numpy"."""

_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}


def operation_object(config: Mapping[str, Any]) -> Config:
    """Return class and config of an operation.

    Args:
        config: of konnx' layer `Operation`.

    Raises:
        ValueError: it is none of Keras 3.
    """
    symbol, name = config["symbol"], config["name"]
    if not symbol.startswith(_PREFIX):
        raise ValueError(
            f"`Operation` '{name}' cannot be written in the format of Keras 3, which does not know "
            f"`{symbol}`. Save the model as HDF5 (model.h5), or export it to ONNX."
        )
    class_name = symbol.removeprefix(_PREFIX)
    return {
        "module": f"{_SOURCE}{_MODULE_OF.get(class_name, 'numpy')}",
        "class_name": class_name,
        "config": {"name": name, **config["kwargs"]},
        "registered_name": class_name,
    }


def operation_call(
    config: Mapping[str, Any], arguments: Mapping[str, Any], tensors: list[Config]
) -> Config:
    """Return a call of an operation.

    Args:
        config: of the layer.
        arguments: of the call.
        tensors: what its operands stand for.
    """
    args = arguments.get("args", config["args"])
    return {
        "args": list(tensors) if args is None else _filled(list(args), tensors),
        "kwargs": _filled(dict(arguments.get("kwargs") or {}), tensors),
    }


def _filled(value: Any, tensors: list[Config]) -> Any:
    """The value with its tensors in the places of their numbers."""
    if isinstance(value, list | tuple):
        return [_filled(one, tensors) for one in value]
    if not isinstance(value, Mapping):
        return value
    if value.get("class_name") == "__operand__":
        return tensors[value["config"]["index"]]
    return {key: _filled(one, tensors) for key, one in value.items()}
