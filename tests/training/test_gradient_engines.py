"""The fit loop is the same whatever engine differentiates the loss."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from konnx import backend as K
from konnx import layers, optimizers, runtime
from konnx.models import Model, Sequential
from konnx.optimizers import SGD, Adam, Optimizer

pytestmark = [
    pytest.mark.training,
    pytest.mark.skipif(
        "KONNX_TEST_TRAINING_BUILD" not in os.environ and not runtime.can_differentiate(),
        reason="needs the training build, which the nox session `training` installs",
    ),
]

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(-1, 1, (20, 8, 8, 1)).astype(np.float32)
Y = np.eye(3, dtype=np.float32)[RANDOM.integers(0, 3, 20)]
WEIGHTS = RANDOM.uniform(0.5, 1.5, 20).astype(np.float32)


def cnn() -> Sequential:
    return Sequential(
        [
            layers.Conv2D(4, 3, input_shape=(8, 8, 1), kernel_regularizer="l2", use_bias=False),
            layers.BatchNormalization(momentum=0.8),
            layers.Activation("relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(6, activation="softplus"),
            layers.Dropout(0.2, seed=1),
            layers.Dense(3, activation="softmax"),
        ]
    )


def is_optimizer(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, Optimizer) and found is not Optimizer


class Plain(Optimizer):
    """As a user writes one for Keras 2.1."""

    def get_updates(self, loss: Any, params: Any, gradients: Any = None) -> list[Any]:
        derived = self.get_gradients(loss, params)
        return [(p, p - 0.1 * g) for p, g in zip(params, derived, strict=True)]


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    **{cls.__name__: cls for cls in vars(optimizers).values() if is_optimizer(cls)},
    "SGD with momentum": lambda: SGD(0.05, momentum=0.9, nesterov=True, decay=0.1),
    "SGD, clipped": lambda: SGD(0.5, clipnorm=0.5, clipvalue=0.1),
    "Adam with the greatest moments": lambda: Adam(0.01, amsgrad=True),
    "a user's own": Plain,
}


def trained(optimizer: Any, engine: str, start: list[np.ndarray] | None) -> tuple[Model, Any]:
    model = cnn()
    if start is not None:
        model.set_weights(start)
    model.compile(optimizer, "categorical_crossentropy", ["acc"], gradient_engine=engine)
    np.random.seed(3)  # noqa: NPY002 - the order of samples and the seeds of dropout
    history = model.fit(X, Y, batch_size=8, epochs=2, verbose=0, sample_weight=WEIGHTS)
    return model, history.history


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_optimizer_trains_alike_on_both_engines(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    start = cnn().get_weights()
    make = OPTIMIZERS[name]
    portable, expected = trained(make(), "portable", start)
    with caplog.at_level(logging.INFO, "konnx.autodiff"):
        model, found = trained(make(), "onnxruntime-training", start)
    assert not caplog.records  # nothing was left to the other engine
    for key, values in expected.items():
        np.testing.assert_allclose(found[key], values, rtol=1e-4, err_msg=key)
    for one, other in zip(model.get_weights(), portable.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=2e-5)


def operators(model: Model) -> set[str]:
    step = model.compiled.train_function([False])
    return {node.op_type for node in step.emit().model.graph.node}


def test_auto_is_the_training_build_where_it_is_installed() -> None:
    model = cnn()
    model.compile("sgd", "mse")
    assert "ConvGrad" in operators(model)
    model.compile("sgd", "mse", gradient_engine="portable")
    assert "ConvGrad" not in operators(model)


def test_a_model_with_a_loop_trains_by_the_rules(caplog: pytest.LogCaptureFixture) -> None:
    class Running(layers.Layer):
        def call(self, inputs: Any) -> Any:
            start = [inputs[:, 0] * 0.0]
            return K.rnn(lambda x, states: (x + states[0], [K.tanh(x)]), inputs, start)[1]

    model = Sequential([layers.Dense(3, input_shape=(4, 2)), Running(), layers.Dense(1)])
    with caplog.at_level(logging.INFO, "konnx.autodiff"):
        model.compile("sgd", "mse", gradient_engine="onnxruntime-training")
        x = np.ones((2, 4, 2), np.float32)
        model.train_on_batch(x, x[..., :1])
        model.train_on_batch(x, x[..., :1])
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "Scan (node '" in caplog.text


def test_files_hold_standard_operators_only(tmp_path: Path) -> None:
    model = cnn()
    model.compile("sgd", "mse", gradient_engine="onnxruntime-training")
    model.train_on_batch(X, Y)
    paths = [tmp_path / "model.onnx", *model.export_training(tmp_path / "step.onnx").values()]
    model.export(paths[0])
    for path in paths:
        assert {node.domain for node in onnx.load(path).graph.node} <= {""}


def test_the_engine_is_no_part_of_a_file(tmp_path: Path) -> None:
    model = cnn()
    model.compile("sgd", "mse", gradient_engine="onnxruntime-training")
    model.save(tmp_path / "model.h5")
    assert b"gradient_engine" not in (tmp_path / "model.h5").read_bytes()
