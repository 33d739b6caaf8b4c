"""Optimizers that divide each element of a gradient by how large it has been: no momentum."""

from __future__ import annotations

from typing import Any

from konnx import ops
from konnx.graph import Tensor, Variable, op
from konnx.optimizers.base import Optimizer, Slots
from konnx.optimizers.hyperparameter import DefaultRate, Hyperparameter, fuzz_factor


class _Accumulating(Optimizer):
    """Keeps sums of squares or of their like, which Keras 2.1 writes without the iterations."""

    def completed(self, weights: list[Any]) -> list[Any]:
        is_short = len(weights) == len(self.weights) - 1
        return [0, *weights] if is_short else weights


class RMSprop(_Accumulating):
    """RMSprop: gradients over the root of a running mean of their squares.

    a = rho * a + (1 - rho) * gradient², and weight -= lr * gradient / (sqrt(a) + epsilon).

    Args:
        lr: the learning rate, 0 or more. It and `rho` can be changed between steps.
        rho: how much of the mean is kept at each step, below 1.
        epsilon: added to the root; None: `konnx.config.epsilon()`.
        decay: at update number t, counted from 0, the learning rate is lr / (1 + decay * t).
        **kwargs: clipnorm, clipvalue, learning_rate, see `Optimizer`.

    Raises:
        TypeError: an unknown argument, or both `lr` and `learning_rate`.
        ValueError: a negative number, or a `rho` of 1 or more.

    Source: Tieleman and Hinton, Neural networks for machine learning, lecture 6.5, 2012.

    Example:
        >>> RMSprop(rho=0.75).get_config()["rho"]
        0.75
    """

    slot_names = ("accumulator",)
    rho = Hyperparameter(below=1.0)

    def __init__(
        self,
        lr: float = DefaultRate(0.001),
        rho: float = 0.9,
        epsilon: float | None = None,
        decay: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(lr, decay, **kwargs)
        self.rho = rho
        self.epsilon = fuzz_factor(self, epsilon)

    def update(
        self, param: Variable, gradient: Tensor, slots: Slots, lr: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        mean = running_mean(self.rho, slots["accumulator"], ops.square(gradient))
        value = param - lr * gradient / (op("Sqrt", mean) + self.epsilon)
        return value, {"accumulator": mean}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": float(self.rho.numpy()), "epsilon": self.epsilon}


class Adagrad(_Accumulating):
    """Adagrad: gradients over the root of the sum of all their squares so far.

    a += gradient², and weight -= lr * gradient / (sqrt(a) + epsilon). The sum starts at 0, as in
    Keras 2.1; later versions start it at 0.1.

    Args:
        lr: the learning rate, 0 or more. It can be changed between steps.
        epsilon: added to the root; None: `konnx.config.epsilon()`.
        decay: at update number t, counted from 0, the learning rate is lr / (1 + decay * t).
        **kwargs: clipnorm, clipvalue, learning_rate, see `Optimizer`.

    Raises:
        TypeError: an unknown argument, or both `lr` and `learning_rate`.
        ValueError: a negative number.

    Source: Duchi et al., Adaptive subgradient methods, JMLR 12, 2011.
    """

    slot_names = ("accumulator",)

    def __init__(
        self,
        lr: float = DefaultRate(0.01),
        epsilon: float | None = None,
        decay: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(lr, decay, **kwargs)
        self.epsilon = fuzz_factor(self, epsilon)

    def update(
        self, param: Variable, gradient: Tensor, slots: Slots, lr: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        total = slots["accumulator"] + ops.square(gradient)
        value = param - lr * gradient / (op("Sqrt", total) + self.epsilon)
        return value, {"accumulator": total}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "epsilon": self.epsilon}


class Adadelta(_Accumulating):
    """Adadelta: gradients scaled by the ratio of the sizes of past steps and past gradients.

    a = rho * a + (1 - rho) * gradient², step = gradient * sqrt((d + epsilon) / (a + epsilon)),
    weight -= lr * step, and then d = rho * d + (1 - rho) * step².

    Args:
        lr: the learning rate, 0 or more. It and `rho` can be changed between steps.
        rho: how much of the means is kept at each step, below 1.
        epsilon: added under the roots; None: `konnx.config.epsilon()`.
        decay: at update number t, counted from 0, the learning rate is lr / (1 + decay * t).
        **kwargs: clipnorm, clipvalue, learning_rate, see `Optimizer`.

    Raises:
        TypeError: an unknown argument, or both `lr` and `learning_rate`.
        ValueError: a negative number, or a `rho` of 1 or more.

    Source: Zeiler, ADADELTA, 2012 (arXiv 1212.5701).
    """

    slot_names = ("accumulator", "delta_accumulator")
    rho = Hyperparameter(below=1.0)

    def __init__(
        self,
        lr: float = DefaultRate(1.0),
        rho: float = 0.95,
        epsilon: float | None = None,
        decay: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(lr, decay, **kwargs)
        self.rho = rho
        self.epsilon = fuzz_factor(self, epsilon)

    def update(
        self, param: Variable, gradient: Tensor, slots: Slots, lr: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        steps = slots["delta_accumulator"]
        mean = running_mean(self.rho, slots["accumulator"], ops.square(gradient))
        step = gradient * op("Sqrt", (steps + self.epsilon) / (mean + self.epsilon))
        return param - lr * step, {
            "accumulator": mean,
            "delta_accumulator": running_mean(self.rho, steps, ops.square(step)),
        }

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": float(self.rho.numpy()), "epsilon": self.epsilon}


def running_mean(kept: Variable, mean: Tensor, value: Tensor) -> Tensor:
    """Return kept * mean + (1 - kept) * value, in the dtype of the mean."""
    share = ops.cast(kept, mean.dtype)
    return share * mean + (1.0 - share) * value
