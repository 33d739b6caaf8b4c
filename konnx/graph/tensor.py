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
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NoReturn, overload

import numpy as np
import onnx
from onnx import defs, helper, numpy_helper, shape_inference

from konnx.graph.types import Dim, TensorType, merge_dims, standardize_dtype

if TYPE_CHECKING:
    from collections.abc import Iterator

OPSET = 18
"""The opset of everything that konnx emits."""

INTERNAL = "konnx.graph"
"""Domain of what is no ONNX operator: leaves (Placeholder, Constant, Variable), Phase,
StopGradient and Print."""

_SMALL = 256  # integer constants up to this size take part in shape inference

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


def is_phase(tensor: Tensor) -> bool:
    """Tell whether the tensor stands for one value in training and another in inference."""
    return _is_leaf(tensor, "Phase")


def placeholder(dims: Sequence[Dim], dtype: Any = "float32", name: str = "input") -> Tensor:
    """Make an input of the graph."""
    type_ = TensorType(standardize_dtype(dtype), tuple(dims))
    return Node("Placeholder", (), {}, [type_], domain=INTERNAL, name=name).outputs[0]


def stand_in(tensor: Tensor, type_: TensorType | None = None) -> Tensor:
    """Make a placeholder with the name of a tensor and, unless another is given, its type."""
    types = [tensor.type if type_ is None else type_]
    return Node("Placeholder", (), {}, types, domain=INTERNAL, name=tensor.name).outputs[0]


def constant(value: Any, dtype: Any = None, name: str = "") -> Tensor:
    """Make a tensor whose value is known now; `value` is copied.

    Python numbers become float32 and int64, arrays keep their dtype, unless `dtype` says otherwise.
    """
    if dtype is None and not isinstance(value, np.ndarray | np.generic):
        value = np.asarray(value)
        dtype = "float32" if value.dtype == np.float64 else value.dtype
    array = np.array(value, dtype=None if dtype is None else standardize_dtype(dtype), order="C")
    array.setflags(write=False)
    type_ = TensorType(standardize_dtype(array.dtype), array.shape)
    return Node("Constant", (), {"value": array}, [type_], domain=INTERNAL, name=name).outputs[0]


def int64s(values: Sequence[int]) -> Tensor:
    """Return a one-dimensional int64 constant: sizes, axes, pads."""
    return constant(np.asarray(values, dtype=np.int64).reshape(-1))


def in_train_phase(
    training: Tensor,
    inference: Tensor,
    *,
    unless: Callable[[], bool] | None = None,
    name: str = "",
) -> Tensor:
    """Make a tensor that is `training` while training and `inference` otherwise.

    Which of them it is, is decided when a function is emitted; the other side then vanishes.

    Args:
        training: the value in training.
        inference: the value otherwise, of the same dtype and shape.
        unless: asked at that time; if true, the tensor is `inference` in training too (as for a
            layer that is frozen).
        name: of the node.

    Raises:
        ShapeError: the two differ in dtype or known shape.
    """
    try:
        if training.dtype != inference.dtype:
            raise ValueError(f"dtypes {training.dtype} and {inference.dtype} differ")
        dims = merge_dims(training.dims, inference.dims)
    except ValueError as error:
        raise ShapeError(
            f"in_train_phase needs two tensors of one shape and dtype: {error}. "
            f"Received: {training!r}, {inference!r}"
        ) from error
    type_ = TensorType(training.dtype, dims)
    sides, attributes = (training, inference), {"unless": unless}
    return Node("Phase", sides, attributes, [type_], domain=INTERNAL, name=name).outputs[0]


def phase_value(node: Node, training: bool) -> Tensor:
    """Return what a Phase node stands for."""
    unless = node.attributes["unless"]
    chosen = node.inputs[0 if training and not (unless and unless()) else 1]
    assert chosen is not None
    return chosen


def stop_gradient(tensor: Tensor) -> Tensor:
    """Return the same value, which gradients treat as a constant; vanishes when emitted."""
    return Node("StopGradient", (tensor,), {}, [tensor.type], domain=INTERNAL).outputs[0]


def print_tensor(tensor: Tensor, message: str = "") -> Tensor:
    """Return the same value, which a function prints when it runs; vanishes when emitted."""
    attributes = {"message": message}
    return Node("Print", (tensor,), attributes, [tensor.type], domain=INTERNAL).outputs[0]


@overload
def op(
    op_type: str, *inputs: Tensor | None, outputs: Literal[1] = 1, **attributes: Any
) -> Tensor: ...
@overload
def op(
    op_type: str, *inputs: Tensor | None, outputs: int, **attributes: Any
) -> tuple[Tensor, ...]: ...
def op(
    op_type: str, *inputs: Tensor | None, outputs: int = 1, **attributes: Any
) -> Tensor | tuple[Tensor, ...]:
    """Apply an ONNX operator; None stands for an absent optional input.

    Attributes that are None are left out. Types and shapes come from ONNX' own inference.

    Raises:
        ShapeError: the inputs do not fit the operator; names the layer and the shapes.
    """
    attributes = {key: value for key, value in attributes.items() if value is not None}
    while inputs and inputs[-1] is None:
        inputs = inputs[:-1]
    types = infer_types(op_type, inputs, attributes, outputs)
    node = Node(op_type, inputs, attributes, types)
    return node.outputs[0] if outputs == 1 else node.outputs


