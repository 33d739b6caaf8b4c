"""Damaged and malicious model files by the thousand: reading each must end well.

    python tools/fuzz.py [--count 10000] [--seed 0] [--workers 2] [--kinds h5 keras onnx]

Well means: success, or an error that konnx itself raised, in less than 10 seconds, with less than
1 GB more memory than the undamaged file needs, without running code, opening a connection or
writing a file. The files are made from those in tests/goldens and from models exported on the spot.
A file that ends otherwise is kept, and its path, seed and outcome are printed; the exit code is
then 1.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import difflib  # noqa: F401  # so that naming what is like an unknown class unmarshals no module
import io
import json
import multiprocessing
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

GOLDENS = Path(__file__).parents[1] / "tests" / "goldens"
LIMIT_SECONDS, LIMIT_BYTES = 10.0, 1 << 30
LARGEST_SEED_FILE = 300_000
NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**40, 2**63 - 1, 2**64 - 1)
TEXTS = ("", "\x00", "../../etc/passwd", "Lambda", "os.system", "é" * 40, "[" * 2000, "{}", "1e999")

Mutate = Callable[[bytes, random.Random], bytes]


# Making files ---------------------------------------------------------------------------------


def seed_files(folder: Path) -> dict[str, list[Path]]:
    """Return undamaged files by kind; those that are ONNX are made in the folder."""
    return {
        "h5": _small(GOLDENS.rglob("*.h5")),
        "keras": _small(GOLDENS.rglob("*.keras")),
        "onnx": [*_small(GOLDENS.rglob("*.onnx")), *_exported(folder)],
    }


def _small(paths: Iterator[Path]) -> list[Path]:
    return sorted(path for path in paths if path.stat().st_size <= LARGEST_SEED_FILE)


def _exported(folder: Path) -> list[Path]:
    from konnx.layers import GRU, LSTM, Bidirectional, Conv2D, Dense, Flatten, MaxPooling2D
    from konnx.models import Sequential

    stacks = {
        "mlp": [Dense(4, activation="relu", input_shape=(3,)), Dense(2, activation="softmax")],
        "cnn": [Conv2D(4, 3, input_shape=(8, 8, 1)), MaxPooling2D(), Flatten(), Dense(2)],
        "rnn": [Bidirectional(LSTM(3, return_sequences=True), input_shape=(5, 2)), GRU(2)],
        "loop": [LSTM(3, activation="elu", input_shape=(5, 2))],
    }
    paths = []
    for name, layers in stacks.items():
        paths.append(folder / f"{name}.onnx")
        Sequential(layers).export(paths[-1])
    return paths


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
MUTATIONS: dict[str, tuple[Mutate, ...]] = {
    "h5": (*BYTES, change_attributes, change_attributes),
    "keras": (*BYTES, change_members, change_members, change_members, change_members),
    "onnx": (*BYTES, change_protobuf, change_protobuf, change_protobuf, change_protobuf),
}


def damaged(source: Path, kind: str, seed: int) -> tuple[bytes, str]:
    """Return the damaged content of a file, and the name of what was done to it."""
    chance = random.Random(seed)
    mutate = chance.choice(MUTATIONS[kind])
    return mutate(source.read_bytes(), chance), mutate.__name__


# Reading them ---------------------------------------------------------------------------------


def read_keras(path: str) -> None:
    """Load a Keras file, and export it."""
    from konnx.converters import load_model, to_onnx

    model = load_model(path)
    if model.built:
        to_onnx(model)


def read_onnx(path: str) -> None:
    """Load an ONNX file as a model, and describe it."""
    from konnx.cli.descriptions import describe_onnx
    from konnx.cli.onnx_files import read_onnx as parsed
    from konnx.converters import from_onnx

    describe_onnx(Path(path), parsed(path))
    from_onnx(path)


READERS = {"h5": read_keras, "keras": read_keras, "onnx": read_onnx}
FORBIDDEN = {"subprocess.Popen", "os.system", "os.exec", "socket.connect", "marshal.loads"}


def outcome(read: Callable[[str], None], path: str, breaches: list[str]) -> str:
    """Return how reading a file ended: "success", "refused", or what is wrong."""
    breaches.clear()
    try:
        read(path)
        result = "success"
    except ValueError as error:
        result = "refused" if _is_konnx_own(error) else f"foreign error: {_trace(error)}"
    except BaseException as error:
        result = f"{type(error).__name__}: {_trace(error)}"
    return f"forbidden: {breaches[0]}" if breaches else result


def _is_konnx_own(error: BaseException) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    package = os.sep + os.path.join("konnx", "")
    own = tuple(os.sep + name + os.sep for name in ("konnx", "converters", "runtime", "cli"))
    return bool(frames) and (
        package in frames[-1].filename or any(o in frames[-1].filename for o in own)
    )


def _trace(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{str(error)[:200]!r} in {frame.filename}:{frame.lineno}"


def serve(pipe: Connection) -> None:
    """Read the files that come through a pipe, and answer how each ended."""
    warnings.simplefilter("ignore")
    for kind in READERS:  # so that what is imported later is imported because of a file
        with contextlib.suppress(Exception):
            READERS[kind](str(next(iter(_small(GOLDENS.rglob(f"*.{kind}"))))))
    breaches: list[str] = []
    sys.addaudithook(lambda event, arguments: _watch(event, arguments, breaches))
    while (job := pipe.recv()) is not None:
        kind, path = job
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        result = outcome(READERS[kind], path, breaches)
        if time.perf_counter() - start > LIMIT_SECONDS:
            result = f"slow: {time.perf_counter() - start:.1f} s"
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used) * 1024
        pipe.send(f"memory: {more:,} bytes more" if more > LIMIT_BYTES else result)


def _watch(event: str, arguments: tuple[Any, ...], breaches: list[str]) -> None:
    if event in FORBIDDEN or event.startswith("pickle."):
        breaches.append(f"{event} {arguments!r:.200}")
    if (
        event == "open"
        and isinstance(arguments[2], int)
        and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    ):
        breaches.append(f"written: {arguments[0]!r:.200}")


class Worker:
    """A process that reads files; a new one takes over where one crashes or hangs."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=serve, args=(other,), daemon=True)
        self._process.start()
        other.close()

    def send(self, kind: str, path: Path) -> None:
        """Hand a file over."""
        self._pipe.send((kind, str(path)))

    def result(self) -> str:
        """Wait for how it ended."""
        try:
            if self._pipe.poll(6 * LIMIT_SECONDS):
                return str(self._pipe.recv())
            result = "hang"
        except EOFError:
            self._process.join()
            result = f"crash: exit code {self._process.exitcode}"
        self._process.kill()
        self._start()
        return result

    def stop(self) -> None:
        """End the process."""
        self._pipe.send(None)
        self._process.join(5)


