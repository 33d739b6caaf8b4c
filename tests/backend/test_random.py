"""Random tensors: their distributions, and when they repeat themselves."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx.graph import Tensor

SHAPE = (400, 500)
COUNT = 400 * 500

Cdf = Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]
normal_cdf = np.vectorize(lambda x: 0.5 * (1 + math.erf(x / math.sqrt(2))))


def truncated_cdf(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    low, high = normal_cdf(np.array([-2.0, 2.0]))
    return np.asarray((normal_cdf(x) - low) / (high - low))


DRAWS: dict[str, tuple[Callable[..., Tensor], Cdf]] = {
    "uniform": (K.random_uniform, lambda x: x),
    "normal": (K.random_normal, normal_cdf),
    "truncated": (K.truncated_normal, truncated_cdf),
}


def drawn(tensor: Tensor) -> np.ndarray[Any, Any]:
    np.random.seed(7)  # noqa: NPY002 - it rules the seed of a run
    return K.eval(tensor)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [SHAPE, (COUNT,), (2, COUNT // 2), (10, 20, 1000)])
@pytest.mark.parametrize("name", DRAWS)
def test_the_distribution_is_the_one_asked_for(name: str, shape: Any, dtype: str) -> None:
    draw, cdf = DRAWS[name]
    values = drawn(draw(shape, seed=3, dtype=dtype))
    assert (values.shape, values.dtype) == (shape, dtype)
    thinned = np.sort(values.ravel())[::20]
    expected = (np.arange(COUNT)[::20] + 0.5) / COUNT
    assert np.abs(cdf(thinned.astype(np.float64)) - expected).max() < 1.95 / math.sqrt(COUNT)


@pytest.mark.parametrize("name", DRAWS)
def test_neighbours_know_nothing_of_each_other(name: str) -> None:
    values = drawn(DRAWS[name][0](SHAPE, seed=5)).astype(np.float64)
    values = (values - values.mean()) / values.std()
    a, b, c, d = values[:-1, :-1], values[:-1, 1:], values[1:, :-1], values[1:, 1:]
    for product in (a * b, a * c, a * d, a * b * c * d, a**2 * b**2 - 1, a * a * c * c - 1):
        assert abs(product.mean()) < 5 * product.std() / math.sqrt(product.size)


@pytest.mark.parametrize("name", DRAWS)
def test_rows_columns_and_runs_differ(name: str) -> None:
    draw = DRAWS[name][0]
    tensor = draw((50, 60))
    first, second = K.eval(tensor), K.eval(tensor)
    for x, y in ((first, second), (first[0], first[1]), (first[:, 0], first[:, 1])):
        assert (x != y).mean() > 0.99
    f = K.function([], [tensor, draw((50, 60)), tensor])
    one, other, same = f([])
    assert (one != other).mean() > 0.99
    np.testing.assert_array_equal(one, same)
    assert (f([])[0] != one).mean() > 0.99


@pytest.mark.parametrize("name", DRAWS)
def test_the_seed_of_the_run_and_that_of_the_tensor_make_the_numbers(name: str) -> None:
    draw = DRAWS[name][0]
    one, other = draw((5, 6), seed=1), draw((5, 6), seed=1)
    np.testing.assert_array_equal(drawn(one), drawn(other))
    assert (drawn(one) != drawn(draw((5, 6), seed=2))).all()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_upper_bound_is_never_reached(dtype: str) -> None:
    values = drawn(K.random_uniform((1000, 1000), dtype=dtype))
    assert values.dtype == dtype
    assert 0 <= values.min() < 0.001
    assert 0.999 < values.max() < 1


def test_bounds_and_moments() -> None:
    uniform = drawn(K.random_uniform(SHAPE, -3.0, 5.0))
    assert -3 <= uniform.min() < -2.99 < 4.99 < uniform.max() <= 5
    normal = drawn(K.random_normal(SHAPE, 2.0, 0.5))
    assert abs(normal.mean() - 2) < 0.006
    assert abs(normal.std() - 0.5) < 0.005
    truncated = drawn(K.truncated_normal(SHAPE, 2.0, 0.5))
    assert 1 <= truncated.min() < 1.001 < 2.999 < truncated.max() <= 3
    assert abs(truncated.std() - 0.5 * 0.8796) < 0.005


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_whole_numbers_are_equally_likely(dtype: str) -> None:
    values = drawn(K.random_uniform(SHAPE, -2, 5, dtype))
    numbers, counts = np.unique(values, return_counts=True)
    assert values.dtype == dtype
    assert numbers.tolist() == [-2, -1, 0, 1, 2, 3, 4]
    assert np.abs(counts - COUNT / 7).max() < 5 * math.sqrt(COUNT / 7)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int32"])
def test_a_share_of_ones(p: float, dtype: str) -> None:
    values = drawn(K.random_binomial(SHAPE, p, dtype))
    assert values.dtype == dtype
    assert set(np.unique(values).tolist()) <= {0, 1}
    assert abs(values.astype(np.float64).mean() - p) <= 5 * math.sqrt(p * (1 - p) / COUNT)


@pytest.mark.parametrize("name", DRAWS)
def test_the_shape_may_depend_on_an_input(name: str) -> None:
    x = K.placeholder((None, 3))
    draw = DRAWS[name][0]
    tensors = [
        draw(K.shape(x)),
        draw((K.shape(x)[0], 5)),
        draw([2, K.shape(x)[1]], dtype="float16"),
    ]
    assert [K.int_shape(t) for t in tensors] == [(None, None), (None, 5), (2, None)]
    shapes = [value.shape for value in K.function([x], tensors)([np.zeros((4, 3))])]
    assert shapes == [(4, 3), (4, 5), (2, 3)]


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1,)])
def test_shapes_without_much(shape: Any) -> None:
    assert K.eval(K.random_normal(shape)).shape == shape


@pytest.mark.gradients
def test_gradients_pass_by() -> None:
    scale = K.variable(3.0)
    noise = K.random_normal((4,), seed=1)
    slope, values = K.function([], [*K.gradients(K.sum(noise * scale), [scale]), noise])([])
    np.testing.assert_allclose(slope, values.sum(), rtol=1e-5)


@pytest.mark.no_runtime
def test_random_variables() -> None:
    uniform = K.random_uniform_variable((300, 200), -1, 3, seed=4)
    normal = K.random_normal_variable((300, 200), 5, 2, "float64", "noise", seed=4)
    assert (uniform.dtype, normal.dtype, normal.name) == ("float32", "float64", "noise")
    assert -1 <= uniform.numpy().min() < -0.99 < 2.99 < uniform.numpy().max() <= 3
    assert abs(normal.numpy().mean() - 5) < 0.05
    assert abs(normal.numpy().std() - 2) < 0.05
    again = K.random_normal_variable((300, 200), 5, 2, "float64", seed=4)
    np.testing.assert_array_equal(normal.numpy(), again.numpy())
    assert (K.random_normal_variable((2,), 0, 1).numpy() != again.numpy()[0, :2]).all()
