"""Layers whose user says how weights start, are penalised and are kept in bounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from konnx import activations, constraints, initializers, regularizers
from konnx.graph import Tensor, Variable
from konnx.layers.base import Layer

Activation = Callable[[Tensor], Tensor]

_FAMILIES: dict[str, ModuleType] = {
    "activation": activations,
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
}


def family_of(argument: str) -> ModuleType | None:
    """Return the module that reads an argument such as "kernel_initializer"; None: no such one."""
    return _FAMILIES.get(argument.rpartition("_")[2])


class WeightedLayer(Layer):
    """A layer with arguments such as `activation`, `kernel_initializer` and `bias_constraint`.

    A subclass hands them to `choose`; they then are attributes, go into the config, and those that
    begin with a weight's name are used by `add_chosen_weight`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._chosen: list[str] = []

    def choose(self, **choices: Any) -> None:
        """Read arguments that name an object of a family and keep them as attributes.

        Raises:
            ValueError: a name or a config is unknown; tells the layer and the argument.
        """
        for argument, value in choices.items():
            setattr(self, argument, self._read(argument, value))
            self._chosen.append(argument)

    def _read(self, argument: str, value: Any) -> Any:
        family = family_of(argument)
        if family is None:
            raise TypeError(f"`choose` takes names that end in one of {list(_FAMILIES)}")
        try:
            return family.get(value)
        except (TypeError, ValueError) as error:
            where = f"`{type(self).__name__}` '{self.name}': `{argument}`"
            raise type(error)(f"{where}: {error}") from error

    def add_chosen_weight(
        self, name: str, shape: Sequence[int], *, by: str | None = None, trainable: bool = True
    ) -> Variable:
        """Make a weight by what was chosen for its name.

        Args:
            name: such as "kernel".
            shape: its sizes.
            by: the beginning of the arguments' names, such as "depthwise"; default: `name`.
            trainable: whether an optimizer may change it.
        """
        by = by or name
        return self.add_weight(
            name,
            shape,
            initializer=getattr(self, f"{by}_initializer"),
            regularizer=getattr(self, f"{by}_regularizer", None),
            constraint=getattr(self, f"{by}_constraint", None),
            trainable=trainable,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again, as JSON can hold them."""
        chosen: dict[str, Any] = {}
        for argument in self._chosen:
            family = family_of(argument)
            assert family is not None
            value = getattr(self, argument)
            chosen[argument] = None if value is None else family.serialize(value)
        return {**super().get_config(), **chosen}
