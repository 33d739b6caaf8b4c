"""What a layer hides behind stop_gradient stays as it is in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import Input, Model, ops
from konnx.graph import Tensor
from konnx.layers import Layer

pytestmark = pytest.mark.training


class TwoScales(Layer):
    """x * seen + x * hidden, where gradients see only half of what `hidden` does."""

    def build(self, input_shape: Any) -> None:
        self.seen = self.add_weight("seen", (3,), initializer="ones")
        self.hidden = self.add_weight("hidden", (3,), initializer="ones")
        super().build(input_shape)

    def call(self, inputs: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        stopped = ops.stop_gradient(inputs * self.hidden)
        return inputs * self.seen + 0.5 * stopped + 0.5 * (inputs * self.hidden)


def test_a_training_step_leaves_out_what_is_behind_stop_gradient() -> None:
    x = Input((3,))
    model = Model(x, TwoScales()(x))
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.train_on_batch(np.ones((4, 3)), np.zeros((4, 3)))
    seen, hidden = (a - b for a, b in zip(before, model.get_weights(), strict=True))
    assert seen.min() > 0
    np.testing.assert_allclose(hidden, seen / 2, rtol=1e-5)
