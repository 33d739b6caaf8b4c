"""The arguments of every function of Keras 2.1.6' backend, read (not run) from its sources.

Run `python make_backend_signatures.py KERAS_2_1_6_FOLDER`, the folder `keras` of its wheel. Writes
backend_signatures.json: name → list of [argument, default as Python writes it, or null].
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

Arguments = list[tuple[str, str | None]]


def arguments_of(function: ast.FunctionDef) -> Arguments:
    """Return each argument with its default."""
    given = function.args.args
    defaults: list[ast.expr | None] = [None] * (len(given) - len(function.args.defaults))
    defaults += function.args.defaults
    return [
        (argument.arg, None if default is None else ast.unparse(default))
        for argument, default in zip(given, defaults, strict=True)
    ]


def read(folder: Path) -> dict[str, Arguments]:
    """Return the public functions of the backend."""
    found = {}
    for name in ("common.py", "tensorflow_backend.py", "__init__.py"):
        for node in ast.parse((folder / "backend" / name).read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                found[node.name] = arguments_of(node)
    return dict(sorted(found.items()))


if __name__ == "__main__":
    signatures = read(Path(sys.argv[1]))
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in signatures.items()]
    path = Path(__file__).parent / "backend_signatures.json"
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    sys.stdout.write(f"{len(signatures)} functions\n")
