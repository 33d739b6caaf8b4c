"""Optimizers written for Keras 2.1, whose `get_updates` makes its own state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx.graph import Tensor, Variable
from konnx.layers import Dense
from konnx.models import Sequential, load_model
from konnx.optimizers import SGD, Optimizer

pytestmark = pytest.mark.training

RNG = np.random.default_rng(0)
X = RNG.standard_normal((16, 3)).astype("float32")
Y = RNG.standard_normal((16, 2)).astype("float32")


class Momentum(Optimizer):
    """Descent with momentum, with all that a user of Keras 2.1 may write."""

    def __init__(self, lr: float = 0.01, momentum: float = 0.0, **kwargs: Any) -> None:
        decay = kwargs.pop("decay", 0.0)
        super().__init__(**kwargs)
        self.initial_decay = decay
        with K.name_scope(self.__class__.__name__):
            self.iterations = K.variable(0, dtype="int64", name="iterations")
            self.lr = K.variable(lr, name="lr")
            self.decay = K.variable(decay, name="decay")
            self.momentum = K.variable(momentum, name="momentum")

    def get_updates(self, loss: Tensor, params: Any) -> Any:  # type: ignore[override]
        velocities = [K.zeros(K.int_shape(param), name="velocity") for param in params]
        self.weights = [self.iterations, *velocities]
        self.updates = [K.update_add(self.iterations, 1)]
        rate = self.lr
        if self.initial_decay > 0:
            rate /= 1.0 + self.decay * K.cast(self.iterations, K.floatx())
        gradients = self.get_gradients(loss, params)
        for param, gradient, velocity in zip(params, gradients, velocities, strict=True):
            step = self.momentum * velocity - rate * gradient
            self.updates.append(K.update(velocity, step))
            value = param + step
            if getattr(param, "constraint", None) is not None:
                value = param.constraint(value)
            self.updates.append((param, value))
        return self.updates

    def get_config(self) -> dict[str, Any]:
        config = {
            "lr": float(K.get_value(self.lr)),
            "momentum": float(K.get_value(self.momentum)),
            "decay": float(K.get_value(self.decay)),
        }
        base_config = super().get_config()
        return dict(list(base_config.items()) + list(config.items()))


class Heavy(SGD):
    """A built-in optimizer whose `get_updates` is replaced, and calls nothing of its base."""

    get_updates: Any = Momentum.get_updates


ARGUMENTS = {"lr": 0.0625, "momentum": 0.75, "decay": 0.125, "clipnorm": 0.75}


def model(optimizer: Optimizer) -> Sequential:
    layers = [
        Dense(4, activation="tanh", input_shape=(3,), name="hidden"),
        Dense(2, kernel_constraint="non_neg", name="out"),
    ]
    made = Sequential(layers)
    start = np.random.default_rng(1)
    made.set_weights([start.standard_normal(weight.shape) for weight in made.weights])
    made.compile(optimizer, "mse")
    return made


def losses(trained: Sequential, steps: int, **weights: Any) -> list[float]:
    return [trained.train_on_batch(X, Y, **weights) for _ in range(steps)]


@pytest.mark.parametrize("cls", [Momentum, Heavy])
def test_it_trains_as_the_built_in_one_of_the_same_formula(cls: Any) -> None:
    built_in, own = model(SGD(**ARGUMENTS)), model(cls(**ARGUMENTS))
    np.testing.assert_allclose(losses(own, 5), losses(built_in, 5), rtol=1e-6)
    states = zip(own.optimizer.get_weights(), built_in.optimizer.get_weights(), strict=True)
    for one, other in states:
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)
    assert own.optimizer.get_config() == ARGUMENTS | ({"nesterov": False} if cls is Heavy else {})


def test_its_learning_rate_can_be_set_between_steps() -> None:
    own = model(Momentum(lr=0.5))
    losses(own, 1)
    before = own.get_weights()
    K.set_value(own.optimizer.lr, 0.0)
    losses(own, 1)
    for old, now in zip(before, own.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now)
    own.optimizer.lr = 0.25
    assert own.optimizer.get_config()["lr"] == 0.25


def test_steps_with_and_without_sample_weights_share_its_state() -> None:
    built_in, own = model(SGD(**ARGUMENTS)), model(Momentum(**ARGUMENTS))
    weights = np.linspace(0.5, 2, 16)
    for one in (built_in, own):
        losses(one, 2)
        losses(one, 2, sample_weight=weights)
        losses(one, 1)
    for mine, theirs in zip(own.get_weights(), built_in.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
    assert own.optimizer.iterations.numpy() == 5


def test_a_file_restores_it_with_its_state(tmp_path: Path) -> None:
    own = model(Momentum(**ARGUMENTS))
    losses(own, 3)
    own.save(tmp_path / "own.h5")
    loaded = load_model(tmp_path / "own.h5", custom_objects={"Momentum": Momentum})
    assert type(loaded.optimizer) is Momentum
    assert losses(loaded, 3) == losses(own, 3)


def test_a_file_can_be_written_before_the_first_step(tmp_path: Path) -> None:
    model(Momentum(**ARGUMENTS)).save(tmp_path / "own.h5")
    loaded = load_model(tmp_path / "own.h5", custom_objects={"Momentum": Momentum})
    assert len(loaded.optimizer.weights) == 5
    losses(loaded, 1)


def test_its_exported_training_step_holds_its_state() -> None:
    from konnx.converters import training_graphs

    step = training_graphs(model(Momentum(**ARGUMENTS)))["step"].graph
    names = [one.name for one in step.output]
    assert names[1:] == [
        "next/hidden/kernel",
        "next/hidden/bias",
        "next/out/kernel",
        "next/out/bias",
        "next/iterations",
        "next/velocity",
        *(f"next/velocity_{number}" for number in (1, 2, 3)),
    ]
    assert "learning_rate" in [one.name for one in step.input]


@pytest.mark.no_runtime
def test_a_loss_without_a_weight_is_told_of_by_get_gradients() -> None:
    used, unused = Variable([1.0], name="used"), Variable([1.0], name="unused")
    with pytest.raises(ValueError, match="does not depend on 'unused'"):
        SGD().get_gradients(K.sum(used * used), [used, unused])


@pytest.mark.no_runtime
def test_the_base_config_holds_what_the_constructor_takes() -> None:
    class Bare(Optimizer):
        def __init__(self, strength: float = 1.0) -> None:
            super().__init__()
            self.strength = strength

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "strength": self.strength}

    class Decayed(Optimizer):
        def __init__(self, weight_decay: float = 0.5, learning_rate: float = 0.25) -> None:
            super().__init__(learning_rate)
            self.weight_decay = weight_decay

        def get_config(self) -> dict[str, Any]:
            return {"weight_decay": self.weight_decay, "learning_rate": float(self.lr.numpy())}

    assert Bare(2.0).get_config() == {"strength": 2.0}
    assert Bare.from_config({"strength": 2.0}).get_config() == {"strength": 2.0}
    again = Decayed.from_config(Decayed(0.125, 0.75).get_config())
    assert again.get_config() == {"weight_decay": 0.125, "learning_rate": 0.75}
