from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from konnx.cli.onnx_files import (
    Value,
    count_parameters,
    dtype_name,
    graph_inputs,
    graph_outputs,
    read_onnx,
)

pytestmark = pytest.mark.no_runtime


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("float[N, 3] x", Value("x", "float32", ("N", 3))),
        ("double[?, 0] x", Value("x", "float64", (None, 0))),
        ("int64 x", Value("x", "int64", ())),
        ("string[] x", Value("x", "string", None)),
        ("seq(float) x", Value("x", "sequence", None)),
        ("bfloat16[2] x", Value("x", "bfloat16", (2,))),
    ],
)
def test_inputs_and_outputs_are_read_as_declared(
    save_onnx: Callable[[str], Path], text: str, value: Value
) -> None:
    kind = text.removesuffix(" x")
    model = read_onnx(str(save_onnx(f"g ({text}) => ({kind} y) {{ y = Identity(x) }}")))
    assert graph_inputs(model) == [value]
    assert graph_outputs(model) == [Value("y", value.dtype, value.shape)]


def test_inputs_with_a_default_come_last(save_onnx: Callable[[str], Path]) -> None:
    text = "g (float[1] b, float[1] x) => (float[1] y) <float[1] b = {1}> { y = Add(x, b) }"
    inputs = graph_inputs(read_onnx(str(save_onnx(text))))
    assert [(value.name, value.optional) for value in inputs] == [("x", False), ("b", True)]


@pytest.mark.parametrize(
    ("declared", "shape", "fits"),
    [
        (("N", 3), (7, 3), True),
        (("N", 3), (7, 4), False),
        (("N", 3), (3,), False),
        ((), (), True),
        ((), (1,), False),
        (None, (1, 2, 3), True),
    ],
)
def test_a_value_accepts_what_agrees_with_its_shape(
    declared: tuple[int | str | None, ...] | None, shape: tuple[int, ...], fits: bool
) -> None:
    assert Value("x", "float32", declared).accepts(shape) is fits


def test_a_type_of_the_future_is_given_by_its_number() -> None:
    assert dtype_name(9999) == "type 9999"


def test_parameters_are_the_elements_of_weights_and_not_of_shapes(
    save_onnx: Callable[[str], Path],
) -> None:
    model = read_onnx(str(save_onnx("g (float[2] x) => (float[2] y) { y = Identity(x) }")))
    for name, array in {
        "kernel": np.zeros((3, 4), np.float32),
        "quantized": np.zeros(5, np.int8),
        "shape": np.zeros(2, np.int64),
    }.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    assert count_parameters(model) == 17
