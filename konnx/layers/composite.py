"""Layers that consist of other layers: wrappers, and recurrent layers with their cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx.graph import Tensor, Variable
from konnx.layers.base import Layer, Update


class Composite(Layer):
    """A layer whose weights, losses and updates are those of the layers within it.

    A subclass names them with `contain`, and applies their `call` in its own.
    """

    def __init__(self, **kwargs: Any) -> None:
        self._parts: list[Layer] = []
        super().__init__(**kwargs)

    def contain(self, parts: Sequence[Any]) -> None:
        """Take layers in; what is no layer (a cell may be any object) has no weights."""
        self._parts += [part for part in parts if isinstance(part, Layer)]
        self.trainable = self._trainable

    def build_part(self, part: Layer, input_shape: Any, scope: str) -> None:
        """Make the weights of a layer within, unless it has them.

        Args:
            part: the layer.
            input_shape: of its input.
            scope: what the names of its weights begin with.

        Raises:
            ValueError: the layer cannot be built; names both.
        """
        if part.built:
            return
        part.weight_scope = scope
        try:
            part.build_with_weights(input_shape)
        except ValueError as error:
            if f"'{self.name}'" in str(error):
                raise
            raise ValueError(f"`{type(self).__name__}` '{self.name}': {error}") from error

    @property
    def parts(self) -> list[Layer]:
        """The layers within."""
        return list(self._parts)

    def flattened_layers(self) -> list[Layer]:
        """Return this layer and those that it consists of."""
        return [self, *(one for part in self._parts for one in part.flattened_layers())]

    @property
    def trainable(self) -> bool:
        """Whether an optimizer may change the weights; False freezes all layers within."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = value
        for layer in self.flattened_layers()[1:]:
            (layer.frozen_by.discard if value else layer.frozen_by.add)(self)

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that an optimizer may change now, part by part."""
        if not self.trainable:
            return []
        inner = [one for part in self._parts for one in part.trainable_weights]
        return super().trainable_weights + inner

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The other variables; of a frozen layer all, those of trainable parts first."""
        rest = [one for part in self._parts for one in part.non_trainable_weights]
        if not self.trainable:
            rest = [one for part in self._parts for one in part.trainable_weights] + rest
        return super().non_trainable_weights + rest

    def collect_losses(self) -> list[Tensor]:
        """Return the losses of the layer and of those within."""
        return super().collect_losses() + [
            loss for part in self._parts for loss in part.collect_losses()
        ]

    def collect_updates(self) -> list[Update]:
        """Return the updates of the layer and of those within, unless they are frozen."""
        return super().collect_updates() + [
            update for part in self._parts for update in part.collect_updates()
        ]

    def collect_state_updates(self) -> list[Update]:
        """Return the updates that carry a state from batch to batch, in inference too."""
        return super().collect_state_updates() + [
            update for part in self._parts for update in part.collect_state_updates()
        ]
