"""Layers that consist of other layers: wrappers, and recurrent layers with their cells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from konnx.layers.base import Layer


class Composite(Layer):
    """A layer that builds the layers within it, and says how their weights are called."""

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
        with self.naming_errors():
            part.build_with_weights(input_shape)

    @contextmanager
    def naming_errors(self) -> Iterator[None]:
        """Name this layer, too, in errors of a layer within."""
        try:
            yield
        except ValueError as error:
            if f"'{self.name}'" in str(error):
                raise
            raise ValueError(f"`{type(self).__name__}` '{self.name}': {error}") from error
