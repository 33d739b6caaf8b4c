"""Make the training goldens: what tf_keras computes while it trains the models of the table.

Writes, for each case, `training/NAME.h5` (the untrained model, whole, legacy HDF5) and
`training/NAME.npz` (data, predictions, results of each step, final weights, evaluation), and
`training/cases.json` with what each model has to be compiled with, in Keras 2.1's words.

Run `python make_training.py [NAME ...]`; without names, every case is made.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras21
import numpy as np
import tf_keras
from keras21 import BATCH, Array
from training_cases import Case
from training_table import CASES

STEPS = 5
SAMPLES = STEPS * BATCH
FOLDER = Path(__file__).parent / "training"
_SHORT_NAMES = {"categorical_accuracy": "acc", "val_categorical_accuracy": "val_acc"}


def draw_target(kind: str, shape: tuple[Any, ...], random: np.random.RandomState) -> Array:
    """Draw the target of one output of the given shape, without the batch axis."""
    width = shape[-1]
    if kind == "values":
        return keras21.normal(random, SAMPLES, *shape)
    if kind == "bits":
        return random.randint(0, 2, (SAMPLES, *shape)).astype(np.float32)
    if kind == "one_hot":
        return np.eye(width, dtype=np.float32)[random.randint(0, width, SAMPLES)]
    if kind == "classes":
        return random.randint(0, width, SAMPLES).astype(np.int32)
    return random.randint(0, width, (SAMPLES, *shape[:-1], 1)).astype(np.int32)


def draw_weights(kind: str, random: np.random.RandomState) -> Array | None:
    """Draw sample weights of the given kind."""
    if not kind:
        return None
    weights = random.uniform(0.2, 2.0, SAMPLES).astype(np.float32)
    if kind == "zeros":
        weights[random.uniform(size=SAMPLES) < 0.3] = 0.0
    return weights


def compiled(case: Case, model: Any) -> Any:
    """Compile with the optimizer that has Keras 2's update rule."""
    model.compile(
        keras21.legacy_optimizer(case.optimizer),
        case.loss,
        metrics=keras21.named_metrics(case.metrics, case.loss, model.outputs),
        loss_weights=case.loss_weights,
        run_eagerly=True,
    )
    return model


