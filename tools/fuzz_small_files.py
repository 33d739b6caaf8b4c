"""Arrays, pickles, pictures and texts that are not what they say."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib

from fuzz_archives import change_archive, written, zeros


def change_npz(content: bytes, chance: random.Random) -> bytes:
    """Write an archive of arrays whose headers lie."""
    if chance.random() < 0.5:
        return change_archive(content, chance)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(one, archive.read(one)) for one in archive.infolist()]
    info, data = chance.choice(members)
    shape = chance.choice(("(1099511627776,)", "(-1,)", "(2, 1e9)", "()", "(1,) * 99", "[2]", "x"))
    descr = chance.choice(("'<f4'", "'|O'", "'<f999999999'", "[('a', '<f4')]", "'|V0'", "'<U9'"))
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    version = chance.choice((b"\1\0", b"\2\0", b"\3\0", b"\x09\0"))
    size = struct.pack("<H" if version == b"\1\0" else "<I", len(header))
    lying = b"\x93NUMPY" + version + size + header + data[-64:]
    return written([(one, lying if one is info else held) for one, held in members])


def change_pickle(content: bytes, chance: random.Random) -> bytes:
    """Put an instruction into a pickle."""
    codes = (
        b"cos\nsystem\n", b"\x93", b"R", b"\x81", b"b", b"i", b"o", b"2" * 40, b"(" * 2000, b"l",
        b"\x8d" + (1 << 60).to_bytes(8, "little"), b"B\xff\xff\xff\x7f", b"r\xff\xff\xff\x7f", b"e",
        b"X\xff\xff\xff\xff", b"]q\x00h\x00a", b"\x85" * 3000, b"V\\ud800\n", b"I99999999\n", b".",
    )  # fmt: skip
    place = chance.randrange(2, len(content))
    return content[:place] + chance.choice(codes) + content[place:]


def change_gzip(content: bytes, chance: random.Random) -> bytes:
    """Change what is within a gzip file, or let it swell."""
    import gzip

    if chance.random() < 0.2:
        return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + zeros(2500)
    inner = bytearray(gzip.decompress(content))
    inner[chance.randrange(min(16, len(inner)))] = chance.choice((0, 1, 8, 127, 255))
    return gzip.compress(bytes(inner), 1)


def change_picture(content: bytes, chance: random.Random) -> bytes:
    """A picture of other sizes than it has, with the sums that fit."""
    changed = bytearray(content)
    at = changed.find(b"IHDR")
    if at < 0:
        return content[: len(content) // 2]
    for offset in (4, 8):
        size = chance.choice((0, 1, 8, 100_000, 0x7FFFFFFF, 0xFFFFFFFF))
        struct.pack_into(">I", changed, at + offset, size)
    changed[at + 12] = chance.choice((1, 8, 16, 200))
    struct.pack_into(">I", changed, at + 17, zlib.crc32(changed[at : at + 17]))
    return bytes(changed)


def change_text(content: bytes, chance: random.Random) -> bytes:
    """Odd cells and bytes in lines of text."""
    cells = (b"nan", b"1e999", b"", b'"', b"\0", b"\xff\xfe", b"9" * 5000, b"x" * 200_000, b",,,,",
             b"[" * 3000, b"\r", b"\xef\xbb\xbf", b"=1+1")  # fmt: skip
    place = chance.randrange(len(content))
    return content[:place] + chance.choice(cells) + content[place + chance.choice((0, 1, 9)) :]
