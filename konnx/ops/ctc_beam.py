"""Beam search for the labels that are likeliest over all the paths that read as them.

A prefix of labels is told apart by a hash, so that paths which read alike are merged. After each
step the best prefixes are kept: those there were, and those with one label more.

Source: Graves and Jaitly, 2014, algorithm 1; as TensorFlow, which merges repeated labels of a
result when it is read out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from konnx.graph import Tensor, constant, int64s, op, refine
from konnx.ops._convert import cast, scalar
from konnx.ops.control import scan
from konnx.ops.ctc import IMPOSSIBLE, known_classes, log_add, pack_left, range_of
from konnx.ops.elementwise import (
    add,
    divide,
    equal,
    greater,
    greater_equal,
    less,
    logical_and,
    multiply,
    not_equal,
    subtract,
    where,
)
from konnx.ops.indexing import gather_elements, getitem
from konnx.ops.reduction import max as reduce_max
from konnx.ops.shape import concatenate, expand_dims, reshape_keeping, transpose

_NOBODY, _NO_PARENT, _ROOT = -2, -3, 1
_FACTOR = 0x5851F42D4C957F2D  # of the hash: odd and large


@dataclass(frozen=True)
class _Beam:
    """The prefixes that are followed, each tensor (batch, width)."""

    blank: Tensor  # log-probability of the paths that end with a blank
    label: Tensor  # of those that end with the last label
    last: Tensor  # the last label, -1: none
    hash: Tensor
    parent: Tensor  # the hash of the prefix without its last label

    @property
    def total(self) -> Tensor:
        return log_add(self.blank, self.label)

    @property
    def states(self) -> list[Tensor]:
        return [self.blank, self.label, self.last, self.hash, self.parent]


def ctc_beam_search(
    log_probabilities: Tensor, input_lengths: Tensor, width: int, count: int
) -> tuple[list[Tensor], Tensor]:
    """Return the labels of the best prefixes, and their log-probabilities.

    Args:
        log_probabilities: (batch, time, classes), normalized; the last class is the blank.
        input_lengths: int64, (batch,): how many steps of each sample count.
        width: how many prefixes are followed.
        count: how many are returned.

    Returns:
        `count` tensors of labels, int64 (batch, time), -1 behind their end, the best first; their
        log-probabilities, (batch, count).
    """
    scores = transpose(log_probabilities, [1, 0, 2])
    counts = less(expand_dims(range_of(scores, 0), 1), input_lengths)
    search = _Search(known_classes(scores), width)

    def step(states: list[Tensor], elements: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        now, active = elements[0], expand_dims(elements[1], 1)
        old = _Beam(*states)
        new, source, added = search.advance(old, now)
        kept = [
            refine(where(active, a, b), b.dims or ())
            for a, b in zip(new.states, old.states, strict=True)
        ]
        nothing = scalar(-1, added)
        return kept, [where(active, source, search.places), where(active, added, nothing)]

    start = search.start(log_probabilities)
    finals, (sources, labels) = scan(step, start.states, [scores, counts])
    totals = _Beam(*finals).total
    best, places = op("TopK", totals, int64s([count]), axis=1, outputs=2)
    return _read_out(sources, labels, places, count), best


@dataclass(frozen=True)
class _Search:
    classes: int
    width: int

    @property
    def places(self) -> Tensor:
        return constant(np.arange(self.width)[None])

    def start(self, scores: Tensor) -> _Beam:
        """The empty prefix alone."""
        impossible = np.full(self.width, IMPOSSIBLE, scores.dtype)
        blank, nobody = impossible.copy(), np.full(self.width, _NOBODY)
        blank[0], nobody[0] = 0, _ROOT
        none = np.full(self.width, -1)
        values = [blank, impossible, none, nobody, np.full(self.width, _NO_PARENT)]
        rows = (scores.dims or (None,))[0] or "ctc_rows"
        sizes = op("Concat", op("Shape", scores, end=1), int64s([self.width]), axis=0)
        return _Beam(
            *[refine(op("Expand", constant(v), sizes), [rows, self.width]) for v in values]
        )

    def advance(self, beam: _Beam, now: Tensor) -> tuple[_Beam, Tensor, Tensor]:
        """One step: the new beam, whence each prefix came, and the label added to it or -1."""
        total, is_parent = beam.total, self._parents(beam)
        stayed = self._stay(beam, total, is_parent, now)
        grown = self._grow(beam, total, is_parent, now)
        candidates = concatenate([stayed.total, grown], 1)
        best, chosen = op("TopK", candidates, int64s([self.width]), axis=1, outputs=2)
        return self._select(stayed, best, chosen)

    def _parents(self, beam: _Beam) -> Tensor:
        """(batch, i, j): whether prefix i is prefix j and one label more."""
        return equal(expand_dims(beam.parent, 2), expand_dims(beam.hash, 1))

    def _stay(self, beam: _Beam, total: Tensor, is_parent: Tensor, now: Tensor) -> _Beam:
        """The same prefixes a step later."""
        repeats = equal(expand_dims(beam.last, 2), expand_dims(beam.last, 1))
        before = where(repeats, expand_dims(beam.blank, 1), expand_dims(total, 1))
        impossible = scalar(IMPOSSIBLE, total)
        from_parent = reduce_max(where(is_parent, before, impossible), 2)
        heard = gather_elements(now, op("Max", beam.last, scalar(0, beam.last)), 1)
        label = add(log_add(beam.label, from_parent), heard)
        is_label = greater_equal(beam.last, scalar(0, beam.last))
        blank = add(total, getitem(now, (slice(None), slice(-1, None))))
        return _Beam(blank, where(is_label, label, impossible), beam.last, beam.hash, beam.parent)

    def _grow(self, beam: _Beam, total: Tensor, is_parent: Tensor, now: Tensor) -> Tensor:
        """The log-probabilities of all prefixes with one label more that are not there yet."""
        numbers = constant(np.arange(self.classes - 1))
        is_last = equal(expand_dims(beam.last, 2), numbers)
        before = where(is_last, expand_dims(beam.blank, 2), expand_dims(total, 2))
        heard = getitem(now, (slice(None), None, slice(None, -1)))
        # prefix j with label c is there if it is the parent of some i that ends with c
        there = op(
            "MatMul",
            transpose(cast(is_parent, "float32"), [0, 2, 1]),
            cast(is_last, "float32"),
        )
        known = greater(there, scalar(0.5, there))
        grown = where(known, scalar(IMPOSSIBLE, total), add(before, heard))
        return reshape_keeping(grown, 1, [self.width * (self.classes - 1)])

    def _select(self, stayed: _Beam, best: Tensor, chosen: Tensor) -> tuple[_Beam, Tensor, Tensor]:
        width, labels = constant(np.int64(self.width)), constant(np.int64(self.classes - 1))
        is_grown = greater_equal(chosen, width)
        place = subtract(chosen, width)
        source = where(is_grown, divide(place, labels), chosen)
        added = where(is_grown, op("Mod", place, labels), constant(np.int64(-1)))
        blank, label, last, old_hash, parent = (
            gather_elements(x, source, 1) for x in stayed.states
        )
        factor, one = constant(np.int64(_FACTOR)), constant(np.int64(1))
        new_hash = add(multiply(old_hash, factor), add(added, one))
        impossible = scalar(IMPOSSIBLE, best)
        beam = _Beam(
            where(is_grown, impossible, blank),
            where(is_grown, best, label),
            where(is_grown, added, last),
            where(is_grown, new_hash, old_hash),
            where(is_grown, old_hash, parent),
        )
        return _without_impossible(beam, best), source, added


def _without_impossible(beam: _Beam, total: Tensor) -> _Beam:
    """The beam with places that stand for no prefix marked as empty."""
    possible = greater(total, scalar(IMPOSSIBLE / 2, total))
    return _Beam(
        where(possible, beam.blank, scalar(IMPOSSIBLE, total)),
        where(possible, beam.label, scalar(IMPOSSIBLE, total)),
        beam.last,
        where(possible, beam.hash, scalar(_NOBODY, beam.hash)),
        where(possible, beam.parent, scalar(_NO_PARENT, beam.parent)),
    )


def _read_out(sources: Tensor, labels: Tensor, places: Tensor, count: int) -> list[Tensor]:
    """Follow prefixes back to the first step; of repeated labels one is kept."""
    nothing = op("Mul", places, int64s([0]))
    nothing = op("Sub", nothing, int64s([1]))

    def step(states: list[Tensor], elements: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        place, later = states
        source, label = (gather_elements(x, place, 1) for x in elements)
        is_label = greater_equal(label, scalar(0, label))
        kept = logical_and(is_label, not_equal(label, later))
        following = where(is_label, label, later)
        states = [refine(x, place.dims or ()) for x in (source, following)]
        return states, [where(kept, label, scalar(-1, label))]

    _, (read,) = scan(step, [places, nothing], [sources, labels], reverse=True)
    paths = [transpose(getitem(read, (..., index)), [1, 0]) for index in range(count)]
    return [pack_left(path, greater_equal(path, scalar(0, path))) for path in paths]
