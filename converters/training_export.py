"""The training step of a model as ONNX files that any stock ONNX Runtime runs in a loop.

docs/training_export.md describes the files for those who run them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx
from onnx import helper, numpy_helper

from konnx import ops
from konnx.converters.onnx_export.checking import check_model
from konnx.converters.training_state import TrainingState, reached, training_state
from konnx.function import Function, chain_updates, draws_random_numbers
from konnx.graph import (
    IR_VERSION,
    OPSET,
    PRODUCER,
    Tensor,
    Variable,
    emit_resolved,
    select_phase,
)
from konnx.training.outputs import per_output
from konnx.utils.files import atomic_path

if TYPE_CHECKING:
    from konnx.models import Model

METADATA_KEY = "konnx.training"
"""The key of the contract among a file's metadata."""

_FORMAT = 1


@dataclass(frozen=True)
class _Graph:
    """What one file computes; names begin with the role of what they name."""

    part: str
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


def export_training(
    model: Model,
    filepath: str | os.PathLike[str],
    *,
    sample_weight: Any = False,
    include_predict: bool = True,
    include_evaluate: bool = True,
    overwrite: bool = True,
) -> dict[str, Path]:
    """Write the training step of a compiled model, and what goes with it; see `Model`.

    Returns:
        The files by part: "step", "init", "predict" and "evaluate".
    """
    protos = training_graphs(
        model,
        sample_weight=sample_weight,
        include_predict=include_predict,
        include_evaluate=include_evaluate,
    )
    paths = {part: _path_of(Path(filepath), part) for part in protos}
    with ExitStack() as stack:  # all files are complete before the first takes its place
        for part, proto in protos.items():
            temporary = stack.enter_context(atomic_path(paths[part], overwrite=overwrite))
            temporary.write_bytes(proto.SerializeToString(deterministic=True))
    return paths


def _path_of(path: Path, part: str) -> Path:
    return path if part == "step" else path.with_name(f"{path.stem}_{part}{path.suffix}")


def training_graphs(
    model: Model,
    *,
    sample_weight: Any = False,
    include_predict: bool = True,
    include_evaluate: bool = True,
) -> dict[str, onnx.ModelProto]:
    """Return what `export_training` writes, by part, checked by ONNX' own checker.

    Example:
        >>> from konnx.layers import Dense
        >>> from konnx.models import Sequential
        >>> model = Sequential([Dense(1, input_shape=(2,), use_bias=False, name="out")], name="m")
        >>> model.compile("sgd", "mse")
        >>> step = training_graphs(model)["step"].graph
        >>> [one.name for one in step.output]
        ['loss', 'next/out/kernel', 'next/SGD/iterations']
    """
    model.check_built("be exported")
    compiled = model.compiled
    wanted = per_output(sample_weight, compiled.target_names, "sample_weight", default=False)
    weighted = [bool(one) for one in wanted]
    step = compiled.train_function(weighted, gradient_engine="portable")
    state = training_state(model, step)
    graphs = [_step(model, step, weighted, state)]
    if include_predict:
        graphs.append(_predict(model, state))
    if include_evaluate:
        function = compiled.test_function(weighted)
        graphs.append(_evaluate(model, function, weighted, state))
    protos = {graph.part: _emit(graph, model) for graph in graphs}
    protos["init"] = _init(model, state)
    for part, proto in protos.items():
        _describe(proto, part)
        check_model(proto)
    return protos


# The graphs


def _step(
    model: Model, function: Function, weighted: Sequence[bool], state: TrainingState
) -> _Graph:
    data = _data(model, function, weighted)
    outputs = _outputs(_score_names(model), function.outputs, function.updates, state, True)
    return _Graph("step", {**data, **state.inputs, "seed": ops.SEED}, outputs)


def _evaluate(
    model: Model, function: Function, weighted: Sequence[bool], state: TrainingState
) -> _Graph:
    data = _data(model, function, weighted)
    outputs = _outputs(_score_names(model), function.outputs, function.updates, state, False)
    return _Graph("evaluate", {**data, **_read(outputs, state)}, outputs)


def _predict(model: Model, state: TrainingState) -> _Graph:
    data = _named("data", model.input_names, model.inputs)
    names = [f"prediction/{name}" for name in model.output_names]
    updates = chain_updates(model.state_updates)
    outputs = _outputs(names, model.outputs, updates, state, False)
    return _Graph("predict", {**data, **_read(outputs, state)}, outputs)


