"""Layers in which elements of one sequence look at those of another."""

from konnx.layers.attention.einsum_dense import EinsumDense
from konnx.layers.attention.grouped_query import GroupedQueryAttention
from konnx.layers.attention.multi_head import MultiHeadAttention
from konnx.layers.attention.single_head import AdditiveAttention, Attention

__all__ = [
    "AdditiveAttention",
    "Attention",
    "EinsumDense",
    "GroupedQueryAttention",
    "MultiHeadAttention",
]
