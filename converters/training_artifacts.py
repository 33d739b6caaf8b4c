"""Files for on-device training: what onnxruntime-training's Module, Optimizer and checkpoint read.

They come in the format that `onnxruntime.training.artifacts` writes, but need neither it nor torch.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from konnx import ops, optimizers, runtime
from konnx.autodiff import gradients
from konnx.converters.training_rules import UpdateRule, update_rule
from konnx.function import Function, draws_random_numbers
from konnx.graph import Tensor, Variable, emit_resolved, select_phase
from konnx.graph.passes import merge_outputs
from konnx.utils.files import atomic_path
from konnx.utils.naming import free_name

if TYPE_CHECKING:
    from konnx.models import Model

FILES = {
    "checkpoint": "checkpoint",
    "training": "training_model.onnx",
    "eval": "eval_model.onnx",
    "optimizer": "optimizer_model.onnx",
}

_MICROSOFT = "com.microsoft"
_ALWAYS = "konnx.always"
_FATAL = 4


def export_training_artifacts(
    model: Model,
    folder: str | os.PathLike[str],
    *,
    optimizer: Any = None,
    weight_decay: float = 0.0,
    overwrite: bool = True,
) -> dict[str, Path]:
    """Write the folder for on-device training of a compiled model; see `Model`.

    Returns:
        The files by part: "checkpoint", "training", "eval" and "optimizer".
    """
    capi = runtime.training_module()
    model.check_built("be exported")
    chosen = model.compiled.optimizer if optimizer is None else optimizers.get(optimizer)
    parts = _Parts(model, update_rule(chosen, model.compiled.trainable_weights, weight_decay))
    protos = parts.protos()
    target = Path(folder)
    target.mkdir(exist_ok=True)
    paths = {part: target / name for part, name in FILES.items()}
    with ExitStack() as stack:  # all files are complete before the first takes its place
        written = {
            part: stack.enter_context(atomic_path(path, overwrite=overwrite))
            for part, path in paths.items()
        }
        for part, proto in protos.items():
            written[part].write_bytes(proto.SerializeToString(deterministic=True))
        _write_checkpoint(capi, parts, written["checkpoint"])
        _check(capi, written)
    return paths


class _Parts:
    """The graphs of a model, in which each weight has one name throughout."""

    def __init__(self, model: Model, rule: UpdateRule) -> None:
        compiled = model.compiled
        unweighted = [False] * len(compiled.target_names)
        self._model, self.rule = model, rule
        self._step = compiled.train_function(unweighted, gradient_engine="portable")
        self._test = compiled.test_function(unweighted)
        self._data = _data_names(model)
        trained = compiled.trainable_weights
        held = [one for one in model.weights if one not in trained]
        self.trained = _named(trained, {})
        self.held = _named(held, self.trained)
        self._check()

    def _check(self) -> None:
        moved = {variable for variable, _ in self._model.updates}
        for metric in self._model.compiled.stateful_metrics.values():
            moved |= set(metric.variables)
        for one in {*self.trained.values(), *moved}:
            if one.dtype != "float32":
                raise ValueError(
                    f"'{one.name}' of model '{self._model.name}' is of {one.dtype}; "
                    "onnxruntime-training changes float32 only."
                )
        strange = sorted(one.name for one in moved - set(self._model.weights))
        if strange:
            raise ValueError(
                f"A training step of model '{self._model.name}' changes {', '.join(strange)}, "
                "which are no weights of it, and a checkpoint holds weights only."
            )

    def protos(self) -> dict[str, onnx.ModelProto]:
        """Return the three models by part."""
        return {
            "training": self._training(),
            "eval": self._eval(),
            "optimizer": self.rule.model(),
        }

    def _training(self) -> onnx.ModelProto:
        loss, *scores = self._step.outputs
        derived = gradients(loss, list(self.trained.values()), training=True, engine="auto")
        results = {"loss": loss, **dict(zip(self._model.metrics_names[1:], scores, strict=True))}
        changes = {
            f"{name}_grad": one
            for name, one in zip(self.trained, derived, strict=True)
            if one is not None  # making the step has refused a weight without gradient
        }
        for name, one in self._changed().items():
            changes[f"{name}.next"] = self._step.updates[one]
        proto = self._emit("training", self._step, {**results, **changes}, training=True)
        del proto.graph.output[len(results) :]
        self._accumulate(proto)
        return proto

    def _changed(self) -> dict[str, Variable]:
        updates = self._step.updates
        return {name: one for name, one in self.held.items() if one in updates}

    def _eval(self) -> onnx.ModelProto:
        names = ["loss", *self._model.metrics_names[1:]]
        results = dict(zip(names, self._test.outputs, strict=True))
        for name, tensor in zip(self._model.output_names, self._model.outputs, strict=True):
            results[free_name(name, {*results, *self._data}.__contains__)] = tensor
        return self._emit("eval", self._test, results, training=False)

    def _emit(
        self, part: str, function: Function, outputs: Mapping[str, Tensor], *, training: bool
    ) -> onnx.ModelProto:
        values = merge_outputs(select_phase(list(outputs.values()), training=training))
        inputs: dict[str, Tensor] = dict(zip(self._data, function.inputs, strict=True))
        if draws_random_numbers(values):
            inputs["seed"] = ops.SEED
        inputs.update(self.trained)
        inputs.update(self.held)
        named = dict(zip(outputs, values, strict=True))
        # What is no weight, such as a hyperparameter, is written into the graph.
        name = f"{self._model.name}_{part}"
        return emit_resolved(inputs, named, freeze=True, name=name).model

    def _accumulate(self, proto: onnx.ModelProto) -> None:
        """Add gradients to the buffers that Module owns; move averages where they stand."""
        graph = proto.graph
        for name, one in self.trained.items():
            buffer = f"{name}_grad.accumulation.buffer"
            graph.input.append(helper.make_tensor_value_info(buffer, TensorProto.FLOAT, one.shape))
            self._write_to(graph, buffer, f"{name}_grad", "lazy_reset_grad")
        graph.input.append(helper.make_tensor_value_info("lazy_reset_grad", TensorProto.BOOL, [1]))
        graph.initializer.append(numpy_helper.from_array(np.array([True]), _ALWAYS))
        for name in self._changed():
            self._write_to(graph, name, f"{name}.next", _ALWAYS)
        if all(one.domain != _MICROSOFT for one in proto.opset_import):
            proto.opset_import.append(helper.make_opsetid(_MICROSOFT, 1))

    @staticmethod
    def _write_to(graph: onnx.GraphProto, place: str, value: str, overwrite: str) -> None:
        inputs, outputs = [place, value, overwrite], [f"{value}.accumulation.out"]
        graph.node.append(
            helper.make_node("InPlaceAccumulatorV2", inputs, outputs, domain=_MICROSOFT)
        )


def _data_names(model: Model) -> list[str]:
    """What a step is given: inputs, then targets."""
    targets = [f"{name}_target" for name in model.compiled.target_names]
    return [*model.input_names, *targets]


def _named(variables: Sequence[Variable], taken: Mapping[str, Variable]) -> dict[str, Variable]:
    named: dict[str, Variable] = {}
    for one in variables:
        named[free_name(one.name, {**taken, **named}.__contains__)] = one
    return named


def _write_checkpoint(capi: Any, parts: _Parts, path: Path) -> None:
    trained, held = (
        [numpy_helper.from_array(one.numpy(), name).SerializeToString() for name, one in of.items()]
        for of in (parts.trained, parts.held)
    )
    capi.save_checkpoint(trained, held, str(path), False)
    state = capi.load_checkpoint(str(path))
    state.add_property("learning_rate", parts.rule.learning_rate)
    capi.save_checkpoint(state, str(path), False)


def _check(capi: Any, paths: Mapping[str, Path]) -> None:
    """Load everything as an application will.

    Raises:
        ValueError: onnxruntime-training refuses a file.
    """
    options = capi.SessionOptions()
    options.log_severity_level = _FATAL
    device = capi.OrtDevice(capi.OrtDevice.cpu(), capi.OrtDevice.default_memory(), 0)
    state = capi.load_checkpoint(str(paths["checkpoint"]))
    try:
        capi.Module(str(paths["training"]), state, str(paths["eval"]), device, options)
        capi.Optimizer(str(paths["optimizer"]), state, device, options)
    except Exception as error:  # its exceptions share no base class but this one
        reason = " ".join(str(error).split())[-300:]
        raise ValueError(f"onnxruntime-training cannot train this model: {reason}") from error
