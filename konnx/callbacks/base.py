"""What a callback is, and the list that the fit loop calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Logs = dict[str, Any]


class Callback:
    """Something that a fit loop tells of its progress; subclasses override what they need.

    `params` holds batch_size, epochs, samples, steps, verbose, do_validation and metrics; `model`
    is the model in training. Setting `model.stop_training = True` ends the fit after the epoch.

    Example:
        >>> class Print(Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print(epoch, logs)
    """

    def __init__(self) -> None:
        self.params: Mapping[str, Any] = {}
        self.model: Any = None

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Take the parameters of the fit."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take the model in training."""
        self.model = model

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch, numbered from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch; `logs` has its means, those of validation with "val_"."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch; `logs` has "batch" and "size"."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch; `logs` has its loss and metrics, too."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch."""


class CallbackList:
    """Calls several callbacks in order."""

    def __init__(
        self, callbacks: Iterable[Callback], model: Any, params: Mapping[str, Any]
    ) -> None:
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(params)

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Tell all."""
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Tell all."""
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_batch_begin(self, batch: int, logs: Logs) -> None:
        """Tell all."""
        for callback in self.callbacks:
            callback.on_batch_begin(batch, logs)

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Tell all."""
        for callback in self.callbacks:
            callback.on_batch_end(batch, logs)

    def on_train_begin(self, logs: Logs) -> None:
        """Tell all."""
        for callback in self.callbacks:
            callback.on_train_begin(logs)

    def on_train_end(self, logs: Logs) -> None:
        """Tell all."""
        for callback in self.callbacks:
            callback.on_train_end(logs)
