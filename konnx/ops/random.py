"""Random numbers, drawn anew at each run from a seed that the run is given.

The generator is a hash of the element's place and of the run's seed, written in integer ops. So
a graph stays a pure function: the same seed gives the same numbers on every device, and a run can
be repeated. On CPU it is several times as fast as ONNX' RandomUniformLike.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from konnx.graph import Tensor, constant, int64s, op, placeholder
from konnx.ops._convert import cast
from konnx.ops.shape import reshape_like, shape
from konnx.utils.random import draw_seed

SEED = placeholder((), "int64", "seed")
"""The input from which every random number of a graph comes; `function` feeds it."""

_seed: ContextVar[Tensor] = ContextVar("konnx_seed", default=SEED)


def current_seed() -> Tensor:
    """Return the scalar that random numbers made now come from."""
    return _seed.get()


@contextmanager
def drawing_from(seed: Tensor) -> Iterator[None]:
    """Draw the random numbers inside from another int64 scalar than `SEED`, as loops do."""
    token = _seed.set(seed)
    try:
        yield
    finally:
        _seed.reset(token)


def keep_mask(like: Tensor, rate: float, seed: int | None = None) -> Tensor:
    """1 with probability 1 - rate, else 0, for each element, in the shape and dtype of `like`."""
    threshold = min(int((rate - 0.5) * 2.0**32), 2**31 - 1)
    kept = op("GreaterOrEqual", random_bits(like, seed), constant(np.int32(threshold)))
    return cast(kept, like.dtype)


def random_bits(like: Tensor, seed: int | None = None) -> Tensor:
    """Evenly distributed int32 in the shape of `like`.

    Rows and columns of `like` seen as a matrix are hashed thoroughly, each by itself; an element
    mixes the sum of its two hashes once more, so that only three cheap ops touch every element.
    """
    salt = draw_seed() if seed is None else seed
    sizes = shape(like)
    rows = op("Gather", sizes, constant(np.int64(0))) if like.ndim else constant(np.int64(1))
    columns = op("Div", op("Size", like), op("Max", rows, constant(np.int64(1))))
    row_hash = op("Unsqueeze", _hash(_range(rows), salt, varying=True), int64s([1]))
    column_hash = op("Unsqueeze", _hash(_range(columns), ~salt, varying=False), int64s([0]))
    mixed = op("Add", row_hash, column_hash)
    mixed = op("Mul", mixed, op("BitwiseOr", mixed, constant(np.int32(1))))
    return reshape_like(mixed, like)


def _range(count: Tensor) -> Tensor:
    return op("Range", constant(np.int64(0)), count, constant(np.int64(1)))


def _hash(places: Tensor, salt: int, *, varying: bool) -> Tensor:
    """Scatter whole numbers over int32; with the run's seed mixed in, if `varying`."""
    start = (salt * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**63
    mixed = op("Add", op("Mul", places, _wide(0xD1342543DE82EF95)), _wide(start))
    if varying:
        mixed = op("Add", mixed, op("Mul", current_seed(), _wide(0xAEF17502108EF2D9)))
    mixed = cast(mixed, "uint64")
    for factor in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB):
        mixed = op("BitwiseXor", mixed, _shift(mixed, 31))
        signed = cast(mixed, "int64")
        mixed = cast(op("Mul", signed, _wide(factor)), "uint64")
    high = cast(_shift(mixed, 32), "int64")  # 0 to 2**32 - 1
    return cast(op("Sub", high, _wide(2**31)), "int32")


def _shift(x: Tensor, bits: int) -> Tensor:
    return op("BitShift", x, constant(np.uint64(bits)), direction="RIGHT")


def _wide(value: int) -> Tensor:
    """A 64-bit pattern as int64."""
    return constant(np.array(value % 2**64, dtype=np.uint64).view(np.int64))
