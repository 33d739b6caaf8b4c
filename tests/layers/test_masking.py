"""Masks that are given by tensors, and masks that nobody wants."""

from __future__ import annotations

import numpy as np
import pytest

from konnx.layers import GRU, Conv1D, Dense, Flatten, Input, Masking, deserialize, serialize
from konnx.layers.masking import ApplyMask
from konnx.models import Model, Sequential


def test_a_mask_that_is_applied_hides_steps() -> None:
    x, mask = Input((None, 3)), Input((None,), dtype="bool")
    layer = GRU(2)
    model = Model([x, mask], layer(ApplyMask()([x, mask])))
    data = np.random.RandomState(0).rand(2, 4, 3).astype("float32")
    hidden = np.array([[True, True, False, False], [True, False, False, True]])
    shown = Model(x, layer(x))
    expected = [shown.predict(data[:1, :2])[0], shown.predict(data[1:, [0, 3]])[0]]
    np.testing.assert_allclose(model.predict([data, hidden]), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.no_runtime
def test_the_mask_takes_the_place_of_the_one_before() -> None:
    x, mask = Input((4, 3)), Input((4,), dtype="int32")
    masked = ApplyMask()([Masking()(x), mask])
    assert (masked.shape, masked._keras_mask.shape) == ((None, 4, 3), (None, 4))
    assert masked._keras_mask.dtype == "bool"


@pytest.mark.no_runtime
def test_a_layer_from_a_config_drops_a_mask_that_a_new_one_refuses() -> None:
    masked = Masking()(Input((4, 3)))
    layer = Conv1D(2, 2)
    with pytest.raises(TypeError, match="does not support masking"):
        layer(masked)
    output = deserialize(serialize(layer))(masked)
    assert output._keras_mask is None


@pytest.mark.no_runtime
def test_a_model_with_a_dropped_mask_can_be_made_again() -> None:
    flat = deserialize(serialize(Flatten()))
    model = Sequential([Masking(input_shape=(4, 3)), flat, Dense(2)])
    assert Sequential.from_config(model.get_config()).output_shape == (None, 2)
