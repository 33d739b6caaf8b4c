"""What a callback is, and the list that the fit loop calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

Logs = dict[str, Any]


class Callback:
    """Something that a fit loop tells of its progress; subclasses override what they need.

    `params` holds batch_size, epochs, samples, steps, verbose, do_validation and metrics; `model`
    is the model in training; `validation_data` the list of arrays (inputs, targets, and weights for
    each target) that each epoch is validated on, or None. Setting `model.stop_training = True` ends
    the fit after the epoch.

    Example:
        >>> class Print(Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print(epoch, logs)
    """

    def __init__(self) -> None:
        self.params: Mapping[str, Any] = {}
        self.model: Any = None
        self.validation_data: Any = None

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
        """After the last epoch, or after an error that ended the fit: the place to close files."""

    # Backups of a fit

    def get_state(self) -> dict[str, Any]:
        """Return what `set_state` needs to go on in another process: numbers, texts, arrays.

        `BackupAndRestore` keeps it; a callback that changes as the fit proceeds should have both.
        """
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what `get_state` returned; called after `on_train_begin`.

        If the fit stopped within an epoch, it is called after `on_epoch_begin`, too.
        """


class CallbackList:
    """Calls several callbacks in order.

    Args:
        callbacks: in that order.
        queue_length: as in Keras, which measures its time over so many batches; not used.
    """

    def __init__(self, callbacks: Iterable[Callback] | None = None, queue_length: int = 10) -> None:
        self.callbacks = list(callbacks or ())
        self.queue_length = queue_length
        self._begun: list[Callback] = []

    def append(self, callback: Callback) -> None:
        """Add one that is called last."""
        self.callbacks.append(callback)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Give all the parameters of the fit."""
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Give all the model in training."""
        for callback in self.callbacks:
            callback.set_model(model)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Tell all."""
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Tell all."""
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Tell all."""
        for callback in self.callbacks:
            callback.on_batch_begin(batch, logs)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Tell all."""
        for callback in self.callbacks:
            callback.on_batch_end(batch, logs)

    def __iter__(self) -> Iterator[Callback]:
        return iter(self.callbacks)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Tell all."""
        for callback in self.callbacks:
            callback.on_train_begin(logs)
            self._begun.append(callback)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Tell all that heard of the beginning, even where one raises: they may hold files."""
        begun, self._begun = self._begun, []
        with ExitStack() as stack:
            for callback in reversed(begun):  # a stack calls the last first
                stack.callback(callback.on_train_end, logs)

    @contextmanager
    def training(self) -> Iterator[None]:
        """Tell all of the beginning and, even where an error makes it, of the end."""
        try:
            self.on_train_begin({})
            yield
        except BaseException as failure:
            try:
                self.on_train_end({})
            except BaseException as error:
                failure.add_note(f"At the end of the fit, too: {type(error).__name__}: {error}")
            raise
        self.on_train_end({})
