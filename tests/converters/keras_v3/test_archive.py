"""Archives are data: nothing is unpacked, and nothing makes the reader take more than it should."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from konnx.converters import FileFormatError
from konnx.converters.hdf5 import ReadLimits
from konnx.converters.keras_v3 import is_archive, open_archive

pytestmark = pytest.mark.no_runtime

Fill = Callable[[zipfile.ZipFile], None]


def written(path: Path, fill: Fill, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("config.json", json.dumps({"class_name": "Sequential"}))
        fill(archive)
    return path


def test_members_are_read_by_name(tmp_path: Path) -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr("assets/", "")
        archive.writestr("assets/layers/words.txt", "a\nb")
        archive.writestr("model.weights.h5", b"weights")

    with open_archive(written(tmp_path / "m.keras", fill)) as archive:
        assert archive.config("config.json") == {"class_name": "Sequential"}
        assert archive.assets() == {"layers/words.txt": b"a\nb"}
        assert archive.region("model.weights.h5")[0:7] == b"weights"


def test_compressed_members_are_read_too(tmp_path: Path) -> None:
    path = written(
        tmp_path / "m.keras",
        lambda archive: archive.writestr("model.weights.h5", b"w" * 5000),
        zipfile.ZIP_DEFLATED,
    )
    with open_archive(path) as archive:
        region = archive.region("model.weights.h5")
        assert len(region) == 5000
        assert region[4990:6000] == b"w" * 10


def named(name: str) -> Fill:
    return lambda archive: archive.writestr(zipfile.ZipInfo(name), b"x")


def doubled(archive: zipfile.ZipFile) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", "{}")


def linked(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("assets/link")
    info.external_attr = 0o120777 << 16
    archive.writestr(info, "/etc/passwd")


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (doubled, "occurs twice"),
        (linked, "is a symbolic link"),
        (named("/etc/passwd"), "absolute name"),
        (named("C:evil"), "another system"),
        (named("assets\\..\\evil"), "another system"),
        (named("../evil"), "leads elsewhere"),
        (named("assets/../../evil"), "leads elsewhere"),
        (named("assets//evil"), "leads elsewhere"),
        (named("assets/\x1b[31m"), "cannot be printed"),
        (
            lambda archive: archive.writestr("a", b"x", zipfile.ZIP_BZIP2),
            "compressed by method 12",
        ),
    ],
)
def test_members_that_no_honest_archive_has_are_refused(
    fill: Fill, words: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "m.keras", fill)
    with pytest.raises(FileFormatError, match=words) as caught, open_archive(path):
        pass
    assert str(caught.value).isprintable()


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "m.keras", named("secret"))
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match="is encrypted"), open_archive(path):
        pass


def test_a_member_that_expands_to_far_more_is_refused(tmp_path: Path) -> None:
    path = written(
        tmp_path / "m.keras",
        lambda archive: archive.writestr("model.weights.h5", bytes(4_000_000)),
        zipfile.ZIP_DEFLATED,
    )
    with (
        open_archive(path) as archive,
        pytest.raises(FileFormatError, match="declares far more data than the archive stores"),
    ):
        archive.region("model.weights.h5")


def test_a_member_that_declares_less_than_it_holds_is_cut_off(tmp_path: Path) -> None:
    path = written(
        tmp_path / "m.keras",
        lambda archive: archive.writestr("model.weights.h5", bytes(500_000)),
        zipfile.ZIP_DEFLATED,
    )
    data = bytearray(path.read_bytes())
    header = data.rindex(b"PK\x01\x02")
    data[header + 24 : header + 28] = struct.pack("<I", 10)
    path.write_bytes(data)
    with open_archive(path) as archive, pytest.raises(FileFormatError, match="damaged"):
        archive.region("model.weights.h5")


def test_many_small_members_share_one_budget(tmp_path: Path) -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        for number in range(8):
            archive.writestr(f"assets/{number}", bytes(900_000))

    path = written(tmp_path / "m.keras", fill, zipfile.ZIP_DEFLATED)
    limits = ReadLimits(total_bytes=4_000_000)
    with (
        open_archive(path, limits) as archive,
        pytest.raises(FileFormatError, match="at most 4000000 bytes"),
    ):
        archive.assets()


def test_a_config_has_a_size(tmp_path: Path) -> None:
    path = written(tmp_path / "m.keras", lambda archive: archive.writestr("other.json", "{}" * 99))
    with (
        open_archive(path, ReadLimits(json_bytes=100)) as archive,
        pytest.raises(FileFormatError, match="json_bytes"),
    ):
        archive.config("other.json")


@pytest.mark.parametrize("text", [b"[1]", b"{", b"\xff", b'{"a":' * 300 + b"1" + b"}" * 300])
def test_a_config_is_a_json_object(text: bytes, tmp_path: Path) -> None:
    path = written(tmp_path / "m.keras", lambda archive: archive.writestr("other.json", text))
    with open_archive(path) as archive, pytest.raises(FileFormatError, match=r"'other\.json'"):
        archive.config("other.json")


def test_a_missing_config_names_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photo.jpg", b"")
    with (
        open_archive(path) as found,
        pytest.raises(FileFormatError, match=r"no member 'config\.json'.*Received: photo\.jpg"),
    ):
        found.config("config.json")


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.95, 0.999])
def test_a_cut_archive_is_refused(kept: float, tmp_path: Path) -> None:
    path = written(
        tmp_path / "m.keras", lambda archive: archive.writestr("model.weights.h5", os.urandom(3000))
    )
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(FileFormatError, match="damaged"), open_archive(path):
        pass


def test_a_flipped_bit_in_the_weights_is_found(tmp_path: Path) -> None:
    path = written(
        tmp_path / "m.keras", lambda archive: archive.writestr("model.weights.h5", bytes(3000))
    )
    data = bytearray(path.read_bytes())
    data[data.index(bytes(1000)) + 500] = 1
    path.write_bytes(data)
    with open_archive(path) as archive, pytest.raises(FileFormatError, match="Bad CRC"):
        archive.region("model.weights.h5")


def test_a_list_of_members_has_a_size(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("config.json", "{}")
    data = buffer.getvalue()
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry, count = data[start:end], 80_000
    record = bytearray(data[end:])
    record[12:16] = struct.pack("<I", len(entry) * count)
    path.write_bytes(data[:start] + entry * count + bytes(record))
    with pytest.raises(FileFormatError, match="list of members"), open_archive(path):
        pass


def test_only_the_content_tells_an_archive(tmp_path: Path) -> None:
    path = written(tmp_path / "model.h5", named("a"))
    other = tmp_path / "model.keras"
    other.write_bytes(b"\x89HDF\r\n\x1a\n")
    assert is_archive(path)
    assert not is_archive(other)
    assert not is_archive(tmp_path)
    with pytest.raises(FileFormatError, match="no zip archive"), open_archive(other):
        pass
