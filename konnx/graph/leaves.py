"""Tensors that no ONNX operator makes: inputs, constants, and what vanishes when emitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from konnx.graph.tensor import INTERNAL, Node, ShapeError, Tensor
from konnx.graph.types import Dim, TensorType, merge_dims, standardize_dtype


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


def composite(
    tensor: Tensor, kind: str, inputs: Sequence[Tensor], attributes: Mapping[str, Any]
) -> Tensor:
    """Return the same value, with what the nodes that make it are as a whole.

    Where a runtime has a faster way to that, a pass takes it; otherwise this vanishes when emitted.

    Args:
        tensor: the value, made by ONNX operators.
        kind: what is computed.
        inputs: from what.
        attributes: how, as for an operator.
    """
    given = (tensor, *inputs)
    attributes = {"kind": kind, **attributes}
    return Node("Composite", given, attributes, [tensor.type], domain=INTERNAL).outputs[0]


def print_tensor(tensor: Tensor, message: str = "") -> Tensor:
    """Return the same value, which a function prints when it runs; vanishes when emitted."""
    attributes = {"message": message}
    return Node("Print", (tensor,), attributes, [tensor.type], domain=INTERNAL).outputs[0]
