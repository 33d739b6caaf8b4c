"""Learning rates that change from epoch to epoch."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from konnx.callbacks.base import Callback, Logs
from konnx.callbacks.monitor import comparison, known_mode, monitored, worst
from konnx.optimizers.hyperparameter import checked_number


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of each epoch.

    Args:
        schedule: takes the epoch, from 0, and if it can the present rate, `lr`; returns the new
            rate, a float.
        verbose: 1 tells of each.

    Example:
        >>> halve = LearningRateScheduler(lambda epoch, lr: lr * 0.5 if epoch else lr)
        >>> steps = LearningRateScheduler(lambda epoch: 0.1 if epoch < 10 else 0.01)
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate of this epoch.

        Raises:
            ValueError: the optimizer has no `lr`, or what the schedule returned is no float,
                negative or NaN.
        """
        rate = _scheduled(self.schedule, epoch, float(_rate(self)))
        if not isinstance(rate, float | np.floating):
            raise ValueError(
                "`LearningRateScheduler`: the schedule must return a float. "
                f"Received: {rate!r} for epoch {epoch}"
            )
        _set_rate(self, rate)
        if self.verbose > 0:
            print(
                f"\nEpoch {epoch + 1:05d}: LearningRateScheduler sets the learning rate to {rate}."
            )


class ReduceLROnPlateau(Callback):
    """Reduces the learning rate when a value has stopped improving; puts the rate into `logs`.

    Args:
        monitor: the value.
        factor: what the rate is multiplied by, less than 1.
        patience: the number of epochs without improvement after which it is.
        verbose: 1 tells of it.
        mode: whether the best is the "min" or the "max"; "auto" takes the maximum of names that
            hold "acc", "auc", "precision", "recall" or "fmeasure".
        min_delta: the change from which on it counts as an improvement.
        cooldown: the number of epochs after a reduction that do not count.
        min_lr: the least rate.
        epsilon: the old name of `min_delta`.

    Raises:
        ValueError: `factor` is 1 or more.

    Example:
        >>> slower = ReduceLROnPlateau(monitor="val_loss", factor=0.2, patience=5, min_lr=1e-3)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0,
        epsilon: float | None = None,
    ) -> None:
        super().__init__()
        if factor >= 1.0:
            raise ValueError(
                f"`ReduceLROnPlateau`: `factor` must be less than 1. Received: factor={factor!r}"
            )
        if epsilon is not None:
            warnings.warn(
                "`ReduceLROnPlateau`: `epsilon` is the old name of `min_delta`; use that.",
                stacklevel=2,
            )
            min_delta = epsilon
        self.monitor, self.factor, self.patience = monitor, factor, patience
        self.verbose, self.min_delta, self.min_lr = verbose, min_delta, min_lr
        self.cooldown, self.mode = cooldown, known_mode(self, mode)
        self.monitor_op = comparison(self.mode, monitor)
        self._start()

    def _start(self) -> None:
        self.wait = self.cooldown_counter = 0
        self.best = worst(self.monitor_op)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start anew: an instance may serve several fits."""
        self._start()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look at the value, and reduce the rate where patience is at an end.

        Raises:
            ValueError: the optimizer has no `lr`.
        """
        logs = {} if logs is None else logs
        logs["lr"] = _rate(self)
        current = monitored(self, self.monitor, logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_better(current):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def in_cooldown(self) -> bool:
        """Say whether the last reduction is so near that epochs do not count."""
        return self.cooldown_counter > 0

    def get_state(self) -> dict[str, Any]:
        return {"wait": self.wait, "cooldown_counter": self.cooldown_counter, "best": self.best}

    def set_state(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def _is_better(self, current: float) -> bool:
        rises = self.monitor_op is np.greater
        threshold = self.best + self.min_delta if rises else self.best - self.min_delta
        return bool(self.monitor_op(current, threshold))

    def _reduce(self, epoch: int) -> None:
        old = float(_rate(self))
        if old <= self.min_lr:
            return
        new = max(old * self.factor, self.min_lr)
        _set_rate(self, new)
        self.cooldown_counter = self.cooldown
        self.wait = 0
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1:05d}: ReduceLROnPlateau reduces the learning rate to {new}.")


def _scheduled(schedule: Callable[..., Any], epoch: int, rate: float) -> Any:
    """Call a schedule with what it takes; an error inside it stays the schedule's own."""
    try:
        signature = inspect.signature(schedule)
    except ValueError:  # a built-in function may not tell
        return schedule(epoch)
    if _takes(signature, epoch, lr=rate):
        return schedule(epoch, lr=rate)
    return schedule(epoch) if _takes(signature, epoch) else schedule(epoch, rate)


def _takes(signature: inspect.Signature, *args: Any, **kwargs: Any) -> bool:
    try:
        signature.bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def _rate(callback: Callback) -> np.float32:
    """Return the learning rate; an optimizer that a user wrote may hold it as a variable, too."""
    optimizer = callback.model.optimizer
    if not hasattr(optimizer, "lr"):
        raise ValueError(
            f"`{type(callback).__name__}` needs an optimizer with a learning rate `lr`. "
            f"Received: {type(optimizer).__name__}"
        )
    rate: np.float32 = optimizer.lr.numpy()[()]
    return rate


def _set_rate(callback: Callback, rate: Any) -> None:
    optimizer = callback.model.optimizer
    optimizer.lr.assign(checked_number(optimizer, "lr", rate))
