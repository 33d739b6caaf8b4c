"""What the workers of a queue do: they read batches, and send them or what went wrong."""

from __future__ import annotations

import pickle
import queue
import random
import signal
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np

PATIENCE = 0.1  # seconds between looks at whether a queue was stopped or a process has died

_shared: list[Any] = []


def share(sequence: Any) -> None:
    """In a worker process: keep the data set; an interrupt is for the process that reads."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _shared[:] = [sequence]


def shared_item(index: int, seed: list[int]) -> Any:
    """In a worker process: return a batch."""
    [mixed] = np.random.SeedSequence(seed).generate_state(1)
    random.seed(int(mixed))
    np.random.seed(mixed)  # noqa: NPY002 - the generator that users' code draws from
    try:
        return _shared[0][index]
    except Exception as error:
        if (told := _sendable(error)) is not error:
            raise told from error
        raise


def _sendable(error: BaseException) -> BaseException:
    """Return an error that another process can read: itself, or else one that says it in words."""
    try:
        # Its own; some exceptions can be written but not be read back.
        pickle.loads(pickle.dumps(error))  # noqa: S301
    except Exception:
        return RuntimeError(f"{type(error).__name__} in a worker process: {error}")
    return error


class WorkerTraceback(Exception):  # noqa: N818 - a text, given as the cause of an error
    """Where in a worker process an error was raised."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


def fill(generator: Iterator[Any], items: Any, stopped: Any) -> None:
    """Put what a generator yields into a queue, then how it ended."""
    try:
        for item in generator:
            if not _put(items, ("batch", item), stopped):
                return
    except BaseException as error:  # the user's own, also SystemExit, which the reader raises
        _put(items, ("error", error), stopped)
    else:
        _put(items, ("end", None), stopped)


def _put(items: Any, item: tuple[str, Any], stopped: Any) -> bool:
    """Wait for room in a queue; False if it was stopped meanwhile."""
    while not stopped.is_set():
        try:
            items.put(item, timeout=PATIENCE)
        except queue.Full:
            continue
        return True
    return False


def fill_as_process(generator: Iterator[Any], items: Any, stopped: Any, seed: int) -> None:
    """In a worker process: the same, with random numbers of its own."""
    share(generator)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the generator that users' code draws from
    fill(generator, _Pickled(items), stopped)


class _Pickled:
    """A queue between processes that says at once what cannot be sent.

    `multiprocessing.Queue` pickles in a thread of its own, and only prints what fails there; the
    reader would then wait for ever.
    """

    def __init__(self, items: Any) -> None:
        self._items = items

    def put(self, item: tuple[str, Any], timeout: float) -> None:
        kind, content = item
        if kind == "error":
            item = kind, (_sendable(content), "".join(traceback.format_exception(content)))
        try:
            sent = pickle.dumps(item, pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            raise TypeError(
                "A worker process cannot send what the generator yielded "
                f"({type(content).__name__}): {error}. Yield NumPy arrays, or use "
                "use_multiprocessing=False."
            ) from error
        self._items.put(sent, timeout=timeout)


def unpickled(sent: bytes) -> tuple[str, Any]:
    """Return what a worker process sent."""
    # From this process's own workers, through a pipe that only they have.
    kind, content = pickle.loads(sent)  # noqa: S301
    if kind == "error":
        content, text = content
        content.__cause__ = WorkerTraceback(text)
    return kind, content
