"""The table of training cases, in the order of the features they cover."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import training_cases as tc
from keras21 import BATCH
from tf_keras import constraints, regularizers
from tf_keras import layers as kl
from training_cases import Case

LAYERS = {
    "activation_layers": Case(tc.activation_layers),
    "dense_on_sequences": Case(lambda: tc.headed((4, 3), kl.Dense(5, activation="tanh"))),
    "dense_without_bias": Case(lambda: tc.mlp(use_bias=False)),
    "dropout_rate_zero": Case(lambda: tc.headed((6,), kl.Dense(5), kl.Dropout(0.0))),
    "conv1d_valid": Case(lambda: tc.headed((9, 3), kl.Conv1D(4, 3, activation="relu"))),
    "conv1d_same_strides": Case(
        lambda: tc.headed((9, 3), kl.Conv1D(4, 4, strides=2, padding="same"))
    ),
    "conv1d_same_dilation": Case(
        lambda: tc.headed((9, 3), kl.Conv1D(4, 3, dilation_rate=2, padding="same"))
    ),
    "conv1d_causal_dilation": Case(
        lambda: tc.headed((9, 3), kl.Conv1D(4, 3, dilation_rate=2, padding="causal"))
    ),
    "conv2d_valid": Case(lambda: tc.headed((8, 8, 2), kl.Conv2D(4, 3, activation="relu"))),
    "conv2d_valid_strides": Case(lambda: tc.headed((8, 8, 2), kl.Conv2D(4, 3, strides=(2, 3)))),
    "conv2d_same": Case(lambda: tc.headed((8, 8, 2), kl.Conv2D(3, (2, 4), padding="same"))),
    "conv2d_same_strides_even": Case(
        lambda: tc.headed((8, 8, 2), kl.Conv2D(4, 3, strides=2, padding="same"))
    ),
    "conv2d_same_strides_odd": Case(
        lambda: tc.headed((7, 9, 2), kl.Conv2D(4, (3, 2), strides=2, padding="same"))
    ),
    "conv2d_strides_beyond_kernel": Case(
        lambda: tc.headed((8, 8, 2), kl.Conv2D(4, 1, strides=2, padding="same"))
    ),
    "conv2d_valid_dilation": Case(lambda: tc.headed((8, 8, 2), kl.Conv2D(4, 3, dilation_rate=2))),
    "conv2d_same_dilation": Case(
        lambda: tc.headed((8, 8, 2), kl.Conv2D(2, 3, dilation_rate=(2, 1), padding="same"))
    ),
    "conv2d_stack": Case(
        lambda: tc.headed(
            (8, 8, 1),
            kl.Conv2D(3, 3, activation="relu"),
            kl.Conv2D(4, 3, activation="elu", use_bias=False),
            kl.MaxPooling2D(),
        )
    ),
    "depthwise_conv2d_valid": Case(lambda: tc.headed((8, 8, 3), kl.DepthwiseConv2D(3))),
    "depthwise_conv2d_multiplier": Case(
        lambda: tc.headed(
            (8, 7, 2),
            kl.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2, activation="tanh"),
        )
    ),
    "separable_conv2d_same": Case(
        lambda: tc.headed((8, 8, 2), kl.SeparableConv2D(3, 3, padding="same"))
    ),
    "separable_conv2d_strides": Case(
        lambda: tc.headed(
            (8, 8, 2), kl.SeparableConv2D(3, 3, strides=2, depth_multiplier=2, use_bias=False)
        )
    ),
    "max_pooling2d_default": Case(lambda: tc.pooled((7, 8, 2), kl.MaxPooling2D())),
    "max_pooling2d_same": Case(lambda: tc.pooled((7, 8, 2), kl.MaxPooling2D(2, padding="same"))),
    "max_pooling2d_overlapping": Case(lambda: tc.pooled((8, 8, 2), kl.MaxPooling2D(3, strides=2))),
    "max_pooling2d_same_overlapping": Case(
        lambda: tc.pooled((7, 8, 2), kl.MaxPooling2D(3, strides=(2, 1), padding="same"))
    ),
    "max_pooling2d_gaps": Case(lambda: tc.pooled((8, 8, 2), kl.MaxPooling2D(2, strides=3))),
    "average_pooling2d_default": Case(lambda: tc.pooled((7, 8, 2), kl.AveragePooling2D())),
    "average_pooling2d_same": Case(
        lambda: tc.pooled((7, 8, 2), kl.AveragePooling2D((2, 3), padding="same"))
    ),
    "average_pooling2d_overlapping": Case(
        lambda: tc.pooled((8, 8, 2), kl.AveragePooling2D(3, strides=2))
    ),
    "average_pooling2d_same_overlapping": Case(
        lambda: tc.pooled((7, 8, 2), kl.AveragePooling2D(3, strides=(2, 1), padding="same"))
    ),
    "average_pooling2d_gaps": Case(
        lambda: tc.pooled((8, 8, 2), kl.AveragePooling2D(2, strides=3, padding="same"))
    ),
    "global_max_pooling2d": Case(lambda: tc.pooled((6, 6, 2), kl.GlobalMaxPooling2D())),
    "global_average_pooling2d": Case(lambda: tc.pooled((6, 6, 2), kl.GlobalAveragePooling2D())),
    "zero_padding2d": Case(
        lambda: tc.headed((4, 5, 2), kl.ZeroPadding2D(((1, 2), (0, 3))), kl.Conv2D(3, 3))
    ),
    "shape_layers": Case(tc.shape_layers),
    "flatten_channels_first": Case(
        lambda: tc.headed((3, 4, 2), kl.Flatten(data_format="channels_first"))
    ),
    "batch_normalization_vectors": Case(
        lambda: tc.headed((6,), kl.Dense(5, activation="tanh"), tc.plain_normalization())
    ),
    "batch_normalization_images": Case(
        lambda: tc.headed(
            (6, 6, 2),
            kl.Conv2D(3, 3, use_bias=False),
            tc.plain_normalization(momentum=0.8, epsilon=0.01),
            kl.Activation("relu"),
        )
    ),
    "batch_normalization_axis_1": Case(
        lambda: tc.headed((3, 4, 4), tc.plain_normalization(axis=1))
    ),
    "batch_normalization_without_scale": Case(
        lambda: tc.headed((4, 4, 3), tc.plain_normalization(scale=False))
    ),
    "batch_normalization_without_center": Case(
        lambda: tc.headed((6,), tc.plain_normalization(center=False))
    ),
    "batch_normalization_without_either": Case(
        lambda: tc.headed((6,), tc.plain_normalization(center=False, scale=False))
    ),
}

MODELS = {
    "merged_inputs": Case(tc.merged),
    "concatenated_images": Case(tc.concatenated_images),
    "shared_layer": Case(tc.shared),
    "nested_sequential": Case(tc.nested_sequential),
    "nested_normalization": Case(tc.nested_normalization),
    "frozen_layers": Case(tc.frozen_layers),
    "two_outputs": Case(
        tc.two_outputs,
        loss=["mean_squared_error", "categorical_crossentropy"],
        targets=("values", "one_hot"),
        loss_weights=[0.3, 1.7],
        metrics=["accuracy"],
    ),
    "two_outputs_one_loss": Case(
        tc.two_outputs, loss="mean_absolute_error", targets=("values", "one_hot")
    ),
}


def _softmax() -> Any:
    return tc.mlp(outputs=4, last="softmax")


def _sigmoid() -> Any:
    return tc.mlp(outputs=3, last="sigmoid")


def _losses(weights: str) -> dict[str, Case]:
    """Return each loss under the given kind of sample weights."""
    suffix = f"_{weights}_weights" if weights else ""
    accuracy = ["accuracy"]
    table = {
        "mse": Case(tc.mlp, weights=weights, metrics=["mae"]),
        "mae": Case(tc.mlp, loss="mean_absolute_error", weights=weights, metrics=["mse"]),
        "binary_crossentropy": Case(
            _sigmoid,
            loss="binary_crossentropy",
            targets=("bits",),
            weights=weights,
            metrics=accuracy,
        ),
        "categorical_crossentropy": Case(
            _softmax,
            loss="categorical_crossentropy",
            targets=("one_hot",),
            weights=weights,
            metrics=accuracy,
        ),
        "sparse_categorical_crossentropy": Case(
            _softmax,
            loss="sparse_categorical_crossentropy",
            targets=("classes",),
            weights=weights,
            metrics=accuracy,
        ),
    }
    if weights == "zeros":  # they are scaled batch by batch, so only whole batches compare
        table = {name: replace(case, evaluated=2 * BATCH) for name, case in table.items()}
    return {f"loss_{name}{suffix}": case for name, case in table.items()}


# The outputs stay well inside (0, 1): there the clipping of Keras 2.1 and the logits that
# tf_keras looks for behind a softmax or sigmoid give the same numbers.
LOSSES = {
    **_losses(""),
    **_losses("positive"),
    **_losses("zeros"),
    "loss_categorical_crossentropy_of_sigmoid": Case(
        _sigmoid,
        loss="categorical_crossentropy",
        targets=("one_hot",),
        metrics=["accuracy"],
        oracle_build=lambda: tc.mlp(outputs=3, last=tc.opaque("sigmoid")),
    ),
    "loss_binary_crossentropy_of_softmax": Case(
        _softmax,
        loss="binary_crossentropy",
        targets=("one_hot",),
        metrics=["accuracy"],
        oracle_build=lambda: tc.mlp(outputs=4, last=tc.opaque("softmax")),
    ),
    "loss_binary_crossentropy_of_one_output": Case(
        lambda: tc.mlp(outputs=1, last="sigmoid"),
        loss="binary_crossentropy",
        targets=("bits",),
        metrics=["accuracy"],
    ),
    "loss_sparse_categorical_crossentropy_of_steps": Case(
        lambda: tc.sequential((5, 3), kl.Dense(4, activation="softmax")),
        loss="sparse_categorical_crossentropy",
        targets=("steps",),
        metrics=["accuracy"],
    ),
}

OPTIMIZERS = {
    name: Case(tc.mlp, optimizer=spec)
    for name, spec in {
        "sgd_momentum": ("SGD", {"lr": 0.05, "momentum": 0.9}),
        "sgd_nesterov": ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
        "sgd_decay": ("SGD", {"lr": 0.1, "decay": 0.5}),
        "sgd_nesterov_decay": (
            "SGD",
            {"lr": 0.1, "momentum": 0.8, "decay": 0.2, "nesterov": True},
        ),
        "sgd_clipnorm": ("SGD", {"lr": 0.3, "clipnorm": 0.4}),
        "sgd_clipvalue": ("SGD", {"lr": 0.3, "clipvalue": 0.05}),
        "adam": ("Adam", {}),
        "adam_fast": ("Adam", {"lr": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}),
        "adam_decay": ("Adam", {"lr": 0.02, "decay": 0.3}),
        "adam_amsgrad": ("Adam", {"lr": 0.02, "beta_2": 0.5, "amsgrad": True}),
        "adam_clipnorm": ("Adam", {"lr": 0.02, "clipnorm": 0.1}),
    }.items()
}


def _regularized(kernel: Any, bias: Any) -> Any:
    return tc.mlp(kernel_regularizer=kernel, bias_regularizer=bias)


REGULARIZERS = {
    "regularizer_l1": Case(lambda: _regularized(regularizers.L1(0.02), regularizers.L1(0.01))),
    "regularizer_l2": Case(lambda: _regularized(regularizers.L2(0.05), regularizers.L2(0.03))),
    "regularizer_l1_l2": Case(
        lambda: _regularized(
            regularizers.L1L2(l1=0.01, l2=0.02), regularizers.L1L2(l1=0.02, l2=0.01)
        )
    ),
    "regularizer_activity": Case(
        tc.regularized_activity(1.0),
        oracle_build=tc.regularized_activity(float(BATCH)),
        evaluated=2 * BATCH,
    ),
    "regularizer_images": Case(
        lambda: tc.headed(
            (6, 6, 2),
            kl.SeparableConv2D(
                3,
                3,
                depthwise_regularizer=regularizers.L2(0.05),
                pointwise_regularizer=regularizers.L1(0.02),
            ),
            tc.plain_normalization(
                beta_regularizer=regularizers.L2(0.05), gamma_regularizer=regularizers.L2(0.05)
            ),
        )
    ),
}

CONSTRAINTS = {
    "constraint_max_norm": Case(
        lambda: tc.mlp(kernel_constraint=constraints.MaxNorm(0.6)), optimizer=tc.MOMENTUM
    ),
    "constraint_non_neg": Case(
        lambda: tc.mlp(
            kernel_constraint=constraints.NonNeg(), bias_constraint=constraints.NonNeg()
        ),
        optimizer=tc.MOMENTUM,
    ),
    "constraint_unit_norm": Case(
        lambda: tc.mlp(kernel_constraint=constraints.UnitNorm()), optimizer=tc.MOMENTUM
    ),
    "constraint_min_max_norm": Case(
        lambda: tc.mlp(kernel_constraint=constraints.MinMaxNorm(0.8, 0.9, rate=0.7, axis=1)),
        optimizer=("Adam", {"lr": 0.01}),
    ),
    "constraint_images": Case(
        lambda: tc.headed(
            (6, 6, 2),
            kl.Conv2D(3, 3, kernel_constraint=constraints.MaxNorm(0.7, axis=[0, 1, 2])),
            kl.DepthwiseConv2D(2, depthwise_constraint=constraints.UnitNorm(axis=[0, 1])),
        )
    ),
}

_CLASSIFIER: dict[str, Any] = {
    "build": _softmax,
    "loss": "categorical_crossentropy",
    "targets": ("one_hot",),
    "metrics": ["accuracy"],
    "optimizer": tc.MOMENTUM,
}
FITS = {
    "fit_partial_batches": Case(
        **_CLASSIFIER, weights="zeros", fit={"epochs": 2, "batch_size": 16}
    ),
    "fit_class_weight": Case(
        **_CLASSIFIER,
        fit={
            "epochs": 2,
            "batch_size": 8,
            "class_weight": {"0": 0.5, "1": 2.0, "2": 1.0, "3": 3.0},
        },
    ),
    "fit_validation_split": Case(
        **_CLASSIFIER, fit={"epochs": 3, "batch_size": 8, "validation_split": 0.3}
    ),
}

CASES: dict[str, Case] = {
    **{f"dense_{name}": Case(lambda name=name: tc.mlp(activation=name)) for name in tc.ACTIVATIONS},
    **LAYERS,
    **MODELS,
    **LOSSES,
    **OPTIMIZERS,
    **REGULARIZERS,
    **CONSTRAINTS,
    **FITS,
}
