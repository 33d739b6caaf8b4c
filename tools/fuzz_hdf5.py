"""HDF5 files and `.keras` archives with links, data sets and types where none belong."""

from __future__ import annotations

import contextlib
import io
import random
import zipfile
import zlib
from typing import Any

from fuzz_archives import written
from fuzz_json import change_json


def change_hdf5(content: bytes, chance: random.Random) -> bytes:
    """Put a link, a data set or a type where none belongs."""
    import h5py

    stream = io.BytesIO(content)
    with h5py.File(stream, "r+") as file:
        items: list[Any] = []
        file.visititems(lambda _, item: items.append(item))
        sets = [item for item in items if isinstance(item, h5py.Dataset)]
        groups = [file, *[item for item in items if isinstance(item, h5py.Group)]]
        place = chance.choice(sets).name if sets and chance.random() < 0.8 else "/extra"
        with contextlib.suppress(ValueError, OSError, TypeError, RuntimeError, KeyError):
            # HDF5 itself does not write everything.
            chance.choice(_HDF5)(h5py, file, place, chance.choice(groups).name, chance)
    return stream.getvalue()


def _in_place(file: Any, place: str, value: Any) -> None:
    if place in file:
        del file[place]
    file[place] = value


def _external_link(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    target = chance.choice(("/etc/passwd", "other.h5", "/proc/self/mem"))
    _in_place(file, place, h5py.ExternalLink(target, "/a"))


def _soft_cycle(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    _in_place(file, place, h5py.SoftLink(chance.choice((place, group, "/", "/nothing"))))


def _hard_cycle(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    file[group]["loop"] = file[chance.choice((group, "/"))]


def _virtual(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(chance.choice((".", "/etc/passwd")), "/a", (4,))
    if place in file:
        del file[place]
    file.create_virtual_dataset(place, layout)


def _stored_elsewhere(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    if place in file:
        del file[place]
    file.create_dataset(place, (4,), "u1", external=[("/etc/passwd", 0, 4)])


def _huge(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    shape = chance.choice(((1 << 40,), (1 << 31, 4), (1 << 20, 1 << 20), (1,) * 32, (0, 4)))
    chunks = chance.choice((None, tuple(min(one, 64) for one in shape)))
    if place in file:
        del file[place]
    options = {"compression": "gzip"} if chunks else {}
    file.create_dataset(place, shape, "f4", chunks=chunks, **options)


def _packed(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    """Two gigabytes of one number in a few kilobytes."""
    if place in file:
        del file[place]
    size = 1 << 24
    data = file.create_dataset(
        place, (size * 32,), "f4", chunks=(size,), compression="gzip", shuffle=True
    )
    packed = zlib.compress(bytes(4 * size), 1)
    for index in range(32):
        data.id.write_direct_chunk((index * size,), packed)


def _other_type(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    import numpy as np

    kinds = (
        h5py.special_dtype(vlen=str), h5py.special_dtype(ref=h5py.Reference), "c16", "S3", "i8",
        h5py.special_dtype(vlen=np.dtype("f4")), [("a", "f4"), ("b", "i2")], "f2", ">f8", "?",
        h5py.opaque_dtype("M8[s]"), ("f4", (2, 2)), h5py.special_dtype(enum=("i4", {"A": 1})),
    )  # fmt: skip
    shape = file[place].shape if place in file else (2,)
    if place in file:
        del file[place]
    file.create_dataset(place, shape, chance.choice(kinds))


def _deep_groups(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    file.create_group(group.rstrip("/") + "/g" * chance.choice((10, 600)) + "x")


def _many(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    for index in range(3000):
        file[group].create_group(f"g{index}")


def _odd_attribute(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    import numpy as np

    holder = file[chance.choice((group, "/"))]
    name = chance.choice((*holder.attrs, "weight_names", "layer_names", "keras_version"))
    value = chance.choice((
        np.zeros((0, 3)), np.array([b"a"] * 500), [b"x" * 999], h5py.Empty("f4"), holder.ref,
        np.full((4, 4), 2**62), np.array(["a", "b"], h5py.special_dtype(vlen=str)), np.nan,
    ))  # fmt: skip
    holder.attrs[name] = value


def _changed_texts(h5py: Any, file: Any, place: str, group: str, chance: random.Random) -> None:
    """Change the structure of the configs in the attributes."""
    for name in ("model_config", "training_config"):
        text = file.attrs.get(name)
        if isinstance(text, str | bytes):
            content = text if isinstance(text, bytes) else text.encode()
            file.attrs[name] = change_json(content, chance)


_HDF5 = (
    _external_link, _soft_cycle, _hard_cycle, _virtual, _stored_elsewhere, _huge, _packed,
    _other_type, _other_type, _deep_groups, _many, _odd_attribute, _odd_attribute,
    *[_changed_texts] * 9,
)  # fmt: skip


# Archives of Keras ---------------------------------------------------------------------------


def change_config(content: bytes, chance: random.Random) -> bytes:
    """Change the structure of the config in a `.keras` archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(one, archive.read(one)) for one in archive.infolist()]
    return written(
        [
            (one, change_json(data, chance) if one.filename == "config.json" else data)
            for one, data in members
        ]
    )


def change_weights(content: bytes, chance: random.Random) -> bytes:
    """Change the structure of the weights in a `.keras` archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(one, archive.read(one)) for one in archive.infolist()]
    return written(
        [
            (one, change_hdf5(data, chance) if one.filename.endswith(".h5") else data)
            for one, data in members
        ]
    )
