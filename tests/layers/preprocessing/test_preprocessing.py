from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.layers import (
    CategoryEncoding,
    CenterCrop,
    Discretization,
    Input,
    Normalization,
    Rescaling,
    Resizing,
)
from konnx.models import Model, Sequential

X = np.random.default_rng(0).normal(3.0, 2.0, (6, 4, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("axis", "reduced"), [(-1, (0, 1)), (1, (0, 2)), ((1, 2), 0), (None, None)]
)
def test_adapt_takes_mean_and_variance_of_the_data(axis: Any, reduced: Any) -> None:
    layer = Normalization(axis)
    layer.adapt(X)
    expected = (X - X.mean(reduced, keepdims=True)) / X.std(reduced, keepdims=True)
    model = Sequential([layer])
    inputs = Input((4, 3))
    model = Model(inputs, layer(inputs))
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-4, atol=1e-5)
    assert layer.get_weights()[2] == X.size // np.prod(layer.get_weights()[0].shape)


def test_adapt_takes_batches_as_the_whole() -> None:
    whole, batches = Normalization(), Normalization()
    whole.adapt(X)
    batches.adapt(X[start : start + 2] for start in (0, 2, 4))
    for one, other in zip(whole.get_weights(), batches.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_whole_numbers_become_floats(dtype: str) -> None:
    x = Input((2, 2, 1), dtype=dtype)
    data = np.arange(4, dtype=dtype).reshape(1, 2, 2, 1)
    for layer in (Rescaling(1 / 2, 1.0), Resizing(2, 2)):
        result = Model(x, layer(x)).predict(data)
        expected = data / 2 + 1.0 if isinstance(layer, Rescaling) else data
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, expected)


@pytest.mark.parametrize("layer", [Resizing(3, 4), Resizing(3, 4, "nearest")], ids=repr)
def test_images_of_unknown_size_are_resized(layer: Resizing) -> None:
    free, fixed = Input((None, None, 2)), Input((5, 6, 2))
    data = np.random.default_rng(1).uniform(-1, 1, (2, 5, 6, 2)).astype(np.float32)
    expected = Model(fixed, layer(fixed)).predict(data)
    np.testing.assert_allclose(Model(free, layer(free)).predict(data), expected, rtol=1e-5)


@pytest.mark.parametrize("layer_class", [Resizing, CenterCrop])
def test_channels_may_come_first(layer_class: Any) -> None:
    last, first = Input((5, 6, 2)), Input((2, 5, 6))
    data = np.random.default_rng(1).uniform(-1, 1, (2, 5, 6, 2)).astype(np.float32)
    expected = Model(last, layer_class(3, 4)(last)).predict(data)
    layer = layer_class(3, 4, data_format="channels_first")
    result = Model(first, layer(first)).predict(data.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(result.transpose(0, 2, 3, 1), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Normalization(mean=1.0), "must be given together"),
        (lambda: Normalization(mean=1.0, variance=2.0).adapt(X), "nothing to adapt"),
        (lambda: Normalization().adapt(iter(())), "was given no data"),
        (lambda: Normalization(axis=0)(Input((3,))), "not the batch"),
        (lambda: Normalization()(Input((None,))), "must be of known size"),
        (lambda: CategoryEncoding(0), "`num_tokens` must be positive"),
        (lambda: CategoryEncoding(3, sparse=True), "no sparse tensors"),
        (lambda: CategoryEncoding(3)([Input((2,)), Input((2,))]), "must be 'count' with weights"),
        (
            lambda: Discretization(num_bins=3)(Input((2,))),
            "`bin_boundaries` must be given, or taken",
        ),
        (lambda: Discretization([1.0, 0.0]), "must ascend"),
        (lambda: Resizing(2, 2, "cubic"), "`interpolation` must be one of"),
        (lambda: Resizing(2, 2, "area")(Input((None, None, 1))), "known size"),
        (lambda: CenterCrop(2, 2)(Input((None, None, 1))), "needs inputs of known size"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
