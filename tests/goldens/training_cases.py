"""The training cases: what each model is, and what it is compiled and fed with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf
import tf_keras
from keras21 import OptimizerSpec
from tf_keras import layers as kl


@dataclass(frozen=True)
class Case:
    """One model with its loss, optimizer and data.

    Attributes:
        build: makes the model that is saved.
        loss: Keras 2.1 loss name, or one for each output.
        targets: kind of the target of each output: `values`, `bits`, `one_hot`, `classes` (shape
            `(samples,)`) or `steps` (a class for each time step).
        optimizer: class name and Keras 2.1 arguments.
        metrics: as given to Keras 2.1's `compile`.
        loss_weights: as given to `compile`.
        weights: sample weights: "" for none, `positive`, or `zeros` (some are zero).
        oracle_build: makes the model that tf_keras trains, where that must differ.
        evaluated: number of samples given to `evaluate` in batches of 8.
        fit: arguments of `fit`; empty for five calls of `train_on_batch`.
    """

    build: Callable[[], Any]
    loss: Any = "mean_squared_error"
    targets: tuple[str, ...] = ("values",)
    optimizer: OptimizerSpec = ("SGD", {"lr": 0.05})
    metrics: list[str] = field(default_factory=list)
    loss_weights: Any = None
    weights: str = ""
    oracle_build: Callable[[], Any] | None = None
    evaluated: int = 12
    fit: dict[str, Any] = field(default_factory=dict)


ACTIVATIONS = (
    "softmax",
    "elu",
    "selu",
    "softplus",
    "softsign",
    "relu",
    "tanh",
    "sigmoid",
    "hard_sigmoid",
    "linear",
)
MOMENTUM: OptimizerSpec = ("SGD", {"lr": 0.05, "momentum": 0.9})


def sequential(shape: tuple[int, ...], *stack: Any) -> Any:
    """Return a Sequential model whose first layer carries the input shape."""
    return tf_keras.Sequential([kl.InputLayer(shape), *stack])


def opaque(name: str) -> Callable[[Any], Any]:
    """Return an activation behind which tf_keras' losses cannot look for the logits."""
    function = tf_keras.activations.get(name)
    return lambda values: tf.identity(function(values))


def mlp(*, outputs: int = 3, last: Any = "linear", **dense: Any) -> Any:
    """Return 6 -> 5 (tanh, with the arguments given) -> outputs."""
    hidden = {"activation": "tanh", **dense}
    return sequential((6,), kl.Dense(5, **hidden), kl.Dense(outputs, activation=last))


def headed(shape: tuple[int, ...], *stack: Any) -> Any:
    """Return a stack with a linear output of three values on top."""
    return sequential(shape, *stack, kl.Flatten(), kl.Dense(3))


def pooled(shape: tuple[int, ...], pool: Any) -> Any:
    """Return a convolution, the pooling layer and the output layer."""
    return headed(shape, kl.Conv2D(3, 3, padding="same"), pool)


def plain_normalization(**arguments: Any) -> Any:
    """Return a BatchNormalization that keeps the plain average of the batch variance.

    The fused kernel of TensorFlow would keep an unbiased variance for images.
    """
    return kl.BatchNormalization(fused=False, **arguments)


def activation_layers() -> Any:
    """Return a chain of `Activation` layers between dense ones."""
    names = ("softplus", "selu", "softsign", "softmax")
    stack = [layer for name in names for layer in (kl.Dense(5), kl.Activation(name))]
    return sequential((6,), *stack, kl.Dense(3))


def shape_layers() -> Any:
    """Return a chain of Reshape, Permute, RepeatVector and Flatten."""
    return sequential(
        (12,),
        kl.Reshape((3, 4)),
        kl.Permute((2, 1)),
        kl.Dense(2, activation="tanh"),
        kl.Flatten(),
        kl.RepeatVector(3),
        kl.Reshape((-1, 6)),
        kl.Dense(2, activation="tanh"),
        kl.Flatten(),
        kl.Dense(3),
    )


def merged() -> Any:
    """Return a model of two inputs with Add, Multiply and Concatenate."""
    left, right = kl.Input((4,), name="left"), kl.Input((5,), name="right")
    a = kl.Dense(4, activation="tanh")(left)
    b = kl.Dense(4, activation="tanh")(right)
    joined = kl.Concatenate()([kl.Add()([a, b, left]), kl.Multiply()([a, b]), right])
    return tf_keras.Model([left, right], kl.Dense(3)(joined))


def concatenated_images() -> Any:
    """Return convolutions joined along the height and along the channels."""
    image = kl.Input((6, 6, 2))
    a = kl.Conv2D(2, 3, padding="same")(image)
    b = kl.Conv2D(2, 3, padding="same", activation="tanh")(image)
    tall = kl.Concatenate(axis=1)([a, b])
    deep = kl.Concatenate()([tall, tall])
    return tf_keras.Model(image, kl.Dense(3)(kl.Flatten()(deep)))


def shared() -> Any:
    """Return a model that applies one Dense layer three times."""
    left, right = kl.Input((5,), name="left"), kl.Input((5,), name="right")
    encoder = kl.Dense(5, activation="tanh", name="encoder")
    joined = kl.Multiply()([encoder(left), encoder(encoder(right))])
    return tf_keras.Model([left, right], kl.Dense(3)(joined))


def nested_sequential() -> Any:
    """Return a Sequential inside a functional model, called twice."""
    inner = sequential((5,), kl.Dense(4, activation="tanh"), kl.Dense(4))
    left, right = kl.Input((5,), name="left"), kl.Input((5,), name="right")
    total = kl.Add()([inner(left), inner(right)])
    return tf_keras.Model([left, right], kl.Dense(3)(total))


def nested_normalization() -> Any:
    """Return a model whose nested model mixes trainable and other weights."""
    inner_in = kl.Input((5,))
    hidden = plain_normalization()(kl.Dense(4)(inner_in))
    hidden = plain_normalization()(kl.Dense(4, activation="tanh")(hidden))
    inner = tf_keras.Model(inner_in, hidden, name="inner")
    outer_in = kl.Input((5,))
    return tf_keras.Model(outer_in, kl.Dense(3)(inner(outer_in)))


def two_outputs() -> Any:
    """Return a model with a value and a class as outputs."""
    features = kl.Input((6,))
    hidden = kl.Dense(5, activation="tanh")(features)
    value = kl.Dense(2, name="value")(hidden)
    kind = kl.Dense(4, activation="softmax", name="kind")(hidden)
    return tf_keras.Model(features, [value, kind])


def frozen_layers() -> Any:
    """Return a model with a frozen Dense layer and a frozen BatchNormalization."""
    return sequential(
        (6,),
        kl.Dense(5, activation="tanh", trainable=False),
        plain_normalization(trainable=False),
        kl.Dense(3),
    )


def regularized_activity(scale: float) -> Callable[[], Any]:
    """Return a builder of a model with activity regularizers multiplied by `scale`.

    tf_keras divides what they add by the batch size and Keras 2.1 does not.
    """

    def build() -> Any:
        activity = tf_keras.regularizers.L1L2(l1=0.001 * scale, l2=0.002 * scale)
        return mlp(activity_regularizer=activity)

    return build
