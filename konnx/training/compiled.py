"""What `compile` makes of a model: targets, losses, metrics, and the functions of one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from konnx import losses as loss_family
from konnx import metrics as metric_family
from konnx import ops, optimizers
from konnx.autodiff import check_engine, gradients
from konnx.function import Function, chain_updates
from konnx.graph import (
    Dim,
    Tensor,
    Variable,
    name_scope,
    placeholder,
    select_phase,
    substitute,
)
from konnx.graph.passes import rectify_pooled
from konnx.layers.base import Update
from konnx.metrics import StatefulMetric
from konnx.training.exchanged import Exchange, ExchangedStep
from konnx.training.objective import LossFunction, masked_weights, weighted_mean
from konnx.training.outputs import per_output, per_output_lists
from konnx.utils.naming import free_name

Step = Function | ExchangedStep

# Losses whose targets must have the shape of the output.
_SAME_SHAPE = (
    loss_family.mean_squared_error,
    loss_family.mean_absolute_error,
    loss_family.binary_crossentropy,
    loss_family.categorical_crossentropy,
)


class Trainable(Protocol):
    """What training needs to know of a model."""

    name: str
    inputs: list[Tensor]
    outputs: list[Tensor]
    input_names: list[str]
    output_names: list[str]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables to train."""

    @property
    def losses(self) -> list[Tensor]:
        """Scalars that layers add to the loss."""

    @property
    def updates(self) -> list[Update]:
        """New values that layers give their variables."""

    @property
    def state_updates(self) -> list[Update]:
        """Those of them that carry a state from batch to batch, in inference too."""


@dataclass(frozen=True)
class Metric:
    """What to report: a function of an output and its target, or one that keeps sums."""

    name: str
    function: LossFunction | StatefulMetric
    output: int
    weighted: bool


@dataclass(frozen=True)
class Phase:
    """The model's tensors as they are in training, or in inference."""

    outputs: list[Tensor]
    masks: list[Tensor | None]
    losses: list[Tensor]


