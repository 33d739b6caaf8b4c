"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from konnx.cli.errors import DEBUG


def _remember_debug(context: typer.Context, value: bool) -> bool:
    if value:
        context.meta[DEBUG] = True
    return value


Debug = Annotated[
    bool,
    typer.Option("--debug", callback=_remember_debug, help="Show a traceback if it fails."),
]

Device = Annotated[
    str,
    typer.Option(
        metavar="auto|cpu|cuda|cuda:N",
        help="Where to compute. auto takes CUDA where it really works; cuda fails where not.",
    ),
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]

Trust = Annotated[
    bool,
    typer.Option(
        "--trust", help="Run an ONNX model even if it takes all memory or holds a program."
    ),
]
