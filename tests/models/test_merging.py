"""A Sequential may stand on several models, as in Keras 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.layers import Dense, Input
from konnx.models import Sequential, load_model
from konnx.models.merging import Merge

pytestmark = pytest.mark.filterwarnings("ignore:The `Merge` layer is of Keras 1")


def merged(mode: str = "concat") -> tuple[Any, Any, Any]:
    left = Sequential([Dense(4, input_shape=(3,), activation="tanh")], name="left")
    right = Sequential([Dense(4, input_shape=(5,))], name="right")
    return left, right, Sequential([Merge([left, right], mode=mode), Dense(1)])


def test_it_computes_with_the_models_weights() -> None:
    left, right, model = merged("mul")
    a, b = np.ones((2, 3), "float32"), np.ones((2, 5), "float32")
    kernel, bias = model.layers[-1].get_weights()
    expected = left.predict(a) * right.predict(b) @ kernel + bias
    np.testing.assert_allclose(model.predict([a, b]), expected, rtol=1e-5)


@pytest.mark.training
def test_it_trains_is_saved_and_read(tmp_path: Path) -> None:
    _, _, model = merged()
    a, b, y = np.ones((8, 3)), np.ones((8, 5)), np.zeros((8, 1))
    model.compile("sgd", "mse")
    history = model.fit([a, b], y, epochs=3, verbose=0).history["loss"]
    assert history[2] < history[0]
    model.save(tmp_path / "merged.h5")
    again = load_model(tmp_path / "merged.h5")
    np.testing.assert_allclose(again.predict([a, b]), model.predict([a, b]), rtol=1e-6)


@pytest.mark.no_runtime
def test_without_models_it_is_a_layer() -> None:
    assert Merge(mode="sum", name="m")([Input((3,)), Input((3,))]).shape == (None, 3)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    "layers", [[Sequential([Dense(1)]), Sequential([Dense(1)])], [Dense(1), Dense(1)]]
)
def test_what_is_merged_must_be_models_with_inputs(layers: Any) -> None:
    with pytest.raises(TypeError, match="takes two or more models"):
        Merge(layers)


@pytest.mark.no_runtime
def test_a_model_used_twice_has_one_input() -> None:
    left, *_ = merged()
    assert len(Merge([left, left]).inputs) == 1  # type: ignore[attr-defined]


def test_a_stack_of_layers_as_keras_1_wrote_it_is_read() -> None:
    dense = {"name": "d", "output_dim": 3, "batch_input_shape": [None, 2]}
    old = [
        {**dense, "name": "Dense", "custom_name": "d"},
        {"name": "Activation", "activation": "tanh"},
    ]
    cache: dict[str, Any] = {}
    model = Sequential.legacy_from_config(old, cache)
    assert model.output_shape == (None, 3)
    assert cache["d"] is model.layers[0]
    config = model.legacy_get_config()
    assert Sequential.legacy_from_config(config, cache).layers[0] is model.layers[0]
    assert Sequential.legacy_from_config(config).to_json() != ""


def test_a_stack_upon_merged_models_as_keras_1_wrote_it_is_read() -> None:
    branches = [
        {"class_name": "Sequential", "config": [
            {"class_name": "Dense",
             "config": {"name": f"d{size}", "output_dim": 3, "batch_input_shape": [None, size]}}]}
        for size in (2, 4)
    ]  # fmt: skip
    merge = {"class_name": "Merge", "config": {"layers": branches, "mode": "sum", "name": "m"}}
    model = Sequential.legacy_from_config([merge])
    assert [one.shape for one in model.inputs] == [(None, 2), (None, 4)]
    assert model.output_shape == (None, 3)
