"""What layers own: variables, losses and updates, theirs and those of layers that they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from konnx.graph import Tensor, Variable

if TYPE_CHECKING:
    from konnx.layers.base import Layer

Update = tuple[Variable, Tensor]
"""A variable and the value that a training step gives it."""

_T = TypeVar("_T")

_RECORDS = frozenset(
    {"inbound_nodes", "outbound_nodes", "input_spec", "_losses", "_updates", "_chosen",
     "_initial_weights", "_trainable_weights", "_non_trainable_weights"}
)  # fmt: skip
"""Lists of every layer, in which there are no layers."""


class Owner:
    """A layer as the owner of variables, losses and updates.

    Layers that an attribute holds, alone or in a list, tuple or dict, are parts of it: what they
    own belongs to the layer, too, and is trained, frozen and saved with it.
    """

    changes_of_trainable = 0
    """How often `trainable` of any layer was set, so that nobody looks for changes in vain."""

    stateful = False
    frozen_by: set[Layer]
    _trainable: bool
    _trainable_weights: list[Variable]
    _non_trainable_weights: list[Variable]
    _losses: list[Tensor]
    _updates: list[Update]

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name not in _RECORDS and _may_hold(value):
            self.__dict__.setdefault("_holders", {})[name] = None

    @property
    def parts(self) -> list[Layer]:
        """The layers that attributes hold."""
        held = (self.__dict__.get(name) for name in self.__dict__.get("_holders", ()))
        return _unique(one for value in held for one in _owners(value) if one is not self)

    def flattened_layers(self) -> list[Layer]:
        """Return the layer and those within, as they are frozen and counted."""
        inner = [one for part in self.parts for one in part.flattened_layers()]
        return [self, *inner]  # type: ignore[list-item]  # every owner is a layer

    # Weights

    @property
    def trainable(self) -> bool:
        """Whether an optimizer may change the weights; False freezes all layers within."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = value
        Owner.changes_of_trainable += 1
        for layer in self.flattened_layers():
            if layer is not self:
                (layer.frozen_by.discard if value else layer.frozen_by.add)(self)  # type: ignore[arg-type]

    @property
    def is_frozen(self) -> bool:
        """Whether the layer, or a model that holds it, was set to trainable = False."""
        return not self.trainable or bool(self.frozen_by)

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that an optimizer may change now, those of layers within last."""
        if not self.trainable:
            return []
        inner = [one for part in self.parts for one in part.trainable_weights]
        return _unique(self._trainable_weights + inner)

    @trainable_weights.setter
    def trainable_weights(self, weights: Iterable[Variable]) -> None:
        self._trainable_weights = list(weights)

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The other variables; of a frozen layer all, those of trainable parts first."""
        own, rest = self._non_trainable_weights, self._inner("non_trainable_weights")
        if not self.trainable:
            own = self._trainable_weights + own
            rest = self._inner("trainable_weights") + rest
        return _unique(own + rest)

    @non_trainable_weights.setter
    def non_trainable_weights(self, weights: Iterable[Variable]) -> None:
        self._non_trainable_weights = list(weights)

    def _inner(self, name: str) -> list[Variable]:
        return [one for part in self.parts for one in getattr(part, name)]

    @property
    def weights(self) -> list[Variable]:
        """All variables, trainable ones first."""
        return self.trainable_weights + self.non_trainable_weights

    @property
    def own_weights(self) -> list[Variable]:
        """The variables of this layer alone, not of layers within, those for training first."""
        return self._trainable_weights + self._non_trainable_weights

    # Losses and updates

    def collect_losses(self) -> list[Tensor]:
        """Return the scalars added to the loss: of weights, and of each call."""
        return self._losses + [loss for part in self.parts for loss in part.collect_losses()]

    def collect_updates(self) -> list[Update]:
        """Return the updates of each call; a frozen layer has none."""
        own = [] if self.is_frozen and not self.stateful else self._updates
        return own + [update for part in self.parts for update in part.collect_updates()]

    def collect_state_updates(self) -> list[Update]:
        """Return the updates that carry a state from batch to batch, in inference too."""
        own = self._updates if self.stateful else []
        return own + [update for part in self.parts for update in part.collect_state_updates()]


def _may_hold(value: Any) -> bool:
    """Tell whether a value is a layer, or holds some, or may do so later."""
    if isinstance(value, tuple):
        return any(True for _ in _owners(value))
    return isinstance(value, Owner | list | dict)


def _owners(value: Any) -> Iterator[Any]:
    """The layers that a value is or holds."""
    if isinstance(value, Owner):
        yield value
    elif isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _owners(item)


def _unique(items: Iterable[_T]) -> list[_T]:
    return list(dict.fromkeys(items))
