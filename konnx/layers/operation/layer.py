"""A function of tensors that a table knows by its public name, as a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from konnx import ops
from konnx.graph import Tensor, placeholder
from konnx.layers.base import Layer
from konnx.layers.operation.configs import arguments_of_lambda, operand
from konnx.layers.operation.table import find_symbol
from konnx.layers.spec import as_list, unpack

_DTYPES = {"bfloat16": "float32"}
_RAW = "attributes"  # of an operator of a TensorFlow graph: a dict of plain values


class Operation(Layer):
    """An operation that files write between layers, such as `x + 1` or `tf.reshape(x, ...)`.

    It is called with the list of the tensors that it needs; its arguments hold `operand(0)`, … in
    their places, however deep in lists. Beside these they hold what JSON does, and, in the forms
    that Keras writes, slices, ellipses and arrays: {"class_name": "__slice__", "config": {"start":
    0, "stop": 2, "step": None}}, "__ellipsis__", "__numpy__", "__tensor__", "__tuple__".

    Args:
        symbol: a name of `SYMBOLS`: "tf.math.multiply", "keras.ops.Multiply", …; docs/operations.md
            lists them.
        args: positional arguments; default: the inputs in their order.
        kwargs: arguments by name.

    Raises:
        ValueError: the symbol is not in the table; names near ones.
        TypeError: at the call, the arguments are not those of the symbol.

    Example:
        >>> from konnx.layers import Input
        >>> half = Operation("tf.math.multiply", [operand(0), 0.5])
        >>> half(Input((3,))).shape
        (None, 3)
        >>> join = Operation("keras.ops.Concatenate", [[operand(0), operand(1)]], {"axis": -1})
        >>> join([Input((3,)), Input((4,))]).shape
        (None, 7)
    """

    def __init__(
        self,
        symbol: str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.symbol = symbol
        self.args = None if args is None else list(args)
        self.kwargs = dict(kwargs or {})
        find_symbol(symbol, self.name)
        self._dtypes: list[str] = []

    def call(
        self,
        inputs: Any,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Apply the operation.

        Args:
            inputs: the tensors that the arguments stand for.
            args: of this call, in place of the layer's own.
            kwargs: of this call; those of the layer are added.
        """
        tensors = as_list(inputs)
        self._dtypes = [tensor.dtype for tensor in tensors]
        bound = self.bound(tensors, args, kwargs)
        return _as_outputs(find_symbol(self.symbol, self.name).function(*bound.values()))

    def bound(
        self,
        inputs: Sequence[Any],
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the arguments of the symbol in its own order, by name, defaults among them.

        Args:
            inputs: what the operands stand for: tensors, or arrays.
            args: of one call, in place of the layer's own.
            kwargs: of one call; those of the layer are added.

        Raises:
            TypeError: the arguments are not those of the symbol.
            ValueError: one is of an unknown kind.
        """
        given = self.args if args is None else args
        if given is None:
            given = [operand(index) for index in range(len(inputs))]
        where = f"`Operation` '{self.name}': `{self.symbol}`"
        parameters = find_symbol(self.symbol, self.name).parameters
        try:
            values = [_decoded(one, inputs) for one in given]
            merged = {**self.kwargs, **(kwargs or {})}
            named = {key: _decoded(one, inputs) for key, one in merged.items() if key != _RAW}
            named |= {key: one for key, one in merged.items() if key == _RAW}
            bound = parameters.bind(values, named)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{where} {error}") from error
        return dict(zip(parameters.names, bound, strict=True))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return None: as in Keras, a mask ends at an operation."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output, or a list of them, with the layer's own arguments."""
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        dtypes = self._dtypes if len(self._dtypes) == len(shapes) else [self.dtype] * len(shapes)
        tensors = [placeholder(s, d, "shape") for s, d in zip(shapes, dtypes, strict=True)]
        return unpack([tensor.shape for tensor in as_list(self.call(tensors))])

    def _refined(self, output: Tensor, inputs: list[Tensor], index: int) -> Tensor:
        """Nothing is known of the output but what ONNX infers."""
        return ops.identity(output) if output in inputs else output

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "symbol": self.symbol,
            "args": self.args,
            "kwargs": self.kwargs,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the layer from its own config, or from that of a `TFOpLambda`."""
        if "symbol" in config:
            return super().from_config(config)
        return cls(**arguments_of_lambda(config))


def _as_outputs(result: Any) -> Any:
    if isinstance(result, list | tuple):
        return [ops.as_tensor(one) for one in result]
    return ops.as_tensor(result)


def _decoded(value: Any, tensors: Sequence[Any]) -> Any:
    """The value with its tensors in place, and with slices and arrays as Python has them."""
    if isinstance(value, list | tuple):
        return [_decoded(one, tensors) for one in value]
    if not isinstance(value, Mapping):
        return value
    if set(value) == {"start", "stop", "step"}:  # of a SlicingOpLambda
        value = {"class_name": "__slice__", "config": value}
    kind, config = value.get("class_name"), value.get("config") or {}
    if kind not in _KINDS or not isinstance(config, Mapping):
        raise ValueError(f"has an argument of an unknown kind. Received: {value!r}")
    return _KINDS[kind](config, tensors)


def _operand(config: Mapping[str, Any], tensors: Sequence[Any]) -> Any:
    index = config.get("index")
    if not isinstance(index, int) or not 0 <= index < len(tensors):
        raise ValueError(f"has {len(tensors)} inputs. Received: operand({index!r})")
    return tensors[index]


def _slice(config: Mapping[str, Any], tensors: Sequence[Any]) -> slice:
    return slice(*[_decoded(config.get(key), tensors) for key in ("start", "stop", "step")])


def _array(config: Mapping[str, Any], tensors: Sequence[Any]) -> np.ndarray:
    dtype = config.get("dtype")
    return np.array(config.get("value"), dtype=_DTYPES.get(str(dtype), dtype))


def _tuple(config: Mapping[str, Any], tensors: Sequence[Any]) -> Any:
    return _decoded(list(config.get("value") or ()), tensors)


_KINDS = {
    "__ellipsis__": lambda config, tensors: ...,
    "__numpy__": _array,
    "__operand__": _operand,
    "__slice__": _slice,
    "__tensor__": _array,
    "__tuple__": _tuple,
}
