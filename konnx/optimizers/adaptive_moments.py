"""Adam."""

from __future__ import annotations

from typing import Any

from konnx import config, ops
from konnx.graph import Tensor, Variable, op
from konnx.optimizers.base import Optimizer, Slots
from konnx.optimizers.hyperparameter import DefaultRate, Hyperparameter, checked_number


class Adam(Optimizer):
    """Adam: steps of a size that adapts to the mean and the spread of each weight's gradient.

    m = beta_1 * m + (1 - beta_1) * gradient, v = beta_2 * v + (1 - beta_2) * gradient², and
    weight -= rate * m / (sqrt(v) + epsilon), where at update number t, counted from 1, the rate is
    lr * sqrt(1 - beta_2^t) / (1 - beta_1^t).

    Args:
        lr: the learning rate, 0 or more. It and the betas can be changed between steps.
        beta_1: how much of m is kept at each step, below 1.
        beta_2: how much of v is kept at each step, below 1.
        epsilon: added to the root; None: `konnx.config.epsilon()`.
        decay: at update number t, counted from 0, the learning rate is lr / (1 + decay * t).
        amsgrad: whether to divide by the root of the greatest v so far.
        **kwargs: clipnorm, clipvalue, learning_rate, see `Optimizer`.

    Raises:
        TypeError: an unknown argument, or both `lr` and `learning_rate`.
        ValueError: a negative number, or a beta of 1 or more.

    Source: Kingma and Ba, Adam, 2014, the variant before section 2.1; Reddi et al., On the
    convergence of Adam and beyond, 2018.

    Example:
        >>> Adam(amsgrad=True).get_config()["epsilon"]
        1e-07
    """

    slot_names = ("m", "v", "vhat")
    beta_1 = Hyperparameter(below=1.0)
    beta_2 = Hyperparameter(below=1.0)

    def __init__(
        self,
        lr: float = DefaultRate(0.001),
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        decay: float = 0.0,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(lr, decay, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        given = config.epsilon() if epsilon is None else epsilon
        self.epsilon = checked_number(self, "epsilon", given)
        self.amsgrad = bool(amsgrad)

    def step_size(self, lr: Tensor) -> Tensor:
        t = ops.cast(self.iterations, lr.dtype) + 1.0
        corrected = op("Sqrt", 1.0 - ops.pow(self.beta_2, t)) / (1.0 - ops.pow(self.beta_1, t))
        return ops.multiply(lr, corrected)

    def update(
        self, param: Variable, gradient: Tensor, slots: Slots, lr: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        beta_1, beta_2 = (ops.cast(beta, param.dtype) for beta in (self.beta_1, self.beta_2))
        m = beta_1 * slots["m"] + (1.0 - beta_1) * gradient
        v = beta_2 * slots["v"] + (1.0 - beta_2) * ops.square(gradient)
        moments = {"m": m, "v": v}
        if self.amsgrad:
            v = moments["vhat"] = ops.maximum(slots["vhat"], v)
        return param - lr * m / (op("Sqrt", v) + self.epsilon), moments

    def slot_shape(self, slot: str, param: Variable) -> tuple[int, ...]:
        # Keras' files hold one zero in the place of each maximum that is not kept.
        return (1,) if slot == "vhat" and not self.amsgrad else param.shape

    def used_slots(self) -> tuple[str, ...]:
        return self.slot_names if self.amsgrad else self.slot_names[:2]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": float(self.beta_1.numpy()),
            "beta_2": float(self.beta_2.numpy()),
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }
