"""Queues that fetch batches ahead, by threads or processes, while the model computes.

Processes begin as copies of this one (fork) where the system has that: data sets and generators
then need not be picklable, and scripts need no `if __name__ == "__main__"`. The copies run only
the user's code, never ONNX Runtime, whose threads they lack. Elsewhere they start anew (spawn).
"""

from __future__ import annotations

import itertools
import multiprocessing
import queue
import threading
import warnings
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

import numpy as np

from konnx.utils.random import draw_seed, random_places
from konnx.utils.workers import (
    PATIENCE,
    fill,
    fill_as_process,
    share,
    shared_item,
    unpickled,
)

if TYPE_CHECKING:
    from konnx.utils.sequence import Sequence

_FAREWELL = 5.0  # seconds that a worker in the middle of a batch is given to end
_LAST_BATCH = 0.5  # the same for a process that reads a Sequence

# Batches that are being read, with their numbers, and the numbers of those left in the epoch.
_Pending = tuple[deque[tuple[int, Future[Any]]], Iterator[int]]


def batch_order(sequence: Sequence, shuffle: bool) -> list[int]:
    """Return the numbers of the batches of an epoch in the order in which to read them.

    Raises:
        ValueError: there are none.
    """
    order = list(range(len(sequence)))
    if not order:
        raise ValueError(f"The sequence {type(sequence).__name__} has no batches: its len() is 0.")
    if shuffle:
        np.random.shuffle(order)  # noqa: NPY002 - the generator that Keras scripts seed
    return order


