"""Packing of masked sequences, and recurrent layers as one operator, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from konnx import ops
from konnx.graph import constant, placeholder
from konnx.ops.recurrent import Kernels, StepActivation, zeros_for
from konnx.testing import evaluate

MASK = np.array([[1, 0, 1, 1], [0, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]], dtype=bool)
STEPS = np.arange(32, dtype=np.float32).reshape(4, 4, 2)


def test_steps_that_count_come_first_in_their_order() -> None:
    x, mask = placeholder(("batch", None, 2)), placeholder(("batch", None), "bool")
    packed = ops.packing(mask)
    rows, lengths = evaluate([ops.pack(x, packed), packed.lengths], {x: STEPS, mask: MASK})
    assert lengths.tolist() == [3, 1, 0, 4]
    assert lengths.dtype == np.int32
    for sample, kept in enumerate(MASK):
        expected = STEPS[sample, kept]
        assert rows[: len(expected), sample].tolist() == expected.tolist()
        assert sorted(rows[:, sample].tolist()) == STEPS[sample].tolist()


def test_a_step_that_does_not_count_shows_what_was_before_it() -> None:
    outputs, before = placeholder((4, "batch", 2)), placeholder(("batch", 2))
    shown = ops.unpack(outputs, before, ops.packing(constant(MASK)))
    packed = np.arange(32, dtype=np.float32).reshape(4, 4, 2)
    first = np.full((4, 2), -1, np.float32)
    (values,) = evaluate([shown], {outputs: packed, before: first})
    for sample, kept in enumerate(MASK):
        last, place = first[sample], 0
        for step, counts in enumerate(kept):
            if counts:
                last, place = packed[place, sample], place + 1
            assert values[sample, step].tolist() == last.tolist()


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32) * 0.5


SIGMOID, TANH = StepActivation("Sigmoid"), StepActivation("Tanh")


def test_an_lstm_has_the_gates_of_keras() -> None:
    x, h, c = random(5, 2, 3), random(2, 4, seed=1), random(2, 4, seed=2)
    kernel, recurrent, bias = random(3, 16, seed=3), random(4, 16, seed=4), random(16, seed=5)
    weights = Kernels(*map(constant, (kernel, recurrent, bias)))
    outputs, states = ops.lstm(
        constant(x), weights, [constant(h), constant(c)], [SIGMOID, TANH, TANH]
    )
    received = evaluate([outputs, *states])
    expected = []
    for step in x:
        i, f, g, o = np.split(step @ kernel + h @ recurrent + bias, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        expected.append(h)
    for one, other in zip(received, [np.stack(expected), h, c], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("reset_after", [False, True])
def test_a_gru_has_the_gates_of_keras(reset_after: bool) -> None:
    x, h = random(5, 2, 3), random(2, 4, seed=1)
    kernel, recurrent = random(3, 12, seed=3), random(4, 12, seed=4)
    bias, state_bias = random(12, seed=5), random(12, seed=6) * reset_after
    weights = Kernels(*map(constant, (kernel, recurrent, bias, state_bias)))
    outputs, _ = ops.gru(
        constant(x), weights, [constant(h)], [SIGMOID, TANH], reset_after=reset_after
    )
    expected = []
    for step in x:
        given, kept = step @ kernel + bias, h @ recurrent + state_bias
        z, r = (sigmoid(given[:, part] + kept[:, part]) for part in (slice(4), slice(4, 8)))
        kept_h = r * kept[:, 8:] if reset_after else (r * h) @ recurrent[:, 8:]
        h = z * h + (1 - z) * np.tanh(given[:, 8:] + kept_h)
        expected.append(h)
    np.testing.assert_allclose(evaluate([outputs])[0], np.stack(expected), rtol=1e-5, atol=1e-6)


def test_a_simple_layer_stops_at_the_end_of_each_sample() -> None:
    x, h = random(5, 2, 3), random(2, 4, seed=1)
    kernel, recurrent = random(3, 4, seed=3), random(4, 4, seed=4)
    outputs, (last,) = ops.simple_rnn(
        constant(x),
        Kernels(constant(kernel), constant(recurrent)),
        [constant(h)],
        [StepActivation("Affine", 0.5, 0.1)],
        constant(np.array([5, 2], np.int32)),
    )
    values, final = evaluate([outputs, last])
    assert not values[2:, 1].any()
    for step in x[:2]:
        h = 0.5 * (step @ kernel + h @ recurrent) + 0.1
    np.testing.assert_allclose(final[1], h[1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("batch", [2, "batch"])
def test_zeros_have_the_batch_of_another_tensor(batch: int | str) -> None:
    x = placeholder((batch, 3))
    zeros = zeros_for(x, [4, 5])
    assert zeros.dims == (batch, 4, 5)
    (value,) = evaluate([zeros], {x: np.ones((2, 3))})
    assert value.shape == (2, 4, 5)
    assert not value.any()
