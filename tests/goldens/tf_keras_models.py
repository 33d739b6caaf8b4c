"""Models that only tf.keras 2 writes so: for the goldens of HDF5 files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tf_keras
import training_cases as tc
from tf_keras import layers as kl


def operations() -> Any:
    """Return a model with operations between its layers, constants first and last."""
    x, y = kl.Input((4, 6), name="x"), kl.Input((4, 6), name="y")
    hidden = 2.0 - tf.nn.relu(x * 0.5 + y)
    hidden = tf.concat([hidden[:, 1:, ::2], x[:, :3, :2]], axis=-1)
    hidden = tf.transpose(hidden, perm=[0, 2, 1]) / (1.0 + tf.square(3.0))
    mean = tf.reduce_mean(hidden, axis=[1], keepdims=True)
    return tf_keras.Model([x, y], [kl.Dense(3)(kl.Flatten()(hidden - mean)), tf.abs(mean)])


def mask_by_keyword() -> Any:
    """Return a model whose recurrent layer is told the mask."""
    x, steps = kl.Input((5, 3), name="x"), kl.Input((5,), name="steps")
    return tf_keras.Model([x, steps], kl.LSTM(4)(x, mask=steps > 0.0))


def named_ends() -> Any:
    """Return a model whose inputs and outputs are dicts."""
    first, second = kl.Input((3,), name="zeta"), kl.Input((4,), name="alpha")
    joined = kl.Concatenate()([first, kl.Dense(2)(second)])
    outputs = {"wide": kl.Dense(4)(joined), "narrow": kl.Dense(1)(joined)}
    return tf_keras.Model({"b": first, "a": second}, [outputs["narrow"], outputs["wide"]])


def frozen_call() -> Any:
    """Return a model that calls another one for inference only, as transfer learning does."""
    inner = tf_keras.Sequential(
        [kl.Dense(4, input_shape=(5,)), tc.plain_normalization(), kl.Dropout(0.5)], name="base"
    )
    inner.trainable = False
    x = kl.Input((5,), name="x")
    return tf_keras.Model(x, kl.Dense(2)(inner(x, training=False)))


def masked_and_wrapped() -> Any:
    """Return masks through wrappers, and a model applied to each step."""
    block_in = kl.Input((3,))
    block = tf_keras.Model(block_in, kl.Dense(4, activation="tanh")(kl.Dense(5)(block_in)))
    return tf_keras.Sequential(
        [
            kl.Masking(0.0, input_shape=(5, 3)),
            kl.TimeDistributed(block),
            kl.Bidirectional(kl.GRU(3, return_sequences=True), merge_mode="concat"),
            kl.LSTM(4),
        ]
    )


def listed_axes() -> Any:
    """Return layers whose axes are lists."""
    return tc.sequential(
        (4, 3, 2),
        kl.LayerNormalization(axis=[1, 2]),
        kl.LayerNormalization(axis=[-1]),
        kl.BatchNormalization(axis=[3]),
        kl.Conv2D(2, 2),
    )


def later_optimizer(optimizer: Any) -> Callable[[], Any]:
    """Return a builder of a classifier, all of whose kernels are alike, by an optimizer of 2.11."""

    def build() -> Any:
        first = kl.Dense(4, activation="tanh", use_bias=False, input_shape=(4,))
        model = tf_keras.Sequential([first, kl.Dense(4, use_bias=False), kl.Softmax()])
        model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
        return model

    return build


MODELS = {
    "tf_keras_later_adam": later_optimizer(tf_keras.optimizers.Adam(0.01)),
    "tf_keras_later_amsgrad": later_optimizer(tf_keras.optimizers.Adam(0.01, amsgrad=True)),
    "tf_keras_later_momentum": later_optimizer(tf_keras.optimizers.SGD(0.1, momentum=0.9)),
    "tf_keras_later_rmsprop": later_optimizer(tf_keras.optimizers.RMSprop(0.01)),
    "tf_keras_operations": operations,
    "tf_keras_mask_by_keyword": mask_by_keyword,
    "tf_keras_named_ends": named_ends,
    "tf_keras_frozen_call": frozen_call,
    "tf_keras_masked_and_wrapped": masked_and_wrapped,
    "tf_keras_listed_axes": listed_axes,
}
