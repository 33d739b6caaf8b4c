"""Sequences of numbers: to one length, to pairs of neighbours, to windows over time."""

from __future__ import annotations

import random
from collections.abc import Sequence as Items
from typing import Any

import numpy as np
import numpy.typing as npt

from konnx.utils.sequence import Sequence

Array = np.ndarray[Any, Any]

_SIDES = ("pre", "post")
_EULER = 0.577  # the constant as Keras rounds it
_LARGEST_SEED = 10_000_000


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: npt.DTypeLike = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> Array:
    """Bring sequences to one length: shorter ones are padded, longer ones cut.

    Args:
        sequences: a list of sequences of numbers, or of arrays of shape (length, ...).
        maxlen: the length; default: that of the longest sequence.
        dtype: of the result.
        padding: "pre" or "post": on which side shorter ones get `value`.
        truncating: "pre" or "post": on which side longer ones are cut.
        value: what to pad with.

    Returns:
        An array of shape (number of sequences, maxlen, ...).

    Raises:
        ValueError: a side is neither "pre" nor "post", `sequences` is no list of sequences or is
            empty while `maxlen` is not given, the steps of two sequences differ in shape, or
            `value` is a text and `dtype` neither object nor one of texts.

    Example:
        >>> pad_sequences([[1, 2, 3], [4]], maxlen=2)
        array([[2, 3], [0, 4]], dtype=int32)
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in _SIDES:
            raise ValueError(f"`{name}` must be 'pre' or 'post'. Received: {name}={side!r}")
    kind = np.dtype(dtype)
    if isinstance(value, str) and kind.kind not in "OU":
        raise ValueError(
            f"A text pads sequences of dtype object or str alone. Received: value={value!r}, "
            f"dtype={dtype!r}"
        )
    lengths = _lengths(sequences)
    length = _common_length(lengths, maxlen)
    steps = _step_shape(sequences)
    padded = np.full((len(sequences), length, *steps), value, dtype=kind)
    kept = slice(-length, None) if truncating == "pre" else slice(length)
    for index, sequence in enumerate(sequences if length else ()):
        if not lengths[index]:
            continue
        part = _as_array(sequence[kept], kind, index)
        if part.shape[1:] != steps:
            raise ValueError(
                f"The sequence at position {index} has steps of shape {part.shape[1:]}, and the "
                f"first one has steps of shape {steps}: all must have the same."
            )
        if padding == "post":
            padded[index, : len(part)] = part
        else:
            padded[index, -len(part) :] = part
    return padded


def _lengths(sequences: Any) -> list[int]:
    if not hasattr(sequences, "__len__"):
        kind = type(sequences).__name__
        raise ValueError(f"`sequences` must be a list of sequences. Received: {kind}")
    for index, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise ValueError(
                f"`sequences` must be a list of sequences, and at position {index} is none. "
                f"Received: {sequence!r}"
            )
    return [len(sequence) for sequence in sequences]


def _common_length(lengths: list[int], maxlen: int | None) -> int:
    if maxlen is None:
        if not lengths:
            raise ValueError("`sequences` is empty: give `maxlen`, as there is no longest one.")
        return max(lengths)
    if maxlen < 0:
        raise ValueError(f"`maxlen` must not be negative. Received: maxlen={maxlen}")
    return maxlen


def _step_shape(sequences: Any) -> tuple[int, ...]:
    """Return the shape of what stands at one step, from the first sequence that has any."""
    place = next((index for index, sequence in enumerate(sequences) if len(sequence)), None)
    return () if place is None else _as_array(sequences[place], None, place).shape[1:]


def _as_array(sequence: Any, dtype: np.dtype[Any] | None, place: int) -> Array:
    try:
        return np.asarray(sequence, dtype=dtype)
    except (OverflowError, TypeError, ValueError) as error:
        of = "" if dtype is None else f" of dtype {dtype}"
        raise ValueError(
            f"The sequence at position {place} does not make an array{of}: {error}. Turn words "
            "into numbers by a Tokenizer, or pad them with dtype=object."
        ) from error


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> Array:
    """Return the probability of keeping a word in training, by its rank in frequency.

    Frequent words are kept more seldom: with `min(1, sqrt(sampling_factor / frequency))`, where
    Zipf's law gives the frequency of a rank, about `1 / (rank * (log(rank) + 0.577) + 0.5)`.

    Args:
        size: number of ranks; rank 0 stands for no word and gets the value of rank 1.
        sampling_factor: the lower, the more is left out.

    Returns:
        A float64 array of shape (size,).

    Source:
        T. Mikolov et al., Distributed Representations of Words and Phrases and their
        Compositionality, 2013, section 2.3.

    Example:
        >>> make_sampling_table(4).round(4)
        array([0.0032, 0.0032, 0.0055, 0.0074])
    """
    rank = np.maximum(np.arange(size), 1).astype(float)
    inverse_frequency = rank * (np.log(rank) + _EULER) + 0.5 - 1.0 / (12.0 * rank)
    share = sampling_factor * inverse_frequency
    return np.asarray(np.minimum(1.0, share / np.sqrt(share)))


def skipgrams(
    sequence: Items[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Return pairs of words: neighbours, and words with random ones.

    Random numbers come from Python's `random`, as in Keras: seed that to repeat a whole result.
    `seed` is for the order alone; it, or a drawn one, becomes the seed of `random`.

    Args:
        sequence: numbers of words; 0 stands for no word and is passed over.
        vocabulary_size: largest number of a word, plus 1.
        window_size: how far a neighbour may be, to either side.
        negative_samples: random pairs for each pair of neighbours.
        shuffle: mix the pairs; else neighbours come first.
        categorical: labels as [0, 1] for neighbours and [1, 0] for others, not 1 and 0.
        sampling_table: the probability of keeping each word; see `make_sampling_table`.
        seed: of the order.

    Returns:
        The pairs, and their labels: 1 for neighbours, 0 for a word with a random one.

    Raises:
        ValueError: a number is negative or not in `sampling_table`, or there are no words to draw.

    Source:
        T. Mikolov et al., Efficient Estimation of Word Representations in Vector Space, 2013.

    Example:
        >>> skipgrams([1, 2, 3], 4, window_size=1, negative_samples=0, shuffle=False)
        ([[1, 2], [2, 1], [2, 3], [3, 2]], [1, 1, 1, 1])
    """
    words = list(sequence)
    _check_words(words, sampling_table)
    couples = _neighbours(words, window_size, sampling_table)
    labels: list[Any] = [[0, 1] if categorical else 1 for _ in couples]
    if negative_samples > 0 and couples:
        count = int(len(couples) * negative_samples)
        couples += _random_couples([word for word, _ in couples], count, vocabulary_size)
        labels += [[1, 0] if categorical else 0 for _ in range(count)]
    if shuffle:
        seed = random.randint(0, _LARGEST_SEED) if seed is None else seed
        for items in (couples, labels):
            random.seed(seed)
            random.shuffle(items)
    return couples, labels


