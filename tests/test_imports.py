"""Imports point one way, and importing konnx stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {"konnx": ROOT / "konnx"} | {
    f"konnx.{name}": ROOT / name for name in ("runtime", "converters", "cli")
}

# From the ground up: a component may import its own storey and those below it.
STOREYS = (
    {"config", "utils"},
    {"graph", "datasets", "preprocessing"},
    {"ops"},
    {
        "activations",
        "autodiff",
        "backend",
        "constraints",
        "function",
        "initializers",
        "layers",
        "legacy",
        "losses",
        "metrics",
        "optimizers",
        "regularizers",
    },
    {"callbacks", "training"},
    {"models"},
    {"applications", "converters", "distributed", "engine", "keras_alias", "wrappers"},
    {"konnx"},
    {"cli"},
    {"testing"},
)
STOREY_OF = {name: level for level, names in enumerate(STOREYS) for name in names}

# These import nothing of konnx but what stands here (and themselves).
CLOSED: dict[str, set[str]] = {
    "runtime": set(),
    "utils": set(),
    "config": {"utils"},
    "datasets": {"config", "utils"},
    "preprocessing": {"config", "utils"},
}

RUNTIME_USERS = {
    "autodiff",
    "backend",
    "cli",
    "converters",
    "distributed",
    "function",
    "models",
    "optimizers",
    "testing",
    "training",
}

# Imports against the direction, allowed inside a function only.
LAZY_EXCEPTIONS = {
    ("models", "converters"): "save, load_model and export are methods and names of models",
}


@dataclass(frozen=True)
class Import:
    """One import of one component of konnx by another."""

    importer: str
    imported: str
    lazy: bool
    place: str


def component(module: str) -> str:
    """Return the part of konnx a module belongs to; "konnx" is the package itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "konnx"


def modules() -> dict[str, Path]:
    """Return every source module of konnx by its import name."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join((package, *parts)).removesuffix(".__init__")
            found[name] = path
    return found


MODULES = modules()


def is_type_checking(node: ast.AST) -> bool:
    """Say whether a node is an `if TYPE_CHECKING` block."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def import_nodes(
    tree: ast.AST, lazy: bool = False
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Yield every import that can run, and whether a function holds it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, lazy
        elif isinstance(node, ast.If) and is_type_checking(node):
            for other in node.orelse:
                yield from import_nodes(ast.Module([other], []), lazy)
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from import_nodes(node, lazy or inside)


def targets(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[str]:
    """Yield the full names of what an import statement of a package's module names."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
    source = ".".join([*base, *([node.module] if node.module else [])])
    for alias in node.names:
        # `from konnx import layers` names a component, `from konnx.layers import Dense` none.
        yield f"{source}.{alias.name}" if source == "konnx" else source


def imports_of(module: str, path: Path, source: str) -> Iterator[Import]:
    """Yield the imports between components in one module."""
    package = module if path.stem == "__init__" else module.rpartition(".")[0]
    for node, lazy in import_nodes(ast.parse(source)):
        for target in targets(node, package):
            if target.split(".")[0] == "konnx":
                place = f"{path}:{node.lineno}"
                yield Import(component(module), component(target), lazy, place)


def complaint(found: Import) -> str | None:
    """Return why an import is not allowed, or None where it is."""
    if found.importer in ("konnx", found.imported):
        return None
    if (found.importer, found.imported) in LAZY_EXCEPTIONS:
        return None if found.lazy else "only inside a function"
    if found.importer in CLOSED:
        allowed = sorted(CLOSED[found.importer])
        return None if found.imported in allowed else f"it may import only {allowed} of konnx"
    if found.imported == "runtime":
        return None if found.importer in RUNTIME_USERS else f"only by {sorted(RUNTIME_USERS)}"
    unknown = [name for name in (found.importer, found.imported) if name not in STOREY_OF]
    if unknown:
        return f"{unknown} stand on no storey of this test"
    below = STOREY_OF[found.imported] <= STOREY_OF[found.importer]
    return None if below else "it stands above"


def complaints(module: str, path: Path, source: str) -> list[str]:
    """Return one line for each import of a module that is not allowed."""
    return [
        f"{found.place}: {found.importer} imports {found.imported}: {why}"
        for found in imports_of(module, path, source)
        if (why := complaint(found))
    ]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_stands_below_it(module: str) -> None:
    path = MODULES[module]
    assert complaints(module, path, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", sorted({component(name) for name in MODULES}))
def test_every_component_has_its_place(name: str) -> None:
    assert name in STOREY_OF or name == "runtime"


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("konnx.graph.emit", "from konnx.ops import add"),
        ("konnx.graph.emit", "from konnx import ops"),
        ("konnx.graph.emit", "import konnx.ops.elementwise as e"),
        ("konnx.graph.emit", "from ..ops import add"),
        ("konnx.graph.emit", "def f():\n    from konnx.layers import Dense"),
        ("konnx.graph.emit", "if not TYPE_CHECKING:\n    pass\nimport konnx.models"),
        ("konnx.graph.emit", "from konnx.runtime import Program"),
        ("konnx.graph.emit", "from konnx import __version__"),
        ("konnx.ops.shape", "def f():\n    import konnx.runtime"),
        ("konnx.layers.core", "import konnx.training"),
        ("konnx.layers.core", "import konnx.unheard_of"),
        ("konnx.models.saving", "from konnx.converters import hdf5"),
        ("konnx.runtime.state", "from konnx.utils import files"),
        ("konnx.utils.files", "from konnx.graph import Tensor"),
        ("konnx.converters.hdf5.reader", "import konnx.cli"),
        ("konnx.models.model", "import konnx.testing"),
    ],
)
def test_an_import_against_the_direction_is_found(module: str, source: str) -> None:
    assert len(complaints(module, Path(f"{module.split('.')[-1]}.py"), source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("konnx.graph.emit", "from konnx.graph.tensor import Tensor\nimport onnx, numpy.linalg"),
        ("konnx.graph.emit", "from .tensor import Tensor"),
        ("konnx.graph.emit", "if TYPE_CHECKING:\n    from konnx.models import Model"),
        ("konnx.layers.core", "from konnx import ops, initializers\nfrom konnx.utils import names"),
        ("konnx.models.saving", "def save():\n    from konnx.converters import hdf5"),
        ("konnx.backend", "from konnx.runtime import Program"),
        ("konnx.cli.main", "from konnx.datasets import digits\nimport konnx, konnx.runtime"),
    ],
)
def test_an_import_in_the_direction_passes(module: str, source: str) -> None:
    assert complaints(module, Path(f"{module.split('.')[-1]}.py"), source) == []


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    "module",
    [
        "konnx",
        "konnx.runtime",
        "konnx.converters",
        "konnx.converters.hdf5",
        "konnx.cli",
        "konnx.models",
    ],
)
def test_importing_loads_only_what_is_needed(module: str, tmp_path: Path) -> None:
    unneeded = {
        "PIL",
        "h5py",
        "http.client",
        "matplotlib",
        "onnxruntime",
        "scipy",
        "sklearn",
        "ssl",
    }
    program = f"import sys, {module}\nprint(sorted({unneeded} & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (result.stdout.strip(), result.stderr) == ("[]", "")
