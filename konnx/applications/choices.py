"""The arguments that all applications have, and which of them contradict each other."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from konnx.applications.image_shapes import Shape
from konnx.graph import Tensor

_IMAGENET_CLASSES = 1000


@dataclass(frozen=True)
class Choices:
    """The arguments that all applications have."""

    include_top: bool
    weights: Any
    input_tensor: Tensor | None
    input_shape: Shape | None
    pooling: str | None
    classes: int
    classifier_activation: Any

    def check(self, name: str) -> None:
        """Refuse arguments that cannot be, whatever the images are.

        Args:
            name: of the application, for messages.

        Raises:
            ValueError: one cannot be, or two contradict each other.
            TypeError: it is of no such type.
            FileNotFoundError: there is no such file of weights.
        """
        self._check_weights(name)
        if self.pooling not in (None, "avg", "max"):
            raise ValueError(
                f"'{name}': `pooling` must be None, 'avg' or 'max'. "
                f"Received: pooling={self.pooling!r}"
            )
        if self.include_top:
            self._check_classes(name)

    def _check_weights(self, name: str) -> None:
        weights = self.weights
        if weights is None or weights == "imagenet":
            return
        expected = "`weights` must be None, 'imagenet' or the path of a file of weights."
        if not isinstance(weights, str | os.PathLike):
            raise TypeError(f"'{name}': {expected} Received: weights={weights!r}")
        if not Path(weights).is_file():
            raise FileNotFoundError(f"'{name}': {expected} There is no file '{weights}'.")

    def _check_classes(self, name: str) -> None:
        classes = self.classes
        if not hasattr(classes, "__index__") or classes < 1:
            raise ValueError(
                f"'{name}': `classes` must be a positive whole number. "
                f"Received: classes={classes!r}"
            )
        if self.weights != "imagenet":
            return
        if classes != _IMAGENET_CLASSES:
            raise ValueError(
                f"'{name}': the weights of ImageNet are for {_IMAGENET_CLASSES} classes. Received: "
                f"classes={classes}. Use include_top=False and classify by layers of your own, or "
                "weights=None."
            )
        if self.classifier_activation not in (None, "softmax"):
            raise ValueError(
                f"'{name}': with the weights of ImageNet `classifier_activation` must be 'softmax' "
                f"or None. Received: classifier_activation={self.classifier_activation!r}"
            )
