"""A function as a layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Any, Self

import numpy as np

from konnx.graph import placeholder
from konnx.layers.base import Layer
from konnx.layers.spec import as_list, unpack

Custom = Mapping[str, Any] | None


class Lambda(Layer):
    """A function of tensors as a layer.

    A config cannot hold the function, only its name: "square" of `def square(x)`, and the layer's
    own name for a function that has none (`lambda x: x ** 2`). Whoever makes a layer from a config
    passes the function under that name in `custom_objects`. Keras 2 writes Python code instead,
    which is never read: there the name is the layer's, too.

    Args:
        function: takes the input, or the list of inputs, and, if it has parameters of these names,
            `mask` and what `arguments` holds; returns a tensor or a list of them.
        output_shape: sizes without the batch, or a function from the input's shape to the
            output's; None: what the graph says.
        mask: the output's mask, or a function from (inputs, mask) to it; None: no mask.
        arguments: further keyword arguments of the function.

    Raises:
        TypeError: `function` or `output_shape` is none.

    Example:
        >>> from konnx.layers import Input
        >>> Lambda(lambda x: x**2)(Input((8,))).shape
        (None, 8)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function = _callable(self, "function", function)
        is_shape = output_shape is None or isinstance(output_shape, tuple | list)
        self._output_shape = (
            output_shape if is_shape else _callable(self, "output_shape", output_shape)
        )
        self.mask = mask
        self.supports_masking = mask is not None
        self.arguments = dict(arguments or {})
        self._dtypes: list[str] = []

    def call(self, inputs: Any, mask: Any = None) -> Any:
        self._dtypes = [tensor.dtype for tensor in as_list(inputs)]
        given = {"mask": mask} if _takes(self.function, "mask") else {}
        return self.function(inputs, **{**self.arguments, **given})

    def compute_output_shape(self, input_shape: Any) -> Any:
        if callable(self._output_shape):
            shape = self._output_shape(input_shape)
            is_one = not shape or shape[0] is None or isinstance(shape[0], int)
            return tuple(shape) if is_one else [tuple(one) for one in shape]
        if self._output_shape is not None:
            first = input_shape[0] if isinstance(input_shape, list) else input_shape
            return (first[0], *self._output_shape)
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        dtypes = self._dtypes if len(self._dtypes) == len(shapes) else [self.dtype] * len(shapes)
        tensors = [placeholder(s, d, "shape") for s, d in zip(shapes, dtypes, strict=True)]
        given = tensors if isinstance(input_shape, list) else tensors[0]
        return unpack([tensor.shape for tensor in as_list(self.call(given))])

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        shape = self._output_shape
        return {
            **super().get_config(),
            "function": _name_of(self.function, self.name),
            "function_type": "function",
            "output_shape": _name_of(shape, f"{self.name}_shape") if callable(shape) else shape,
            "output_shape_type": "function" if callable(shape) else "raw",
            "arguments": {key: _plain(value) for key, value in self.arguments.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Custom = None) -> Self:
        """Make a layer from a config and the functions that it names.

        Args:
            config: what `get_config` returned, or what a later Keras wrote.
            custom_objects: holds the function under its name, or under that of the layer.

        Raises:
            ValueError: the function is not there; Python code in the config is never run.
        """
        kept = dict(config)
        custom = custom_objects or {}
        kept["function"] = _function_of(kept, custom)
        kept["output_shape"] = _output_shape_of(kept, custom)
        kept["arguments"] = {
            key: _array(value) for key, value in (kept.get("arguments") or {}).items()
        }
        mask = kept.get("mask")
        if mask is not None and not callable(mask):
            kept["mask"] = custom.get(mask) if isinstance(mask, str) else None
        for key in ("function_type", "output_shape_type", "module", "output_shape_module"):
            kept.pop(key, None)
        return super().from_config(kept)


def _callable(layer: Layer, argument: str, value: Any) -> Any:
    if callable(value):
        return value
    raise TypeError(
        f"`Lambda` '{layer.name}': `{argument}` must be a function. Received: {argument}={value!r}"
    )


def _takes(function: Any, name: str) -> bool:
    """Tell whether a function has a parameter of this name."""
    try:
        parameter = signature(function).parameters.get(name)
    except (TypeError, ValueError):  # of some built-in functions nothing is known
        return False
    return parameter is not None and parameter.kind is not Parameter.VAR_KEYWORD


def _name_of(function: Any, default: str) -> str:
    name = getattr(function, "__name__", "<lambda>")
    return default if name == "<lambda>" else str(name)


def _function_of(config: Mapping[str, Any], custom: Mapping[str, Any]) -> Any:
    """The function that a config names."""
    given, name = config.get("function"), config.get("name")
    for key in (given, name):
        if isinstance(key, str) and key in custom:
            return custom[key]
    is_name = isinstance(given, str) and given.isidentifier()
    raise ValueError(
        f"Lambda ({name}) stands for a function, whose Python code is never read from a file. "
        f"Pass the function as custom_objects={{'{given if is_name else name}': function}}."
    )


def _output_shape_of(config: Mapping[str, Any], custom: Mapping[str, Any]) -> Any:
    """The sizes, or the function; None, so that the graph says it, where that is not there."""
    given = config.get("output_shape")
    if config.get("output_shape_type", "raw") == "raw":
        return given if isinstance(given, list | tuple) else None
    return custom.get(given) if isinstance(given, str) else None


def _plain(value: Any) -> Any:
    """An argument as JSON can hold it, arrays as Keras writes them."""
    if isinstance(value, np.ndarray):
        return {"type": "ndarray", "value": value.tolist()}
    return value


def _array(value: Any) -> Any:
    if isinstance(value, Mapping) and value.get("type") == "ndarray":
        return np.array(value["value"])
    return value
