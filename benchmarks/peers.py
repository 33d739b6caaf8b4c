"""Timing konnx against other frameworks, each in a process of its own, in turns.

A benchmark that compares has two faces. Started by a person, it starts itself again once for each
framework: with this Python for konnx, with the Python of an environment that has the others for
those. Started so, it makes its step and serves it: for each number that it reads it runs as many
steps and writes their times. Only one process computes at a time, and all take turns, so that a
noisy machine hurts all alike.

This module runs in both Pythons, so it needs nothing but the standard library.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

KERAS_BACKENDS = ("tensorflow", "torch", "jax")
Pair = tuple[float, float]

PAUSE = 0.1  # seconds; the threads of one framework spin for a while after their work


def options(description: str) -> argparse.ArgumentParser:
    """Return a parser with what every benchmark against peers takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--peers",
        default=os.environ.get("KONNX_PEERS"),
        metavar="PYTHON",
        help="a Python that has keras and its backends; default: the variable KONNX_PEERS",
    )
    parser.add_argument(
        "--frameworks",
        nargs="+",
        default=["konnx", *KERAS_BACKENDS],
        help="konnx, Keras 3's backends (tensorflow, torch, jax), tf_keras",
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=10, help="in each round")
    parser.add_argument("--serve", metavar="FRAMEWORK", help=argparse.SUPPRESS)
    return parser


def keras_of(framework: str) -> object:
    """Return the module `keras` of a framework, on the backend that is asked for."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    if framework == "tf_keras":
        import tf_keras

        return tf_keras
    os.environ["KERAS_BACKEND"] = framework
    import keras

    return keras


def serve(step: Callable[[], object]) -> None:
    """Run as many steps as each line of the input says, and write their times in milliseconds.

    Each is a pair: what a clock shows, and what all threads together had of the processor. The
    latter is what counts on a machine that has other work, too.
    """
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start, used = time.perf_counter(), time.process_time()
            step()
            end = time.perf_counter(), time.process_time()
            times.append(((end[0] - start) * 1e3, (end[1] - used) * 1e3))
        print("times", json.dumps(times), flush=True)


class Worker:
    """One framework's process.

    Args:
        python: the interpreter.
        arguments: script and its options; it must come to `serve`.
    """

    def __init__(self, python: str, arguments: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            [python, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, steps: int) -> list[Pair]:
        """Return the milliseconds of each of some steps, by the clock and of the processor."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(steps, file=self.process.stdin, flush=True)
        for line in self.process.stdout:
            if line.startswith("times "):
                times: list[Pair] = json.loads(line.removeprefix("times "))
                return times
        raise RuntimeError(f"{self.process.args!r} ended with {self.process.wait()}")

    def close(self) -> None:
        """Let the process end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def compare(
    script: str, arguments: argparse.Namespace, extra: Sequence[str]
) -> Mapping[str, list[Pair]]:
    """Return the times of each framework, taken in turns.

    Args:
        script: the benchmark's own file.
        arguments: of the parser that `options` made.
        extra: further options for the script's other face.
    """
    workers = {
        name: Worker(
            sys.executable if name == "konnx" else arguments.peers,
            [script, "--serve", name, *extra],
        )
        for name in arguments.frameworks
        if name == "konnx" or arguments.peers
    }
    times: dict[str, list[Pair]] = {name: [] for name in workers}
    try:
        for worker in workers.values():
            worker.run(3)  # compiles, allocates
        for _ in range(arguments.rounds):
            for name, worker in workers.items():
                time.sleep(PAUSE)
                times[name] += worker.run(arguments.steps)
    finally:
        for worker in workers.values():
            worker.close()
    return times


def report(label: str, times: Mapping[str, list[Pair]]) -> None:
    """Print each framework's times, and konnx' over those of the fastest of Keras 3's backends."""
    measures: dict[str, Callable[[list[Pair]], float]] = {
        "min": lambda rows: min(clock for clock, _ in rows),
        "median": lambda rows: statistics.median(clock for clock, _ in rows),
        "processor": lambda rows: min(used for _, used in rows),
    }
    print(f"{label:40}" + "".join(f"{name:>12}" for name in measures))
    for name, rows in times.items():
        print(f"  {name:38}" + "".join(f"{of(rows):9.2f} ms" for of in measures.values()))
    rivals = [times[name] for name in KERAS_BACKENDS if name in times]
    if rivals and "konnx" in times:
        ratios = [of(times["konnx"]) / min(map(of, rivals)) for of in measures.values()]
        line = "konnx / fastest of Keras 3"
        print(f"  {line:38}" + "".join(f"{ratio:12.2f}" for ratio in ratios), flush=True)
