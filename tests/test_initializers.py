from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from konnx import config, initializers
from konnx.graph import Tensor, constant
from konnx.initializers import (
    Constant,
    Identity,
    Initializer,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
    deferred,
)

pytestmark = pytest.mark.no_runtime

SHAPE = (400, 500)
TRUNCATED = 0.8796  # the deviation of a standard normal cut at ±2
FACTORIES = {
    "lecun_uniform": (1.0, "fan_in", "uniform"),
    "lecun_normal": (1.0, "fan_in", "normal"),
    "glorot_uniform": (1.0, "fan_avg", "uniform"),
    "glorot_normal": (1.0, "fan_avg", "normal"),
    "he_uniform": (2.0, "fan_in", "uniform"),
    "he_normal": (2.0, "fan_in", "normal"),
}
UNITS = {"fan_in": 400.0, "fan_out": 500.0, "fan_avg": 450.0}
RANDOM = [
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    Orthogonal,
    initializers.glorot_uniform,
]


@pytest.mark.parametrize(
    ("initializer", "expected"),
    [
        (Zeros(), [[0, 0], [0, 0]]),
        (Ones(), [[1, 1], [1, 1]]),
        (Constant(3.5), [[3.5, 3.5], [3.5, 3.5]]),
        (Constant([1.0, 2.0]), [[1, 2], [1, 2]]),
        (Identity(2.0), [[2, 0], [0, 2]]),
    ],
)
def test_values_that_are_known(initializer: Initializer, expected: Any) -> None:
    np.testing.assert_array_equal(initializer((2, 2)), np.array(expected, dtype=np.float32))


@pytest.mark.parametrize(
    ("initializer", "mean", "deviation", "low", "high"),
    [
        (RandomNormal(1.0, 2.0, seed=1), 1.0, 2.0, -math.inf, math.inf),
        (RandomUniform(-1.0, 3.0, seed=1), 1.0, 4 / math.sqrt(12), -1.0, 3.0),
        (TruncatedNormal(1.0, 2.0, seed=1), 1.0, 2 * TRUNCATED, -3.0, 5.0),
    ],
)
def test_distributions_have_their_mean_spread_and_bounds(
    initializer: Initializer, mean: float, deviation: float, low: float, high: float
) -> None:
    values = initializer(SHAPE)
    assert values.mean() == pytest.approx(mean, abs=0.02)
    assert values.std() == pytest.approx(deviation, rel=0.01)
    assert low <= values.min() < mean - 1.5 * deviation
    assert mean + 1.5 * deviation < values.max() <= high


@pytest.mark.parametrize("distribution", ["normal", "uniform", "untruncated_normal"])
@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
def test_variance_scaling_divides_the_variance_by_the_units(mode: str, distribution: str) -> None:
    values = VarianceScaling(3.0, mode, distribution, seed=2)(SHAPE)
    nominal = math.sqrt(3.0 / UNITS[mode])
    deviation = nominal * (TRUNCATED if distribution == "normal" else 1.0)
    largest = {"normal": 2 * nominal, "uniform": math.sqrt(3) * nominal}
    assert values.mean() == pytest.approx(0.0, abs=0.02 * nominal)
    assert values.std() == pytest.approx(deviation, rel=0.01)
    assert np.abs(values).max() <= largest.get(distribution, math.inf) * (1 + 1e-6)


@pytest.mark.parametrize("name", FACTORIES)
def test_named_schemes_are_variance_scaling(name: str) -> None:
    scheme = initializers.get(name)
    scale, mode, distribution = FACTORIES[name]
    assert scheme.get_config() == {
        "scale": scale,
        "mode": mode,
        "distribution": distribution,
        "seed": None,
    }
    assert getattr(initializers, name)(seed=3).get_config()["seed"] == 3


@pytest.mark.parametrize(
    ("shape", "fans"),
    [
        ((3, 4), (3, 4)),
        ((5, 3, 4), (15, 20)),
        ((5, 7, 3, 4), (105, 140)),
        ((2, 5, 7, 3, 4), (210, 280)),
        ((16,), (4, 4)),
        ((), (1, 1)),
        ((1, 1, 1, 1, 4, 4), (4, 4)),
    ],
)
def test_fans_of_matrices_kernels_and_the_rest(
    shape: tuple[int, ...], fans: tuple[float, float]
) -> None:
    assert initializers.compute_fans(shape) == fans


