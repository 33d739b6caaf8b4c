"""Writes docs/command_line.md from what the command declares.

Run it with `python tools/make_command_line.py` where an option changes. A test holds the page
against what this makes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from konnx.cli.app import app

PAGE = Path(__file__).parents[1] / "docs" / "command_line.md"

HEAD = """\
# The command line

<!-- Made by tools/make_command_line.py. -->

Each command ends with the exit code 0 if it did what was asked, 1 if something failed (with one
line on stderr; `--debug` shows the traceback), and 2 if it was called wrongly. `--json` prints what
programs read. `convert`, `inspect`, `summary` and `plot` need no ONNX Runtime.
"""


def commands() -> dict[str, Any]:
    """The commands by name, as click has them."""
    return dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def page() -> str:
    """The text of the page."""
    group = typer.main.get_command(app)
    parts = [HEAD, "\n".join(_table("Option of `konnx` itself", group.params))]
    for name, command in commands().items():
        parts.append("\n".join(_section(name, command)))
    return "\n".join(parts)


def _section(name: str, command: Any) -> Iterator[str]:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option"]
    called = " ".join(_argument(param) for param in arguments)
    yield f"## konnx {name}\n"
    yield f"    konnx {name} [OPTIONS] {called}".rstrip() + "\n"
    yield _plain(command.help) + "\n"
    if arguments:
        yield from _table("Argument", arguments)
    yield from _table("Option", options)


def _argument(param: Any) -> str:
    name = param.metavar or param.name.upper()
    return name if param.required or name.startswith("[") else f"[{name}]"


def _table(head: str, params: Any) -> Iterator[str]:
    yield f"| {head} | What it is for |\n|---|---|"
    for param in params:
        yield f"| {_spelling(param)} | {_help(param)}{_default(param)} |"
    yield ""


def _spelling(param: Any) -> str:
    if param.param_type_name == "argument":
        return _code(_argument(param))
    names = ", ".join(_code(name) for name in [*param.opts, *param.secondary_opts])
    return names if param.is_flag or not param.metavar else f"{names} {_code(param.metavar)}"


def _help(param: Any) -> str:
    """The help, in which the names of options are code."""
    text = _plain(getattr(param, "help", None) or "").replace("|", "&#124;")
    return re.sub(r"(?<![`\w-])--[a-z][\w-]*", lambda found: f"`{found[0]}`", text)


def _code(text: str) -> str:
    """Code in a table, of which a bar would end the cell."""
    return f"<code>{text.replace('|', '&#124;')}</code>" if "|" in text else f"`{text}`"


def _default(param: Any) -> str:
    if param.param_type_name == "argument" or param.is_flag or param.default is None:
        return ""
    if not isinstance(param.default, int | float | str | Path) or not param.show_default:
        return ""
    return f" Default: {param.default}."


def _plain(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
