"""Walking an HDF5 file one checked step at a time: no links out, no unbounded reads."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from konnx.converters.errors import FileFormatError, printable
from konnx.converters.hdf5.attributes import read_texts
from konnx.converters.hdf5.config_json import parse_config
from konnx.converters.hdf5.datasets import DatasetReader
from konnx.converters.hdf5.library import library_errors, load_h5py, no_plugins
from konnx.converters.hdf5.limits import Budget
from konnx.converters.hdf5.names import name_problem
from konnx.converters.hdf5.region import RegionStream

_TRUNCATED = re.compile(r"truncated file: eof = (\d+).*stored_eof = (\d+)")


@contextlib.contextmanager
def open_root(budget: Budget, stream: RegionStream | None = None) -> Iterator[GuardedGroup]:
    """Open an HDF5 file for reading and give its root group.

    Args:
        budget: names the file, whose heaps have been checked, and bounds what reading takes.
        stream: the content, where it is not that of the file itself.

    Raises:
        FileFormatError: the file is cut short or damaged.
    """
    h5py = load_h5py()
    with no_plugins(h5py), _open_file(h5py, budget, stream) as file:
        with library_errors(budget.file, None):
            root = file["/"]
        yield GuardedGroup(root, "the file", budget)


def _open_file(h5py: Any, budget: Budget, stream: RegionStream | None) -> Any:
    with library_errors(budget.file, None):
        try:
            if stream is not None:
                return h5py.File(stream, "r")
            # Locks fail on some network and read-only file systems, and reading needs none.
            return h5py.File(budget.file, "r", locking=False)
        except OSError as error:
            sizes = _TRUNCATED.search(str(error))
            if sizes is None:
                raise
            raise FileFormatError.at(
                budget.file,
                None,
                "the HDF5 file is cut short",
                expected=f"{sizes[2]} bytes",
                received=f"{budget.file_size} bytes",
                remedy="Get the whole file again",
            ) from error


class GuardedGroup:
    """A group of an HDF5 file of which only what has been checked can be read.

    Args:
        group: the h5py group.
        place: what the group is, for messages.
        budget: what is still allowed, shared by all groups of the file.
    """

    def __init__(self, group: Any, place: str, budget: Budget) -> None:
        self._group = group
        self._place = place
        self._budget = budget

    def error(
        self, problem: str, *, expected: str | None = None, remedy: str | None = None
    ) -> FileFormatError:
        """Return the error that names this group."""
        return FileFormatError.at(
            self._budget.file, self._place, problem, expected=expected, remedy=remedy
        )

    def has_attribute(self, name: str) -> bool:
        """Say whether the group has an attribute of this name."""
        with library_errors(self._budget.file, self._place):
            return name in self._group.attrs

    def text(self, name: str) -> str | None:
        """Return a text attribute, or None where the group has none of this name."""
        if not self.has_attribute(name):
            return None
        texts = self._decoded(name)
        if len(texts) != 1:
            raise self.error(f"attribute '{name}' holds {len(texts)} texts", expected="one text")
        return texts[0]

    def counter(self, name: str) -> int:
        """Return an attribute that tells how many layers or weights follow.

        Raises:
            FileFormatError: it is missing, no whole number, or larger than the limits allow.
        """
        with library_errors(self._budget.file, f"{self._place}: attribute '{name}'"):
            if name not in self._group.attrs:
                raise self.error(f"attribute '{name}' is missing")
            attribute = self._group.attrs.get_id(name)
            if attribute.shape not in ((), (1,)) or attribute.dtype.kind not in "iu":
                raise self.error(f"attribute '{name}' is not one whole number")
            value = int(self._group.attrs[name].item())
        if value < 0:
            raise self.error(f"attribute '{name}' is negative")
        self._budget.count_names(value, self._place)
        return value

    def config(self, name: str) -> dict[str, Any] | None:
        """Return an attribute that holds JSON, or None where the group has none of this name."""
        text = self.text(name)
        if text is None:
            return None
        place = f"attribute '{name}'"
        return parse_config(text, self._budget.file, place, self._budget.limits)

    def has_names(self, name: str) -> bool:
        """Say whether the group has a list of names, whole or in pieces."""
        return self.has_attribute(name) or self.has_attribute(f"{name}0")

    def names(self, name: str) -> list[str]:
        """Return a list of names, put together where it is stored in pieces (name0, name1, …).

        Raises:
            FileFormatError: the list is missing, or a name is unsound or listed twice.
        """
        if not self.has_names(name):
            raise self.error(f"attribute '{name}' is missing")
        names = self._decoded(name) if self.has_attribute(name) else self._pieces(name)
        self._budget.count_names(len(names), self._place)
        seen: set[str] = set()
        for item in names:
            self._check_name(item, name)
            if item in seen:
                raise self.error(f"attribute '{name}' lists {item!r} twice")
            seen.add(item)
        return names

    def _pieces(self, name: str) -> list[str]:
        names: list[str] = []
        piece = 0
        while self.has_attribute(f"{name}{piece}"):
            names += self._decoded(f"{name}{piece}")
            piece += 1
        return names

    def _check_name(self, item: str, attribute: str) -> None:
        limits = self._budget.limits
        problem = name_problem(item, limits.name_bytes, limits.path_depth)
        if problem is not None:
            raise self.error(
                f"attribute '{attribute}' holds the unsound name '{printable(item, 60)}': {problem}"
            )

    def _decoded(self, name: str) -> list[str]:
        with library_errors(self._budget.file, f"{self._place}: attribute '{name}'"):
            texts = read_texts(self._group.attrs, name, self._place, self._budget)
        try:
            return [text.decode() for text in texts]
        except UnicodeDecodeError as error:
            raise self.error(f"attribute '{name}' is not UTF-8 text") from error

    def has_child(self, name: str) -> bool:
        """Say whether the group has a member of this name, whatever it is."""
        with library_errors(self._budget.file, self._place):
            return name.encode() in self._group.id

    def count(self) -> int:
        """Return how many members the group has."""
        with library_errors(self._budget.file, self._place):
            return int(self._group.id.get_num_objs())

    def members(self) -> list[str]:
        """Return the names of the members, sorted.

        Raises:
            FileFormatError: a name is unsound, or there are very many.
        """
        self._budget.count_names(self.count(), self._place)
        with library_errors(self._budget.file, self._place):
            names = sorted(bytes(name) for name in self._group.id)
        found: list[str] = []
        for name in names:
            text = name.decode(errors="replace")
            limits = self._budget.limits
            problem = name_problem(text, limits.name_bytes, 1)
            if problem is not None:
                shown = printable(text, 60)
                raise self.error(f"a member has the unsound name '{shown}': {problem}")
            found.append(text)
        return found

    def child(self, name: str, place: str) -> GuardedGroup | None:
        """Return the group that a sound name leads to, or None where there is none.

        Args:
            name: one or more steps, separated by slashes.
            place: what the child is, for messages.

        Raises:
            FileFormatError: a step is a link, or what it leads to is not a group.
        """
        h5py = load_h5py()
        with library_errors(self._budget.file, place):
            found = self._open(name, place)
            if found is None:
                return None
            if not isinstance(found, h5py.h5g.GroupID):
                raise FileFormatError.at(self._budget.file, place, "it is not an HDF5 group")
            return GuardedGroup(h5py.Group(found), place, self._budget)

    def array(self, name: str, place: str) -> NDArray[Any] | None:
        """Return the data of the dataset that a sound name leads to, or None if there is none.

        Args:
            name: one or more steps, separated by slashes.
            place: what the dataset is, for messages.

        Raises:
            FileFormatError: a step is a link, or the dataset is none of a weight.
        """
        h5py = load_h5py()
        with library_errors(self._budget.file, place):
            found = self._open(name, place)
            if found is None:
                return None
            if not isinstance(found, h5py.h5d.DatasetID):
                raise FileFormatError.at(self._budget.file, place, "it is not an HDF5 dataset")
            return DatasetReader(found, place, self._budget).read()

    def _open(self, name: str, place: str) -> Any:
        """Follow a name step by step; None where a step is missing."""
        h5py = load_h5py()
        current = self._group.id
        for step in name.encode().split(b"/"):
            if not isinstance(current, h5py.h5g.GroupID) or step not in current:
                return None
            if current.links.get_info(step).type != h5py.h5l.TYPE_HARD:
                raise FileFormatError.at(
                    self._budget.file,
                    place,
                    f"'{printable(step.decode(), 60)}' is a soft or external link",
                    expected="the group or dataset itself: a link can lead to other files",
                )
            current = h5py.h5o.open(current, step)
        return current
