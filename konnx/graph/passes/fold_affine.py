"""Factors and summands of each channel move into the convolution or product before them.

Batch normalization is a product and a sum in inference (Ioffe and Szegedy, 2015, algorithm 2),
so after a convolution or a Dense layer nothing is left of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from konnx.graph.leaves import constant
from konnx.graph.passes._nodes import count_uses, make, value_of
from konnx.graph.tensor import Node, Tensor
from konnx.graph.types import is_float
from konnx.graph.walk import rewrite


def fold_affine(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs with Mul, Add, Sub and Div by constants folded into what they follow.

    What they follow is a Conv, MatMul or Gemm with constant weights and no other user; the
    constant has one number for each output channel, or one for all. Computed in float64.
    """
    return _Folding(outputs).run()


@dataclass(frozen=True)
class _Linear:
    """A node that computes weights · x + bias; `adder` adds the bias where the node cannot."""

    node: Node
    bias: np.ndarray | None
    adder: Node | None = None

    @property
    def weights(self) -> Tensor:
        weights = self.node.inputs[1]
        assert weights is not None
        return weights

    @property
    def channel_axis(self) -> int:
        """The axis of the output that holds the channels."""
        rank = len(self.node.outputs[0].dims or ())
        return 1 if self.node.op_type == "Conv" else rank - 1

    @property
    def weights_axis(self) -> int:
        """The axis of the weights that holds the output channels."""
        if self.node.op_type == "Conv" or self.node.attributes.get("transB"):
            return 0
        return 1

    @property
    def channels(self) -> int:
        dims = self.weights.dims or ()
        size = dims[self.weights_axis]
        assert isinstance(size, int)  # the weights are constant
        return size


