"""Attention in which several heads of queries share one of keys and values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from konnx import ops
from konnx.graph import Tensor
from konnx.layers.arguments import problem, whole_number
from konnx.layers.attention.einsum_dense import EinsumDense
from konnx.layers.attention.multi_head import ProjectedAttention, check_dropout
from konnx.layers.attention.scores import weights_of, with_dropout
from konnx.layers.spec import Shape


class GroupedQueryAttention(ProjectedAttention):
    """`MultiHeadAttention` with fewer heads of keys and values than of queries.

    Args:
        head_dim: the size of each head.
        num_query_heads: how many heads of queries.
        num_key_value_heads: how many of keys and values; divides `num_query_heads`.
        dropout: the part of the weights that training drops.
        use_bias: whether the projections have biases.
        sliding_window: queries see only keys less than so many places away; None: all.
        flash_attention: accepted as in Keras, and without effect.
        kernel_initializer: of the kernels, (size, heads, head_dim) and (heads, head_dim, size).
        bias_initializer: of the biases.
        kernel_regularizer: penalty on the kernels.
        bias_regularizer: penalty on the biases.
        activity_regularizer: penalty on the output.
        kernel_constraint: of the kernels, applied after each update.
        bias_constraint: of the biases, applied after each update.
        use_gate: whether what the heads found is multiplied by a sigmoid of the query.
        seed: of the dropout.

    Raises:
        ValueError: an argument is out of bounds, or the inputs do not fit.

    Source: Ainslie et al., GQA, 2023 (arXiv 2305.13245).

    Example:
        >>> from konnx.layers import Input
        >>> GroupedQueryAttention(8, 4, 2)(Input((4, 16)), Input((6, 16))).shape
        (None, 4, 16)
    """

    query_dense: EinsumDense
    key_dense: EinsumDense
    value_dense: EinsumDense
    output_dense: EinsumDense

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.head_dim = whole_number(self, "head_dim", head_dim)
        self.num_query_heads = whole_number(self, "num_query_heads", num_query_heads)
        heads = whole_number(self, "num_key_value_heads", num_key_value_heads)
        if self.num_query_heads % heads:
            raise problem(self, "num_key_value_heads", "must divide `num_query_heads`", heads)
        self.num_key_value_heads = heads
        self.dropout = check_dropout(self, dropout)
        self.use_bias = use_bias
        self.sliding_window = sliding_window
        self.use_gate = use_gate
        self.seed = seed
        self.choose(
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Any) -> None:
        query, value, key, _ = self.named(input_shape, input_shape)
        self.query_dense = self._into_heads("query", query, self.num_query_heads)
        self.key_dense = self._into_heads("key", key, self.num_key_value_heads)
        if self.use_gate:
            self.gate_dense = self._into_heads("gate", query, self.num_query_heads)
        self.value_dense = self._into_heads("value", value, self.num_key_value_heads)
        part = self.projection("abrs,rsz->abz", (None, query[-1]), "z")
        shape = (*query[:-1], self.num_query_heads, self.head_dim)
        self.output_dense = self.add_part("attention_output", part, shape)
        super().build(input_shape)

    def _into_heads(self, scope: str, shape: Shape, heads: int) -> EinsumDense:
        part = self.projection("abq,qrs->abrs", (None, heads, self.head_dim), "rs")
        return self.add_part(scope, part, shape)

    def call(
        self,
        inputs: Sequence[Tensor],
        mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Apply the attention; see the class."""
        query, value, key, given = self.named(inputs, [one.shape for one in inputs])
        mask = self.visible(query, value, mask, given, use_causal_mask)
        scale = 1.0 / math.sqrt(self.head_dim)
        queries = ops.transpose(self.query_dense.call(query) * scale, [0, 2, 1, 3])
        times = self.num_query_heads // self.num_key_value_heads
        keys, values = (
            ops.repeat_elements(ops.transpose(layer.call(one), [0, 2, 1, 3]), times, 1)
            for layer, one in ((self.key_dense, key), (self.value_dense, value))
        )
        scores = ops.matmul(queries, ops.transpose(keys, [0, 1, 3, 2]))
        if mask is not None and mask.ndim == 3:
            mask = ops.expand_dims(mask, 1)
        weights = with_dropout(weights_of(scores, mask), self.dropout, self.seed)
        found = ops.transpose(ops.matmul(weights, values), [0, 2, 1, 3])
        if self.gate_dense is not None:
            found = found * ops.sigmoid(self.gate_dense.call(query))
        outputs = self.output_dense.call(found)
        return [outputs, weights] if return_attention_scores else outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        query = self.named(input_shape, input_shape)[0]
        return tuple(query)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "head_dim": self.head_dim,
            "num_query_heads": self.num_query_heads,
            "num_key_value_heads": self.num_key_value_heads,
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "sliding_window": self.sliding_window,
            "use_gate": self.use_gate,
            "seed": self.seed,
        }
