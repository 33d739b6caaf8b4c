"""The loss of connectionist temporal classification (CTC), and its best path.

The last class is the blank. Lengths are numbers of each sample, so that sequences may be padded.

Source: Graves, Fernández, Gomez and Schmidhuber, 2006, sections 3 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from konnx.graph import ShapeError, Tensor, constant, int64s, op, refine, stop_gradient
from konnx.ops._convert import cast, scalar
from konnx.ops.control import scan
from konnx.ops.elementwise import (
    add,
    equal,
    exp,
    greater,
    less,
    log,
    logical_and,
    logical_not,
    maximum,
    multiply,
    negative,
    not_equal,
    subtract,
    where,
)
from konnx.ops.indexing import getitem
from konnx.ops.reduction import argmax, cumsum, logsumexp
from konnx.ops.reduction import max as reduce_max
from konnx.ops.reduction import sum as reduce_sum
from konnx.ops.shape import arange, concatenate, expand, expand_dims, transpose

IMPOSSIBLE = -1e30
"""The logarithm of 0: finite, since differences of infinities are no numbers."""


def ctc_loss(
    labels: Tensor, log_probabilities: Tensor, input_lengths: Tensor, label_lengths: Tensor
) -> Tensor:
    """-log of the probability of the labels, summed over all paths that read as them.

    Args:
        labels: whole numbers, (batch, longest); what stands behind a sample's length is not read.
        log_probabilities: float32 or float64, (batch, time, classes), normalized.
        input_lengths: int64, (batch,): how many steps of each sample count.
        label_lengths: int64, (batch,): how many labels.

    Returns:
        One loss for each sample, (batch,); infinity, without a gradient, where there are fewer
        steps than the labels need.
    """
    path = _with_blanks(labels, label_lengths, log_probabilities)
    rows, width = path.dims or (None, None)
    emitted = op("MatMul", log_probabilities, _selection(path, log_probabilities))
    states = _forward(refine(emitted, [rows, None, width]), path)
    steps = range_of(states, 0)
    last = equal(expand_dims(steps, 1), subtract(input_lengths, int64s([1])))
    final = reduce_sum(multiply(states, cast(expand_dims(last, 2), states.dtype)), 0)
    places, end = range_of(path, 1), expand_dims(multiply(label_lengths, int64s([2])), 1)
    is_end = logical_and(
        less(places, add(end, int64s([1]))), greater(places, subtract(end, int64s([2])))
    )
    total = logsumexp(where(is_end, final, scalar(IMPOSSIBLE, final)), -1)
    possible = greater(total, scalar(IMPOSSIBLE / 2, total))
    return where(possible, negative(total), scalar(float("inf"), total))


def range_of(x: Tensor, axis: int) -> Tensor:
    """0, 1, … along an axis."""
    return arange(op("Squeeze", op("Shape", x, start=axis, end=axis + 1), int64s([0])))


def _with_blanks(labels: Tensor, lengths: Tensor, scores: Tensor) -> Tensor:
    """The labels with a blank before, between and behind them, (batch, 2 * longest + 1)."""
    numbers = cast(labels, "int64")
    blank = int64s([known_classes(scores) - 1])
    is_label = less(range_of(numbers, 1), expand_dims(lengths, 1))
    numbers = where(is_label, numbers, blank)
    blanks = op("Expand", blank, op("Shape", numbers))
    pairs = concatenate([expand_dims(blanks, 2), expand_dims(numbers, 2)], 2)
    last = op("Expand", blank, op("Concat", op("Shape", numbers, end=1), int64s([1]), axis=0))
    path = concatenate([op("Reshape", pairs, int64s([0, -1])), last], 1)
    longest = numbers.shape[1]
    # What meets inside of the loop must be known to have the same shape.
    rows = (scores.dims or (None,))[0] or "ctc_rows"
    return refine(path, [rows, "ctc_path" if longest is None else 2 * longest + 1])


def known_classes(scores: Tensor) -> int:
    """The size of the last axis.

    Raises:
        ShapeError: it varies.
    """
    classes = scores.shape[-1]
    if classes is None:
        raise ShapeError(f"The number of classes must be known. Received: {scores!r}")
    return classes


def _selection(path: Tensor, scores: Tensor) -> Tensor:
    """For each sample a matrix, (classes, path), that picks the classes of the path."""
    classes = constant(np.arange(known_classes(scores)))
    return cast(equal(expand_dims(classes, 1), expand_dims(path, 1)), scores.dtype)


def _forward(emitted: Tensor, path: Tensor) -> Tensor:
    """The log-probability of each prefix of the path at each step, (time, batch, path)."""
    before = constant(np.full((1, 2), IMPOSSIBLE, emitted.dtype))
    rows = op("Shape", path, end=1)
    unreached = op("Expand", before, op("Concat", rows, int64s([2]), axis=0))
    repeats = equal(path, _shifted(path, [-1, -1]))
    skips = where(
        logical_and(not_equal(path, _last_of(path)), logical_not(repeats)),
        scalar(0.0, emitted),
        scalar(IMPOSSIBLE, emitted),
    )
    start = where(
        equal(range_of(path, 1), int64s([0])),
        scalar(0.0, emitted),
        scalar(IMPOSSIBLE, emitted),
    )
    start, skips = (
        refine(op("Expand", x, op("Shape", path)), path.dims or ()) for x in (start, skips)
    )

    def step(states: list[Tensor], elements: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        (state,), (now,) = states, elements
        padded = concatenate([unreached, state], 1)  # two places before the path, never reached
        moved, skipped = (
            refine(getitem(padded, (slice(None), slice(first, last))), path.dims or ())
            for first, last in ((1, -1), (None, -2))
        )
        new = add(log_add(state, moved, add(skipped, skips)), now)
        return [new], [new]

    _, (states,) = scan(step, [start], [transpose(emitted, [1, 0, 2])])
    return states


def _last_of(path: Tensor) -> Tensor:
    """The blank, with which each path ends, (batch, 1)."""
    return getitem(path, (slice(None), slice(-1, None)))


def _shifted(path: Tensor, first: Sequence[int]) -> Tensor:
    """The path moved to the right by as many places as `first` fills."""
    count = len(first)
    rows = op("Concat", op("Shape", path, end=1), int64s([count]), axis=0)
    filled = concatenate([expand(int64s(first), rows), path], 1)
    return getitem(filled, (slice(None), slice(None, -count)))


def log_add(*terms: Tensor) -> Tensor:
    """log(exp(a) + exp(b) + …), element by element."""
    largest = terms[0]
    for term in terms[1:]:
        largest = maximum(largest, term)
    largest = stop_gradient(largest)
    total = op("Sum", *[exp(subtract(term, largest)) for term in terms])
    return add(log(total), largest)


def ctc_best_path(log_probabilities: Tensor, input_lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Read the likeliest class of each step: repetitions count once, blanks not.

    Args:
        log_probabilities: (batch, time, classes).
        input_lengths: int64, (batch,): how many steps of each sample count.

    Returns:
        Labels, int64 (batch, time), -1 behind their end; the sum of the largest log-probabilities
        of each sample, (batch, 1).
    """
    best = argmax(log_probabilities, -1)
    counts = less(range_of(best, 1), expand_dims(input_lengths, 1))
    blank = known_classes(log_probabilities) - 1
    is_new = not_equal(best, _shifted(best, [-1]))
    kept = logical_and(logical_and(is_new, not_equal(best, int64s([blank]))), counts)
    largest = reduce_max(log_probabilities, -1)
    score = reduce_sum(multiply(largest, cast(counts, largest.dtype)), -1, keepdims=True)
    return pack_left(best, kept), score


def pack_left(x: Tensor, kept: Tensor) -> Tensor:
    """The elements of each row of whole numbers that are kept, moved to its front; then -1."""
    place = subtract(cumsum(cast(kept, "int64"), 1), int64s([1]))
    length = op("Shape", x, start=1, end=2)
    target = where(kept, place, length)  # the rest meets in a column that is cut off
    width = op("Concat", op("Shape", x, end=1), add(length, int64s([1])), axis=0)
    empty = op("Expand", int64s([-1]), width)
    packed = op("ScatterElements", empty, target, x, axis=1)
    return refine(getitem(packed, (slice(None), slice(None, -1))), x.dims or ())
