"""The callbacks that every fit has, and one that stops a fit gone wrong."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from konnx.callbacks.base import Callback, Logs
from konnx.utils.progbar import Progbar


class BaseLogger(Callback):
    """Turns the values of batches into the means of an epoch; the first callback of each fit.

    Args:
        stateful_metrics: names of values of which the last counts, not the mean.
    """

    def __init__(self, stateful_metrics: Iterable[str] | None = None) -> None:
        super().__init__()
        self.stateful_metrics = set(stateful_metrics or ())

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start new sums."""
        self._seen = 0
        self._sums: dict[str, float] = {}

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Add a batch, weighted by its size."""
        logs = logs or {}
        size = logs.get("size", 0)
        self._seen += size
        for name, value in logs.items():
            if name in self.stateful_metrics:
                self._sums[name] = value
            elif name not in ("batch", "size"):
                self._sums[name] = self._sums.get(name, 0.0) + value * size

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Put the means into `logs`, for the callbacks that follow."""
        if logs is not None:
            for name in self.params["metrics"]:
                if name in self._sums:
                    divisor = 1 if name in self.stateful_metrics else self._seen
                    logs[name] = self._sums[name] / divisor

    def get_state(self) -> dict[str, Any]:
        return {"seen": self._seen, "sums": self._sums}

    def set_state(self, state: dict[str, Any]) -> None:
        self._seen, self._sums = state["seen"], state["sums"]


class History(Callback):
    """Keeps the values of each epoch: `history["loss"]` and so on; what `fit` returns."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start anew."""
        self.epoch, self.history = [], {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append the epoch's values."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def get_state(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "history": self.history}

    def set_state(self, state: dict[str, Any]) -> None:
        vars(self).update(state)


class ProgbarLogger(Callback):
    """Shows a progress bar for each epoch.

    Args:
        count_mode: "samples" or "steps".
        stateful_metrics: names of values to show as they are, not as means.
    """

    def __init__(
        self, count_mode: str = "samples", stateful_metrics: Iterable[str] | None = None
    ) -> None:
        super().__init__()
        if count_mode not in ("samples", "steps"):
            raise ValueError(f"`count_mode` must be 'samples' or 'steps'. Received: {count_mode!r}")
        self._key = count_mode
        self.stateful_metrics = set(stateful_metrics or ())

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start a bar."""
        verbose = self.params["verbose"]
        if verbose:
            print(f"Epoch {epoch + 1}/{self.params['epochs']}")
        self._seen = 0
        self._target = self.params[self._key]
        self._bar = Progbar(
            self._target, verbose=verbose, stateful_metrics=[*self.stateful_metrics]
        )

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Move it; the last batch waits for the values of validation."""
        logs = logs or {}
        self._seen += 1 if self._key == "steps" else logs.get("size", 0)
        self._values = [(name, logs[name]) for name in self.params["metrics"] if name in logs]
        if self._seen < self._target:
            self._bar.update(self._seen, self._values)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Finish it with the means of the epoch."""
        logs = logs or {}
        shown = {name for name, _ in self._values}
        final = [(n, logs[n]) for n in self.params["metrics"] if n in logs and n not in shown]
        self._bar.update(self._seen, [*self._values, *final])

    def get_state(self) -> dict[str, Any]:
        return {"seen": self._seen, "bar": self._bar.get_state()}

    def set_state(self, state: dict[str, Any]) -> None:
        if hasattr(self, "_bar"):  # in the midst of an epoch
            self._seen, self._values = state["seen"], []
            self._bar.set_state(state["bar"])


class TerminateOnNaN(Callback):
    """Ends the fit when a loss is NaN or infinite."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the batch's loss."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            print(f"Batch {batch}: the loss is {loss}, training ends")
            self.model.stop_training = True
