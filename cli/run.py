"""`konnx run`: compute a model's outputs for inputs from files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from konnx.cli.options import Debug, Device

if TYPE_CHECKING:
    import numpy as np

    from konnx.cli.model_files import RunnableModel
    from konnx.runtime import Program

    Array = np.ndarray[Any, Any]


def run(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="An ONNX file, or a model in Keras HDF5.")
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="[NAME=]FILE",
            help="An input: .npy, .npz (arrays by input name, or one) or an image. Repeatable.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where to write: .npy, or .npz by name. Default: show some."
        ),
    ] = None,
    device: Device = "auto",
    batch_size: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Samples a run; default: all at once.")
    ] = None,
    scale: Annotated[
        float, typer.Option(metavar="X", help="Factor on the pixels of images, which are 0 to 255.")
    ] = 1.0,
    debug: Debug = False,
) -> None:
    """Run a model on inputs from files, and write or show its outputs."""
    from konnx.cli.inputs import read_inputs
    from konnx.cli.model_files import open_model
    from konnx.cli.outputs import check_output_name

    opened = open_model(model)
    names = [value.name for value in opened.outputs]
    if output is not None:
        check_output_name(output, names)
    feeds = read_inputs(inputs or [], opened.inputs, scale)
    program = _program(opened, list(feeds), device)
    with _output_file(output) as temporary:
        results = _compute(program, feeds, names, batch_size)
        _emit(results, output, temporary, str(program.device))


def _program(opened: RunnableModel, feeds: list[str], device: str) -> Program:
    from konnx.runtime import Program

    fetches = [value.name for value in opened.outputs]
    return Program(opened.source, feeds=feeds, fetches=fetches, device=device)


@contextlib.contextmanager
def _output_file(output: Path | None) -> Iterator[Path | None]:
    """Give the file to write into, before anything is computed for a place that is not writable."""
    if output is None:
        yield None
        return
    from konnx.utils.files import atomic_path

    with atomic_path(output) as temporary:
        yield temporary


def _compute(
    program: Program, feeds: dict[str, Array], names: list[str], batch_size: int | None
) -> dict[str, Array]:
    if batch_size is None or not feeds:
        return dict(zip(names, program(*feeds.values()), strict=True))
    from konnx.cli.batches import join_batches, split_batches

    batches = list(split_batches(feeds, batch_size))
    results = [program(*batch) for batch in batches]
    return join_batches(results, names, [len(batch[0]) for batch in batches])


def _emit(
    results: dict[str, Array], output: Path | None, temporary: Path | None, device: str
) -> None:
    from konnx.cli.outputs import output_line, preview, write_outputs

    if temporary is not None and output is not None:
        write_outputs(temporary, results, archive=output.suffix == ".npz")
        typer.echo(f"{output}: computed on {device}")
    for name, array in results.items():
        typer.echo(output_line(name, array))
        for line in preview(array) if temporary is None else []:
            typer.echo(line)
