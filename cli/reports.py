"""Descriptions of model files as lines for a terminal; what came from the file is made safe."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from konnx.cli.texts import counts_text, shape_text, table
from konnx.converters.errors import printable

Description = dict[str, Any]


def onnx_report(found: Description) -> list[str]:
    """Return the lines for what `describe_onnx` found."""
    opsets = ", ".join(f"{domain} {number}" for domain, number in found["opsets"].items())
    facts = [
        ("name", found["name"]),
        ("producer", found["producer"]),
        ("versions", f"opset {opsets}; IR {found['ir_version']}"),
        *(("metadata", f"{key}: {value}") for key, value in found["metadata"].items()),
        ("parameters", f"{found['parameters']:,}"),
        ("operations", _operations(found)),
        *(("weights in", name) for name in found["external_files"]),
    ]
    nodes = f"nodes  {found['nodes']:,}: {counts_text(found['operators'])}"
    return [_headline(found), *_facts(facts), *_interface(found), nodes]


def keras_report(found: Description) -> list[str]:
    """Return the lines for what `describe_keras` found."""
    written = found["keras_version"] or "1"
    facts = [
        ("class", found["class"]),
        (
            "written by",
            f"Keras {written}" + (f" on {found['backend']}" if found["backend"] else ""),
        ),
        ("compiled", _training(found["training"])),
        ("parameters", f"{found['parameters']:,}"),
        ("operations", _operations(found)),
        ("not known", found["unknown"]),
    ]
    return [_headline(found), *_facts(facts), *_interface(found), *_layers(found["layers"])]


def _operations(found: Description) -> str | None:
    count = found["operations"]
    return None if count is None else f"{count:,} floating-point operations a sample"


def _headline(found: Description) -> str:
    return (
        f"{printable(found['file'])}: {found['format']} {found['kind']}, {found['bytes']:,} bytes"
    )


def _facts(facts: Iterable[tuple[str, str | None]]) -> list[str]:
    return table([[name, value] for name, value in facts if value])


def _interface(found: Description) -> list[str]:
    lines: list[str] = []
    for kind in ("inputs", "outputs"):
        if found[kind] is not None:
            lines += [kind, *table(_value_row(value) for value in found[kind])]
    return lines


def _value_row(value: Description) -> Sequence[str]:
    return [value["name"], value["dtype"], shape_text(value["shape"])]


def _training(training: Description | None) -> str | None:
    if training is None:
        return None
    return f"optimizer {training['optimizer']}, loss {_plain(training['loss'])}"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _layers(layers: Sequence[Description]) -> list[str]:
    rows = [
        [
            layer["name"],
            layer["class"] or "",
            f"{layer['parameters']:,}",
            " ".join(shape_text(weight["shape"]) for weight in layer["weights"]),
        ]
        for layer in layers
    ]
    return [f"layers  {len(rows):,}: name, class, parameters, shapes of weights", *table(rows)]
