"""TensorFlow's functions and operators, with the parameters that tf.keras' files name."""

from __future__ import annotations

from konnx import activations, ops
from konnx.layers.operation import functions as f
from konnx.layers.operation import graph_operators as g
from konnx.layers.operation.parameters import rows

_AXES = "input_tensor, axis=None, keepdims=False, name=None"
_TWO = "x, y, name=None"
_ONE = "x, name=None"
_MATMUL = (
    "a, b, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False, "
    "a_is_sparse=False, b_is_sparse=False, output_type=None, grad_a=False, grad_b=False, name=None"
)


def _two(function: f.Function) -> tuple[str, f.Function]:
    return _TWO, lambda x, y, name: f.promoting(function)(x, y)


def _one(function: f.Function) -> tuple[str, f.Function]:
    return _ONE, lambda x, name: function(x)


def _features(function: f.Function) -> tuple[str, f.Function]:
    return "features, name=None", lambda x, name: function(x)


def _axes(function: f.Function) -> tuple[str, f.Function]:
    return _AXES, lambda x, axis, keepdims, name: f.reduction(function)(x, axis, keepdims)


def _place(function: f.Function) -> tuple[str, f.Function]:
    find = f.extreme_place(function, "int64", 0)
    return (
        "input, axis=None, output_type='int64', name=None",
        lambda x, axis, dtype, name: ops.cast(find(x, axis), dtype),
    )


