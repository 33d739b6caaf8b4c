"""Make the goldens of operations between layers: what tf_keras and Keras 3 write and compute.

Writes operations.npz. "cases" is a JSON list of (name, layers of the model's config), inputs left
out; entry "i" is the model's output for the arrays "x", "y" and "n", whose names the config has.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np
import tensorflow as tf
import tf_keras
from keras import ops as k

RANDOM = np.random.default_rng(0)
ARRAYS = {
    "x": RANDOM.uniform(-0.9, 0.9, (2, 3, 4)).astype(np.float32),
    "y": RANDOM.uniform(0.1, 2, (2, 3, 4)).astype(np.float32),
    "n": RANDOM.integers(0, 3, (2, 3)).astype(np.int32),
}


def apply(library: Any, name: str, inputs: str) -> Any:
    """Return a function that applies a library's to some of the arrays."""
    function = getattr(library, name)
    return lambda x, y, n: function(*[{"x": x, "y": y}[one] for one in inputs])


BOTH: dict[str, Any] = {
    "operators": lambda x, y, n: (2.0 - x) * y / (x + 3) + -x,
    "powers": lambda x, y, n: y**2 + y**1.5,
    "remainder": lambda x, y, n: x % 0.4 + x // 0.3,
    "constants": lambda x, y, n: x + np.array([1, 2, 3, 4], np.float32),
    "comparison": lambda x, y, n: x > 0.1,
    "slices": lambda x, y, n: x[:, 1:, ::2],
    "ellipsis": lambda x, y, n: x[..., -1],
    "new_axis": lambda x, y, n: x[:, None, 0],
}
TENSORFLOW: dict[str, Any] = {
    **{name: apply(tf, name, 'y') for name in (
        "abs", "negative", "sign", "square", "sqrt", "exp", "sin", "cos", "floor", "round",
        "zeros_like", "ones_like", "identity", "stop_gradient",
    )},
    **{name: apply(tf.math, name, 'y') for name in (
        "rsqrt", "reciprocal", "expm1", "log", "log1p", "tan", "erf", "ceil", "sigmoid", "tanh",
        "is_nan", "softplus", "l2_normalize", "cumsum", "reduce_logsumexp", "reduce_std",
    )},
    **{name: apply(tf.nn, name, 'x') for name in (
        "relu", "relu6", "elu", "selu", "softsign", "leaky_relu", "silu", "gelu", "softmax",
        "log_softmax",
    )},
    **{name: apply(tf.math, name, 'xy') for name in (
        "add", "subtract", "multiply", "divide", "divide_no_nan", "floordiv", "maximum", "minimum",
        "squared_difference", "equal", "not_equal", "less", "greater_equal",
    )},
    "swish": lambda x, y, n: tf.nn.silu(x, beta=1.5),
    "gelu_tanh": lambda x, y, n: tf.nn.gelu(x, approximate=True),
    "logic": lambda x, y, n: tf.logical_or(tf.logical_and(x > 0, y > 1), tf.logical_not(y < 1.5)),
    "where": lambda x, y, n: tf.where(x > 0, x, y),
    "add_n": lambda x, y, n: tf.add_n([x, y, x]),
    "clip": lambda x, y, n: tf.clip_by_value(x, -0.2, 0.3),
    "cast": lambda x, y, n: tf.cast(n, "float32") * 0.5,
    "sum": lambda x, y, n: tf.reduce_sum(x, axis=[1, 2], keepdims=True),
    "mean": lambda x, y, n: tf.reduce_mean(x, axis=-1),
    "extremes": lambda x, y, n: tf.reduce_max(x, 1) - tf.reduce_min(x, 1) * tf.reduce_prod(x, 1),
    "any": lambda x, y, n: tf.reduce_any(x > 0.5, axis=2),
    "all": lambda x, y, n: tf.reduce_all(x > -0.5, axis=2),
    "argmax": lambda x, y, n: tf.argmax(x, axis=-1),
    "argmin": lambda x, y, n: tf.argmin(x, axis=1, output_type=tf.int32),
    "norm": lambda x, y, n: tf.norm(x, axis=-1),
    "moments": lambda x, y, n: tf.nn.moments(x, [1])[1],
    "reshape": lambda x, y, n: tf.reshape(x, [-1, 12]),
    "reshape_by_shape": lambda x, y, n: tf.reshape(x, [tf.shape(x)[0], 4, 3]),
    "transpose": lambda x, y, n: tf.transpose(x, [0, 2, 1]),
    "squeeze": lambda x, y, n: tf.squeeze(tf.expand_dims(x, 1), axis=1),
    "concat": lambda x, y, n: tf.concat([x, y], axis=-1),
    "stack": lambda x, y, n: tf.stack([x, y], axis=1),
    "unstack": lambda x, y, n: tf.unstack(x, axis=1)[2],
    "split": lambda x, y, n: tf.split(x, [1, 3], axis=-1)[1],
    "split_evenly": lambda x, y, n: tf.split(x, 2, axis=2)[0],
    "reverse": lambda x, y, n: tf.reverse(x, [1]),
    "roll": lambda x, y, n: tf.roll(x, shift=1, axis=2),
    "repeat": lambda x, y, n: tf.repeat(x, 2, axis=1),
    "tile": lambda x, y, n: tf.tile(x, [1, 2, 1]),
    "pad": lambda x, y, n: tf.pad(x, [[0, 0], [1, 2], [0, 1]], constant_values=0.5),
    "reflect": lambda x, y, n: tf.pad(x, [[0, 0], [1, 1], [0, 0]], mode="REFLECT"),
    "slice": lambda x, y, n: tf.slice(x, [0, 1, 0], [-1, 2, 3]),
    "gather": lambda x, y, n: tf.gather(x, [2, 0], axis=1),
    "gather_rows": lambda x, y, n: tf.gather(x, n, axis=1, batch_dims=1),
    "one_hot": lambda x, y, n: tf.one_hot(n, 4, on_value=2.0, off_value=-1.0),
    "top_k": lambda x, y, n: tf.math.top_k(x, k=2)[0],
    "sort": lambda x, y, n: tf.sort(x, axis=1, direction="DESCENDING"),
    "matmul": lambda x, y, n: tf.matmul(x, y, transpose_b=True),
    "tensordot": lambda x, y, n: tf.tensordot(x, np.ones((4, 2), np.float32), axes=[[2], [0]]),
    "bias_add": lambda x, y, n: tf.nn.bias_add(x, np.arange(4, dtype=np.float32)),
    "backend": lambda x, y, n: tf_keras.backend.mean(x, axis=1, keepdims=True),
    "depth": lambda x, y, n: tf.nn.space_to_depth(tf.nn.depth_to_space(x[:, None], 2), 2),
}  # fmt: skip
KERAS: dict[str, Any] = {
    **{name: apply(k, name, 'x') for name in (
        "absolute", "negative", "sign", "square", "exp", "expm1", "sin", "cos", "tan", "arcsin",
        "arccos", "arctan", "sinh", "cosh", "erf", "floor", "ceil", "round", "trunc", "isnan",
        "isinf", "copy", "zeros_like", "ones_like", "relu", "relu6", "leaky_relu", "elu", "selu",
        "celu", "gelu", "silu", "hard_silu", "hard_sigmoid", "hard_tanh", "hard_shrink",
        "soft_shrink", "tanh_shrink", "glu", "sigmoid", "log_sigmoid", "sparse_sigmoid", "softplus",
        "sparse_plus", "squareplus", "softsign", "softmax", "log_softmax", "sparsemax", "tanh",
        "sum", "prod", "mean", "max", "min", "std", "var", "argmax", "argmin", "logsumexp",
        "normalize", "ravel", "transpose", "flip", "sort", "tril", "triu", "stop_gradient",
    )},
    **{name: apply(k, name, 'y') for name in (
        "sqrt", "rsqrt", "reciprocal", "log", "log1p", "log2", "log10",
    )},
    **{name: apply(k, name, 'xy') for name in (
        "add", "subtract", "multiply", "divide", "divide_no_nan", "floor_divide", "mod", "maximum",
        "minimum", "logaddexp", "equal", "not_equal", "greater", "greater_equal", "less",
        "less_equal",
    )},
    "norm": lambda x, y, n: k.norm(x, axis=-1),
    "re_lu": lambda x, y, n: keras.activations.relu(x, 0.1, 0.5, 0.2),
    "threshold": lambda x, y, n: k.threshold(x, 0.1, -5.0),
    "gelu_exact": lambda x, y, n: k.gelu(x, approximate=False),
    "promotion": lambda x, y, n: x[:, :, 0] * n + k.divide(n, 2) + k.mean(n),
    "power": lambda x, y, n: k.power(y, 2),
    "logic": lambda x, y, n: k.logical_or(k.logical_and(x > 0, y > 1), k.logical_not(y < 1.5)),
    "logical_xor": lambda x, y, n: k.logical_xor(x > 0, y > 1),
    "mask": lambda x, y, n: k.any(k.not_equal(x, 0), axis=-1),
    "all": lambda x, y, n: k.all(x > -0.8, axis=-1, keepdims=True),
    "where": lambda x, y, n: k.where(x > 0, x, 0.0),
    "clip": lambda x, y, n: k.clip(x, -0.2, 0.3),
    "cast": lambda x, y, n: k.cast(n, "float32"),
    "full_like": lambda x, y, n: k.full_like(x, 3.0),
    "axes": lambda x, y, n: k.sum(x, axis=(1, 2)) + k.max(y, axis=(1, 2)),
    "argmax_axis": lambda x, y, n: k.argmax(x, axis=1, keepdims=True),
    "moments": lambda x, y, n: k.moments(x, axes=[1])[0],
    "cumsum": lambda x, y, n: k.cumsum(x, axis=1),
    "cumprod": lambda x, y, n: k.cumprod(y, axis=2),
    "reshape": lambda x, y, n: k.reshape(x, (-1, 12)),
    "transpose_axes": lambda x, y, n: k.transpose(x, (0, 2, 1)),
    "swapaxes": lambda x, y, n: k.swapaxes(x, 1, 2),
    "moveaxis": lambda x, y, n: k.moveaxis(x, 2, 1),
    "expand_dims": lambda x, y, n: k.squeeze(k.expand_dims(x, 1), 1),
    "concatenate": lambda x, y, n: k.concatenate([x, y], axis=-1),
    "stack": lambda x, y, n: k.stack([x, y], axis=1),
    "unstack": lambda x, y, n: k.unstack(x, axis=1)[1],
    "split": lambda x, y, n: k.split(x, [1, 3], axis=-1)[1],
    "roll": lambda x, y, n: k.roll(x, 3, axis=2),
    "repeat": lambda x, y, n: k.repeat(x, 2, axis=1),
    "tile": lambda x, y, n: k.tile(x, (1, 2, 1)),
    "pad": lambda x, y, n: k.pad(x, ((0, 0), (1, 2), (0, 1))),
    "broadcast_to": lambda x, y, n: k.broadcast_to(x[:, :1], (2, 3, 4)),
    "take": lambda x, y, n: k.take(x, np.array([2, 0]), axis=1),
    "one_hot": lambda x, y, n: k.one_hot(n, 4),
    "top_k": lambda x, y, n: k.top_k(x, 2)[1],
    "matmul": lambda x, y, n: k.matmul(x, k.swapaxes(y, 1, 2)),
    "dot": lambda x, y, n: k.dot(x, np.ones((4, 2), np.float32)),
    "tensordot": lambda x, y, n: k.tensordot(x, np.ones((4, 2), np.float32), axes=1),
    "einsum": lambda x, y, n: k.einsum("bij,bkj->bik", x, y),
}  # fmt: skip


