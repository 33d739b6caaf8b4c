"""Dropout of recurrent layers: in training only, the same at all steps, one mask a gate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.layers import GRU, LSTM, RNN, GRUCell, Input, LSTMCell, SimpleRNN, SimpleRNNCell
from konnx.models import Model
from konnx.testing import evaluate

ONES = np.ones((4, 6, 5), dtype="float32")


def outputs(layer: Any, *, training: bool, seed: int = 0) -> np.ndarray:
    x = Input((6, 5))
    output = layer(x)
    layer.set_weights([np.full_like(weight, 0.1) for weight in layer.get_weights()])
    return evaluate([output], {x: ONES}, training=training, seed=seed)[0]


LAYERS: dict[str, Any] = {
    "simple": lambda **kwargs: SimpleRNN(3, **kwargs),
    "gru": lambda **kwargs: GRU(3, **kwargs),
    "gru after": lambda **kwargs: GRU(3, reset_after=True, **kwargs),
    "gru shared": lambda **kwargs: GRU(3, implementation=2, **kwargs),
    "lstm": lambda **kwargs: LSTM(3, **kwargs),
    "lstm shared": lambda **kwargs: LSTM(3, implementation=2, **kwargs),
}


@pytest.fixture(autouse=True)
def same_masks_in_every_run() -> None:
    np.random.seed(4)  # noqa: NPY002 - where layers take the seeds of their masks


@pytest.mark.parametrize("kind", ["dropout", "recurrent_dropout"])
@pytest.mark.parametrize("name", LAYERS)
def test_only_training_drops(name: str, kind: str) -> None:
    layer, plain = LAYERS[name](**{kind: 0.5}), LAYERS[name]()
    expected = outputs(plain, training=False)
    np.testing.assert_allclose(outputs(layer, training=False), expected, rtol=1e-5)
    dropped = [outputs(LAYERS[name](**{kind: 0.5}), training=True, seed=s) for s in (0, 1)]
    assert not np.allclose(dropped[0], expected, rtol=1e-3)
    assert not np.allclose(dropped[0], dropped[1], rtol=1e-3)


def test_what_is_dropped_is_dropped_at_every_step() -> None:
    layer = SimpleRNN(1, activation=None, dropout=0.5, return_sequences=True, use_bias=False)
    x = Input((6, 5))
    output = layer(x)
    layer.set_weights([np.ones((5, 1)), np.zeros((1, 1))])
    steps = evaluate([output], {x: ONES}, training=True)[0]
    assert np.ptp(steps, axis=1).max() == 0
    assert np.ptp(steps[:, 0]) > 0
    assert set(np.unique(steps)) <= {0.0, 2.0, 4.0, 6.0, 8.0, 10.0}


def test_each_gate_has_a_mask_of_its_own_unless_they_share_one() -> None:
    def gates(implementation: int) -> list[np.ndarray]:
        cell = LSTMCell(1, dropout=0.5, implementation=implementation)
        like = Input((5,))
        cell.draw_masks(like, [like, like], training=True)
        return evaluate(
            [one * 1.0 for one in cell.input_dropout.for_gates(like)], {like: ONES[:, 0]}
        )

    apart = gates(1)
    assert len(apart) == 4
    assert not np.array_equal(apart[0], apart[1])
    assert len(gates(2)) == 1


def test_a_stack_of_cells_drops_in_each() -> None:
    cells = [LSTMCell(3, dropout=0.5), GRUCell(2, recurrent_dropout=0.5), SimpleRNNCell(4)]
    layer = RNN(cells)
    x = Input((6, 5))
    output = layer(x)
    first, second = (
        evaluate([output], {x: ONES}, training=training)[0] for training in (True, False)
    )
    assert not np.allclose(first, second, rtol=1e-3)


def test_a_layer_with_dropout_trains() -> None:
    x = Input((6, 5))
    model = Model(x, LSTM(3, dropout=0.3, recurrent_dropout=0.3)(x))
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.train_on_batch(ONES, np.ones((4, 3)))
    assert all(not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
