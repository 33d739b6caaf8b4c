"""Checking an export before it is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from konnx.cli.comparison import Tolerance, compare_outputs
from konnx.converters.errors import printable

if TYPE_CHECKING:
    from onnx import ModelProto

    from konnx.models import Model

_EXACT = Tolerance()
_HALF = Tolerance(relative=2e-2, absolute=1e-2)
_QUANTIZED = Tolerance(relative=0.5, absolute=0.1)


def check_export(
    model: Model, exported: ModelProto, verify: bool, golden: Path | None
) -> dict[str, Any]:
    """Hold an exported model against its layers, or against outputs that are given.

    Args:
        model: what was exported.
        exported: the result; float16 and int8 get a wider tolerance.
        verify: whether to compare it with a plain evaluation of the layers.
        golden: .npz of inputs and outputs by name, to compare its outputs with.

    Returns:
        The largest difference of each comparison, and the layers without a plain evaluation.

    Raises:
        ValueError: there is a difference beyond the tolerance; names the first layer that differs.
    """
    found: dict[str, Any] = {}
    tolerance = _tolerance(exported)
    if verify:
        found.update(_check_layers(model, exported, tolerance))
    if golden is not None:
        found["outputs of the file"] = _check_golden(exported, golden, tolerance)
    return found


def _tolerance(exported: ModelProto) -> Tolerance:
    from onnx import TensorProto

    kinds = {tensor.data_type for tensor in exported.graph.initializer}
    operators = {node.op_type for node in exported.graph.node}
    if operators & {"QuantizeLinear", "DynamicQuantizeLinear"}:
        return _QUANTIZED
    return _HALF if TensorProto.FLOAT16 in kinds else _EXACT


def _check_layers(model: Model, exported: ModelProto, tolerance: Tolerance) -> dict[str, Any]:
    from konnx.converters.verification import verify_onnx

    found = verify_onnx(model, exported, rtol=tolerance.relative, atol=tolerance.absolute)
    largest = max(found.largest.values(), default=0.0)
    if not found.equal:
        first = found.first_difference
        where = f"the first layer that differs is '{printable(first)}'" if first else "in the end"
        raise ValueError(
            f"The ONNX model does not compute what the layers say: {where}. Largest difference of "
            f"an output: {largest:.3g}. Nothing was written."
        )
    return {"layer by layer": largest, "not_independent": found.not_independent}


def _check_golden(exported: ModelProto, golden: Path, tolerance: Tolerance) -> float:
    from konnx.cli.inputs import load_archive
    from konnx.runtime import Program

    arrays = load_archive(str(golden))
    inputs = [value.name for value in exported.graph.input]
    outputs = [value.name for value in exported.graph.output]
    missing = [name for name in [*inputs, *outputs] if name not in arrays]
    if missing:
        raise ValueError(
            f"'{golden}' must hold an array for each input and output of the ONNX model. Missing: "
            f"{printable(', '.join(missing))}. It holds: {printable(', '.join(arrays))}"
        )
    program = Program(exported, feeds=inputs, fetches=outputs, device="cpu")
    results = program(*(arrays[name] for name in inputs))
    found = compare_outputs(
        dict(zip(outputs, results, strict=True)), {n: arrays[n] for n in outputs}, tolerance
    )
    different = [str(one) for one in found if not one.equal]
    if different:
        raise ValueError(
            f"The ONNX model does not give what '{golden}' holds. {'; '.join(different)}. "
            "Nothing was written."
        )
    return max(one.absolute for one in found)
