"""What pads with zeros before a pooling is safe from ONNX Runtime's fusion of the two."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest

from konnx import ops
from konnx.graph import Tensor, constant, emit, op, placeholder
from konnx.layers import AveragePooling1D, Conv2D, MaxPooling1D, ZeroPadding1D, ZeroPadding2D
from konnx.models import Sequential


def padded(x: Tensor, *value: Tensor) -> Tensor:
    return op("Pad", x, constant(np.array([0, 0, 1, 0, 0, 1], np.int64)), *value)


def pooled(x: Tensor) -> Tensor:
    return op("MaxPool", x, kernel_shape=[2], strides=[2])


PATHS: dict[str, Callable[[Tensor], Tensor]] = {
    "no value": lambda x: pooled(padded(x)),
    "zero": lambda x: pooled(padded(x, constant(np.float32(0)))),
    "through a Transpose": lambda x: pooled(
        ops.transpose(ops.transpose(padded(x), [0, 2, 1]), [0, 2, 1])
    ),
    "average": lambda x: op("AveragePool", padded(x), kernel_shape=[2]),
}


def pads(model: onnx.ModelProto) -> list[np.ndarray | None]:
    """Return the values of the Pad nodes, None where a value is left out."""
    values = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    found = [node for node in model.graph.node if node.op_type == "Pad"]
    return [values[node.input[2]] if len(node.input) > 2 else None for node in found]


@pytest.mark.parametrize("name", PATHS)
def test_zeros_become_minus_zeros(name: str) -> None:
    x = placeholder(("batch", 3, 6), name="x")
    (value,) = pads(emit({"x": x}, {"y": PATHS[name](x)}).model)
    assert value is not None
    assert (value == 0, bool(np.signbit(value))) == (True, True)


def test_other_padding_stays_as_it_is() -> None:
    x = placeholder(("batch", 3, 6), name="x")
    least = constant(np.float32(-1))
    assert pads(emit({"x": x}, {"y": pooled(padded(x, least))}).model) == [-1]
    assert pads(emit({"x": x}, {"y": ops.abs(padded(x))}).model) == [None]


@pytest.mark.parametrize("pool", [MaxPooling1D, AveragePooling1D])
def test_zeros_count_in_every_runtime(pool: type) -> None:
    model = Sequential([ZeroPadding1D(1, input_shape=(6, 1)), pool(3, strides=2)])
    x = -np.arange(1, 7, dtype="float32").reshape(1, 6, 1)
    expected = {MaxPooling1D: [0, -2, -4], AveragePooling1D: [-1, -3, -5]}[pool]
    np.testing.assert_allclose(model.predict(x).ravel(), expected, atol=1e-6)


def test_a_window_as_wide_as_all_padding_loads() -> None:
    model = Sequential([ZeroPadding1D(1, input_shape=(7, 1)), MaxPooling1D(2, padding="same")])
    x = -np.arange(1, 8, dtype="float32").reshape(1, 7, 1)
    np.testing.assert_allclose(model.predict(x).ravel(), [0, -2, -4, -6, 0])


def test_padding_before_a_convolution_still_becomes_part_of_it() -> None:
    model = Sequential([ZeroPadding2D(1, input_shape=(4, 4, 1)), Conv2D(2, 3)])
    from konnx.converters import to_onnx

    assert pads(to_onnx(model)) == []
