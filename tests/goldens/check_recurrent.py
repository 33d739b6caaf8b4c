"""Compare the recurrent goldens, which are of Keras 2.1.6, with what tf_keras computes.

Both must agree, but where tf_keras is known to mean something else: `DIFFERENT` says where and why.

Run `python check_recurrent.py [NAME ...]` after `make_recurrent.py`; without names, every case is
compared.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import keras21  # noqa: F401 - quiets TensorFlow
import numpy as np
import tensorflow as tf
import tf_keras
from recurrent_table import BATCH

FOLDER = Path(__file__).parent / "recurrent"
RATE = 0.2


class MinimalCell(tf_keras.layers.Layer):
    """The cell of `make_recurrent.py`."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        self.kernel = self.add_weight("kernel", (input_shape[-1], self.units))
        self.recurrent_kernel = self.add_weight("recurrent", (self.units, self.units))
        self.built = True

    def call(self, inputs: Any, states: Any) -> Any:
        """Compute one step."""
        output = inputs @ self.kernel + states[0] @ self.recurrent_kernel
        return output, [output]


class ConditionedCell(MinimalCell):
    """The cell of `make_recurrent.py` that takes a constant."""

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        given, fixed = input_shape
        self.fixed_kernel = self.add_weight("fixed", (fixed[-1], self.units))
        super().build(given)

    def call(self, inputs: Any, states: Any, constants: Any = ()) -> Any:
        """Compute one step."""
        output, _ = super().call(inputs, states)
        output = tf_keras.backend.tanh(output + constants[0] @ self.fixed_kernel)
        return output, [output]


CELLS = {"MinimalCell": MinimalCell, "ConditionedCell": ConditionedCell}


# Regular expressions of names, and what tf_keras does there.
DIFFERENT = {
    r"\w+_sequences_masked(_backwards)?_stateful": "masked steps in front show 0, not the state",
    r"(simple|gru|lstm)_started(_backwards|_states)?": "the same",
    r"both_\w+_sequences_masked|both_(gru|stateful|states|started)": "masked steps show 0",
    r"stacked_(states|uneven)": "the states of the first cell come first",
    r"lstm_penalised": "the penalty on the output is divided by the batch size",
    r"constants(_started)?": "such a config is not read",
}


def is_different(name: str) -> bool:
    """Tell whether tf_keras is known to do something else with a case."""
    return any(re.fullmatch(pattern, name) for pattern in DIFFERENT)


def cut(flat: Any, shapes: dict[str, list[list[int]]]) -> dict[str, list[Any]]:
    """Return the arrays of a case."""
    arrays: dict[str, list[Any]] = {}
    for key, group in shapes.items():
        arrays[key] = []
        for shape in group:
            size = int(np.prod(shape))
            arrays[key].append(flat[:size].reshape(shape))
            flat = flat[size:]
    return arrays


def listed(value: Any) -> list[Any]:
    """Return a list as it is, and anything else as one item."""
    return list(value) if isinstance(value, list | tuple) else [value]


def differences(recipe: dict[str, Any], flat: Any) -> float:
    """Return the largest difference of predictions, losses and trained weights."""
    tf_keras.backend.clear_session()
    arrays = cut(flat, recipe["shapes"])
    model = tf_keras.models.model_from_json(json.dumps(recipe["model"]), custom_objects=CELLS)
    model.set_weights(arrays["weights"])
    model.compile(tf_keras.optimizers.legacy.SGD(RATE), "mse", run_eagerly=True)
    halves = [
        tuple([one[part] for one in arrays[key]] for key in ("x", "y"))
        for part in (slice(BATCH), slice(BATCH, 2 * BATCH))
    ]
    computed = [
        *listed(model.predict_on_batch(halves[0][0])),
        *listed(model.predict_on_batch(halves[1][0])),
    ]
    model.reset_states()
    losses = [listed(model.train_on_batch(*halves[i % 2]))[0] for i in range(5)]
    computed += [np.asarray(losses), *model.get_weights()]
    expected = [*arrays["first"], *arrays["second"], *arrays["losses"], *arrays["trained"]]
    pairs = zip(computed, expected, strict=True)
    return max(float(np.abs(np.asarray(a) - b).max()) for a, b in pairs)


def agrees(recipe: dict[str, Any], flat: Any) -> bool:
    """Tell whether tf_keras computes the arrays of a case."""
    try:
        return differences(recipe, flat) < 1e-5
    except (TypeError, ValueError, tf.errors.InvalidArgumentError):
        return False


def main(names: list[str]) -> None:
    """Compare the named cases, or all; fail where one is not as expected."""
    recipes, flat = json.loads((FOLDER / "cases.json").read_text()), np.load(FOLDER / "cases.npz")
    wrong = []
    for name in names or recipes:
        same = agrees(recipes[name], flat[name])
        print(name, "agrees" if same else "differs", flush=True)
        if same == is_different(name):
            wrong.append(name)
    if wrong:
        raise SystemExit(f"not as expected: {', '.join(wrong)}")


if __name__ == "__main__":
    main(sys.argv[1:])
