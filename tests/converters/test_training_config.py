"""How a model was compiled, in the words of Keras 2.1 and of tf.keras, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx import losses, metrics, ops
from konnx.converters.hdf5 import KerasFile, LayerWeights
from konnx.converters.training_config import restore_training, training_config
from konnx.graph import Tensor
from konnx.layers import Dense, Input
from konnx.models import Model, Sequential
from konnx.optimizers import SGD, Adam

pytestmark = pytest.mark.no_runtime

OPTIMIZER = {"class_name": "SGD", "config": {"lr": 0.25, "momentum": 0.5}}


def own(y_true: Any, y_pred: Tensor) -> Tensor:
    return ops.mean(ops.abs(y_pred - y_true), -1)


def one() -> Sequential:
    return Sequential([Dense(2, input_shape=(4,), name="out")])


def two() -> Model:
    x = Input((4,))
    return Model(x, [Dense(2, name="a")(x), Dense(3, name="b")(x)])


def file_of(config: Any, slots: Any = None) -> KerasFile:
    layers = [
        LayerWeights("out", [("out/kernel:0", np.zeros((4, 2))), ("out/bias:0", np.zeros(2))])
    ]
    return KerasFile(
        "model",
        layers,
        training_config=config,
        keras_version="2.1.6",
        backend="tensorflow",
        optimizer_weights=slots,
    )


def config(**changes: Any) -> dict[str, Any]:
    return {"optimizer_config": OPTIMIZER, "loss": "mse", "metrics": [], **changes}


def restored(model: Model, custom_objects: Any = None, **changes: Any) -> Model:
    restore_training(model, file_of(config(**changes)), custom_objects)
    return model


def test_a_model_that_was_not_compiled_has_none() -> None:
    assert training_config(one()) is None
    model = one()
    restore_training(model, file_of(None), None)
    assert not model.is_compiled


def test_names_stand_for_functions() -> None:
    model = two()
    model.compile(
        SGD(0.25),
        {"a": losses.mse, "b": own},
        metrics={"b": ["accuracy", metrics.mae]},
        loss_weights={"a": 0.5, "b": 2.0},
        weighted_metrics=[[own], []],
    )
    written = training_config(model)
    assert written is not None
    assert written["optimizer_config"]["class_name"] == "SGD"
    assert written["optimizer_config"]["config"]["lr"] == 0.25
    assert written["loss"] == {"a": "mean_squared_error", "b": "own"}
    assert written["metrics"] == {"b": ["accuracy", "mean_absolute_error"]}
    assert written["weighted_metrics"] == {"a": ["own"]}
    assert written["loss_weights"] == {"a": 0.5, "b": 2.0}
    assert written["sample_weight_mode"] is None


@pytest.mark.parametrize(
    ("make", "given", "expected"),
    [
        (one, None, []),
        (one, [[]], []),
        (one, [["mae"]], ["mae"]),
        (one, {"out": "mae"}, {"out": ["mae"]}),
        (two, ["mae", "mse"], ["mae", "mse"]),
        (two, [["mae"], ["mae"]], ["mae"]),
        (two, [["mae"], []], {"a": ["mae"]}),
    ],
)
def test_metrics_are_a_flat_list_or_a_dict_which_is_all_that_keras_reads(
    make: Any, given: Any, expected: Any
) -> None:
    model = make()
    model.compile("sgd", "mse", metrics=given)
    written = training_config(model)
    assert written is not None
    assert written["metrics"] == expected
    assert written["weighted_metrics"] is None


def test_what_was_written_restores_the_same() -> None:
    model = two()
    model.compile(Adam(0.5), ["mse", "mae"], metrics=["mse"], loss_weights=[1.0, 3.0])
    again = two()
    restore_training(again, file_of(training_config(model)), None)
    assert training_config(again) is not None
    assert again.metrics_names == model.metrics_names
    assert again.compiled.loss_functions == model.compiled.loss_functions
    assert again.optimizer.get_config() == model.optimizer.get_config()


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (None, []),
        ([], []),
        (["acc"], ["acc"]),
        ([["accuracy"]], ["acc"]),
        ({"out": ["mae"]}, ["mean_absolute_error"]),
        (["mae", "mse"], ["mean_absolute_error", "mean_squared_error"]),
        (
            [[{"class_name": "MeanMetricWrapper", "config": {"name": "accuracy", "fn": "x"}}]],
            ["acc"],
        ),
        (
            [[{"class_name": "MeanMetricWrapper", "config": {"name": "m", "fn": "mse"}}]],
            ["mean_squared_error"],
        ),
        ([[None, "mae"]], ["mean_absolute_error"]),
    ],
)
def test_metrics_in_the_forms_of_both_eras(given: Any, names: list[str]) -> None:
    model = restored(one(), loss="categorical_crossentropy", metrics=given)
    assert model.metrics_names == ["loss", *names]


def test_functions_of_your_own_come_from_custom_objects() -> None:
    model = restored(one(), {"own": own}, loss="own", metrics=["own"])
    assert model.compiled.loss_functions == [own]
    assert model.metrics_names == ["loss", "own"]


@pytest.mark.parametrize("name", ["SGD", "Custom>SGD"])
def test_the_optimizer_has_its_arguments(name: str) -> None:
    model = restored(one(), optimizer_config={**OPTIMIZER, "class_name": name})
    assert isinstance(model.optimizer, SGD)
    assert model.optimizer.get_config()["lr"] == 0.25


UNUSABLE: list[dict[str, Any]] = [
    {"loss": "unheard_of"},
    {"metrics": ["unheard_of"]},
    {"metrics": [[{"class_name": "X", "config": "text"}]]},
    {"optimizer_config": {"class_name": "Unheard", "config": {}}},
    {"optimizer_config": {"class_name": "SGD", "config": {"speed": 3}}},
    {"optimizer_config": {"config": {}}},
    {"optimizer_config": "SGD"},
    {"loss": ["mse", "mse", "mse"]},
    {"loss_weights": {"elsewhere": 1.0}},
]


@pytest.mark.parametrize("changes", UNUSABLE)
def test_what_cannot_be_restored_is_warned_about(changes: dict[str, Any]) -> None:
    model = one()
    with pytest.warns(UserWarning, match="is loaded, but how it was compiled.*Call model.compile"):
        restored(model, **changes)
    assert not model.is_compiled


def test_the_state_of_the_optimizer_is_restored() -> None:
    slots = [np.array(7), np.full((4, 2), 0.5), np.full(2, 0.25)]
    named = [(f"w{index}:0", value) for index, value in enumerate(slots)]
    model = one()
    restore_training(model, file_of(config(), named), None)
    for received, expected in zip(model.optimizer.get_weights(), slots, strict=True):
        np.testing.assert_array_equal(received, expected)


@pytest.mark.parametrize(
    "slots", [[np.array(7)], [np.array(7), np.zeros((2, 4)), np.zeros(2)], [np.zeros(3)] * 9]
)
def test_a_state_that_does_not_fit_is_warned_about_and_starts_anew(slots: Any) -> None:
    model = one()
    named = [(f"w{index}:0", value) for index, value in enumerate(slots)]
    with pytest.warns(UserWarning, match="the state of its optimizer cannot be restored"):
        restore_training(model, file_of(config(), named), None)
    assert model.is_compiled
    assert all(not value.any() for value in model.optimizer.get_weights())
