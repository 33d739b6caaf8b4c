"""The command and its sub-commands, each in a module of its own."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from konnx.cli.applications import applications
from konnx.cli.bench import bench
from konnx.cli.convert import convert
from konnx.cli.demo import demo
from konnx.cli.doctor import doctor
from konnx.cli.errors import ReportingGroup
from konnx.cli.exec import SETTINGS, exec_
from konnx.cli.inspect import inspect
from konnx.cli.options import Debug
from konnx.cli.plot import plot
from konnx.cli.run import run
from konnx.cli.summary import summary

# Plain help and plain errors: they read the same in a log, and rich takes longer to import than
# everything else that a short command does.
app = typer.Typer(
    name="konnx",
    cls=ReportingGroup,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"konnx {version('konnx')}")
        raise typer.Exit


@app.callback()
def konnx(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
    debug: Debug = False,
) -> None:
    """Convert, run and inspect Keras and ONNX models."""


for _command in (convert, run, inspect, summary, plot, bench, doctor, demo, applications):
    app.command()(_command)
app.command("exec", context_settings=SETTINGS)(exec_)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit: with 0 on success, 1 on failure, 2 on wrong usage.

    Args:
        arguments: what follows the command's name; default: those of the process.

    Raises:
        SystemExit: always, with the exit code.

    Example:
        >>> main(["--version"])
        Traceback (most recent call last):
            ...
        SystemExit: 0
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the terminal's encoding lacks is no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    command = typer.main.get_command(app)
    try:
        try:
            command(args=None if arguments is None else list(arguments), prog_name="konnx")
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # `konnx … | head` has read enough
        _discard_output()
        sys.exit(1)


def _discard_output() -> None:
    """Send what is still buffered nowhere; flushing it at exit would fail, and say so."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
