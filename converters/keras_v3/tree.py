"""The weights in the layout of Keras 3: a tree of groups, in each the variables of one object."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from konnx.converters.errors import FileFormatError, printable
from konnx.converters.hdf5 import ReadLimits
from konnx.converters.hdf5.config_json import parse_config
from konnx.converters.hdf5.groups import GuardedGroup
from konnx.converters.hdf5.names import name_problem
from konnx.converters.hdf5.opening import open_hdf5
from konnx.converters.hdf5.sniff import require_regular_file

CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
"""What holds the layers of a model: in Keras 3 and tf.keras 2.15, and in tf.keras 2.12 to 2.14."""

VARIABLES = "vars"
"""What holds the variables of an object, by their numbers."""
_MOST_SHARDS = 1000


class Saved(NamedTuple):
    """The variables of one object.

    Attributes:
        name: of the object, which Keras before 3.6 does not write.
        arrays: in order.
    """

    name: str | None
    arrays: list[NDArray[Any]]


class WeightsTree:
    """What can be looked up by a path such as "layers/dense".

    Args:
        file: where it comes from, for messages.
        roots: the root groups of the HDF5 files that hold it, by the names of the files.
        shards: which of the files hold the variables of a path; None: all do.
    """

    def __init__(
        self,
        file: str,
        roots: Mapping[str, GuardedGroup],
        shards: Mapping[str, list[str]] | None = None,
    ) -> None:
        self.file = file
        self._roots = roots
        self._shards = shards

    @property
    def is_of_keras_3(self) -> bool:
        """Whether the files have this layout, not that of Keras 1 and 2."""
        roots = self._roots.values()
        older = any(root.has_names("layer_names") or _is_model(root) for root in roots)
        return not older and any(
            root.has_child(name) for root in roots for name in (*CONTAINERS, VARIABLES)
        )

    def has(self, path: str) -> bool:
        """Tell whether there is a group."""
        place = _place(path)
        return any(root.child(path, place) is not None for root in self._roots.values())

    def steps(self, path: str) -> list[str]:
        """Return the names of the groups within a group, sorted, but for that of variables."""
        groups = [root.child(path, _place(path)) if path else root for root in self._roots.values()]
        names = {name for group in groups if group is not None for name in group.members()}
        return sorted(names - {VARIABLES})

    def name(self, path: str) -> str | None:
        """Return the name of the object at a path, if there is one and its name is written."""
        names = (group.text("name") for group in self._groups(path))
        return next((name for name in names if name is not None), None)

    def saved(self, path: str) -> Saved | None:
        """Return the variables of the object at a path; None: nothing is saved of it."""
        groups = self._groups(path)
        if not groups:
            return None
        count = sum(group.count() for group in groups)
        return Saved(self.name(path), [_array(groups, n, path, count) for n in range(count)])

    def _groups(self, path: str) -> list[GuardedGroup]:
        names = self._roots if self._shards is None else self._shards.get(path, [])
        full = f"{path}/{VARIABLES}" if path else VARIABLES
        found = (self._roots[name].child(full, _place(path)) for name in names)
        return [group for group in found if group is not None]


def _is_model(root: GuardedGroup) -> bool:
    return root.has_attribute("model_config") or root.has_child("model_weights")


def _place(path: str) -> str:
    return f"'{printable(path, 100)}'" if path else "the variables of the model itself"


def _array(groups: list[GuardedGroup], number: int, path: str, count: int) -> NDArray[Any]:
    for group in groups:
        array = group.array(str(number), f"{_place(path)}, variable {number}")
        if array is not None:
            return array
    raise groups[0].error(f"there are {count} variables, but none has the number {number}")


@contextlib.contextmanager
def open_weights(
    path: str | os.PathLike[str], limits: ReadLimits | None = None
) -> Iterator[WeightsTree]:
    """Open a `.weights.h5` file, to be read while the block runs.

    Raises:
        FileFormatError: it is no HDF5 file, or damaged.
        OSError: it cannot be opened.
    """
    file = os.fspath(path)
    with open_hdf5(file, limits) as root:
        yield WeightsTree(file, {file: root})


@contextlib.contextmanager
def open_shards(
    path: str | os.PathLike[str], limits: ReadLimits | None = None
) -> Iterator[WeightsTree]:
    """Open the files that a `.weights.json` file lists; they have to lie beside it.

    Raises:
        FileFormatError: a file is no such one, or damaged, or the list leads elsewhere.
        OSError: a file cannot be opened.
    """
    file = os.fspath(path)
    shards = _read_list(file, limits or ReadLimits())
    names = dict.fromkeys(name for listed in shards.values() for name in listed)
    if len(names) > _MOST_SHARDS:
        raise FileFormatError.at(
            file, None, f"it lists {len(names)} files", expected=f"at most {_MOST_SHARDS}"
        )
    with contextlib.ExitStack() as stack:
        beside = Path(file).parent
        roots = {name: stack.enter_context(open_hdf5(beside / name, limits)) for name in names}
        yield WeightsTree(file, roots, shards)


def _read_list(file: str, limits: ReadLimits) -> dict[str, list[str]]:
    """Read which files hold the variables of a path."""
    require_regular_file(file)
    with open(file, "rb") as stream:
        data = stream.read(limits.json_bytes + 1)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise FileFormatError.at(file, None, "it is not UTF-8 text") from error
    listed = parse_config(text, file, "the JSON text", limits).get("weight_map")
    if not isinstance(listed, dict):
        raise FileFormatError.at(
            file,
            None,
            "it lists no weights",
            expected='the `.weights.json` file that Keras 3 writes, with a "weight_map"',
        )
    return {
        path.strip("/").removesuffix(VARIABLES).rstrip("/"): _file_names(names, file)
        for path, names in listed.items()
    }


def _file_names(names: Any, file: str) -> list[str]:
    """Return the names of shards; they must be those of files beside the list."""
    listed = names if isinstance(names, list) else [names]
    for name in listed:
        is_plain = isinstance(name, str) and name_problem(name, 255, 1) is None
        if not is_plain or "\\" in name or ":" in name:
            raise FileFormatError.at(
                file,
                None,
                "it lists a file that does not lie beside it",
                expected="the name of a file, without a folder",
                received=printable(str(name), 60),
            )
    return list(dict.fromkeys(listed))
