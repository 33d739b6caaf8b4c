"""Queues that fetch batches ahead, by threads and processes, and how they end."""

# ruff: noqa: NPY002 - users' code draws from NumPy's global generator
from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest

from konnx.utils import GeneratorEnqueuer, OrderedEnqueuer, Sequence, SequenceEnqueuer

pytestmark = pytest.mark.no_runtime

KINDS = [(1, False), (3, False), (1, True), (3, True)]


class Numbers(Sequence):
    """Batches that are their own number, after a while that is longer for the first ones."""

    def __init__(self, count: int = 6, pause: float = 0.0) -> None:
        self.count, self.pause, self.epoch = count, pause, 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Any:
        time.sleep(self.pause * (self.count - index))
        return self.epoch, index

    def on_epoch_end(self) -> None:
        self.epoch += 1


class Failing(Numbers):
    def __getitem__(self, index: int) -> Any:
        if index == 2:
            raise LookupError("batch 2 is lost")
        return index


class Dying(Numbers):
    def __getitem__(self, index: int) -> Any:
        os._exit(3)


class Drawing(Numbers):
    def __getitem__(self, index: int) -> Any:
        return random.random(), float(np.random.uniform())


def taken(enqueuer: SequenceEnqueuer, count: int, workers: int = 1, size: int = 10) -> list[Any]:
    with enqueuer:
        enqueuer.start(workers, size)
        assert enqueuer.is_running()
        items = list(islice(enqueuer.get(), count))
    assert not enqueuer.is_running()
    return items


def numbers(count: int) -> Iterator[int]:
    yield from range(count)


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not set(threading.enumerate()) - before


# Sequences


def test_a_sequence_is_read_again_and_again() -> None:
    assert list(islice(Numbers(2), 5)) == [(0, 0), (0, 1), (0, 0), (0, 1), (0, 0)]


@pytest.mark.parametrize(("workers", "processes"), KINDS)
def test_batches_come_in_order_however_long_each_takes(workers: int, processes: bool) -> None:
    enqueuer = OrderedEnqueuer(Numbers(4, pause=0.005), processes)
    expected = [(epoch, index) for epoch in range(2) for index in range(4)]
    assert taken(enqueuer, 8, workers) == expected


@pytest.mark.parametrize("processes", [False, True])
def test_shuffling_reads_each_batch_once_an_epoch_in_an_order_that_the_seed_fixes(
    processes: bool,
) -> None:
    runs = []
    for seed in (1, 1, 2):
        np.random.seed(seed)
        runs.append(taken(OrderedEnqueuer(Numbers(), processes, shuffle=True), 12, 2))
    assert sorted(runs[0][:6]) == [(0, index) for index in range(6)]
    assert sorted(runs[0][6:]) == [(1, index) for index in range(6)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_random_numbers_of_processes_depend_on_the_seed_alone(workers: int) -> None:
    np.random.seed(7)
    first = taken(OrderedEnqueuer(Drawing(), True), 12, workers)
    np.random.seed(7)
    assert taken(OrderedEnqueuer(Drawing(), True), 12, 1) == first
    assert len(set(first)) == 12


def test_no_more_batches_are_fetched_than_the_queue_holds() -> None:
    fetched: list[int] = []

    class Counting(Numbers):
        def __getitem__(self, index: int) -> int:
            fetched.append(index)
            return index

    with OrderedEnqueuer(Counting(100)) as enqueuer:
        enqueuer.start(1, max_queue_size=3)
        batches = enqueuer.get()
        next(batches)
        time.sleep(0.05)
        assert len(fetched) == 4
        batches.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("workers", "processes"), KINDS)
def test_what_a_sequence_raises_is_raised_where_it_is_read(workers: int, processes: bool) -> None:
    enqueuer = OrderedEnqueuer(Failing(), processes)
    with pytest.raises(LookupError, match="batch 2 is lost"):
        taken(enqueuer, 6, workers)
    assert not enqueuer.is_running()


class OddError(Exception):
    """Can be pickled, but not be unpickled."""

    def __init__(self, batch: int, reason: str) -> None:
        super().__init__(f"batch {batch}: {reason}")


def fail(index: int) -> Any:
    raise OddError(index, "out of order")


class FailingOddly(Numbers):
    def __getitem__(self, index: int) -> Any:
        fail(index)


def failing_oddly() -> Iterator[int]:
    yield fail(0)


@pytest.mark.parametrize("processes", [False, True])
@pytest.mark.parametrize("kind", [OrderedEnqueuer, GeneratorEnqueuer])
def test_the_place_in_the_worker_is_shown_with_its_error(kind: type[Any], processes: bool) -> None:
    source = FailingOddly() if kind is OrderedEnqueuer else failing_oddly()
    expected = RuntimeError if processes else OddError
    with pytest.raises(expected, match="batch 0: out of order") as caught:
        taken(kind(source, processes), 1)
    shown = "".join(traceback.format_exception(caught.value))
    assert "in fail\n" in shown and 'raise OddError(index, "out of order")' in shown


