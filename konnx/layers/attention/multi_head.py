"""Attention of several heads, each with projections of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from konnx import ops
from konnx.graph import Tensor, is_float
from konnx.layers.arguments import problem, whole_number
from konnx.layers.attention.einsum_dense import EinsumDense
from konnx.layers.attention.scores import (
    causal_mask,
    joined,
    weights_of,
    window_mask,
    with_dropout,
)
from konnx.layers.attention.with_scores import WithScores
from konnx.layers.base import Layer
from konnx.layers.composite import Composite
from konnx.layers.spec import Shape
from konnx.layers.weighted import WeightedLayer

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class ProjectedAttention(WithScores, Composite, WeightedLayer):
    """What attention with learnt projections of query, key and value shares."""

    gate_dense: EinsumDense | None = None
    dropout: float
    seed: int | None
    sliding_window: int | None
    use_bias: bool
    use_gate: bool
    _has_mask = False

    def __call__(self, inputs: Any, *others: Any, **kwargs: Any) -> Any:
        """Apply the layer.

        Args:
            inputs: the query, (batch, queries, size); or a list of all tensors.
            *others: value, (batch, keys, size), key of the same (default: the value), and
                attention mask (bool or whole numbers: batch, queries, keys); also by name.
            **kwargs: also `return_attention_scores`, `use_causal_mask`.
        """
        tensors = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        tensors += [one for one in others if one is not None]
        for name in ("value", "key", "attention_mask"):
            one = kwargs.pop(name, None)
            tensors += [one] if one is not None else []
        self._has_mask = _ends_in_mask(tensors)
        return super().__call__(tensors, **kwargs)

    def named(self, tensors: Any, shapes: Any) -> list[Any]:
        """Return query, value, key and attention mask (or None) of a list of inputs."""
        given = list(tensors) if isinstance(tensors, list) else [tensors]
        has_mask = self._has_mask
        if given and isinstance(given[0], Tensor):
            has_mask = _ends_in_mask(given)
        mask = given.pop() if has_mask else None
        if len(given) not in (2, 3):
            raise ValueError(
                f"`{type(self).__name__}` '{self.name}' takes query, value and perhaps key and "
                f"attention mask. Received: input shapes {list(shapes)}"
            )
        query, value, *key = given
        return [query, value, key[0] if key else value, mask]

    def projection(self, equation: str, sizes: Sequence[int | None], bias: str) -> EinsumDense:
        """Make one of the layers within."""
        chosen = [name for name in self._chosen if name != "activity_regularizer"]
        config = {name: getattr(self, name) for name in chosen}
        return EinsumDense(
            equation, tuple(sizes), bias_axes=bias if self.use_bias else None, dtype=self.dtype,
            **config,
        )  # fmt: skip

    def add_part(self, scope: str, part: EinsumDense, input_shape: Shape) -> EinsumDense:
        """Make the weights of a layer within."""
        self.build_part(part, input_shape, f"{self.weight_scope or self.name}/{scope}")
        return part

    def visible(
        self, query: Tensor, value: Tensor, mask: Any, attention_mask: Any, causal: bool
    ) -> Tensor | None:
        """Return which keys each query sees, (batch or 1, queries or 1, keys); None: all."""
        given = list(mask or [])
        masks: list[Tensor | None] = [attention_mask]
        if given and given[0] is not None:
            masks.append(ops.expand_dims(given[0], -1))
        masks += [ops.expand_dims(one, 1) for one in given[1:3] if one is not None]
        if causal:
            masks.append(causal_mask(query, value))
        if self.sliding_window is not None:
            masks.append(window_mask(query, value, self.sliding_window))
        return joined(masks)


def _ends_in_mask(tensors: Sequence[Tensor]) -> bool:
    """Tell whether the last of the inputs says what is visible: the fourth, or one of no floats."""
    return len(tensors) == 4 or (len(tensors) == 3 and not is_float(tensors[-1].dtype))


def check_dropout(layer: Layer, dropout: float) -> float:
    """Return the rate.

    Raises:
        ValueError: it is out of bounds.
    """
    if not 0 <= dropout < 1:
        raise problem(layer, "dropout", "must be at least 0 and below 1", dropout)
    return float(dropout)


class MultiHeadAttention(ProjectedAttention):
    """Scaled dot-product attention of several heads, whose results are mixed.

    It is called as `layer(query, value, key=None, attention_mask=None)`, or on a list of these. The
    masks of query, value and key hide elements, too. `use_causal_mask=True` lets queries see only
    keys that are not later; with `return_attention_scores=True` the weights, (batch, heads,
    queries, keys), are returned as well.

    Args:
        num_heads: how many heads.
        key_dim: the size of query and key in each head.
        value_dim: that of the value; None: `key_dim`.
        dropout: the part of the weights that training drops.
        use_bias: whether the projections have biases.
        output_shape: sizes of the output's last axes; None: as the query's.
        attention_axes: the axes that are looked over; None: all but batch and features.
        sliding_window: queries see only keys less than so many places away; None: all.
        flash_attention: accepted as in Keras, and without effect.
        kernel_initializer: of the kernels, (size, heads, key_dim) and (heads, value_dim, size).
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

    Source: Vaswani et al., Attention is all you need, 2017 (arXiv 1706.03762).

    Example:
        >>> from konnx.layers import Input
        >>> MultiHeadAttention(2, 8)(Input((4, 16)), Input((6, 16))).shape
        (None, 4, 16)
    """

    query_dense: EinsumDense
    key_dense: EinsumDense
    value_dense: EinsumDense
    output_dense: EinsumDense

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
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
        self.num_heads = whole_number(self, "num_heads", num_heads)
        self.key_dim = whole_number(self, "key_dim", key_dim)
        self.value_dim = whole_number(self, "value_dim", value_dim or key_dim)
        self.dropout = check_dropout(self, dropout)
        self.use_bias = use_bias
        sizes = [output_shape] if isinstance(output_shape, int) else output_shape
        self.sizes_out = None if sizes is None else tuple(sizes)
        axes = [attention_axes] if isinstance(attention_axes, int) else attention_axes
        self.attention_axes = None if axes is None else tuple(axes)
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
        heads = self.num_heads
        self.query_dense = self._into_heads("query", query, self.key_dim)
        self.key_dense = self._into_heads("key", key, self.key_dim)
        if self.use_gate:
            self.gate_dense = self._into_heads("gate", query, self.value_dim)
        self.value_dense = self._into_heads("value", value, self.value_dim)
        sizes = self.sizes_out or (query[-1],)
        kept, made = _LETTERS[: len(query) - 1], _LETTERS[-len(sizes) :]
        part = self.projection(f"{kept}rs,rs{made}->{kept}{made}", sizes, made)
        shape = (*query[:-1], heads, self.value_dim)
        self.output_dense = self.add_part("attention_output", part, shape)
        super().build(input_shape)

    def _into_heads(self, scope: str, shape: Shape, size: int) -> EinsumDense:
        kept = _LETTERS[: len(shape) - 1]
        part = self.projection(f"{kept}q,qrs->{kept}rs", (self.num_heads, size), "rs")
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
        axes = self._axes(query.ndim)
        mask = self.visible(query, value, mask, given, use_causal_mask)
        scale = 1.0 / math.sqrt(self.key_dim)
        queries = _by_head(self.query_dense.call(query) * scale, axes)
        keys, values = (
            _by_head(layer.call(one), axes)
            for layer, one in ((self.key_dense, key), (self.value_dense, value))
        )
        rows, columns = ([ops.size_of(one, axis) for axis in axes] for one in (query, key))
        scores = ops.matmul(queries, _swapped(keys))
        if len(axes) > 1:
            kept = [ops.size_of(scores, axis) for axis in range(scores.ndim - 2)]
            scores = ops.reshape(scores, [*kept, *rows, *columns])
        if mask is not None:
            for _ in range(scores.ndim - mask.ndim):
                mask = ops.expand_dims(mask, mask.ndim - 2 * len(axes))
        weights = self._softmax(scores, mask, len(axes), rows, columns)
        weights = with_dropout(weights, self.dropout, self.seed)
        found = _by_place(ops.matmul(self._flat(weights, len(axes)), values), axes, rows)
        if self.gate_dense is not None:
            found = found * ops.sigmoid(self.gate_dense.call(query))
        outputs = self.output_dense.call(found)
        return [outputs, weights] if return_attention_scores else outputs

    def _softmax(
        self, scores: Tensor, mask: Tensor | None, count: int, rows: Any, columns: Any
    ) -> Tensor:
        """The weights of the keys, over all of their axes."""
        if count == 1:
            return weights_of(scores, mask)
        if mask is not None:
            full = ops.expand_like(mask, scores)
            flat = weights_of(self._flat(scores, count), self._flat(full, count))
        else:
            flat = weights_of(self._flat(scores, count), None)
        kept = [ops.size_of(flat, axis) for axis in range(flat.ndim - 2)]
        return ops.reshape(flat, [*kept, *rows, *columns])

    def _flat(self, weights: Tensor, count: int) -> Tensor:
        """The weights with one axis for queries and one for keys."""
        if count == 1:
            return weights
        sizes = [ops.size_of(weights, axis) for axis in range(weights.ndim)]
        first = len(sizes) - 2 * count
        rows, columns = (_product(part) for part in (sizes[first:-count], sizes[-count:]))
        return ops.reshape(weights, [*sizes[:first], rows, columns])

    def _axes(self, ndim: int) -> list[int]:
        axes = range(1, ndim - 1) if self.attention_axes is None else self.attention_axes
        return [axis % ndim for axis in axes]

    def compute_output_shape(self, input_shape: Any) -> Any:
        query = self.named(input_shape, input_shape)[0]
        return (*query[:-1], *(self.sizes_out or (query[-1],)))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "output_shape": self.sizes_out,
            "attention_axes": self.attention_axes,
            "sliding_window": self.sliding_window,
            "use_gate": self.use_gate,
            "seed": self.seed,
        }


def _product(sizes: Sequence[Any]) -> Any:
    """The number of elements; of sizes that vary a tensor."""
    total = sizes[0]
    for size in sizes[1:]:
        total = total * size
    return total


def _swapped(x: Tensor) -> Tensor:
    return ops.transpose(x, [*range(x.ndim - 2), x.ndim - 1, x.ndim - 2])


def _by_head(x: Tensor, axes: Sequence[int]) -> Tensor:
    """(batch, places, heads, size) as (batch, other places, heads, places of the axes, size)."""
    heads, size = x.ndim - 2, x.ndim - 1
    others = [axis for axis in range(heads) if axis not in axes]
    moved = ops.transpose(x, [*others, heads, *axes, size])
    if len(axes) == 1:
        return moved
    sizes = [ops.size_of(x, axis) for axis in (*others, heads)]
    return ops.reshape(moved, [*sizes, -1, ops.size_of(x, size)])


def _by_place(x: Tensor, axes: Sequence[int], rows: Sequence[Any]) -> Tensor:
    """The inverse of `_by_head`; `rows` are the sizes of the axes."""
    count = x.ndim - 3  # of other places, the batch among them
    if len(axes) > 1:
        kept = [ops.size_of(x, axis) for axis in range(x.ndim - 2)]
        x = ops.reshape(x, [*kept, *rows, ops.size_of(x, -1)])
    others = [axis for axis in range(count + len(axes)) if axis not in axes]
    source = [*others, x.ndim - 2, *axes, x.ndim - 1]
    return ops.transpose(x, [source.index(axis) for axis in range(x.ndim)])
