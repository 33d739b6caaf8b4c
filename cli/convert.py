"""`konnx convert`: a Keras HDF5 file to ONNX."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from konnx.cli.options import Debug

if TYPE_CHECKING:
    from onnx import ModelProto


def convert(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A model that Keras saved as HDF5.")
    ],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="The ONNX file to write.")],
    opset: Annotated[
        int | None, typer.Option(metavar="N", help="Opset of the ONNX operators; default: 18.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace TARGET if it exists.")] = False,
    debug: Debug = False,
) -> None:
    """Convert a Keras HDF5 file to ONNX. This needs no ONNX Runtime."""
    _check_target(source, target, force)
    from konnx.converters import export_onnx, load_model

    model = load_model(source, compile=False)
    proto = export_onnx(model, target, opset=opset, overwrite=force, source=source.name)
    for line in _summary(proto, target):
        typer.echo(line)


def _check_target(source: Path, target: Path, force: bool) -> None:
    if not os.path.lexists(target):
        return
    if not force:
        raise FileExistsError(
            f"Cannot write '{target}': the file exists. Use --force to replace it."
        )
    if target.exists() and source.exists() and target.samefile(source):
        raise ValueError(
            f"Cannot write '{target}': it is the file to convert. Choose another TARGET."
        )


def _summary(proto: ModelProto, target: Path) -> list[str]:
    from konnx.cli.onnx_files import (
        count_operators,
        count_parameters,
        graph_inputs,
        graph_outputs,
    )
    from konnx.cli.texts import counts_text, table

    operators = count_operators(proto)
    opset = proto.opset_import[0].version
    values = [("input", value) for value in graph_inputs(proto)]
    values += [("output", value) for value in graph_outputs(proto)]
    size = f"{target.stat().st_size:,} bytes, {count_parameters(proto):,} parameters"
    return [
        f"{target}: {size}, {sum(operators.values())} nodes, opset {opset}",
        *table([[kind, value.name, str(value)] for kind, value in values]),
        f"  nodes   {counts_text(operators)}",
    ]
