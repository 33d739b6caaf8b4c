"""`konnx convert`: Keras files to ONNX."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from konnx.cli.conversion import Report, Settings, convert_each, convert_file, report_lines
from konnx.cli.export_options import ExportTexts
from konnx.cli.model_search import Job, many_jobs, one_job
from konnx.cli.options import Debug, Json, Quiet


def convert(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="SOURCE [TARGET]",
            help="A model that Keras saved, and the ONNX file to write; default: SOURCE's name "
            "with the ending .onnx. With --output-dir, --triton or --dry-run: any number of "
            "models, and folders of them.",
            show_default=False,
        ),
    ] = None,
    output_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Convert every model into this folder, by its name."),
    ] = None,
    opset: Annotated[
        int | None, typer.Option(metavar="N", help="Opset of the ONNX operators; default: 18.")
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option(metavar="N|dynamic", help="Samples in each run: a fixed number, or any."),
    ] = None,
    input_shapes: Annotated[
        list[str] | None,
        typer.Option(
            "--input-shape",
            metavar="[NAME:]SIZES",
            help="Shape of an input, batch included, e.g. image:1,224,224,3; names for sizes that "
            "vary. Repeatable.",
        ),
    ] = None,
    inputs_as_nchw: Annotated[
        str | None,
        typer.Option(metavar="NAMES|all", help="Inputs to take with channels first, by commas."),
    ] = None,
    outputs_as_nchw: Annotated[
        str | None,
        typer.Option(metavar="NAMES|all", help="Outputs to give with channels first, by commas."),
    ] = None,
    rename: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW", help="Rename an input or output. Repeatable."),
    ] = None,
    metadata: Annotated[
        list[str] | None,
        typer.Option("--meta", metavar="KEY=VALUE", help="A text to store. Repeatable."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Names of the classes to store: lines, or a JSON list."),
    ] = None,
    preprocessing: Annotated[
        str | None,
        typer.Option(
            metavar="tf|torch|caffe|FILE",
            help="How pixels become inputs, to store: of Keras' modes, or JSON with scale, mean, "
            "std, channels.",
        ),
    ] = None,
    states: Annotated[
        bool, typer.Option("--states", help="States of recurrent layers as inputs and outputs.")
    ] = False,
    fp16: Annotated[
        bool, typer.Option("--fp16", help="Compute in float16; inputs and outputs stay.")
    ] = False,
    quantize: Annotated[
        str | None,
        typer.Option(metavar="dynamic|static", help="Weights, or all, as int8; needs a runtime."),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Samples for --quantize static: .npz by input name."),
    ] = None,
    external_data: Annotated[
        bool, typer.Option("--external-data", help="Weights in a second file, TARGET.data.")
    ] = False,
    training: Annotated[
        bool, typer.Option("--training", help="Write the training step of a compiled model.")
    ] = False,
    triton: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write into a model repository of Triton, by name."),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Before writing, compare with a plain evaluation of the layers, one by one.",
        ),
    ] = False,
    golden: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Before writing, compare with outputs: .npz of inputs and outputs by name.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The architecture, JSON or YAML, for a file of weights only."
        ),
    ] = None,
    application: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The application that the weights of --weights are of; see `konnx applications`.",
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The weights of --application, instead of SOURCE."),
    ] = None,
    no_top: Annotated[
        bool, typer.Option("--no-top", help="These weights are without the top.")
    ] = False,
    source_backend: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Backend of the Keras that wrote the file, if it does not say so itself: theano "
            "mirrors kernels.",
        ),
    ] = None,
    custom: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.py",
            help="A Python file to run, whose classes and functions the model's names stand for.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; say what would come, or what fails.")
    ] = False,
    conversions: Annotated[
        bool, typer.Option("--report", help="List what reading files of other Keras converted.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Convert Keras files to ONNX. This needs no ONNX Runtime, but to quantize and verify."""
    texts = ExportTexts(
        opset=opset,
        batch=batch,
        input_shapes=input_shapes or (),
        inputs_as_nchw=inputs_as_nchw,
        outputs_as_nchw=outputs_as_nchw,
        rename=rename or (),
        metadata=metadata or (),
        labels=labels,
        preprocessing=preprocessing,
        states=states,
        float16=fp16,
        quantize=quantize,
        calibration=calibration,
        external_data=external_data,
    )
    if training and (triton is not None or texts != ExportTexts()):
        raise ValueError("--training writes the training step as it is. Leave out other options.")
    settings = Settings(
        texts,
        force=force,
        dry_run=dry_run,
        training=training,
        triton=triton,
        conversions=conversions,
        source_backend=source_backend,
        config=config,
        custom_objects=None if custom is None else _custom_objects(custom),
        verify=verify,
        golden=golden,
        application=application,
        include_top=not no_top,
    )
    paths = _sources(paths or [], application, weights, no_top)
    if output_dir is None and triton is None and not dry_run:
        report = convert_file(one_job(paths, force=force), settings)
        _show([report], as_json=as_json, quiet=quiet)
        return
    jobs = many_jobs(paths, None if triton or dry_run else output_dir, force=force)
    reports = list(_shown(jobs, settings, as_json=as_json, quiet=quiet))
    failed = sum(not report["ok"] for report in reports)
    if as_json:
        typer.echo(json.dumps(reports, indent=2))
    elif len(reports) > 1 and not quiet:
        typer.echo(f"{len(reports) - failed} of {len(reports)} files can be converted.")
    if failed:
        raise typer.Exit(1)


def _sources(
    paths: list[Path], application: str | None, weights: Path | None, no_top: bool
) -> list[Path]:
    """Return the paths, the weights of an application before them, as they are the source."""
    if application is None and (weights is not None or no_top):
        raise ValueError("--weights and --no-top belong to --application NAME. Add that.")
    sources = paths if weights is None else [weights, *paths]
    if not sources:
        missing = "SOURCE [TARGET]" if application is None else "--weights FILE"
        raise typer.BadParameter(f"There is nothing to convert. Add {missing}.")
    return sources


def _custom_objects(file: Path) -> dict[str, Any]:
    """Run a file of the caller's own, and return what it defines."""
    found = runpy.run_path(str(file), run_name="konnx_custom_objects")
    return {name: value for name, value in found.items() if not name.startswith("_")}


def _shown(
    jobs: Sequence[Job], settings: Settings, *, as_json: bool, quiet: bool
) -> Iterable[Report]:
    """Convert files and show each report at once."""
    for report in convert_each(jobs, settings):
        if not as_json:
            _show([report], as_json=False, quiet=quiet)
        yield report


def _show(reports: Sequence[Report], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        typer.echo(json.dumps(reports, indent=2))
        return
    for report in reports:
        for line in report_lines(report):
            if not report["ok"]:
                typer.echo(line, err=True)
            elif not quiet:
                typer.echo(line)
