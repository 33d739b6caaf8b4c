"""Modules of Keras by their own names, filled from konnx."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from types import ModuleType
from typing import Any

from konnx.keras_alias.table import ABSENT, EVERYTHING, MODULES, OWN

KERAS_VERSION = "2.1.6"


class AliasModule(ModuleType):
    """A module of Keras whose names are konnx' objects.

    Modules below it are imported when they are first asked for.
    """

    def __getattr__(self, name: str) -> Any:
        finder = getattr(self.__spec__, "loader", None)
        if isinstance(finder, AliasFinder) and finder.serves(f"{self.__name__}.{name}"):
            return import_module(f"{self.__name__}.{name}")
        if name.startswith("__") or not isinstance(finder, AliasFinder):
            raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")
        raise AttributeError(finder.absence(f"{self.__name__}.{name}"))


class AliasFinder(MetaPathFinder, Loader):
    """Finds the modules of Keras, and makes them.

    Args:
        root: where they stand: "keras" or "tensorflow.keras". Modules above the root are made, too,
            with nothing else in them.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.outermost = root.partition(".")[0]

    def serves(self, name: str) -> bool:
        """Tell whether there is a module of this full name."""
        return self._is_above(name) or self._path(name) in MODULES

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how a module of Keras is made; None for modules of others.

        Raises:
            ImportError: Keras or konnx has no such module or name; says what is missing.
        """
        if fullname.partition(".")[0] != self.outermost:
            return None
        if not self.serves(fullname):
            # Not a ModuleNotFoundError: `from … import name` would put its own words in the place
            # of these.
            raise ImportError(self.absence(fullname), name=fullname)
        return ModuleSpec(fullname, self, origin="konnx", is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return a module that knows which of its names are missing, and why."""
        return AliasModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Fill a module.

        Raises:
            ImportError: konnx has nothing of it.
        """
        if self._is_above(module.__name__):
            module.__doc__ = f"A place for `{self.root}`, served by konnx; nothing else is here."
            return
        path = self._path(module.__name__)
        sources = list(_sources(path))
        if not sources:
            raise ImportError(self.absence(module.__name__), name=module.__name__)
        contents: dict[str, Any] = {}
        for source, names in sources:
            contents = {**_contents(source, names), **contents}
        module.__dict__.update(contents, __all__=sorted(contents))
        served_by = ", ".join(source.__name__ for source, _ in sources)
        module.__doc__ = f"`{module.__name__}`, served by {served_by}."
        if not path:
            module.__dict__["__version__"] = f"{KERAS_VERSION}+konnx.{version('konnx')}"

    def absence(self, name: str) -> str:
        """Return the sentence that says what is missing, and what is like it."""
        path = self._path(name)
        if path is None:
            return (
                f"There is no `{name}`: konnx stands in for `{self.root}` only, not for the rest "
                f"of {self.outermost}."
            )
        said = f"konnx has no `{name}`."
        if path in ABSENT:
            return f"{said} {ABSENT[path]}"
        if path in MODULES:
            return f"{said} It would be in {' or '.join(MODULES[path])}."
        place, _, last = name.rpartition(".")
        near = difflib.get_close_matches(last, self._names_in(place), n=3)
        hint = f" Did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
        return f"{said}{hint} It stands in for Keras {KERAS_VERSION}."

    def _is_above(self, name: str) -> bool:
        return self.root.startswith(f"{name}.")

    def _path(self, name: str) -> str | None:
        """The name without the root's; None for what is not below the root."""
        if name == self.root:
            return ""
        return name.removeprefix(f"{self.root}.") if name.startswith(f"{self.root}.") else None

    def _names_in(self, place: str) -> list[str]:
        below = [name.rpartition(".") for name in MODULES]
        children = [last for parent, _, last in below if parent == self._path(place)]
        return [*getattr(sys.modules.get(place), "__all__", ()), *children]


def _sources(path: str | None) -> Iterator[tuple[ModuleType, str]]:
    """The modules of konnx that there are, and which names of each."""
    for source, names in MODULES[path or ""].items():
        try:
            yield import_module(source), names
        except ModuleNotFoundError as error:
            # Something else that is missing, such as Pillow, has its own error.
            if error.name is None or not f"{source}.".startswith(f"{error.name}."):
                raise


def _contents(source: ModuleType, names: str) -> dict[str, Any]:
    wanted = _public_names(source) if names == EVERYTHING else names.split()
    found = {name: getattr(source, name) for name in wanted if hasattr(source, name)}
    return {name: value for name, value in found.items() if not isinstance(value, ModuleType)}


def _public_names(source: ModuleType) -> Sequence[str]:
    """The names that a module says are its own, or those of what it defines."""
    listed: Sequence[str] | None = getattr(source, "__all__", None)
    if listed is not None:
        own = OWN.get(source.__name__, "").split()
        return [name for name in listed if name not in own]
    return [
        name
        for name, value in vars(source).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == source.__name__
    ]


def install(root: str = "keras") -> None:
    """Let `import keras` and all below it mean konnx, in this process.

    Args:
        root: "keras" or "tensorflow.keras"; of TensorFlow there is nothing else then.

    Raises:
        ImportError: the real one is imported already.

    Example:
        >>> install("keras")
        >>> import keras
        >>> keras.layers.Dense.__module__
        'konnx.layers.core'
    """
    finder = AliasFinder(root)
    present = sys.modules.get(finder.outermost)
    if present is not None and not isinstance(present, AliasModule):
        where = getattr(present, "__file__", None) or "an unknown place"
        raise ImportError(
            f"{finder.outermost} is already imported, from {where}. konnx can stand in for it only "
            f"if its alias is imported first, before anything that imports {finder.outermost}.",
            name=finder.outermost,
        )
    if not any(isinstance(one, AliasFinder) and one.root == root for one in sys.meta_path):
        sys.meta_path.insert(0, finder)
