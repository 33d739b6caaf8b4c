"""Runs a graph before and after a pass, and looks at what is left of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import onnx
import pytest

from konnx import ops
from konnx.graph import (
    Tensor,
    Variable,
    emit_resolved,
    is_placeholder,
    name_scope,
    op,
    topological_order,
)
from konnx.graph.types import merge_dims

Operators = Callable[[Sequence[Tensor]], Counter[str]]
Same = Callable[..., None]
Weights = Callable[..., Variable]


def _inputs(outputs: Sequence[Tensor]) -> dict[str, Tensor]:
    tensors = [t for node in topological_order(outputs) for t in node.outputs]
    return {tensor.name: tensor for tensor in tensors if is_placeholder(tensor)}


def _model(inputs: Mapping[str, Tensor], outputs: Sequence[Tensor]) -> onnx.ModelProto:
    named = {f"output_{index}": tensor for index, tensor in enumerate(outputs)}
    return emit_resolved(inputs, named, freeze=True).model


def _check_types(outputs: Sequence[Tensor]) -> None:
    """Every type that a pass wrote down must be what ONNX infers, or sharper."""
    for node in topological_order(outputs):
        if node.domain:
            continue
        inferred = op(node.op_type, *node.inputs, outputs=len(node.outputs), **node.attributes)
        outputs = [inferred] if isinstance(inferred, Tensor) else inferred
        for one, two in zip(outputs, node.outputs, strict=True):
            assert one.dtype == two.dtype
            merge_dims(one.dims, two.dims)


def _run(model: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    onnxruntime = pytest.importorskip("onnxruntime")
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return list(session.run(None, dict(feeds)))


@pytest.fixture
def same() -> Same:
    """Assert that two lists of outputs compute the same on random inputs."""

    def check(before: Sequence[Tensor], after: Sequence[Tensor], **sizes: int) -> None:
        _check_types(after)
        for old, new in zip(before, after, strict=True):
            assert new.dtype == old.dtype
            assert merge_dims(new.dims, old.dims) == new.dims
        inputs, random = _inputs(before), np.random.default_rng(7)
        feeds = {
            name: random.normal(
                size=[
                    dim if isinstance(dim, int) else sizes.get(str(dim), 3)
                    for dim in tensor.dims or ()
                ]
            ).astype(tensor.dtype)
            for name, tensor in inputs.items()
        }
        expected = _run(_model(inputs, before), feeds)
        received = _run(_model(inputs, after), feeds)
        for one, two in zip(expected, received, strict=True):
            np.testing.assert_allclose(two, one, rtol=1e-4, atol=1e-5)

    return check


@pytest.fixture
def operators() -> Operators:
    """Count the nodes of each type that the outputs are written as."""

    def count(outputs: Sequence[Tensor]) -> Counter[str]:
        model = _model(_inputs(outputs), outputs)
        return Counter(node.op_type for node in model.graph.node)

    return count


@pytest.fixture
def weights() -> Weights:
    """Make variables of random values, the same ones in each test."""
    random = np.random.default_rng(3)

    def make(name: str, *shape: int, positive: bool = False) -> Variable:
        value = random.normal(size=shape).astype(np.float32) * 0.5
        return Variable(np.abs(value) + 0.5 if positive else value, name=name)

    return make


class Layers:
    """Layers as Keras writes them in channels_last, with names and random weights."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._count = 0

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._count}"

    def conv(
        self,
        x: Tensor,
        filters: int,
        size: int = 3,
        strides: int = 1,
        padding: str = "same",
        bias: bool = False,
    ) -> Tensor:
        name, channels = self._name("conv"), x.shape[-1]
        kernel = self._weights(f"{name}/kernel", size, size, int(channels or 0), filters)
        summand = self._weights(f"{name}/bias", filters) if bias else None
        with name_scope(name):
            return ops.convolution(
                x, kernel, summand, strides=(strides,) * 2, padding=padding, dilations=(1, 1)
            )

    def depthwise(self, x: Tensor, strides: int = 1) -> Tensor:
        name, channels = self._name("depthwise"), x.shape[-1]
        kernel = self._weights(f"{name}/kernel", 3, 3, int(channels or 0), 1)
        with name_scope(name):
            return ops.depthwise_convolution(
                x, kernel, strides=(strides,) * 2, padding="same", dilations=(1, 1)
            )

    def separable(self, x: Tensor, filters: int) -> Tensor:
        return self.conv(self.depthwise(x), filters, 1)

    def norm(self, x: Tensor) -> Tensor:
        name, size = self._name("norm"), int(x.shape[-1] or 0)
        mean, gamma, beta = (
            self._weights(f"{name}/{part}", size) for part in ("mean", "gamma", "beta")
        )
        variance = self._weights(f"{name}/variance", size, positive=True)
        with name_scope(name):
            return ops.normalize(x, mean, variance, gamma, beta, 1e-3)

    def relu(self, x: Tensor) -> Tensor:
        with name_scope(self._name("relu")):
            return ops.relu(x)

    def dense(self, x: Tensor, units: int, bias: bool = True) -> Tensor:
        name = self._name("dense")
        kernel = self._weights(f"{name}/kernel", int(x.shape[-1] or 0), units)
        summand = self._weights(f"{name}/bias", units) if bias else None
        with name_scope(name):
            return ops.dense(x, kernel, summand)


@pytest.fixture
def layers(weights: Weights) -> Layers:
    """Layers with weights that are the same in each test."""
    return Layers(weights)
