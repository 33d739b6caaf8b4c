"""Damage to files of any kind: to their bytes, to the fields of what they hold."""

from __future__ import annotations

import contextlib
import io
import json
import random
import zipfile
from collections.abc import Callable
from typing import Any

NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**40, 2**63 - 1, 2**64 - 1)
TEXTS = ("", "\x00", "../../etc/passwd", "Lambda", "os.system", "é" * 40, "[" * 2000, "{}", "1e999")

Mutate = Callable[[bytes, random.Random], bytes]


def flip_bits(content: bytes, chance: random.Random) -> bytes:
    """Flip from one to 64 bits anywhere."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 2, 8, 64))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def truncate(content: bytes, chance: random.Random) -> bytes:
    """Cut off the end."""
    return content[: chance.randrange(len(content))]


def set_numbers(content: bytes, chance: random.Random) -> bytes:
    """Write sizes at the edge of what fits where sizes may stand."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 2, 4))):
        width = chance.choice((1, 2, 4, 8))
        number = chance.choice(NUMBERS) & (1 << 8 * width) - 1
        place = chance.randrange(max(len(changed) - width, 1)) // width * width
        changed[place : place + width] = number.to_bytes(width, "little")
    return bytes(changed)


def move_blocks(content: bytes, chance: random.Random) -> bytes:
    """Write one part over another, as a pointer to the wrong place would read it."""
    changed = bytearray(content)
    size = chance.randrange(1, min(4096, len(changed)))
    source, target = (chance.randrange(len(changed) - size + 1) for _ in range(2))
    changed[target : target + size] = content[source : source + size]
    return bytes(changed)


def change_attributes(content: bytes, chance: random.Random) -> bytes:
    """Change what a well-formed HDF5 file says of itself."""
    import h5py

    stream = io.BytesIO(content)
    with h5py.File(stream, "r+") as file:
        holders: list[Any] = [file]
        file.visititems(lambda _, item: holders.append(item))
        for _ in range(chance.choice((1, 2))):
            holder = chance.choice(holders)
            name = chance.choice([*holder.attrs, "weight_names", "layer_names", "model_config"])
            with contextlib.suppress(ValueError, OSError, TypeError):  # what HDF5 cannot hold
                holder.attrs[name] = changed_value(holder.attrs.get(name), chance)
    return stream.getvalue()


def changed_value(value: Any, chance: random.Random) -> Any:
    """Return something that an attribute may hold in place of a value."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str) and chance.random() < 0.8:
        with contextlib.suppress(ValueError):
            return json.dumps(changed_json(json.loads(value), chance))
    return chance.choice(
        (chance.choice(TEXTS), chance.choice(NUMBERS[:8]), [b"a", b"b"], 1.5, b"\xff\xfe", [])
    )


def changed_json(value: Any, chance: random.Random) -> Any:
    """Return a JSON value with one part of it replaced, at any depth."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        return {**value, key: changed_json(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        place = chance.randrange(len(value))
        return [*value[:place], changed_json(value[place], chance), *value[place + 1 :]]
    return chance.choice(
        (None, True, -1, 0, 1 << 40, 1.5, *TEXTS[:6], [], {}, [[]], {"class_name": "Lambda"}, value)
    )


def change_members(content: bytes, chance: random.Random) -> bytes:
    """Change one member of a zip archive, and write the archive anew."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(list(members))
    if name.endswith(".json"):
        members[name] = json.dumps(changed_json(json.loads(members[name]), chance)).encode()
    elif name.endswith(".h5"):
        members[name] = chance.choice((*BYTES, change_attributes))(members[name], chance)
    renamed = {name: chance.choice((name, *TEXTS[2:4]))} if chance.random() < 0.2 else {}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", chance.choice((0, 8))) as archive:
        for member, data in members.items():
            archive.writestr(renamed.get(member, member), data)
    return stream.getvalue()


def change_protobuf(content: bytes, chance: random.Random) -> bytes:
    """Change some fields of a well-formed ONNX model."""
    import onnx

    model = onnx.ModelProto.FromString(content)
    for _ in range(chance.choice((1, 1, 3))):
        _change_message(model, chance)
    return model.SerializeToString()


def _change_message(message: Any, chance: random.Random) -> None:
    fields = message.ListFields()
    if not fields:
        return
    field, value = chance.choice(fields)
    repeated = hasattr(value, "append") and not isinstance(value, str | bytes)
    if field.message_type is not None:
        if repeated and chance.random() < 0.1:
            del value[chance.randrange(len(value))]
        else:
            _change_message(chance.choice(list(value)) if repeated else value, chance)
        return
    if repeated:
        if len(value):
            value[chance.randrange(len(value))] = _changed_scalar(value[0], chance)
    else:
        with contextlib.suppress(ValueError):  # an enumeration has few values
            setattr(message, field.name, _changed_scalar(value, chance))


def _changed_scalar(value: Any, chance: random.Random) -> Any:
    if isinstance(value, str):
        return chance.choice(TEXTS)
    if isinstance(value, bytes):
        return chance.choice((b"", value[: len(value) // 2], value * 2))
    if isinstance(value, float):
        return chance.choice((0.0, float("inf"), float("nan"), -1.0))
    return chance.choice((0, 1, -1, 2, 127, 1 << 20, (1 << 31) - 1))


BYTES: tuple[Mutate, ...] = (flip_bits, truncate, set_numbers, move_blocks)