@pytest.mark.parametrize("processes", [False, True])
@pytest.mark.parametrize("kind", ["Ordered", "Generator"])
def test_a_program_ends_though_nobody_stopped_its_queue(kind: str, processes: bool) -> None:
    program = f"""
import itertools
from konnx.utils import GeneratorEnqueuer, OrderedEnqueuer, Sequence
class Endless(Sequence):
    def __len__(self): return 1000
    def __getitem__(self, index): return index
source = Endless() if {kind!r} == "Ordered" else itertools.count()
enqueuer = {kind}Enqueuer(source, {processes})
enqueuer.start(2, 3)
print(next(enqueuer.get()))
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.stdout, result.stderr, result.returncode) == ("0\n", "", 0)


def test_a_process_that_dies_is_told_of() -> None:
    with pytest.raises(RuntimeError, match="worker process that reads Dying ended"):
        taken(OrderedEnqueuer(Dying(), True), 1)


def test_a_sequence_without_batches_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Numbers has no batches: its len\(\) is 0"):
        OrderedEnqueuer(Numbers(0)).start()


def test_stopping_does_not_wait_for_a_process_in_the_middle_of_a_batch() -> None:
    start = time.monotonic()
    with OrderedEnqueuer(Numbers(2, pause=30.0), True) as enqueuer:
        enqueuer.start(2)
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("timeout", [0.0, None])
def test_stopping_while_a_process_sends_a_batch_ends(timeout: float | None) -> None:
    class Large(Sequence):
        def __len__(self) -> int:
            return 50

        def __getitem__(self, index: int) -> Any:
            return np.zeros(10**6)  # far more than a pipe holds

    for _ in range(3):
        enqueuer = OrderedEnqueuer(Large(), True)
        enqueuer.start(2)
        batches = enqueuer.get()
        next(batches)
        stopper = threading.Thread(target=enqueuer.stop, args=(timeout,), daemon=True)
        stopper.start()
        stopper.join(20)
        assert not stopper.is_alive()


@pytest.mark.parametrize(("workers", "processes"), KINDS)
@pytest.mark.parametrize("count", [2, 15])
def test_batches_are_skipped_without_being_read(workers: int, processes: bool, count: int) -> None:
    read: list[int] = []

    class Watched(Numbers):
        def __getitem__(self, index: int) -> Any:
            read.append(index)
            return self.epoch, index, random.random() if processes else 0

    def taken_behind(skipped: int, dropped: int) -> list[Any]:
        np.random.seed(2)
        with OrderedEnqueuer(Watched(), processes, shuffle=True) as enqueuer:
            enqueuer.start(workers, max_queue_size=2)
            enqueuer.skip(skipped)
            return list(islice(enqueuer.get(), dropped, dropped + 8))

    expected = taken_behind(0, count)
    read.clear()
    assert taken_behind(count, 0) == expected
    assert len(read) <= 8 + 2 + 3  # what is taken, fetched ahead, and was being fetched before


@pytest.mark.parametrize(("kind", "draws"), [(Numbers, False), (Drawing, True)])
@pytest.mark.parametrize("count", [3, 6])
def test_a_thread_sees_whether_batches_draw_random_numbers(
    kind: type[Numbers], draws: bool, count: int
) -> None:
    enqueuer = OrderedEnqueuer(kind(), shuffle=True)
    taken(enqueuer, count)
    assert enqueuer.draws == draws


# Generators


def test_a_generator_is_read_to_its_end_in_order() -> None:
    assert taken(GeneratorEnqueuer(numbers(30)), 99, workers=3, size=4) == list(range(30))


def test_with_processes_each_reads_a_copy() -> None:
    assert sorted(taken(GeneratorEnqueuer(numbers(3), True), 99, workers=2)) == [0, 0, 1, 1, 2, 2]


def test_processes_draw_random_numbers_of_their_own() -> None:
    def drawn() -> Iterator[float]:
        yield float(np.random.uniform())

    assert len(set(taken(GeneratorEnqueuer(drawn(), True, seed=3), 9, workers=3))) == 3


@pytest.mark.parametrize("processes", [False, True])
def test_what_a_generator_raises_is_raised_where_it_is_read(processes: bool) -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise LookupError("no more")

    enqueuer = GeneratorEnqueuer(failing(), processes)
    with pytest.raises(LookupError, match="no more"):
        taken(enqueuer, 9)
    assert not enqueuer.is_running()


@pytest.mark.parametrize("code", [0, 4])
def test_a_process_that_dies_in_a_generator_is_told_of(code: int) -> None:
    def dying() -> Iterator[int]:
        os._exit(code)
        yield 1

    with pytest.raises(RuntimeError, match=f"exit code {code}"):
        taken(GeneratorEnqueuer(dying(), True), 1)


@pytest.mark.parametrize("processes", [False, True])
def test_a_generator_that_exits_ends_its_reader(processes: bool) -> None:
    def leaving() -> Iterator[int]:
        yield 1
        raise SystemExit(2)

    with pytest.raises(SystemExit):
        taken(GeneratorEnqueuer(leaving(), processes), 9)


def test_what_a_process_cannot_send_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"cannot send what the generator yielded \(function\)"):
        taken(GeneratorEnqueuer(iter([lambda: 1]), True), 1)


def test_an_error_that_cannot_be_sent_is_told_in_words() -> None:
    class LocalError(Exception):
        pass

    def failing() -> Iterator[int]:
        yield 1
        raise LocalError("no more")

    with pytest.raises(RuntimeError, match="LocalError in a worker process: no more"):
        taken(GeneratorEnqueuer(failing(), True), 9)


def test_an_endless_generator_is_left_in_the_middle() -> None:
    def endless() -> Iterator[int]:
        while True:
            yield 1

    assert taken(GeneratorEnqueuer(endless()), 3, size=2) == [1, 1, 1]


def test_batches_that_are_none_are_left_out() -> None:
    assert taken(GeneratorEnqueuer(iter([1, None, 2])), 9) == [1, 2]
