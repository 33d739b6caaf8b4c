"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx import ops
from konnx.graph import Tensor, Variable
from konnx.optimizers.base import Optimizer, Slots, Update
from konnx.optimizers.hyperparameter import DefaultRate, Hyperparameter, checked_number


class _Momentum(Hyperparameter):
    def __set__(self, instance: Any, value: Any) -> None:
        if instance._without_velocity and checked_number(instance, "momentum", value):
            raise ValueError(
                "`SGD`: `momentum` was 0 when the training step was built, which left the velocity "
                f"out. Compile the model with SGD(momentum={value!r}) in its place."
            )
        super().__set__(instance, value)


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if asked for.

    With momentum, velocity = momentum * velocity - lr * gradient and weight += velocity, or, with
    `nesterov`, weight += momentum * velocity - lr * gradient.

    Args:
        lr: the learning rate, 0 or more.
        momentum: how much of the velocity is kept at each step. `momentum` and `lr` can be changed
            between steps; 0 at the time of compiling leaves the velocity out for good.
        decay: at update number t, counted from 0, the rate is lr / (1 + decay * t).
        nesterov: whether to take Nesterov's look-ahead.
        **kwargs: clipnorm, clipvalue, learning_rate, see `Optimizer`.

    Raises:
        TypeError: an unknown argument, or both `lr` and `learning_rate`.
        ValueError: a negative number.

    Source: Sutskever et al., On the importance of initialization and momentum, ICML 2013.

    Example:
        >>> optimizer = SGD(lr=0.5, momentum=0.9)
        >>> optimizer.lr = 0.25
        >>> optimizer.get_config()["lr"]
        0.25
    """

    slot_names = ("momentum",)
    momentum = _Momentum()

    def __init__(
        self,
        lr: float = DefaultRate(0.01),
        momentum: float = 0.0,
        decay: float = 0.0,
        nesterov: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(lr, decay, **kwargs)
        self._without_velocity = False
        self.momentum = momentum
        self.nesterov = bool(nesterov)

    def get_updates(
        self,
        loss: Tensor,
        params: Sequence[Variable],
        gradients: Sequence[Tensor | None] | None = None,
    ) -> list[Update]:
        # A step is bound by memory: without momentum it should not touch velocities.
        self._without_velocity = not self.used_slots()
        return super().get_updates(loss, params, gradients)

    def update(
        self, param: Variable, gradient: Tensor, slots: Slots, lr: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        if self._without_velocity:
            return ops.subtract_scaled(param, lr, gradient), {}
        step = lr * gradient
        momentum = ops.cast(self.momentum, param.dtype)
        velocity = momentum * slots["momentum"] - step
        if self.nesterov:
            return param + (momentum * velocity - step), {"momentum": velocity}
        return param + velocity, {"momentum": velocity}

    def used_slots(self) -> tuple[str, ...]:
        return self.slot_names if self.momentum.numpy() else ()

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "momentum": float(self.momentum.numpy()),
            "nesterov": self.nesterov,
        }