@lru_cache(maxsize=512)
def _schema(op_type: str) -> defs.OpSchema:
    return defs.get_schema(op_type, OPSET, "")


def infer_types(
    op_type: str, inputs: Sequence[Tensor | None], attributes: Mapping[str, Any], outputs: int
) -> list[TensorType]:
    """Return the types of the first outputs of an ONNX operator.

    Raises:
        ShapeError: the inputs do not fit the operator; names the layer and the shapes.
    """
    op_type = _INFERRED_AS.get(op_type, op_type)
    input_names = [f"i{index}" if given is not None else "" for index, given in enumerate(inputs)]
    output_names = [f"o{index}" for index in range(outputs)]
    node = node_proto(op_type, input_names, output_names, attributes)
    given = {
        name: tensor for name, tensor in zip(input_names, inputs, strict=True) if tensor is not None
    }
    try:
        inferred = shape_inference.infer_node_outputs(
            _schema(op_type),
            node,
            {name: tensor.type.proto for name, tensor in given.items()},
            {name: proto for name, t in given.items() if (proto := _small_value(t)) is not None},
            opset_imports=_OPSET_IMPORTS,
            ir_version=8,
        )
    except Exception as error:  # onnx raises InferenceError or, of types, RuntimeError
        raise _shape_error(op_type, inputs, attributes, error) from error
    return [_checked_type(op_type, inferred.get(name), inputs) for name in output_names]


# Operators that onnx before 1.20 infers no type for, and others of the same types.
_INFERRED_AS = {"GreaterOrEqual": "Greater", "LessOrEqual": "Less"}

# Operators that onnx infers a type but no shape for: that of their first input.
_SHAPED_LIKE_INPUT = {"MeanVarianceNormalization"}

_OPSET_IMPORTS = [helper.make_opsetid("", OPSET)]


def _checked_type(
    op_type: str, proto: onnx.TypeProto | None, inputs: Sequence[Tensor | None]
) -> TensorType:
    kind = None if proto is None else proto.WhichOneof("value")
    if proto is None or kind is None or (kind == "tensor_type" and not proto.tensor_type.elem_type):
        raise ShapeError(f"ONNX cannot infer the type of {op_type} of {list(inputs)}")
    type_ = TensorType.from_proto(proto)
    if type_.dims is None and op_type in _SHAPED_LIKE_INPUT and inputs[0] is not None:
        return TensorType(type_.dtype, inputs[0].dims)
    return type_


def _small_value(tensor: Tensor) -> onnx.TensorProto | None:
    """The value of a constant that inference may want: sizes, axes, pads."""
    value = tensor.constant_value
    if value is None or value.size > _SMALL:
        return None
    return numpy_helper.from_array(value)


def _shape_error(
    op_type: str,
    inputs: Sequence[Tensor | None],
    attributes: Mapping[str, Any],
    error: Exception,
) -> ShapeError:
    reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
    received = ", ".join(
        "none" if tensor is None else f"{tensor.dtype}{_dims_text(tensor.dims)}"
        for tensor in inputs
    )
    where = f" in '{current_scope()}'" if current_scope() else ""
    return ShapeError(
        f"{op_type}{where} cannot take these inputs: {reason}. "
        f"Received: inputs=({received}), attributes={dict(attributes)}"
    )


def _dims_text(dims: tuple[Dim, ...] | None) -> str:
    return "[rank unknown]" if dims is None else str(list(dims))


def node_proto(
    op_type: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    attributes: Mapping[str, Any],
    name: str = "",
    domain: str = "",
) -> onnx.NodeProto:
    """Spell a node in ONNX."""
    attributes = {key: _attribute_value(value) for key, value in attributes.items()}
    return helper.make_node(
        op_type, inputs, outputs, name=name or None, domain=domain or None, **attributes
    )


def _attribute_value(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return numpy_helper.from_array(value)
    if isinstance(value, list | tuple):
        return [_attribute_value(item) for item in value]
    return value


def refine(tensor: Tensor, dims: Sequence[Dim]) -> Tensor:
    """Return the tensor with what is known of its shape from elsewhere added.

    The node is copied with the sharper type, so this belongs right where the tensor is made.

    Raises:
        ShapeError: `dims` contradicts what ONNX inferred.
    """
    try:
        merged = merge_dims(tensor.dims, dims)
    except ValueError as error:
        raise ShapeError(f"{tensor!r} cannot have the shape {tuple(dims)}: {error}") from error
    if merged == tensor.dims:
        return tensor
    if is_placeholder(tensor):  # a copy would be another input
        tensor = op("Identity", tensor)
    node = tensor.node
    types = [output.type for output in node.outputs]
    types[tensor.index] = TensorType(tensor.dtype, merged)
    copy = Node(
        node.op_type, node.inputs, node.attributes, types, domain=node.domain, name=node.name
    )
    return copy.outputs[tensor.index]


__all__ = [
    "INTERNAL",
    "OPSET",
    "Node",
    "ShapeError",
    "Tensor",
    "constant",
    "current_scope",
    "in_train_phase",
    "infer_types",
    "int64s",
    "is_constant",
    "is_phase",
    "is_placeholder",
    "is_print",
    "is_stop_gradient",
    "is_variable",
    "name_scope",
    "next_serial",
    "node_proto",
    "op",
    "placeholder",
    "print_tensor",
    "refine",
    "register_operators",
    "stand_in",
    "stop_gradient",
]
