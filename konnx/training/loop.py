"""The loops over batches: fit, evaluate, predict."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from konnx.callbacks import (
    BackupAndRestore,
    BaseLogger,
    Callback,
    CallbackList,
    History,
    ProgbarLogger,
)
from konnx.callbacks.backup import Place, restore
from konnx.function import Function
from konnx.training.data import Arrays
from konnx.training.not_a_number import explain_nan
from konnx.training.sources import ArrayBatches, Batch, Source, Step
from konnx.utils.progbar import Progbar

Validate = Callable[[], list[Any]]


@dataclass(frozen=True)
class Validation:
    """What each epoch ends with.

    Attributes:
        evaluate: returns the values of the metrics.
        arrays: inputs, targets and weights, for callbacks; None if that is a stream.
    """

    evaluate: Validate
    arrays: Arrays | None = None


@dataclass(frozen=True)
class Sums:
    """The metrics that keep sums over an epoch, and are not means over its batches.

    Attributes:
        names: under which they are reported.
        reset: begins them anew.
    """

    names: Sequence[str] = ()
    reset: Callable[[], None] = lambda: None


def fit(
    model: Any,
    source: Source,
    metrics_names: Sequence[str],
    *,
    epochs: int,
    initial_epoch: int = 0,
    verbose: int = 1,
    callbacks: Sequence[Callback] = (),
    validation: Validation | None = None,
    metrics: Sums | None = None,
) -> History:
    """Train over batches, epoch by epoch; returns what happened.

    Args:
        model: handed to the callbacks; its `stop_training` ends the fit, its `history` is set.
        source: where the batches come from; their steps return the values of `metrics_names`.
        metrics_names: the first is the loss.
        epochs: the number of the last epoch.
        initial_epoch: the number of the first.
        verbose: 0, 1 (a progress bar) or 2 (a line an epoch).
        callbacks: called after the standard ones.
        validation: evaluated after each epoch that is not stopped in its midst.
        metrics: those of them that keep sums, which each epoch begins anew.
    """
    history, metrics = History(), metrics or Sums()
    names = list(metrics_names)
    unit = "steps" if source.samples is None else "samples"
    bar = [ProgbarLogger(unit, metrics.names)] if verbose else []
    params = _params(source, names, epochs, verbose, validation)
    told = CallbackList([BaseLogger(metrics.names), *bar, *callbacks, history])
    told.set_model(model)
    told.set_params(params)
    for callback in told.callbacks:
        callback.validation_data = validation.arrays if validation else None
    model.stop_training, model.history = False, history
    run = _Fit(model, source, names, told, validation, metrics)
    with told.training():
        run.run(Place(initial_epoch), epochs)
    for backup in run.backups:
        backup.fit_done()
    return history


def _params(
    source: Source,
    names: list[str],
    epochs: int,
    verbose: int,
    validation: Validation | None,
) -> dict[str, Any]:
    return {
        "batch_size": source.batch_size,
        "epochs": epochs,
        "steps": source.steps,
        "samples": source.samples,
        "verbose": verbose,
        "do_validation": validation is not None,
        "metrics": names + [f"val_{name}" for name in names if validation is not None],
    }


class _Fit:
    """A fit that has begun."""

    def __init__(
        self,
        model: Any,
        source: Source,
        names: Sequence[str],
        told: CallbackList,
        validation: Validation | None,
        metrics: Sums,
    ) -> None:
        self._model, self._source, self._names, self._told = model, source, names, told
        self._validation, self._metrics = validation, metrics
        self._nans = _NanWatch()
        self.backups = [one for one in told if isinstance(one, BackupAndRestore)]

    def run(self, start: Place, epochs: int) -> None:
        start = self._restored(start)
        for epoch in range(start.epoch, 0 if self._model.stop_training else epochs):
            if not self._epoch(epoch, start.batch if epoch == start.epoch else 0):
                break

    def _restored(self, start: Place) -> Place:
        """Put all into the state of a backup, if there is one; returns where to go on."""
        found = next(filter(None, (backup.read() for backup in self.backups)), None)
        if found is None:
            return start
        start = Place(*found["place"])
        if start.batch:
            self._told.on_epoch_begin(start.epoch, {})
        restore(self._told, self._source, self._model, found)
        return start

    def _epoch(self, epoch: int, first: int) -> bool:
        """Do an epoch, from a batch on; says whether there is to be another."""
        if not first:
            self._metrics.reset()
            self._told.on_epoch_begin(epoch, {})
        done = self._batches(epoch, first)
        if not done:  # a stream has ended
            return False
        is_whole = done >= self._source.steps
        is_stopped = self._model.stop_training
        self._told.on_epoch_end(epoch, self._validated() if is_whole or not is_stopped else {})
        for backup in self.backups:
            backup.epoch_done(self._told, self._source, Place(epoch + 1))
        return is_whole and not self._model.stop_training

    def _batches(self, epoch: int, first: int) -> int:
        """Train on the batches of an epoch; returns how many are done."""
        done = first
        for number, batch in enumerate(self._source.epoch(first), first):
            logs: dict[str, Any] = {"batch": number, "size": batch.size}
            self._told.on_batch_begin(number, logs)
            values = batch.step(batch.arrays)
            logs.update({k: reported(v) for k, v in zip(self._names, values, strict=True)})
            self._nans.check(logs["loss"], f"epoch {epoch + 1}, batch {number}", batch)
            self._told.on_batch_end(number, logs)
            done = number + 1
            for backup in self.backups:
                backup.batch_done(self._told, self._source, Place(epoch, done))
            if self._model.stop_training:
                break
        return done

    def _validated(self) -> dict[str, Any]:
        """Return the values of validation by name; none where there is no validation."""
        if self._validation is None:
            return {}
        values = self._validation.evaluate()
        return {f"val_{name}": one for name, one in zip(self._names, values, strict=True)}


class _NanWatch:
    """Warns of each loss that is NaN, and says of the first one in a row where it comes from."""

    def __init__(self) -> None:
        self._was_nan = False

    def check(self, loss: float, place: str, batch: Batch) -> None:
        is_first, self._was_nan = not self._was_nan, math.isnan(loss)
        if not self._was_nan:
            return
        reason = None
        if is_first and isinstance(batch.step, Function):
            reason = explain_nan(batch.step, batch.arrays)
        found = f": {reason}" if reason else ""
        warnings.warn(
            f"The loss is NaN in {place}{found}. Usual causes: a learning rate too high, or NaN "
            "in the data. callbacks.TerminateOnNaN ends such a fit.",
            RuntimeWarning,
            stacklevel=8,
        )


def reported(value: np.ndarray) -> Any:
    """Return a scalar as a float; metrics of several thresholds stay arrays."""
    return float(value) if np.size(value) == 1 else value


def evaluate(
    source: Source, metrics_names: Sequence[str], metrics: Sums, verbose: int = 0
) -> list[Any]:
    """Return what the steps of an epoch return: means weighted by the sizes of batches, and sums.

    Args:
        source: where the batches come from.
        metrics_names: what the steps return.
        metrics: those of them of which the last value counts.
        verbose: 1 shows a progress bar.

    Raises:
        ValueError: there is no batch.
    """
    bar = Progbar(source.samples or source.steps, verbose=verbose)
    metrics.reset()
    totals = [0.0] * len(metrics_names)
    seen, values = 0, totals
    for count, batch in enumerate(source.epoch(), 1):
        values = [reported(value) for value in batch.step(batch.arrays)]
        totals = [t + value * batch.size for t, value in zip(totals, values, strict=True)]
        seen += batch.size
        bar.update(count if source.samples is None else seen)
    if not seen:
        raise ValueError("There is nothing to evaluate: the data have no batch.")
    return [
        last if name in metrics.names else total / seen
        for name, last, total in zip(metrics_names, values, totals, strict=True)
    ]


def predict(step: Step, arrays: Arrays, batch_size: int, verbose: int = 0) -> list[np.ndarray]:
    """Return the outputs of a step for all batches, put together."""
    samples = len(arrays[0])
    bar = Progbar(samples, verbose=verbose)
    whole: list[np.ndarray] = []
    seen = 0
    for batch in ArrayBatches(arrays, step, batch_size).epoch():
        outputs = step(batch.arrays)
        if not whole:
            is_all = batch.size == samples
            whole = outputs if is_all else [_room(samples, one) for one in outputs]
        if outputs is not whole:
            for target, one in zip(whole, outputs, strict=True):
                target[seen : seen + batch.size] = one
        seen += batch.size
        bar.update(seen)
    return whole


def _room(samples: int, part: np.ndarray) -> np.ndarray:
    return np.empty((samples, *part.shape[1:]), part.dtype)


def join_outputs(
    outputs: Iterator[list[np.ndarray]], steps: int, verbose: int = 0
) -> list[np.ndarray]:
    """Return the outputs for as many batches of a stream, put together.

    Raises:
        ValueError: there is no batch.
    """
    bar = Progbar(steps, verbose=verbose)
    parts: list[list[np.ndarray]] = []
    for number, of_batch in enumerate(islice(outputs, steps), 1):
        parts.append(of_batch)
        bar.update(number)
    if not parts:
        raise ValueError("There is nothing to predict: the data have no batch.")
    return [np.concatenate(one) for one in zip(*parts, strict=True)]
