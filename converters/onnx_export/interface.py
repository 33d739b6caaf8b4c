"""What goes into an exported graph and comes out of it: shapes, layouts, states, names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from konnx import ops
from konnx.converters.onnx_export.options import ExportOptions, Shape
from konnx.function import chain_updates, draws_random_numbers
from konnx.graph import Dim, Tensor, Variable, placeholder, stand_in, substitute
from konnx.training.predictor import inference_graph
from konnx.utils.naming import did_you_mean

if TYPE_CHECKING:
    from konnx.models import Model


@dataclass(frozen=True)
class Interface:
    """A graph by the names of its inputs and outputs, in order.

    Attributes:
        inputs: placeholders.
        outputs: tensors that are computed from them.
    """

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


def inference_interface(model: Model, options: ExportOptions) -> Interface:
    """Return a model's inference graph, simplified, as the options want it from outside.

    Raises:
        ValueError: it draws random numbers, or an option does not fit the model; names both.
    """
    inputs, outputs, updates = _traced(model, options)
    found = Interface(inputs, outputs)
    if options.states:
        found = _with_states(found, chain_updates(updates), model.name)
    found = _with_channels_first(found, options)
    tensors = inference_graph(list(found.outputs.values()))
    if draws_random_numbers(tensors):
        raise ValueError(
            f"Model '{model.name}' draws random numbers in inference, which an exported graph "
            "cannot. Call layers such as Dropout without training=True."
        )
    outputs = dict(zip(found.outputs, tensors, strict=True))
    return _renamed(replace(found, outputs=outputs), options.rename, model.name)


# Shapes ---------------------------------------------------------------------------------------


def _traced(
    model: Model, options: ExportOptions
) -> tuple[dict[str, Tensor], dict[str, Tensor], list[Any]]:
    """The model's inputs, outputs and state updates; called anew where shapes are to differ."""
    inputs = dict(zip(model.input_names, model.inputs, strict=True))
    shapes = _shapes(inputs, options, model.name)
    if all(shapes[name] == tensor.dims for name, tensor in inputs.items()):
        outputs = dict(zip(model.output_names, model.outputs, strict=True))
        return inputs, outputs, model.state_updates
    new = {
        name: placeholder(shapes[name], tensor.dtype, tensor.name)
        for name, tensor in inputs.items()
    }
    try:
        outputs = dict(zip(model.output_names, model.compute([*new.values()], {})[0], strict=True))
        _check_batch(new, outputs)
    except ValueError as error:
        raise ValueError(
            f"Model '{model.name}' does not take inputs of these shapes: {error} "
            f"Received: {_listed(new)}"
        ) from error
    return new, outputs, model.state_updates_of(list(new.values()))


def _listed(tensors: Mapping[str, Tensor]) -> str:
    return ", ".join(f"{name}={list(tensor.dims or ())}" for name, tensor in tensors.items())


def _shapes(
    inputs: Mapping[str, Tensor], options: ExportOptions, name: str
) -> dict[str, tuple[Dim, ...]]:
    _require_known(options.input_shapes, inputs, "input_shapes", f"Model '{name}'")
    shapes = {}
    for key, tensor in inputs.items():
        dims = _merged(key, tensor.dims or (), options.input_shapes.get(key))
        shapes[key] = _with_batch(key, dims, options.batch)
    return shapes


def _merged(name: str, dims: tuple[Dim, ...], asked: Shape | None) -> tuple[Dim, ...]:
    if asked is None:
        return dims
    if len(asked) != len(dims):
        raise ValueError(
            f"`input_shapes`: input '{name}' has {len(dims)} axes, batch included: {list(dims)}. "
            f"Received: {list(asked)}"
        )
    if any(isinstance(size, int) and size < 1 for size in asked):
        raise ValueError(f"`input_shapes`: sizes must be positive. Received: {name}={list(asked)}")
    return tuple(old if new is None else new for old, new in zip(dims, asked, strict=True))


def _with_batch(name: str, dims: tuple[Dim, ...], batch: Any) -> tuple[Dim, ...]:
    if batch is None:
        return dims
    if batch != "dynamic" and (not isinstance(batch, int) or batch < 1):
        raise ValueError(f"`batch` must be a positive number or 'dynamic'. Received: {batch!r}")
    return ("batch" if batch == "dynamic" else batch, *dims[1:])


