"""`konnx inspect`: what is in a model file, without running or even building it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from konnx.cli.options import Debug, Json


def inspect(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="An ONNX file, or Keras HDF5: model or weights.")
    ],
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what a model file holds. This needs no ONNX Runtime."""
    from konnx.cli.descriptions import describe_keras, describe_onnx
    from konnx.cli.model_files import read_onnx_unless_keras
    from konnx.cli.reports import keras_report, onnx_report

    proto = read_onnx_unless_keras(str(file))
    found = describe_keras(file) if proto is None else describe_onnx(file, proto)
    if as_json:
        _print_json(found)
        return
    for line in keras_report(found) if proto is None else onnx_report(found):
        typer.echo(line)


def _print_json(found: dict[str, Any]) -> None:
    # In ASCII, so that nothing from the file reaches the terminal as a control character.
    typer.echo(json.dumps(found, indent=2))
