"""`konnx summary`: a model's layers as Keras prints them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from konnx.cli.options import Debug


def summary(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A model that Keras saved, or an ONNX file.")
    ],
    line_length: Annotated[
        int | None, typer.Option(min=20, metavar="N", help="Width of the table.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Print the layers of a model, their output shapes and parameters, as Keras does."""
    from konnx.cli.model_files import model_of_layers

    model_of_layers(model).summary(line_length=line_length, print_fn=typer.echo)
