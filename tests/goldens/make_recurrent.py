"""Make the recurrent goldens: what real Keras 2.1.6 computes with the models of the table.

Writes `recurrent/cases.json`, the models as Keras 2.1.6 writes them, with the shapes of all arrays,
and `recurrent/cases.npz`, for each case one flat array of: two batches of inputs and of targets,
weights, predictions of both batches (a stateful model carries its state from one to the other),
the losses of five steps of SGD (from a state of zero), the weights after them, and the prediction
of the first batch then. `recurrent/cudnn.npz` holds weights of LSTM and GRU in both layouts.

Run `python make_recurrent.py FOLDER [NAME ...]` with the folder where the wheel of Keras 2.1.6 is
unpacked; without names, every case is made.
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path
from typing import Any

import keras216
import numpy as np
from recurrent_table import BATCH, CASES, FEATURES, STEPS, UNITS

FOLDER = Path(__file__).parent / "recurrent"
RATE, TRAINED = 0.2, 5
Arrays = dict[str, list[np.ndarray[Any, Any]]]

# The time steps of each sample that hold zeros, which Masking takes for missing.
_ZEROS: tuple[list[int], ...] = ([], [0, 1], [3, 4], [1, 2], [0, 1, 2, 3, 4], [0, 2, 4])


def add_cells(keras: Any) -> None:
    """Put two cells of a user's making into the package, where the table looks for them."""
    K = keras.backend  # noqa: N806 - Keras' name

    class MinimalCell(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, units: int, **kwargs: Any) -> None:
            self.units = self.state_size = units
            super().__init__(**kwargs)

        def build(self, input_shape: Any) -> None:
            shape = (input_shape[-1], self.units)
            self.kernel = self.add_weight("kernel", shape, initializer="uniform")
            shape = (self.units, self.units)
            self.recurrent_kernel = self.add_weight("recurrent", shape, initializer="uniform")
            self.built = True

        def call(self, inputs: Any, states: Any) -> Any:
            output = K.dot(inputs, self.kernel) + K.dot(states[0], self.recurrent_kernel)
            return output, [output]

        def get_config(self) -> Any:
            return {**super().get_config(), "units": self.units}

    class ConditionedCell(MinimalCell):
        def build(self, input_shape: Any) -> None:
            given, fixed = input_shape
            shape = (fixed[-1], self.units)
            self.fixed_kernel = self.add_weight("fixed", shape, initializer="uniform")
            super().build(given)

        def call(self, inputs: Any, states: Any, constants: Any) -> Any:
            output, _ = super().call(inputs, states)
            output = K.tanh(output + K.dot(constants[0], self.fixed_kernel))
            return output, [output]

    keras.MinimalCell, keras.ConditionedCell = MinimalCell, ConditionedCell


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _unpacked(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def draw_input(shape: tuple[int, ...], is_words: bool, random: np.random.RandomState) -> Any:
    """Draw two batches of one input; a length that varies is that of the table."""
    sizes = [STEPS if size is None else size for size in shape[1:]]
    if is_words:
        data = random.randint(1, 7, (2 * BATCH, *sizes)).astype(np.float32)
    else:
        data = random.standard_normal((2 * BATCH, *sizes)).astype(np.float32)
    if (len(sizes) == 2 or is_words) and sizes[0] == STEPS:
        for row, zeros in enumerate(_ZEROS * 2):
            data[row, zeros] = 0
    return data


def draw(model: Any, random: np.random.RandomState) -> Arrays:
    """Draw inputs, targets and weights, and give the model the weights."""
    is_words = type(model.layers[0]).__name__ == "Embedding" or (
        type(model.layers[1]).__name__ == "Embedding"
    )
    x = [draw_input(tensor._keras_shape, is_words, random) for tensor in model.inputs]
    weights = [
        random.uniform(-0.6, 0.6, one.shape).astype(np.float32) for one in model.get_weights()
    ]
    model.set_weights(weights)
    outputs = _listed(model.predict(_unpacked([one[:BATCH] for one in x]), batch_size=BATCH))
    y = [random.uniform(-1, 1, (2 * BATCH, *one.shape[1:])).astype(np.float32) for one in outputs]
    return {"x": x, "y": y, "weights": weights}


def run(model: Any, random: np.random.RandomState) -> Arrays:
    """Return everything that a test needs of one case."""
    arrays = draw(model, random)
    halves = [slice(BATCH), slice(BATCH, 2 * BATCH)]
    x = [_unpacked([one[half] for one in arrays["x"]]) for half in halves]
    y = [_unpacked([one[half] for one in arrays["y"]]) for half in halves]
    reset = model.reset_states if model.stateful else lambda: None
    reset()
    for place, name in enumerate(("first", "second")):
        arrays[name] = _listed(model.predict(x[place], batch_size=BATCH))
    reset()
    losses = [_listed(model.train_on_batch(x[i % 2], y[i % 2]))[0] for i in range(TRAINED)]
    arrays["losses"] = [np.asarray(losses, np.float32)]
    arrays["trained"] = model.get_weights()
    arrays["last"] = _listed(model.predict(x[0], batch_size=BATCH))
    _check(arrays)
    return arrays


def _check(arrays: Arrays) -> None:
    """Refuse a case that is not finite, or whose training leaves the weights as they were."""
    pairs = zip(arrays["weights"], arrays["trained"], strict=True)
    moved = [float(np.abs(before - after).max()) for before, after in pairs]
    finite = all(np.isfinite(one).all() for group in arrays.values() for one in group)
    if not finite or max(moved) < 1e-3:
        raise SystemExit(f"weights moved by {moved}; finite: {finite}")


def cudnn_arrays(keras: Any, name: str, gates: int, **arguments: Any) -> dict[str, Any]:
    """Return weights of a layer, the same for cuDNN as Keras converts them, and a prediction."""
    from keras.engine import topology

    random = np.random.RandomState(gates)
    layer = getattr(keras.layers, name)(UNITS, recurrent_activation="sigmoid", **arguments)
    model = keras.models.Sequential([keras.layers.InputLayer((STEPS, FEATURES)), layer])
    plain = [random.uniform(-0.6, 0.6, one.shape) for one in model.get_weights()]
    model.set_weights(plain)
    x = random.standard_normal((BATCH, STEPS, FEATURES))
    stand_in = type(f"CuDNN{name}", (), {})()
    converted = topology._convert_rnn_weights(stand_in, plain)
    arrays = {f"plain_{i}": one for i, one in enumerate(plain)}
    arrays |= {f"cudnn_{i}": one for i, one in enumerate(converted)}
    arrays |= {"x": x, "prediction": model.predict(x)}
    return {f"{name}_{key}": one.astype(np.float32) for key, one in arrays.items()}


def main(folder: str, names: list[str]) -> None:
    """Make the named cases, or all."""
    keras = keras216.load(folder)
    add_cells(keras)
    FOLDER.mkdir(exist_ok=True)
    table, data = FOLDER / "cases.json", FOLDER / "cases.npz"
    recipes: dict[str, Any] = json.loads(table.read_text()) if names else {}
    flat = dict(np.load(data)) if names else {}
    for name in names or CASES:
        keras.backend.clear_session()
        model = CASES[name](keras)
        model.compile(keras.optimizers.SGD(lr=RATE), "mse")
        arrays = run(model, np.random.RandomState(zlib.crc32(name.encode())))
        shapes = {key: [list(one.shape) for one in group] for key, group in arrays.items()}
        recipes[name] = {"model": json.loads(model.to_json()), "shapes": shapes}
        flat[name] = np.concatenate(
            [np.ravel(one).astype(np.float32) for group in arrays.values() for one in group]
        )
        print(name, flush=True)
    lines = [f"{json.dumps(name)}: {json.dumps(recipe)}" for name, recipe in recipes.items()]
    table.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    np.savez_compressed(data, **flat)
    cudnn = cudnn_arrays(keras, "LSTM", 4) | cudnn_arrays(keras, "GRU", 3, reset_after=True)
    np.savez_compressed(FOLDER / "cudnn.npz", **cudnn)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
