"""`konnx run`: compute a model's outputs for inputs from files, and compare them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from konnx.cli.options import Debug, Device, Trust

if TYPE_CHECKING:
    import numpy as np

    from konnx.cli.comparison import Difference, Tolerance
    from konnx.cli.inputs import Reading
    from konnx.cli.model_files import RunnableModel
    from konnx.runtime import Program

    Array = np.ndarray[Any, Any]


def run(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="An ONNX file, or a model that Keras saved.")
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="[NAME=]FILE",
            help="An input: .npy, .npz or .json (arrays by input name, or one), .csv, an image, or "
            "random:SEED. Repeatable.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "--save-outputs",
            metavar="FILE",
            help="Where to write: .npy, or .npz by name. Default: show some.",
        ),
    ] = None,
    device: Device = "auto",
    batch_size: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Samples a run; default: all at once.")
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Factor on the pixels of images, which are 0 to 255; default: what the model's "
            "metadata says of them, or 1.",
        ),
    ] = None,
    input_shapes: Annotated[
        list[str] | None,
        typer.Option(
            "--input-shape",
            metavar="[NAME:]SIZES",
            help="Shape of a random input; default: 1 for what the model leaves open. Repeatable.",
        ),
    ] = None,
    top: Annotated[
        int, typer.Option(min=1, metavar="K", help="Likeliest classes to name, if it has labels.")
    ] = 5,
    compare: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Compare the outputs with those of another model, or with an .npz or .npy. Fails "
            "if they differ.",
        ),
    ] = None,
    rtol: Annotated[float, typer.Option(min=0, help="Relative tolerance of --compare.")] = 1e-4,
    atol: Annotated[float, typer.Option(min=0, help="Absolute tolerance of --compare.")] = 1e-5,
    layers: Annotated[
        bool, typer.Option("--layers", help="With --compare MODEL: compare layer by layer, too.")
    ] = False,
    trust: Trust = False,
    debug: Debug = False,
) -> None:
    """Run a model on inputs from files, and write, show or compare its outputs."""
    from konnx.cli.comparison import Tolerance
    from konnx.cli.inputs import read_inputs
    from konnx.cli.model_files import open_model
    from konnx.cli.outputs import check_output_name

    opened = open_model(model, trust=trust)
    names = [value.name for value in opened.outputs]
    if output is not None:
        check_output_name(output, names)
    feeds = read_inputs(inputs or [], opened.inputs, _reading(opened, scale, input_shapes or []))
    program = _program(opened, list(feeds), device)
    with _output_file(output) as temporary:
        results = _compute(program, feeds, names, batch_size)
        _emit(results, output, temporary, str(program.device), _Labels(opened.metadata, top))
    if compare is not None:
        tolerance = Tolerance(rtol, atol)
        _compare(results, compare, feeds, device, tolerance, opened if layers else None)


def _reading(model: RunnableModel, scale: float | None, shapes: Sequence[str]) -> Reading:
    from konnx.cli.images import Pixels
    from konnx.cli.inputs import Reading
    from konnx.cli.predictions import stored_pixels
    from konnx.cli.random_inputs import given_shapes

    pixels = stored_pixels(model.metadata) if scale is None else Pixels(scale)
    return Reading(pixels, given_shapes(shapes, model.inputs))


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
    results: dict[str, Array],
    output: Path | None,
    temporary: Path | None,
    device: str,
    labels: _Labels,
) -> None:
    from konnx.cli.outputs import output_line, preview, write_outputs

    if temporary is not None and output is not None:
        write_outputs(temporary, results, archive=output.suffix == ".npz")
        typer.echo(f"{output}: computed on {device}")
    for name, array in results.items():
        typer.echo(output_line(name, array))
        for line in labels.lines(array) or (preview(array) if temporary is None else []):
            typer.echo(line)


class _Labels:
    """Names the likeliest classes, if the model carries labels."""

    def __init__(self, metadata: dict[str, str], most: int) -> None:
        from konnx.cli.predictions import stored_labels

        self._labels, self._most = stored_labels(metadata), most

    def lines(self, array: Array) -> list[str]:
        from konnx.cli.predictions import label_lines

        return label_lines(array, self._labels, self._most)


# Comparing ------------------------------------------------------------------------------------


def _compare(
    results: dict[str, Array],
    other: Path,
    feeds: dict[str, Array],
    device: str,
    tolerance: Tolerance,
    by_layer: RunnableModel | None,
) -> None:
    from konnx.cli.comparison import compare_outputs
    from konnx.cli.expectations import expected_outputs, layer_differences

    expected = expected_outputs(other, list(results), feeds, device)
    differences = compare_outputs(results, expected, tolerance)
    typer.echo(f"compared with {other}:")
    _show(differences)
    if by_layer is not None:
        typer.echo("layer by layer:")
        _show(layer_differences(by_layer, other, feeds, device, tolerance))
    if not all(found.equal for found in differences):
        raise typer.Exit(1)


def _show(differences: Sequence[Difference]) -> None:
    for found in differences:
        typer.echo(f"  {found}")
