"""Networks that know how to be trained: what `compile` sets."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from konnx import optimizers
from konnx.autodiff import check_engine
from konnx.graph import Tensor, Variable
from konnx.models.network import Network
from konnx.optimizers import Optimizer
from konnx.training.compiled import Compiled
from konnx.training.exchanged import Compute
from konnx.training.replicas import Replicas


class CompiledNetwork(Network):
    """A network with an optimizer, losses and metrics, once `compile` was called."""

    _compiled: Compiled | None = None
    _pending_compile: Mapping[str, Any] = MappingProxyType({})
    _compile_arguments: Mapping[str, Any] = MappingProxyType({})
    _predictor: Compute | None = None
    _replicas: Replicas | None = None
    _seen_changes = -1

    def _set_graph(self, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        super()._set_graph(inputs, outputs)
        self._compiled = None
        self._forget_functions()

    def compile(
        self,
        optimizer: Any,
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        sample_weight_mode: Any = None,
        weighted_metrics: Any = None,
        target_tensors: Any = None,
        gradient_engine: str = "auto",
    ) -> None:
        """Set how to train.

        Args:
            optimizer: a name, config or `Optimizer`.
            loss: a name or a function of (y_true, y_pred); a list, or a dict by output name, if
                there are several outputs. None: what layers add is all.
            metrics: names or functions to report; "accuracy" means the one that fits the loss.
            loss_weights: factors of the outputs' losses; a list, or a dict by output name.
            sample_weight_mode: "temporal" for weights of time steps.
            weighted_metrics: metrics that sample weights count for.
            target_tensors: placeholders to use for the targets.
            gradient_engine: what differentiates the loss: "portable" (konnx' own rules),
                "onnxruntime-training" (the training build of ONNX Runtime; what it cannot
                differentiate goes to "portable", and the log says why) or "auto" (the latter
                where it is installed).

        Raises:
            ValueError: a name is unknown, or a list or dict does not fit the outputs.
            RuntimeMissingError: the gradient engine is not installed.
        """
        arguments = {
            "optimizer": optimizers.get(optimizer),
            "loss": loss,
            "metrics": metrics,
            "loss_weights": loss_weights,
            "sample_weight_mode": sample_weight_mode,
            "weighted_metrics": weighted_metrics,
            "target_tensors": target_tensors,
            "gradient_engine": gradient_engine,
        }
        check_engine(gradient_engine)
        self._compile_arguments = arguments
        if self.built:
            self._compiled = Compiled(self, **arguments)
            self._compiled.exchange = self._replicas
        else:  # once the first data have shown the shape of the input
            self._pending_compile = arguments

    def _compile_if_pending(self) -> None:
        arguments, self._pending_compile = self._pending_compile, {}
        if arguments:
            self.compile(**arguments)

    @property
    def compiled(self) -> Compiled:
        """What `compile` set.

        Raises:
            RuntimeError: it was not called.
        """
        if self._compiled is None:
            raise RuntimeError(
                f"Model '{self.name}' is not compiled. Call model.compile(optimizer, loss) first."
            )
        return self._compiled

    @property
    def is_compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled is not None or bool(self._pending_compile)

    @property
    def compile_arguments(self) -> dict[str, Any] | None:
        """The arguments of `compile` by name; None before."""
        return dict(self._compile_arguments) if self.is_compiled else None

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer given to `compile`; AttributeError before."""
        optimizer: Optimizer = self._attribute_of_compiled("optimizer")
        return optimizer

    @property
    def loss(self) -> Any:
        """The loss given to `compile`; AttributeError before."""
        return self._attribute_of_compiled("loss")

    @property
    def metrics_names(self) -> list[str]:
        """The names of what evaluation and training steps return; AttributeError before."""
        names: list[str] = self._attribute_of_compiled("metrics_names")
        return names

    def _attribute_of_compiled(self, name: str) -> Any:
        if name in self._pending_compile:
            return self._pending_compile[name]
        if self._compiled is None:
            raise AttributeError(
                f"Model '{self.name}' has no `{name}` before model.compile(optimizer, loss)"
                f"{'.' if self.built else ' and before its input shape is known.'}"
            )
        return getattr(self._compiled, name)

    @property
    def trained_weights(self) -> list[Variable]:
        """What a training step changes: weights that were trainable when `compile` was called."""
        return self._compiled.trainable_weights if self._compiled else self.trainable_weights

    def warn_of_changed_trainable(self) -> None:
        """Warn if `trainable` was changed since `compile`, as that does not count yet."""
        now, then = len(self.trainable_weights), len(self.trained_weights)
        if now != then:
            warnings.warn(
                f"Model '{self.name}' has {now} trainable weights now, but trains {then}: those "
                "that were trainable when it was compiled. Did you set `trainable` without calling "
                "model.compile(...) after it?",
                UserWarning,
                stacklevel=4,
            )

    def check_changed_trainable(self) -> None:
        """Warn of it once after each change, so that a step takes no time for it."""
        if self._seen_changes != self.changes_of_trainable:
            self._seen_changes = self.changes_of_trainable
            self.warn_of_changed_trainable()

    @property
    def replicas(self) -> Replicas | None:
        """The devices that share each batch; None: one device computes all of it."""
        return self._replicas

    def replicate(self, replicas: Replicas) -> None:
        """Let several devices share each batch.

        Raises:
            ValueError: the model is stateful: it carries states of the samples of whole batches.
        """
        self.check_built("be replicated")
        self.check_stateless("replicas")
        self._replicas = replicas
        self._forget_functions()
        if self._compiled is not None:
            self._compiled.exchange = replicas

    def check_stateless(self, whose: str) -> None:
        """Check that parts of a batch may be computed apart.

        Raises:
            ValueError: the model carries states of the samples of whole batches.
        """
        if self.stateful:
            raise ValueError(
                f"Model '{self.name}' is stateful, and {whose} would carry the states of other "
                "samples. Make its layers with stateful=False."
            )

    def check_built(self, what: str) -> None:
        """Check that the model has its weights.

        Raises:
            ValueError: it waits for an input shape, so it cannot do `what`.
        """
        if not self.built:
            raise ValueError(
                f"Model '{self.name}' has no input shape yet, so it cannot {what}. Give its "
                "first layer `input_shape`, or call model.build((None, ...))."
            )

    def _build_for_data(self, x: Any) -> None:
        """Take the input's shape from data, if it is not known yet and the model can do so."""

    def _forget_functions(self) -> None:
        self._predictor = None
