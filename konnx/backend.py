"""The names of Keras' backend `K`, for custom layers, losses and metrics.

Each is the function of `konnx.ops` with Keras' name and arguments; `function` and `gradients` run
and differentiate what they build. `from konnx import backend as K` stands for
`from keras import backend as K`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from konnx import autodiff, ops
from konnx import losses as _losses
from konnx.config import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from konnx.function import Function
from konnx.graph import Dim, Tensor, Variable, is_placeholder, name_scope, topological_order
from konnx.graph import constant as _constant
from konnx.graph import placeholder as _placeholder
from konnx.layers.spec import as_list
from konnx.ops import (
    abs,
    argmax,
    cast,
    clip,
    concatenate,
    elu,
    equal,
    exp,
    expand_dims,
    greater,
    greater_equal,
    hard_sigmoid,
    identity,
    in_train_phase,
    int_shape,
    l2_normalize,
    less,
    less_equal,
    log,
    max,
    maximum,
    mean,
    min,
    minimum,
    not_equal,
    pow,
    relu,
    repeat,
    reshape,
    round,
    selu,
    shape,
    sigmoid,
    sign,
    softmax,
    softplus,
    softsign,
    sqrt,
    square,
    squeeze,
    stop_gradient,
    sum,
    tanh,
    tile,
    var,
    where,
)
from konnx.ops import flatten_from as _flatten_from
from konnx.ops import transpose as _transpose

Update = tuple[Variable, Tensor]


# Making tensors


def placeholder(
    shape: Sequence[int | None] | None = None,
    ndim: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """Make an input of a function; give its shape, or only the number of its axes."""
    if shape is None and ndim is None:
        raise ValueError("`placeholder` needs `shape` or `ndim`.")
    sizes = list(shape) if shape is not None else [None] * (ndim or 0)
    dims: list[Dim] = list(sizes)
    if dims and dims[0] is None:
        dims[0] = "batch"
    return _placeholder(dims, dtype or floatx(), name or "placeholder")


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Any:
    """Make a variable with an initial value, of `floatx()` unless `dtype` says otherwise."""
    return Variable(np.asarray(value), dtype or floatx(), name or "variable", constraint=constraint)


def constant(
    value: Any, dtype: Any = None, shape: Sequence[int] | None = None, name: str | None = None
) -> Tensor:
    """Make a constant, of `floatx()` unless `dtype` says otherwise; a scalar may fill a shape."""
    array = np.asarray(value, dtype=dtype or floatx())
    return _constant(array if shape is None else np.broadcast_to(array, shape), name=name or "")


# Asking about tensors


def ndim(x: Tensor) -> int:
    """Return the number of axes."""
    return x.ndim


def dtype(x: Tensor) -> str:
    """Return the name of the element type."""
    return x.dtype


def count_params(x: Variable) -> int:
    """Return the number of scalars in a variable."""
    return int(np.prod(x.shape))


# Changing shapes, Keras' way


def transpose(x: Tensor) -> Tensor:
    """Reverse the axes."""
    return _transpose(x)


def permute_dimensions(x: Tensor, pattern: Sequence[int]) -> Tensor:
    """Put the axes into the order that `pattern` gives."""
    return _transpose(x, pattern)


def batch_flatten(x: Tensor) -> Tensor:
    """Join all axes but the first."""
    return _flatten_from(x, 1)


def flatten(x: Tensor) -> Tensor:
    """Join all axes."""
    return ops.reshape(x, [-1])


def dot(x: Tensor, y: Tensor) -> Tensor:
    """Return the matrix product of x, over its last axis, and a matrix y."""
    if y.ndim != 2:
        raise ValueError(f"`dot` takes a matrix as its second argument. Received: {y!r}")
    return ops.matmul(x, y)


# Losses


def categorical_crossentropy(target: Any, output: Tensor, from_logits: bool = False) -> Tensor:
    """Return -log of the probability given to the true class (one-hot), for each sample."""
    scores = ops.softmax(output) if from_logits else output
    return _losses.categorical_crossentropy(target, scores)


def sparse_categorical_crossentropy(
    target: Any, output: Tensor, from_logits: bool = False
) -> Tensor:
    """Return -log of the probability given to the true class (a number), for each sample."""
    scores = ops.softmax(output) if from_logits else output
    return _losses.sparse_categorical_crossentropy(target, scores)


# Running


def function(
    inputs: Sequence[Tensor],
    outputs: Any,
    updates: Sequence[Update] | None = None,
    name: str = "function",
) -> Function:
    """Return a function of arrays; `updates` are (variable, new value) for each call.

    Example:
        >>> x = placeholder(shape=(None, 2))
        >>> double = function([x], [x * 2.0])
        >>> double([[[1.0, 2.0]]])[0].tolist()
        [[2.0, 4.0]]
    """
    return Function(inputs, as_list(outputs), updates or (), name=name)


def gradients(loss: Tensor, variables: Any) -> Any:
    """Return the gradient of a loss for each variable, or other tensor; one for one."""
    found = autodiff.gradients(loss, as_list(variables))
    return found if isinstance(variables, list | tuple) else found[0]


def eval(x: Any) -> np.ndarray:
    """Return the value of a tensor that needs no inputs."""
    if isinstance(x, Variable):
        return x.numpy()
    tensor = ops.as_tensor(x)
    for node in topological_order([tensor]):
        if is_placeholder(node.outputs[0]) and node.outputs[0] is not ops.SEED:
            raise ValueError(
                f"{tensor!r} depends on the input '{node.name}'. Use K.function to run it."
            )
    return Function([], [tensor], name="eval")([])[0]


def get_value(x: Variable) -> np.ndarray:
    """Return the value of a variable."""
    return x.numpy()


def set_value(x: Variable, value: Any) -> None:
    """Replace the value of a variable."""
    x.assign(value)


def batch_get_value(variables: Sequence[Variable]) -> list[np.ndarray]:
    """Return the values of several variables."""
    return [one.numpy() for one in variables]


def batch_set_value(tuples: Sequence[tuple[Variable, Any]]) -> None:
    """Replace the values of several variables: [(variable, value), …]."""
    for one, value in tuples:
        one.assign(value)


# Updates


def update(x: Variable, new_x: Tensor) -> Update:
    """Return the update that gives a variable a new value."""
    return x, new_x


def update_add(x: Variable, increment: Any) -> Update:
    """Return the update that adds to a variable."""
    return x, ops.add(x, increment)


def update_sub(x: Variable, decrement: Any) -> Update:
    """Return the update that subtracts from a variable."""
    return x, ops.subtract(x, decrement)


def moving_average_update(x: Variable, value: Tensor, momentum: float) -> Update:
    """Return the update that moves a variable towards a value: x * momentum + value * the rest."""
    return x, x * momentum + value * (1.0 - momentum)


__all__ = [
    "abs", "argmax", "batch_flatten", "batch_get_value", "batch_set_value", "cast",
    "categorical_crossentropy", "clip", "concatenate", "constant", "count_params", "dot", "dtype",
    "elu", "epsilon", "equal", "eval", "exp", "expand_dims", "flatten", "floatx", "function",
    "get_value", "gradients", "greater", "greater_equal", "hard_sigmoid", "identity",
    "image_data_format", "in_train_phase", "int_shape", "l2_normalize", "less", "less_equal",
    "log", "max", "maximum", "mean", "min", "minimum", "moving_average_update", "name_scope",
    "ndim", "not_equal", "permute_dimensions", "placeholder", "pow", "relu", "repeat", "reshape",
    "round", "selu", "set_epsilon", "set_floatx", "set_image_data_format", "set_value", "shape",
    "sigmoid", "sign", "softmax", "softplus", "softsign", "sparse_categorical_crossentropy",
    "sqrt", "square", "squeeze", "stop_gradient", "sum", "tanh", "tile", "transpose", "update",
    "update_add", "update_sub", "var", "variable", "where",
]  # fmt: skip
