"""What optimizers have in common: clipping, decay, constraints, state and configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any, ClassVar

import numpy as np

from konnx import ops
from konnx.autodiff import gradients as derive
from konnx.graph import Tensor, Variable, assign_all, name_scope, op, substitute
from konnx.legacy.calls import accept_keras_1
from konnx.legacy.table import GET_UPDATES
from konnx.optimizers.configuration import from_later_keras, names, takes
from konnx.optimizers.hyperparameter import DefaultRate, Hyperparameter, checked_number
from konnx.utils.naming import did_you_mean

Update = tuple[Variable, Tensor]
Slots = Mapping[str, Variable]

_OF_EVERY_ONE = {"lr", "learning_rate", "decay", "clipnorm", "clipvalue"}

_Derived = tuple[tuple[Tensor, ...], Sequence[Tensor | None]]
_NOT_DERIVED: _Derived = ((), ())


class Optimizer:
    """Turns gradients into new weights; the base of all optimizers.

    A subclass names its slots (tensors of state for each weight) in `slot_names` and defines
    `update`; it calls `super().__init__` with its learning rate and decay. One written for Keras
    2.1 works, too: it defines `get_updates(loss, params)`, makes its state there and lists it in
    `self.weights`.

    Args:
        lr: the learning rate, 0 or more.
        decay: at update number t, counted from 0, the rate is lr / (1 + decay * t).
        clipnorm: gradients are scaled down where the Euclidean norm of all of them together is
            greater.
        clipvalue: then each element of a gradient is cut to lie within ±clipvalue.
        learning_rate: another name of `lr`.

    Raises:
        TypeError: an unknown argument, or both `lr` and `learning_rate`.
        ValueError: a negative number.
    """

    slot_names: ClassVar[tuple[str, ...]] = ()
    lr = Hyperparameter()
    learning_rate = Hyperparameter("lr")
    decay = Hyperparameter()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "get_updates" in vars(cls):
            cls.get_updates = accept_keras_1(GET_UPDATES)(cls.get_updates)  # type: ignore[method-assign]

    def __init__(self, lr: float = DefaultRate(0.01), decay: float = 0.0, **kwargs: Any) -> None:
        self._slots: dict[Variable, dict[str, Variable]] = {}
        self._params: tuple[Variable, ...] = ()
        self._own_weights: list[Variable] | None = None
        self._first_weights: dict[tuple[Variable, ...], list[Variable]] = {}
        self._derived: _Derived = _NOT_DERIVED
        self.updates: list[Update] = []
        self.iterations = Variable(0, "int64", self._scoped("iterations"))
        self.lr = self._rate(lr, kwargs)
        self.decay = decay
        self.initial_decay = decay
        self.clipnorm = self._limit("clipnorm", kwargs)
        self.clipvalue = self._limit("clipvalue", kwargs)
        if kwargs:
            unknown = ", ".join(f"'{name}'" for name in kwargs)
            known = {*_OF_EVERY_ONE, *signature(type(self)).parameters} - {"kwargs"}
            raise TypeError(
                f"`{type(self).__name__}` got arguments that it does not know: {unknown}. Every "
                "optimizer takes lr (or learning_rate), decay, clipnorm and clipvalue."
                f"{did_you_mean(next(iter(kwargs)), sorted(known))}"
            )

    def _rate(self, lr: float, kwargs: dict[str, Any]) -> float:
        if "learning_rate" not in kwargs:
            return lr
        if not isinstance(lr, DefaultRate):
            raise TypeError(
                f"`{type(self).__name__}`: `lr` and `learning_rate` are two names of one argument; "
                f"give one. Received: lr={lr!r}, learning_rate={kwargs['learning_rate']!r}"
            )
        rate: float = kwargs.pop("learning_rate")
        return rate

    def _limit(self, name: str, kwargs: dict[str, Any]) -> float | None:
        value = kwargs.pop(name, None)
        return None if value is None else checked_number(self, name, value)

    def _scoped(self, name: str) -> str:
        return f"{type(self).__name__}/{name}"

    # What a subclass defines

    def update(
        self, param: Variable, gradient: Tensor, slots: Slots, lr: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the new weight, and the new values of its slots by name.

        Args:
            param: the weight.
            gradient: its gradient, clipped.
            slots: its slots by name; one that is not among the new values stays as it is.
            lr: what `step_size` returned, in the dtype of the weight.
        """
        return param - lr * gradient, {}

    def step_size(self, lr: Tensor) -> Tensor:
        """Return the rate of this update, for all weights, from the decayed learning rate."""
        return lr

    def slot_shape(self, slot: str, param: Variable) -> tuple[int, ...]:
        """Return the shape of a slot; that of its weight unless a subclass says otherwise."""
        return param.shape

    # One step

    @accept_keras_1(GET_UPDATES)
    def get_updates(
        self,
        loss: Tensor,
        params: Sequence[Variable],
        gradients: Sequence[Tensor | None] | None = None,
    ) -> list[Update]:
        """Return (variable, new value) for every variable that a step changes.

        All new values are computed from the old ones.

        Args:
            loss: the scalar to be minimised.
            params: the weights to train.
            gradients: one for each weight; default: those of the loss in training.

        Raises:
            ValueError: the loss is no scalar, or does not depend on a weight.

        Example:
            >>> from konnx.optimizers import SGD
            >>> w = Variable([1.0, 2.0], name="w")
            >>> [variable.name for variable, _ in SGD().get_updates(ops.sum(w * w), [w])]
            ['SGD/iterations', 'w']
        """
        if gradients is None:
            clipped = self.get_gradients(loss, params)
        else:
            clipped = self._clip(params, gradients)
        self.create_slots(params)
        with name_scope(type(self).__name__):
            lr = self.step_size(self._decayed_rate())
            updates: list[Update] = [(self.iterations, self.iterations + 1)]
            for param, gradient in zip(params, clipped, strict=True):
                with name_scope(param.name):
                    updates += self._updates_of(param, gradient, lr)
        return updates

    def get_gradients(self, loss: Tensor, params: Sequence[Variable]) -> list[Tensor]:
        """Return the gradient of the loss in training for each weight, clipped.

        Raises:
            ValueError: the loss is no scalar, or does not depend on a weight.
        """
        if loss.dims is None or any(size != 1 for size in loss.dims):
            raise ValueError(
                f"`{type(self).__name__}` minimises a scalar. Received: loss={loss!r}. Take "
                "K.mean(loss) or K.sum(loss)."
            )
        key, gradients = self._derived
        if key != (loss, *params):
            gradients = derive(loss, params, training=True)
        return self._clip(params, gradients)

    def step_updates(
        self,
        loss: Tensor,
        params: Sequence[Variable],
        gradients: Sequence[Tensor | None] | None = None,
    ) -> list[Update]:
        """Return the updates of `get_updates`, on the state that is there already, if any is.

        A `get_updates` as of Keras 2.1 makes new state at each call; but all steps that train the
        same weights are to share one, with and without sample weights.

        Args:
            loss: the scalar to be minimised.
            params: the weights to train.
            gradients: what `get_gradients` is to return for these, once clipped.
        """
        self.updates = []
        self._derived = ((loss, *params), gradients) if gradients is not None else _NOT_DERIVED
        updates = list(self.get_updates(loss=loss, params=params))
        made, self._derived = self._own_weights, _NOT_DERIVED
        if made is None:
            return updates
        first = self._first_weights.setdefault(tuple(params), made)
        if [one.type for one in first] != [one.type for one in made]:
            return updates
        self._own_weights = first
        return _on_variables(updates, dict(zip(made, first, strict=True)))

    def _updates_of(self, param: Variable, gradient: Tensor, lr: Tensor) -> list[Update]:
        slots = self._slots[param]
        value, new_slots = self.update(param, gradient, slots, ops.cast(lr, param.dtype))
        if param.constraint is not None:
            value = param.constraint(value)
        return [(param, value), *((slots[name], new) for name, new in new_slots.items())]

    def _decayed_rate(self) -> Tensor:
        steps = ops.cast(self.iterations, self.decay.dtype)
        return ops.divide(self.lr, 1.0 + self.decay * steps)

    def _clip(self, params: Sequence[Variable], gradients: Sequence[Tensor | None]) -> list[Tensor]:
        with name_scope(type(self).__name__):
            return self._clipped(_without_gaps(params, gradients))

    def _clipped(self, clipped: list[Tensor]) -> list[Tensor]:
        if self.clipnorm and clipped:
            squares = [op("ReduceSumSquare", gradient, keepdims=0) for gradient in clipped]
            total = squares[0] if len(squares) == 1 else op("Sum", *squares)
            scale = self.clipnorm / ops.maximum(op("Sqrt", total), self.clipnorm)
            clipped = [gradient * scale for gradient in clipped]
        if self.clipvalue:
            clipped = [ops.clip(one, -self.clipvalue, self.clipvalue) for one in clipped]
        return clipped

    # State

    def create_slots(self, params: Sequence[Variable]) -> None:
        """Make the state for these weights, all zeros; what a weight already has is kept."""
        self._params = tuple(params)
        for param in params:
            if param not in self._slots:
                self._slots[param] = {
                    slot: self._make_slot(slot, param) for slot in self.slot_names
                }

    def _make_slot(self, slot: str, param: Variable) -> Variable:
        shape = self.slot_shape(slot, param)
        name = self._scoped(f"{param.name}/{slot}")
        return Variable(lambda: np.zeros(shape, param.dtype), param.dtype, name, shape=shape)

    def slots_of(self, param: Variable) -> Slots:
        """Return the state of a weight by the names of the slots."""
        return dict(self._slots[param])

    @property
    def makes_own_state(self) -> bool:
        """Whether there is no state before `get_updates` was called, as in Keras 2.1."""
        definer = next(cls for cls in type(self).__mro__ if "get_updates" in vars(cls))
        return "update" not in vars(definer)

    @property
    def weights(self) -> list[Variable]:
        """The state in the order of Keras' files: iterations, then each kind of slot in turn.

        A subclass that makes its state itself assigns the list.
        """
        if self._own_weights is not None:
            return self._own_weights
        return self._state(self.slot_names)

    @weights.setter
    def weights(self, variables: Sequence[Variable]) -> None:
        self._own_weights = list(variables)

    def get_weights(self) -> list[np.ndarray]:
        """Return the values of `weights`."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the values of `weights`.

        Fewer arrays are taken too, where only slots that this optimizer does not use are missing at
        the end, as later Keras versions write them, or what `completed` adds.

        Args:
            weights: arrays of the shapes of `weights`.

        Raises:
            ValueError: their number or a shape does not fit. Nothing is changed then.
        """
        variables = self.weights
        weights = self.completed(list(weights))
        if len(weights) != len(variables) and self._own_weights is None:
            variables = self._state(self.used_slots())
        if len(weights) != len(variables):
            raise ValueError(
                f"`{type(self).__name__}` has {len(self.weights)} weights: iterations, and what it "
                f"keeps for each of the trained weights. Received: {len(weights)} arrays. They "
                "must come from the same optimizer on the same model, and the model must be "
                "compiled first."
            )
        assign_all(type(self).__name__, variables, weights)

    def _state(self, slots: Sequence[str]) -> list[Variable]:
        kept = [self._slots[param][slot] for slot in slots for param in self._params]
        return [*self.counters(), *kept]

    def counters(self) -> list[Variable]:
        """Return the state that belongs to no single weight; it stands before the slots."""
        return [self.iterations]

    def completed(self, weights: list[Any]) -> list[Any]:
        """Return a state from a file with the counters added that older files lack."""
        return weights

    def used_slots(self) -> tuple[str, ...]:
        """Return the slots that a step changes: the first of `slot_names`, or all."""
        return self.slot_names

    # Configuration

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with the present values of what can be changed."""
        config = {"lr": float(self.lr.numpy()), "decay": float(self.decay.numpy())}
        config = {name: value for name, value in config.items() if takes(type(self), name)}
        limits = {"clipnorm": self.clipnorm, "clipvalue": self.clipvalue}
        return config | {name: limit for name, limit in limits.items() if limit is not None}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Optimizer:
        """Make an optimizer from what `get_config` returned, here or in a later Keras version.

        Raises:
            ValueError: the configuration asks for something that there is not here.
        """
        own = {name: value for name, value in config.items() if names(cls, name)}
        rest = {name: value for name, value in config.items() if name not in own}
        return cls(**{**from_later_keras(cls.__name__, rest), **own})


def _on_variables(updates: Sequence[Update], others: dict[Tensor, Variable]) -> list[Update]:
    """Return updates that read and write other variables."""
    values = substitute([value for _, value in updates], {**others})
    return [
        (others.get(variable, variable), value)
        for (variable, _), value in zip(updates, values, strict=True)
    ]


def _without_gaps(params: Sequence[Variable], gradients: Sequence[Tensor | None]) -> list[Tensor]:
    if len(params) != len(gradients):
        raise ValueError(
            f"There must be one gradient for each weight. Received: {len(params)} weights, "
            f"{len(gradients)} gradients"
        )
    missing = [p.name for p, one in zip(params, gradients, strict=True) if one is None]
    if missing:
        raise ValueError(
            f"The loss does not depend on {', '.join(f'{name!r}' for name in missing)}: there is "
            "no gradient. Use the weight in the loss, or set its layer's `trainable` to False."
        )
    return [one for one in gradients if one is not None]


def clip_norm(g: Tensor, c: float, n: Tensor) -> Tensor:
    """Scale a gradient down where a norm exceeds a limit.

    Args:
        g: the gradient.
        c: the limit; 0 or less: none.
        n: the norm.

    Example:
        >>> from konnx.backend import constant, eval
        >>> eval(clip_norm(constant([3.0, 4.0]), 1.0, constant(5.0)))
        array([0.6, 0.8], dtype=float32)
    """
    return g if c <= 0 else g * (c / ops.maximum(n, c))
