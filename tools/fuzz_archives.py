"""Zip archives whose entries lie, hide, overlap or swell."""

from __future__ import annotations

import io
import random
import stat
import struct
import zipfile
import zlib


def zeros(size: int) -> bytes:
    """A stream of deflate that gives so many MB of zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * size + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


def change_archive(content: bytes, chance: random.Random) -> bytes:
    """Write an archive whose entries lie, hide, overlap or swell."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(one, archive.read(one)) for one in archive.infolist()]
    trick = chance.choice((_twice, _linked, _elsewhere, _extra, _lying, _lying, _swollen))
    return trick(members, chance)


Members = list[tuple[zipfile.ZipInfo, bytes]]


def written(members: Members) -> bytes:
    """Return an archive of members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for info, data in members:
            archive.writestr(info, data)
    return stream.getvalue()


def _twice(members: Members, chance: random.Random) -> bytes:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return written([*members, chance.choice(members)])


def _linked(members: Members, chance: random.Random) -> bytes:
    info, _ = chance.choice(members)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return written([(one, b"/etc/passwd" if one is info else data) for one, data in members])


def _elsewhere(members: Members, chance: random.Random) -> bytes:
    info, _ = chance.choice(members)
    info.filename = chance.choice(("/", "../", "a\\..\\", "\x00", "C:")) + info.filename
    return written(members)


def _extra(members: Members, chance: random.Random) -> bytes:
    names = [f"{chance.random()}" for _ in range(chance.choice((1, 70_000)))]
    return written([*members, *[(zipfile.ZipInfo(name), b"") for name in names]])


def _lying(members: Members, chance: random.Random) -> bytes:
    """Change one field of an entry of the directory at the end."""
    changed = bytearray(written(members))
    entries = [i for i in range(len(changed)) if changed.startswith(b"PK\1\2", i)]
    place = chance.choice(entries)
    field, form = chance.choice((
        (8, "<H"), (10, "<H"), (16, "<I"), (20, "<I"), (24, "<I"), (28, "<H"), (30, "<H"),
        (32, "<H"), (42, "<I"),
    ))  # fmt: skip
    first = struct.unpack_from("<I", changed, entries[0] + 42)[0]
    value = chance.choice((0, 1, 8, 99, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFE, 1 << 31, first))
    struct.pack_into(form, changed, place + field, value & (0xFFFF if form == "<H" else 2**32 - 1))
    return bytes(changed)


def _swollen(members: Members, chance: random.Random) -> bytes:
    """A member of two gigabytes in two megabytes; its size is told, or is told wrong."""
    info, _ = chance.choice(members)
    size = 2000
    stream = zeros(size)
    told = chance.choice((size << 20, 1000))
    name = info.filename.encode()
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 8, 0, 33, 0, len(stream), told,
                        len(name), 0)  # fmt: skip
    bomb = local + name + stream
    others = written([(one, data) for one, data in members if one is not info])
    with zipfile.ZipFile(io.BytesIO(others)) as archive:
        start = archive.start_dir
    directory = bytearray(others[start:-22])
    directory += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 8, 0, 33, 0, len(stream),
                             told, len(name), 0, 0, 0, 0, 0, start)  # fmt: skip
    directory += name
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, len(members), len(members), len(directory),
                      start + len(bomb), 0)  # fmt: skip
    return others[:start] + bomb + bytes(directory) + end
