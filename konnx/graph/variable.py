"""Variables: tensors whose value outlives a run and can be replaced by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from konnx.graph.tensor import INTERNAL, Node, Tensor
from konnx.graph.types import TensorType, standardize_dtype


class Storage(Protocol):
    """Where a variable's value lives: in host memory, or on the device of a runtime."""

    @property
    def version(self) -> int:
        """A number that changes with each write."""

    def numpy(self) -> np.ndarray:
        """Return a copy of the value."""

    def assign(self, value: np.ndarray) -> None:
        """Replace the value by one of the same shape."""


class HostStorage:
    """A value in host memory; made on first use, so that building a large model costs nothing."""

    def __init__(self, make: Callable[[], np.ndarray]) -> None:
        self._make: Callable[[], np.ndarray] | None = make
        self._value: np.ndarray | None = None
        self.version = 0

    def numpy(self) -> np.ndarray:
        """Return a copy of the value."""
        if self._value is None:
            assert self._make is not None
            self._value, self._make = self._make(), None
        return self._value.copy()

    def assign(self, value: np.ndarray) -> None:
        """Replace the value."""
        self._value, self._make = value.copy(), None
        self.version += 1


class Variable(Tensor):
    """A tensor with a value that runs of a graph read and update.

    Args:
        value: the initial value, or a function of no arguments that makes it when it is first
            needed (then `shape` must be given).
        dtype: default: the value's own; float32 for Python floats and functions.
        name: shown in summaries and files.
        shape: the shape of what the function makes.
        constraint: a function of the new value that an optimizer applies after each update.

    Example:
        >>> Variable([1.0, 2.0], name="scale").numpy()
        array([1., 2.], dtype=float32)
    """

    __slots__ = ("_name", "constraint", "storage", "trainable")

    def __init__(
        self,
        value: Any,
        dtype: Any = None,
        name: str = "variable",
        *,
        shape: Sequence[int] | None = None,
        constraint: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        make, type_ = _initial(value, dtype, shape, name)
        super().__init__(Node("Variable", (), {}, [], domain=INTERNAL, name=name), 0, type_)
        self.node.outputs = (self,)
        self._name = name
        self.constraint = constraint
        self.trainable = True
        self.storage: Storage = HostStorage(make)

    @property
    def name(self) -> str:
        """The variable's own name, such as "dense_1/kernel"."""
        return self._name

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes, all of them known."""
        dims = self.type.dims or ()
        return tuple(dim for dim in dims if isinstance(dim, int))

    def numpy(self) -> np.ndarray:
        """Return a copy of the present value."""
        return self.storage.numpy()

    def assign(self, value: Any) -> None:
        """Replace the value.

        Raises:
            ValueError: the new value has another shape.
        """
        array = np.asarray(value, dtype=self.dtype)
        if array.shape != self.shape:
            raise ValueError(
                f"Variable '{self.name}' has shape {self.shape}. Received: a value of shape "
                f"{array.shape}"
            )
        self.storage.assign(array)


def _initial(
    value: Any, dtype: Any, shape: Sequence[int] | None, name: str
) -> tuple[Callable[[], np.ndarray], TensorType]:
    if callable(value):
        if shape is None:
            raise ValueError(f"Variable '{name}' needs `shape`, as its value is made later.")
        type_ = TensorType(standardize_dtype(dtype or "float32"), tuple(shape))
        return _checked(value, type_, name), type_
    if dtype is None and not isinstance(value, np.ndarray | np.generic):
        dtype = "float32"
    array = np.array(value, dtype=dtype, order="C")
    return (lambda: array), TensorType(standardize_dtype(array.dtype), array.shape)


def _checked(make: Callable[[], Any], type_: TensorType, name: str) -> Callable[[], np.ndarray]:
    def checked() -> np.ndarray:
        array = np.array(make(), dtype=type_.dtype, order="C")  # the maker may keep its own
        if array.shape != type_.shape:
            raise ValueError(
                f"The initial value of variable '{name}' must have shape {type_.shape}. "
                f"Received: shape {array.shape}"
            )
        return array

    return checked


def assign_all(owner: str, variables: Sequence[Variable], weights: Sequence[Any]) -> None:
    """Replace the values of variables, all or none.

    Args:
        owner: whose they are, for messages.
        variables: what to change.
        weights: one array for each.

    Raises:
        ValueError: another number of arrays, or an array of another shape.
    """
    if len(weights) != len(variables):
        raise ValueError(f"'{owner}' has {len(variables)} weights. Received: {len(weights)} arrays")
    arrays = [
        _as_weight(owner, variable, weight)
        for variable, weight in zip(variables, weights, strict=True)
    ]
    for variable, array in zip(variables, arrays, strict=True):
        if array.shape != variable.shape:
            raise ValueError(
                f"Weight '{variable.name}' of '{owner}' has shape {variable.shape}. "
                f"Received: an array of shape {array.shape}"
            )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _as_weight(owner: str, variable: Variable, weight: Any) -> np.ndarray:
    try:
        return np.asarray(weight, dtype=variable.dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Weight '{variable.name}' of '{owner}' must be an array of {variable.dtype}. "
            f"Received: {type(weight).__name__} ({error})"
        ) from error
