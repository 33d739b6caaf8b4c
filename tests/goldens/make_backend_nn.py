"""What tf_keras' backend computes: values and gradients of its functions of neural networks.

Writes backend_nn.npz: an array "calls" with a JSON list of calls, and for call i its tensors
"i.x0", …, its outputs "i.y0", … and, for the sum of cos(k) * (element k of the first output), the
gradients "i.dx0", … of the float tensors among its arguments.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tf_keras.src import backend as K

FOLDER = Path(__file__).parent
SAME = {"padding": "same"}
TAKE_A_LIST = {"concatenate", "stack"}


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape) + len(shape)).normal(size=shape).astype("float32")


def likely(*shape: int) -> np.ndarray:
    scores = np.exp(2 * normal(*shape))
    return scores / scores.sum(-1, keepdims=True)


KINKS = np.array([[-2, -1, -0.3, 0, 0.5], [1, 2.5, 3, 6, 7]], dtype="float32")
ONE_HOT = np.eye(4, dtype="float32")[[1, 3, 0]]

CALLS: list[tuple[str, list[Any], dict[str, Any]]] = [
    ("relu", [KINKS], {}),
    ("relu", [normal(4, 5)], {"alpha": 0.1, "max_value": 1.0}),
    ("elu", [KINKS], {"alpha": 1.5}),
    ("softmax", [normal(2, 3, 4)], {"axis": 1}),
    ("softmax", [normal(2, 3, 4)], {}),
    ("softplus", [KINKS * 20], {}),
    ("softsign", [KINKS], {}),
    ("sigmoid", [KINKS], {}),
    ("hard_sigmoid", [KINKS], {}),
    ("tanh", [KINKS], {}),
    ("l2_normalize", [normal(2, 3, 4)], {"axis": 1}),
    ("l2_normalize", [normal(3, 4)], {}),
    ("in_top_k", [normal(5, 4), np.array([0, 1, 2, 3, 1])], {"k": 2}),
    ("in_top_k", [np.array([[1, 2, 2], [1, 1, 1]], "float32"), np.array([1, 2])], {"k": 1}),
    ("categorical_crossentropy", [ONE_HOT, likely(3, 4)], {}),
    ("categorical_crossentropy", [ONE_HOT, normal(3, 4)], {"from_logits": True}),
    ("sparse_categorical_crossentropy", [np.array([2, 0, 3]), likely(3, 4)], {}),
    (
        "sparse_categorical_crossentropy",
        [np.array([[2, 0], [3, 1]]), 9 * normal(2, 2, 4)],
        {"from_logits": True},
    ),
    ("binary_crossentropy", [ONE_HOT, likely(3, 4)], {}),
    (
        "binary_crossentropy",
        [np.array([0, 1, 1, 0, 0.3], "float32"), np.array([30, 40, 0, 0, -2], "float32")],
        {"from_logits": True},
    ),
    ("conv1d", [normal(2, 7, 2), normal(3, 2, 3)], {}),
    ("conv1d", [normal(2, 7, 2), normal(3, 2, 3)], {"padding": "causal", "dilation_rate": 2}),
    ("conv1d", [normal(2, 8, 2), normal(3, 2, 3)], {**SAME, "strides": 2}),
    ("conv2d", [normal(2, 6, 5, 2), normal(3, 2, 2, 3)], {}),
    ("conv2d", [normal(2, 6, 5, 2), normal(3, 2, 2, 3)], {**SAME, "strides": [2, 2]}),
    ("conv2d", [normal(2, 6, 5, 2), normal(3, 2, 2, 3)], {**SAME, "dilation_rate": [2, 1]}),
    ("conv3d", [normal(1, 4, 5, 3, 2), normal(2, 3, 2, 2, 2)], {**SAME, "strides": [1, 2, 2]}),
    (
        "conv2d_transpose",
        [normal(2, 3, 4, 2), normal(3, 2, 3, 2)],
        {"output_shape": [2, 8, 8, 3], "strides": [2, 2]},
    ),
    (
        "conv2d_transpose",
        [normal(2, 3, 4, 2), normal(3, 3, 3, 2)],
        {**SAME, "output_shape": [2, 5, 12, 3], "strides": [2, 3]},
    ),
    (
        "conv3d_transpose",
        [normal(1, 3, 2, 2, 2), normal(2, 3, 2, 3, 2)],
        {**SAME, "output_shape": [1, 6, 4, 3, 3], "strides": [2, 2, 2]},
    ),
    ("depthwise_conv2d", [normal(2, 6, 5, 2), normal(3, 2, 2, 3)], {**SAME, "strides": [2, 2]}),
    (
        "separable_conv2d",
        [normal(2, 6, 5, 2), normal(3, 2, 2, 2), normal(1, 1, 4, 3)],
        {**SAME, "dilation_rate": [2, 2]},
    ),
    ("pool2d", [normal(2, 6, 5, 2)], {"pool_size": [2, 3], "strides": [2, 2]}),
    ("pool2d", [normal(2, 6, 5, 2)], {**SAME, "pool_size": [3, 3], "strides": [2, 2]}),
    (
        "pool2d",
        [normal(2, 6, 5, 2)],
        {**SAME, "pool_size": [3, 3], "strides": [2, 2], "pool_mode": "avg"},
    ),
    (
        "pool3d",
        [normal(1, 4, 5, 3, 2)],
        {**SAME, "pool_size": [2, 2, 2], "strides": [1, 2, 2], "pool_mode": "avg"},
    ),
    ("pool3d", [normal(1, 4, 5, 3, 2)], {"pool_size": [2, 2, 2], "strides": [2, 2, 1]}),
    ("bias_add", [normal(2, 3, 4), normal(4)], {"data_format": "channels_last"}),
    ("bias_add", [normal(2, 3, 4), normal(3)], {"data_format": "channels_first"}),
    ("bias_add", [normal(2, 3, 4), normal(3, 4)], {"data_format": "channels_last"}),
    ("bias_add", [normal(2, 5, 3, 4), normal(3, 4, 5)], {"data_format": "channels_first"}),
    ("bias_add", [normal(2, 3, 4, 2, 5), normal(5)], {"data_format": "channels_last"}),
    ("bias_add", [normal(2, 3, 4, 2, 5), normal(3)], {"data_format": "channels_first"}),
    ("bias_add", [normal(2, 3, 4, 2, 5), normal(4, 2, 5, 3)], {"data_format": "channels_first"}),
    (
        "local_conv1d",
        [normal(2, 7, 2), normal(3, 6, 4)],
        {"kernel_size": [3], "strides": [2], "data_format": "channels_last"},
    ),
    (
        "local_conv2d",
        [normal(2, 5, 4, 3), normal(6, 12, 2)],
        {
            "kernel_size": [2, 2],
            "strides": [2, 1],
            "output_shape": [2, 3],
            "data_format": "channels_last",
        },
    ),
    (
        "local_conv2d",
        [normal(2, 3, 5, 4), normal(6, 12, 2)],
        {
            "kernel_size": [2, 2],
            "strides": [2, 1],
            "output_shape": [2, 3],
            "data_format": "channels_first",
        },
    ),
    (
        "normalize_batch_in_training",
        [normal(5, 3), normal(3), normal(3)],
        {"reduction_axes": [0]},
    ),
    (
        "normalize_batch_in_training",
        [normal(4, 3, 2), normal(3), normal(3)],
        {"reduction_axes": [0, 2], "epsilon": 0.1},
    ),
    (
        "batch_normalization",
        [normal(2, 4, 3), normal(3), np.abs(normal(3)), normal(3), normal(3)],
        {},
    ),
    ("temporal_padding", [normal(2, 3, 2)], {"padding": [2, 1]}),
    ("spatial_2d_padding", [normal(2, 3, 2, 4)], {"padding": [[1, 0], [2, 1]]}),
    (
        "spatial_2d_padding",
        [normal(2, 3, 2, 4)],
        {"padding": [[1, 0], [2, 1]], "data_format": "channels_first"},
    ),
    ("spatial_3d_padding", [normal(1, 3, 2, 4, 2)], {"padding": [[1, 0], [2, 1], [0, 1]]}),
    (
        "resize_images",
        [normal(2, 3, 2, 2)],
        {"height_factor": 2, "width_factor": 3, "data_format": "channels_last"},
    ),
    (
        "resize_images",
        [normal(2, 3, 2, 2)],
        {
            "height_factor": 2,
            "width_factor": 3,
            "data_format": "channels_last",
            "interpolation": "bilinear",
        },
    ),
    (
        "resize_volumes",
        [normal(1, 3, 2, 2, 2)],
        {
            "depth_factor": 2,
            "height_factor": 3,
            "width_factor": 1,
            "data_format": "channels_first",
        },
    ),
]


def flat(result: Any) -> list[Any]:
    """Return the tensors of what a function returns."""
    if isinstance(result, tf.SparseTensor):
        return [result.indices, result.values, result.dense_shape]
    if isinstance(result, list | tuple):
        return [tensor for part in result for tensor in flat(part)]
    return [result]


def run(function: str, arrays: list[Any], options: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return what is stored of one call."""
    tensors = [tf.constant(array) for array in arrays]
    floats = [tensor for tensor in tensors if tensor.dtype.is_floating]
    tuples = {
        key: tuple(value) if isinstance(value, list) else value for key, value in options.items()
    }
    with tf.GradientTape() as tape:
        tape.watch(floats)
        arguments = [tensors] if function in TAKE_A_LIST else tensors
        result = getattr(K, function)(*arguments, **tuples)
        outputs = flat(result)
        loss = None
        if outputs[0].dtype.is_floating:
            weights = np.cos(np.arange(outputs[0].numpy().size)).reshape(outputs[0].shape)
            loss = tf.reduce_sum(outputs[0] * weights)
    stored = {f"x{i}": array for i, array in enumerate(arrays)}
    stored |= {f"y{i}": output.numpy() for i, output in enumerate(outputs)}
    if loss is not None:
        found = iter(tape.gradient(loss, floats))
        for i, tensor in enumerate(tensors):
            if tensor.dtype.is_floating and (gradient := next(found)) is not None:
                stored[f"dx{i}"] = tf.convert_to_tensor(gradient).numpy()
    return stored


def write(path: Path, calls: list[tuple[str, list[Any], dict[str, Any]]]) -> None:
    """Write the calls and what they give."""
    arrays: dict[str, Any] = {"calls": np.array(json.dumps([(f, o) for f, _, o in calls]))}
    for index, (function, inputs, options) in enumerate(calls):
        stored = run(function, inputs, options)
        arrays |= {f"{index}.{name}": value for name, value in stored.items()}
    np.savez_compressed(path, **arrays)


if __name__ == "__main__":
    write(FOLDER / "backend_nn.npz", CALLS)
    sys.stdout.write(f"{len(CALLS)} calls\n")
