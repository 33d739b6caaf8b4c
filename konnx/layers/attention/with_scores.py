"""Layers whose second output, if it is asked for, are the weights of attention."""

from __future__ import annotations

from typing import Any

from konnx.graph import Tensor
from konnx.layers.base import Layer


class WithScores(Layer):
    """A layer that takes a query first, and hands on its mask and its shape, but not to scores."""

    supports_masking = True

    def compute(
        self, inputs: Any, arguments: dict[str, Any]
    ) -> tuple[list[Tensor], list[Tensor | None]]:
        """Apply `call`; the scores have no mask."""
        outputs, masks = super().compute(inputs, arguments)
        return outputs, [*masks, None][: len(outputs)]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return [mask[0] if mask else None]

    def _refined(self, output: Tensor, inputs: list[Tensor], index: int) -> Tensor:
        """Only of the first output the shape is declared."""
        return output if index else super()._refined(output, inputs, index)
