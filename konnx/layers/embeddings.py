"""Embeddings: a vector for each word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from konnx import ops
from konnx.graph import Tensor, Variable, is_float
from konnx.layers.arguments import problem, whole_number
from konnx.layers.spec import Shape
from konnx.layers.weighted import WeightedLayer


class Embedding(WeightedLayer):
    """For each whole number of the input, a vector to be learnt.

    Input shape (batch, ..., length), output shape (batch, ..., length, output_dim).

    Args:
        input_dim: how many numbers there are: inputs lie between 0 and `input_dim` - 1.
        output_dim: the length of the vectors.
        embeddings_initializer: of the vectors, (input_dim, output_dim).
        embeddings_regularizer: penalty on the vectors.
        activity_regularizer: penalty on the output.
        embeddings_constraint: of the vectors, applied after each update.
        mask_zero: whether 0 stands for a missing step, that later layers skip.
        input_length: the number of steps, if it is fixed; or a list of sizes.

    Raises:
        ValueError: a size is not positive, or `input_length` contradicts the input.

    Example:
        >>> from konnx.layers import Input
        >>> Embedding(1000, 64, mask_zero=True)(Input((10,))).shape
        (None, 10, 64)
    """

    embeddings: Variable
    embeddings_initializer: Callable[..., Any]
    embeddings_regularizer: Callable[..., Any] | None
    embeddings_constraint: Callable[..., Any] | None

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        activity_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        input_length: int | Sequence[int | None] | None = None,
        **kwargs: Any,
    ) -> None:
        lengths = list(input_length) if isinstance(input_length, Sequence) else [input_length]
        kwargs.setdefault("input_shape", tuple(lengths))
        super().__init__(**kwargs)
        self.supports_masking = mask_zero
        self.input_dim = whole_number(self, "input_dim", input_dim)
        self.output_dim = whole_number(self, "output_dim", output_dim)
        self.mask_zero = mask_zero
        self.input_length = input_length
        self._lengths = None if input_length is None else lengths
        self.choose(
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            activity_regularizer=activity_regularizer,
            embeddings_constraint=embeddings_constraint,
        )

    def build(self, input_shape: Shape) -> None:
        self.compute_output_shape(input_shape)
        self.embeddings = self.add_weight(
            "embeddings",
            (self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )
        super().build(input_shape)

    def compute_mask(self, inputs: Tensor, mask: Any = None) -> Tensor | None:
        return ops.not_equal(_places(inputs), 0) if self.mask_zero else None

    def call(self, inputs: Tensor) -> Tensor:
        return ops.gather(self.embeddings, _places(inputs))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], *self._sizes(input_shape), self.output_dim)

    def _sizes(self, input_shape: Shape) -> Shape:
        given = input_shape[1:]
        if self._lengths is None:
            return given
        fits = len(self._lengths) == len(given) and all(
            None in (length, size) or length == size
            for length, size in zip(self._lengths, given, strict=True)
        )
        if not fits:
            demand = f"must fit the input's shape {tuple(input_shape)}"
            raise problem(self, "input_length", demand, self.input_length)
        pairs = zip(self._lengths, given, strict=True)
        return tuple(size if length is None else length for length, size in pairs)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "mask_zero": self.mask_zero,
            "input_length": self.input_length,
        }


def _places(inputs: Tensor) -> Tensor:
    is_whole = not is_float(inputs.dtype) and inputs.dtype != "bool"
    return inputs if is_whole else ops.cast(inputs, "int32")
