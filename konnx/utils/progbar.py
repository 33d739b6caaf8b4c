"""A progress bar for terminals, notebooks and log files."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any, TextIO

import numpy as np

Values = Sequence[tuple[str, float]]


class Progbar:
    """Shows how far a loop has come, at what rate, when it ends, and means of its values.

    Args:
        target: the number of units of the whole; None if unknown.
        width: of the bar, in characters.
        verbose: 0 shows nothing, 1 a bar, 2 one line at the end, or with each update if that is
            unknown.
        interval: seconds between two updates of what is shown.
        stateful_metrics: names of values to show as they are instead of their mean.
        stream: where to write; default: standard output.

    Example:
        >>> bar = Progbar(4, verbose=0)
        >>> bar.update(2, [("loss", 0.5)])
    """

    def __init__(
        self,
        target: int | None,
        width: int = 30,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Sequence[str] | None = None,
        stream: TextIO | None = None,
    ) -> None:
        self.target, self.width, self.verbose, self.interval = target, width, verbose, interval
        self._stateful = set(stateful_metrics or ())
        self._stream = stream or sys.stdout
        self._rewrites = self._stream.isatty() or "ipykernel" in sys.modules
        self._sums: dict[str, tuple[float, float]] = {}
        self._seen = 0
        self._start = time.perf_counter()
        self._last_shown = float("-inf")
        self._shown_width = 0

    def update(self, current: int, values: Values = ()) -> None:
        """Show that `current` units are done; `values` hold for those since the last update."""
        self._collect(current, values)
        done = self.target is not None and current >= self.target
        now = time.perf_counter()
        if self.verbose == 1 and (done or now - self._last_shown >= self.interval):
            self._show(self._bar(current) + self._timing(current, now, done) + self._means(), done)
            self._last_shown = now
        elif self.verbose == 2 and (done or self.target is None):
            self._stream.write(f" - {now - self._start:.0f}s{self._means()}\n")
            self._stream.flush()

    def add(self, n: int, values: Values = ()) -> None:
        """Show that `n` more units are done."""
        self.update(self._seen + n, values)

    def get_state(self) -> dict[str, Any]:
        """Return what `set_state` needs to go on in another process."""
        return {"seen": self._seen, "sums": self._sums}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what `get_state` returned."""
        self._seen = state["seen"]
        self._sums = {name: (total, count) for name, (total, count) in state["sums"].items()}

    def _collect(self, current: int, values: Values) -> None:
        step = current - self._seen
        for name, value in values:
            if name in self._stateful:
                self._sums[name] = (value, 1)
            else:
                total, count = self._sums.get(name, (0.0, 0.0))
                self._sums[name] = (total + value * step, count + step)
        self._seen = current

    def _bar(self, current: int) -> str:
        if self.target is None:
            return f"{current:7d}/Unknown"
        filled = int(self.width * current / max(self.target, 1))
        head = "=" if current >= self.target else ">"
        bar = ("=" * (filled - 1) + head if filled else "").ljust(self.width, ".")
        return f"{current:{len(str(self.target))}d}/{self.target} [{bar}]"

    def _timing(self, current: int, now: float, done: bool) -> str:
        elapsed = now - self._start
        unit = elapsed / current if current else 0.0
        if self.target is None or done:
            return f" - {elapsed:.0f}s {duration(unit)}/step"
        return f" - ETA: {clock(unit * (self.target - current))}"

    def _means(self) -> str:
        parts = []
        for name, (total, count) in self._sums.items():
            mean = float(np.mean(total)) / max(count, 1)  # a metric may have several values
            parts.append(f" - {name}: {mean:.4f}" if abs(mean) > 1e-3 else f" - {name}: {mean:.4e}")
        return "".join(parts)

    def _show(self, line: str, done: bool) -> None:
        if self._rewrites:
            self._stream.write("\r" + line.ljust(self._shown_width) + ("\n" if done else ""))
            self._shown_width = len(line)
        elif done:  # a log file gets the finished bar only
            self._stream.write(line + "\n")
        self._stream.flush()


def duration(seconds: float) -> str:
    """Write a short time with a fitting unit, such as "3ms"."""
    if seconds >= 1:
        return f"{seconds:.0f}s"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.0f}ms"
    return f"{seconds * 1e6:.0f}us"


def clock(seconds: float) -> str:
    """Write a time to wait as Keras does: "12s", "3:05", "1:02:03"."""
    minutes, rest = divmod(int(seconds), 60)
    if seconds > 3600:
        return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if seconds > 60 else f"{int(seconds)}s"
