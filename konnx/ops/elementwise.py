"""Arithmetic, comparisons and functions of single elements; two operands broadcast as in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from konnx import graph
from konnx.graph import Tensor, is_float, op
from konnx.graph.tensor import register_operators
from konnx.ops._convert import as_tensor, as_tensors, cast, scalar


def _binary(op_type: str, x: Any, y: Any) -> Tensor:
    first, second = as_tensors(x, y)
    return op(op_type, first, second)


def add(x: Any, y: Any) -> Tensor:
    """x + y."""
    return _binary("Add", x, y)


def subtract(x: Any, y: Any) -> Tensor:
    """x - y."""
    return _binary("Sub", x, y)


def multiply(x: Any, y: Any) -> Tensor:
    """x * y."""
    return _binary("Mul", x, y)


def divide(x: Any, y: Any) -> Tensor:
    """x / y; of integers, rounded towards zero."""
    return _binary("Div", x, y)


def true_divide(x: Any, y: Any) -> Tensor:
    """x / y; whole numbers are divided as float64, as TensorFlow does."""
    given = [value for value in (x, y) if isinstance(value, Tensor)]
    if given and not any(is_float(value.dtype) for value in given):
        x, y = (
            cast(value, "float64") if isinstance(value, Tensor) else as_tensor(value, "float64")
            for value in (x, y)
        )
    return divide(x, y)


def floor_divide(x: Any, y: Any) -> Tensor:
    """The largest whole number not above x / y."""
    first, second = as_tensors(x, y)
    if is_float(first.dtype):
        return floor(op("Div", first, second))
    return op("Div", op("Sub", first, op("Mod", first, second)), second)


def mod(x: Any, y: Any) -> Tensor:
    """What floor_divide leaves over; it has the sign of y."""
    first, second = as_tensors(x, y)
    if is_float(first.dtype):
        return op("Sub", first, op("Mul", floor_divide(first, second), second))
    return op("Mod", first, second)


def pow(x: Any, y: Any) -> Tensor:
    """x to the power of y."""
    return _binary("Pow", x, y)


def maximum(x: Any, y: Any) -> Tensor:
    """The larger of x and y; where they are equal, x counts as the larger for gradients."""
    return _binary("Max", x, y)


def minimum(x: Any, y: Any) -> Tensor:
    """The smaller of x and y; where they are equal, x counts as the smaller for gradients."""
    return _binary("Min", x, y)


def equal(x: Any, y: Any) -> Tensor:
    """x == y, as bool."""
    return _binary("Equal", x, y)


def not_equal(x: Any, y: Any) -> Tensor:
    """x != y, as bool."""
    return logical_not(equal(x, y))


def greater(x: Any, y: Any) -> Tensor:
    """x > y, as bool."""
    return _binary("Greater", x, y)


def greater_equal(x: Any, y: Any) -> Tensor:
    """x >= y, as bool."""
    return _binary("GreaterOrEqual", x, y)


def less(x: Any, y: Any) -> Tensor:
    """x < y, as bool."""
    return _binary("Less", x, y)


def less_equal(x: Any, y: Any) -> Tensor:
    """x <= y, as bool."""
    return _binary("LessOrEqual", x, y)


def logical_and(x: Any, y: Any) -> Tensor:
    """x and y, of bool."""
    return _binary("And", x, y)


def logical_or(x: Any, y: Any) -> Tensor:
    """x or y, of bool."""
    return _binary("Or", x, y)


def logical_xor(x: Any, y: Any) -> Tensor:
    """Either x or y, of bool."""
    return _binary("Xor", x, y)


def logical_not(x: Any) -> Tensor:
    """Not x, of bool."""
    return op("Not", as_tensor(x))


def negative(x: Any) -> Tensor:
    """-x."""
    return op("Neg", as_tensor(x))


def abs(x: Any) -> Tensor:
    """|x|; its gradient at 0 is 0."""
    return op("Abs", as_tensor(x))


def exp(x: Any) -> Tensor:
    """e to the power of x."""
    return op("Exp", as_tensor(x))


def log(x: Any) -> Tensor:
    """The natural logarithm."""
    return op("Log", as_tensor(x))


def sin(x: Any) -> Tensor:
    """The sine, of radians."""
    return op("Sin", as_tensor(x))


def cos(x: Any) -> Tensor:
    """The cosine, of radians."""
    return op("Cos", as_tensor(x))


def sqrt(x: Any) -> Tensor:
    """The square root; of negative values, as in Keras, 0."""
    tensor = as_tensor(x)
    return op("Sqrt", maximum(tensor, scalar(0, tensor)))


def square(x: Any) -> Tensor:
    """x * x."""
    tensor = as_tensor(x)
    return op("Mul", tensor, tensor)


def sign(x: Any) -> Tensor:
    """-1, 0 or 1."""
    return op("Sign", as_tensor(x))


def round(x: Any) -> Tensor:
    """The nearest whole number; halves go to the even one."""
    tensor = as_tensor(x)
    return op("Round", tensor) if is_float(tensor.dtype) else tensor


def floor(x: Any) -> Tensor:
    """The largest whole number that is not larger."""
    return op("Floor", as_tensor(x))


def clip(x: Any, min_value: Any = None, max_value: Any = None) -> Tensor:
    """Values below `min_value` become it, values above `max_value` likewise.

    The gradient is 1 between the bounds and at them, as in TensorFlow. Bounds may be tensors.
    """
    tensor = as_tensor(x)
    low, high = (
        None if bound is None else as_tensor(bound, tensor.dtype)
        for bound in (min_value, max_value)
    )
    if all(bound is None or bound.dims == () for bound in (low, high)):
        return op("Clip", tensor, low, high)
    if low is not None:
        tensor = op("Max", tensor, low)
    return tensor if high is None else op("Min", tensor, high)


def where(condition: Any, x: Any, y: Any) -> Tensor:
    """x where the condition holds, y elsewhere."""
    first, second = as_tensors(x, y)
    if first.dtype == "bool":  # for which ONNX Runtime has no kernel
        return cast(where(condition, cast(first, "uint8"), cast(second, "uint8")), "bool")
    return op("Where", as_tensor(condition), first, second)


def positive_mask(x: Tensor) -> Tensor:
    """1 where x > 0, else 0, in x's dtype; gradients take it for a constant.

    Blown up and clipped: a quarter of what Greater and Cast cost, and those are a quarter of Where.
    Of float32 below 3e-39 only a part counts, as they stay below 1; float16, whose range is too
    small for that, is compared.
    """
    if x.dtype == "float32":
        largest = float(np.finfo(np.float32).max)
        return stop_gradient(op("HardSigmoid", x, alpha=largest, beta=0.0))
    if x.dtype == "float64":  # for which ONNX Runtime has no HardSigmoid
        return stop_gradient(clip(multiply(x, scalar(float(np.finfo(x.dtype).max), x)), 0.0, 1.0))
    return cast(greater(x, scalar(0, x)), x.dtype)


def identity(x: Any) -> Tensor:
    """The same value as a tensor of its own."""
    return op("Identity", as_tensor(x))


def stop_gradient(x: Any) -> Tensor:
    """The same value, which gradients treat as a constant."""
    return graph.stop_gradient(as_tensor(x))


register_operators(
    {
        "add": add,
        "radd": lambda x, y: add(y, x),
        "sub": subtract,
        "rsub": lambda x, y: subtract(y, x),
        "mul": multiply,
        "rmul": lambda x, y: multiply(y, x),
        "truediv": true_divide,
        "rtruediv": lambda x, y: true_divide(y, x),
        "floordiv": floor_divide,
        "rfloordiv": lambda x, y: floor_divide(y, x),
        "mod": mod,
        "rmod": lambda x, y: mod(y, x),
        "pow": pow,
        "rpow": lambda x, y: pow(y, x),
        "neg": negative,
        "pos": identity,
        "abs": abs,
        "and": logical_and,
        "rand": lambda x, y: logical_and(y, x),
        "or": logical_or,
        "ror": lambda x, y: logical_or(y, x),
        "xor": logical_xor,
        "rxor": lambda x, y: logical_xor(y, x),
        "invert": logical_not,
        "lt": less,
        "le": less_equal,
        "gt": greater,
        "ge": greater_equal,
    }
)
