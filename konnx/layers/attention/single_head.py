"""Attention whose query, value and key are the inputs as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from konnx import ops
from konnx.graph import Tensor, Variable
from konnx.layers.arguments import one_of, problem
from konnx.layers.attention.scores import causal_mask, joined, weights_of, with_dropout
from konnx.layers.attention.with_scores import WithScores
from konnx.layers.base import Layer


class Attention(WithScores):
    """For each query, the mean of the values, weighted by how well their keys fit.

    It is called on [query, value] or [query, value, key] of shapes (batch, queries, size),
    (batch, keys, values) and (batch, keys, size); the value is the key where none is given. Masks
    of query and value, (batch, queries) and (batch, keys), hide elements.

    Args:
        use_scale: whether scores are multiplied by a weight.
        score_mode: "dot", the product of query and key; "concat", the sum of tanh(query + key).
        dropout: the part of the weights that training drops.
        seed: of the dropout.

    Raises:
        ValueError: an argument is out of bounds, or there are fewer than two inputs, or more than
            three.

    Source: Luong et al., Effective approaches to attention-based machine translation, 2015.

    Example:
        >>> from konnx.layers import Input
        >>> Attention()([Input((4, 8)), Input((6, 8))]).shape
        (None, 4, 8)
    """

    scale: Variable | None = None
    concat_score_weight: Variable | None = None

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_scale = use_scale
        self.score_mode = one_of(self, "score_mode", score_mode, ("dot", "concat"))
        self.dropout = float(dropout)
        if not 0 <= self.dropout < 1:
            raise problem(self, "dropout", "must be at least 0 and below 1", dropout)
        self.seed = seed

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)
        if self.use_scale:
            self.scale = self.add_weight("scale", (), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(
                "concat_score_weight", (), initializer="ones"
            )
        super().build(input_shape)

    def call(
        self,
        inputs: Sequence[Tensor],
        mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Apply the attention.

        Args:
            inputs: [query, value] or [query, value, key].
            mask: those of the inputs.
            return_attention_scores: whether to return the weights, (batch, queries, keys), too.
            use_causal_mask: whether queries see only keys that are not later.
        """
        query, value, *keys = inputs
        key = keys[0] if keys else value
        hides_query, hides_value = (list(mask) if mask else [None, None])[:2]
        visible = None if hides_value is None else ops.expand_dims(hides_value, 1)
        causal = causal_mask(query, key) if use_causal_mask else None
        weights = weights_of(self.scores(query, key), joined([visible, causal]))
        weights = with_dropout(weights, self.dropout, self.seed)
        outputs = ops.matmul(weights, value)
        if hides_query is not None:
            outputs = outputs * ops.cast(ops.expand_dims(hides_query, -1), outputs.dtype)
        return [outputs, weights] if return_attention_scores else outputs

    def scores(self, query: Tensor, key: Tensor) -> Tensor:
        """Return how well keys fit queries, (batch, queries, keys)."""
        if self.concat_score_weight is not None:
            total = ops.add(ops.expand_dims(query, 2), ops.expand_dims(key, 1))
            total = total if self.scale is None else total * self.scale
            return self.concat_score_weight * ops.sum(ops.tanh(total), -1)
        product = ops.matmul(query, ops.transpose(key, [0, 2, 1]))
        return product if self.scale is None else product * self.scale

    def compute_output_shape(self, input_shape: Any) -> Any:
        if not isinstance(input_shape, list) or len(input_shape) not in (2, 3):
            raise ValueError(
                f"`{type(self).__name__}` '{self.name}' takes [query, value] or [query, value, "
                f"key]. Received: input shapes {input_shape}"
            )
        return (*input_shape[0][:-1], input_shape[1][-1])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "use_scale": self.use_scale,
            "score_mode": self.score_mode,
            "dropout": self.dropout,
            "seed": self.seed,
        }


class AdditiveAttention(Attention):
    """`Attention` whose scores are sums of scale * tanh(query + key), scale a weight (size,).

    Args:
        use_scale: whether there is a scale.
        dropout: the part of the weights that training drops.
        seed: of the dropout.

    Source: Bahdanau et al., Neural machine translation, 2015 (arXiv 1409.0473).

    Example:
        >>> from konnx.layers import Input
        >>> AdditiveAttention()([Input((4, 8)), Input((6, 8))]).shape
        (None, 4, 8)
    """

    def __init__(
        self,
        use_scale: bool = True,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(use_scale, dropout=dropout, seed=seed, **kwargs)

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)
        if self.use_scale:
            size = input_shape[0][-1]
            if size is None:
                raise problem(self, "input_shape", "must end with a known size", input_shape)
            self.scale = self.add_weight("scale", (size,), initializer="glorot_uniform")
        Layer.build(self, input_shape)

    def scores(self, query: Tensor, key: Tensor) -> Tensor:
        """Return how well keys fit queries, (batch, queries, keys)."""
        total = ops.tanh(ops.add(ops.expand_dims(query, 2), ops.expand_dims(key, 1)))
        return ops.sum(total if self.scale is None else total * self.scale, -1)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["score_mode"]
        return config
