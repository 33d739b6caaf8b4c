"""Graphs in the DOT language, drawn by Graphviz where a picture is asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import partialmethod
from pathlib import Path

from konnx.utils.files import atomic_path

TEXT_FORMATS = ("dot", "gv")
VECTOR_FORMATS = ("svg", "svgz", "pdf", "ps", "eps")


class Dot:
    """A graph as text, which can be drawn; pydot's methods that scripts for Keras call are there.

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

    def create(self, prog: str | None = None, format: str = "png") -> bytes:
        """Return a picture.

        Args:
            prog: the program of Graphviz that lays it out; default: "dot".
            format: such as "png", "svg" or "pdf"; "dot" is the text itself, without Graphviz.

        Raises:
            OSError: Graphviz is not installed.
            ValueError: Graphviz does not know the format.
        """
        text = f"{self}\n".encode()
        return text if format in TEXT_FORMATS else _drawn(text, prog or "dot", format, self.dpi)

    def write(
        self, path: str | os.PathLike[str], prog: str | None = None, format: str | None = None
    ) -> None:
        """Write a picture; the file appears whole or not at all.

        Args:
            path: the file; it replaces one of that name.
            prog: see `create`.
            format: see `create`; default: what the file's name ends with, else "png".

        Raises:
            OSError: Graphviz is not installed.
            ValueError: Graphviz does not know the format.
        """
        content = self.create(prog, format or Path(path).suffix[1:].lower() or "png")
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)

    create_png = partialmethod(create, format="png")
    create_svg = partialmethod(create, format="svg")
    create_pdf = partialmethod(create, format="pdf")
    write_png = partialmethod(write, format="png")
    write_svg = partialmethod(write, format="svg")
    write_pdf = partialmethod(write, format="pdf")

    def _repr_svg_(self) -> str:
        """Show the picture in a notebook."""
        return self.create(format="svg").decode()


def _drawn(text: bytes, prog: str, format: str, dpi: int) -> bytes:
    program = shutil.which(prog)
    if program is None:
        raise OSError(
            f"Pictures of models are drawn by Graphviz, whose program `{prog}` is not on the PATH. "
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
