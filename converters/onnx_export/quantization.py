"""Whole numbers of 8 bits in place of floats, by ONNX Runtime's quantizer."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from konnx.runtime import onnxruntime_module

_SAMPLES = 32  # in each batch of the calibration

# Convolutions lose too much where one scale stands for all channels of their input.
_PRODUCTS = ["MatMul", "Gemm", "LSTM", "Gather"]


def quantized(
    model: onnx.ModelProto, method: str, calibration: Mapping[str, Any] | None = None
) -> onnx.ModelProto:
    """Return a model with int8 weights.

    Args:
        model: with its weights inside.
        method: "dynamic" (scales of activations are computed at run time; products, LSTM and
            embeddings) or "static" (scales from samples, weights by channel, QuantizeLinear and
            DequantizeLinear around each operator; convolutions, too).
        calibration: for "static": an array of samples for each input by name.

    Raises:
        ValueError: another method, or samples that do not fit.
        RuntimeNotInstalledError: there is no ONNX Runtime, which has the quantizer.
    """
    if method not in ("dynamic", "static"):
        raise ValueError(f"`quantize` must be 'dynamic' or 'static'. Received: {method!r}")
    samples = _samples(model, calibration) if method == "static" else None
    onnxruntime_module()
    with tempfile.TemporaryDirectory() as folder, _silence():
        return _run(model, Path(folder), samples)


def _run(model: onnx.ModelProto, folder: Path, samples: _Reader | None) -> onnx.ModelProto:
    quantization = importlib.import_module("onnxruntime.quantization")
    source, prepared, target = (str(folder / name) for name in ("a.onnx", "b.onnx", "c.onnx"))
    onnx.save(model, source)
    shapes = importlib.import_module("onnxruntime.quantization.shape_inference")
    shapes.quant_pre_process(source, prepared, skip_symbolic_shape=True, skip_optimization=True)
    if samples is None:
        quantization.quantize_dynamic(
            prepared, target, per_channel=True, op_types_to_quantize=_PRODUCTS
        )
    else:
        quantization.quantize_static(
            prepared,
            target,
            samples,
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
        )
    result: onnx.ModelProto = onnx.load(target)
    result.producer_name = model.producer_name
    onnx.checker.check_model(result)
    return result


class _Reader:
    """Batches of samples, as the quantizer asks for them."""

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self._arrays = arrays
        self._batches = self._iterate()

    def _iterate(self) -> Iterator[dict[str, np.ndarray]]:
        count = len(next(iter(self._arrays.values())))
        for start in range(0, count, _SAMPLES):
            yield {name: one[start : start + _SAMPLES] for name, one in self._arrays.items()}

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the next batch, or None after the last one."""
        return next(self._batches, None)

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        return self._batches


def _samples(model: onnx.ModelProto, given: Mapping[str, Any] | None) -> _Reader:
    names = [value.name for value in model.graph.input]
    arrays = {name: np.asarray(one) for name, one in (given or {}).items()}
    if set(arrays) != set(names):
        raise ValueError(
            "`calibration`: static quantization needs an array of samples for each input: "
            f"{', '.join(names)}. Received: {', '.join(arrays) or 'none'}"
        )
    if len({len(one) for one in arrays.values()}) > 1 or not all(map(len, arrays.values())):
        sizes = ", ".join(f"{name} {len(one)}" for name, one in arrays.items())
        raise ValueError(f"`calibration`: as many samples of each input. Received: {sizes}")
    for value in model.graph.input:
        dtype = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        arrays[value.name] = arrays[value.name].astype(dtype)
    return _Reader(arrays)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """The quantizer tells the root logger and the screen what it would recommend."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(disabled)
