"""The loops over batches: fit, evaluate, predict."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from konnx.callbacks import BaseLogger, Callback, CallbackList, History, ProgbarLogger
from konnx.function import Function
from konnx.training.data import Arrays
from konnx.training.not_a_number import explain_nan
from konnx.utils.progbar import Progbar

Step = Callable[[Arrays], list[np.ndarray]]


@dataclass(frozen=True)
class Validation:
    """What each epoch ends with."""

    step: Step
    arrays: Arrays


def fit(
    model: Any,
    step: Step,
    arrays: Arrays,
    metrics_names: Sequence[str],
    *,
    batch_size: int,
    epochs: int,
    initial_epoch: int = 0,
    verbose: int = 1,
    callbacks: Sequence[Callback] = (),
    shuffle: bool | str = True,
    validation: Validation | None = None,
) -> History:
    """Train over the arrays, epoch by epoch; returns what happened.

    Args:
        model: handed to the callbacks; its `stop_training` ends the fit, its `history` is set.
        step: takes one batch of the arrays and returns the values of `metrics_names`.
        arrays: inputs, targets, weights.
        metrics_names: the first is the loss.
        batch_size: samples a step; the last batch may be smaller.
        epochs: the number of the last epoch.
        initial_epoch: the number of the first.
        verbose: 0, 1 (a progress bar) or 2 (a line an epoch).
        callbacks: called after the standard ones.
        shuffle: whether to mix the samples in each epoch; "batch": only whole batches.
        validation: evaluated after each epoch.
    """
    history = History()
    names = list(metrics_names)
    samples = len(arrays[0])
    params = {
        "batch_size": batch_size,
        "epochs": epochs,
        "steps": -(-samples // batch_size),
        "samples": samples,
        "verbose": verbose,
        "do_validation": validation is not None,
        "metrics": names + [f"val_{name}" for name in names if validation is not None],
    }
    bar = [ProgbarLogger()] if verbose else []
    told = CallbackList([BaseLogger(), *bar, *callbacks, history], model, params)
    for callback in told.callbacks:
        callback.validation_data = validation.arrays if validation else None
    model.stop_training, model.history = False, history
    nans = _NanWatch()
    with told.training():
        for epoch in range(initial_epoch, epochs):
            told.on_epoch_begin(epoch, {})
            _train_epoch(model, step, arrays, names, told, nans, epoch, batch_size, shuffle)
            told.on_epoch_end(epoch, _validated(validation, names, batch_size))
            if model.stop_training:
                break
    return history


def _validated(
    validation: Validation | None, names: Sequence[str], batch_size: int
) -> dict[str, Any]:
    """Return the values of validation by name; none where there is no validation."""
    if validation is None:
        return {}
    values = evaluate(validation.step, validation.arrays, batch_size)
    return {f"val_{name}": value for name, value in zip(names, values, strict=True)}


def _train_epoch(
    model: Any,
    step: Step,
    arrays: Arrays,
    names: Sequence[str],
    told: CallbackList,
    nans: _NanWatch,
    epoch: int,
    batch_size: int,
    shuffle: bool | str,
) -> None:
    order = _order(len(arrays[0]), batch_size, shuffle)
    for batch, places in enumerate(_batches(len(arrays[0]), batch_size)):
        chosen = places if order is None else order[places]
        logs: dict[str, Any] = {"batch": batch, "size": places.stop - places.start}
        told.on_batch_begin(batch, logs)
        batch_arrays = [array[chosen] for array in arrays]
        values = step(batch_arrays)
        logs.update({name: float(v) for name, v in zip(names, values, strict=True)})
        nans.check(logs["loss"], f"epoch {epoch + 1}, batch {batch}", step, batch_arrays)
        told.on_batch_end(batch, logs)
        if model.stop_training:
            break


def _order(samples: int, batch_size: int, shuffle: bool | str) -> np.ndarray | None:
    """The order of the samples in one epoch, from NumPy's global generator as in Keras."""
    if not shuffle:
        return None
    order = np.arange(samples)
    if shuffle == "batch":
        whole = samples // batch_size * batch_size
        blocks = order[:whole].reshape(-1, batch_size)
        np.random.shuffle(blocks)  # noqa: NPY002 - the generator that Keras scripts seed
        return np.concatenate([blocks.reshape(-1), order[whole:]])
    np.random.shuffle(order)  # noqa: NPY002 - as above
    return order


def _batches(samples: int, batch_size: int) -> Iterator[slice]:
    for start in range(0, samples, batch_size):
        yield slice(start, min(start + batch_size, samples))


class _NanWatch:
    """Warns of each loss that is NaN, and says of the first one in a row where it comes from."""

    def __init__(self) -> None:
        self._was_nan = False

    def check(self, loss: float, place: str, step: Step, arrays: Arrays) -> None:
        is_first, self._was_nan = not self._was_nan, math.isnan(loss)
        if not self._was_nan:
            return
        reason = None
        if is_first and isinstance(step, Function):
            reason = explain_nan(step, arrays)
        found = f": {reason}" if reason else ""
        warnings.warn(
            f"The loss is NaN in {place}{found}. Usual causes: a learning rate too high, or NaN "
            "in the data. callbacks.TerminateOnNaN ends such a fit.",
            RuntimeWarning,
            stacklevel=5,
        )


def evaluate(step: Step, arrays: Arrays, batch_size: int, verbose: int = 0) -> list[float]:
    """Return the mean of what a step returns over all batches, weighted by their sizes."""
    samples = len(arrays[0])
    bar = Progbar(samples, verbose=verbose)
    sums: np.ndarray | None = None
    for places in _batches(samples, batch_size):
        size = places.stop - places.start
        values = np.array([float(value) for value in step([array[places] for array in arrays])])
        sums = values * size if sums is None else sums + values * size
        bar.update(places.stop)
    assert sums is not None
    return [float(value) for value in sums / samples]


def predict(step: Step, arrays: Arrays, batch_size: int, verbose: int = 0) -> list[np.ndarray]:
    """Return the outputs of a step for all batches, put together."""
    samples = len(arrays[0])
    if samples <= batch_size:
        outputs = step(arrays)
        Progbar(samples, verbose=verbose).update(samples)
        return outputs
    bar = Progbar(samples, verbose=verbose)
    whole: list[np.ndarray] = []
    for places in _batches(samples, batch_size):
        outputs = step([array[places] for array in arrays])
        if not whole:
            whole = [np.empty((samples, *one.shape[1:]), one.dtype) for one in outputs]
        for target, one in zip(whole, outputs, strict=True):
            target[places] = one
        bar.update(places.stop)
    return whole
