"""Which engine differentiates, with and without the training build."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from konnx import ops, runtime
from konnx.autodiff import ENGINES, gradients
from konnx.function import Function
from konnx.graph import placeholder
from konnx.layers import Dense
from konnx.models import Sequential

pytestmark = pytest.mark.gradients

X = placeholder(("batch", 3), name="x")


@pytest.fixture
def without_training_build(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise runtime.RuntimeMissingError("It is another build.")

    monkeypatch.setattr(runtime, "training_module", missing)
    monkeypatch.setattr(runtime, "can_differentiate", lambda: False)


def model() -> Sequential:
    return Sequential([Dense(2, input_shape=(3,))])


@pytest.mark.usefixtures("without_training_build")
def test_an_engine_that_is_not_installed_is_refused_with_the_remedy() -> None:
    message = "'onnxruntime-training' is not installed. .* Or use the engine 'portable'"
    with pytest.raises(runtime.RuntimeMissingError, match=message):
        gradients(ops.sum(X), [X], engine="onnxruntime-training")
    with pytest.raises(runtime.RuntimeMissingError, match=message):
        model().compile("sgd", "mse", gradient_engine="onnxruntime-training")


@pytest.mark.parametrize(
    "call",
    [
        lambda: gradients(ops.sum(X), [X], engine="torch"),
        lambda: model().compile("sgd", "mse", gradient_engine="torch"),
        lambda: Sequential([Dense(2)]).compile("sgd", "mse", gradient_engine="torch"),
    ],
    ids=["gradients", "compile", "compile before the shape is known"],
)
def test_an_unknown_engine_is_refused_with_the_known_ones(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"one of {ENGINES}. Received: 'torch'")):
        call()


@pytest.mark.usefixtures("without_training_build")
def test_auto_is_portable_where_the_training_build_is_not_installed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loss = ops.sum(ops.tanh(X))
    names = [
        [
            node.op_type
            for node in Function([X], gradients(loss, [X], engine=engine)).emit().model.graph.node
        ]
        for engine in ("auto", "portable")
    ]
    assert names[0] == names[1]
    assert not caplog.records


@pytest.mark.parametrize("engine", ["auto", "portable"])
def test_a_model_trains_alike_whatever_the_engine(engine: str) -> None:
    trained = model()
    trained.set_weights([np.ones((3, 2), np.float32), np.zeros(2, np.float32)])
    trained.compile("sgd", "mse", gradient_engine=engine)
    x, y = np.eye(3, dtype=np.float32), np.zeros((3, 2), np.float32)
    losses = [trained.train_on_batch(x, y) for _ in range(3)]
    np.testing.assert_allclose(losses, [1.0, 0.973468, 0.947643], rtol=1e-3)


def test_the_commands_that_install_the_training_build_are_named() -> None:
    if runtime.can_differentiate():
        assert hasattr(runtime.training_module(), "GradientGraphBuilder")
        return
    with pytest.raises(runtime.RuntimeMissingError, match=r'pip install "konnx\[training\]"'):
        runtime.training_module()
