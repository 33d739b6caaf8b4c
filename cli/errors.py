"""How the command fails: one clear line and an exit code; a traceback for those who ask for it."""

from __future__ import annotations

import sys
import traceback
import warnings
from typing import Any

import typer
from typer.core import TyperGroup

DEBUG = "konnx.debug"
"""Key of the context's shared `meta`: whether to print tracebacks."""

_FAILURE, _INTERRUPTED = 1, 130
_LONGEST_MESSAGE = 8000

# What bad input, a missing package or the machine raises, konnx' and ONNX Runtime's errors
# included; anything else is a defect of konnx.
EXPECTED = (ValueError, TypeError, OSError, ImportError, RuntimeError, MemoryError, EOFError)


class ReportingGroup(TyperGroup):
    """Runs a command and turns what it raises into one line on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the arguments name."""
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt:
                raise typer.Exit(_INTERRUPTED) from None
            except Exception as error:
                if _is_typers_own(error) or isinstance(error, BrokenPipeError):
                    raise
                report(error, debug=bool(ctx.meta.get(DEBUG)))
                raise typer.Exit(_FAILURE) from error


def _is_typers_own(error: Exception) -> bool:
    """Tell usage errors and exits; their base class has no public name in every typer."""
    return type(error).__module__.partition(".")[0] in ("typer", "click")


def report(error: Exception, *, debug: bool = False) -> None:
    """Print an error on stderr, as one line.

    Args:
        error: what was raised.
        debug: whether to print the traceback before it.
    """
    if debug:
        traceback.print_exception(error)
    print(f"konnx: {error_line(error)}", file=sys.stderr)


def error_line(error: Exception) -> str:
    """Return what an error says in one line that is safe to print.

    Example:
        >>> error_line(FileNotFoundError(2, "No such file or directory", "m.h5"))
        "'m.h5': No such file or directory"
    """
    text = " ".join(_message(error).split())
    if not isinstance(error, EXPECTED):
        remedy = "This is a defect of konnx: --debug shows where it is."
        text = f"internal error: {type(error).__name__}: {text.rstrip('.')}. {remedy}"
    return printable_text(text)


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        place = f"'{error.filename}': " if error.filename is not None else ""
        return f"{place}{error.strerror}"
    if isinstance(error, MemoryError):
        return f"not enough memory: {error}" if str(error) else "not enough memory"
    return str(error) or type(error).__name__


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    text = printable_text(" ".join(str(message).split()))
    print(f"konnx: warning: {text}", file=sys.stderr)


def printable_text(text: str, limit: int = _LONGEST_MESSAGE) -> str:
    """Return `konnx.converters.errors.printable` of a text, for modules that `--help` loads."""
    from konnx.converters.errors import printable  # brings onnx, which `--help` can do without

    return printable(text, limit)
