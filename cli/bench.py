"""`konnx bench`: how fast a model runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from konnx.cli.options import Debug, Device, Json, Trust

if TYPE_CHECKING:
    import numpy as np

    from konnx.cli.model_files import RunnableModel

    Array = np.ndarray[Any, Any]

_COLUMNS = ("samples", "threads", "load", "first", "p50", "p90", "p99", "throughput", "memory")


def bench(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="An ONNX file, or a model that Keras saved.")
    ],
    batch: Annotated[
        str, typer.Option(metavar="N,…", help="Samples in a run; several: one after the other.")
    ] = "1",
    threads: Annotated[
        str | None,
        typer.Option(metavar="N,…", help="CPU threads within an operator; several: in turns."),
    ] = None,
    runs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Runs that count; default: 2 seconds.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0, metavar="S", help="How long to measure, without --runs.")
    ] = 2.0,
    warmup: Annotated[int, typer.Option(min=0, metavar="N", help="Runs that do not count.")] = 3,
    input_shapes: Annotated[
        list[str] | None,
        typer.Option(
            "--input-shape",
            metavar="[NAME:]SIZES",
            help="Shape of an input, with ? for the samples; default: 1 for what the model leaves "
            "open. Repeatable.",
        ),
    ] = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="Say where the time goes, layer by layer.")
    ] = False,
    device: Device = "auto",
    as_json: Json = False,
    trust: Trust = False,
    debug: Debug = False,
) -> None:
    """Measure a model's speed on random inputs: latency, throughput, loading, memory."""
    from konnx.cli.model_files import open_model
    from konnx.cli.random_inputs import given_shapes
    from konnx.cli.timing import Effort, measure

    opened = open_model(model, trust=trust)
    shapes = given_shapes(input_shapes or [], opened.inputs)
    effort = Effort(warmup, runs, seconds)
    results = [
        measure(opened, _feeds(opened, size, shapes), effort, device=device, threads=count)
        for size in _numbers("--batch", batch)
        for count in (_numbers("--threads", threads) if threads else [None])
    ]
    found: dict[str, Any] = {"file": str(model), "results": results}
    if layers:
        first = _numbers("--batch", batch)[0]
        found["layers"] = _layers(opened, _feeds(opened, first, shapes), device)
    _show(found, as_json)


def _numbers(option: str, text: str) -> list[int]:
    if not all(part.strip().isdecimal() and int(part) > 0 for part in text.split(",")):
        raise typer.BadParameter(f"{option} takes numbers by commas. Received: {text!r}")
    return [int(part) for part in text.split(",")]


def _feeds(model: RunnableModel, samples: int, shapes: Mapping[str, list[int]]) -> dict[str, Array]:
    """Make random inputs of so many samples, where the model leaves that open."""
    from konnx.cli.random_inputs import random_array

    feeds = {}
    for value in model.inputs:
        if value.optional:
            continue
        sizes = shapes.get(value.name) or [
            size if isinstance(size, int) else 1 for size in value.shape or ()
        ]
        if sizes and not isinstance((value.shape or (None,))[0], int):
            sizes = [samples, *sizes[1:]]
        feeds[value.name] = random_array("random", value, {value.name: sizes})
    return feeds


def _layers(model: RunnableModel, feeds: Mapping[str, Array], device: str) -> list[dict[str, Any]]:
    from konnx.cli.timing import by_layer
    from konnx.runtime import profile_nodes

    return by_layer(profile_nodes(model.source, feeds, device=device), most=20)


def _show(found: dict[str, Any], as_json: bool) -> None:
    from konnx.cli.texts import table

    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    first = found["results"][0]
    typer.echo(f"{found['file']}: on {first['device']}, by {', '.join(first['providers'])}")
    heads = ["samples", "threads", "load ms", "first ms", "p50 ms", "p90 ms", "p99 ms"]
    rows = [[*heads, "samples/s", "peak MB"]]
    rows += [[_cell(result[column]) for column in _COLUMNS] for result in found["results"]]
    for line in table(rows):
        typer.echo(line)
    if "layers" in found:
        typer.echo("ms in each layer, the slowest first")
        listed = [[row["layer"], f"{row['milliseconds']:.3f}"] for row in found["layers"]]
        for line in table(listed):
            typer.echo(line)


def _cell(value: float | None) -> str:
    if value is None:
        return "auto"
    if isinstance(value, int):
        return str(value)
    return f"{value:,.3g}" if value < 100 else f"{value:,.0f}"