class _Folding:
    def __init__(self, outputs: Sequence[Tensor]) -> None:
        self._outputs = list(outputs)
        self._uses = count_uses(outputs)
        self._single: set[Tensor] = set()
        self._scaled: dict[object, Tensor] = {}

    def run(self) -> list[Tensor]:
        return rewrite(self._outputs, self._replace)

    def _replace(self, node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        for old, new in zip(node.inputs, inputs, strict=True):
            if old is not None and new is not None and self._uses[old] == 1:
                self._single.add(new)
        if node.op_type not in ("Add", "Div", "Mul", "Sub") or not is_float(node.outputs[0].dtype):
            return None
        place = next((i for i in (0, 1) if value_of(inputs, i) is None), None)
        value = None if place is None else value_of(inputs, 1 - place)
        if place is None or value is None:
            return None
        linear = self._linear(inputs[place])
        return None if linear is None else self._fold(node, linear, value, place)

    def _linear(self, tensor: Tensor | None) -> _Linear | None:
        """What the tensor is computed by, if that can take over factors and summands."""
        if tensor is None or tensor not in self._single:
            return None
        node = tensor.node
        if node.op_type == "Add":
            return self._product_and_sum(node)
        if node.op_type not in ("Conv", "Gemm", "MatMul") or not _is_plain(node):
            return None
        bias = value_of(node.inputs, 2)
        if bias is None and len(node.inputs) > 2:
            return None
        linear = _Linear(node, None)
        if bias is None:
            return linear
        flat = _for_each_channel(bias, bias.ndim - 1, bias.ndim, linear.channels)
        return None if flat is None else _Linear(node, flat)

    def _product_and_sum(self, node: Node) -> _Linear | None:
        """A product of more than two axes and its bias."""
        product, summand = node.inputs[0], value_of(node.inputs, 1)
        if product is None or summand is None or product.node.op_type != "MatMul":
            return None
        linear = self._linear(product)
        if linear is None:
            return None
        rank = len(node.outputs[0].dims or ())
        bias = _for_each_channel(summand, rank - 1, rank, linear.channels)
        return None if bias is None else _Linear(linear.node, bias, node)

    def _fold(
        self, node: Node, linear: _Linear, value: np.ndarray, place: int
    ) -> Sequence[Tensor] | None:
        rank = len(linear.node.outputs[0].dims or ())
        flat = _for_each_channel(value, linear.channel_axis, rank, linear.channels)
        affine = None if flat is None else _scale_and_shift(node.op_type, flat, place)
        if affine is None or _is_sum_after_product(linear, affine[0]):
            return None
        scale, shift = affine
        bias = shift if linear.bias is None else linear.bias * scale + shift
        weights = self._weights(linear, scale)
        if weights is None or not _fits(bias, node.outputs[0].dtype):
            return None
        return self._build(node, linear, weights, bias)

    def _weights(self, linear: _Linear, scale: np.ndarray) -> Tensor | None:
        """The scaled weights; layers that share weights and scale go on sharing."""
        old = linear.weights
        if np.all(scale == 1):
            return old
        key = (old, scale.tobytes(), linear.weights_axis)
        if key not in self._scaled:
            value = old.constant_value
            assert value is not None  # as _is_plain has seen
            shape = [1] * value.ndim
            shape[linear.weights_axis] = -1
            scaled = value.astype(np.float64) * scale.reshape(shape)
            if not _fits(scaled, old.dtype):
                return None
            self._scaled[key] = constant(scaled.astype(old.dtype), name=old.node.name)
        return self._scaled[key]

    def _build(
        self, node: Node, linear: _Linear, weights: Tensor, bias: np.ndarray
    ) -> Sequence[Tensor]:
        old, types = linear.node, [node.outputs[0].type]
        inputs = [old.inputs[0], weights]
        if linear.bias is None and not bias.any():
            return make(old.op_type, inputs, old.attributes, types, old.name).outputs
        summand = constant(bias.astype(weights.dtype), name=_bias_name(old))
        if old.op_type != "MatMul":
            return make(old.op_type, [*inputs, summand], old.attributes, types, old.name).outputs
        if linear.channel_axis == 1:
            return make("Gemm", [*inputs, summand], {}, types, old.name).outputs
        product = make("MatMul", inputs, {}, types, old.name).outputs[0]
        self._single.add(product)
        adder = linear.adder or node
        return make("Add", [product, summand], {}, types, adder.name).outputs


def _is_plain(node: Node) -> bool:
    """Tell whether a product has constant weights and computes nothing besides."""
    weights, given = value_of(node.inputs, 1), node.attributes
    if weights is None or node.outputs[0].dims is None:
        return False
    if node.op_type == "MatMul":
        return weights.ndim == 2 and len(node.outputs[0].dims) >= 2
    return (
        given.get("alpha", 1.0) == 1.0 and given.get("beta", 1.0) == 1.0 and not given.get("transA")
    )


def _is_sum_after_product(linear: _Linear, scale: np.ndarray) -> bool:
    """Tell whether all there is to do is what the graph does: one Add after a MatMul."""
    return (
        linear.node.op_type == "MatMul"
        and linear.bias is None
        and linear.channel_axis > 1
        and bool(np.all(scale == 1))
    )


def _for_each_channel(value: np.ndarray, axis: int, rank: int, channels: int) -> np.ndarray | None:
    """A constant that meets a tensor of this rank as one float64 number for each channel."""
    if value.ndim > rank or not np.isfinite(value).all():
        return None
    shape = (1,) * (rank - value.ndim) + value.shape
    if value.size not in (1, channels) or (value.size > 1 and shape[axis] != value.size):
        return None
    return np.broadcast_to(value.reshape(-1).astype(np.float64), (channels,)).copy()


def _scale_and_shift(
    op_type: str, value: np.ndarray, place: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Factor and summand that say what the operator does; `place` is where its variable is."""
    one, zero = np.ones_like(value), np.zeros_like(value)
    if op_type == "Mul":
        return value, zero
    if op_type == "Add":
        return one, value
    if op_type == "Sub":
        return (one, -value) if place == 0 else (-one, value)
    return (1 / value, zero) if place == 0 and value.all() else None


def _fits(value: np.ndarray, dtype: str) -> bool:
    return bool(np.all(np.abs(value) <= np.finfo(dtype).max))


def _bias_name(node: Node) -> str:
    given = node.inputs[2] if len(node.inputs) > 2 else None
    if given is not None:
        return given.node.name
    return f"{node.scope}/bias" if node.scope else "bias"
