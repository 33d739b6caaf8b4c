"""`konnx exec`: run a script that was written for Keras."""

from __future__ import annotations

import io
import os
import runpy
import sys
import types
import warnings
from collections.abc import Callable
from typing import Annotated, Any

import typer

from konnx.cli.options import Debug

_FAILURE, _INTERRUPTED = 1, 130

SETTINGS = {"allow_extra_args": True, "allow_interspersed_args": False}
"""Of the command: whatever follows the script is the script's."""


def exec_(
    context: typer.Context,
    script: Annotated[
        str | None, typer.Argument(metavar="SCRIPT", help="A Python file, or with -m a module.")
    ] = None,
    module: Annotated[bool, typer.Option("-m", help="Run a module, as `python -m` does.")] = False,
    tensorflow: Annotated[
        bool, typer.Option("--tensorflow", help="Serve `tensorflow.keras` too.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Run a Python script with `import keras` served by konnx.

    It runs as under `python SCRIPT …`. Options of konnx stand before SCRIPT; what follows is the
    script's. docs/old_scripts.md says which scripts work.
    """
    if script is None:
        raise typer.BadParameter("Expected a script, or -m and a module.")
    from konnx.keras_alias import install

    if tensorflow:
        install("tensorflow.keras")
    run = run_module if module else run_file
    sys.argv = [script, *context.args]
    _run(run, script, debug)


def run_file(script: str) -> None:
    """Run a file as the program itself."""
    with io.open_code(os.path.abspath(script)) as file:
        source = file.read()
    _put_first_on_path(os.path.dirname(os.path.realpath(script)))
    program = types.ModuleType("__main__")
    program.__dict__.update(__file__=os.path.abspath(script), __cached__=None)
    sys.modules["__main__"] = program  # and it stays, for what is pickled or runs at the exit
    code = compile(source, script, "exec", dont_inherit=True)
    exec(code, program.__dict__)  # noqa: S102  # the user's own script is what is to be run


def run_module(name: str) -> None:
    """Run a module as the program itself."""
    _put_first_on_path(os.getcwd())
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _put_first_on_path(folder: str) -> None:
    """Put the program's folder where Python has put that of the command, if it has."""
    if not sys.flags.safe_path:
        del sys.path[0]
    sys.path.insert(0, folder)


def _run(run: Callable[[str], None], script: str, debug: bool) -> None:
    """Run a program whose warnings and errors look as under Python itself.

    Raises:
        OSError: the script cannot be read.
        SystemExit: it ended in another way than at its end.
    """
    warnings.showwarning = _show_warning
    try:
        run(script)
    except (Exception, KeyboardInterrupt) as error:
        own = _own_frames(error.__traceback__)
        if own is None and not isinstance(error, SyntaxError):
            raise  # it did not even start
        if not debug:
            error.__traceback__ = own
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(_INTERRUPTED if isinstance(error, KeyboardInterrupt) else _FAILURE)


def _own_frames(trace: types.TracebackType | None) -> types.TracebackType | None:
    """Return a traceback from the program's own first frame on."""
    while trace is not None and trace.tb_frame.f_globals.get("__name__") != "__main__":
        trace = trace.tb_next
    return trace


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,
    line: str | None = None,
) -> None:
    text = warnings.formatwarning(message, category, filename, lineno, line)
    print(text, end="", file=file or sys.stderr)
