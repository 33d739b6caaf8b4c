"""Checking gradients against central differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from konnx import ops
from konnx.autodiff import gradients
from konnx.graph import (
    Dim,
    Node,
    Tensor,
    constant,
    is_float,
    name_scope,
    placeholder,
    topological_order,
)
from konnx.runtime import ExecutionError
from konnx.testing.evaluation import Run, prepare

Function = Callable[..., Tensor | Sequence[Tensor]]


@dataclass(frozen=True)
class _Precision:
    """A step that balances truncation and rounding, and the relative error that it leaves."""

    step: float
    tolerance: float


_PRECISIONS = {"float64": _Precision(1e-5, 1e-7), "float32": _Precision(1e-2, 2e-3)}


def check_gradients(
    function: Function,
    inputs: Sequence[Any],
    *,
    wrt: Sequence[int] | None = None,
    dims: Sequence[Sequence[Dim] | None] | None = None,
    dtype: str | None = None,
    step: float | None = None,
    tolerance: float | None = None,
    training: bool = True,
    seed: int = 0,
    device: str = "cpu",
) -> None:
    """Compare the gradients of a function with central differences.

    The function's outputs are weighted by random numbers and summed up. For each input, the
    derivative of that sum in one random direction is taken twice: from `konnx.autodiff.gradients`,
    and as a difference quotient whose sums are made in float64. No element is moved by more than
    `step`, so that inputs can keep away from kinks.

    Args:
        function: takes tensors, returns one or several float tensors.
        inputs: arrays at which to differentiate; those of floats are cast to `dtype`.
        wrt: numbers of the inputs to check; default: all of floats.
        dims: for each input the shape to build the graph with, such as ("batch", None, 3); None
            for the array's own.
        dtype: of the floats; default: float64, or float32 where ONNX Runtime has no float64 kernel
            (on CPU: Conv, ConvTranspose, AveragePool, Resize) or the function casts to float32.
        step: default: 1e-5 in float64, 1e-2 in float32.
        tolerance: how far the two may lie apart, relative to the norm of the summands of the
            derivative; default: 1e-7 in float64, 2e-3 in float32.
        training: which side of `in_train_phase` to check.
        seed: of weights, directions and the graph's own random numbers.
        device: as for `konnx.runtime.Program`.

    Raises:
        AssertionError: the derivatives differ, or a gradient has not its input's shape and dtype.
        ExecutionError: the function cannot be run.

    Source: the check by one random direction is that of HIPS/autograd.

    Example:
        >>> check_gradients(ops.tanh, [np.array([0.5, -1.0])])
    """
    dtypes = ["float64", "float32"] if dtype is None else [dtype]
    for candidate in dtypes:
        arrays = [_cast_floats(np.asarray(value), candidate) for value in inputs]
        try:
            check = _Check.build(function, arrays, dims, wrt, training, device)
        except ExecutionError as error:
            if candidate != dtypes[-1] and _lacks_kernel(error):
                continue
            raise
        if candidate != dtypes[-1] and check.is_rounded:
            continue
        precision = _PRECISIONS[candidate]
        _run(
            check,
            arrays,
            np.random.default_rng(seed),
            precision.step if step is None else step,
            precision.tolerance if tolerance is None else tolerance,
        )
        return


def _rounds(node: Node) -> bool:
    """Tell whether float64 becomes a narrower float."""
    types = [node.inputs[0], *node.outputs] if node.op_type == "Cast" else []
    dtypes = [tensor.dtype for tensor in types if tensor is not None]
    return dtypes in (["float64", "float32"], ["float64", "float16"])


def _lacks_kernel(error: ExecutionError) -> bool:
    """Tell whether ONNX Runtime has no kernel of the dtype for one of the operators."""
    return type(error.__cause__).__name__ == "NotImplemented"


def _run(
    check: _Check,
    arrays: Sequence[np.ndarray],
    random: np.random.Generator,
    step: float,
    tolerance: float,
) -> None:
    weights = [random.normal(size=shape) for shape in check.output_shapes(arrays)]
    for index, gradient in check.analytic(arrays, weights):
        array = arrays[index]
        _check_type(index, gradient, array)
        direction = random.uniform(0.5, 1.0, array.shape) * random.choice([-1, 1], array.shape)
        ahead, behind = (
            check.loss(_moved(arrays, index, sign * step * direction), weights)
            for sign in (1.0, -1.0)
        )
        parts = gradient.astype(np.float64) * direction
        _compare(index, parts, (ahead - behind) / (2 * step), tolerance)


@dataclass(frozen=True)
class _Check:
    """A function prepared to be run: its outputs, and its gradients for given output weights."""

    outputs: Run
    gradients: Run
    wrt: Sequence[int]
    is_rounded: bool

    @staticmethod
    def build(
        function: Function,
        arrays: Sequence[np.ndarray],
        dims: Sequence[Sequence[Dim] | None] | None,
        wrt: Sequence[int] | None,
        training: bool,
        device: str,
    ) -> _Check:
        floats = [i for i, array in enumerate(arrays) if is_float(array.dtype.name)]
        wrt = floats if wrt is None else wrt
        shapes = [None] * len(arrays) if dims is None else dims
        tensors = [
            placeholder(array.shape if shape is None else shape, array.dtype, f"input_{index}")
            for index, (array, shape) in enumerate(zip(arrays, shapes, strict=True))
        ]
        outputs = _as_list(function(*tensors))
        weights = [placeholder(y.dims or (), "float64", f"weights_{y.name}") for y in outputs]
        with name_scope("check_gradients"):
            weighted = [
                ops.sum(ops.cast(y, "float64") * w) for y, w in zip(outputs, weights, strict=True)
            ]
            loss = sum(weighted[1:], start=weighted[0])
        found = gradients(loss, [tensors[index] for index in wrt], training=training)
        return _Check(
            prepare(outputs, tensors, training=training, device=device),
            prepare(
                [_or_zeros(g, tensors[i]) for g, i in zip(found, wrt, strict=True)],
                [*tensors, *weights],
                training=training,
                device=device,
            ),
            wrt,
            any(_rounds(node) for node in topological_order(outputs)),
        )

    def output_shapes(self, arrays: Sequence[np.ndarray]) -> list[tuple[int, ...]]:
        return [value.shape for value in self.outputs(*arrays)]

    def loss(self, arrays: Sequence[np.ndarray], weights: Sequence[np.ndarray]) -> float:
        values = self.outputs(*arrays)
        return sum(
            float((value.astype(np.float64) * weight).sum())
            for value, weight in zip(values, weights, strict=True)
        )

    def analytic(
        self, arrays: Sequence[np.ndarray], weights: Sequence[np.ndarray]
    ) -> list[tuple[int, np.ndarray]]:
        return list(zip(self.wrt, self.gradients(*arrays, *weights), strict=True))


def _cast_floats(array: np.ndarray, dtype: str) -> np.ndarray:
    return array.astype(dtype) if is_float(array.dtype.name) else array


def _as_list(outputs: Tensor | Sequence[Tensor]) -> list[Tensor]:
    return [outputs] if isinstance(outputs, Tensor) else list(outputs)


def _or_zeros(gradient: Tensor | None, x: Tensor) -> Tensor:
    return ops.expand_like(constant(0, x.dtype), x) if gradient is None else gradient


def _moved(arrays: Sequence[np.ndarray], index: int, by: np.ndarray) -> list[np.ndarray]:
    moved = list(arrays)
    moved[index] = (arrays[index] + by).astype(arrays[index].dtype)
    return moved


def _check_type(index: int, gradient: np.ndarray, array: np.ndarray) -> None:
    if gradient.shape != array.shape or gradient.dtype != array.dtype:
        raise AssertionError(
            f"The gradient for input {index} must be {array.dtype} {array.shape} like the input. "
            f"Received: {gradient.dtype} {gradient.shape}"
        )


def _compare(index: int, parts: np.ndarray, numeric: float, tolerance: float) -> None:
    """Compare the sum of `parts` with `numeric`, on the scale of the parts."""
    analytic = float(parts.sum())
    scale = max(float(np.linalg.norm(parts)), abs(numeric), 1e-3)
    # Written so that NaN fails.
    if not abs(analytic - numeric) <= tolerance * scale:
        raise AssertionError(
            f"The gradient for input {index} gives a directional derivative of {analytic:.10g}; "
            f"the central difference is {numeric:.10g} (tolerance {tolerance * scale:.3g})"
        )
