"""The expression graph: immutable tensors, each the output of an immutable node.

There is no global graph. A tensor knows the node that makes it, a node knows its inputs, and what
no tensor reaches is garbage like any other Python object. Types and shapes are inferred by ONNX
itself the moment a node is made, so a wrong shape fails on the line that wrote it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from konnx.graph.types import Dim, TensorType

if TYPE_CHECKING:
    from collections.abc import Iterator

OPSET = 18
"""The opset of everything that konnx emits."""

INTERNAL = "konnx.graph"
"""Domain of what is no ONNX operator: leaves (Placeholder, Constant, Variable), Phase,
StopGradient, Print and Composite."""

_serials = itertools.count()
_operators: dict[str, Callable[..., Tensor]] = {}
_scope: ContextVar[str] = ContextVar("konnx_name_scope", default="")


class ShapeError(ValueError):
    """An operator was given tensors whose shapes or dtypes do not fit."""


@contextmanager
def name_scope(name: str) -> Iterator[str]:
    """Name the nodes made inside `name/op`, so that a runtime message leads back to its layer."""
    outer = _scope.get()
    token = _scope.set(f"{outer}/{name}" if outer else name)
    try:
        yield _scope.get()
    finally:
        _scope.reset(token)


def current_scope() -> str:
    """Return the path of the open name scopes, "" outside any."""
    return _scope.get()


def next_serial() -> int:
    """Return a number that is less than `serial` of every node made from now on."""
    return next(_serials)


class Node:
    """One application of an operator: its type, inputs and attributes. Never changed once made.

    Nodes are numbered by `serial` in the order in which they are made.
    """

    __slots__ = ("attributes", "domain", "inputs", "name", "op_type", "outputs", "serial")

    def __init__(
        self,
        op_type: str,
        inputs: Sequence[Tensor | None],
        attributes: Mapping[str, Any],
        types: Sequence[TensorType],
        *,
        domain: str = "",
        name: str = "",
    ) -> None:
        self.op_type = op_type
        self.domain = domain
        self.inputs = tuple(inputs)
        self.attributes = dict(attributes)
        self.name = name or _scoped(op_type)
        self.serial = next(_serials)
        self.outputs = tuple(Tensor(self, index, type_) for index, type_ in enumerate(types))

    @property
    def scope(self) -> str:
        """The name scope (for example the layer) in which the node was made."""
        return self.name.rpartition("/")[0]

    def with_inputs(self, inputs: Sequence[Tensor | None]) -> Node:
        """Return the same application on other inputs of the same types."""
        types = [output.type for output in self.outputs]
        return Node(
            self.op_type, inputs, self.attributes, types, domain=self.domain, name=self.name
        )

    def __repr__(self) -> str:
        return f"<Node {self.name} ({self.op_type})>"


def _scoped(op_type: str) -> str:
    scope = _scope.get()
    return f"{scope}/{op_type}" if scope else op_type


def _operator(name: str) -> Callable[..., Tensor]:
    def method(self: Tensor, *others: Any) -> Tensor:
        return _operators[name](self, *others)

    return method


class Tensor:
    """A symbolic value: one output of a node, with a dtype and what is known of its shape.

    Tensors compare by identity; arithmetic, comparison (`<`, `<=`, `>`, `>=`), logic (`&`, `|`,
    `^`, `~`, of bool) and indexing build new nodes.
    """

    __slots__ = ("__weakref__", "_keras_history", "_keras_mask", "index", "node", "type")

    def __init__(self, node: Node, index: int, type_: TensorType) -> None:
        self.node = node
        self.index = index
        self.type = type_
        self._keras_history: Any = None
        self._keras_mask: Tensor | None = None

    @property
    def dtype(self) -> str:
        """The element type's name, such as "float32"."""
        return self.type.dtype

    @property
    def dims(self) -> tuple[Dim, ...] | None:
        """The sizes, with the names of those that vary; None if the rank is unknown."""
        return self.type.dims

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape as Keras writes it (None for a size that varies).

        Raises:
            ShapeError: not even the rank is known.
        """
        shape = self.type.shape
        if shape is None:
            raise ShapeError(f"The rank of {self!r} is unknown. Give it a shape with K.reshape.")
        return shape

    @property
    def _keras_shape(self) -> tuple[int | None, ...]:
        return self.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def name(self) -> str:
        """A readable name: that of the node, with the output's number if it has several."""
        return self.node.name if len(self.node.outputs) == 1 else f"{self.node.name}:{self.index}"

    @property
    def constant_value(self) -> np.ndarray | None:
        """The value, where it is a constant of the graph; otherwise None."""
        return self.node.attributes["value"] if _is_leaf(self, "Constant") else None

    def __repr__(self) -> str:
        return f"<Tensor '{self.name}' shape={self.type.dims} dtype={self.dtype}>"

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"{self!r} is symbolic and has no truth value while a graph is built. "
            "Use K.where(condition, then, otherwise)."
        )

    def __iter__(self) -> Iterator[Tensor]:
        size = self.shape[0] if self.shape else None
        if size is None:
            raise TypeError(f"Cannot iterate over {self!r}: its first size is not known.")
        return (self[index] for index in range(size))

    def __len__(self) -> NoReturn:
        raise TypeError(f"{self!r} is symbolic and has no len(). Use K.int_shape or K.shape.")

    __array_priority__ = 100  # so that ndarray + Tensor comes here
    __array_ufunc__ = None

    __add__ = _operator("add")
    __radd__ = _operator("radd")
    __sub__ = _operator("sub")
    __rsub__ = _operator("rsub")
    __mul__ = _operator("mul")
    __rmul__ = _operator("rmul")
    __truediv__ = _operator("truediv")
    __rtruediv__ = _operator("rtruediv")
    __floordiv__ = _operator("floordiv")
    __rfloordiv__ = _operator("rfloordiv")
    __mod__ = _operator("mod")
    __rmod__ = _operator("rmod")
    __pow__ = _operator("pow")
    __rpow__ = _operator("rpow")
    __matmul__ = _operator("matmul")
    __rmatmul__ = _operator("rmatmul")
    __neg__ = _operator("neg")
    __pos__ = _operator("pos")
    __invert__ = _operator("invert")
    __and__ = _operator("and")
    __rand__ = _operator("rand")
    __or__ = _operator("or")
    __ror__ = _operator("ror")
    __xor__ = _operator("xor")
    __rxor__ = _operator("rxor")
    __abs__ = _operator("abs")
    __lt__ = _operator("lt")
    __le__ = _operator("le")
    __gt__ = _operator("gt")
    __ge__ = _operator("ge")
    __getitem__ = _operator("getitem")


