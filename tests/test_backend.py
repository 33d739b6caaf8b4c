"""Keras' backend names, with Keras' arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import backend as K

A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], np.float32)


@pytest.mark.no_runtime
def test_every_name_is_there() -> None:
    assert sorted(K.__all__) == sorted(set(K.__all__))
    assert all(hasattr(K, name) for name in K.__all__)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("arguments", "shape", "dtype"),
    [
        ({"shape": (None, 3)}, (None, 3), "float32"),
        ({"shape": (2, 3), "dtype": "int32"}, (2, 3), "int32"),
        ({"ndim": 3}, (None, None, None), "float32"),
        ({"shape": ()}, (), "float32"),
    ],
)
def test_placeholders(arguments: dict[str, Any], shape: Any, dtype: str) -> None:
    x = K.placeholder(**arguments)
    assert (K.int_shape(x), K.dtype(x), K.ndim(x)) == (shape, dtype, len(shape))


@pytest.mark.no_runtime
def test_a_placeholder_needs_a_shape() -> None:
    with pytest.raises(ValueError, match="`placeholder` needs `shape` or `ndim`"):
        K.placeholder()


@pytest.mark.no_runtime
def test_variables_hold_values() -> None:
    v, w = K.variable(A, name="v"), K.variable([1, 2], dtype="int64")
    assert (v.name, K.dtype(v), K.dtype(w), K.count_params(v)) == ("v", "float32", "int64", 6)
    K.set_value(v, A * 2)
    np.testing.assert_array_equal(K.get_value(v), A * 2)
    K.batch_set_value([(v, A), (w, [3, 4])])
    assert [value.tolist() for value in K.batch_get_value([v, w])] == [A.tolist(), [3, 4]]
    with pytest.raises(ValueError, match="Variable 'v' has shape"):
        K.set_value(v, A[:1])


COMPUTED: list[tuple[Any, Any]] = [
    (lambda x: K.constant(2.0, shape=(2, 2)), np.full((2, 2), 2.0)),
    (lambda x: K.constant([1, 2], dtype="int32"), [1, 2]),
    (lambda x: K.transpose(x), A.T),
    (lambda x: K.permute_dimensions(K.expand_dims(x, 0), (1, 2, 0)), A[:, :, None]),
    (lambda x: K.batch_flatten(K.expand_dims(x, 1)), A),
    (lambda x: K.flatten(x), A.ravel()),
    (lambda x: K.dot(x, K.transpose(x)), A @ A.T),
    (lambda x: K.dot(K.expand_dims(x, 0), K.transpose(x)), (A @ A.T)[None]),
    (lambda x: K.sum(x, axis=1, keepdims=True), A.sum(1, keepdims=True)),
    (lambda x: K.mean(K.square(x)), np.mean(A**2)),
    (lambda x: K.clip(x, 2, 5), np.clip(A, 2, 5)),
    (lambda x: K.concatenate([x, x], axis=-1), np.hstack([A, A])),
    (lambda x: K.cast(K.greater(x, 3.0), "float32"), A > 3),
    (lambda x: K.argmax(x, axis=-1), [2, 2]),
    (lambda x: K.where(K.greater(x, 3.0), x, 0.0 * x), np.where(A > 3, A, 0)),
    (lambda x: K.softmax(x), np.exp(A) / np.exp(A).sum(-1, keepdims=True)),
]


@pytest.mark.parametrize(("build", "expected"), COMPUTED)
def test_values(build: Any, expected: Any) -> None:
    np.testing.assert_allclose(K.eval(build(K.variable(A))), expected, rtol=1e-5)


@pytest.mark.parametrize("from_logits", [False, True])
def test_crossentropies(from_logits: bool) -> None:
    scores = K.variable(A if from_logits else A / A.sum(-1, keepdims=True))
    likely = np.exp(A) / np.exp(A).sum(-1, keepdims=True) if from_logits else scores.numpy()
    expected = -np.log(likely[[0, 1], [2, 0]])
    one_hot, numbers = K.constant([[0, 0, 1], [1, 0, 0]]), K.constant([[2], [0]])
    for function, target in (
        (K.categorical_crossentropy, one_hot),
        (K.sparse_categorical_crossentropy, numbers),
    ):
        received = K.eval(function(target, scores, from_logits=from_logits))
        np.testing.assert_allclose(received, expected, rtol=1e-5)


def test_function_runs_updates() -> None:
    x, total = K.placeholder((None, 3)), K.variable(0.0)
    add = K.function([x], [K.sum(x)], updates=[K.update_add(total, K.sum(x))])
    assert add([A])[0] == 21.0
    add([A])
    assert K.get_value(total) == 42.0


def test_function_takes_a_single_output() -> None:
    x = K.placeholder((None, 3))
    np.testing.assert_array_equal(K.function([x], x * 2.0)([A])[0], 2 * A)


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (lambda v: K.update(v, v * 0.0), 0.0),
        (lambda v: K.update_add(v, 1.0), 9.0),
        (lambda v: K.update_sub(v, 1.0), 7.0),
        (lambda v: K.moving_average_update(v, K.constant(4.0), 0.75), 7.0),
    ],
)
def test_updates(update: Any, expected: float) -> None:
    v = K.variable(8.0)
    K.function([], [], updates=[update(v)])([])
    assert K.get_value(v) == expected


@pytest.mark.gradients
def test_gradients_are_one_for_one() -> None:
    v, w, other = K.variable(A), K.variable(2.0), K.variable(1.0)
    loss = K.sum(K.square(v) * w)
    by_v, by_w, by_other = K.gradients(loss, [v, w, other])
    np.testing.assert_allclose(K.eval(by_v), 4 * A)
    np.testing.assert_allclose(K.eval(by_w), np.sum(A**2))
    assert by_other is None
    (alone,) = K.gradients(loss, v)
    np.testing.assert_allclose(K.eval(alone), 4 * A)


@pytest.mark.gradients
def test_gradients_stop_where_told() -> None:
    v = K.variable(3.0)
    (gradient,) = K.gradients(v * K.stop_gradient(v), [v])
    assert K.eval(gradient) == 3.0


def test_eval_of_a_variable_and_of_what_needs_an_input() -> None:
    np.testing.assert_array_equal(K.eval(K.variable(A)), A)
    x = K.placeholder((None, 3), name="data")
    with pytest.raises(ValueError, match="depends on the input 'data'. Use K.function"):
        K.eval(x * 2.0)
