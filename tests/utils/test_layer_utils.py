from __future__ import annotations

import numpy as np
import pytest

from konnx.layers import Conv2D, Dense, Flatten
from konnx.models import Sequential
from konnx.utils import convert_all_kernels_in_model, print_summary
from konnx.utils.layer_utils import convert_dense_weights_data_format, count_params

X = np.random.RandomState(0).normal(size=(2, 4, 5, 3)).astype("float32")


def convolutional() -> Sequential:
    return Sequential([Conv2D(2, (2, 3), input_shape=(4, 5, 3)), Flatten(), Dense(2)])


def test_shared_weights_count_once() -> None:
    weights = convolutional().weights
    assert count_params(weights) == count_params(weights + weights) == 38 + 38


def test_the_summary_is_the_models() -> None:
    model, here, there = convolutional(), [], []  # type: ignore[var-annotated]
    print_summary(model, line_length=70, print_fn=here.append)
    model.summary(line_length=70, print_fn=there.append)
    assert here == there


def test_kernels_are_turned_round_and_back() -> None:
    model = convolutional()
    before = model.get_weights()
    convert_all_kernels_in_model(model)
    np.testing.assert_array_equal(model.get_weights()[0], before[0][::-1, ::-1])
    np.testing.assert_array_equal(model.get_weights()[2], before[2])
    convert_all_kernels_in_model(model)
    for now, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, old)


@pytest.mark.parametrize("use_bias", [True, False])
def test_flattened_images_may_change_their_data_format(use_bias: bool) -> None:
    last = Sequential([Flatten(input_shape=(4, 5, 3)), Dense(2, use_bias=use_bias)])
    first = Sequential([Flatten(input_shape=(3, 4, 5)), Dense(2, use_bias=use_bias)])
    moved = X.transpose(0, 3, 1, 2)
    first.set_weights(last.get_weights())
    convert_dense_weights_data_format(first.layers[1], (3, 4, 5))
    np.testing.assert_allclose(first.predict(moved), last.predict(X), rtol=1e-5, atol=1e-6)
    convert_dense_weights_data_format(first.layers[1], (4, 5, 3), "channels_last")
    for now, old in zip(first.get_weights(), last.get_weights(), strict=True):
        np.testing.assert_array_equal(now, old)


@pytest.mark.parametrize(
    ("shape", "target", "message"),
    [
        ((3, 4, 4), "channels_first", "must hold 60 numbers.*3, 4, 4"),
        ((60,), "channels_first", "must hold 60 numbers"),
        ((3, 4, 5), "nchw", "'channels_first' or 'channels_last'.*'nchw'"),
    ],
)
def test_what_does_not_fit_is_refused(shape: tuple[int, ...], target: str, message: str) -> None:
    model = Sequential([Flatten(input_shape=(4, 5, 3)), Dense(2)])
    with pytest.raises(ValueError, match=message):
        convert_dense_weights_data_format(model.layers[1], shape, target)
