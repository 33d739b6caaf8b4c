"""Errors of the HDF5 library become clear, and trouble of the machine stays what it is."""

from __future__ import annotations

import errno
import pickle

import h5py
import pytest

from konnx.converters.errors import FileFormatError, printable
from konnx.converters.hdf5.library import library_errors, no_plugins


@pytest.mark.parametrize("error", [KeyError("no\x1b[0m"), RuntimeError("no\x1b[0m"), OSError("no")])
def test_library_errors_name_file_and_place(error: Exception) -> None:
    with pytest.raises(FileFormatError) as caught, library_errors("m.h5", "layer 'd'"):
        raise error
    message = str(caught.value)
    assert message.startswith("m.h5: layer 'd': the HDF5 structure is damaged (no")
    assert message.isprintable()
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "disk"), MemoryError(), KeyboardInterrupt(), AttributeError("bug")]
)
def test_trouble_of_the_machine_and_mistakes_pass_unchanged(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, library_errors("m.h5", None):
        raise error
    assert caught.value is error


def test_plug_in_paths_are_set_aside_and_come_back() -> None:
    def paths() -> list[bytes]:
        return [h5py.h5pl.get(index) for index in range(h5py.h5pl.size())]

    before = paths()
    assert before
    with no_plugins(h5py):
        assert paths() == []
    assert paths() == before


def test_a_format_error_has_its_parts_and_survives_pickling() -> None:
    error = FileFormatError.at(
        "m.h5", "layer 'd'", "it is bad", expected="good", received="bad", remedy="Mend it"
    )
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own bytes)
    assert str(copy) == "m.h5: layer 'd': it is bad. Expected: good. Received: bad. Mend it."
    assert (copy.file, copy.place) == ("m.h5", "layer 'd'")
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("text", "shown"), [("plain", "plain"), ("a\x1b[0m\n", "a?[0m?"), ("long" * 100, "longlo…")]
)
def test_text_of_a_file_is_shown_on_one_short_line(text: str, shown: str) -> None:
    assert printable(text, limit=6) == shown