class Compiled:
    """A model with an optimizer, losses and metrics.

    Which layers are frozen is settled here, as in Keras: later changes of `trainable` take effect
    at the next compile.
    """

    def __init__(
        self,
        model: Trainable,
        optimizer: Any,
        loss: Any,
        metrics: Any = None,
        loss_weights: Any = None,
        sample_weight_mode: Any = None,
        weighted_metrics: Any = None,
        target_tensors: Any = None,
        gradient_engine: str = "auto",
    ) -> None:
        check_engine(gradient_engine)
        names = model.output_names
        self._model = model
        self.optimizer = optimizers.get(optimizer)
        self.gradient_engine = gradient_engine
        self.loss = loss
        self.metrics = _listed(metrics)
        self.loss_weights = loss_weights
        self.sample_weight_mode = sample_weight_mode
        self.weighted_metrics = _listed(weighted_metrics)
        self.loss_functions = [_loss(one) for one in per_output(loss, names, "loss")]
        factors = per_output(loss_weights, names, "loss_weights", default=1.0)
        self._factors = [1.0 if factor is None else float(factor) for factor in factors]
        self.modes = per_output(sample_weight_mode, names, "sample_weight_mode")
        _check_modes(self.modes)
        self._trainable = model.trainable_weights
        self._targets = self._make_targets(target_tensors)
        self._weights = self._make_weights()
        self._metrics = self._make_metrics()
        self._phases, self._updates = {}, {}
        losses = model.losses
        for training, updates in ((True, model.updates), (False, model.state_updates)):
            resolved = self._resolve(losses, updates, training=training)
            self._phases[training], self._updates[training] = resolved
        self._functions: dict[tuple[object, ...], Function] = {}
        self.exchange: Exchange | None = None
        self._exchanged_steps: dict[tuple[bool, ...], ExchangedStep] = {}

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that a step trains: those that were trainable when it was compiled."""
        return list(self._trainable)

    @property
    def trained_outputs(self) -> list[int]:
        """The numbers of the outputs that have a loss."""
        return [i for i, function in enumerate(self.loss_functions) if function is not None]

    @property
    def targets(self) -> list[Tensor]:
        """The placeholders of the targets, one for each output with a loss."""
        return [self._targets[i] for i in self.trained_outputs]

    @property
    def target_names(self) -> list[str]:
        """The names of the outputs with a loss."""
        return [self._model.output_names[i] for i in self.trained_outputs]

    @property
    def metrics_names(self) -> list[str]:
        """The names of what a step returns: the loss, each output's loss, the metrics."""
        names = ["loss"]
        if len(self._model.outputs) > 1:
            names += [f"{name}_loss" for name in self.target_names]
        return names + [metric.name for metric in self._metrics]

    @property
    def stateful_metrics(self) -> dict[str, StatefulMetric]:
        """The metrics that keep sums over an epoch, by the names under which they are reported."""
        return {
            metric.name: metric.function
            for metric in self._metrics
            if isinstance(metric.function, StatefulMetric)
        }

    def reset_metrics(self) -> None:
        """Begin the sums of metrics anew."""
        for metric in self.stateful_metrics.values():
            metric.reset_states()

    def train_function(
        self, weighted: Sequence[bool], gradient_engine: str | None = None
    ) -> Function:
        """Return the function of one training step.

        Args:
            weighted: for each output with a loss, whether sample weights are given.
            gradient_engine: None: the one that was compiled.
        """
        return self._function(True, weighted, gradient_engine or self.gradient_engine)

    def train_step(self, weighted: Sequence[bool]) -> Step:
        """Return one training step, here or on several processes or devices together."""
        if self.exchange is None:
            return self.train_function(weighted)
        return self._exchanged(True, weighted, self.exchange)

    def test_step(self, weighted: Sequence[bool]) -> Step:
        """Return a step that computes loss and metrics; see `train_step`."""
        if self.exchange is None or not self.exchange.evaluates:
            return self.test_function(weighted)
        return self._exchanged(False, weighted, self.exchange)

    def _exchanged(
        self, training: bool, weighted: Sequence[bool], exchange: Exchange
    ) -> ExchangedStep:
        key = (training, *weighted)
        if key not in self._exchanged_steps:
            self._exchanged_steps[key] = self._make_exchanged(training, weighted, exchange)
        return self._exchanged_steps[key]

    def _make_exchanged(
        self, training: bool, weighted: Sequence[bool], exchange: Exchange
    ) -> ExchangedStep:
        inputs, values, total, counts = self._step_values(training, weighted)
        engine = self.gradient_engine
        derived = self._all_gradients(total, training=True, engine=engine) if training else []
        moved = chain_updates(self._updates[training])
        means = [
            placeholder(one.shape, one.dtype, f"mean_{number}")
            for number, one in enumerate([*derived, *moved])
        ]
        added, sums = _additions(counts)
        final = substitute(values, {new: sums[old] for old, new in counts})
        is_late = [one is not value for one, value in zip(final, values, strict=True)]
        early = [one for one, late in zip(final, is_late, strict=True) if not late]
        updates = [*zip(moved, means[len(derived) :], strict=True), *sums.items()]
        if training:
            step = self.optimizer.step_updates(total, self._trainable, means[: len(derived)])
            updates = [*step, *updates]
        computed = [*early, *derived, *moved.values()]
        compute = Function(inputs, [*computed, *added.values()], training=training, name="part")
        results = [one for one, late in zip(final, is_late, strict=True) if late]
        apply = Function([*means, *added], results, updates, training=training, name="apply")
        return ExchangedStep(exchange.spread(compute, len(computed)), apply, is_late)

    def make_optimizer_state(self) -> None:
        """Make what the optimizer keeps, if no step has done so yet."""
        if self.optimizer.makes_own_state:
            self.train_function([False] * len(self.trained_outputs))
        else:
            self.optimizer.create_slots(self._trainable)

    def test_function(self, weighted: Sequence[bool]) -> Function:
        """Return the function that computes loss and metrics without training."""
        return self._function(False, weighted)

    def gradients_function(self, weighted: Sequence[bool]) -> Function:
        """Return the function of the gradients of the loss in inference.

        Its outputs are in the order of `trainable_weights`; a weight that the loss does not depend
        on has the gradient 0.
        """
        weights = self._weights_given(weighted)
        total, _ = self._total_loss(self._phases[False], weights)
        return Function(
            [*self._model.inputs, *self.targets, *weights.values()],
            self._all_gradients(total, training=False),
            name="gradients",
        )

    def _all_gradients(self, total: Tensor, **how: Any) -> list[Tensor]:
        """Gradients of a loss, 0 of a weight that it does not depend on."""
        derived = gradients(total, self._trainable, **how)
        return [
            ops.zeros_like(weight) if one is None else one
            for weight, one in zip(self._trainable, derived, strict=True)
        ]

    def _function(self, training: bool, weighted: Sequence[bool], engine: str = "") -> Function:
        key = (training, engine, *weighted)
        if key not in self._functions:
            self._functions[key] = self._make_function(training, weighted, engine)
        return self._functions[key]

    def _make_function(self, training: bool, weighted: Sequence[bool], engine: str) -> Function:
        inputs, values, total, counts = self._step_values(training, weighted)
        updates = [*self._updates[training], *counts]
        if training:
            derived = None  # the optimizer's business
            if engine != "portable":
                derived = gradients(total, self._trainable, training=True, engine=engine)
            step = self.optimizer.step_updates(total, self._trainable, derived)
            updates = [*step, *updates]
        name = "train_step" if training else "test_step"
        return Function(inputs, values, updates, training=training, name=name)

    def _step_values(
        self, training: bool, weighted: Sequence[bool]
    ) -> tuple[list[Tensor], list[Tensor], Tensor, list[Update]]:
        """The inputs of a step, what it returns, the loss, and the sums that metrics keep."""
        phase, weights = self._phases[training], self._weights_given(weighted)
        total, each = self._total_loss(phase, weights)
        values = [total, *each] if len(self._model.outputs) > 1 else [total]
        counts: list[Update] = []
        for metric in self._metrics:
            value, sums = self._metric_value(metric, phase, weights)
            values.append(value)
            counts += sums
        inputs = [*self._model.inputs, *self.targets, *weights.values()]
        return inputs, values, total, counts

    def _weights_given(self, weighted: Sequence[bool]) -> dict[int, Tensor]:
        """The placeholders of the sample weights that there are, by the number of the output."""
        pairs = zip(self.trained_outputs, weighted, strict=True)
        return {i: self._weights[i] for i, given in pairs if given}

    def _total_loss(
        self, phase: Phase, weights: Mapping[int, Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        each = []
        total: Tensor | None = None
        for i in self.trained_outputs:
            function = self.loss_functions[i]
            assert function is not None
            with name_scope(f"loss/{self._model.output_names[i]}"):
                value = weighted_mean(
                    function, self._targets[i], phase.outputs[i], weights.get(i), phase.masks[i]
                )
                scaled = value if self._factors[i] == 1.0 else value * self._factors[i]
            each.append(value)
            total = scaled if total is None else total + scaled
        for loss in phase.losses:
            total = loss if total is None else total + loss
        if total is None:
            raise ValueError(
                f"Model '{self._model.name}' has no loss: none was given, and no layer adds one."
            )
        return total, each

    def _metric_value(
        self, metric: Metric, phase: Phase, weights: Mapping[int, Tensor]
    ) -> tuple[Tensor, list[Update]]:
        i, function = metric.output, metric.function
        y_true, y_pred, mask = self._targets[i], phase.outputs[i], phase.masks[i]
        weight = weights.get(i) if metric.weighted else None
        with name_scope(f"metrics/{metric.name}"):
            if isinstance(function, StatefulMetric):
                return function.accumulate(y_true, y_pred, masked_weights(weight, mask))
            return weighted_mean(function, y_true, y_pred, weight, mask), []

    def _resolve(
        self, losses: Sequence[Tensor], updates: Sequence[Update], *, training: bool
    ) -> tuple[Phase, list[Update]]:
        model = self._model
        values = select_phase(
            [*model.outputs, *losses], training=training, keep_gradient_stops=True
        )
        values += select_phase([value for _, value in updates], training=training)
        if training:
            values = rectify_pooled(values)  # together, so that they share what they have in common
        outputs, values = values[: len(model.outputs)], values[len(model.outputs) :]
        masks = [tensor._keras_mask for tensor in model.outputs]
        renewed = zip((variable for variable, _ in updates), values[len(losses) :], strict=True)
        return Phase(outputs, masks, values[: len(losses)]), list(renewed)

    def _make_targets(self, given: Any) -> list[Tensor]:
        model = self._model
        tensors = per_output(given, model.output_names, "target_tensors")
        return [
            tensor
            if tensor is not None
            else placeholder(_target_dims(output, function), output.dtype, f"{name}_target")
            for output, name, function, tensor in zip(
                model.outputs, model.output_names, self.loss_functions, tensors, strict=True
            )
        ]

    def _make_weights(self) -> list[Tensor]:
        model = self._model
        return [
            placeholder(
                (output.dims or (None,))[: 2 if mode == "temporal" else 1],
                output.dtype,
                f"{name}_sample_weights",
            )
            for output, name, mode in zip(
                model.outputs, model.output_names, self.modes, strict=True
            )
        ]

    def _make_metrics(self) -> list[Metric]:
        names = self._model.output_names
        made: list[Metric] = []
        plain = per_output_lists(self.metrics, names)
        weighted = per_output_lists(self.weighted_metrics, names)
        for i in self.trained_outputs:
            for one, is_weighted in [
                *((metric, False) for metric in plain[i]),
                *((metric, True) for metric in weighted[i]),
            ]:
                made.append(self._make_metric(one, i, is_weighted, {m.name for m in made}))
        return made

    def _make_metric(self, metric: Any, i: int, weighted: bool, taken: set[str]) -> Metric:
        function, name = self._metric_function(metric, i)
        name = f"weighted_{name}" if weighted else name
        if len(self._model.outputs) > 1:
            name = f"{self._model.output_names[i]}_{name}"
        return Metric(free_name(name, taken.__contains__), function, i, weighted)

    def _metric_function(self, metric: Any, i: int) -> tuple[LossFunction | StatefulMetric, str]:
        loss, shape = self.loss_functions[i], self._model.outputs[i].shape
        if metric in ("accuracy", "acc"):
            return metric_family.accuracy_for(loss, shape), "acc"
        if metric in ("crossentropy", "ce"):
            return metric_family.crossentropy_for(loss, shape), "ce"
        function = metric_family.get(metric)
        if isinstance(function, StatefulMetric):  # each output has sums of its own
            function = type(function).from_config(function.get_config())
        return function, getattr(function, "name", None) or function.__name__


def _additions(
    counts: Sequence[Update],
) -> tuple[dict[Tensor, Tensor], dict[Variable, Tensor]]:
    """Take sums apart, to which several parts of a batch add.

    Returns:
        Placeholders with what each batch adds, and variables with the sums that these make.
    """
    added: dict[Tensor, Tensor] = {}
    sums: dict[Variable, Tensor] = {}
    for number, (old, new) in enumerate(counts):
        one = placeholder(old.shape, old.dtype, f"added_{number}")
        (added[one],) = substitute([new], {old: ops.as_tensor(np.zeros(old.shape, old.dtype))})
        sums[old] = old + one
    return added, sums


def _loss(identifier: Any) -> LossFunction | None:
    return None if identifier is None else loss_family.get(identifier)


def _listed(metrics: Any) -> Any:
    """Return metrics as they are, a single one as a list, none as no metrics."""
    if metrics is None:
        return []
    return [metrics] if isinstance(metrics, str) or callable(metrics) else metrics


def _check_modes(modes: Sequence[Any]) -> None:
    for mode in modes:
        if mode not in (None, "temporal"):
            raise ValueError(f"`sample_weight_mode` must be 'temporal' or None. Received: {mode!r}")


def _target_dims(output: Tensor, function: Callable[..., Any] | None) -> list[Dim]:
    """The shape of a target: the output's; for class numbers with 1 on the last axis."""
    dims = list(output.dims or ())
    if function is loss_family.sparse_categorical_crossentropy:
        return [*dims[:-1], 1]
    if function in _SAME_SHAPE:
        return dims
    return [dims[0], *[None] * (len(dims) - 1)] if dims else dims
