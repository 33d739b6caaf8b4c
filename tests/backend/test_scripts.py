"""Idioms of scripts that were written for Keras 2.1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import Input, Sequential
from konnx import backend as K
from konnx.graph import Tensor
from konnx.layers import Conv2D, Dense, Dropout, Flatten
from konnx.testing import normal

RANDOM = np.random.default_rng(0)


def softmax(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    e = np.exp(x)
    return np.asarray(e / e.sum(-1, keepdims=True))


def test_attention_with_several_heads() -> None:
    x = K.placeholder((None, 5, 12))
    heads = K.permute_dimensions(K.reshape(x, (-1, K.shape(x)[1], 3, 4)), (0, 2, 1, 3))
    weights = K.softmax(K.batch_dot(heads, heads, axes=[3, 3]) / 4**0.5)
    y = K.permute_dimensions(K.batch_dot(weights, heads, axes=[3, 2]), (0, 2, 1, 3))
    y = K.reshape(y, (-1, K.shape(x)[1], 12))
    assert K.int_shape(y) == (None, None, 12)
    array = normal((2, 5, 12))
    parts = array.reshape(2, 5, 3, 4)
    scores = softmax(np.einsum("bnhd,bmhd->bhnm", parts, parts) / 2)
    expected = np.einsum("bhnm,bmhd->bnhd", scores, parts).reshape(2, 5, 12)
    np.testing.assert_allclose(K.function([x], [y])([array])[0], expected, rtol=1e-4, atol=1e-5)


def test_capsules_that_agree() -> None:
    u = K.placeholder((None, 4, 6, 8))
    b = K.zeros_like(u[:, :, :, 0])
    for _ in range(3):
        c = K.permute_dimensions(K.softmax(K.permute_dimensions(b, (0, 2, 1))), (0, 2, 1))
        o = K.tanh(K.batch_dot(c, u, [2, 2]))
        b = K.batch_dot(o, u, [2, 3])
    array = normal((2, 4, 6, 8))
    agreement = np.zeros((2, 4, 6))
    for _ in range(3):
        shares = softmax(agreement.transpose(0, 2, 1)).transpose(0, 2, 1)
        outputs = np.tanh(np.einsum("bnt,bntd->bnd", shares, array))
        agreement = np.einsum("bnd,bntd->bnt", outputs, array)
    np.testing.assert_allclose(K.function([u], [o])([array])[0], outputs, rtol=1e-4, atol=1e-5)


def test_sampling_around_a_mean() -> None:
    mean, log_variance = Input((2,)), Input((2,))
    noise = K.random_normal(shape=(K.shape(mean)[0], 2), mean=0.0, stddev=1.0)
    sample = K.function([mean, log_variance], [mean + K.exp(log_variance / 2) * noise])
    (values,) = sample([np.full((5000, 2), 3.0), np.full((5000, 2), np.log(4.0))])
    assert abs(values.mean() - 3) < 0.1
    assert abs(values.std() - 2) < 0.1


@pytest.mark.gradients
def test_what_a_network_looks_at() -> None:
    model = Sequential(
        [
            Conv2D(4, 3, activation="relu", kernel_initializer="ones", input_shape=(8, 8, 1)),
            Flatten(),
            Dropout(0.5),
            Dense(3, activation="softmax"),
        ]
    )
    features = model.layers[0].output
    slopes = K.gradients(model.output[:, 1], features)[0]
    look = K.function(
        [model.input, K.learning_phase()], [K.mean(slopes, axis=(0, 1, 2)), features[0]]
    )
    pooled, maps = look([RANDOM.random((1, 8, 8, 1)), 0])
    assert (pooled.shape, maps.shape) == ((4,), (6, 6, 4))
    slope = K.gradients(K.mean(features[:, :, :, 1]), model.input)[0]
    slope /= K.sqrt(K.mean(K.square(slope))) + 1e-5
    (step,) = K.function([model.input], [slope])([RANDOM.random((1, 8, 8, 1))])
    np.testing.assert_allclose(np.mean(step**2), 1, rtol=1e-2)


METRICS: dict[str, tuple[Any, Any]] = {
    "precision": (
        lambda t, p: K.sum(K.round(K.clip(t * p, 0, 1))) / (K.sum(K.round(p)) + K.epsilon()),
        lambda t, p: (t * p).round().sum() / (p.round().sum() + 1e-7),
    ),
    "dice": (
        lambda t, p: (2.0 * K.sum(K.flatten(t) * K.flatten(p)) + 1) / (K.sum(t) + K.sum(p) + 1),
        lambda t, p: (2 * (t * p).sum() + 1) / (t.sum() + p.sum() + 1),
    ),
    "focal": (
        lambda t, p: -K.sum(K.pow(1.0 - p, 2.0) * t * K.log(p), axis=-1),
        lambda t, p: -((1 - p) ** 2 * t * np.log(p)).sum(-1),
    ),
    "distance": (
        lambda t, p: K.sqrt(K.maximum(K.sum(K.square(t - p), axis=1, keepdims=True), K.epsilon())),
        lambda t, p: np.linalg.norm(t - p, axis=1, keepdims=True),
    ),
    "contrast": (
        lambda t, p: K.mean(t * K.square(p) + (1 - t) * K.square(K.maximum(1 - p, 0))),
        lambda t, p: (t * p**2 + (1 - t) * np.maximum(1 - p, 0) ** 2).mean(),
    ),
    "hits": (
        lambda t, p: K.mean(K.cast(K.equal(K.argmax(t, -1), K.argmax(p, -1)), K.floatx())),
        lambda t, p: (t.argmax(-1) == p.argmax(-1)).mean(),
    ),
}


@pytest.mark.parametrize("name", METRICS)
def test_metrics_and_losses(name: str) -> None:
    written, numpy = METRICS[name]
    true: Tensor = K.placeholder((None, 4))
    predicted: Tensor = K.placeholder((None, 4))
    t, p = np.eye(4)[[0, 2, 1, 3, 3]], softmax(3 * normal((5, 4)))
    (value,) = K.function([true, predicted], [written(true, predicted)])([t, p])
    np.testing.assert_allclose(value, numpy(t, p), rtol=1e-5)
