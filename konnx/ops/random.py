"""Random numbers, drawn anew at each run from a seed that the run is given.

The generator is a hash of the element's place and of the run's seed, written in integer ops. So
a graph stays a pure function: the same seed gives the same numbers on every device, and a run can
be repeated. On CPU it is several times as fast as ONNX' RandomUniformLike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from konnx.graph import Tensor, constant, int64s, is_float, op, placeholder
from konnx.ops._convert import cast
from konnx.ops.elementwise import clip, cos
from konnx.ops.shape import Size, reshape, reshape_like, shape, sizes_tensor
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
    """Evenly distributed int32 in the shape of `like`."""
    sizes = shape(like)
    rows = op("Gather", sizes, constant(np.int64(0))) if like.ndim else constant(np.int64(1))
    return reshape_like(_random_matrix(rows, op("Size", like), seed), like)


def _random_matrix(rows: Tensor, count: Tensor, seed: int | None) -> Tensor:
    """Evenly distributed int32: `count` numbers as a matrix with so many rows.

    Rows and columns are hashed thoroughly, each by itself; an element mixes the sum of its two
    hashes once more, so that only three cheap ops touch every element.
    """
    salt = draw_seed() if seed is None else seed
    columns = op("Div", count, op("Max", rows, constant(np.int64(1))))
    row_hash = op("Unsqueeze", _hash(_range(rows), salt, varying=True), int64s([1]))
    column_hash = op("Unsqueeze", _hash(_range(columns), ~salt, varying=False), int64s([0]))
    mixed = op("Add", row_hash, column_hash)
    return op("Mul", mixed, op("BitwiseOr", mixed, constant(np.int32(1))))


Sizes = Sequence[Size | None] | Tensor
"""A shape: known sizes and scalar tensors, or one tensor of whole numbers."""


def uniform(
    sizes: Sizes,
    low: float = 0.0,
    high: float = 1.0,
    dtype: str = "float32",
    seed: int | None = None,
) -> Tensor:
    """Numbers evenly distributed between `low` and `high`, which is not reached.

    Whole numbers, where `dtype` says so.
    """
    if not is_float(dtype):
        unit = _unit_interval(sizes, "float64", seed)
        return cast(op("Floor", unit * float(high - low) + float(low)), dtype)
    unit = _unit_interval(sizes, dtype, seed)
    return unit if (low, high) == (0.0, 1.0) else unit * (high - low) + low


def bernoulli(sizes: Sizes, p: float, dtype: str = "float32", seed: int | None = None) -> Tensor:
    """1 with probability `p`, else 0."""
    threshold = min(int((0.5 - p) * 2.0**32), 2**31 - 1)
    bits = _shaped_bits(sizes, seed)
    return cast(op("GreaterOrEqual", bits, constant(np.int32(threshold))), dtype)


def normal(
    sizes: Sizes,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: str = "float32",
    seed: int | None = None,
) -> Tensor:
    """Normally distributed numbers.

    Source: Box and Muller, A note on the generation of random normal deviates, 1958.
    """
    inner = "float64" if dtype == "float64" else "float32"
    salt = draw_seed() if seed is None else seed
    positive = 1.0 - _unit_interval(sizes, inner, salt)
    turn = _unit_interval(sizes, inner, salt + 0x5851F42D) * (2 * math.pi)
    radius = op("Sqrt", op("Log", positive) * (-2.0 * stddev**2))
    # ONNX Runtime has had no float64 cosine for long; a direction need not be that exact.
    side = cast(cos(cast(turn, "float32")), inner)
    return cast(radius * side + mean, dtype)


# The quantile of a normal distribution that lies at x between -1 and 1 of its area is x times a
# polynomial in w = -log(1 - x^2); this one, fitted up to two deviations, errs by 6e-7 at most.
# Source of the form: M. Giles, Approximating the erfinv function, GPU Computing Gems 2, 2010.
_QUANTILE = (
    4.44800464e-05, -8.97421155e-05, -0.00343504795, 0.0164140058, 0.328099431, 1.25331474,
)  # fmt: skip


def truncated_normal(
    sizes: Sizes,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: str = "float32",
    seed: int | None = None,
) -> Tensor:
    """Normally distributed numbers of those that lie within two standard deviations of the mean."""
    inner = "float64" if dtype == "float64" else "float32"
    bound = math.erf(math.sqrt(2.0))
    x = _unit_interval(sizes, inner, seed) * (2 * bound) - bound
    w = op("Neg", op("Log", 1.0 - x * x))
    polynomial = w * _QUANTILE[0] + _QUANTILE[1]
    for coefficient in _QUANTILE[2:]:
        polynomial = polynomial * w + coefficient
    return cast(clip(polynomial * x, -2.0, 2.0) * stddev + mean, dtype)


def _unit_interval(sizes: Sizes, dtype: str, seed: int | None) -> Tensor:
    """Numbers from 0 to 1, which is not reached, as fine as the dtype has them below 1."""
    digits = {"float16": 11, "float32": 24}.get(dtype, 32)
    bits = _shaped_bits(sizes, seed)
    if digits < 32:  # so that no rounding makes 1
        bits = op("BitwiseAnd", bits, constant(np.int32(-(2 ** (32 - digits)))))
    inner = cast(bits, "float64" if dtype == "float64" else "float32")
    return cast(inner * 2.0**-32 + 0.5, dtype)


def _shaped_bits(sizes: Sizes, seed: int | None) -> Tensor:
    shape = sizes_tensor(sizes)
    known = shape.constant_value
    if known is not None and 0 in known:  # which not every ONNX Runtime broadcasts
        return constant(np.zeros(known, np.int32))
    if known is not None:
        rows, count = constant(known[0] if known.size else np.int64(1)), constant(known.prod())
    else:
        rows = op("Gather", shape, constant(np.int64(0)))
        count = op("ReduceProd", shape, keepdims=0)
    return reshape(_random_matrix(rows, count, seed), sizes)


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
