"""Dropout of recurrent layers: drawn once for a call, the same at all time steps."""

from __future__ import annotations

from collections.abc import Sequence

from konnx import ops
from konnx.graph import Tensor


class StepDropout:
    """Drops elements of the inputs, or of the state, of each step.

    Args:
        rate: the part to drop; nothing is dropped at 0 and, as in Keras, at 1.
        count: how many masks to draw: one for each gate.
    """

    def __init__(self, rate: float, count: int) -> None:
        self.rate = min(1.0, max(0.0, rate))
        self._count = count
        self._masks: list[Tensor] = []

    @property
    def is_active(self) -> bool:
        """Whether anything is ever dropped."""
        return 0.0 < self.rate < 1.0

    @property
    def is_drawn(self) -> bool:
        """Whether there are masks."""
        return bool(self._masks)

    def draw(self, like: Tensor, training: bool | None = None) -> None:
        """Draw new masks in the shape of the inputs of one step; to be called outside a loop.

        Args:
            like: a tensor of that shape, (batch, ...).
            training: whether to drop; None: in training.
        """
        self._masks = []
        if not self.is_active or training is False:
            return
        masks = self._drawn(like)
        if training is None:
            ones = ops.expand_like(ops.scalar(1, like), like)
            masks = [ops.in_train_phase(mask, ones) for mask in masks]
        self._masks = masks

    def _drawn(self, like: Tensor) -> list[Tensor]:
        """The masks, cut from one that is as wide as all of them where the width is known."""
        size, factor = like.shape[-1], 1 / (1 - self.rate)
        if size is None or self._count == 1:
            return [
                ops.multiply(ops.keep_mask(like, self.rate), factor) for _ in range(self._count)
            ]
        drawn = ops.keep_mask(ops.concatenate([like] * self._count, -1), self.rate)
        wide = ops.multiply(drawn, factor)
        return [wide[..., gate * size : (gate + 1) * size] for gate in range(self._count)]

    def __call__(self, x: Tensor, gate: int = 0) -> Tensor:
        """Return x with the mask of a gate applied."""
        return ops.multiply(x, self._masks[gate]) if self._masks else x

    def for_gates(self, x: Tensor) -> Sequence[Tensor]:
        """Return x once for all gates, or, if masks are drawn, once for each."""
        return [ops.multiply(x, mask) for mask in self._masks] or [x]
