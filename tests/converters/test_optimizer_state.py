"""The optimizer's state in files: of konnx, and of Keras 2.0, sorted by weight name or not."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import optimizers
from konnx.converters.hdf5 import KerasFile, read_hdf5
from konnx.converters.keras_v3.training import restore_state
from konnx.converters.optimizer_state import restore_optimizer
from konnx.layers import Dense
from konnx.models import Sequential, load_model

pytestmark = pytest.mark.training


def mlp(*units: int) -> Sequential:
    model = Sequential([Dense(out, input_shape=(into,)) for into, out in pairwise(units)])
    model.compile("adam", "mse")
    return model


def saved(model: Sequential, folder: Path, version: str, order: Any) -> tuple[KerasFile, list[Any]]:
    """The file that `version` would write, and the state in the model's own order."""
    model.save(folder / "model.h5")
    content = read_hdf5(folder / "model.h5")
    params = model.compiled.trainable_weights
    state = [np.full(weight.shape, index, "float32") for index, weight in enumerate(params, 1)]
    names = [f"{weight.name}:0" for weight in params]
    places = (
        sorted(range(len(names)), key=names.__getitem__) if order == "name" else range(len(names))
    )
    slots = [np.array(3), *[state[place] for place in places], *[state[place] for place in places]]
    named = [(f"Variable_{index}:0", slot) for index, slot in enumerate(slots)]
    return (
        KerasFile("model", content.layers, keras_version=version, optimizer_weights=named),
        [np.array(3), *state, *state],
    )


@pytest.mark.parametrize(
    ("version", "order"), [("2.0.5", "name"), ("2.0.9", "model"), ("2.1.6", "model")]
)
def test_the_order_that_fits_is_found(tmp_path: Path, version: str, order: str) -> None:
    model = mlp(4, 3, 2)
    content, expected = saved(model, tmp_path, version, order)
    restore_optimizer(model, content)
    received = model.optimizer.get_weights()
    for value, wanted in zip(received, expected, strict=False):
        np.testing.assert_array_equal(value, wanted)


def test_an_order_that_shapes_cannot_tell_starts_anew_with_a_warning(tmp_path: Path) -> None:
    model = Sequential(
        [Dense(3, use_bias=False, input_shape=(3,), name="z"), Dense(3, use_bias=False, name="a")]
    )
    model.compile("adam", "mse")
    content, _ = saved(model, tmp_path, "2.0.5", "name")
    with pytest.warns(UserWarning, match="starts anew: it may be ordered by the names"):
        restore_optimizer(model, content)
    assert model.optimizer.get_weights()[0] == 0


def test_a_later_version_is_not_sorted_whatever_the_shapes_are(tmp_path: Path) -> None:
    model = mlp(4, 3, 2)
    content, _ = saved(model, tmp_path, "2.1.6", "name")
    with pytest.warns(UserWarning, match="starts anew"):
        restore_optimizer(model, content)


NATIVE = {"runtimeoptimizer", "tfoptimizer"}  # those that need the training build
EVERY = sorted({name.lower() for name in optimizers.OPTIMIZERS} - NATIVE)
X, Y = np.eye(4, dtype="float32"), np.linspace(-1, 1, 8, dtype="float32").reshape(4, 2)


@pytest.mark.parametrize("name", EVERY)
def test_the_state_of_every_optimizer_survives_a_file(name: str, tmp_path: Path) -> None:
    model = mlp(4, 3, 2)
    model.compile({"class_name": name, "config": {"decay": 0.1}}, "mse")
    for _ in range(3):
        model.train_on_batch(X, Y)
    model.save(tmp_path / "model.h5")
    loaded = load_model(tmp_path / "model.h5")
    assert type(loaded.optimizer) is type(model.optimizer)
    states = zip(loaded.optimizer.get_weights(), model.optimizer.get_weights(), strict=True)
    for received, expected in states:
        np.testing.assert_array_equal(received, expected)
    for _ in range(2):
        assert loaded.train_on_batch(X, Y) == model.train_on_batch(X, Y)


@pytest.mark.parametrize(("name", "missing"), [("rmsprop", 0), ("adagrad", 0), ("nadam", 1)])
def test_what_keras_2_1_does_not_write_is_filled_in(name: str, missing: int) -> None:
    model = mlp(4, 3, 2)
    model.compile(name, "mse")
    for _ in range(3):
        model.train_on_batch(X, Y)
    full = model.optimizer.get_weights()
    given = [(f"slot_{i}", one) for i, one in enumerate(full) if i != missing]
    other = mlp(4, 3, 2)
    other.compile(name, "mse")
    restore_optimizer(other, KerasFile("model", (), keras_version="2.1.6", optimizer_weights=given))
    full[missing] = full[missing] if name == "nadam" else np.array(0)
    for received, expected in zip(other.optimizer.get_weights(), full, strict=True):
        np.testing.assert_allclose(received, expected, rtol=1e-6)


@pytest.mark.parametrize("later", [False, True])
def test_the_state_of_before_training_is_taken_as_it_is(later: bool) -> None:
    model = mlp(4, 2)  # tf_keras writes the iterations alone, Keras 3 the learning rate, too
    if later:
        restore_state(model, [np.array(0), np.array(0.001)], model.compiled.trainable_weights)
    else:
        given = [("iteration:0", np.array(0))]
        file = KerasFile("model", (), keras_version="2.21.0", optimizer_weights=given)
        restore_optimizer(model, file)
    assert not any(value.any() for value in model.optimizer.get_weights())


def test_iterations_alone_are_not_the_state_of_a_trained_model() -> None:
    given = [("iteration:0", np.array(5))]
    file = KerasFile("model", (), keras_version="2.21.0", optimizer_weights=given)
    with pytest.warns(UserWarning, match="starts anew.*Received: 1 arrays"):
        restore_optimizer(mlp(4, 2), file)


def test_a_state_without_iterations_may_be_sorted_by_name_too(tmp_path: Path) -> None:
    model = mlp(4, 3, 2)
    model.compile("rmsprop", "mse")
    content, expected = saved(model, tmp_path, "2.0.5", "name")
    slots = list(content.optimizer_weights or ())[1:5]
    file = KerasFile("model", content.layers, keras_version="2.0.5", optimizer_weights=slots)
    restore_optimizer(model, file)
    for received, wanted in zip(model.optimizer.get_weights()[1:], expected[1:5], strict=True):
        np.testing.assert_array_equal(received, wanted)
