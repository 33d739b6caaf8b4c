"""Converting one file, and saying what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from konnx.cli.errors import EXPECTED, error_line
from konnx.cli.export_options import ExportTexts, export_options
from konnx.cli.model_search import Job

if TYPE_CHECKING:
    from onnx import ModelProto

    from konnx.models import Model

Report = dict[str, Any]
"""What came of a file, as plain values that JSON can carry."""


@dataclass(frozen=True)
class Settings:
    """What is to be made of every file.

    Attributes:
        texts: how the ONNX file is to be.
        force: whether files that exist may be replaced.
        dry_run: make everything, and write nothing.
        training: write the training step instead of the model for inference.
        triton: a model repository to write into instead of a file.
        custom_objects: layers and functions of the caller's own, by name.
        verify: hold what is to be written against a plain evaluation of the layers.
        golden: .npz with inputs and the outputs to expect of them, by name.
        config: a file with the architecture, of files that hold only weights.
        source_backend: of the Keras that wrote the files, where they do not say.
        conversions: report what reading converted.
        application: the network that the weights are of, by its name.
        include_top: whether they are of the application with its top.
    """

    texts: ExportTexts = field(default_factory=ExportTexts)
    force: bool = False
    dry_run: bool = False
    training: bool = False
    triton: Path | None = None
    custom_objects: Mapping[str, Any] | None = None
    verify: bool = False
    golden: Path | None = None
    source_backend: str | None = None
    config: Path | None = None
    conversions: bool = False
    application: str | None = None
    include_top: bool = True


def convert_file(job: Job, settings: Settings) -> Report:
    """Convert a file.

    Raises:
        what reading, converting and writing raise.
    """
    model = _read(job.source, settings)
    found: Report = {
        "source": str(job.source),
        "target": job.target and str(job.target),
        "ok": True,
    }
    if settings.conversions:
        found["conversions"] = [entry._asdict() for entry in model.conversion_report]
    if settings.training:
        return {**found, **_convert_training(model, job, settings)}
    options = export_options(settings.texts, model)
    return {**found, **_convert_inference(model, job, settings, options)}


def _read(source: Path, settings: Settings) -> Model:
    if settings.application is not None:
        from konnx.cli.applications import make_application

        return make_application(settings.application, source, settings.include_top)
    from konnx.converters import load_model

    return load_model(
        source,
        settings.custom_objects,
        compile=settings.training,
        source_backend=settings.source_backend,
        config=settings.config,
    )


def _convert_inference(
    model: Model, job: Job, settings: Settings, options: dict[str, Any]
) -> Report:
    from konnx.cli.export_check import check_export
    from konnx.converters import export_onnx, to_onnx

    found: Report = {}

    def check(proto: ModelProto) -> None:
        if settings.verify or settings.golden is not None:
            found["verification"] = check_export(model, proto, settings.verify, settings.golden)

    options = {**options, "source": job.source.name}
    if settings.triton is not None and not settings.dry_run:
        options = {**options, "overwrite": settings.force, "check": check}
        found.update(_write_repository(model, settings.triton, options))
    elif job.target is None or settings.dry_run:
        proto = to_onnx(model, **options)
        check(proto)
        found.update(describe(proto, None))
    else:
        options = {**options, "overwrite": settings.force, "check": check}
        found.update(describe(export_onnx(model, job.target, **options), job.target))
    return found


def _write_repository(model: Model, repository: Path, options: dict[str, Any]) -> Report:
    from konnx.cli.onnx_files import read_onnx
    from konnx.converters import export_triton

    folder = export_triton(model, repository, **options)
    written = folder / "1" / "model.onnx"
    return {"target": str(folder), **describe(read_onnx(str(written)), written)}


def _convert_training(model: Model, job: Job, settings: Settings) -> Report:
    from konnx.cli.onnx_files import read_onnx
    from konnx.converters import export_training, training_graphs

    if job.target is None or settings.dry_run:
        return describe(training_graphs(model)["step"], None)
    paths = export_training(model, job.target, overwrite=settings.force)
    files = {part: str(path) for part, path in paths.items()}
    return {**describe(read_onnx(files["step"]), paths["step"]), "files": files}


def describe(model: ModelProto, written: Path | None) -> Report:
    """Return size, inputs, outputs and nodes of what was made."""
    from konnx.cli.onnx_files import count_operators, count_parameters, graph_inputs, graph_outputs

    operators = count_operators(model)
    return {
        "bytes": model.ByteSize() if written is None else written.stat().st_size,
        "parameters": count_parameters(model),
        "opset": model.opset_import[0].version,
        "inputs": [value.to_dict() for value in graph_inputs(model)],
        "outputs": [value.to_dict() for value in graph_outputs(model)],
        "nodes": sum(operators.values()),
        "operators": operators,
    }


def convert_each(jobs: Sequence[Job], settings: Settings) -> Iterator[Report]:
    """Convert files one after the other; one that fails does not stop the others.

    Args:
        jobs: what to read and write; folders to write into are made.
        settings: what to make.
    """
    for job in jobs:
        try:
            if job.target is not None:
                job.target.parent.mkdir(parents=True, exist_ok=True)
            yield convert_file(job, settings)
        except EXPECTED as error:
            yield failure(job, error)


def failure(job: Job, error: Exception) -> Report:
    """Return the report on a file that could not be converted."""
    return {
        "source": str(job.source),
        "ok": False,
        "error": error_line(error),
        "unknown_layers": _unknown_layers(error),
    }


def _unknown_layers(error: BaseException | None) -> dict[str, list[str]]:
    from konnx.models.config import UnknownLayersError

    while error is not None:
        if isinstance(error, UnknownLayersError):
            return error.layers
        error = error.__cause__
    return {}


def report_lines(report: Report) -> list[str]:
    """Return a report as lines for a terminal."""
    from konnx.cli.texts import counts_text, shape_text, table
    from konnx.converters.errors import printable
    from konnx.models import Conversion

    if not report["ok"]:
        return [f"{printable(report['source'])}: failed. {report['error']}"]
    values = [
        [kind, value["name"], f"{value['dtype']} {shape_text(value['shape'])}"]
        for kind in ("input", "output")
        for value in report[f"{kind}s"]
    ]
    place = report["target"] or f"{printable(report['source'])} (not written)"
    size = f"{report['bytes']:,} bytes, {report['parameters']:,} parameters"
    return [
        f"{place}: {size}, {report['nodes']} nodes, opset {report['opset']}",
        *table(values),
        f"  nodes   {counts_text(report['operators'])}",
        *_verified(report.get("verification", {})),
        *(
            f"  read    {printable(str(Conversion(**entry)))}"
            for entry in report.get("conversions", ())
        ),
    ]


def _verified(found: Report) -> list[str]:
    from konnx.converters.errors import printable

    lines = [
        f"  verified: {kind}, largest difference {n:.3g}"
        for kind, n in found.items()
        if kind != "not_independent"
    ]
    left = found.get("not_independent")
    if left:
        listed = printable(", ".join(left), 400)
        lines.append(f"  without a plain evaluation, run as exported: {listed}")
    return lines
