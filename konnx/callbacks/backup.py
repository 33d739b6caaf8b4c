"""Fits that go on where they were interrupted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from konnx.callbacks.backup_file import read_tree, write_tree
from konnx.callbacks.base import Callback, CallbackList
from konnx.graph import Variable
from konnx.utils.random import random_state, set_random_state

_VERSION = 1
_NAME = "backup.npz"


class Place(NamedTuple):
    """Where in a fit: so many epochs are done, and so many batches of the next."""

    epoch: int
    batch: int = 0


class Resumable(Protocol):
    """A source of batches that can go on where another one was."""

    def get_state(self) -> Any:
        """Return how far it is, as plain data and arrays."""

    def set_state(self, state: Any) -> None:
        """Go on from there."""


class BackupAndRestore(Callback):
    """Keeps a backup of a fit; a fit that finds one goes on from there, with the same results.

    A program that was killed is simply started again. The backup holds the weights, the state of
    the optimizer, the random generators of NumPy and Python, the place in the data, the history and
    the state of the other callbacks (see `Callback.get_state`), so the interrupted fit ends with
    the very numbers of one that was not. Batches of a generator or `Sequence` that were used are
    read again and dropped. It is written whole or not at all, and deleted when the fit has ended.

    Args:
        backup_dir: the folder of the backup, for this fit alone; it is made.
        save_freq: "epoch": after each; or every so many batches.
        delete_checkpoint: whether to delete the backup at the end of a fit that succeeds.

    Raises:
        ValueError: `save_freq` is neither; at the beginning of a fit, the backup is damaged or is
            that of another model.

    Example:
        >>> go_on = BackupAndRestore("backup", save_freq=1000)
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not os.fspath(backup_dir):
            raise ValueError("`BackupAndRestore`: `backup_dir` must name a folder. Received: ''")
        is_count = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq > 0
        if save_freq != "epoch" and not is_count:
            raise ValueError(
                "`BackupAndRestore`: `save_freq` must be 'epoch' or a positive number of batches. "
                f"Received: save_freq={save_freq!r}"
            )
        self.backup_dir, self.save_freq = os.fspath(backup_dir), save_freq
        self.delete_checkpoint = delete_checkpoint
        self._batches = 0

    @property
    def path(self) -> Path:
        """The file of the backup."""
        return Path(self.backup_dir, _NAME)

    def get_state(self) -> dict[str, Any]:
        return {"batches": self._batches}

    def set_state(self, state: dict[str, Any]) -> None:
        self._batches = state["batches"]

    def read(self) -> dict[str, Any] | None:
        """Return the backup, checked against the model in training; None if there is none."""
        self._batches = 0
        try:
            backup = read_tree(self.path)
        except FileNotFoundError:
            return None
        if not isinstance(backup, dict) or backup.get("version") != _VERSION:
            raise ValueError(f"'{self.path}' is no backup of a fit by this version of konnx.")
        self._check_variables(backup["variables"])
        return backup

    def _check_variables(self, values: Sequence[Any]) -> None:
        variables = _variables(self.model)
        expected = [(variable.dtype, list(variable.shape)) for variable in variables]
        received = [(str(value.dtype), list(value.shape)) for value in values]
        if expected != received:
            raise ValueError(
                f"The backup '{self.path}' is that of another model or optimizer: it holds "
                f"{len(received)} arrays {_first_odd(received, expected)}, where there are "
                f"{len(expected)} {_first_odd(expected, received)}. Delete it to begin anew."
            )

    def batch_done(self, told: CallbackList, source: Resumable, place: Place) -> None:
        """Write a backup, if it is time for it after a batch."""
        self._batches += 1
        if isinstance(self.save_freq, int) and self._batches % self.save_freq == 0:
            self._write(told, source, place)

    def epoch_done(self, told: CallbackList, source: Resumable, place: Place) -> None:
        """Write a backup, if it is time for it after an epoch."""
        if self.save_freq == "epoch":
            self._write(told, source, place)

    def fit_done(self) -> None:
        """Delete the backup, as the fit has ended well."""
        if self.delete_checkpoint:
            self.path.unlink(missing_ok=True)

    def _write(self, told: CallbackList, source: Resumable, place: Place) -> None:
        Path(self.backup_dir).mkdir(parents=True, exist_ok=True)
        backup = {
            "version": _VERSION,
            "place": place,
            "stop_training": bool(self.model.stop_training),
            "variables": [variable.numpy() for variable in _variables(self.model)],
            "random": random_state(),
            "source": source.get_state(),
            "callbacks": [[type(one).__name__, one.get_state()] for one in told.callbacks],
        }
        write_tree(self.path, backup)


def restore(told: CallbackList, source: Resumable, model: Any, backup: dict[str, Any]) -> None:
    """Put all into the state of a backup that `BackupAndRestore.read` returned.

    Each callback gets the state of the one of its class that was in its turn.
    """
    for variable, value in zip(_variables(model), backup["variables"], strict=True):
        variable.assign(value)
    model.stop_training = backup["stop_training"]
    states = list(backup["callbacks"])
    for callback in told.callbacks:
        mine = next((one for one in states if one[0] == type(callback).__name__), None)
        if mine is not None:
            states.remove(mine)
            callback.set_state(mine[1])
    source.set_state(backup["source"])
    set_random_state(backup["random"])


def _variables(model: Any) -> list[Variable]:
    """All that a step of training changes, or that a callback may change between steps."""
    compiled = model.compiled
    compiled.make_optimizer_state()
    optimizer = compiled.optimizer
    numbers = [value for value in vars(optimizer).values() if isinstance(value, Variable)]
    updated = [variable for variable, _ in [*model.updates, *model.state_updates]]
    for metric in compiled.stateful_metrics.values():
        updated += metric.variables
    return list(dict.fromkeys([*model.weights, *optimizer.weights, *numbers, *updated]))


def _first_odd(some: Sequence[Any], others: Sequence[Any]) -> str:
    """Show the first that differs."""
    for number, one in enumerate(some):
        if number >= len(others) or one != others[number]:
            return f"(number {number}: {one[0]}{one[1]})"
    return ""
