"""Draws the pictures of docs/pictures.md, by running what the page says.

Run it with `python tools/make_pictures.py` where the page or the drawing changes. It needs
Graphviz, Matplotlib and an ONNX Runtime.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import matplotlib as mpl
import numpy as np

from konnx.utils.naming import reset_names

DOCS = Path(__file__).parents[1] / "docs"
PICTURES = DOCS / "pictures"


def main() -> None:
    text = (DOCS / "pictures.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    PICTURES.mkdir(exist_ok=True)
    # What can be the same each time, is.
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    mpl.rcParams["svg.hashsalt"] = "konnx"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for ending in ("svg", "png"):
            draw("\n".join(blocks).replace(".svg", f".{ending}"))
            for picture in Path().glob(f"*.{ending}"):
                picture.replace(PICTURES / picture.name)
                print(picture, (PICTURES / picture.name).stat().st_size, "bytes")


def draw(program: str) -> None:
    np.random.seed(0)  # noqa: NPY002 - konnx draws from it
    reset_names()
    exec(compile(program, "docs/pictures.md", "exec"), {})  # noqa: S102 - our own text


if __name__ == "__main__":
    main()
