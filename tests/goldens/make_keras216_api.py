"""Write the public API of Keras 2.1.6: names, arguments in order, defaults.

Usage: python tests/goldens/make_keras216_api.py FOLDER, where FOLDER holds Keras' package, unpacked
from its wheel. It is read as text, never imported.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

MODULES = {
    "activations": ["activations"],
    "callbacks": ["callbacks"],
    "constraints": ["constraints"],
    "initializers": ["initializers"],
    "engine.topology": ["engine/topology"],
    "engine.training": ["engine/training"],
    "layers": [
        "layers/core",
        "layers/convolutional",
        "layers/pooling",
        "layers/local",
        "layers/recurrent",
        "layers/convolutional_recurrent",
        "layers/cudnn_recurrent",
        "layers/embeddings",
        "layers/merge",
        "layers/advanced_activations",
        "layers/normalization",
        "layers/noise",
        "layers/wrappers",
    ],
    "losses": ["losses"],
    "metrics": ["metrics"],
    "models": ["models"],
    "optimizers": ["optimizers"],
    "regularizers": ["regularizers"],
    "utils.data_utils": ["utils/data_utils"],
    "utils.generic_utils": ["utils/generic_utils"],
    "utils.io_utils": ["utils/io_utils"],
    "utils.layer_utils": ["utils/layer_utils"],
    "utils.np_utils": ["utils/np_utils"],
    "utils.vis_utils": ["utils/vis_utils"],
    "wrappers.scikit_learn": ["wrappers/scikit_learn"],
}
"""By module of konnx: the files of Keras whose public names belong there."""


def arguments_of(node: ast.FunctionDef) -> list[list[Any]]:
    """Names in order; with the text of the default, None for what has none; * and ** marked."""
    given = node.args
    names = [argument.arg for argument in given.args]
    texts = [None] * (len(names) - len(given.defaults)) + [
        ast.unparse(one) for one in given.defaults
    ]
    found = [[name, text] for name, text in zip(names, texts, strict=True)]
    found += [[f"*{given.vararg.arg}", None]] if given.vararg else []
    found += [
        [one.arg, ast.unparse(d) if d else None]
        for one, d in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    found += [[f"**{given.kwarg.arg}", None]] if given.kwarg else []
    return found


def class_of(node: ast.ClassDef) -> dict[str, Any]:
    methods = {
        one.name: arguments_of(one)
        for one in node.body
        if isinstance(one, ast.FunctionDef)
        and (one.name == "__init__" or not one.name.startswith("_"))
    }
    bases = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
    return {"bases": bases, "methods": methods}


def names_of(path: Path) -> dict[str, Any]:
    """What a file defines, aliases by assignment included."""
    found: dict[str, Any] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = {"arguments": arguments_of(node)}
        elif isinstance(node, ast.ClassDef):
            found[node.name] = class_of(node)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            for target in node.targets:
                if isinstance(target, ast.Name) and node.value.id in found:
                    found[target.id] = {"alias": node.value.id}
    return {name: entry for name, entry in found.items() if not name.startswith("_")}


def main(folder: Path) -> None:
    api = {
        module: {
            name: entry for file in files for name, entry in names_of(folder / f"{file}.py").items()
        }
        for module, files in MODULES.items()
    }
    target = Path(__file__).with_name("keras216_api.json")
    target.write_text(json.dumps(api, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{target.name}: {sum(map(len, api.values()))} names")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
