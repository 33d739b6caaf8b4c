"""Adamax and Nadam: Adam with another norm, and with Nesterov's look-ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from konnx import ops
from konnx.config import floatx
from konnx.graph import Tensor, Variable, name_scope, op
from konnx.optimizers.adaptive_rates import running_mean
from konnx.optimizers.base import Optimizer, Slots, Update
from konnx.optimizers.hyperparameter import DefaultRate, Hyperparameter, checked_number, fuzz_factor

_MOST_MOMENTA = 1_000_000  # a file may claim any number of steps


class Adamax(Optimizer):
    """Adamax: Adam with the greatest recent size of a gradient in the place of its spread.

    m = beta_1 * m + (1 - beta_1) * gradient, u = max(beta_2 * u, |gradient|), and at update number
    t, counted from 1, weight -= lr / (1 - beta_1^t) * m / (u + epsilon).

    Args:
        lr: the learning rate, 0 or more. It and the betas can be changed between steps.
        beta_1: how much of m is kept at each step, below 1.
        beta_2: how much of u is kept at each step, below 1.
        epsilon: added to u; None: `konnx.config.epsilon()`.
        decay: at update number t, counted from 0, the learning rate is lr / (1 + decay * t).
        **kwargs: clipnorm, clipvalue, learning_rate, see `Optimizer`.

    Raises:
        TypeError: an unknown argument, or both `lr` and `learning_rate`.
        ValueError: a negative number, or a beta of 1 or more.

    Source: Kingma and Ba, Adam, 2014, section 7.1.
    """

    slot_names = ("m", "u")
    beta_1 = Hyperparameter(below=1.0)
    beta_2 = Hyperparameter(below=1.0)

    def __init__(
        self,
        lr: float = DefaultRate(0.002),
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        decay: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(lr, decay, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = fuzz_factor(self, epsilon)

    def step_size(self, lr: Tensor) -> Tensor:
        t = ops.cast(self.iterations, lr.dtype) + 1.0
        return lr / (1.0 - ops.pow(self.beta_1, t))

    def update(
        self, param: Variable, gradient: Tensor, slots: Slots, lr: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        m = running_mean(self.beta_1, slots["m"], gradient)
        u = ops.maximum(ops.cast(self.beta_2, param.dtype) * slots["u"], ops.abs(gradient))
        return param - lr * m / (u + self.epsilon), {"m": m, "u": u}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": float(self.beta_1.numpy()),
            "beta_2": float(self.beta_2.numpy()),
            "epsilon": self.epsilon,
        }


class _Rates(NamedTuple):
    """Scalars of one step of Nadam."""

    of_gradient: Tensor
    of_mean: Tensor
    of_root: Tensor
    schedule: Tensor


class Nadam(Optimizer):
    """Nadam: Adam with Nesterov's momentum, which grows with the number of steps.

    At update number t, counted from 1, the momentum is c(t) = beta_1 * (1 - 0.96^(t *
    schedule_decay) / 2), and s(t) the product of all momenta up to it. With m and v as in Adam,
    weight -= lr * n / (sqrt(v / (1 - beta_2^t)) + epsilon), where n = (1 - c(t)) / (1 - s(t)) *
    gradient + c(t + 1) / (1 - s(t + 1)) * m.

    Args:
        lr: the learning rate, 0 or more. It and the betas can be changed between steps.
        beta_1: how much of m is kept at each step, below 1.
        beta_2: how much of v is kept at each step, below 1.
        epsilon: added to the root; None: `konnx.config.epsilon()`.
        schedule_decay: how fast the momentum grows.
        **kwargs: decay, clipnorm, clipvalue, learning_rate, see `Optimizer`.

    Raises:
        TypeError: an unknown argument, or both `lr` and `learning_rate`.
        ValueError: a negative number, or a beta of 1 or more.

    Source: Dozat, Incorporating Nesterov momentum into Adam, 2016.
    """

    slot_names = ("m", "v")
    beta_1 = Hyperparameter(below=1.0)
    beta_2 = Hyperparameter(below=1.0)

    def __init__(
        self,
        lr: float = DefaultRate(0.002),
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        schedule_decay: float = 0.004,
        **kwargs: Any,
    ) -> None:
        super().__init__(lr, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = fuzz_factor(self, epsilon)
        self.schedule_decay = checked_number(self, "schedule_decay", schedule_decay)
        self.m_schedule = Variable(1.0, floatx(), self._scoped("m_schedule"))

    def get_updates(
        self,
        loss: Tensor,
        params: Sequence[Variable],
        gradients: Sequence[Tensor | None] | None = None,
    ) -> list[Update]:
        with name_scope(type(self).__name__):
            self._rates = self._rates_of_step(self._decayed_rate())  # once for all weights
        updates = super().get_updates(loss, params, gradients)
        return [*updates, (self.m_schedule, self._rates.schedule)]

    def _rates_of_step(self, lr: Tensor) -> _Rates:
        t = ops.cast(self.iterations, self.m_schedule.dtype) + 1.0
        momentum, next_momentum = self._momentum(t), self._momentum(t + 1.0)
        schedule = self.m_schedule * momentum
        return _Rates(
            of_gradient=lr * (1.0 - momentum) / (1.0 - schedule),
            of_mean=lr * next_momentum / (1.0 - schedule * next_momentum),
            of_root=op("Reciprocal", op("Sqrt", 1.0 - ops.pow(self.beta_2, t))),
            schedule=schedule,
        )

    def _momentum(self, t: Any) -> Any:
        beta_1 = self.beta_1 if isinstance(t, Tensor) else float(self.beta_1.numpy())
        return beta_1 * (1.0 - 0.5 * 0.96 ** (t * self.schedule_decay))

    def update(
        self, param: Variable, gradient: Tensor, slots: Slots, lr: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        of_gradient, of_mean, of_root, _ = (ops.cast(one, param.dtype) for one in self._rates)
        m = running_mean(self.beta_1, slots["m"], gradient)
        v = running_mean(self.beta_2, slots["v"], ops.square(gradient))
        step = of_gradient * gradient + of_mean * m
        return param - step / (of_root * op("Sqrt", v) + self.epsilon), {"m": m, "v": v}

    def counters(self) -> list[Variable]:
        return [self.iterations, self.m_schedule]

    def completed(self, weights: list[Any]) -> list[Any]:
        # Keras 2.1 does not write the product of the momenta; but how many there were.
        if len(weights) != len(self.weights) - 1 or np.shape(weights[0]) != ():
            return weights
        count = min(int(weights[0]), _MOST_MOMENTA)
        momenta = self._momentum(np.arange(1, count + 1, dtype=np.float64))
        return [weights[0], np.prod(momenta), *weights[1:]]

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if not config["decay"]:
            del config["decay"]  # Keras' Nadam does not know it
        return {
            **config,
            "beta_1": float(self.beta_1.numpy()),
            "beta_2": float(self.beta_2.numpy()),
            "epsilon": self.epsilon,
            "schedule_decay": self.schedule_decay,
        }