_FUNCTIONS: dict[str, tuple[str, f.Function]] = {
    # Two operands
    "math.add __operators__.add add": _two(ops.add),
    "math.subtract subtract": _two(ops.subtract),
    "math.multiply multiply": _two(ops.multiply),
    "math.divide math.truediv divide truediv": _two(f.divide),
    "math.divide_no_nan": _two(f.divide_no_nan),
    "math.floordiv compat.v1.floor_div": _two(ops.floor_divide),
    "math.floormod math.mod": _two(ops.mod),
    "math.pow pow": _two(ops.pow),
    "math.maximum maximum": _two(ops.maximum),
    "math.minimum minimum": _two(ops.minimum),
    "math.squared_difference": _two(f.squared_difference),
    "math.equal equal": _two(ops.equal),
    "math.not_equal not_equal": _two(ops.not_equal),
    "math.greater greater": _two(ops.greater),
    "math.greater_equal greater_equal": _two(ops.greater_equal),
    "math.less less": _two(ops.less),
    "math.less_equal less_equal": _two(ops.less_equal),
    "math.logical_and": _two(ops.logical_and),
    "math.logical_or": _two(ops.logical_or),
    "math.logical_xor": _two(ops.logical_xor),
    "where compat.v1.where": (
        "condition, x=None, y=None, name=None",
        lambda condition, x, y, name: f.select(condition, x, y),
    ),
    "math.add_n add_n": ("inputs, name=None", lambda tensors, name: f.add_all(tensors)),
    # Elements
    "math.abs abs": _one(ops.abs),
    "math.negative negative": _one(ops.negative),
    "math.sign sign": _one(ops.sign),
    "math.square square": _one(ops.square),
    "math.sqrt sqrt": _one(f.onnx("Sqrt")),
    "math.rsqrt": _one(f.rsqrt),
    "math.reciprocal": _one(f.onnx("Reciprocal")),
    "math.exp exp": _one(f.onnx("Exp")),
    "math.expm1": _one(f.expm1),
    "math.log": _one(f.onnx("Log")),
    "math.log1p": _one(f.log1p),
    "math.sin sin": _one(f.onnx("Sin")),
    "math.cos cos": _one(f.onnx("Cos")),
    "math.tan": _one(f.onnx("Tan")),
    "math.erf": _one(f.onnx("Erf")),
    "math.floor floor": _one(f.onnx("Floor")),
    "math.ceil": _one(f.onnx("Ceil")),
    "math.round round": _one(ops.round),
    "math.sigmoid sigmoid nn.sigmoid": _one(ops.sigmoid),
    "math.tanh tanh nn.tanh": _one(ops.tanh),
    "math.logical_not": _one(ops.logical_not),
    "math.is_nan": _one(f.onnx("IsNaN")),
    "clip_by_value": (
        "t, clip_value_min, clip_value_max, name=None",
        lambda x, low, high, name: f.clip(x, low, high),
    ),
    "cast": ("x, dtype, name=None", lambda x, dtype, name: f.cast(x, dtype)),
    "identity": ("input, name=None", lambda x, name: ops.identity(x)),
    "stop_gradient": ("input, name=None", lambda x, name: ops.stop_gradient(x)),
    "zeros_like": ("input, dtype=None, name=None", lambda x, dtype, _: f.full_like(x, 0, dtype)),
    "ones_like": ("input, dtype=None, name=None", lambda x, dtype, _: f.full_like(x, 1, dtype)),
    # Activations
    "nn.relu": _features(ops.relu),
    "nn.relu6": _features(ops.relu6),
    "nn.elu": _features(ops.elu),
    "nn.selu": _features(ops.selu),
    "nn.softsign": _features(ops.softsign),
    "math.softplus nn.softplus": _features(ops.softplus),
    "nn.leaky_relu": (
        "features, alpha=0.2, name=None",
        lambda x, alpha, name: ops.relu(x, alpha),
    ),
    "nn.silu nn.swish": ("features, beta=1.0", lambda x, beta: x * ops.sigmoid(x * float(beta))),
    "nn.gelu": (
        "features, approximate=False, name=None",
        lambda x, approximate, name: ops.gelu(x, approximate),
    ),
    "nn.softmax": (
        "logits, axis=-1, name=None",
        lambda x, axis, name: ops.softmax(x, -1 if axis is None else axis),
    ),
    "nn.log_softmax": (
        "logits, axis=-1, name=None",
        lambda x, axis, name: ops.log_softmax(x, -1 if axis is None else axis),
    ),
    "keras.activations.relu": (
        "x, alpha=0.0, max_value=None, threshold=0.0",
        activations.relu,
    ),
    # Reductions
    "math.reduce_sum reduce_sum": _axes(ops.sum),
    "math.reduce_prod reduce_prod": _axes(ops.prod),
    "math.reduce_mean reduce_mean": _axes(ops.mean),
    "math.reduce_max reduce_max": _axes(ops.max),
    "math.reduce_min reduce_min": _axes(ops.min),
    "math.reduce_any reduce_any": _axes(ops.any),
    "math.reduce_all reduce_all": _axes(ops.all),
    "math.reduce_std": _axes(ops.std),
    "math.reduce_variance": _axes(ops.var),
    "math.reduce_logsumexp": _axes(ops.logsumexp),
    "math.argmax argmax": _place(ops.argmax),
    "math.argmin argmin": _place(ops.argmin),
    "math.l2_normalize nn.l2_normalize linalg.l2_normalize": (
        "x, axis=None, epsilon=1e-12, name=None",
        lambda x, axis, epsilon, name: x * f.rsqrt(
            ops.maximum(ops.sum(ops.square(x), axis, True), epsilon)
        ),
    ),
    "norm linalg.norm": (
        "tensor, ord='euclidean', axis=None, keepdims=None, name=None",
        lambda x, order, axis, keepdims, name: f.norm(x, order, axis, bool(keepdims)),
    ),
    "compat.v1.norm": (
        "tensor, ord='euclidean', axis=None, keepdims=None, name=None, keep_dims=None",
        lambda x, order, axis, keepdims, name, old: f.norm(x, order, axis, bool(keepdims or old)),
    ),
    "nn.moments": (
        "x, axes, shift=None, keepdims=False, name=None",
        lambda x, axes, shift, keepdims, name: f.moments(x, axes, keepdims),
    ),
    "math.cumsum cumsum": (
        "x, axis=0, exclusive=False, reverse=False, name=None",
        g.cumulative_sum,
    ),
    # Shapes and parts
    "shape compat.v1.shape": (
        "input, out_type=None, name=None, optimize=True",
        f.shape_of,
    ),
    "reshape": ("tensor, shape, name=None", lambda x, shape, name: f.reshape(x, shape)),
    "transpose": (
        "a, perm=None, conjugate=False, name=None",
        lambda x, perm, conjugate, name: ops.transpose(x, perm),
    ),
    "compat.v1.transpose": (
        "a, perm=None, name=None, conjugate=False",
        lambda x, perm, name, conjugate: ops.transpose(x, perm),
    ),
    "expand_dims": ("input, axis, name=None", lambda x, axis, name: f.expand_dims(x, axis)),
    "squeeze": ("input, axis=None, name=None", lambda x, axis, name: f.squeeze(x, axis)),
    "compat.v1.squeeze": (
        "input, axis=None, name=None, squeeze_dims=None",
        lambda x, axis, name, dims: f.squeeze(x, dims if axis is None else axis),
    ),
    "concat": ("values, axis, name=None", lambda x, axis, name: f.concatenate(x, axis)),
    "stack": ("values, axis=0, name=None", lambda x, axis, name: f.stack(x, axis)),
    "unstack": (
        "value, num=None, axis=0, name=None",
        lambda x, num, axis, name: f.unstack(x, num, axis),
    ),
    "split": ("value, num_or_size_splits, axis=0, num=None, name=None", f.split_sizes),
    "reverse": ("tensor, axis, name=None", lambda x, axis, name: f.flip(x, axis)),
    "roll": ("input, shift, axis, name=None", lambda x, shift, axis, name: f.roll(x, shift, axis)),
    "repeat": (
        "input, repeats, axis=None, name=None",
        lambda x, repeats, axis, name: f.repeat(x, repeats, axis),
    ),
    "tile": ("input, multiples, name=None", lambda x, counts, name: f.tile(x, counts)),
    "pad": (
        "tensor, paddings, mode='CONSTANT', constant_values=0, name=None",
        lambda x, pads, mode, value, name: f.pad(x, pads, mode, value),
    ),
    "compat.v1.pad": (
        "tensor, paddings, mode='CONSTANT', name=None, constant_values=0",
        lambda x, pads, mode, name, value: f.pad(x, pads, mode, value),
    ),
    "broadcast_to": ("input, shape, name=None", lambda x, shape, name: f.broadcast_to(x, shape)),
    "__operators__.getitem": ("tensor, slice_spec, var=None", lambda x, key, _: f.get_item(x, key)),
    "slice": ("input_, begin, size, name=None", lambda x, begin, size, _: g.slice_(x, begin, size)),
    "gather": (
        "params, indices, validate_indices=None, axis=None, batch_dims=0, name=None",
        lambda x, indices, checked, axis, batch_dims, name: f.gather(x, indices, axis, batch_dims),
    ),
    "compat.v1.gather": (
        "params, indices, validate_indices=None, name=None, axis=None, batch_dims=0",
        lambda x, indices, checked, name, axis, batch_dims: f.gather(x, indices, axis, batch_dims),
    ),
    "one_hot": (
        "indices, depth, on_value=None, off_value=None, axis=None, dtype=None, name=None",
        lambda x, depth, on, off, axis, dtype, name: f.one_hot(x, depth, on, off, axis, dtype),
    ),
    "math.top_k nn.top_k": (
        "input, k=1, sorted=True, index_type='int32', name=None",
        f.top_k,
    ),
    "sort": ("values, axis=-1, direction='ASCENDING', name=None", f.sort),
    "nn.depth_to_space": (
        "input, block_size, data_format='NHWC', name=None",
        lambda x, size, layout, name: g.depth_to_space(x, size, layout),
    ),
    "nn.space_to_depth": (
        "input, block_size, data_format='NHWC', name=None",
        lambda x, size, layout, name: g.space_to_depth(x, size, layout),
    ),
    # Products
    "linalg.matmul matmul": (
        _MATMUL,
        lambda a, b, ta, tb, aa, ab, *_: f.matmul(a, b, ta or aa, tb or ab),
    ),
    "tensordot": ("a, b, axes, name=None", lambda a, b, axes, name: f.tensordot(a, b, axes)),
    "einsum": ("*inputs", f.einsum_of_all),
    "nn.bias_add": (
        "value, bias, data_format=None, name=None",
        lambda x, bias, layout, name: ops.bias_add(
            x, ops.as_tensor(bias), "channels_first" if layout == "NCHW" else "channels_last"
        ),
    ),
}  # fmt: skip

TENSORFLOW = rows("tf.", _FUNCTIONS) | rows("tf.raw_ops.", g.OPERATORS)