def _check_batch(inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> None:
    """A model that has its batch size built in cannot take any other."""
    if any(isinstance((tensor.dims or (None,))[0], int) for tensor in inputs.values()):
        return
    for name, tensor in outputs.items():
        if tensor.dims and isinstance(tensor.dims[0], int):
            raise ValueError(
                f"output '{name}' has {tensor.dims[0]} samples whatever the batch is, as a layer "
                "has that number built in."
            )


# States ---------------------------------------------------------------------------------------


def _with_states(found: Interface, states: Mapping[Variable, Tensor], name: str) -> Interface:
    """The states of stateful layers as inputs and outputs."""
    if not states:
        raise ValueError(
            f"Model '{name}' has no states to give as inputs and outputs: none of its layers is "
            "stateful. Make recurrent layers with stateful=True."
        )
    given: dict[Tensor, Tensor] = {variable: stand_in(variable) for variable in states}
    replaced = substitute([*found.outputs.values(), *states.values()], given)
    names = [variable.name.replace("/state_", "_") for variable in states]
    count = len(found.outputs)
    outputs = dict(zip(found.outputs, replaced[:count], strict=True))
    outputs |= {f"{one}_out": t for one, t in zip(names, replaced[count:], strict=True)}
    inputs = {f"{one}_in": t for one, t in zip(names, given.values(), strict=True)}
    return Interface({**found.inputs, **inputs}, outputs)


# Layouts --------------------------------------------------------------------------------------


def _with_channels_first(found: Interface, options: ExportOptions) -> Interface:
    moved = _chosen(found.inputs, options.inputs_as_nchw, "inputs_as_nchw")
    given: dict[Tensor, Tensor] = {}
    inputs = dict(found.inputs)
    for name in moved:
        old = inputs[name]
        dims = old.dims or ()
        new = placeholder((dims[0], dims[-1], *dims[1:-1]), old.dtype, old.name)
        inputs[name] = new
        given[old] = ops.transpose(new, [0, *range(2, len(dims)), 1])
    outputs = dict(zip(found.outputs, substitute(list(found.outputs.values()), given), strict=True))
    for name in _chosen(found.outputs, options.outputs_as_nchw, "outputs_as_nchw"):
        rank = outputs[name].ndim
        outputs[name] = ops.transpose(outputs[name], [0, rank - 1, *range(1, rank - 1)])
    return Interface(inputs, outputs)


def _chosen(tensors: Mapping[str, Tensor], asked: Sequence[str] | bool, option: str) -> list[str]:
    if isinstance(asked, bool):
        images = [name for name, tensor in tensors.items() if len(tensor.dims or ()) == 4]
        if asked and not images:
            raise ValueError(f"`{option}`: nothing has four axes. There are: {_listed(tensors)}")
        return images if asked else []
    _require_known(asked, tensors, option, "The model")
    for name in asked:
        if not 3 <= len(tensors[name].dims or ()) <= 5:
            raise ValueError(
                f"`{option}`: '{name}' must have 3 to 5 axes, the channels last. "
                f"Received: {_listed({name: tensors[name]})}"
            )
    return list(asked)


# Names ----------------------------------------------------------------------------------------


def _renamed(found: Interface, names: Mapping[str, str], model: str) -> Interface:
    _require_known(names, {**found.inputs, **found.outputs}, "rename", f"Model '{model}'")
    inputs = {names.get(name, name): tensor for name, tensor in found.inputs.items()}
    outputs = {names.get(name, name): tensor for name, tensor in found.outputs.items()}
    shared = [name for name in outputs if name in inputs and outputs[name] is not inputs[name]]
    lost = len(inputs) < len(found.inputs) or len(outputs) < len(found.outputs)
    if shared or lost or not all([*inputs, *outputs]):
        raise ValueError(
            "`rename`: every input and output needs a name of its own. Received: "
            f"rename={dict(names)}, which leads to inputs {list(inputs)} and outputs "
            f"{list(outputs)}"
        )
    return Interface(inputs, outputs)


def _require_known(
    asked: Iterable[str], known: Mapping[str, Tensor], option: str, owner: str
) -> None:
    for name in asked:
        if name in known:
            continue
        hint = did_you_mean(name, known)
        raise ValueError(f"`{option}`: {owner} has no '{name}'. It has: {', '.join(known)}.{hint}")
