"""Measuring how fast a model runs: each setting by itself, warm-up apart."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from konnx.cli.model_files import RunnableModel

Array = np.ndarray[Any, Any]

_LEAST_RUNS = 5


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes:
        warmup: runs that do not count.
        runs: runs that count; None: as many as fit into `seconds`, five at least.
        seconds: of measuring, for each setting.
    """

    warmup: int = 3
    runs: int | None = None
    seconds: float = 2.0


def measure(
    model: RunnableModel,
    feeds: Mapping[str, Array],
    effort: Effort,
    *,
    device: str,
    threads: int | None,
) -> dict[str, Any]:
    """Load a model and run it on the same inputs again and again.

    Returns:
        Milliseconds: "load", "first" (the first run), "mean", "p50", "p90", "p99", "best"; also
        "runs", "samples" (in a run), "throughput" (samples a second), "memory" (MB that the
        process took at most), "providers", "device", "threads".
    """
    from konnx.runtime import Program

    names = [value.name for value in model.outputs]
    start = time.perf_counter()
    program = Program(
        model.source, feeds=list(feeds), fetches=names, device=device, threads=threads
    )
    load = time.perf_counter() - start
    arrays = list(feeds.values())
    times = _times(lambda: program(*arrays), effort)
    counted = np.array(times[max(effort.warmup, 1) :]) * 1e3
    samples = len(arrays[0]) if arrays and arrays[0].ndim else 1
    p50, p90, p99 = np.percentile(counted, (50, 90, 99))
    return {
        "device": str(program.device),
        "providers": list(program.providers),
        "threads": threads,
        "samples": samples,
        "load": load * 1e3,
        "first": times[0] * 1e3,
        "runs": len(counted),
        "best": float(counted.min()),
        "mean": float(counted.mean()),
        "p50": float(p50),
        "p90": float(p90),
        "p99": float(p99),
        "throughput": samples / float(counted.mean()) * 1e3,
        "memory": _peak_memory(),
    }


def _times(run: Any, effort: Effort) -> list[float]:
    """Return the seconds of each run, those of the warm-up first."""
    times: list[float] = []
    warmup = max(effort.warmup, 1)
    end: float | None = None
    while True:
        start = time.perf_counter()
        run()
        now = time.perf_counter()
        times.append(now - start)
        counted = len(times) - warmup
        if counted == 0:
            end = now + effort.seconds
        if counted < 1 or (effort.runs is None and counted < _LEAST_RUNS):
            continue
        if counted == effort.runs or (effort.runs is None and end is not None and now >= end):
            return times


def _peak_memory() -> float | None:
    """Return the most megabytes that this process has had so far; None where nothing tells."""
    try:
        import resource
    except ImportError:  # on Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def by_layer(seconds: Mapping[str, float], most: int) -> list[dict[str, Any]]:
    """Sum the times of nodes by layer, the slowest first; what is beyond `most` as "others".

    Example:
        >>> by_layer({"conv/Conv": 0.003, "conv/Relu": 0.001, "dense/Gemm": 0.001}, 5)
        [{'layer': 'conv', 'milliseconds': 4.0}, {'layer': 'dense', 'milliseconds': 1.0}]
    """
    sums: dict[str, float] = {}
    for name, time_ in seconds.items():
        layer = name.rpartition("/")[0] or name
        sums[layer] = sums.get(layer, 0.0) + time_ * 1e3
    ordered = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    rows: Sequence[tuple[str, float]] = ordered[:most]
    if len(ordered) > most:
        rows = [*rows, ("others", sum(time_ for _, time_ in ordered[most:]))]
    return [{"layer": layer, "milliseconds": round(time_, 6)} for layer, time_ in rows]
