"""Ways to make tf_keras compute what Keras 2.1 documents, and NumPy forms to check that it does.

Four habits of tf_keras differ from Keras 2.1 and are undone here, so that its numbers can serve
as reference:

* `clipnorm` clips each gradient alone; in Keras 2.1 it clips by the norm of all gradients
  together, which tf_keras calls `global_clipnorm`.
* A sample-weighted loss is not divided by the share of non-zero weights; `scaled_weights` scales
  the weights instead.
* A nested model lists its weights layer by layer; Keras 2.1 and every HDF5 file list the trainable
  weights first.
* What "accuracy" means is decided from the shapes of the data, and wrongly where a model is saved
  before it has seen any; Keras 2.1 decides from the loss.
"""

from __future__ import annotations

import os
import zlib
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tf_keras

Array = np.ndarray[Any, Any]
OptimizerSpec = tuple[str, dict[str, Any]]

BATCH = 8
_EPSILON = 1e-7
_RENAMED = {"lr": "learning_rate", "clipnorm": "global_clipnorm"}


def seeded(name: str) -> np.random.RandomState:
    """Return the random source of a case and seed TensorFlow's initializers alike."""
    seed = zlib.crc32(name.encode())
    tf_keras.backend.clear_session()
    tf_keras.utils.set_random_seed(seed)
    return np.random.RandomState(seed)


def legacy_optimizer(spec: OptimizerSpec) -> Any:
    """Build the optimizer with the Keras 2 update rule from its Keras 2.1 arguments."""
    class_name, arguments = spec
    renamed = {_RENAMED.get(key, key): value for key, value in arguments.items()}
    return getattr(tf_keras.optimizers.legacy, class_name)(**renamed)


def per_output(value: Any, count: int) -> list[Any]:
    """Spread one value over all outputs, or take a list as it is."""
    return list(value) if isinstance(value, list | tuple) else [value] * count


def named_metrics(metrics: list[str], loss: Any, outputs: list[Any]) -> list[list[str]]:
    """Return the metrics of each output, with the accuracy that Keras 2.1 would choose."""
    return [
        [_accuracy(loss_name, output.shape[-1]) if name == "accuracy" else name for name in metrics]
        for loss_name, output in zip(per_output(loss, len(outputs)), outputs, strict=True)
    ]


def _accuracy(loss: str, width: int) -> str:
    if width == 1 or loss == "binary_crossentropy":
        return "binary_accuracy"
    if loss == "sparse_categorical_crossentropy":
        return "sparse_categorical_accuracy"
    return "categorical_accuracy"


def layer_weights(layer: Any) -> list[Array]:
    """Return the weights of one layer or nested model in Keras 2.1's order."""
    variables = [*layer.trainable_weights, *layer.non_trainable_weights]
    return [variable.numpy() for variable in variables]


def model_weights(model: Any) -> list[Array]:
    """Return what Keras 2.1's `get_weights` returns for the model."""
    return [value for layer in model.layers for value in layer_weights(layer)]


def scaled_weights(weights: Array, batch: int = BATCH) -> Array:
    """Divide each batch of sample weights by the share of weights in it that are not zero."""
    parts = [weights[start : start + batch] for start in range(0, len(weights), batch)]
    return np.concatenate([part / np.mean(part != 0) for part in parts]).astype(np.float32)


def randomise_weights(model: Any, random: np.random.RandomState) -> None:
    """Move biases and BatchNormalization statistics off their constants.

    A bias of zero or a variance of one would hide a loader that swaps or forgets them.
    """
    for variable in model.weights:
        value = variable.numpy()
        if np.all(value == value.flat[0]):
            noise = random.uniform(-0.2, 0.2, value.shape)
            variable.assign((value + noise).astype(np.float32))


def normal(random: np.random.RandomState, *shape: int) -> Array:
    """Draw standard normal float32 values."""
    return random.standard_normal(shape).astype(np.float32)


def documented_loss(name: str, target: Array, output: Array, weights: Array | None) -> float:
    """Return the loss of a batch as Keras 2.1 defines it, computed in float64.

    Args:
        name: the loss.
        target: targets of the batch.
        output: predictions of the batch.
        weights: sample weights of the batch, or None.
    """
    score = _scores(name, target.astype(np.float64), output.astype(np.float64))
    score = score.reshape(len(score), -1).mean(axis=1)
    if weights is None:
        return float(score.mean())
    return float((score * weights).mean() / np.mean(weights != 0))


def _scores(name: str, target: Array, output: Array) -> Array:
    if name == "mean_squared_error":
        return np.mean((output - target) ** 2, axis=-1)
    if name == "mean_absolute_error":
        return np.mean(np.abs(output - target), axis=-1)
    if name == "binary_crossentropy":
        clipped = np.clip(output, _EPSILON, 1 - _EPSILON)
        return -np.mean(target * np.log(clipped) + (1 - target) * np.log(1 - clipped), axis=-1)
    shares = output / output.sum(axis=-1, keepdims=True)
    logs = np.log(np.clip(shares, _EPSILON, 1 - _EPSILON))
    if name == "categorical_crossentropy":
        return -np.sum(target * logs, axis=-1)
    indices = target.astype(np.int64).reshape((*logs.shape[:-1], 1))
    return -np.take_along_axis(logs, indices, axis=-1)[..., 0]
