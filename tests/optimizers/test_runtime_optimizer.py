"""Steps by the runtime's own operators: the same numbers as konnx' own optimizers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import optimizers, runtime
from konnx.constraints import NonNeg
from konnx.graph import Variable
from konnx.layers import Dense
from konnx.models import Sequential, load_model
from konnx.optimizers import SGD, Adam, AdamW, RMSprop, RuntimeOptimizer, TFOptimizer

native = [
    pytest.mark.training,
    pytest.mark.skipif(
        "KONNX_TEST_TRAINING_BUILD" not in os.environ and not runtime.can_differentiate(),
        reason="needs the training build of ONNX Runtime",
    ),
]
CASES: dict[str, Any] = {
    "sgd": lambda: SGD(0.1),
    "sgd_decay": lambda: SGD(0.1, decay=0.5),
    "sgd_clipnorm": lambda: SGD(0.1, clipnorm=0.05),
    "adam": lambda: Adam(0.05),
    "adam_options": lambda: Adam(0.05, beta_1=0.8, beta_2=0.95, epsilon=0.01, decay=0.1),
    "adamw": lambda: AdamW(0.05),
    "adamw_options": lambda: AdamW(0.05, weight_decay=0.3, decay=0.2, clipvalue=0.01),
}


def data() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(20, 4)), generator.normal(size=(20, 2)) * [1.0, 1e-5]


def make_model(optimizer: Any) -> Sequential:
    model = Sequential([
        Dense(3, activation="tanh", input_shape=(4,)), Dense(3, kernel_constraint=NonNeg()),
        Dense(2),
    ])  # fmt: skip
    model.compile(optimizer, "mse")
    generator = np.random.default_rng(1)
    model.set_weights([generator.normal(size=one.shape) for one in model.get_weights()])
    return model


@pytest.mark.parametrize("case", [pytest.param(case, marks=native) for case in CASES])
def test_ten_steps_are_those_of_the_optimizer_that_it_wraps(case: str) -> None:
    own, wrapped = make_model(CASES[case]()), make_model(RuntimeOptimizer(CASES[case]()))
    for step in range(10):
        losses = [model.train_on_batch(*data()) for model in (own, wrapped)]
        np.testing.assert_allclose(*losses, rtol=1e-5)
        if step == 5:  # the rate is no constant of the graph
            own.optimizer.lr = wrapped.optimizer.lr = 0.02
    for one, other in zip(own.get_weights(), wrapped.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


@pytest.mark.parametrize("case", [pytest.param(case, marks=native) for case in ("sgd", "adamw")])
def test_a_saved_model_goes_on(tmp_path: Path, case: str) -> None:
    model = make_model(RuntimeOptimizer(CASES[case]()))
    model.train_on_batch(*data())
    model.save(tmp_path / "model.h5")
    loaded = load_model(tmp_path / "model.h5")
    assert isinstance(loaded.optimizer, RuntimeOptimizer)
    assert loaded.train_on_batch(*data()) == model.train_on_batch(*data())
    np.testing.assert_array_equal(loaded.predict(data()[0]), model.predict(data()[0]))


@pytest.mark.no_runtime
def test_keras_name_is_kept() -> None:
    assert TFOptimizer is RuntimeOptimizer
    assert type(optimizers.get("TFOptimizer")) is RuntimeOptimizer
    assert type(optimizers.get("runtimeoptimizer")) is RuntimeOptimizer


@pytest.mark.no_runtime
@pytest.mark.parametrize("case", CASES)
def test_configs_round_trip_with_what_has_changed(case: str) -> None:
    optimizer = RuntimeOptimizer(CASES[case]())
    optimizer.lr = 0.25
    config = optimizers.serialize(optimizer)
    again = optimizers.deserialize(config)
    assert again.get_config() == optimizer.get_config()
    assert again.get_config()["optimizer"]["config"]["lr"] == 0.25


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    "optimizer", [SGD(momentum=0.9), Adam(amsgrad=True), RMSprop(), "nadam", None, 3]
)
def test_what_the_runtime_has_no_operator_for_is_refused(optimizer: Any) -> None:
    with pytest.raises(ValueError, match="ONNX Runtime has operators for SGD without momentum"):
        RuntimeOptimizer(optimizer)


def test_other_builds_are_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Any:
        raise runtime.RuntimeMissingError("Not the training build. Do this.")

    monkeypatch.setattr(runtime, "training_module", missing)
    with pytest.raises(
        runtime.RuntimeMissingError,
        match=r"`RuntimeOptimizer` needs .* Do this\. Or use konnx' own",
    ):
        make_model(RuntimeOptimizer()).train_on_batch(*data())


@pytest.mark.parametrize("dtype", [pytest.param("float64", marks=native)])
def test_weights_of_other_dtypes_are_refused(dtype: str) -> None:
    weight = Variable(np.ones(2), dtype, "wide")
    with pytest.raises(ValueError, match="float32 only. Received: wide"):
        RuntimeOptimizer().get_updates(weight[0], [weight])
