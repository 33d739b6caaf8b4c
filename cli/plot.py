"""`konnx plot`: a picture of a model's layers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from konnx.cli.model_search import require_free
from konnx.cli.options import Debug


def plot(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A model that Keras saved, or an ONNX file.")
    ],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="TARGET",
            help="The picture: .svg, .png or .pdf by Graphviz; .dot is its text, and needs none.",
        ),
    ],
    shapes: Annotated[bool, typer.Option(help="Show shapes of inputs and outputs.")] = True,
    names: Annotated[bool, typer.Option(help="Show the names of layers.")] = True,
    nested: Annotated[
        bool, typer.Option("--nested", help="Show the layers of models within, too.")
    ] = False,
    rankdir: Annotated[
        str, typer.Option(metavar="TB|LR", help="From top to bottom, or from left to right.")
    ] = "TB",
    force: Annotated[bool, typer.Option("--force", help="Replace TARGET if it exists.")] = False,
    debug: Debug = False,
) -> None:
    """Draw a model. This needs no ONNX Runtime."""
    require_free(target, force=force)
    from konnx.cli.model_files import model_of_layers
    from konnx.utils import plot_model

    plot_model(
        model_of_layers(model),
        target,
        show_shapes=shapes,
        show_layer_names=names,
        expand_nested=nested,
        rankdir=rankdir,
    )
    typer.echo(f"{target}: {target.stat().st_size:,} bytes")
