"""Damaged and malicious files by the thousand: reading each must end well.

    python tools/fuzz.py [--count 10000] [--seed 0] [--workers 2] [--kinds h5 keras onnx ...]

Well means: success, or an error that konnx itself raised, in less than 10 seconds, with less than
1 GB more memory than the undamaged file needs, without running code, opening a connection or
writing a file. `fuzz_kinds` says which files; the other modules here, what is done to them.
A file that ends otherwise is kept, and its path, seed and outcome are printed; the exit code is
then 1.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import difflib  # noqa: F401  # so that naming what is like an unknown class unmarshals no module
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
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fuzz_kinds import KINDS, seed_files

LIMIT_SECONDS, LIMIT_BYTES = 10.0, 1 << 30


def damaged(source: Path, kind: str, seed: int) -> tuple[bytes, str]:
    """Return the damaged content of a file, and the name of what was done to it."""
    chance = random.Random(seed)
    mutate = chance.choice(KINDS[kind].mutations)
    return mutate(source.read_bytes(), chance), mutate.__name__


# Reading them ---------------------------------------------------------------------------------


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
    with tempfile.TemporaryDirectory() as scratch:
        for kind, paths in seed_files(Path(scratch)).items():
            # What is imported later is imported because of a file.
            with contextlib.suppress(Exception):
                KINDS[kind].read(str(paths[0]))
    breaches: list[str] = []
    sys.addaudithook(lambda event, arguments: _watch(event, arguments, breaches))
    pipe.send("ready")
    while (job := pipe.recv()) is not None:
        kind, path = job
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.process_time()  # the machine may have other work
        result = outcome(KINDS[kind].read, path, breaches)
        if time.process_time() - start > LIMIT_SECONDS:
            result = f"slow: {time.process_time() - start:.1f} s"
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
        self._pipe.recv()  # it is ready

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
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    arguments = parser.parse_args()
    sys.setrecursionlimit(20_000)  # what is made here may be deep
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
            path = scratch / f"damaged-{number}{source.suffix}"
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
        print(f"{kind:10}{result:10}{count:6}")
    return failures


if __name__ == "__main__":
    main()
