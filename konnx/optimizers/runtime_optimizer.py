"""Optimizers whose step is an operator of the runtime itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from konnx import ops, runtime
from konnx.graph import Node, Tensor, TensorType, Variable, name_scope
from konnx.optimizers.adaptive_moments import Adam, AdamW, corrected_rate
from konnx.optimizers.base import Optimizer, Slots, Update
from konnx.optimizers.gradient_descent import SGD
from konnx.optimizers.hyperparameter import Hyperparameter

_DOMAIN = "com.microsoft"
_EPSILON_AS_KERAS = 1  # it is added to the root of a mean that is not corrected
_WRAPPED: dict[str, type[Optimizer]] = {"SGD": SGD, "Adam": Adam, "AdamW": AdamW}


class RuntimeOptimizer(Optimizer):
    """Does the step of an optimizer by one operator of ONNX Runtime for each weight.

    Keras' `TFOptimizer` wraps an optimizer of its runtime, TensorFlow; this one, which has that
    name, too, those of onnxruntime-training (`SGDOptimizer`, `AdamOptimizer`). The numbers are
    those of konnx' own optimizers. Models that are trained so run on the training build only.

    Args:
        optimizer: a name ("sgd", "adam", "adamw"), configuration or instance of `SGD` without
            momentum, or of `Adam` or `AdamW` without amsgrad. Its arguments are taken over; `lr`,
            `decay` and `weight_decay` can be changed between steps.

    Raises:
        ValueError: the runtime has no operator for the optimizer, or a weight is not float32.
        RuntimeMissingError: when a step is made, the training build is not installed; the message
            says how to install it.

    Example:
        >>> RuntimeOptimizer("adamw").get_config()["optimizer"]["class_name"]
        'AdamW'
    """

    slot_names = ("m", "v")
    weight_decay = Hyperparameter()

    def __init__(self, optimizer: Any = "adamw") -> None:
        wrapped = self.optimizer = _wrapped(optimizer)
        limits = {"clipnorm": wrapped.clipnorm, "clipvalue": wrapped.clipvalue}
        super().__init__(float(wrapped.lr.numpy()), float(wrapped.decay.numpy()), **limits)
        self.weight_decay = wrapped.weight_decay if isinstance(wrapped, AdamW) else 0.0

    def get_updates(
        self,
        loss: Tensor,
        params: Sequence[Variable],
        gradients: Sequence[Tensor | None] | None = None,
    ) -> list[Update]:
        _check_build()
        odd = [param.name for param in params if param.dtype != "float32"]
        if odd:
            raise ValueError(
                "`RuntimeOptimizer`: the operators of ONNX Runtime train float32 only. Received: "
                f"{', '.join(odd)} of other dtypes"
            )
        with name_scope(type(self).__name__):
            self._share_kept = 1.0 - self._decayed_rate() * self.weight_decay
        return super().get_updates(loss, params, gradients)

    def update(
        self, param: Variable, gradient: Tensor, slots: Slots, lr: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        # The operators write a result that is no output of the graph over what it is made from: a
        # weight whose constraint follows must be a copy, as others may not have read it yet.
        is_copied = param.constraint is not None or isinstance(self.optimizer, AdamW)
        weight = self._share_kept * param if is_copied else param
        if not isinstance(self.optimizer, Adam):
            (value,) = _native("SGDOptimizer", [lr, weight, gradient], [param], {})
            return value, {}
        unused_count = ops.cast(lr, "int64")  # its own, as it is written over, too
        _, m, v, value = _native(
            "AdamOptimizer",
            [lr, unused_count, weight, gradient, slots["m"], slots["v"]],
            [unused_count, param, param, param],
            self._attributes,
        )
        return value, {"m": m, "v": v}

    def step_size(self, lr: Tensor) -> Tensor:
        if not isinstance(self.optimizer, Adam):
            return lr
        betas = self._attributes["alpha"], self._attributes["beta"]
        return corrected_rate(lr, self.iterations, *betas)

    @property
    def _attributes(self) -> dict[str, Any]:
        """Those of AdamOptimizer: what depends on the number of the step is an input instead."""
        wrapped = self.optimizer
        assert isinstance(wrapped, Adam)
        return {
            "alpha": float(wrapped.beta_1.numpy()),
            "beta": float(wrapped.beta_2.numpy()),
            "epsilon": wrapped.epsilon,
            "lambda": 0.0,
            "do_bias_correction": 0,
            "weight_decay_mode": _EPSILON_AS_KERAS,
        }

    def used_slots(self) -> tuple[str, ...]:
        return self.slot_names if isinstance(self.optimizer, Adam) else ()

    def slot_shape(self, slot: str, param: Variable) -> tuple[int, ...]:
        return param.shape if self.used_slots() else (1,)

    def get_config(self) -> dict[str, Any]:
        wrapped = self.optimizer
        now = {"lr": self.lr, "decay": self.decay, "weight_decay": self.weight_decay}
        config = wrapped.get_config()
        config.update({name: float(one.numpy()) for name, one in now.items() if name in config})
        return {"optimizer": {"class_name": type(wrapped).__name__, "config": config}}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> RuntimeOptimizer:
        return cls(**config)


TFOptimizer = RuntimeOptimizer


def _wrapped(given: Any) -> Optimizer:
    """Return the optimizer that a name, configuration, class or instance stands for."""
    name = given.get("class_name") if isinstance(given, Mapping) else given
    config = given.get("config", {}) if isinstance(given, Mapping) else {}
    by_name = {key.lower(): kind for key, kind in _WRAPPED.items()}
    if isinstance(name, str) and name.lower() in by_name:
        given = by_name[name.lower()].from_config(config)
    elif given in _WRAPPED.values():
        given = given()
    is_plain = type(given) in _WRAPPED.values() and not getattr(given, "amsgrad", False)
    if not is_plain or (isinstance(given, SGD) and given.used_slots()):
        received = repr(given)
        if isinstance(given, Optimizer):
            received = f"{type(given).__name__}({given.get_config()})"
        raise ValueError(
            "`RuntimeOptimizer`: ONNX Runtime has operators for SGD without momentum, and for Adam "
            f"and AdamW without amsgrad. Received: {received}"
        )
    optimizer: Optimizer = given
    return optimizer


def _check_build() -> None:
    try:
        runtime.training_module()
    except runtime.RuntimeMissingError as error:
        raise runtime.RuntimeMissingError(
            f"`RuntimeOptimizer` needs operators of onnxruntime-training. {error} Or use "
            "konnx' own SGD, Adam and AdamW, which run everywhere."
        ) from error


def _native(
    op_type: str,
    inputs: Sequence[Tensor],
    like: Sequence[Tensor],
    attributes: Mapping[str, Any],
) -> tuple[Tensor, ...]:
    """Apply an operator of the runtime, which onnx knows no types of."""
    types = [TensorType(one.dtype, one.dims) for one in like]
    return Node(op_type, inputs, attributes, types, domain=_DOMAIN).outputs
