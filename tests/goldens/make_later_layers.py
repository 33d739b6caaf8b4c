"""Make the goldens of layers that Keras 2.1 lacks, `later_layers_table`.

Writes later_layers.npz in the form of layers.npz (`make_layers.py` describes it), with arguments
of the call in "call". tf_keras is the judge; Keras 3 on TensorFlow where only it has a layer or an
argument.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import later_layers_table as table
import numpy as np
import tensorflow as tf
import tf_keras

RATE = 0.1
Arrays = dict[str, np.ndarray[Any, Any]]


def library_of(name: str, arguments: dict[str, Any]) -> Any:
    is_later = name in table.KERAS_3 or table.ONLY_KERAS_3 & set(arguments)
    return keras if is_later else tf_keras


def make_layer(name: str, arguments: dict[str, Any]) -> Any:
    """Return the layer for the arguments."""
    given = {key: one for key, one in arguments.items() if key != "call"}
    library = library_of(name, arguments)
    name = "GroupQueryAttention" if name == "GroupedQueryAttention" else name
    return getattr(library.layers, name)(name="golden", **given)


def draw_inputs(name: str, shapes: Any, random: np.random.Generator) -> list[Any]:
    several = isinstance(shapes[0], tuple)
    full = [(table.BATCH, *shape) for shape in (shapes if several else [shapes])]
    drawn = [random.uniform(-1, 1, shape).astype(np.float32) for shape in full]
    if name in table.WHOLE:
        drawn[0] = random.integers(0, table.WHOLE[name], full[0]).astype(np.float32)
    return drawn


def apply(layer: Any, tensors: list[Any], name: str, options: Any) -> list[Any]:
    """Call the layer; return its outputs."""
    if options == "weights":
        result = layer(tensors[0], count_weights=tensors[1])
    elif name in ("MultiHeadAttention", "GroupedQueryAttention"):
        result = layer(*tensors, **options)
    else:
        result = layer(tensors if len(tensors) > 1 else tensors[0], **options)
    return list(result) if isinstance(result, (list, tuple)) else [result]


def draw_weights(layer: Any, random: np.random.Generator) -> list[Any]:
    values = []
    for weight in layer.weights:
        shape = tuple(weight.shape)
        low, high = (0.5, 1.5) if "variance" in weight.name else (-1.0, 1.0)
        values.append(random.uniform(low, high, shape).astype(np.float32))
    layer.set_weights(values)
    return values


def run(name: str, arguments: dict[str, Any], shapes: Any, seed: int) -> Arrays:
    """Return the arrays of one case."""
    random = np.random.default_rng(seed)
    inputs = draw_inputs(name, shapes, random)
    layer = make_layer(name, arguments)
    options = arguments.get("call", {})
    if name == "Normalization" and "mean" not in arguments:
        layer.build(inputs[0].shape)
    apply(layer, inputs, name, options)  # builds it
    weights = draw_weights(layer, random)
    outputs = [np.asarray(one) for one in apply(layer, inputs, name, options)]
    stored: Arrays = {f"x{i}": x for i, x in enumerate(inputs)}
    stored |= {f"w{i}": w for i, w in enumerate(weights)}
    stored["y"] = outputs[0]
    if len(outputs) > 1:
        stored["s"] = outputs[1]
    if name in table.UNTRAINED or arguments.get("interpolation") == "area":
        return stored
    stored["t"] = random.uniform(-1, 1, outputs[0].shape).astype(np.float32)
    tensors = [tf.constant(x) for x in inputs]
    in_keras_3 = library_of(name, arguments) is keras
    variables = [one.value if in_keras_3 else one for one in layer.trainable_weights]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(tensors)
        output = apply(layer, tensors, name, options)[0]
        loss = tf.reduce_mean(tf.square(output - stored["t"]))
        loss += sum(layer.losses, tf.constant(0.0))
    found = [tape.gradient(loss, one) for one in tensors]
    for weight, variable in zip(layer.trainable_weights, variables, strict=True):
        gradient = tape.gradient(loss, variable)
        if gradient is not None:
            value = variable - RATE * gradient
            constraint = getattr(weight, "constraint", None)
            weight.assign(value if constraint is None else constraint(value))
    stored |= {f"v{i}": w for i, w in enumerate(layer.get_weights())}
    return stored | {
        f"d{i}": np.zeros_like(x) if dx is None else tf.convert_to_tensor(dx).numpy()
        for i, (dx, x) in enumerate(zip(found, inputs, strict=True))
    }


if __name__ == "__main__":
    cases: list[Any] = []
    arrays: dict[str, Any] = {}
    for class_name, configurations in table.LAYERS.items():
        for options, sizes in configurations:
            kept = run(class_name, options, sizes, len(cases))
            flat = [np.asarray(one, np.float32).ravel() for one in kept.values()]
            arrays[str(len(cases))] = np.concatenate(flat)
            layout = [(key, one.shape) for key, one in kept.items()]
            cases.append((class_name, options, layout))
    path = Path(__file__).parent / "later_layers.npz"
    np.savez_compressed(path, cases=np.array(json.dumps(cases)), **arrays)
    sys.stdout.write(f"{len(cases)} cases, {path.stat().st_size} bytes\n")
