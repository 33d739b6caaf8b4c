"""What one step costs beside the arithmetic: a graph of 20 tiny states, and ONNX Runtime alone.

Run: python benchmarks/bench_runtime.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from onnx import parser

from konnx.runtime import Program, State

COUNT, STEPS, ROUNDS = 20, 1000, 7


def microseconds(run: Callable[[], object]) -> float:
    """Return the time of one call, the best of several rounds."""
    run()
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(STEPS):
            run()
        rounds.append(time.perf_counter() - start)
    return min(rounds) / STEPS * 1e6


def make_program() -> Program:
    """Return a program that negates each of its states and scales one feed."""
    inputs = ", ".join(f"float[16] w{i}" for i in range(COUNT))
    outputs = ", ".join(f"float[16] v{i}" for i in range(COUNT))
    nodes = "\n".join(f"v{i} = Neg(w{i})" for i in range(COUNT))
    model = parser.parse_model(
        f"""<ir_version: 8, opset_import: ["" : 18]>
        step (float[n, 3] x, float lr, {inputs}) => (float[n, 3] y, {outputs}) {{
            y = Mul(x, lr)
            {nodes}
        }}"""
    )
    states = [State(np.ones(16, np.float32)) for _ in range(COUNT)]
    return Program(
        model,
        feeds=["x", "lr"],
        fetches=["y"],
        states={f"w{i}": state for i, state in enumerate(states)},
        updates={f"v{i}": state for i, state in enumerate(states)},
        device="cpu",
        threads=1,
    )


def main() -> None:
    program = make_program()
    x, rate = np.ones((2, 3), np.float32), np.array(0.1, np.float32)
    whole = microseconds(lambda: program(x, rate))
    binding = program._current_binding().io
    alone = microseconds(lambda: program._session.run_with_iobinding(binding))
    print(f"one step with {COUNT} states: {whole:.1f} µs, {whole - alone:.1f} of them in Python")


if __name__ == "__main__":
    main()