def _check_words(words: list[int], sampling_table: Any) -> None:
    limit = float("inf") if sampling_table is None else len(sampling_table)
    if not words or 0 <= min(words) <= max(words) < limit:
        return
    place = next(index for index, word in enumerate(words) if not 0 <= word < limit)
    raise ValueError(
        f"`sequence` must hold numbers of words, from 0 to below {limit}. Received: "
        f"{words[place]} at position {place}"
    )


def _neighbours(words: list[int], window_size: int, sampling_table: Any) -> list[list[int]]:
    couples = []
    for index, word in enumerate(words):
        if not word:
            continue
        if sampling_table is not None and sampling_table[word] < random.random():
            continue
        before = words[max(0, index - window_size) : index]
        after = words[index + 1 : index + window_size + 1]
        couples += [[word, other] for other in before + after if other]
    return couples


def _random_couples(words: list[int], count: int, vocabulary_size: int) -> list[list[int]]:
    if vocabulary_size < 2:
        raise ValueError(
            "`vocabulary_size` must be at least 2 for random pairs, as 0 stands for no word. "
            f"Received: vocabulary_size={vocabulary_size}"
        )
    random.shuffle(words)
    draw, largest = random.randint, vocabulary_size - 1
    return [[words[index % len(words)], draw(1, largest)] for index in range(count)]