class SequenceEnqueuer(ABC):
    """A queue of batches that workers fill: `start`, read `get()`, `stop`.

    `with` starts none but stops in the end.
    """

    _running = False

    def is_running(self) -> bool:
        """Tell whether it was started and not stopped."""
        return self._running

    @abstractmethod
    def start(self, workers: int = 1, max_queue_size: int = 10) -> None:
        """Begin to fetch.

        Args:
            workers: how many threads or processes.
            max_queue_size: the most batches that wait.
        """

    @abstractmethod
    def stop(self, timeout: float | None = None) -> None:
        """End the workers; batches that wait are dropped.

        Args:
            timeout: seconds to wait for one that is in the middle of a batch.
        """

    @abstractmethod
    def get(self) -> Iterator[Any]:
        """Yield batches as long as there are any; what a worker raises is raised here."""

    def __enter__(self) -> SequenceEnqueuer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class OrderedEnqueuer(SequenceEnqueuer):
    """Fetches the batches of a `Sequence`, epoch after epoch, in one order whoever fetches them.

    With processes the random numbers of a batch (of `random` and `numpy.random`) depend on nothing
    but the seed, the epoch and the batch, so that a run can be repeated; threads share one
    generator, so that only a single one is repeatable.

    Args:
        sequence: the data; `on_epoch_end` is called in this process, between epochs.
        use_multiprocessing: processes instead of threads.
        shuffle: read the batches in a new random order in each epoch.
    """

    def __init__(
        self, sequence: Sequence, use_multiprocessing: bool = False, shuffle: bool = False
    ) -> None:
        self.sequence = sequence
        self.use_multiprocessing = use_multiprocessing
        self.shuffle = shuffle
        self._executor: Executor | None = None

    def start(self, workers: int = 1, max_queue_size: int = 10) -> None:
        """Begin to fetch; see `SequenceEnqueuer.start`."""
        self._workers, self._ahead = max(1, workers), max(1, max_queue_size)
        self._seed = draw_seed() if self.use_multiprocessing else 0
        self._epoch = 0
        self._running, self._drawn = True, False
        self._pending = self._submitted_epoch(self._new_order())

    def stop(self, timeout: float | None = None) -> None:
        """End the workers; see `SequenceEnqueuer.stop`."""
        self._running = False
        self._close_executor(_LAST_BATCH if timeout is None else timeout)

    def get(self) -> Iterator[Any]:
        """Yield batches; see `SequenceEnqueuer.get`."""
        try:
            while self._running:
                batch = self._next_batch()
                if batch is not None:
                    yield batch
        finally:
            self.stop()

    def _next_batch(self) -> Any:
        waiting, left = self._pending
        try:
            batch = waiting.popleft()[1].result()
        except BrokenProcessPool as error:
            raise RuntimeError(
                f"A worker process that reads {type(self.sequence).__name__} ended before its "
                "batch was done: it was killed, perhaps for want of memory, or its code ended the "
                "process. Use fewer workers, or use_multiprocessing=False to see its errors."
            ) from error
        self._submit_more(waiting, left)
        if not waiting:  # so that the next epoch is fetched while the last batch is computed
            self._pending = self._submitted_epoch(self._next_epoch())
        return batch

    def _next_epoch(self) -> list[int]:
        self._drawn = self.draws
        self.sequence.on_epoch_end()
        self._epoch += 1
        return self._new_order()

    def _new_order(self) -> list[int]:
        order = batch_order(self.sequence, self.shuffle)
        self._places = random_places()
        return order

    @property
    def draws(self) -> bool:
        """Whether reading has moved the global generators of random numbers.

        Then what comes later depends on what was read: in a single thread, as several are not
        repeatable, and processes have generators of their own.
        """
        alone = self._workers == 1 and not self.use_multiprocessing
        return alone and (self._drawn or random_places() != self._places)

    def skip(self, count: int) -> None:
        """Go on `count` batches later, as if they had been read; none of them is read for that."""
        if not count:
            return
        waiting, left = self._pending
        running = [future for _, future in waiting if not future.cancel()]
        order = [index for index, _ in waiting] + list(left)
        wait(running)  # on_epoch_end is for a time when nobody reads
        while count >= len(order):
            count -= len(order)
            order = self._next_epoch()
        self._pending = self._submitted_epoch(order[count:])

    def _submitted_epoch(self, order: list[int]) -> _Pending:
        waiting: deque[tuple[int, Future[Any]]] = deque()
        left = iter(order)
        self._renew_executor()
        self._submit_more(waiting, left)
        return waiting, left

    def _submit_more(self, waiting: deque[tuple[int, Future[Any]]], left: Iterator[int]) -> None:
        assert self._executor is not None
        for index in itertools.islice(left, self._ahead - len(waiting)):
            if self.use_multiprocessing:
                seed = [self._seed, self._epoch, index]
                with _forking():
                    future = self._executor.submit(shared_item, index, seed)
            else:
                future = self._executor.submit(self.sequence.__getitem__, index)
            waiting.append((index, future))

    def _renew_executor(self) -> None:
        """Start workers; processes anew in each epoch, as `on_epoch_end` may change the data."""
        if self.use_multiprocessing:
            self._close_executor()
            self._executor = ProcessPoolExecutor(
                self._workers, _context(), initializer=share, initargs=(self.sequence,)
            )
        elif self._executor is None:
            self._executor = ThreadPoolExecutor(self._workers, "konnx-data")

    def _close_executor(self, timeout: float = _LAST_BATCH) -> None:
        executor, self._executor = self._executor, None
        if isinstance(executor, ProcessPoolExecutor):
            _end_processes(executor, timeout)
        elif executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)


def _end_processes(executor: ProcessPoolExecutor, timeout: float) -> None:
    """Let worker processes end the batch that they are at; those that do not are stopped.

    One that is stopped while it sends a batch leaves a part of it in the pipe, and the executor's
    thread would wait for the rest for ever: the pipe's other end, in this process, is closed then.
    """
    # Before Python 3.14 there is no public way to end processes in the middle of their work.
    inner: Any = executor
    thread, results = inner._executor_manager_thread, inner._result_queue
    processes = list((inner._processes or {}).values())
    executor.shutdown(wait=False, cancel_futures=True)
    if thread is None:  # nothing was ever asked of it
        return
    thread.join(timeout)
    if thread.is_alive():
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()
        results._writer.close()
        thread.join()


