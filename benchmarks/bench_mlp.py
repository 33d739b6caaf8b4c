"""Training an MLP 784-512-512-10 at batch 128: konnx' step against bare matrix products.

The measure is a ratio, so that it holds on any machine: the time of one step of `train_on_batch`
over the time that NumPy's BLAS takes for the step's eight matrix products alone. Both are timed in
turns, so that a noisy machine hurts both alike, with a pause in between: the threads of each spin
for a while after their work and would slow the other.

Run: python benchmarks/bench_mlp.py [--steps N] [--optimizer sgd|adam]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from konnx.layers import Dense
from konnx.models import Sequential

BATCH, SIZES = 128, (784, 512, 512, 10)
BLOCK = 50
PAUSE = 0.2  # seconds


def training_step(optimizer: str) -> Callable[[], object]:
    """Return a function that trains the model on one batch."""
    model = Sequential(
        [
            Dense(SIZES[1], activation="relu", input_shape=(SIZES[0],)),
            Dense(SIZES[2], activation="relu"),
            Dense(SIZES[3], activation="softmax"),
        ]
    )
    model.compile(optimizer, "categorical_crossentropy")
    random = np.random.default_rng(0)
    x = random.random((BATCH, SIZES[0]), dtype=np.float32)
    y = np.eye(SIZES[3], dtype=np.float32)[random.integers(0, SIZES[3], BATCH)]
    return lambda: model.train_on_batch(x, y)


def matrix_products() -> Callable[[], object]:
    """Return a function that does the products of a step and nothing else."""
    random = np.random.default_rng(0)
    weights = [random.random(shape, dtype=np.float32) for shape in pairwise(SIZES)]
    values = [random.random((BATCH, size), dtype=np.float32) for size in SIZES]

    def step() -> None:
        for value, weight in zip(values, weights, strict=False):
            value @ weight
        for index in reversed(range(len(weights))):
            values[index].T @ values[index + 1]
            if index:
                values[index + 1] @ weights[index].T

    return step


def milliseconds(function: Callable[[], object]) -> float:
    """Return the time of one call, from a block of several."""
    time.sleep(PAUSE)
    function()
    start = time.perf_counter()
    for _ in range(BLOCK):
        function()
    return (time.perf_counter() - start) / BLOCK * 1e3


def main() -> None:
    """Time both in turns and print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--optimizer", default="sgd", choices=["sgd", "adam"])
    arguments = parser.parse_args()
    functions = (training_step(arguments.optimizer), matrix_products())
    for function in functions:
        milliseconds(function)
    times = [[milliseconds(f) for f in functions] for _ in range(arguments.steps // BLOCK)]
    step, products = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(row[0] / row[1] for row in times)
    print(f"konnx step          {step:6.2f} ms")
    print(f"its matrix products {products:6.2f} ms (NumPy)")
    print(f"ratio               {ratio:6.2f}")


if __name__ == "__main__":
    main()