class Recorder:
    """Runs one case and collects its arrays under the names that the tests read."""

    def __init__(self, name: str, case: Case) -> None:
        self.name = name
        self.case = case
        self.random = keras21.seeded(name)
        stored = case.build()
        keras21.randomise_weights(stored, self.random)
        self._constrain(stored)
        compiled(case, stored).save(FOLDER / f"{name}.h5", save_format="h5")
        self.model = stored
        if case.oracle_build is not None:
            self.model = compiled(case, case.oracle_build())
            self.model.set_weights(stored.get_weights())
        self.arrays: dict[str, Any] = {}
        self._draw()

    @staticmethod
    def _constrain(model: Any) -> None:
        """Apply each constraint once, as any trained model would have."""
        for variable in model.trainable_variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))

    def _draw(self) -> None:
        self.inputs = [
            keras21.normal(self.random, SAMPLES, *tensor.shape[1:]) for tensor in self.model.inputs
        ]
        outputs = self.model.outputs
        kinds = keras21.per_output(self.case.targets, len(outputs))
        self.targets = [
            draw_target(kind, tuple(tensor.shape[1:]), self.random)
            for kind, tensor in zip(kinds, outputs, strict=True)
        ]
        self.weights = draw_weights(self.case.weights, self.random)
        self.scaled = None
        if self.weights is not None:
            batch = self.case.fit.get("batch_size", BATCH)
            self.scaled = keras21.scaled_weights(self.weights, batch)
            self.arrays["sample_weight"] = self.weights
        self.arrays |= {f"x_{i}": value for i, value in enumerate(self.inputs)}
        self.arrays |= {f"y_{i}": value for i, value in enumerate(self.targets)}

    def _rows(self, start: int, stop: int) -> tuple[Any, Any, Any]:
        inputs = [value[start:stop] for value in self.inputs]
        targets = [value[start:stop] for value in self.targets]
        weights = None if self.scaled is None else self.scaled[start:stop]
        return _single(inputs), _single(targets), weights

    def run(self) -> None:
        """Predict, train, evaluate and write the results."""
        predictions = self.model.predict(self._rows(0, BATCH)[0], verbose=0)
        self.arrays |= {f"prediction_{i}": v for i, v in enumerate(_listed(predictions))}
        self._check_documented_loss()
        before = self.model.get_weights()
        self._fit() if self.case.fit else self._steps()
        x, y, weights = self._rows(0, self.case.evaluated)
        results = self.model.evaluate(x, y, BATCH, sample_weight=weights, verbose=0)
        if self.case.weights != "zeros" or not self.case.fit:
            self.arrays["evaluation"] = np.asarray(_listed(results), np.float64)
        final = keras21.model_weights(self.model)
        self.arrays |= {f"weight_{i:02d}": value for i, value in enumerate(final)}
        self._check_trained(before)
        np.savez_compressed(FOLDER / f"{self.name}.npz", **self.arrays)

    def _steps(self) -> None:
        results = []
        for start in range(0, SAMPLES, BATCH):
            x, y, weights = self._rows(start, start + BATCH)
            step = self.model.train_on_batch(x, y, sample_weight=weights, reset_metrics=True)
            results.append(_listed(step))
        self.arrays["steps"] = np.asarray(results, np.float64)

    def _fit(self) -> None:
        arguments = dict(self.case.fit)
        if "class_weight" in arguments:
            weight = arguments["class_weight"]
            arguments["class_weight"] = {int(key): value for key, value in weight.items()}
        x, y, weights = self._rows(0, SAMPLES)
        history = self.model.fit(
            x, y, sample_weight=weights, shuffle=False, verbose=0, **arguments
        ).history
        for key, values in history.items():
            self.arrays[f"history_{_SHORT_NAMES.get(key, key)}"] = np.asarray(values, np.float64)

    def _check_documented_loss(self) -> None:
        """Refuse a case where tf_keras departs from the loss that Keras 2.1 documents."""
        count = len(self.targets)
        losses = keras21.per_output(self.case.loss, count)
        factors = keras21.per_output(self.case.loss_weights or 1.0, count)
        weights = None if self.weights is None else self.weights[:BATCH]
        outputs = [self.arrays[f"prediction_{i}"] for i in range(count)]
        expected = sum(
            factor * keras21.documented_loss(loss, target[:BATCH], output, weights)
            for factor, loss, target, output in zip(
                factors, losses, self.targets, outputs, strict=True
            )
        )
        x, y, _ = self._rows(0, BATCH)
        scaled = None if weights is None else keras21.scaled_weights(weights)
        received = _listed(self.model.test_on_batch(x, y, sample_weight=scaled))[0]
        expected += float(sum(float(term) for term in self.model.losses))
        if not np.isclose(received, expected, rtol=2e-6, atol=1e-6):
            raise SystemExit(
                f"'{self.name}': tf_keras departs from the documented loss. "
                f"Expected: {expected}. Received: {received}"
            )

    def _check_trained(self, before: list[Array]) -> None:
        """Refuse a case whose training would leave the weights nearly as they were."""
        after = self.model.get_weights()
        moved = max(np.abs(a - b).max() for a, b in zip(after, before, strict=True))
        finite = all(np.isfinite(value).all() for value in self.arrays.values())
        if moved < 1e-3 or not finite:
            raise SystemExit(f"'{self.name}': weights moved by {moved}; finite: {finite}")


def recipe(case: Case) -> dict[str, Any]:
    """Return what a test passes to `compile` and how it runs the case."""
    class_name, arguments = case.optimizer
    return {
        "optimizer": {"class_name": class_name, "config": arguments},
        "loss": case.loss,
        "metrics": case.metrics,
        "loss_weights": case.loss_weights,
        "evaluated": case.evaluated,
        "fit": case.fit,
    }


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _single(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def main(names: list[str]) -> None:
    """Make the named cases, or all, and the table of recipes."""
    FOLDER.mkdir(exist_ok=True)
    tf_keras.backend.set_floatx("float32")
    for name in names or CASES:
        Recorder(name, CASES[name]).run()
        print(name, flush=True)
    table = {name: recipe(case) for name, case in CASES.items()}
    (FOLDER / "cases.json").write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
