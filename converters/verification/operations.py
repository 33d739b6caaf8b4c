"""Operations between layers in plain NumPy, by their public names.

Each function takes the arguments of an operation in the order of its own signature, but `name`.
Sources: the documentation of NumPy, of TensorFlow's functions and of Keras 3's `keras.ops`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from konnx.converters.verification.activations import UnsupportedError
from konnx.converters.verification.operation_functions import (
    ELEMENTS,
    REDUCTIONS,
    as_axes,
    normalized,
    vector_norm,
)

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]

_KERAS, _RAW = "keras.ops.", "tf.raw_ops."


def operation(symbol: str, arguments: Mapping[str, Any]) -> list[Array]:
    """Compute an operation.

    Args:
        symbol: its name, such as "tf.math.multiply" or "keras.ops.Multiply".
        arguments: all of its arguments, by name and in order, with arrays for tensors.

    Returns:
        Its outputs.

    Raises:
        UnsupportedError: there is no plain evaluation of it.
    """
    values = [value for name, value in arguments.items() if name != "name"]
    result = function_of(symbol)(*values)
    parts = result if isinstance(result, list | tuple) else [result]
    return [np.asarray(part) for part in parts]


def function_of(symbol: str) -> Function:
    """Return the function for a symbol.

    Raises:
        UnsupportedError: there is none.
    """
    name = symbol.rpartition(".")[2].lower().replace("_", "")
    if symbol.startswith(_RAW):
        name = _RAW_NAMES.get(name, name)
        tables: Sequence[Mapping[str, Function]] = (_RAW_FUNCTIONS, ELEMENTS, _SHAPES)
    else:
        own = _KERAS_FUNCTIONS if symbol.startswith(_KERAS) else _TENSORFLOW_FUNCTIONS
        tables = (_OLD_FUNCTIONS if ".compat.v1." in symbol else {}, own, *_COMMON)
    found = next((table[name] for table in tables if name in table), None)
    if found is None:
        raise UnsupportedError(f"operation {symbol}")
    return found


# Shapes and parts: the same everywhere --------------------------------------------------------


def _listed(value: Any) -> list[int]:
    """Sizes as a list; they may be arrays, and None is what is left."""
    items = value if isinstance(value, list | tuple) else np.atleast_1d(value).tolist()
    return [-1 if one is None else int(one) for one in items]


def _squeeze(x: Array, axis: Any = None, *_: Any) -> Array:
    return np.squeeze(x, as_axes(axis) if axis not in ([], ()) else None)


def _item(x: Array, key: Any, *_: Any) -> Any:
    keys = key if isinstance(key, list | tuple) else [key]
    return x[tuple(int(k) if isinstance(k, np.ndarray) and k.ndim == 0 else k for k in keys)]


def _pad(x: Array, pads: Any, mode: str = "constant", value: Any = None, *_: Any) -> Array:
    pairs = np.broadcast_to(np.asarray(pads), (x.ndim, 2)).tolist()
    if mode.lower() == "constant":
        return np.pad(x, pairs, constant_values=value or 0)
    return np.pad(x, pairs, mode=mode.lower())  # type: ignore[call-overload,no-any-return]


def _broadcast(x: Array, shape: Any, *_: Any) -> Array:
    sizes = [1 if size is None else int(size) for size in shape]
    return np.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(sizes)))


def _largest(x: Array, k: Any = 1, *_: Any) -> list[Array]:
    places = np.argsort(-x, -1, kind="stable")[..., : int(k)]
    return [np.take_along_axis(x, places, -1), places]


def _sorted(x: Array, axis: int = -1, direction: str = "ASCENDING", *_: Any) -> Array:
    ascending = np.sort(x, axis)
    return np.flip(ascending, axis) if direction == "DESCENDING" else ascending


def _parts(x: Array, num: Any = None, axis: int = 0, *_: Any) -> list[Array]:
    return list(np.moveaxis(x, axis, 0))


def _whole(indices: Any) -> Array:
    return np.asarray(indices).astype(np.int64)


def _hot(indices: Any, depth: Any, on: Any = None, off: Any = None, axis: Any = -1) -> Array:
    places = _whole(indices)[..., np.newaxis] == np.arange(int(depth))
    hot = np.where(places, 1.0 if on is None else on, 0.0 if off is None else off)
    return np.moveaxis(hot, -1, -1 if axis is None else axis).astype(np.float32)


def _einsum(*operands_and_equation: Any) -> Array:
    """Keras 3 gives the equation last; TensorFlow puts it first, among the operands."""
    *operands, equation = operands_and_equation
    return np.asarray(np.einsum(equation, *[np.asarray(one) for one in operands[0]]))


_SHAPES: dict[str, Function] = {
    "broadcastto": _broadcast,
    "concat": lambda xs, axis=0, *_: np.concatenate(xs, int(axis)),
    "concatenate": lambda xs, axis=0, *_: np.concatenate(xs, int(axis)),
    "dot": lambda x, y: np.dot(x, y),
    "expanddims": lambda x, axis, *_: np.expand_dims(x, as_axes(axis) or 0),
    "flip": lambda x, axis=None: np.flip(x, as_axes(axis)),
    "getitem": _item,
    "moveaxis": lambda x, source, target: np.moveaxis(x, source, target),
    "pad": _pad,
    "ravel": np.ravel,
    "repeat": lambda x, repeats, axis=None, *_: np.repeat(x, repeats, axis),
    "reshape": lambda x, shape, *_: np.reshape(x, _listed(shape)),
    "reverse": lambda x, axis, *_: np.flip(x, as_axes(axis)),
    "roll": lambda x, shift, axis=None, *_: np.roll(x, shift, as_axes(axis)),
    "shape": lambda x, *_: np.array(x.shape),
    "sort": _sorted,
    "squeeze": _squeeze,
    "stack": lambda xs, axis=0, *_: np.stack(xs, axis),
    "swapaxes": np.swapaxes,
    "take": lambda x, indices, axis=None: np.take(x, _whole(indices), axis),
    "tensordot": lambda x, y, axes=2, *_: np.tensordot(x, y, axes),
    "tile": lambda x, counts, *_: np.tile(x, _listed(counts)),
    "topk": _largest,
    "transpose": lambda x, axes=None, *_: np.transpose(x, axes),
    "tril": np.tril,
    "triu": np.triu,
    "unstack": _parts,
}  # fmt: skip
_COMMON = (ELEMENTS, REDUCTIONS, _SHAPES)


# Keras 3 --------------------------------------------------------------------------------------


def _place_in_all(find: Function) -> Function:
    return lambda x, axis=None, keepdims=False: find(x, axis, keepdims=keepdims)


def _split_at(x: Array, indices: Any, axis: int = 0) -> list[Array]:
    return np.split(x, indices, axis)


_KERAS_FUNCTIONS: dict[str, Function] = {
    "argmax": _place_in_all(np.argmax),
    "argmin": _place_in_all(np.argmin),
    "cumprod": lambda x, axis=0, *_: np.cumprod(x, axis),
    "cumsum": lambda x, axis=0, *_: np.cumsum(x, axis),
    "einsum": _einsum,
    "matmul": lambda x, y: np.matmul(x, y),
    "moments": lambda x, axes, keepdims=False, *_: _moments(x, axes, keepdims),
    "normalize": normalized,
    "onehot": lambda x, depth, axis=-1, *_: _hot(x, depth, axis=axis),
    "split": _split_at,
}


def _moments(x: Array, axes: Any, keepdims: bool) -> list[Array]:
    places = as_axes(axes)
    return [x.mean(places, keepdims=keepdims), x.var(places, keepdims=keepdims)]


# TensorFlow -----------------------------------------------------------------------------------


def _place_in_first(find: Function) -> Function:
    return lambda x, axis=None, *_: find(x, 0 if axis is None else axis)


def _running_sum(
    x: Array, axis: int = 0, exclusive: bool = False, reverse: bool = False, *_: Any
) -> Array:
    x = np.flip(x, axis) if reverse else x
    total = np.cumsum(x, axis) - (x if exclusive else 0)
    return np.flip(total, axis) if reverse else total


def _slice(x: Array, begin: Any, size: Any, *_: Any) -> Array:
    pairs = zip(_listed(begin), _listed(size), strict=True)
    return x[tuple(slice(first, None if n == -1 else first + n) for first, n in pairs)]


def _gather(
    x: Array, indices: Any, checked: Any = None, axis: Any = None, batch_dims: int = 0
) -> Array:
    if not batch_dims:
        return np.take(x, _whole(indices), int(axis or 0))
    if batch_dims != 1 or axis not in (None, 1):
        raise UnsupportedError("gathering from batches of batches")
    return np.stack([x[i][row] for i, row in enumerate(_whole(indices))])


def _split_sizes(x: Array, sizes: Any, axis: int = 0, *_: Any) -> list[Array]:
    whole = np.ndim(sizes) == 0
    return np.split(x, int(sizes) if whole else np.cumsum(sizes)[:-1], axis)


def _product(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    *_: Any,
) -> Array:
    a, b = np.asarray(a), np.asarray(b)
    a = a.swapaxes(-1, -2) if transpose_a or adjoint_a else a
    return np.asarray(a @ (b.swapaxes(-1, -2) if transpose_b or adjoint_b else b))


def _blocks_laid_out(x: Array, size: int, layout: str = "NHWC") -> Array:
    """Channels spread over blocks of pixels."""
    x = np.moveaxis(x, 1, -1) if layout == "NCHW" else x
    n, h, w, c = x.shape
    blocks = x.reshape(n, h, w, size, size, c // size**2).transpose(0, 1, 3, 2, 4, 5)
    laid = blocks.reshape(n, h * size, w * size, -1)
    return np.moveaxis(laid, -1, 1) if layout == "NCHW" else laid


def _blocks_gathered(x: Array, size: int, layout: str = "NHWC") -> Array:
    """Blocks of pixels laid into channels."""
    x = np.moveaxis(x, 1, -1) if layout == "NCHW" else x
    n, h, w, c = x.shape
    blocks = x.reshape(n, h // size, size, w // size, size, c).transpose(0, 1, 3, 2, 4, 5)
    gathered = blocks.reshape(n, h // size, w // size, -1)
    return np.moveaxis(gathered, -1, 1) if layout == "NCHW" else gathered


def _with_bias(x: Array, bias: Any, layout: Any = None, *_: Any) -> Array:
    if layout is None or not layout.startswith("NC"):
        return np.asarray(x + bias)
    return np.asarray(x + np.reshape(bias, (-1, *[1] * (x.ndim - 2))))


def _length_one(x: Array, axis: Any = None, epsilon: float = 1e-12) -> Array:
    squares = (x**2).sum(as_axes(axis), keepdims=True)
    return np.asarray(x / np.sqrt(np.maximum(squares, epsilon)))


_TENSORFLOW_FUNCTIONS: dict[str, Function] = {
    "argmax": _place_in_first(np.argmax),
    "argmin": _place_in_first(np.argmin),
    "biasadd": _with_bias,
    "cumsum": _running_sum,
    "depthtospace": _blocks_laid_out,
    "einsum": lambda values: _einsum(values[1:], values[0]),
    "gather": _gather,
    "gelu": lambda x, approximate=False: ELEMENTS["gelu"](x, approximate),
    "l2normalize": _length_one,
    "matmul": _product,
    "moments": lambda x, axes, shift=None, keepdims=False: _moments(x, axes, keepdims),
    "onehot": lambda x, depth, on=None, off=None, axis=-1, *_: _hot(x, depth, on, off, axis),
    "slice": _slice,
    "spacetodepth": _blocks_gathered,
    "split": _split_sizes,
}
_OLD_FUNCTIONS: dict[str, Function] = {  # whose arguments TensorFlow 1 had in another order
    "gather": lambda x, indices, checked, axis, count: _gather(x, indices, checked, axis, count),
    "norm": lambda x, order, axis, keepdims, old: vector_norm(x, order, axis, keepdims or old),
    "squeeze": lambda x, axis, dims: _squeeze(x, dims if axis is None else axis),
}


# Operators of TensorFlow's graphs: inputs, then a dict of attributes ---------------------------

_RAW_NAMES = {
    "addv2": "add", "mul": "multiply", "neg": "negative", "realdiv": "divide",
    "batchmatmul": "matmul", "batchmatmulv2": "matmul", "sub": "subtract",
}  # fmt: skip
_DTYPES = {
    "DT_BOOL": "bool", "DT_DOUBLE": "float64", "DT_FLOAT": "float32", "DT_HALF": "float16",
    "DT_INT32": "int32", "DT_INT64": "int64", "DT_UINT8": "uint8",
}  # fmt: skip


def _reduced(name: str) -> Function:
    return lambda x, axes, more: REDUCTIONS[name](x, axes, bool((more or {}).get("keep_dims")))


def _strided(x: Array, begin: Any, end: Any, strides: Any, more: Mapping[str, Any]) -> Any:
    """x[begin:end:strides], where bits of masks give places another meaning."""
    keys: list[Any] = []
    for place, (first, last, step) in enumerate(zip(begin, end, strides, strict=True)):
        bits = {name for name in more if name.endswith("_mask") and int(more[name]) >> place & 1}
        start = None if "begin_mask" in bits else first
        stop = None if "end_mask" in bits else last
        special = [
            value
            for name, value in (
                ("ellipsis_mask", ...), ("new_axis_mask", None), ("shrink_axis_mask", first),
            )
            if name in bits
        ]  # fmt: skip
        keys.append(special[0] if special else slice(start, stop, step))
    return _item(x, keys)


def _raw_product(a: Any, b: Any, more: Mapping[str, Any]) -> Array:
    flags = [bool(more.get(f"transpose_{x}") or more.get(f"adj_{y}")) for x, y in ("ax", "by")]
    return _product(a, b, *flags)


_RAW_FUNCTIONS: dict[str, Function] = {
    **{name: _reduced(name) for name in ("sum", "mean", "max", "min", "prod")},
    "biasadd": lambda x, bias, more: _with_bias(x, bias, (more or {}).get("data_format")),
    "cast": lambda x, more: np.asarray(x).astype(_DTYPES[more["DstT"]]),
    "concatv2": lambda values, more=None: np.concatenate(values[:-1], int(values[-1])),
    "elu": lambda x, more=None: ELEMENTS["elu"](x),
    "gatherv2": lambda x, indices, axis, more=None: np.take(x, _whole(indices), int(axis)),
    "matmul": _raw_product,
    "pack": lambda values, more: np.stack(values, (more or {}).get("axis", 0)),
    "pad": lambda x, pads, more=None: _pad(x, pads),
    "relu": lambda x, more=None: np.maximum(x, 0),
    "softmax": lambda x, more=None: ELEMENTS["softmax"](x),
    "squeeze": lambda x, more: _squeeze(x, (more or {}).get("squeeze_dims")),
    "stridedslice": _strided,
    "transpose": lambda x, order, more=None: np.transpose(x, _listed(order)),
}
