"""The values of each epoch as a table in a file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from konnx.callbacks.base import Callback, Logs


class CSVLogger(Callback):
    """Writes a row for each epoch: its number, from 0, and its values in the order of their names.

    The columns are those of the first epoch; a value that a later one lacks is written as NA.

    Args:
        filename: the file.
        separator: what stands between two values.
        append: whether to add to a file that exists, and not begin a new one.

    Example:
        >>> table = CSVLogger("training.csv", separator=";")
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        self.filename, self.sep, self.append = os.fspath(filename), separator, append
        self.append_header = True
        self.keys: list[str] | None = None
        self.csv_file: TextIO | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file."""
        path = Path(self.filename)
        has_rows = self.append and path.exists() and path.stat().st_size > 0
        self.append_header = not has_rows
        self.csv_file = path.open("a" if self.append else "w", newline="", encoding="utf-8")
        self._writer = csv.writer(self.csv_file, delimiter=self.sep)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a row, and see that it is in the file."""
        assert self.csv_file is not None
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
        if self.append_header:
            self._writer.writerow(["epoch", *self.keys])
            self.append_header = False
        self._writer.writerow([epoch, *(_cell(logs.get(key, "NA")) for key in self.keys)])
        self.csv_file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        if self.csv_file is not None:
            self.csv_file.close()
            self.csv_file = None

    def get_state(self) -> dict[str, Any]:
        with open(self.filename, newline="", encoding="utf-8") as file:
            return {"keys": self.keys, "text": file.read()}

    def set_state(self, state: dict[str, Any]) -> None:
        assert self.csv_file is not None
        self.csv_file.seek(0)
        self.csv_file.truncate()
        self.csv_file.write(state["text"])
        self.csv_file.flush()
        self.keys, self.append_header = state["keys"], not state["text"]


def _cell(value: Any) -> Any:
    """Write several numbers as one cell: "[1, 2]" with its quotes, as Keras does."""
    is_single = isinstance(value, str) or (isinstance(value, np.ndarray) and value.ndim == 0)
    if is_single or not isinstance(value, Iterable):
        return value
    return f'"[{", ".join(map(str, value))}]"'