@pytest.mark.parametrize("shape", [(8, 8), (12, 5), (5, 12), (3, 3, 4, 6), (1, 1, 4, 6)])
def test_orthogonal_rows_or_columns_are_orthogonal(shape: tuple[int, ...]) -> None:
    values = Orthogonal(gain=2.0, seed=4)(shape)
    matrix = values.reshape(-1, shape[-1])
    short = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    assert values.shape == shape
    np.testing.assert_allclose(short @ short.T, 4 * np.identity(len(short)), atol=1e-5)


@pytest.mark.parametrize("factory", RANDOM)
def test_a_seed_gives_the_same_array_at_each_call(factory: Any) -> None:
    initializer = factory(seed=7)
    first = initializer((6, 5))
    np.testing.assert_array_equal(first, initializer((6, 5)))
    np.testing.assert_array_equal(first, factory(seed=7)((6, 5)))
    assert not np.array_equal(first, factory(seed=8)((6, 5)))


@pytest.mark.parametrize("factory", RANDOM)
def test_without_a_seed_numpys_global_seed_decides(factory: Any) -> None:
    initializer = factory()
    runs = []
    for seed in (5, 5, 6):
        np.random.seed(seed)  # noqa: NPY002  # what scripts do
        runs.append((initializer((6, 5)), initializer((6, 5))))
    assert not np.array_equal(runs[0][0], runs[0][1])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0][0], runs[2][0])


@pytest.mark.parametrize("seed", [0, -1, 2**40])
def test_any_whole_number_is_a_seed(seed: int) -> None:
    assert RandomNormal(seed=seed)((3,)).shape == (3,)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    "initializer", [Zeros(), Ones(), Constant(2), Identity(), RandomNormal(), Orthogonal()]
)
def test_the_dtype_is_that_asked_for(initializer: Initializer, dtype: str) -> None:
    assert initializer((3, 3), dtype).dtype == dtype
    assert deferred(initializer, (3, 3), dtype)().dtype == dtype


def test_the_default_dtype_is_floatx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(config._settings, "floatx", "float64")
    assert RandomNormal()((3, 3)).dtype == "float64"
    assert deferred(Zeros(), (3,))().dtype == "float64"


@pytest.mark.parametrize("factory", RANDOM)
def test_a_deferred_array_is_decided_when_it_is_deferred(factory: Any) -> None:
    np.random.seed(9)  # noqa: NPY002  # what scripts do
    now = factory()((6, 5))
    np.random.seed(9)  # noqa: NPY002
    later = deferred(factory(), (6, 5))
    other = deferred(factory(), (6, 5))
    np.random.seed(1)  # noqa: NPY002
    np.testing.assert_array_equal(later(), now)
    assert not np.array_equal(other(), now)


def test_deferring_leaves_the_initializer_without_a_seed() -> None:
    initializer = RandomNormal()
    deferred(initializer, (2,))
    assert initializer.get_config()["seed"] is None


def test_a_subclass_of_a_random_initializer_keeps_its_own_call() -> None:
    class Doubled(RandomNormal):
        def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
            return 2 * super().__call__(shape, dtype)

    array = deferred(Doubled(seed=1), (4,))()
    np.testing.assert_array_equal(array, 2 * RandomNormal(seed=1)((4,)))


def test_a_function_of_the_users_is_called_later_with_or_without_a_dtype() -> None:
    calls: list[Any] = []

    def with_dtype(shape: Any, dtype: Any = None) -> Any:
        calls.append(dtype)
        return np.ones(shape)

    def without(shape: Any) -> Any:
        calls.append("none")
        return [[1.0, 2.0]]

    first, second = deferred(with_dtype, (1, 2), "float64"), deferred(without, (1, 2))
    assert calls == []
    assert first().dtype == "float64"
    np.testing.assert_array_equal(second(), np.array([[1, 2]], dtype=np.float32))
    assert calls == ["float64", "none"]


def test_a_function_that_returns_a_tensor_is_told_to_return_an_array() -> None:
    def symbolic(shape: Any, dtype: Any = None) -> Tensor:
        return constant(np.ones(shape), dtype)

    with pytest.raises(TypeError, match="must return a NumPy array"):
        deferred(symbolic, (2,))()


