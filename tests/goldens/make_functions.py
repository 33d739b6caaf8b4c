"""Make the goldens of small functions: what real Keras 2.1.6 computes with each of them.

Writes `functions.npz`. Its array "cases" is a JSON list of [kind, name, arguments]; entry i has the
arrays "i/…" by kind:

* activation: "x", "y", the weights "dy" of the outputs, and "dx", the gradient of their sum;
* regularizer: "w", the penalty "y", and its gradient "dw";
* constraint: "w" and what is kept of it, "y".

Writes `initializers.json`: statistics of large arrays. An entry has the "initializer" (name and
arguments) and the "shape"; or a "layer" (name, arguments, shape of the input), and one entry for
each of its weights. "fans" is what Keras makes of the shape; "mean", "std", "min", "max" describe
the array; "rows" and "columns" say how far the rows, and the columns, of the matrix that ends in
the last axis are from being orthogonal to each other.

Run `python make_functions.py FOLDER` with the folder where the wheel of Keras 2.1.6 is unpacked.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras216
import numpy as np

FOLDER = Path(__file__).parent
Array = np.ndarray[Any, Any]
Case = tuple[str, str, dict[str, Any]]

ACTIVATIONS: list[Case] = [
    ("activation", name, arguments)
    for name, arguments in (
        ("softmax", {}),
        ("softmax", {"axis": 1}),
        ("softmax", {"axis": -2}),
        ("elu", {}),
        ("elu", {"alpha": 0.3}),
        ("selu", {}),
        ("softplus", {}),
        ("softsign", {}),
        ("relu", {}),
        ("relu", {"alpha": 0.2}),
        ("relu", {"max_value": 1.5}),
        ("relu", {"alpha": 0.1, "max_value": 2.0}),
        ("tanh", {}),
        ("sigmoid", {}),
        ("hard_sigmoid", {}),
        ("linear", {}),
    )
]
REGULARIZERS: list[Case] = [
    ("regularizer", name, arguments)
    for name, arguments in (
        ("l1", {}),
        ("l1", {"l": 0.3}),
        ("l2", {}),
        ("l2", {"l": 0.3}),
        ("l1_l2", {}),
        ("l1_l2", {"l1": 0.2, "l2": 0.4}),
        ("L1L2", {}),
        ("L1L2", {"l1": 0.1}),
        ("L1L2", {"l2": 0.1}),
        ("L1L2", {"l1": 0.5, "l2": 0.25}),
    )
]
CONSTRAINTS: list[Case] = [
    ("constraint", name, arguments)
    for name, arguments in (
        ("MaxNorm", {}),
        ("MaxNorm", {"max_value": 1.0}),
        ("MaxNorm", {"max_value": 0.5, "axis": 1}),
        ("MaxNorm", {"max_value": 0.7, "axis": [0, 1, 2]}),
        ("NonNeg", {}),
        ("UnitNorm", {}),
        ("UnitNorm", {"axis": 1}),
        ("UnitNorm", {"axis": [0, 1]}),
        ("MinMaxNorm", {}),
        ("MinMaxNorm", {"min_value": 0.8, "max_value": 1.2}),
        ("MinMaxNorm", {"min_value": 0.8, "max_value": 1.2, "rate": 0.3, "axis": 1}),
        ("MinMaxNorm", {"min_value": 2.0, "max_value": 3.0, "rate": 0.5, "axis": [0, 1, 2]}),
    )
]

SCHEMES = ("lecun_uniform", "lecun_normal", "glorot_uniform", "glorot_normal", "he_uniform",
           "he_normal", "orthogonal")  # fmt: skip
KERNELS = [(300, 200), (5, 80, 100), (3, 4, 50, 60), (2, 3, 2, 50, 60)]
DRAWN: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("RandomNormal", {}, (300, 200)),
    ("RandomNormal", {"mean": 1.0, "stddev": 2.0}, (300, 200)),
    ("RandomUniform", {}, (300, 200)),
    ("RandomUniform", {"minval": -1.0, "maxval": 3.0}, (300, 200)),
    ("TruncatedNormal", {}, (300, 200)),
    ("TruncatedNormal", {"mean": 1.0, "stddev": 2.0}, (300, 200)),
    ("Orthogonal", {"gain": 3.0}, (100, 40)),
    ("Orthogonal", {"gain": 0.5}, (40, 100)),
    ("Zeros", {}, (4, 3)),
    ("Ones", {}, (4, 3)),
    ("Constant", {}, (4, 3)),
    ("Constant", {"value": -2.5}, (4, 3)),
    ("Identity", {}, (20, 20)),
    ("Identity", {"gain": 2.0}, (20, 20)),
    *[
        ("VarianceScaling", {"scale": 2.5, "mode": mode, "distribution": distribution}, KERNELS[2])
        for mode in ("fan_in", "fan_out", "fan_avg")
        for distribution in ("normal", "uniform")
    ],
    *[(scheme, {}, shape) for scheme in SCHEMES for shape in KERNELS],
    *[(scheme, {}, (40000,)) for scheme in ("glorot_uniform", "he_normal")],
]
HE = {"kernel_initializer": "he_uniform"}
DEEP = {"depthwise_initializer": "he_normal", "pointwise_initializer": "he_uniform"}
BUILT: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("Dense", {"units": 200}, (300,)),
    ("Dense", {"units": 200, "kernel_initializer": "lecun_normal"}, (300,)),
    ("Conv1D", {"filters": 60, "kernel_size": 5}, (9, 80)),
    ("Conv1D", {"filters": 60, "kernel_size": 5, **HE}, (9, 80)),
    ("Conv2D", {"filters": 60, "kernel_size": 3}, (9, 9, 80)),
    ("Conv2D", {"filters": 60, "kernel_size": 3, **HE, "data_format": "channels_first"},
     (80, 9, 9)),
    ("Conv3D", {"filters": 60, "kernel_size": 2}, (5, 5, 5, 80)),
    ("Conv3D", {"filters": 60, "kernel_size": 2, **HE}, (5, 5, 5, 80)),
    ("Conv2DTranspose", {"filters": 60, "kernel_size": 3}, (9, 9, 80)),
    ("Conv2DTranspose", {"filters": 60, "kernel_size": 3, **HE}, (9, 9, 80)),
    ("Conv3DTranspose", {"filters": 60, "kernel_size": 2, **HE}, (5, 5, 5, 80)),
    ("SeparableConv1D", {"filters": 200, "kernel_size": 5, "depth_multiplier": 20}, (9, 100)),
    ("SeparableConv1D", {"filters": 200, "kernel_size": 5, "depth_multiplier": 20, **DEEP},
     (9, 100)),
    ("SeparableConv2D", {"filters": 200, "kernel_size": 3, "depth_multiplier": 9}, (9, 9, 100)),
    ("SeparableConv2D", {"filters": 200, "kernel_size": 3, "depth_multiplier": 9, **DEEP},
     (9, 9, 100)),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 9}, (9, 9, 100)),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 9,
                         "depthwise_initializer": "he_uniform"}, (9, 9, 100)),
    ("LocallyConnected1D", {"filters": 40, "kernel_size": 3}, (9, 50)),
    ("LocallyConnected2D", {"filters": 20, "kernel_size": 2, **HE}, (5, 5, 50)),
    ("Embedding", {"input_dim": 300, "output_dim": 100}, (5,)),
    ("SimpleRNN", {"units": 120}, (5, 150)),
    ("GRU", {"units": 100}, (5, 120)),
    ("GRU", {"units": 100, "reset_after": True, **HE}, (5, 120)),
    ("LSTM", {"units": 100}, (5, 120)),
    ("LSTM", {"units": 100, "unit_forget_bias": False, "kernel_initializer": "he_normal",
              "recurrent_initializer": "glorot_uniform"}, (5, 120)),
    ("ConvLSTM2D", {"filters": 40, "kernel_size": 3}, (3, 9, 9, 50)),
    ("BatchNormalization", {}, (4,)),
    ("PReLU", {}, (4,)),
]  # fmt: skip


def draw(case: Case, random: np.random.RandomState) -> Array:
    """Draw what the function is given: with ties and bounds left out, but with large values."""
    if case[0] == "activation":
        scale = np.array([0.3, 1.0, 3.0, 10.0, 40.0]).reshape(5, 1)
        return (random.standard_normal((4, 5, 6)) * scale).astype(np.float32)
    shape = (2, 3, 4, 5) if np.size(case[2].get("axis", 0)) > 1 else (6, 4)
    values = random.standard_normal(shape).astype(np.float32)
    values[1] *= 0.1
    values[0, 0] = 0
    return values


def run(keras: Any, case: Case, seed: int) -> dict[str, Array]:
    """Return the arrays of one case."""
    kind, name, arguments = case
    K = keras.backend  # noqa: N806 - Keras' name
    random = np.random.RandomState(seed)
    given = draw(case, random)
    x = K.variable(given)
    if kind == "constraint":
        return {"w": given, "y": K.eval(getattr(keras.constraints, name)(**arguments)(x + 0))}
    if kind == "regularizer":
        penalty = K.sum(getattr(keras.regularizers, name)(**arguments)(x))
        # A factor of zero leaves the weight out.
        gradient = K.gradients(penalty, [x])[0]
        slope = np.zeros_like(given) if gradient is None else K.eval(gradient)
        return {"w": given, "y": np.float32(K.eval(penalty)), "dw": slope}
    y = getattr(keras.activations, name)(x, **arguments)
    weights = random.standard_normal(given.shape).astype(np.float32)
    gradient = K.eval(K.gradients(K.sum(y * K.constant(weights)), [x])[0])
    return {"x": given, "y": K.eval(y), "dy": weights, "dx": gradient}


def statistics(keras: Any, values: Array) -> dict[str, Any]:
    """Describe an array as Keras drew it."""
    values = np.asarray(values, np.float64)
    matrix = values.reshape(-1, values.shape[-1])
    small = max(matrix.shape) < 800
    return {
        "fans": [float(fan) for fan in keras.initializers._compute_fans(values.shape)],
        "mean": values.mean(),
        "std": values.std(),
        "min": values.min(),
        "max": values.max(),
        "rows": crossing(matrix.T) if small else None,
        "columns": crossing(matrix) if small else None,
    }


def crossing(matrix: Array) -> float:
    """Return the largest product of two different columns, beside their lengths."""
    products = matrix.T @ matrix
    lengths = np.diag(products).mean()
    return float(np.abs(products - np.diag(np.diag(products))).max() / max(lengths, 1e-12))


def drawn(keras: Any, name: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> Any:
    """Return the entry of an initializer."""
    values = getattr(keras.initializers, name)(**arguments)(shape)
    array = values if isinstance(values, np.ndarray) else keras.backend.eval(values)
    return {"initializer": [name, arguments], "shape": shape, **statistics(keras, array)}


def built(keras: Any, name: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> list[Any]:
    """Return the entries of a layer's weights."""
    layer = getattr(keras.layers, name)(**arguments)
    layer.build((None, *shape))
    return [
        {
            "layer": [name, arguments, shape],
            "weight": index,
            "shape": list(values.shape),
            **statistics(keras, values),
        }
        for index, values in enumerate(layer.get_weights())
    ]


def main() -> None:
    keras = keras216.load(sys.argv[1])
    import tensorflow as tf  # the version 1 interface

    tf.set_random_seed(7)
    np.random.seed(7)  # noqa: NPY002  # what Keras draws from
    cases = [*ACTIVATIONS, *REGULARIZERS, *CONSTRAINTS]
    arrays = {
        f"{index}/{key}": array
        for index, case in enumerate(cases)
        for key, array in run(keras, case, index).items()
    }
    np.savez_compressed(FOLDER / "functions.npz", cases=json.dumps(cases), **arrays)
    entries = [drawn(keras, *one) for one in DRAWN]
    entries += [entry for one in BUILT for entry in built(keras, *one)]
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    (FOLDER / "initializers.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
