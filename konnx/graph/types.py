"""Element types and shapes of tensors, and their ONNX spelling."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from onnx import TensorProto, TypeProto, helper

Dim = int | str | None
"""A known size, the name of a size that varies ("batch"), or None: nothing is known."""

_ELEM_TYPES: dict[str, int] = {
    "float16": TensorProto.FLOAT16,
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int8": TensorProto.INT8,
    "int16": TensorProto.INT16,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8,
    "uint16": TensorProto.UINT16,
    "uint32": TensorProto.UINT32,
    "uint64": TensorProto.UINT64,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}
_DTYPES = {elem_type: name for name, elem_type in _ELEM_TYPES.items()}


def standardize_dtype(dtype: Any) -> str:
    """Return the canonical name of a dtype given as a name, a NumPy dtype or a type.

    Raises:
        ValueError: the dtype has no ONNX counterpart.

    Example:
        >>> standardize_dtype(float)
        'float64'
    """
    if dtype == "string":
        return "string"
    try:
        name = str(np.dtype(dtype).name)
    except TypeError:
        name = str(dtype)
    if name not in _ELEM_TYPES:
        known = ", ".join(_ELEM_TYPES)
        raise ValueError(f"Unknown dtype. Expected one of {known}. Received: dtype={dtype!r}")
    return name


def elem_type_of(dtype: str) -> int:
    """Return the `TensorProto.DataType` value of a canonical dtype name."""
    return _ELEM_TYPES[dtype]


def is_float(dtype: str) -> bool:
    """Tell whether values of this dtype can carry gradients."""
    return dtype.startswith("float")


@dataclass(frozen=True, slots=True)
class TensorType:
    """The dtype of a tensor and what is known of its shape (`dims` is None: not even the rank)."""

    dtype: str
    dims: tuple[Dim, ...] | None
    _proto: list[TypeProto] = field(default_factory=list, compare=False, repr=False)

    @property
    def shape(self) -> tuple[int | None, ...] | None:
        """The shape as Keras writes it: a size that varies is None."""
        if self.dims is None:
            return None
        return tuple(dim if isinstance(dim, int) else None for dim in self.dims)

    @property
    def proto(self) -> TypeProto:
        """The type as ONNX writes it (made once)."""
        if not self._proto:
            self._proto.append(_type_proto(self.dtype, self.dims))
        return self._proto[0]

    @staticmethod
    def from_proto(proto: TypeProto) -> TensorType:
        """Read an ONNX tensor type.

        Raises:
            ValueError: it is the type of something else, or its elements are of no known dtype.
        """
        tensor = proto.tensor_type
        if tensor.elem_type not in _DTYPES:
            raise ValueError(_not_a_tensor(proto))
        dims = None
        if tensor.HasField("shape"):
            dims = tuple(_dim_from_proto(dim) for dim in tensor.shape.dim)
        return TensorType(_DTYPES[tensor.elem_type], dims)


OMITTED = TensorType("omitted", None)
"""The type of an optional output that a node does not have, before one that it has."""


def _not_a_tensor(proto: TypeProto) -> str:
    kind = proto.WhichOneof("value") or "nothing"
    if kind != "tensor_type":
        return f"Only tensors are supported. Received: the type of a {kind.removesuffix('_type')}"
    number = proto.tensor_type.elem_type
    known = number in TensorProto.DataType.values()
    name = TensorProto.DataType.Name(number).lower() if known else f"type {number}"
    return f"Tensors of {name} are not supported. Expected one of {', '.join(_ELEM_TYPES)}"


def _dim_from_proto(dim: Any) -> Dim:
    if dim.HasField("dim_value"):
        return int(dim.dim_value)
    return dim.dim_param or None


@lru_cache(maxsize=4096)
def _type_proto(dtype: str, dims: tuple[Dim, ...] | None) -> TypeProto:
    return helper.make_tensor_type_proto(_ELEM_TYPES[dtype], dims)


def common_dims(
    first: tuple[Dim, ...] | None, second: tuple[Dim, ...] | None
) -> tuple[Dim, ...] | None:
    """Return what two shapes agree on, of which either may turn out to be the one."""
    if first is None or second is None or len(first) != len(second):
        return None
    return tuple(a if a == b else None for a, b in zip(first, second, strict=True))


def merge_dims(first: Iterable[Dim] | None, second: Iterable[Dim] | None) -> tuple[Dim, ...] | None:
    """Join two descriptions of one shape; where both speak, a number beats a name.

    Raises:
        ValueError: the ranks or two known sizes differ.
    """
    if first is None or second is None:
        known = first if second is None else second
        return None if known is None else tuple(known)
    first, second = tuple(first), tuple(second)
    if len(first) != len(second):
        raise ValueError(f"Shapes {first} and {second} have different ranks")
    return tuple(_merge_dim(a, b) for a, b in zip(first, second, strict=True))


def _merge_dim(first: Dim, second: Dim) -> Dim:
    if isinstance(first, int) and isinstance(second, int) and first != second:
        raise ValueError(f"Sizes {first} and {second} differ")
    if isinstance(first, int) or second is None:
        return first
    if isinstance(second, int) or first is None:
        return second
    return first