@pytest.mark.parametrize(
    ("names", "cls"),
    [
        (("Zeros", "zeros", "zero"), Zeros),
        (("Ones", "ones", "one"), Ones),
        (("Constant", "constant"), Constant),
        (("RandomUniform", "random_uniform", "uniform"), RandomUniform),
        (("RandomNormal", "random_normal", "normal"), RandomNormal),
        (("TruncatedNormal", "truncated_normal"), TruncatedNormal),
        (("Identity", "identity"), Identity),
        (("Orthogonal", "orthogonal"), Orthogonal),
        (("VarianceScaling", "GlorotUniform", "HeNormal", "lecun_normal"), VarianceScaling),
    ],
)
def test_every_name_of_keras_is_known(names: tuple[str, ...], cls: type) -> None:
    assert [type(initializers.get(name)) for name in names] == [cls] * len(names)


@pytest.mark.parametrize(
    "initializer",
    [
        Zeros(),
        Ones(),
        Constant(2),
        Constant(np.array([1.0, 2.0])),
        RandomNormal(1.0, 2.0, 3),
        RandomUniform(1.0, 2.0, 3),
        TruncatedNormal(1.0, 2.0, 3),
        VarianceScaling(2.0, "fan_out", "uniform", 3),
        Orthogonal(2.0, 3),
        Identity(2.0),
    ],
)
def test_configurations_go_round(initializer: Initializer) -> None:
    config = initializers.serialize(initializer)
    again = initializers.deserialize(config)
    assert type(again) is type(initializer)
    assert initializers.serialize(again) == config
    np.testing.assert_array_equal(again((2, 2)), initializer((2, 2)))


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "GlorotUniform", "config": {"seed": None, "dtype": "float32"}},
        {
            "module": "keras.initializers",
            "class_name": "GlorotUniform",
            "config": {"seed": None},
            "registered_name": None,
        },
        {
            "class_name": "VarianceScaling",
            "config": {
                "scale": 1.0,
                "mode": "FAN_AVG",
                "distribution": "uniform",
                "seed": None,
                "dtype": "float32",
            },
        },
    ],
)
def test_configurations_of_later_versions_are_read(config: dict[str, Any]) -> None:
    again = initializers.get(config)
    assert again.get_config() == initializers.glorot_uniform().get_config()


def test_what_later_versions_call_truncated_normal_is_normal_here() -> None:
    assert VarianceScaling(distribution="truncated_normal").distribution == "normal"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VarianceScaling(scale=0.0), "`scale` must be positive. Received: scale=0.0"),
        (lambda: VarianceScaling(mode="fan"), "`mode` must be one of .* Received: mode='fan'"),
        (lambda: VarianceScaling(distribution="even"), "`distribution` must be one of"),
        (lambda: Identity()((2, 3)), "`Identity` makes square matrices only"),
        (lambda: Identity()((2, 2, 2)), r"Received: shape=\(2, 2, 2\)"),
        (lambda: Orthogonal()((3,)), "`Orthogonal` needs two axes or more"),
        (lambda: initializers.get("glorot_unifrom"), "Did you mean 'glorot_uniform'"),
        (lambda: initializers.get(3), "The initializer must be given by name"),
        (lambda: initializers.get(None), "The initializer must be given by name"),
    ],
)
def test_wrong_arguments_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_names_and_configurations_may_be_the_users_own() -> None:
    class Mine(Initializer):
        pass

    def function(shape: Any, dtype: Any = None) -> Any:
        return np.ones(shape, dtype)

    config = {"class_name": "Mine", "config": {}}
    assert isinstance(initializers.deserialize(config, {"Mine": Mine}), Mine)
    assert initializers.deserialize("function", {"function": function}) is function
    assert initializers.get(function) is function


def test_a_random_initializer_of_the_users_needs_one_method() -> None:
    class Signs(initializers.RandomInitializer):
        def sample(self, generator: Any, shape: Any, dtype: Any) -> np.ndarray:
            return generator.choice(np.array([-1, 1], dtype), shape)

    values = Signs(seed=1)((50,))
    assert sorted(set(values.tolist())) == [-1.0, 1.0]
    np.testing.assert_array_equal(values, deferred(Signs(seed=1), (50,))())
    assert initializers.serialize(Signs(3)) == {"class_name": "Signs", "config": {"seed": 3}}


@pytest.mark.parametrize("function", [np.zeros, np.random.standard_normal])
def test_a_function_that_hides_its_arguments_is_given_the_shape(function: Any) -> None:
    assert deferred(function, (2, 3))().shape == (2, 3)


def test_the_base_classes_draw_zeros_and_standard_normal_numbers() -> None:
    np.testing.assert_array_equal(Initializer()((2,)), np.zeros(2, np.float32))
    values = initializers.RandomInitializer(seed=1)(SHAPE)
    assert values.std() == pytest.approx(1.0, rel=0.01)
