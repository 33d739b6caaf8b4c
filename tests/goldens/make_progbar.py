"""Make the goldens of the progress bar: what Keras 2.1.6 shows on a terminal.

Writes `progbar.json`: a list of {"arguments", "updates", "screens"}. An update is [seconds to wait,
units done, values]; a screen is what stands on the terminal after it.

Run `python make_progbar.py FOLDER` with the folder where the wheel of Keras 2.1.6 is unpacked.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import keras216

FOLDER = Path(__file__).parent
VALUES: list[list[Any]] = [["loss", 0.5], ["acc", 0.00012345]]
CASES: list[tuple[dict[str, Any], list[list[Any]]]] = [
    ({"target": 20, "width": 10}, [[4, 2, VALUES], [4, 10, VALUES], [0.01, 11, []], [4, 20, []]]),
    ({"target": 100}, [[0.004, 1, []], [0.02, 2, []], [0.1, 3, VALUES], [3, 99, []], [1, 100, []]]),
    (
        {"target": 7, "stateful_metrics": ["acc"]},
        [[1, 1, [["loss", 8.0], ["acc", 1.0]]], [1, 3, [["loss", -2.0], ["acc", 0.25]]]],
    ),
    ({"target": 50, "interval": 3}, [[1, 5, []], [1, 10, VALUES], [1.5, 15, []], [1, 50, []]]),
    ({"target": None}, [[1, 3, VALUES], [1, 1234567, [["loss", 0.25]]]]),
    ({"target": 3, "verbose": 2}, [[1, 1, VALUES], [70, 2, [["loss", 1.0]]], [5, 3, []]]),
    ({"target": None, "verbose": 2}, [[1, 1, VALUES], [2, 2, VALUES]]),
    ({"target": 3, "verbose": 0}, [[1, 1, VALUES], [1, 3, VALUES]]),
    ({"target": 61}, [[1, 1, []], [1, 2, []]]),
    ({"target": 3601}, [[1, 1, []], [1, 2, []]]),
    ({"target": 5}, [[1, 1, [["loss", 123456.0]]], [1, 2, []], [2e-4, 5, [["loss", -123456.0]]]]),
    ({"target": 10_000}, [[1e-5, 1, []], [0.06, 9_999, []], [0, 10_000, []]]),
]


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def screen(written: str) -> list[str]:
    """Return the lines that stand on a terminal when all of this was written to it."""
    lines, column = [""], 0
    for character in written:
        if character == "\n":
            lines, column = [*lines, ""], 0
        elif character in "\r\b":
            column = 0 if character == "\r" else max(0, column - 1)
        else:
            lines[-1] = lines[-1][:column].ljust(column) + character + lines[-1][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


def shown(module: Any, arguments: dict[str, Any], updates: list[list[Any]]) -> list[list[str]]:
    """Return what stands on the terminal after each update."""
    clock = [1000.0]
    module.time.time = lambda: clock[0]
    stream, screens = Terminal(), []
    before, sys.stdout = sys.stdout, stream
    try:
        bar = module.Progbar(**arguments)
        for seconds, current, values in updates:
            clock[0] += seconds
            bar.update(current, [tuple(value) for value in values])
            screens.append(screen(stream.getvalue()))
    finally:
        sys.stdout = before
    return screens


def main() -> None:
    """Write the file."""
    keras216.load(sys.argv[1])
    from keras.utils import generic_utils

    made = [{"arguments": a, "updates": u, "screens": shown(generic_utils, a, u)} for a, u in CASES]
    (FOLDER / "progbar.json").write_text(json.dumps(made) + "\n")


if __name__ == "__main__":
    main()
