"""Graphs in the DOT language, drawn by Graphviz where a picture is asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from konnx.utils.files import atomic_path

TEXT_FORMATS = ("dot", "gv")
VECTOR_FORMATS = ("svg", "svgz", "pdf", "ps", "eps")


class Dot:
    """A graph as text, which can be drawn.

    Args:
        lines: what stands within the braces.
        dpi: dots per inch of pictures that are made of dots.

    Example:
        >>> print(Dot(["a -> b;"]))
        digraph {
          a -> b;
        }
    """

    def __init__(self, lines: Sequence[str], *, dpi: int = 96) -> None:
        self.lines, self.dpi = list(lines), dpi

    def to_string(self) -> str:
        """Return the text, which Graphviz and many other programs read."""
        return "\n".join(["digraph {", *(f"  {line}" for line in self.lines), "}"])

    def __str__(self) -> str:
        return self.to_string()

    def create(self, format: str = "png") -> bytes:
        """Return a picture.

        Args:
            format: such as "png", "svg" or "pdf"; "dot" is the text itself, without Graphviz.

        Raises:
            OSError: Graphviz is not installed.
            ValueError: Graphviz does not know the format.
        """
        text = f"{self}\n".encode()
        return text if format in TEXT_FORMATS else _drawn(text, format, self.dpi)

    def write(self, path: str | os.PathLike[str], format: str | None = None) -> None:
        """Write a picture; the file appears whole or not at all.

        Args:
            path: the file; it replaces one of that name.
            format: see `create`; default: what the file's name ends with, else "png".

        Raises:
            OSError: Graphviz is not installed.
            ValueError: Graphviz does not know the format.
        """
        content = self.create(format or Path(path).suffix[1:].lower() or "png")
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)

    def _repr_svg_(self) -> str:
        """Show the picture in a notebook."""
        return self.create("svg").decode()


def _drawn(text: bytes, format: str, dpi: int) -> bytes:
    program = shutil.which("dot")
    if program is None:
        raise OSError(
            "Pictures of models are drawn by Graphviz, whose program `dot` is not on the PATH. "
            "Install it (apt install graphviz, brew install graphviz, or "
            "https://graphviz.org/download), or write the text: to_file='model.dot'."
        )
    # Graphviz would cut off what it enlarges.
    size = [] if format in VECTOR_FORMATS else [f"-Gdpi={dpi:d}"]
    command = [program, f"-T{format}", *size]
    result = subprocess.run(command, input=text, capture_output=True, check=False)
    if result.returncode:
        reason = result.stderr.decode(errors="replace").strip()
        raise ValueError(f"Graphviz cannot draw the format '{format}': {reason}")
    return result.stdout
