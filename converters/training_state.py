"""The state of an exported training step: its names, and its way back into the model."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from konnx.converters.errors import FileFormatError
from konnx.function import Function
from konnx.graph import Tensor, Variable, assign_all, topological_order
from konnx.utils.naming import free_name
from konnx.utils.npz import read_arrays

if TYPE_CHECKING:
    from konnx.models import Model

LEARNING_RATE = "learning_rate"
"""The name of the input for the learning rate."""


@dataclass(frozen=True)
class TrainingState:
    """What a training step carries over from run to run.

    Attributes:
        variables: "state/<name of the variable>" → variable: the model's weights, then what the
            optimizer keeps, then whatever else a step changes.
        learning_rate: the optimizer's; None if it has none, or changes it by itself.
    """

    variables: dict[str, Variable]
    learning_rate: Variable | None

    @property
    def inputs(self) -> dict[str, Variable]:
        """The variables and the learning rate by the names of a step's inputs."""
        rate = {} if self.learning_rate is None else {LEARNING_RATE: self.learning_rate}
        return {**self.variables, **rate}


def training_state(model: Model, step: Function) -> TrainingState:
    """Return the state of a compiled model that a training step carries over."""
    optimizer = model.compiled.optimizer
    used = {*step.updates, *reached([*step.outputs, *step.updates.values()])}
    kept = [variable for variable in optimizer.weights if variable in used]
    variables: dict[str, Variable] = {}
    for variable in dict.fromkeys([*model.weights, *kept, *step.updates]):
        variables[free_name(f"state/{variable.name}", variables.__contains__)] = variable
    rate = getattr(optimizer, "lr", None)
    is_given = isinstance(rate, Variable) and rate not in variables.values()
    return TrainingState(variables, rate if is_given else None)


def reached(tensors: Sequence[Tensor]) -> set[Tensor]:
    """Return every tensor that some depend on, themselves included."""
    return {tensor for node in topological_order(tensors) for tensor in node.outputs}


def load_training_state(model: Model, state: Mapping[str, Any] | str | os.PathLike[str]) -> None:
    """Give a compiled model the state that a training step has reached; see `Model`."""
    compiled = model.compiled
    unweighted = [False] * len(compiled.target_names)
    step = compiled.train_function(unweighted, gradient_engine="portable")
    known = training_state(model, step).inputs
    given = _by_state_name(state if isinstance(state, Mapping) else _read(state))
    _check_names(model, given, known)
    assign_all(model.name, [known[name] for name in given], list(given.values()))


def _read(path: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        return read_arrays(path)
    except ValueError as error:
        raise FileFormatError.at(
            os.fspath(path),
            None,
            "it cannot be read as arrays by name",
            expected="an .npz file of the state, as numpy.savez(path, **state) writes it",
        ) from error


def _by_state_name(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return arrays as a step's inputs are called; of an old and a new value, the new one."""
    given = {name: array for name, array in arrays.items() if name.startswith("state/")}
    for name, array in arrays.items():
        if name.startswith("next/"):
            given[f"state/{name.removeprefix('next/')}"] = array
    return given | {name: arrays[name] for name in (LEARNING_RATE,) if name in arrays}


def _check_names(model: Model, given: Mapping[str, Any], known: Mapping[str, Variable]) -> None:
    weights = set(model.weights)
    missing = [name for name, one in known.items() if one in weights and name not in given]
    unknown = [name for name in given if name not in known]
    if missing or unknown:
        raise ValueError(
            f"The state does not fit model '{model.name}': it lacks {missing}, and the model has "
            f"no {unknown}. It must come from a training step of the same model: with the same "
            "names of layers and the same optimizer."
        )
