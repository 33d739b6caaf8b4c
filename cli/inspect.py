"""`konnx inspect`: what is in a model file, without running it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from konnx.cli.options import Debug, Json

if TYPE_CHECKING:
    from onnx import ModelProto


def inspect(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="An ONNX file, or of Keras: model or weights.")
    ],
    other: Annotated[
        Path | None,
        typer.Argument(metavar="[OTHER]", help="A second file: show in what the two differ."),
    ] = None,
    scan: Annotated[
        bool,
        typer.Option(
            "--scan", help="Say what is suspicious instead, such as code; fails if it is dangerous."
        ),
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what a model file holds. This needs no ONNX Runtime."""
    if scan:
        if other is not None:
            raise typer.BadParameter("--scan takes one file")
        _scan(file, as_json)
    elif other is not None:
        _compare(file, other, as_json)
    else:
        _describe(file, as_json)


def _describe(file: Path, as_json: bool) -> None:
    from konnx.cli.reports import keras_report, onnx_report

    found = _description(file)
    if as_json:
        _print_json(found)
        return
    for line in onnx_report(found) if found["format"] == "ONNX" else keras_report(found):
        typer.echo(line)


def _description(file: Path) -> dict[str, Any]:
    from konnx.cli.descriptions import describe_onnx
    from konnx.cli.keras_descriptions import describe_keras

    proto = _onnx_model(file)
    return describe_keras(file) if proto is None else describe_onnx(file, proto)


def _onnx_model(file: Path) -> ModelProto | None:
    from konnx.cli.model_files import read_onnx_unless_keras

    return read_onnx_unless_keras(str(file))


def _compare(file: Path, other: Path, as_json: bool) -> None:
    from konnx.cli.file_differences import difference_lines, differences

    found = differences(_description(file), _description(other))
    if as_json:
        _print_json(found)
        return
    typer.echo(f"< {file}\n> {other}")
    for line in difference_lines(found) or ["no difference"]:
        typer.echo(line)


def _scan(file: Path, as_json: bool) -> None:
    from konnx.cli.scan import scan_keras, scan_onnx

    proto = _onnx_model(file)
    found = scan_keras(file) if proto is None else scan_onnx(file, proto)
    if as_json:
        _print_json([finding.to_dict() for finding in found])
    else:
        for line in map(str, found) if found else [f"{file}: nothing suspicious"]:
            typer.echo(line)
    if any(finding.severity == "danger" for finding in found):
        raise typer.Exit(1)


def _print_json(found: Any) -> None:
    # In ASCII, so that nothing from the file reaches the terminal as a control character.
    typer.echo(json.dumps(found, indent=2))
