"""What operations compute that `konnx.ops` has not under one name, or for other dtypes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from konnx import ops
from konnx.config import floatx
from konnx.graph import Tensor, is_float, op

Function = Callable[..., Any]
_ORDER = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")


# Dtypes


def promoting(function: Function) -> Function:
    """A function of tensors whose operands take one dtype, as in Keras 3: floats win."""
    return lambda *values: function(*promoted(values))


def promoted(values: Sequence[Any]) -> list[Any]:
    """Values with the tensors among them cast to the dtype in which they meet."""
    dtypes = [value.dtype for value in values if isinstance(value, Tensor)]
    dtypes += [str(value.dtype) for value in values if isinstance(value, np.ndarray)]
    kinds = [_kind(value) for value in values if not isinstance(value, Tensor | np.ndarray)]
    if not dtypes:
        return [ops.as_tensor(value) for value in values]
    dtype = max(dtypes, key=lambda name: _ORDER.index(name) if name in _ORDER else -1)
    if "float" in kinds and not is_float(dtype):
        dtype = floatx()
    elif "int" in kinds and dtype == "bool":
        dtype = "int32"
    return [ops.cast(_tensor(value, dtype), dtype) for value in values]


def _kind(value: Any) -> str:
    kind = np.asarray(value).dtype.kind
    return {"f": "float", "i": "int", "u": "int"}.get(kind, "bool")


def _tensor(value: Any, dtype: str) -> Tensor:
    return value if isinstance(value, Tensor) else ops.as_tensor(np.asarray(value, dtype))


def floating(function: Function) -> Function:
    """A function that takes whole numbers and bool as `floatx()`."""
    return lambda x, *rest: function(as_float(x), *rest)


def as_float(x: Any) -> Tensor:
    """The tensor, in `floatx()` if it holds no floats."""
    tensor = ops.as_tensor(x)
    return tensor if is_float(tensor.dtype) else ops.cast(tensor, floatx())


def counting(function: Function) -> Function:
    """A function that takes bool as int32."""

    def apply(x: Any, *rest: Any) -> Tensor:
        tensor = ops.as_tensor(x)
        whole = ops.cast(tensor, "int32") if tensor.dtype == "bool" else tensor
        return ops.as_tensor(function(whole, *rest))

    return apply


def onnx(op_type: str) -> Function:
    """The ONNX operator of one input, in floats."""
    return floating(lambda x: op(op_type, x))


# Elements

divide = promoting(lambda x, y: ops.divide(as_float(x), as_float(y)))


def divide_no_nan(x: Any, y: Any) -> Tensor:
    """x / y, or 0 where y is 0."""
    first, second = promoted([x, y])
    is_zero = ops.cast(ops.equal(second, 0), second.dtype)
    return ops.divide(first, second + is_zero) * (1 - is_zero)


def squared_difference(x: Any, y: Any) -> Tensor:
    """(x - y)^2."""
    return ops.square(ops.subtract(*promoted([x, y])))


def logaddexp(x: Any, y: Any) -> Tensor:
    """log(exp(x) + exp(y))."""
    first, second = promoted([x, y])
    return ops.maximum(first, second) + log1p(ops.exp(-ops.abs(first - second)))


def log1p(x: Any) -> Tensor:
    """log(1 + x)."""
    return ops.log(as_float(x) + 1.0)


def expm1(x: Any) -> Tensor:
    """exp(x) - 1, exact near 0."""
    tensor = as_float(x)
    return ops.tanh(tensor * 0.5) * (ops.exp(tensor) + 1.0)


def rsqrt(x: Any) -> Tensor:
    """1 / sqrt(x)."""
    return op("Reciprocal", op("Sqrt", as_float(x)))


def log_in(base: float) -> Function:
    """The logarithm to a base."""
    return lambda x: ops.log(as_float(x)) * float(1 / np.log(base))


def round_to(x: Any, decimals: int = 0) -> Tensor:
    """The nearest number with so many decimals."""
    if not decimals:
        return ops.round(x)
    scale = 10.0**decimals
    return ops.round(ops.as_tensor(x) * scale) / scale


def trunc(x: Any) -> Tensor:
    """The whole part."""
    return ops.sign(x) * ops.floor(ops.abs(x))


def select(condition: Any, x: Any = None, y: Any = None) -> Tensor:
    """x where the condition holds, else y."""
    return ops.where(ops.cast(condition, "bool"), *promoted([x, y]))


def clip(x: Any, low: Any, high: Any) -> Tensor:
    """x between two bounds."""
    tensor = ops.as_tensor(x)
    return ops.clip(tensor, *(_bound(one, tensor.dtype) for one in (low, high)))


def _bound(value: Any, dtype: str) -> Any:
    return ops.cast(value, dtype) if isinstance(value, Tensor) else value


def relu(x: Any, negative_slope: float = 0.0, max_value: Any = None, threshold: float = 0.0) -> Any:
    """Keras' rectifier."""
    from konnx import activations

    return activations.relu(x, negative_slope, max_value, threshold)


