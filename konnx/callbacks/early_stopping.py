"""The end of a fit that no longer gains."""

from __future__ import annotations

from typing import Any

from konnx.callbacks.base import Callback, Logs
from konnx.callbacks.monitor import comparison, known_mode, monitored, worst


class EarlyStopping(Callback):
    """Ends the fit when a value has stopped improving.

    Args:
        monitor: the value.
        min_delta: the change, 0 or more, from which on it counts as an improvement.
        patience: the number of epochs without one after which the fit ends.
        verbose: 1 tells of it.
        mode: whether the best is the "min" or the "max"; "auto" takes the maximum of names that
            hold "acc", "auc", "precision", "recall" or "fmeasure".
        baseline: a value to be better than; epochs that are not count as no improvement.
        restore_best_weights: whether a fit ended so leaves the weights of its best epoch instead
            of the last.

    Example:
        >>> stop = EarlyStopping(monitor="val_acc", patience=3, restore_best_weights=True)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
    ) -> None:
        super().__init__()
        self.monitor, self.patience, self.verbose = monitor, patience, verbose
        self.baseline, self.restore_best_weights = baseline, restore_best_weights
        self.monitor_op = comparison(known_mode(self, mode), monitor)
        self.best = worst(self.monitor_op)
        self.min_delta = min_delta if self.best < 0 else -min_delta
        self._start()

    def _start(self) -> None:
        self.wait = self.stopped_epoch = 0
        self.best = worst(self.monitor_op)
        self.best_weights: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start anew: an instance may serve several fits."""
        self._start()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look at the value, and end the fit where patience is at an end."""
        current = monitored(self, self.monitor, logs or {})
        if current is None:
            return
        if self._is_better(current, self.best):
            self.best = current
            self._keep_weights()
            if self.baseline is None or self._is_better(current, self.baseline):
                self.wait = 0
                return
        elif self.best_weights is None:  # the first epoch's value may be NaN
            self._keep_weights()
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            self._restore_weights(epoch)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Tell of an early end."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1:05d}: early stopping")

    def get_state(self) -> dict[str, Any]:
        return {
            "wait": self.wait,
            "stopped_epoch": self.stopped_epoch,
            "best": self.best,
            "best_weights": self.best_weights,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def _is_better(self, current: float, reference: float) -> bool:
        return bool(self.monitor_op(current - self.min_delta, reference))

    def _keep_weights(self) -> None:
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def _restore_weights(self, epoch: int) -> None:
        if not self.restore_best_weights:
            return
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1:05d}: restoring the weights of the best epoch")
        self.model.set_weights(self.best_weights)