def _context() -> BaseContext:
    methods = multiprocessing.get_all_start_methods()
    return multiprocessing.get_context("fork" if "fork" in methods else "spawn")


@contextmanager
def _forking() -> Iterator[None]:
    """Python warns of forks where there are threads; these processes use none of them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*multi-threaded", category=DeprecationWarning)
        yield


class GeneratorEnqueuer(SequenceEnqueuer):
    """Fetches what a generator yields, in its order, in a thread.

    With processes each worker runs a copy of the generator: batches come as often as there are
    workers, in no fixed order, unless the generator knows better. Prefer a `Sequence`.

    Args:
        generator: yields batches, for ever or not.
        use_multiprocessing: processes instead of a thread.
        wait_time: not used; here nobody waits in intervals.
        seed: where the random numbers of worker processes begin, each at its own place.
    """

    def __init__(
        self,
        generator: Iterator[Any],
        use_multiprocessing: bool = False,
        wait_time: float = 0.05,
        seed: int | None = None,
    ) -> None:
        self._generator = generator
        self._use_multiprocessing = use_multiprocessing
        self._seed = seed
        self._workers: list[threading.Thread | BaseProcess] = []

    def start(self, workers: int = 1, max_queue_size: int = 10) -> None:
        """Begin to fetch; see `SequenceEnqueuer.start`."""
        self._running = True
        if self._use_multiprocessing:
            self._start_processes(max(1, workers), max_queue_size)
            return
        self._queue: Any = queue.Queue(max_queue_size)
        self._stopped: Any = threading.Event()
        # One is enough: a generator cannot do two steps at a time.
        arguments = (self._generator, self._queue, self._stopped)
        self._workers = [threading.Thread(target=fill, args=arguments, daemon=True)]
        self._workers[0].start()

    def _start_processes(self, workers: int, max_queue_size: int) -> None:
        context = _context()
        self._queue, self._stopped = context.Queue(max_queue_size), context.Event()
        seed = draw_seed() if self._seed is None else self._seed
        with _forking():
            for number in range(workers):
                arguments = (self._generator, self._queue, self._stopped, seed + number)
                process: Any = context.Process(  # type: ignore[attr-defined]  # every context has it
                    target=fill_as_process, args=arguments, daemon=True
                )
                self._workers.append(process)
                process.start()

    def stop(self, timeout: float | None = None) -> None:
        """End the workers; see `SequenceEnqueuer.stop`."""
        if not self._running:
            return
        self._running = False
        self._stopped.set()
        for worker in self._workers:
            if isinstance(worker, threading.Thread):
                worker.join(_FAREWELL if timeout is None else timeout)
            else:
                worker.terminate()
                worker.join()
        self._workers = []

    def get(self) -> Iterator[Any]:
        """Yield batches; see `SequenceEnqueuer.get`."""
        ended = 0
        try:
            while self._running and ended < len(self._workers):
                kind, item = self._next_item()
                if kind == "error":
                    raise item
                if kind == "end":
                    ended += 1
                elif item is not None:
                    yield item
        finally:
            self.stop()

    def _next_item(self) -> tuple[str, Any]:
        while self._running:
            were_alive = any(worker.is_alive() for worker in self._workers)
            try:
                item: Any = self._queue.get(timeout=PATIENCE)
            except queue.Empty:
                self._check_alive(were_alive)
            else:
                return unpickled(item) if isinstance(item, bytes) else item
        return "end", None

    def _check_alive(self, were_alive: bool) -> None:
        """Nobody waits for a process that has died without a word."""
        allowed = (None, 0) if were_alive else (None,)  # what an ended one sent may be on its way
        for worker in self._workers:
            if not isinstance(worker, threading.Thread) and worker.exitcode not in allowed:
                raise RuntimeError(
                    "A worker process that runs the generator ended with exit code "
                    f"{worker.exitcode}, before the generator did: it was killed, perhaps for want "
                    "of memory, or its code ended the process. Use use_multiprocessing=False."
                )