def _score_names(model: Model) -> list[str]:
    return ["loss", *(f"metric/{name}" for name in model.metrics_names[1:])]


def _outputs(
    names: Sequence[str],
    tensors: Sequence[Tensor],
    updates: Mapping[Variable, Tensor],
    state: TrainingState,
    training: bool,
) -> dict[str, Tensor]:
    """Return tensors by name, then the new values of the state, as they are in one phase."""
    nexts = {
        name.replace("state/", "next/", 1): updates[one]
        for name, one in state.variables.items()
        if one in updates
    }
    named = dict(zip(names, tensors, strict=True)) | nexts
    values = select_phase(list(named.values()), training=training)
    return dict(zip(named, values, strict=True))


def _data(model: Model, function: Function, weighted: Sequence[bool]) -> dict[str, Tensor]:
    """Return what each run is fed: inputs, targets, weights, as the function orders them."""
    targets = model.compiled.target_names
    named = [name for name, given in zip(targets, weighted, strict=True) if given]
    tensors = iter(function.inputs)
    return {
        **_named("data", model.input_names, tensors),
        **_named("target", targets, tensors),
        **_named("sample_weight", named, tensors),
    }


def _named(role: str, names: Sequence[str], tensors: Iterable[Tensor]) -> dict[str, Tensor]:
    return {f"{role}/{name}": tensor for name, tensor in zip(names, tensors, strict=False)}


def _read(outputs: Mapping[str, Tensor], state: TrainingState) -> dict[str, Tensor]:
    """Return the part of the state that outputs need; the seed, too, if they are random."""
    values = list(outputs.values())
    needed = reached(values)
    inputs: dict[str, Tensor] = {
        name: variable for name, variable in state.variables.items() if variable in needed
    }
    return {**inputs, "seed": ops.SEED} if draws_random_numbers(values) else inputs


# ONNX


def _emit(graph: _Graph, model: Model) -> onnx.ModelProto:
    name = f"{model.name}_{graph.part}"
    # What is no state, such as an optimizer's momentum, is written into the graph.
    return emit_resolved(graph.inputs, graph.outputs, freeze=True, name=name).model


def _init(model: Model, state: TrainingState) -> onnx.ModelProto:
    """Return the graph without inputs whose outputs are the state as it is now."""
    variables = state.inputs
    graph = helper.make_graph(
        [],
        f"{model.name}_init",
        [],
        [helper.make_value_info(name, one.type.proto) for name, one in variables.items()],
        initializer=[numpy_helper.from_array(one.numpy(), name) for name, one in variables.items()],
    )
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(
        graph, ir_version=IR_VERSION, opset_imports=[opset], producer_name=PRODUCER
    )


def _describe(proto: onnx.ModelProto, part: str) -> None:
    """Write the contract into the metadata, as JSON."""
    proto.producer_version = version("konnx")
    names = {one.name for one in [*proto.graph.input, *proto.graph.output]}
    contract = {
        "format": _FORMAT,
        "part": part,
        "inputs": [_port(one, names) for one in proto.graph.input],
        "outputs": [_port(one, names) for one in proto.graph.output],
    }
    text = json.dumps(contract, separators=(",", ":"), ensure_ascii=False)
    helper.set_model_props(proto, {METADATA_KEY: text, "framework": "keras"})


def _port(info: onnx.ValueInfoProto, names: Collection[str]) -> dict[str, Any]:
    """Describe an input or output of a file with these names."""
    role, _, own = info.name.partition("/")
    type_ = info.type.tensor_type
    port = {
        "name": info.name,
        "role": role,
        "dtype": helper.tensor_dtype_to_np_dtype(type_.elem_type).name,
        "shape": [_size(dim) for dim in type_.shape.dim],
    }
    counterpart = {"state": "next", "next": "state"}.get(role)
    if f"{counterpart}/{own}" in names:
        port[str(counterpart)] = f"{counterpart}/{own}"
    return port


def _size(dim: onnx.TensorShapeProto.Dimension) -> int | str | None:
    if dim.HasField("dim_value"):
        return int(dim.dim_value)
    return dim.dim_param or None
