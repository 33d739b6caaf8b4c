"""Adam and AdamW."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx import ops
from konnx.graph import Tensor, Variable, name_scope, op
from konnx.optimizers.adaptive_rates import running_mean
from konnx.optimizers.base import Optimizer, Slots, Update
from konnx.optimizers.hyperparameter import DefaultRate, Hyperparameter, fuzz_factor


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
        self.epsilon = fuzz_factor(self, epsilon)
        self.amsgrad = bool(amsgrad)

    def step_size(self, lr: Tensor) -> Tensor:
        return corrected_rate(lr, self.iterations, self.beta_1, self.beta_2)

    def update(
        self, param: Variable, gradient: Tensor, slots: Slots, lr: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        step, moments = self._step(gradient, slots, lr)
        return param - step, moments

    def _step(self, gradient: Tensor, slots: Slots, lr: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        m = running_mean(self.beta_1, slots["m"], gradient)
        v = running_mean(self.beta_2, slots["v"], ops.square(gradient))
        moments = {"m": m, "v": v}
        if self.amsgrad:
            v = moments["vhat"] = ops.maximum(slots["vhat"], v)
        return lr * m / (op("Sqrt", v) + self.epsilon), moments

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


def corrected_rate(lr: Tensor, iterations: Tensor, beta_1: Any, beta_2: Any) -> Tensor:
    """Return the rate that makes up for means which begin at 0."""
    t = ops.cast(iterations, lr.dtype) + 1.0
    corrected = op("Sqrt", 1.0 - ops.pow(beta_2, t)) / (1.0 - ops.pow(beta_1, t))
    return ops.multiply(lr, corrected)


class AdamW(Adam):
    """Adam with decoupled weight decay: each weight also shrinks by lr * weight_decay of itself.

    Keras 2.1 does not have it yet; the shrinking is that of later versions, from all weights that
    are trained.

    Args:
        lr: the learning rate, 0 or more. It, `weight_decay` and the betas can be changed between
            steps.
        weight_decay: the share by which a weight shrinks at each step, times the learning rate.
        beta_1: see `Adam`, as all that follow.
        beta_2: how much of v is kept at each step.
        epsilon: added to the root.
        decay: of the learning rate; it slows the shrinking, too.
        amsgrad: whether to divide by the root of the greatest v so far.
        **kwargs: clipnorm, clipvalue, learning_rate, see `Optimizer`.

    Raises:
        TypeError: an unknown argument, or both `lr` and `learning_rate`.
        ValueError: a negative number, or a beta of 1 or more.

    Source: Loshchilov and Hutter, Decoupled weight decay regularization, 2019 (arXiv 1711.05101).
    """

    weight_decay = Hyperparameter()

    def __init__(
        self,
        lr: float = DefaultRate(0.001),
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        decay: float = 0.0,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(lr, beta_1, beta_2, epsilon, decay, amsgrad, **kwargs)
        self.weight_decay = weight_decay

    def get_updates(
        self,
        loss: Tensor,
        params: Sequence[Variable],
        gradients: Sequence[Tensor | None] | None = None,
    ) -> list[Update]:
        with name_scope(type(self).__name__):
            self._share_kept = 1.0 - self._decayed_rate() * self.weight_decay
        return super().get_updates(loss, params, gradients)

    def update(
        self, param: Variable, gradient: Tensor, slots: Slots, lr: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        step, moments = self._step(gradient, slots, lr)
        return ops.cast(self._share_kept, param.dtype) * param - step, moments

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight_decay": float(self.weight_decay.numpy())}