def hard_sigmoid(x: Any) -> Tensor:
    """relu6(x + 3) / 6."""
    return ops.relu6(ops.as_tensor(x) + 3.0) * (1 / 6)


def cast(x: Any, dtype: Any) -> Tensor:
    """The values in another dtype."""
    return ops.cast(x, dtype)


def like(value: float) -> Function:
    """A value in the shape of a tensor."""
    return lambda x, dtype=None: full_like(x, value, dtype)


def full_like(x: Any, value: Any, dtype: Any = None) -> Tensor:
    """A value in the shape of a tensor."""
    tensor = ops.as_tensor(x)
    return ops.expand_like(ops.cast(ops.as_tensor(value), dtype or tensor.dtype), tensor)


# Reductions


def reduction(function: Function) -> Function:
    """A reduction over a list of axes, or all."""
    return lambda x, axis=None, keepdims=False, *_: function(x, axis, keepdims)


mean = reduction(floating(ops.mean))
total = reduction(counting(ops.sum))
product = reduction(counting(ops.prod))


def extreme_place(function: Function, dtype: str, default: Any) -> Function:
    """argmax or argmin, in a dtype; the default axis None means all elements."""

    def apply(x: Any, axis: Any = None, keepdims: Any = False) -> Tensor:
        axis = default if axis is None else axis
        flat = ops.reshape(x, [-1]) if axis is None else ops.as_tensor(x)
        places = ops.cast(function(flat, 0 if axis is None else axis), dtype)
        if not keepdims:
            return places
        if axis is None:
            return ops.reshape(places, [1] * ops.as_tensor(x).ndim)
        return ops.expand_dims(places, axis)

    return apply


def norm(x: Any, order: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The Euclidean norm ("euclidean", 2 or None), that of order 1, or the largest |x| ("inf")."""
    tensor = as_float(x)
    if order == 1:
        return ops.sum(ops.abs(tensor), axis, keepdims)
    if order in ("inf", float("inf")):
        return ops.max(ops.abs(tensor), axis, keepdims)
    if order not in (None, 2, "euclidean", "fro"):
        raise ValueError(f"has norms of order 1, 2 and inf. Received: ord={order!r}")
    return ops.sqrt(ops.sum(ops.square(tensor), axis, keepdims))


def normalize(x: Any, axis: Any = -1, order: Any = 2, epsilon: Any = None) -> Tensor:
    """x divided by its norm, which is at least epsilon (1e-7)."""
    tensor = as_float(x)
    bound = 1e-7 if epsilon is None else epsilon
    return tensor / ops.maximum(norm(tensor, order, axis, True), bound)


def moments(x: Any, axes: Any, *rest: Any) -> list[Tensor]:
    """Mean and variance over axes; keepdims is the last but one further argument."""
    keepdims = bool(rest[0]) if rest else False
    tensor = as_float(x)
    return [ops.mean(tensor, axes, keepdims), ops.var(tensor, axes, keepdims)]


# Shapes


def shape_of(x: Any, *_: Any) -> Tensor:
    """The sizes as int32."""
    return ops.cast(ops.shape(x), "int32")


def reshape(x: Any, shape: Any) -> Tensor:
    """The elements in another shape; None and -1 are what is left."""
    return ops.reshape(x, shape if isinstance(shape, list | Tensor) else [shape])


def transpose(x: Any, axes: Any = None, *_: Any) -> Tensor:
    """The axes in another order; default: reversed."""
    return ops.transpose(x, axes)


def swap_axes(x: Any, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged."""
    tensor = ops.as_tensor(x)
    order = list(range(tensor.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return ops.transpose(tensor, order)


def move_axis(x: Any, source: Any, destination: Any) -> Tensor:
    """Axes moved to other places."""
    tensor = ops.as_tensor(x)
    sources, places = (
        [axis % tensor.ndim for axis in (one if isinstance(one, list) else [one])]
        for one in (source, destination)
    )
    order = [axis for axis in range(tensor.ndim) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return ops.transpose(tensor, order)


def squeeze(x: Any, axis: Any = None) -> Tensor:
    """The tensor without axes of size 1; default: all that are known to have it."""
    tensor = ops.as_tensor(x)
    axes = axis if isinstance(axis, list) else [axis]
    if axis is None or not axes:
        axes = [place for place, size in enumerate(tensor.shape) if size == 1]
    return op("Squeeze", tensor, ops.as_tensor(np.asarray(axes, np.int64)))


def expand_dims(x: Any, axis: Any) -> Tensor:
    """New axes of size 1."""
    tensor = ops.as_tensor(x)
    axes = axis if isinstance(axis, list) else [axis]
    return op("Unsqueeze", tensor, ops.as_tensor(np.asarray(axes, np.int64)))


def concatenate(tensors: Any, axis: int = 0) -> Tensor:
    """Tensors joined along an axis."""
    return ops.concatenate(promoted(tensors), axis)


def stack(tensors: Any, axis: int = 0) -> Tensor:
    """Tensors joined along a new axis."""
    return ops.stack(promoted(tensors), axis)


def unstack(x: Any, num: Any = None, axis: int = 0) -> list[Tensor]:
    """The parts along an axis, without it."""
    tensor = ops.as_tensor(x)
    size = num or tensor.shape[axis]
    if size is None:
        raise ValueError(f"needs an axis of known size. Received: {tensor!r}, axis={axis}")
    return [ops.squeeze(part, axis) for part in ops.split(tensor, [1] * size, axis)]


def split_sizes(x: Any, sizes: Any, axis: int = 0, *_: Any) -> list[Tensor]:
    """So many equal parts, or parts of given sizes (TensorFlow)."""
    tensor = ops.as_tensor(x)
    whole = tensor.shape[axis]
    if isinstance(sizes, int):
        if whole is None or whole % sizes:
            raise ValueError(f"cannot split {tensor!r} evenly in {sizes} along axis {axis}")
        sizes = [whole // sizes] * sizes
    return ops.split(tensor, sizes, axis)


def split_at(x: Any, indices: Any, axis: int = 0) -> list[Tensor]:
    """So many equal parts, or parts that begin at given places (NumPy)."""
    if isinstance(indices, int):
        return split_sizes(x, indices, axis)
    starts = [0, *indices]
    ends = [*indices, 2**62]
    pairs = zip(starts, ends, strict=True)
    return [ops.slice_axes(ops.as_tensor(x), [a], [b], [axis]) for a, b in pairs]


def flip(x: Any, axis: Any = None) -> Tensor:
    """The elements in reverse order along axes; default: all."""
    tensor = ops.as_tensor(x)
    return ops.reverse(tensor, list(range(tensor.ndim)) if axis is None else axis)


def roll(x: Any, shift: Any, axis: Any) -> Tensor:
    """The elements moved along axes; what leaves at the end enters at the start."""
    result = ops.as_tensor(x)
    shifts, axes = (one if isinstance(one, list) else [one] for one in (shift, axis))
    for count, place in zip(shifts, axes, strict=True):
        head = ops.slice_axes(result, [-count], [2**62], [place])
        tail = ops.slice_axes(result, [0], [-count], [place])
        if count % (result.shape[place] or count + 1):
            result = ops.concatenate([head, tail], place)
    return result


def repeat(x: Any, repeats: int, axis: Any = None) -> Tensor:
    """Each element so many times in a row."""
    flat = ops.reshape(x, [-1]) if axis is None else x
    return ops.repeat_elements(flat, repeats, axis or 0)


def tile(x: Any, repeats: Any) -> Tensor:
    """The tensor repeated as a whole along its axes."""
    tensor = ops.as_tensor(x)
    counts = repeats if isinstance(repeats, list) else [repeats]
    if isinstance(repeats, Tensor):
        return ops.tile(tensor, repeats)
    for _ in range(len(counts) - tensor.ndim):
        tensor = ops.expand_dims(tensor, 0)
    return ops.tile(tensor, [1] * (tensor.ndim - len(counts)) + list(counts))


def pad(x: Any, pads: Any, mode: str = "constant", value: Any = None) -> Tensor:
    """Elements added around: constant, or by reflection or repetition of the tensor's own."""
    tensor = ops.as_tensor(x)
    pairs = [pads] * tensor.ndim if pads and not isinstance(pads[0], list) else pads
    kinds = {"constant": "constant", "reflect": "reflect", "edge": "edge", "symmetric": None}
    kind = kinds.get(mode.lower())
    if kind is None:
        raise ValueError(f"pads by 'constant', 'reflect' and 'edge'. Received: mode={mode!r}")
    amounts = np.asarray(pairs, np.int64).T.ravel()
    fill = None if not value else ops.as_tensor(value, tensor.dtype)
    return op("Pad", tensor, ops.as_tensor(amounts), fill, mode=kind)


def broadcast_to(x: Any, shape: Any) -> Tensor:
    """The tensor broadcast to a shape."""
    sizes = ops.sizes_tensor([1 if size is None else size for size in shape])
    return ops.expand(ops.as_tensor(x), sizes)


def take(x: Any, indices: Any, axis: Any = None) -> Tensor:
    """The slices of x with the numbers given, along an axis; None: of the flat x."""
    flat = ops.reshape(x, [-1]) if axis is None else x
    return ops.gather(flat, _whole(indices), axis or 0)


def gather(x: Any, indices: Any, axis: Any = None, batch_dims: int = 0) -> Tensor:
    """TensorFlow's gather; rows of a batch have their own numbers only along the next axis."""
    place = batch_dims if axis is None else axis
    if not batch_dims:
        return ops.gather(x, _whole(indices), place or 0)
    tensor, numbers = ops.as_tensor(x), _whole(indices)
    if batch_dims != 1 or place != 1:
        raise ValueError(f"gathers from batches along axis 1. Received: axis={axis}, {batch_dims=}")
    return op("GatherND", tensor, ops.cast(ops.expand_dims(numbers, -1), "int64"), batch_dims=1)


def _whole(indices: Any) -> Tensor:
    return ops.as_tensor(indices if isinstance(indices, Tensor) else np.asarray(indices, np.int64))


def get_item(x: Any, key: Any) -> Tensor:
    """x[key]; a list stands for a tuple."""
    return ops.getitem(ops.as_tensor(x), tuple(key) if isinstance(key, list) else key)


def one_hot(x: Any, num_classes: int, on: Any, off: Any, axis: Any, dtype: Any) -> Tensor:
    """1 (or `on`) at the place of each number in a new axis, else 0 (or `off`)."""
    hot = ops.one_hot(x, num_classes, dtype or floatx())
    if on is not None or off is not None:
        low = 0.0 if off is None else off
        hot = hot * ((1.0 if on is None else on) - low) + low
    return hot if axis in (None, -1) else move_axis(hot, -1, axis)


def top_k(x: Any, k: int = 1, *_: Any) -> list[Tensor]:
    """The k largest along the last axis, and their places (int32)."""
    count = ops.as_tensor(np.array([k], np.int64))
    values, places = op("TopK", ops.as_tensor(x), count, axis=-1, outputs=2)
    return [values, ops.cast(places, "int32")]


def sort(x: Any, axis: int = -1, direction: str = "ASCENDING", *_: Any) -> Tensor:
    """The elements in order along an axis."""
    tensor = ops.as_tensor(x)
    size = ops.sizes_tensor([ops.size_of(tensor, axis)])
    largest = int(direction == "DESCENDING")
    return op("TopK", tensor, size, axis=axis, largest=largest, outputs=2)[0]


def triangle(upper: int) -> Function:
    """The part of matrices above (or below) a diagonal, zeros elsewhere."""
    return lambda x, k=0: op("Trilu", ops.as_tensor(x), ops.as_tensor(np.int64(k)), upper=upper)


# Products


def matmul(x: Any, y: Any, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
    """The matrix product over the last two axes, of either transposed if asked for."""
    first, second = promoted([x, y])
    first = swap_axes(first, -1, -2) if transpose_a else first
    second = swap_axes(second, -1, -2) if transpose_b else second
    return ops.matmul(first, second)


def einsum(operands: Sequence[Any], subscripts: str) -> Tensor:
    """Einstein's sum."""
    return op("Einsum", *promoted(operands), equation=subscripts.replace(" ", ""))


def einsum_of_all(values: Sequence[Any]) -> Tensor:
    """Einstein's sum; the first value says which."""
    return einsum(values[1:], values[0])


def tensordot(x: Any, y: Any, axes: Any = 2) -> Tensor:
    """The sum over the last axes of x and the first of y, or over lists of both."""
    first, second = promoted([x, y])
    if isinstance(axes, int):
        axes = [list(range(first.ndim - axes, first.ndim)), list(range(axes))]
    mine, its = ([axes[i]] if isinstance(axes[i], int) else axes[i] for i in (0, 1))
    letters = "abcdefghijklmnopqrstuvwxyz"
    left = list(letters[: first.ndim])
    right = list(letters[first.ndim : first.ndim + second.ndim])
    for a, b in zip(mine, its, strict=True):
        right[b] = left[a]
    summed = {left[a] for a in mine}
    kept = [letter for letter in [*left, *right] if letter not in summed]
    equation = f"{''.join(left)},{''.join(right)}->{''.join(kept)}"
    return op("Einsum", first, second, equation=equation)


def add_all(tensors: Sequence[Any]) -> Tensor:
    """The sum of tensors."""
    total: Any = tensors[0]
    for one in tensors[1:]:
        total = ops.add(*promoted([total, one]))
    return ops.as_tensor(total)
