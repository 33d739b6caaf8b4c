"""Make the goldens of layers in float64, `doubles.npz`: what tf_keras computes.

With random weights and inputs, and what a training step by SGD makes of the weights. Keys:
"<case>/x", "<case>/w<i>", "<case>/y", "<case>/t<i>".
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tf_keras

RATE = 0.125  # which float32 holds exactly
CASES: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("Dense", {"units": 3, "activation": "tanh"}, (4,)),
    ("Embedding", {"input_dim": 5, "output_dim": 3}, (4,)),
    ("BatchNormalization", {"momentum": 0.75}, (3, 4)),
    ("LayerNormalization", {}, (3, 4)),
    ("PReLU", {}, (4,)),
    ("Conv1D", {"filters": 3, "kernel_size": 2, "padding": "causal"}, (5, 2)),
    ("Conv2D", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}, (6, 5, 2)),
    ("Conv2D", {"filters": 3, "kernel_size": 2, "dilation_rate": 2, "activation": "elu"},
     (5, 6, 2)),
    ("Conv3D", {"filters": 2, "kernel_size": 2}, (3, 4, 3, 2)),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}, (3, 4, 2)),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"},
     (3, 4, 2)),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2}, (5, 4, 2)),
    ("SeparableConv2D", {"filters": 3, "kernel_size": 2}, (5, 4, 2)),
    ("AveragePooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, (5, 6, 2)),
    ("MaxPooling2D", {"pool_size": 2}, (5, 6, 2)),
    ("UpSampling2D", {"size": 2}, (3, 2, 2)),
    ("SimpleRNN", {"units": 3}, (4, 2)),
    ("GRU", {"units": 3, "reset_after": False, "return_sequences": True}, (4, 2)),
    ("LSTM", {"units": 3, "activation": "softsign"}, (4, 2)),
]  # fmt: skip


def main() -> None:
    tf_keras.backend.set_floatx("float64")  # else the data of training are float32
    random = np.random.default_rng(7)
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for number, (name, arguments, shape) in enumerate(CASES):
        whole = name == "Embedding"
        x = random.integers(0, 5, (2, *shape)) if whole else random.uniform(-1, 1, (2, *shape))
        inputs = tf_keras.Input(shape, dtype="int32" if whole else "float64")
        layer = getattr(tf_keras.layers, name)(dtype="float64", **arguments)
        model = tf_keras.Model(inputs, layer(inputs))
        weights = [random.uniform(0.1, 0.9, one.shape) for one in layer.get_weights()]
        layer.set_weights(weights)
        y = np.asarray(model(x, training=False))
        model.compile(tf_keras.optimizers.legacy.SGD(RATE), "mse")
        if layer.trainable_weights:
            model.train_on_batch(x, np.zeros_like(y))
        trained = layer.get_weights() if layer.trainable_weights else []
        arrays |= {f"{number}/x": x, f"{number}/y": y}
        arrays |= {f"{number}/w{i}": one for i, one in enumerate(weights)}
        arrays |= {f"{number}/t{i}": one for i, one in enumerate(trained)}
    arrays["cases"] = np.array(json.dumps(CASES))
    np.savez_compressed(Path(__file__).with_name("doubles.npz"), **arrays)


if __name__ == "__main__":
    main()
