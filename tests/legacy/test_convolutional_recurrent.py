"""Convolutional recurrent layers with a step of their own, as the first Keras 2 had them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx.layers import Input
from konnx.legacy.convolutional_recurrent import ConvRecurrent2D
from konnx.models import Sequential

X = np.random.default_rng(1).normal(size=(2, 3, 5, 4, 2)).astype("float32")


class Sum(ConvRecurrent2D):
    """Adds up the convolutions of the images."""

    def build(self, input_shape: Any) -> None:
        self.states = [None]
        size = (*self.kernel_size, input_shape[-1 if self.data_format[9] == "l" else 2])
        self.kernel: Any = self.add_weight("kernel", (*size, self.filters))
        super().build(input_shape)

    def step(self, inputs: Any, states: Any) -> Any:
        output = states[0] + K.conv2d(
            inputs, self.kernel, self.strides, self.padding, self.data_format
        )
        return output, [output]


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_step_is_repeated_over_the_images(data_format: str, padding: str) -> None:
    def moved(array: Any) -> Any:
        return np.moveaxis(array, -1, 2) if data_format == "channels_first" else array

    layer = Sum(3, 1, padding=padding, data_format=data_format, return_sequences=True)
    model = Sequential([layer])
    model.build((None, *moved(X).shape[1:]))
    kernel = layer.get_weights()[0][0, 0]
    expected = np.cumsum(X @ kernel, axis=1)
    np.testing.assert_allclose(model.predict(moved(X)), moved(expected), atol=1e-5)
    assert model.output_shape == (None, *moved(expected).shape[1:])


def test_states_are_images_that_a_stateful_layer_carries_on() -> None:
    model = Sequential([Sum(3, 2, strides=2, stateful=True, batch_input_shape=(2, 3, 5, 4, 2))])
    first, second = model.predict(X), model.predict(X)
    assert first.shape == (2, 2, 2, 3)
    np.testing.assert_allclose(second, 2 * first, atol=1e-5)


@pytest.mark.no_runtime
def test_its_config_makes_it_again_and_bad_sizes_are_refused() -> None:
    config = Sum(3, 2, padding="same", go_backwards=True).get_config()
    assert Sum.from_config(config).get_config() == config
    with pytest.raises(ValueError, match="`Sum` 'sum': `filters` must be positive"):
        Sum(0, 2, name="sum")
    with pytest.raises(ValueError, match="`input_shape` must have rows and columns"):
        Sum(3, 2)(Input((3, None, 4, 2)))
    with pytest.raises(ValueError, match="'sum' cannot take the input: expected ndim=5"):
        Sum(3, 2, name="sum")(Input((3, 4, 2)))
