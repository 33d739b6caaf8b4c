"""Comparing an exported file with what the layers of its model say."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from konnx.converters.verification.evaluation import evaluate
from konnx.converters.verification.layer_tensors import (
    arranged_as,
    layer_tensors,
    with_layer_outputs,
)

if TYPE_CHECKING:
    from konnx.graph import Tensor
    from konnx.models import Model

Array = np.ndarray[Any, Any]

_SAMPLES = 2
_OPEN_SIZES = {4: 32, 5: 16}  # of an axis that is open, by rank; others get _OPEN_SIZE
_OPEN_SIZE = 7


@dataclass(frozen=True)
class Verification:
    """What `verify_onnx` found.

    Attributes:
        equal: whether all outputs are within the tolerance.
        largest: by output, the largest difference.
        first_difference: the first layer whose output differs; None where none does, or where the
            difference is not in what a layer gives as such, say as layers were merged.
        not_independent: layers of which only the exported graph was run, as there is no plain
            evaluation of them.
    """

    equal: bool
    largest: dict[str, float]
    first_difference: str | None
    not_independent: list[str]


def verify_onnx(
    model: Model,
    exported: onnx.ModelProto | str | os.PathLike[str],
    inputs: Sequence[Array] | None = None,
    *,
    rtol: float = 1e-4,
    atol: float = 1e-5,
) -> Verification:
    """Compare an exported model with a plain evaluation of its layers.

    Args:
        model: what was exported.
        exported: the ONNX model, or its file; it may have other names, a fixed batch, channels
            first, states as inputs.
        inputs: an array for each input of the model; default: random numbers, always the same.
        rtol: relative tolerance.
        atol: absolute tolerance.

    Raises:
        ValueError: the exported model takes other inputs than the model.

    Example:
        >>> from konnx.converters import to_onnx
        >>> from konnx.layers import Dense
        >>> from konnx.models import Sequential
        >>> model = Sequential([Dense(3, input_shape=(2,))])
        >>> verify_onnx(model, to_onnx(model)).equal
        True
    """
    proto = exported if isinstance(exported, onnx.ModelProto) else onnx.load(os.fspath(exported))
    given = _random_inputs(model, _batch(proto)) if inputs is None else list(inputs)
    expected = evaluate(model, given, layers=False)
    feeds = _feeds(proto, given, model.name)
    found = _run(proto, feeds, [value.name for value in proto.graph.output])
    largest, equal = {}, True
    for value, wanted in zip(proto.graph.output, expected.outputs, strict=False):
        result = _required(arranged_as(found[value.name], wanted), value.name, wanted)
        equal &= bool(np.allclose(result, wanted, rtol, atol, equal_nan=True))
        apart = np.abs(result.astype(np.float64) - wanted)
        largest[value.name] = float(apart.max(initial=0.0))
    first = None if equal else _first_difference(model, proto, given, feeds, rtol, atol)
    return Verification(equal, largest, first, list(dict.fromkeys(expected.not_independent)))


def _required(array: Array | None, name: str, wanted: Array) -> Array:
    if array is None:
        raise ValueError(f"Output '{name}' has not the shape that its layer gives: {wanted.shape}.")
    return array


def _first_difference(
    model: Model,
    proto: onnx.ModelProto,
    given: Sequence[Array],
    feeds: dict[str, Array],
    rtol: float,
    atol: float,
) -> str | None:
    """Return the first layer, in the model's order, whose tensor is nothing that is expected.

    An exported convolution may give what the normalization behind it gives: then that layer has no
    tensor of its own. So a tensor may be what its layer gives, or any layer without a tensor.
    """
    tensors = layer_tensors(proto)
    results = _run(proto, feeds, list(tensors.values()))
    found = {layer: results[name] for layer, name in tensors.items()}
    expected = evaluate(model, given).layers or {}
    absorbed = [outputs[0] for path, outputs in expected.items() if path not in found]
    for path, outputs in expected.items():
        if path not in found:
            continue
        comparable = False
        for wanted in (outputs[0], *absorbed):
            array = arranged_as(found[path], wanted)
            comparable |= array is not None
            if array is not None and np.allclose(array, wanted, rtol, atol, equal_nan=True):
                break
        else:
            if comparable:
                return path
    return None


# Inputs ---------------------------------------------------------------------------------------


def _batch(proto: onnx.ModelProto) -> int:
    for value in proto.graph.input:
        dims = value.type.tensor_type.shape.dim
        if dims and dims[0].HasField("dim_value"):
            return int(dims[0].dim_value)
    return _SAMPLES


def _random_inputs(model: Model, batch: int) -> list[Array]:
    generator = np.random.default_rng(0)
    arrays = []
    for tensor in model.inputs:
        shape = [
            size if size is not None else _OPEN_SIZES.get(len(tensor.shape), _OPEN_SIZE)
            for size in tensor.shape[1:]
        ]
        shape = [tensor.shape[0] or batch, *shape]
        largest = _table_size(model, tensor)
        if largest is not None or not str(tensor.dtype).startswith("float"):
            arrays.append(generator.integers(0, largest or 2, shape).astype(str(tensor.dtype)))
        else:
            arrays.append(generator.random(shape).astype(str(tensor.dtype)))
    return arrays


def _table_size(model: Model, tensor: Tensor) -> int | None:
    """Return how many rows the smallest table has in which an input looks something up."""
    sizes = [
        node.layer.get_config()["input_dim"]
        for node in model.nodes
        if type(node.layer).__name__ == "Embedding" and tensor in node.inputs
    ]
    return min(sizes, default=None)


def _feeds(proto: onnx.ModelProto, arrays: Sequence[Array], name: str) -> dict[str, Array]:
    values = list(proto.graph.input)
    if len(values) < len(arrays):
        raise ValueError(
            f"Model '{name}' has {len(arrays)} inputs. Received: an exported model with "
            f"{len(values)}"
        )
    feeds = {}
    for value, array in zip(values, arrays, strict=False):
        feeds[value.name] = _as_declared(value, array)
    for value in values[len(arrays) :]:  # states, which begin with zeros
        sizes = [dim.dim_value or len(arrays[0]) for dim in value.type.tensor_type.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        feeds[value.name] = np.zeros(sizes, dtype)
    return feeds


def _as_declared(value: onnx.ValueInfoProto, array: Array) -> Array:
    """Put channels first where the exported model wants them so."""
    sizes = [dim.dim_value or None for dim in value.type.tensor_type.shape.dim]
    dtype = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
    moved = np.moveaxis(array, -1, 1) if array.ndim > 2 else array
    for one in (array, moved):
        if all(size in (None, length) for size, length in zip(sizes, one.shape, strict=True)):
            return np.ascontiguousarray(one, dtype)
    raise ValueError(f"Input '{value.name}' takes {sizes}. Received: shape={array.shape}")


def _run(proto: onnx.ModelProto, feeds: dict[str, Array], names: Sequence[str]) -> dict[str, Array]:
    """Return tensors of a model by name."""
    from konnx.runtime import Program

    wanted = list(dict.fromkeys(names))
    if set(wanted) - {value.name for value in proto.graph.output}:
        proto = with_layer_outputs(proto, dict(zip(wanted, wanted, strict=True)))
    program = Program(proto, feeds=list(feeds), fetches=wanted, device="cpu")
    return dict(zip(wanted, program(*feeds.values()), strict=True))
