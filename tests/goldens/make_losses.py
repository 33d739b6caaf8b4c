"""Make the goldens of losses and metrics: what real Keras 2.1.6 computes with each of them.

Writes `losses.npz`. Its array "cases" is a JSON list of names, LOSS/KIND, where KIND is one of

* plain: a Dense layer of 4 units on 8 samples of 5 features,
* weights: the same with sample weights, two of them 0,
* mask: the same layer on 8 sequences of 3 steps, where steps of zeros are masked,
* steps_and_weights: sequences of 3 steps without a mask, with a weight for each step,
* mask_and_weights: likewise with the mask,
* mask_and_sample_weights: with the mask and a weight for each sequence.

For each case there are "x", "y", perhaps "weights"; "kernel" and "bias"; "value", the loss and the
same function as a metric, and both as they are weighted ("weighted_metrics" in Keras); and
"new_kernel" and "new_bias" after one step of SGD with a learning rate of 0.1.

Writes `accuracies.npz`, too. Its cases are METRIC/K, K perhaps empty, with "y", "scores" and
"value"; and `metrics.npz`, with cases METRIC/samples and METRIC/steps: 20 samples, or sequences of
3 steps, of which `evaluate` takes 8 at a time. They hold "y", "scores", "weights", and "value": the
loss ("loss" of the case in the list), the metric, and the metric as it is weighted.

Keras 2.1.6 has no huber; TensorFlow's `huber_loss` stands in for it.

Run `python make_losses.py FOLDER` with the folder where the wheel of Keras 2.1.6 is unpacked.
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path
from typing import Any

import keras216
import numpy as np

FOLDER = Path(__file__).parent
KINDS = (
    "plain", "weights", "mask", "steps_and_weights", "mask_and_weights", "mask_and_sample_weights"
)  # fmt: skip
Array = np.ndarray[Any, Any]

# The kind of targets of each loss, and the activation of the layer before it.
LOSSES = {
    "mean_squared_error": ("values", "linear"),
    "mean_absolute_error": ("values", "linear"),
    "mean_absolute_percentage_error": ("values", "linear"),
    "mean_squared_logarithmic_error": ("counts", "linear"),
    "squared_hinge": ("signs", "tanh"),
    "hinge": ("signs", "linear"),
    "categorical_hinge": ("one_hot", "linear"),
    "logcosh": ("values", "linear"),
    "huber": ("values", "linear"),
    "categorical_crossentropy": ("one_hot", "softmax"),
    "sparse_categorical_crossentropy": ("classes", "softmax"),
    "binary_crossentropy": ("bits", "sigmoid"),
    "kullback_leibler_divergence": ("shares", "softmax"),
    "poisson": ("counts", "softplus"),
    "cosine_proximity": ("values", "linear"),
}
# The kind of targets of each accuracy, and further arguments.
ACCURACIES: list[tuple[str, str, dict[str, int]]] = [
    ("binary_accuracy", "bits", {}),
    ("categorical_accuracy", "one_hot", {}),
    ("sparse_categorical_accuracy", "classes", {}),
    ("top_k_categorical_accuracy", "one_hot", {}),
    ("top_k_categorical_accuracy", "one_hot", {"k": 2}),
    ("sparse_top_k_categorical_accuracy", "classes", {}),
    ("sparse_top_k_categorical_accuracy", "classes", {"k": 1}),
]


def draw_targets(kind: str, shape: tuple[int, ...], random: np.random.RandomState) -> Array:
    """Draw targets for an output of the given shape."""
    if kind == "values":
        return random.standard_normal(shape) * 3
    if kind == "counts":
        return random.poisson(2.0, shape)
    if kind == "bits":
        return random.randint(0, 2, shape)
    if kind == "signs":
        return random.randint(0, 2, shape) * 2 - 1
    if kind == "shares":
        return random.dirichlet(np.ones(shape[-1]), shape[:-1])
    classes = random.randint(0, shape[-1], shape[:-1])
    return classes[..., None] if kind == "classes" else np.eye(shape[-1])[classes]


def draw(name: str, kind: str, targets: str) -> dict[str, Array]:
    """Draw the inputs of one case."""
    random = np.random.RandomState(zlib.crc32(f"{name}/{kind}".encode()))
    steps = (3,) if "mask" in kind or "steps" in kind else ()
    arrays = {
        "x": random.standard_normal((8, *steps, 5)),
        "y": draw_targets(targets, (8, *steps, 4), random),
        "kernel": random.uniform(-1, 1, (5, 4)),
        "bias": random.uniform(-1, 1, 4),
    }
    if "mask" in kind:
        arrays["x"][[0, 1, 1, 4, 7], [2, 1, 2, 0, 1]] = 0
    if "weights" in kind:
        each = () if "sample" in kind else steps
        arrays["weights"] = random.uniform(0.2, 2, (8, *each))
        arrays["weights"][[2, 5]] = 0
    return {key: value.astype(np.float32) for key, value in arrays.items()}


def run(keras: Any, name: str, kind: str, recipe: tuple[str, str]) -> dict[str, Array]:
    """Return everything that a test needs of one case."""
    arrays = draw(name, kind, recipe[0])
    keras.backend.clear_session()
    model = keras.models.Sequential()
    if "mask" in kind:
        model.add(keras.layers.Masking(input_shape=arrays["x"].shape[1:]))
    shape = {} if model.layers else {"input_shape": arrays["x"].shape[1:]}
    model.add(keras.layers.Dense(4, activation=recipe[1], **shape))
    model.set_weights([arrays["kernel"], arrays["bias"]])
    model.compile(
        keras.optimizers.SGD(0.1),
        name,
        metrics=[name],
        weighted_metrics=[name],
        sample_weight_mode="temporal" if np.ndim(arrays.get("weights")) == 2 else None,
    )
    x, y, weights = arrays["x"], arrays["y"], arrays.get("weights")
    arrays["value"] = np.asarray(model.test_on_batch(x, y, sample_weight=weights), np.float32)
    model.train_on_batch(x, y, sample_weight=weights)
    arrays["new_kernel"], arrays["new_bias"] = model.get_weights()
    return arrays


def accuracy(keras: Any, name: str, kind: str, arguments: dict[str, int]) -> dict[str, Array]:
    """Return targets, scores of 7 classes, and the accuracy that Keras sees in them."""
    random = np.random.RandomState(zlib.crc32(name.encode()))
    y = draw_targets(kind, (20, 7), random).astype(np.float32)
    scores = random.uniform(0, 1, (20, 7)).astype(np.float32)
    scores[:5, 2] = scores[:5, 4]
    tensors = (keras.backend.constant(one) for one in (y, scores))
    value = keras.backend.eval(getattr(keras.metrics, name)(*tensors, **arguments))
    return {"y": y, "scores": scores, "value": np.mean(value)}


def measured(keras: Any, name: str, loss: str, kind: str, steps: tuple[int, ...]) -> Any:
    """Return the arrays of a metric over three batches, the last of them smaller."""
    random = np.random.RandomState(zlib.crc32(f"{name}{steps}".encode()))
    shape = (20, *steps, 7)
    arrays = {
        "y": draw_targets(kind, shape, random),
        "scores": random.uniform(0, 1, shape),
        "weights": random.uniform(0.2, 2, shape[:-1]),
    }
    arrays["weights"][[2, 5, 17]] = 0
    arrays = {key: value.astype(np.float32) for key, value in arrays.items()}
    keras.backend.clear_session()
    model = keras.models.Sequential()
    model.add(keras.layers.Activation("linear", input_shape=shape[1:]))
    mode = "temporal" if steps else None
    model.compile("sgd", loss, metrics=[name], weighted_metrics=[name], sample_weight_mode=mode)
    value = model.evaluate(
        arrays["scores"], arrays["y"], batch_size=8, sample_weight=arrays["weights"], verbose=0
    )
    return arrays | {"value": np.asarray(value, np.float32)}


def metric_cases(keras: Any) -> dict[str, Any]:
    """Return the arrays of every metric over several batches."""
    losses = {"bits": "binary_crossentropy", "one_hot": "categorical_crossentropy",
              "classes": "sparse_categorical_crossentropy"}  # fmt: skip
    recipes = [(name, name, kind) for name, (kind, _) in LOSSES.items()]
    recipes += [(name, losses[kind], kind) for name, kind, more in ACCURACIES if not more]
    return {
        f"{name}/{which}": measured(keras, name, loss, kind, steps)
        for name, loss, kind in recipes
        for which, steps in (("samples", ()), ("steps", (3,)))
        if not (steps and "top_k" in name)  # which Keras has not
    }


def keep_samples_apart(keras: Any) -> None:
    """Give the top-k accuracies one value for each sample, as later versions do.

    Those of 2.1.6 return the mean over the batch, so that weights of samples change nothing but its
    scale.
    """
    K = keras.backend  # noqa: N806 - Keras' name

    def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
        return K.cast(K.in_top_k(y_pred, K.argmax(y_true, axis=-1), k), "float32")

    def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
        numbers = K.cast(K.max(y_true, axis=-1), "int32")
        return K.cast(K.in_top_k(y_pred, numbers, k), "float32")

    keras.metrics.top_k_categorical_accuracy = top_k_categorical_accuracy
    keras.metrics.sparse_top_k_categorical_accuracy = sparse_top_k_categorical_accuracy


def save(name: str, cases: dict[str, dict[str, Array]]) -> None:
    """Write the arrays of all cases into one file."""
    arrays = {f"{case}/{key}": one for case, found in cases.items() for key, one in found.items()}
    np.savez_compressed(FOLDER / f"{name}.npz", cases=json.dumps(list(cases)), **arrays)


def main() -> None:
    keras = keras216.load(sys.argv[1])
    import tensorflow as tf  # the version 1 interface

    def huber(y_true: Any, y_pred: Any) -> Any:
        scores = tf.losses.huber_loss(y_true, y_pred, reduction="none")
        return keras.backend.mean(scores, axis=-1)

    keras.losses.huber = keras.metrics.huber = huber
    keras.metrics.categorical_hinge = keras.losses.categorical_hinge
    cases = {
        f"{name}/{kind}": run(keras, name, kind, recipe)
        for name, recipe in LOSSES.items()
        for kind in KINDS
    }
    save("losses", cases)
    found = {
        f"{name}/{arguments.get('k', '')}": accuracy(keras, name, kind, arguments)
        for name, kind, arguments in ACCURACIES
    }
    save("accuracies", found)
    keep_samples_apart(keras)
    save("metrics", metric_cases(keras))


if __name__ == "__main__":
    main()
