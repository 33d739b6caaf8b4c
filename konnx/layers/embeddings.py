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


class ReversibleEmbedding(Embedding):
    """An Embedding that also goes back: with `reverse=True`, from vectors to scores of all numbers.

    The layer is Keras 3's. Of vectors (batch, ..., output_dim) it makes (batch, ..., input_dim).

    Args:
        input_dim: how many numbers there are: inputs lie between 0 and `input_dim` - 1.
        output_dim: the length of the vectors.
        tie_weights: whether the way back uses the same vectors; otherwise it has a kernel of its
            own, (output_dim, input_dim).
        embeddings_initializer: of the vectors, and of that kernel.
        embeddings_regularizer: penalty on the vectors.
        embeddings_constraint: of the vectors, applied after each update.
        mask_zero: whether 0 stands for a missing step, that later layers skip.
        reverse_dtype: None, or "float32".
        logit_soft_cap: the scores s become cap * tanh(s / cap); None: they stay.

    Raises:
        ValueError: an argument is out of bounds.

    Example:
        >>> from konnx.layers import Input
        >>> layer = ReversibleEmbedding(1000, 64)
        >>> layer(layer(Input((10,))), reverse=True).shape
        (None, 10, 1000)
    """

    reverse_embeddings: Variable | None = None
    _is_reverse = False

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: str | None = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero,
            **kwargs,
        )
        self.tie_weights = tie_weights
        if reverse_dtype not in (None, "float32"):
            raise problem(self, "reverse_dtype", "must be None or 'float32'", reverse_dtype)
        self.reverse_dtype = reverse_dtype
        self.logit_soft_cap = logit_soft_cap

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                "reverse_embeddings",
                (self.output_dim, self.input_dim),
                initializer=self.embeddings_initializer,
            )

    def compute_mask(self, inputs: Tensor, mask: Any = None) -> Tensor | None:
        return mask if self._is_reverse else super().compute_mask(inputs)

    def call(self, inputs: Tensor, reverse: bool = False) -> Tensor:
        """Embed whole numbers, or go back; see the class."""
        self._is_reverse = reverse
        if not reverse:
            return super().call(inputs)
        kernel = self.reverse_embeddings
        logits = ops.matmul(inputs, ops.transpose(self.embeddings) if kernel is None else kernel)
        cap = self.logit_soft_cap
        return logits if cap is None else ops.multiply(ops.tanh(ops.divide(logits, cap)), cap)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self._is_reverse:
            return (*input_shape[:-1], self.input_dim)
        return super().compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tie_weights": self.tie_weights,
            "reverse_dtype": self.reverse_dtype,
            "logit_soft_cap": self.logit_soft_cap,
        }


def _places(inputs: Tensor) -> Tensor:
    is_whole = not is_float(inputs.dtype) and inputs.dtype != "bool"
    return inputs if is_whole else ops.cast(inputs, "int32")
