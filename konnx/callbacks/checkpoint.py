"""Files of the model, written while it is trained."""

from __future__ import annotations

import os
from typing import Any

from konnx.callbacks.base import Callback, Logs
from konnx.callbacks.monitor import comparison, known_mode, monitored, worst


class ModelCheckpoint(Callback):
    """Saves the model after epochs: after each, or when it is the best so far.

    A file appears whole or not at all, so an interrupted fit leaves the file before.

    Args:
        filepath: where to; "{epoch:02d}" (from 1) and the epoch's values, such as
            "{val_loss:.2f}", are filled in.
        monitor: the value that says what is best.
        verbose: 1 tells of each file.
        save_best_only: whether to keep the file while the value does not improve.
        save_weights_only: whether to call `model.save_weights` instead of `model.save`.
        mode: whether the best is the "min" or the "max"; "auto" takes the maximum of names that
            hold "acc", "auc", "precision", "recall" or "fmeasure".
        period: the number of epochs between two files.

    Example:
        >>> keep = ModelCheckpoint("model.{epoch:02d}-{val_loss:.2f}.h5", save_best_only=True)
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        period: int = 1,
    ) -> None:
        super().__init__()
        self.filepath, self.monitor, self.verbose = os.fspath(filepath), monitor, verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.period = period
        self.epochs_since_last_save = 0
        self.monitor_op = comparison(known_mode(self, mode), monitor)
        self.best = worst(self.monitor_op)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a file if it is time for it.

        Raises:
            KeyError: the name of the file has a value that there is not.
        """
        logs = logs or {}
        self.epochs_since_last_save += 1
        if self.epochs_since_last_save < self.period:
            return
        self.epochs_since_last_save = 0
        filepath = self._filled(epoch, logs)
        if not self.save_best_only:
            self._tell(epoch, f"saving model to {filepath}")
            self._save(filepath)
            return
        current = monitored(self, self.monitor, logs)
        if current is not None:
            self._save_if_best(filepath, epoch, current)

    def get_state(self) -> dict[str, Any]:
        return {"best": self.best, "epochs_since_last_save": self.epochs_since_last_save}

    def set_state(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def _save_if_best(self, filepath: str, epoch: int, current: float) -> None:
        if not self.monitor_op(current, self.best):
            self._tell(epoch, f"{self.monitor} did not improve from {self.best:.5f}")
            return
        change = f"{self.monitor} improved from {self.best:.5f} to {current:.5f}"
        self._tell(epoch, f"{change}, saving model to {filepath}")
        self.best = current
        self._save(filepath)

    def _filled(self, epoch: int, logs: Logs) -> str:
        try:
            return self.filepath.format(epoch=epoch + 1, **logs)
        except KeyError as error:
            raise KeyError(
                f"`ModelCheckpoint`: filepath={self.filepath!r} has the value {error}, which this "
                f"fit has not. There are: {', '.join(['epoch', *logs])}"
            ) from error

    def _save(self, filepath: str) -> None:
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(filepath, overwrite=True)

    def _tell(self, epoch: int, message: str) -> None:
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1:05d}: {message}")