def register_operators(table: Mapping[str, Callable[..., Tensor]]) -> None:
    """Give tensors their Python operators (called once, by `konnx.ops`)."""
    _operators.update(table)


def _is_leaf(tensor: Tensor, kind: str) -> bool:
    return tensor.node.op_type == kind and tensor.node.domain == INTERNAL


def is_placeholder(tensor: Tensor) -> bool:
    """Tell whether the tensor is an input of the graph."""
    return _is_leaf(tensor, "Placeholder")


def is_constant(tensor: Tensor) -> bool:
    """Tell whether the tensor's value is part of the graph."""
    return _is_leaf(tensor, "Constant")


def is_variable(tensor: Tensor) -> bool:
    """Tell whether the tensor is a `Variable`."""
    return _is_leaf(tensor, "Variable")


def is_stop_gradient(tensor: Tensor) -> bool:
    """Tell whether gradients end at the tensor."""
    return _is_leaf(tensor, "StopGradient")


def is_print(tensor: Tensor) -> bool:
    """Tell whether a run prints the tensor."""
    return _is_leaf(tensor, "Print")


def is_composite(tensor: Tensor) -> bool:
    """Tell whether the tensor says what it is the result of, as a whole."""
    return _is_leaf(tensor, "Composite")


def is_phase(tensor: Tensor) -> bool:
    """Tell whether the tensor stands for one value in training and another in inference."""
    return _is_leaf(tensor, "Phase")
