"""Functions of elements, and reductions, in plain NumPy: what operations of the same name do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from konnx.converters.verification.activations import activation, elu, sigmoid, softmax

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]

_erf = np.vectorize(math.erf, otypes=[np.float64])


def as_axes(axis: Any) -> int | tuple[int, ...] | None:
    """An axis, or several, as NumPy takes them."""
    if axis is None:
        return None
    places = np.asarray(axis)
    return int(places) if places.ndim == 0 else tuple(int(one) for one in places)


def _float(x: Any) -> Array:
    array = np.asarray(x)
    return array if array.dtype.kind == "f" else array.astype(np.float32)


def _of_one(function: Function) -> Function:
    """A function of floats whose further arguments have no effect."""
    return lambda x, *_: function(_float(x))


def _of_two(function: Function) -> Function:
    return lambda x, y, *_: function(np.asarray(x), np.asarray(y))


def _quotient(x: Array, y: Array) -> Array:
    return np.asarray(_float(x) / _float(y))


def _quotient_or_zero(x: Array, y: Array) -> Array:
    is_zero = np.asarray(y == 0)
    return np.where(is_zero, 0, _float(x) / np.where(is_zero, 1, y))


# Activations that layers do not have as well ----------------------------------------------------


def _relu(x: Any, slope: Any = 0.0, largest: Any = None, threshold: float = 0.0) -> Array:
    if isinstance(slope, Mapping):
        slope = 0.0
    x = np.asarray(x)
    result = np.where(x >= threshold, x, (slope or 0.0) * (x - threshold))
    return np.asarray(result if largest is None else np.minimum(result, largest))


def _gelu(x: Array, approximate: bool = True) -> Array:
    if approximate:
        return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))
    return np.asarray(x * 0.5 * (1 + _erf(x / math.sqrt(2))))


def _glu(x: Array, axis: int = -1) -> Array:
    first, second = np.split(x, 2, axis)
    return np.asarray(first * sigmoid(second))


def _celu(x: Array, alpha: float = 1.0) -> Array:
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0) / alpha)


def _sparse_plus(x: Array) -> Array:
    return np.where(x <= -1, 0, np.where(x < 1, 0.25 * (x + 1) ** 2, x))


def _sparsemax(x: Array, axis: int = -1) -> Array:
    """Not quite that of Martins and Astudillo: Keras sums up the partial sums of what is kept."""
    x = np.moveaxis(x, axis, -1)
    ordered = np.flip(np.sort(x, -1), -1)
    sums, counts = np.cumsum(ordered, -1), np.arange(1, x.shape[-1] + 1)
    kept = counts * ordered > sums - 1
    threshold = ((sums * kept).sum(-1, keepdims=True) - 1) / kept.sum(-1, keepdims=True)
    return np.moveaxis(np.maximum(x - threshold, 0), -1, axis)


def _log_softmax(x: Array, axis: Any = -1) -> Array:
    shifted = x - x.max(-1 if axis is None else axis, keepdims=True)
    return np.asarray(
        shifted - np.log(np.exp(shifted).sum(-1 if axis is None else axis, keepdims=True))
    )


def _silu(x: Array, beta: Any = 1.0) -> Array:
    return np.asarray(x * sigmoid(x * (1.0 if isinstance(beta, Mapping) else beta)))


def _full(x: Array, value: Any, dtype: Any = None) -> Array:
    return np.full(np.shape(x), value, dtype or np.asarray(x).dtype)


def _rounded(x: Any, decimals: Any = 0) -> Array:
    return np.round(np.asarray(x), decimals if isinstance(decimals, int) else 0)


def _where(condition: Any, x: Any = None, y: Any = None) -> Array:
    return np.asarray(np.where(np.asarray(condition).astype(bool), x, y))


def _clip(x: Any, low: Any, high: Any) -> Array:
    return np.asarray(np.minimum(np.maximum(x, low), high))


ELEMENTS: dict[str, Function] = {
    # Two operands
    "add": _of_two(np.add),
    "addn": sum,
    "divide": _of_two(_quotient),
    "dividenonan": _of_two(_quotient_or_zero),
    "equal": _of_two(np.equal),
    "floordiv": _of_two(np.floor_divide),
    "floordivide": _of_two(np.floor_divide),
    "floormod": _of_two(np.mod),
    "greater": _of_two(np.greater),
    "greaterequal": _of_two(np.greater_equal),
    "less": _of_two(np.less),
    "lessequal": _of_two(np.less_equal),
    "logaddexp": _of_two(np.logaddexp),
    "logicaland": _of_two(np.logical_and),
    "logicalor": _of_two(np.logical_or),
    "logicalxor": _of_two(np.logical_xor),
    "maximum": _of_two(np.maximum),
    "minimum": _of_two(np.minimum),
    "mod": _of_two(np.mod),
    "multiply": _of_two(np.multiply),
    "notequal": _of_two(np.not_equal),
    "pow": _of_two(np.power),
    "power": _of_two(np.power),
    "squareddifference": _of_two(lambda x, y: (x - y) ** 2),
    "subtract": _of_two(np.subtract),
    "truediv": _of_two(_quotient),
    "truedivide": _of_two(_quotient),
    "where": _where,
    # One
    "abs": lambda x, *_: np.abs(x),
    "absolute": np.abs,
    "arccos": _of_one(np.arccos),
    "arcsin": _of_one(np.arcsin),
    "arctan": _of_one(np.arctan),
    "cast": lambda x, dtype: np.asarray(x).astype(dtype),
    "ceil": _of_one(np.ceil),
    "clip": _clip,
    "clipbyvalue": _clip,
    "copy": np.copy,
    "cos": _of_one(np.cos),
    "cosh": _of_one(np.cosh),
    "erf": _of_one(_erf),
    "exp": _of_one(np.exp),
    "expm1": _of_one(np.expm1),
    "floor": _of_one(np.floor),
    "fulllike": _full,
    "identity": lambda x, *_: x,
    "isinf": _of_one(np.isinf),
    "isnan": _of_one(np.isnan),
    "log": _of_one(np.log),
    "log10": _of_one(np.log10),
    "log1p": _of_one(np.log1p),
    "log2": _of_one(np.log2),
    "logicalnot": np.logical_not,
    "negative": lambda x, *_: -x,
    "oneslike": lambda x, dtype=None: _full(x, 1, dtype),
    "reciprocal": _of_one(lambda x: 1 / x),
    "round": _rounded,
    "rsqrt": _of_one(lambda x: 1 / np.sqrt(x)),
    "saturatecast": lambda x, dtype: np.asarray(x).astype(dtype),
    "sign": np.sign,
    "sin": _of_one(np.sin),
    "sinh": _of_one(np.sinh),
    "sqrt": _of_one(np.sqrt),
    "square": lambda x, *_: np.square(x),
    "stopgradient": lambda x: x,
    "tan": _of_one(np.tan),
    "trunc": _of_one(np.trunc),
    "zeroslike": lambda x, dtype=None: _full(x, 0, dtype),
    # Activations
    "celu": _celu,
    "elu": elu,
    "gelu": _gelu,
    "glu": _glu,
    "hardshrink": lambda x, threshold=0.5: x * (np.abs(x) > threshold),
    "hardsigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "hardsilu": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "hardtanh": lambda x: np.clip(x, -1, 1),
    "leakyrelu": lambda x, slope=0.2: np.where(x > 0, x, slope * x),
    "logsigmoid": lambda x: -np.logaddexp(-x, 0),
    "logsoftmax": _log_softmax,
    "mish": _of_one(activation("mish")),
    "relu": _relu,
    "relu6": _of_one(activation("relu6")),
    "selu": _of_one(activation("selu")),
    "sigmoid": _of_one(sigmoid),
    "silu": _silu,
    "softmax": lambda x, axis=-1: softmax(x, -1 if axis is None else axis),
    "softplus": _of_one(activation("softplus")),
    "softshrink": lambda x, threshold=0.5: np.sign(x) * np.maximum(np.abs(x) - threshold, 0),
    "softsign": _of_one(activation("softsign")),
    "sparseplus": _sparse_plus,
    "sparsesigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "sparsemax": _sparsemax,
    "squareplus": lambda x, b=4: (x + np.sqrt(x**2 + b)) / 2,
    "swish": _silu,
    "tanh": _of_one(np.tanh),
    "tanhshrink": lambda x: x - np.tanh(x),
    "threshold": lambda x, threshold, default: np.where(x > threshold, x, default),
}


# Reductions -----------------------------------------------------------------------------------


def _over(function: Function) -> Function:
    return lambda x, axis=None, keepdims=False, *_: np.asarray(
        function(np.asarray(x), axis=as_axes(axis), keepdims=bool(keepdims))
    )


def _log_sum_exp(x: Array, axis: Any, keepdims: bool) -> Array:
    return np.asarray(np.log(np.exp(x).sum(axis=axis, keepdims=keepdims)))


def vector_norm(x: Any, order: Any = None, axis: Any = None, keepdims: Any = False) -> Array:
    """The Euclidean norm, that of order 1, or the largest absolute value ("inf")."""
    x, places, keep = _float(x), as_axes(axis), bool(keepdims)
    if order == 1:
        return np.asarray(np.abs(x).sum(axis=places, keepdims=keep))
    if order in ("inf", float("inf")):
        return np.asarray(np.abs(x).max(axis=places, keepdims=keep))
    return np.asarray(np.sqrt((x**2).sum(axis=places, keepdims=keep)))


def normalized(x: Array, axis: Any = -1, order: Any = 2, epsilon: Any = None) -> Array:
    """x divided by its norm, which is at least epsilon."""
    smallest = 1e-7 if epsilon is None else epsilon
    return np.asarray(x / np.maximum(vector_norm(x, order, axis, keepdims=True), smallest))


REDUCTIONS: dict[str, Function] = {
    "all": _over(np.all),
    "amax": _over(np.max),
    "amin": _over(np.min),
    "any": _over(np.any),
    "logsumexp": _over(_log_sum_exp),
    "max": _over(np.max),
    "mean": _over(np.mean),
    "min": _over(np.min),
    "norm": vector_norm,
    "prod": _over(np.prod),
    "reduceall": _over(np.all),
    "reduceany": _over(np.any),
    "reducelogsumexp": _over(_log_sum_exp),
    "reducemax": _over(np.max),
    "reducemean": _over(np.mean),
    "reducemin": _over(np.min),
    "reduceprod": _over(np.prod),
    "reducestd": _over(np.std),
    "reducesum": _over(np.sum),
    "reducevariance": _over(np.var),
    "std": _over(np.std),
    "sum": _over(np.sum),
    "var": _over(np.var),
}