class TimeseriesGenerator(Sequence):
    """Batches of windows over data in time, each with the target of the step after it.

    Args:
        data: array of shape (steps, ...), a list, or anything that is sliced by step.
        targets: what belongs to each step of `data`; as many.
        length: steps that a window spans.
        sampling_rate: take every `sampling_rate`-th step of a window.
        stride: steps from one window to the next.
        start_index: first step to use.
        end_index: last step to use, as a target; default: the last one.
        shuffle: draw windows by chance, from NumPy's global generator, instead of in order.
        reverse: the latest step of each window comes first.
        batch_size: windows in a batch; the last one may have fewer.

    Raises:
        ValueError: `data` and `targets` differ in length, a size is not positive, or nothing is
            left between `start_index` and `end_index`.

    Example:
        >>> import numpy as np
        >>> steps = np.arange(6)
        >>> TimeseriesGenerator(steps, steps * 10, length=2, batch_size=2)[0]
        (array([[0, 1], [1, 2]]), array([20, 30]))
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
    ) -> None:
        if len(data) != len(targets):
            raise ValueError(
                "`data` and `targets` must have the same length. Received: "
                f"{len(data)} steps and {len(targets)} targets"
            )
        self.data, self.targets = data, targets
        self.length, self.sampling_rate, self.stride = length, sampling_rate, stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse, self.batch_size = shuffle, reverse, batch_size
        self._check()

    def _check(self) -> None:
        for name in ("length", "sampling_rate", "stride", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"`{name}` must be positive. Received: {name}={getattr(self, name)}"
                )
        if not self.length <= self.start_index <= self.end_index < len(self.data):
            raise ValueError(
                "No window fits: `start_index` must be at least 0, start_index + length at most "
                f"`end_index`, and that below the {len(self.data)} steps of `data`. Received: "
                f"start_index={self.start_index - self.length}, length={self.length}, "
                f"end_index={self.end_index}"
            )

    def __len__(self) -> int:
        """Return the number of batches."""
        count = self.end_index - self.start_index + 1
        return -(-count // (self.batch_size * self.stride))

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        """Return windows of shape (batch, length / sampling_rate, ...) and their targets.

        Raises:
            IndexError: there is no such batch.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"There are {len(self)} batches. Received: index={index}")
        rows = self._rows(index)
        windows, targets = self._windows(rows), _taken(self.targets, rows)
        return (windows[:, ::-1] if self.reverse else windows), targets

    def _windows(self, rows: Any) -> Array:
        if isinstance(self.data, np.ndarray):
            steps = np.arange(-self.length, 0, self.sampling_rate)
            return self.data[np.asarray(rows)[:, None] + steps]
        return np.array([self.data[row - self.length : row : self.sampling_rate] for row in rows])

    def _rows(self, index: int) -> Any:
        """Return the steps whose targets are in a batch."""
        if self.shuffle:
            draw = np.random.randint  # the generator that Keras scripts seed
            return draw(self.start_index, self.end_index + 1, size=self.batch_size)
        first = self.start_index + self.batch_size * self.stride * index
        end = min(first + self.batch_size * self.stride, self.end_index + 1)
        return range(first, end, self.stride)


def _taken(items: Any, places: Any) -> Array:
    """Return the items at some places of an array or of anything else that has them by number."""
    if isinstance(items, np.ndarray):
        return np.asarray(items[np.asarray(places)])
    return np.array([items[place] for place in places])