def record(library: Any, function: Any) -> tuple[Any, Any]:
    """Return the layers of a model of one expression, and its output."""
    inputs = [
        library.Input(a.shape[1:], dtype=a.dtype.name, name=name) for name, a in ARRAYS.items()
    ]
    model = library.Model(inputs, function(*inputs))
    layers = json.loads(model.to_json())["config"]["layers"]
    kept = ("class_name", "config", "inbound_nodes", "module", "name")
    entries = [
        {key: layer[key] for key in kept if key in layer}
        for layer in layers
        if layer["class_name"] != "InputLayer"
    ]
    output = json.loads(model.to_json())["config"]["output_layers"]
    values = model(list(ARRAYS.values()))
    return {"layers": entries, "output": output}, np.asarray(values)


if __name__ == "__main__":
    cases, results = [], {}
    for label, library, table in (
        ("tf", tf_keras, {**BOTH, **TENSORFLOW}),
        ("keras", keras, {**BOTH, **KERAS}),
    ):
        for name, function in table.items():
            config, value = record(library, function)
            results[str(len(cases))] = value
            cases.append((f"{label}-{name}", config))
    path = Path(__file__).parent / "operations.npz"
    np.savez_compressed(path, cases=np.array(json.dumps(cases)), **ARRAYS, **results)
    sys.stdout.write(f"{len(cases)} cases, {path.stat().st_size} bytes\n")
