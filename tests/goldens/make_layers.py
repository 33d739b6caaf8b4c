"""Make the layers' goldens: what tf_keras computes with the layers of `layers_table`.

Writes layers.npz. "cases" is a JSON list of (class name, arguments, [(name, shape), …]), and entry
"i" holds the arrays of case i, flat and one after the other: inputs "x0", …, weights "w0", … as
`get_weights` lists them, the output "y" in inference, a target "t", and, after one step of SGD
(rate RATE, mean squared error, penalties added), the new weights "v0", … and the gradients
"d0", … of the loss with respect to the inputs.

Where TensorFlow's CPU kernels want channels last, the layer gets its input transposed. Keras 2.1
does not divide activity penalties by the batch, and keeps the plain average of variances: so they
are asked for here.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import layers_table
import numpy as np
import tensorflow as tf
import tf_keras

FOLDER = Path(__file__).parent
RATE = 0.1
Arrays = dict[str, np.ndarray[Any, Any]]
_WINDOWS = ("Conv", "SeparableConv", "DepthwiseConv", "MaxPooling", "AveragePooling")


def make_layer(name: str, arguments: dict[str, Any]) -> Any:
    """Return tf_keras' layer that computes what Keras 2.1 does for the arguments."""
    given = {key: tuple(v) if isinstance(v, list) else v for key, v in arguments.items()}
    if "activity_regularizer" in given:
        factors = given["activity_regularizer"]["config"]
        scaled = {key: value * layers_table.BATCH for key, value in factors.items()}
        given["activity_regularizer"] = tf_keras.regularizers.L1L2(**scaled)
    if name == "ActivityRegularization":
        given = {key: value * layers_table.BATCH for key, value in given.items()}
    if name == "BatchNormalization":
        given["fused"] = False
    if name in ("LayerNormalization", "Softmax") and isinstance(given.get("axis"), tuple):
        given["axis"] = list(given["axis"])
    if name == "Lambda":
        given["function"] = partial(layers_table.LAMBDAS[given["function"]], tf_keras.backend)
    if is_transposed(name, arguments):
        given["data_format"] = "channels_last"
    return getattr(tf_keras.layers, name)(**given)


def is_transposed(name: str, arguments: dict[str, Any]) -> bool:
    """Tell whether TensorFlow needs the channels last where the case has them first."""
    return arguments.get("data_format") == "channels_first" and name.startswith(_WINDOWS)


def channels_last(x: Any) -> Any:
    return tf.transpose(x, [0, *range(2, len(x.shape)), 1])


def channels_first(x: Any) -> Any:
    return tf.transpose(x, [0, len(x.shape) - 1, *range(1, len(x.shape) - 1)])


def draw_weights(layer: Any, random: np.random.Generator) -> list[Any]:
    """Give a layer random weights, positive ones where they are variances."""
    values = []
    for weight in layer.weights:
        low, high = (0.5, 1.5) if "variance" in weight.name else (-1.0, 1.0)
        values.append(random.uniform(low, high, weight.shape).astype(np.float32))
    layer.set_weights(values)
    return values


def draw_input(name: str, arguments: dict[str, Any], shape: Any, random: Any) -> Any:
    """Draw an input: numbers, words of a vocabulary, or steps that are masked here and there."""
    if name == "Embedding":
        return random.integers(0, arguments["input_dim"], shape).astype(np.float32)
    x = random.uniform(-1, 1, shape).astype(np.float32)
    if name == "Masking":
        x[:, ::2] = arguments.get("mask_value", 0.0)
    return x


def run(name: str, arguments: dict[str, Any], shapes: Any, seed: int) -> Arrays:
    """Return the arrays of one case."""
    random = np.random.default_rng(seed)
    several = isinstance(shapes[0], tuple)
    full = [(layers_table.BATCH, *shape) for shape in (shapes if several else [shapes])]
    inputs = [draw_input(name, arguments, shape, random) for shape in full]
    layer = make_layer(name, arguments)
    transposed = is_transposed(name, arguments)

    def call(tensors: list[Any], training: bool) -> Any:
        given = [channels_last(one) for one in tensors] if transposed else tensors
        options = {"training": training} if name == "BatchNormalization" else {}
        output = layer(given if several else given[0], **options)
        return channels_first(output) if transposed else output

    call(inputs, False)  # builds it
    weights = draw_weights(layer, random)
    output = call(inputs, False).numpy()
    stored: Arrays = {f"x{i}": x for i, x in enumerate(inputs)}
    stored |= {f"w{i}": w for i, w in enumerate(weights)}
    stored["y"] = output
    if name in layers_table.RANDOM:
        return stored
    stored["t"] = random.uniform(-1, 1, output.shape).astype(np.float32)
    tensors = [tf.constant(x) for x in inputs]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(tensors)
        loss = tf.reduce_mean(tf.square(call(tensors, True) - stored["t"]))
        loss += sum(layer.losses, tf.constant(0.0))
    slopes = [tf.convert_to_tensor(tape.gradient(loss, one)) for one in layer.trainable_weights]
    pairs = list(zip(slopes, layer.trainable_weights, strict=True))
    if pairs:
        tf_keras.optimizers.legacy.SGD(RATE).apply_gradients(pairs)
    stored |= {f"v{i}": w for i, w in enumerate(layer.get_weights())}
    if name == "Embedding":
        return stored
    found = [tape.gradient(loss, one) for one in tensors]
    return stored | {f"d{i}": tf.convert_to_tensor(dx).numpy() for i, dx in enumerate(found)}


if __name__ == "__main__":
    cases: list[Any] = []
    arrays: dict[str, Any] = {}
    for class_name, configurations in layers_table.LAYERS.items():
        for options, sizes in configurations:
            kept = run(class_name, options, sizes, len(cases))
            arrays[str(len(cases))] = np.concatenate([one.ravel() for one in kept.values()])
            layout = [(key, one.shape) for key, one in kept.items()]
            cases.append((class_name, options, layout))
    path = FOLDER / "layers.npz"
    np.savez_compressed(path, cases=np.array(json.dumps(cases)), **arrays)
    sys.stdout.write(f"{len(cases)} cases, {path.stat().st_size} bytes\n")
