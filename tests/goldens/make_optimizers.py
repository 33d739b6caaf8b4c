"""Make the goldens of optimizers: ten steps of real Keras 2.1.6 with each option of each of them.

Writes `optimizers.npz`: "cases", a JSON list of (class name, arguments); "start_J", the three
weights; "gradients_J", one of each weight for each of ten steps; and for case number I its weights
after ten steps, "I/weight_J", and its state after five, "I/state_K", as files hold it.

Keras 2.1.6 has no AdamW; it is computed by tf_keras, and its state is not written.

Run `python make_optimizers.py FOLDER` with the folder where the wheel of Keras 2.1.6 is unpacked.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
Array = np.ndarray[Any, Any]
Case = tuple[str, dict[str, Any]]

SHAPES = ((4, 3), (3,), (2, 1, 2))
STEPS, HALF = 10, 5
RANDOM = np.random.RandomState(21)
START = [RANDOM.standard_normal(shape).astype(np.float32) for shape in SHAPES]
GRADIENTS = [RANDOM.standard_normal((STEPS, *shape)).astype(np.float32) for shape in SHAPES]

OWN: dict[str, list[dict[str, Any]]] = {
    "SGD": [
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        {"lr": 0.1, "momentum": 0.5, "nesterov": True, "decay": 0.2, "clipnorm": 1.0},
    ],
    "RMSprop": [{"lr": 0.05, "rho": 0.5, "epsilon": 0.1}],
    "Adagrad": [{"lr": 0.05, "epsilon": 0.1}],
    "Adadelta": [{"lr": 0.5, "rho": 0.5, "epsilon": 0.1}],
    "Adam": [
        {"lr": 0.05, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1},
        {"lr": 0.05, "beta_2": 0.5, "amsgrad": True},
        {"lr": 0.05, "beta_2": 0.5, "amsgrad": True, "decay": 0.2, "clipvalue": 0.5},
    ],
    "Adamax": [{"lr": 0.05, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1}],
    "Nadam": [
        {"lr": 0.05, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1},
        {"lr": 0.05, "schedule_decay": 0.5},
    ],
}
COMMON: list[dict[str, Any]] = [
    {},
    {"lr": 0.05, "decay": 0.2},
    {"lr": 0.05, "clipnorm": 0.5},
    {"lr": 0.05, "clipnorm": 100.0},
    {"lr": 0.05, "clipvalue": 0.25},
    {"lr": 0.05, "clipnorm": 2.0, "clipvalue": 0.25},
]
ADAMW: list[dict[str, Any]] = [
    {},
    {"lr": 0.05, "weight_decay": 0.5},
    {"lr": 0.05, "weight_decay": 0.5, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1},
    {"lr": 0.05, "weight_decay": 0.5, "beta_2": 0.5, "amsgrad": True},
    {"lr": 0.05, "weight_decay": 0.5, "clipnorm": 0.5},
    {"lr": 0.05, "weight_decay": 0.5, "clipvalue": 0.25},
]


def cases_of_keras() -> list[Case]:
    """Return every optimizer of Keras 2.1.6 with each option; its Nadam knows no decay."""
    return [
        (name, arguments)
        for name, own in OWN.items()
        for arguments in (*COMMON, *own)
        if name != "Nadam" or "decay" not in arguments
    ]


def run(keras: Any, case: Case) -> tuple[list[Array], list[Array]]:
    """Return the weights after all steps, and the state after half of them."""
    K = keras.backend  # noqa: N806 - Keras' name
    K.clear_session()
    name, arguments = case
    optimizer = getattr(keras.optimizers, name)(**arguments)
    optimizer.lr = optimizer.lr + 0.0  # a tensor: today's variables do not know `lr *= ...`
    params = [K.variable(value) for value in START]
    inputs = [K.placeholder(shape=shape) for shape in SHAPES]
    # The gradient of this loss is what is put in.
    loss = sum(K.sum(p * g) for p, g in zip(params, inputs, strict=True))
    updates = optimizer.get_updates(loss=loss, params=params)
    step = K.function(inputs, [value for _, value in updates])
    state: list[Array] = []
    for number in range(STEPS):
        if number == HALF:
            state = optimizer.get_weights()
        values = step([gradients[number] for gradients in GRADIENTS])
        K.batch_set_value([(one, new) for (one, _), new in zip(updates, values, strict=True)])
    return K.batch_get_value(params), state


def run_adamw(arguments: dict[str, Any]) -> list[Array]:
    """Return the weights after all steps of tf_keras' AdamW."""
    import tensorflow as tf
    import tf_keras

    renamed = {"lr": "learning_rate", "clipnorm": "global_clipnorm"}
    arguments = {renamed.get(key, key): value for key, value in arguments.items()}
    optimizer = tf_keras.optimizers.AdamW(**arguments)
    params = [tf.Variable(value) for value in START]
    for number in range(STEPS):
        gradients = [tf.constant(one[number]) for one in GRADIENTS]
        optimizer.apply_gradients(zip(gradients, params, strict=True))
    return [param.numpy() for param in params]


def write_adamw(path: str) -> None:
    """Write AdamW's weights, from a process that has not seen Keras 2.1.6."""
    found = enumerate(map(run_adamw, ADAMW))
    np.savez(path, **{f"{i}/{j}": one for i, some in found for j, one in enumerate(some)})


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "adamw.npz")
        subprocess.run([sys.executable, __file__, "--adamw", path], check=True)
        with np.load(path) as file:
            adamw = dict(file)
    import keras216

    keras = keras216.load(sys.argv[1])
    # Within one step TensorFlow may write Nadam's schedule before it has read it twice. So all new
    # values are computed first, and written then.
    keras.backend.update = lambda x, new: (x, new)
    keras.backend.update_add = lambda x, increment: (x, x + increment)
    cases = cases_of_keras()
    arrays: dict[str, Any] = {}
    for number, case in enumerate(cases):
        weights, state = run(keras, case)
        arrays |= {f"{number}/weight_{j}": one for j, one in enumerate(weights)}
        arrays |= {f"{number}/state_{k:02d}": one for k, one in enumerate(state)}
    for number, arguments in enumerate(ADAMW):
        for j in range(len(START)):
            arrays[f"{len(cases)}/weight_{j}"] = adamw[f"{number}/{j}"]
        cases.append(("AdamW", arguments))
    arrays |= {f"start_{j}": one for j, one in enumerate(START)}
    arrays |= {f"gradients_{j}": one for j, one in enumerate(GRADIENTS)}
    np.savez_compressed(FOLDER / "optimizers.npz", cases=json.dumps(cases), **arrays)


if __name__ == "__main__":
    if sys.argv[1] == "--adamw":
        write_adamw(sys.argv[2])
    else:
        main()
