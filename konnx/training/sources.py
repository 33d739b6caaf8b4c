"""Where the batches of a fit come from: arrays in memory or in a file, or a stream."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple, Protocol

import numpy as np

from konnx.training.data import Arrays
from konnx.utils.enqueuers import GeneratorEnqueuer, OrderedEnqueuer, batch_order
from konnx.utils.random import numpy_state, set_numpy_state
from konnx.utils.sequence import Sequence

Step = Callable[[Arrays], list[np.ndarray]]


class Batch(NamedTuple):
    """Samples for one step.

    Attributes:
        size: how many they are.
        step: what to run on them; it may differ from batch to batch, as weights come or not.
        arrays: what the step takes.
    """

    size: int
    step: Step
    arrays: Arrays


class Source(Protocol):
    """Batches, epoch by epoch.

    Attributes:
        steps: batches in an epoch.
        samples: samples in an epoch; None if nobody knows.
        batch_size: samples in a batch; None if nobody knows.
    """

    steps: int
    samples: int | None
    batch_size: int | None

    def epoch(self, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of the next epoch, from that number on."""

    def get_state(self) -> Any:
        """Return how far it is, as plain data and arrays."""

    def set_state(self, state: Any) -> None:
        """Go on from there."""


class ArrayBatches:
    """Batches cut out of arrays.

    Args:
        arrays: inputs, targets, weights, equally long.
        step: what to run on each batch.
        batch_size: samples in a batch; the last one may be smaller.
        shuffle: whether to mix the samples in each epoch; "batch": only whole batches.
        steps: batches in an epoch; the next epoch goes on where one ended. None: all, once.
    """

    def __init__(
        self,
        arrays: Arrays,
        step: Step,
        batch_size: int,
        shuffle: bool | str = False,
        steps: int | None = None,
    ) -> None:
        self._arrays, self._step, self._shuffle = arrays, step, shuffle
        self._endless = None if steps is None else self._again_and_again()
        self._begin: dict[str, Any] = {}
        self._taken = 0
        self.batch_size: int | None = batch_size
        self._size, count = batch_size, len(arrays[0])
        self.steps = -(-count // batch_size) if steps is None else steps
        self.samples: int | None = count if steps is None else None

    def epoch(self, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of the next epoch, from that number on: in a state of `set_state`."""
        if self._endless is None:
            yield from self._once()
            return
        for _ in range(start, self.steps):
            yield next(self._endless)

    def _again_and_again(self) -> Iterator[Batch]:
        while True:
            yield from self._once()

    def get_state(self) -> Any:
        """Return the random state in which the arrays were begun, and the batches since then."""
        return {"begin": self._begin, "taken": self._taken}

    def set_state(self, state: Any) -> None:
        """Go on from there."""
        self._begin, self._taken = state["begin"], state["taken"]

    def _once(self) -> Iterator[Batch]:
        count = len(self._arrays[0])
        order = self._order_begun() if self._taken else self._new_order()
        for start in range(self._taken * self._size, count, self._size):
            self._taken += 1
            places = slice(start, min(start + self._size, count))
            chosen = places if order is None else order[places]
            arrays = [array[chosen] for array in self._arrays]
            yield Batch(places.stop - start, self._step, arrays)
        self._taken = 0

    def _new_order(self) -> np.ndarray | None:
        self._begin = numpy_state() if self._shuffle else {}
        return _order(len(self._arrays[0]), self._size, self._shuffle)

    def _order_begun(self) -> np.ndarray | None:
        """The order of a pass over the arrays that was begun in another process."""
        if not self._shuffle:
            return None
        now = numpy_state()
        set_numpy_state(self._begin)
        order = self._new_order()
        set_numpy_state(now)
        return order


def _order(samples: int, batch_size: int, shuffle: bool | str) -> np.ndarray | None:
    """The order of the samples in one epoch, from NumPy's global generator as in Keras."""
    if not shuffle:
        return None
    order = np.arange(samples)
    if shuffle == "batch":
        whole = samples // batch_size * batch_size
        blocks = order[:whole].reshape(-1, batch_size)
        np.random.shuffle(blocks)  # noqa: NPY002 - the generator that Keras scripts seed
        return np.concatenate([blocks.reshape(-1), order[whole:]])
    np.random.shuffle(order)  # noqa: NPY002 - as above
    return order


class StreamBatches:
    """Batches that a generator or a queue yields.

    Args:
        stream: yields (x, y) or (x, y, sample_weight).
        steps: batches in an epoch.
        standardize: makes a step and its arrays of x, y and sample_weight.
    """

    def __init__(
        self,
        stream: Iterator[Any],
        steps: int,
        standardize: Callable[[Any, Any, Any], tuple[Step, Arrays]],
    ) -> None:
        self._stream, self._standardize = stream, standardize
        self.steps = steps
        self.samples: int | None = None
        self.batch_size: int | None = None
        self._taken = 0

    def get_state(self) -> Any:
        """Return how many batches were read, and whether they need not be read to be passed."""
        passable = isinstance(self._stream, Fetched) and not self._stream.enqueuer.draws
        return {"taken": self._taken, "passable": passable}

    def set_state(self, state: Any) -> None:
        """Go on behind as many batches.

        They are read where others depend on the random numbers that this draws, and where the
        stream is a generator.
        """
        if state["passable"] and isinstance(self._stream, Fetched):
            self._stream.enqueuer.skip(state["taken"])
        else:
            deque(islice(self._stream, state["taken"]), maxlen=0)
        self._taken = state["taken"]

    def epoch(self, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of the next epoch; fewer, with a warning, if the stream ends."""
        for done in range(start, self.steps):
            item = next(self._stream, _ENDED)
            if item is _ENDED:
                _warn_of_end(done, self.steps)
                return
            self._taken += 1
            step, arrays = self._standardize(*parts_of(item))
            yield Batch(len(arrays[0]), step, arrays)


_ENDED = object()


def _warn_of_end(done: int, steps: int) -> None:
    warnings.warn(
        f"The data ended after {done} of the {steps} batches of an epoch, so this ends, too. A "
        "generator must yield enough batches for all epochs: let it begin again (`while True:`), "
        "or make `steps_per_epoch` or `epochs` smaller.",
        UserWarning,
        stacklevel=8,
    )


def parts_of(item: Any) -> tuple[Any, Any, Any]:
    """Return x, y and sample_weight of what a generator yielded.

    Raises:
        ValueError: it is not a tuple of two or three.
    """
    if isinstance(item, tuple | list) and len(item) in (2, 3):
        x, y, *rest = item
        return x, y, rest[0] if rest else None
    kind = type(item).__name__
    size = f" of {len(item)}" if hasattr(item, "__len__") else ""
    raise ValueError(
        f"A generator must yield tuples (x, y) or (x, y, sample_weight). Received: {kind}{size}"
    )


def inputs_of(item: Any) -> Any:
    """Return x of what a generator for prediction yielded: a tuple as for training, or x itself.

    Raises:
        ValueError: it is a tuple of another length.
    """
    return parts_of(item)[0] if isinstance(item, tuple) and len(item) != 1 else item


# Streams --------------------------------------------------------------------------------------


def is_stream(data: Any) -> bool:
    """Tell whether data are a `Sequence` or a generator, which yield batches, not an array."""
    return isinstance(data, Sequence) or (hasattr(data, "__next__") and hasattr(data, "__iter__"))


def count_steps(stream: Any, steps: int | None, argument: str) -> int:
    """Return how many batches to read.

    Args:
        stream: a `Sequence` or a generator.
        steps: what the user asks for; None: all of a Sequence.
        argument: how the user calls it.

    Raises:
        ValueError: only a Sequence knows by itself, or the number is not positive.
        TypeError: it is neither a Sequence nor a generator.
    """
    if not is_stream(stream):
        kind = type(stream).__name__
        raise TypeError(f"A generator or a konnx.utils.Sequence is expected. Received: {kind}")
    if steps is None:
        if not isinstance(stream, Sequence):
            raise ValueError(
                f"`{argument}` is needed with a generator, which does not say how many batches it "
                "has; only a konnx.utils.Sequence does."
            )
        return len(stream)
    if steps < 1:
        raise ValueError(f"`{argument}` must be a positive number. Received: {steps}")
    return int(steps)


class Reading(NamedTuple):
    """How a stream is read.

    Attributes:
        workers: how many threads or processes fetch ahead; 0: nobody, the step waits.
        max_queue_size: the most batches that wait.
        use_multiprocessing: processes instead of threads.
        shuffle: whether the batches of a `Sequence` come in random order.
    """

    workers: int = 1
    max_queue_size: int = 10
    use_multiprocessing: bool = False
    shuffle: bool = False


class Fetched(Iterator[Any]):
    """The batches of a `Sequence`, from the queue that fetches them ahead."""

    def __init__(self, enqueuer: OrderedEnqueuer) -> None:
        self.enqueuer = enqueuer
        self._batches = enqueuer.get()

    def __next__(self) -> Any:
        return next(self._batches)


@contextmanager
def opened(stream: Any, reading: Reading) -> Iterator[Iterator[Any]]:
    """Give an iterator over the batches of a stream, and end its workers in any case.

    Args:
        stream: a `Sequence`, which is read again and again, or a generator, which may end.
        reading: how.
    """
    ordered = isinstance(stream, Sequence)
    if reading.workers > 1 and reading.use_multiprocessing and not ordered:
        warnings.warn(
            "With several processes each of them runs the generator, so that batches come several "
            "times. Use a konnx.utils.Sequence.",
            UserWarning,
            stacklevel=5,
        )
    if not reading.workers:
        yield _in_turn(stream, reading.shuffle) if ordered else stream
        return
    enqueuer: OrderedEnqueuer | GeneratorEnqueuer = (
        OrderedEnqueuer(stream, reading.use_multiprocessing, reading.shuffle)
        if ordered
        else GeneratorEnqueuer(stream, reading.use_multiprocessing)
    )
    with enqueuer:
        enqueuer.start(reading.workers, reading.max_queue_size)
        yield Fetched(enqueuer) if isinstance(enqueuer, OrderedEnqueuer) else enqueuer.get()


def _in_turn(sequence: Sequence, shuffle: bool) -> Iterator[Any]:
    while True:
        yield from (sequence[index] for index in batch_order(sequence, shuffle))
        sequence.on_epoch_end()