# ----------------------------------------------------------------------------------------------


def main() -> None:
    """Damage files, read them, and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kinds", nargs="+", default=list(READERS), choices=list(READERS))
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        files = seed_files(Path(scratch))
        kinds = [kind for kind in arguments.kinds if files[kind]]
        failures = fuzz(arguments, kinds, files, Path(scratch))
    sys.exit(1 if failures else 0)


def fuzz(
    arguments: argparse.Namespace,
    kinds: Sequence[str],
    files: dict[str, list[Path]],
    scratch: Path,
) -> int:
    """Read as many damaged files as asked for; return how many ended badly."""
    workers = [Worker() for _ in range(arguments.workers)]
    totals: collections.Counter[tuple[str, str]] = collections.Counter()
    failures = 0
    numbers = iter(range(arguments.seed, arguments.seed + arguments.count))
    while batch := [number for _, number in zip(workers, numbers, strict=False)]:
        jobs = []
        for worker, number in zip(workers, batch, strict=False):
            kind = kinds[number % len(kinds)]
            sources = files[kind]
            source = sources[number // len(kinds) % len(sources)]
            content, done = damaged(source, kind, number)
            path = scratch / f"damaged-{number}.{kind}"
            path.write_bytes(content)
            worker.send(kind, path)
            jobs.append((worker, number, kind, f"{source.name} after {done}", path))
        for worker, number, kind, what, path in jobs:
            result = worker.result()
            totals[kind, result if result in ("success", "refused") else "BAD"] += 1
            if result not in ("success", "refused"):
                failures += 1
                arguments.keep.mkdir(exist_ok=True)
                kept = shutil.copy(path, arguments.keep)
                print(f"{kept} (seed {number}, {what}): {result}", flush=True)
            path.unlink()
    for worker in workers:
        worker.stop()
    for (kind, result), count in sorted(totals.items()):
        print(f"{kind:6}{result:10}{count:6}")
    return failures


if __name__ == "__main__":
    main()
