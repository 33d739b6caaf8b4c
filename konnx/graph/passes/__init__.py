"""Rewrites that make a clean inference graph; each is a function from outputs to outputs.

They run on graphs without phases whose variables are constants (`freeze_variables`), before
emission, and need no runtime. Graphs are immutable: what a pass does not change is shared with
the graph that it was given, and nodes keep the names by which they lead back to a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from konnx.graph.passes.absorb_transposes import absorb_transposes
from konnx.graph.passes.block_channels import block_channels
from konnx.graph.passes.cancel_transposes import cancel_transposes
from konnx.graph.passes.fold_affine import fold_affine
from konnx.graph.passes.fold_constants import fold_constants
from konnx.graph.passes.freeze_variables import freeze_variables
from konnx.graph.passes.merge_clips import merge_clips
from konnx.graph.passes.merge_duplicates import merge_duplicates
from konnx.graph.passes.merge_outputs import merge_outputs
from konnx.graph.passes.merge_padding import merge_padding
from konnx.graph.passes.merge_reshapes import merge_reshapes
from konnx.graph.passes.rectify_pooled import rectify_pooled
from konnx.graph.passes.remove_identities import remove_identities
from konnx.graph.subgraph import bodies_of, map_bodies
from konnx.graph.tensor import Node, Tensor
from konnx.graph.walk import rewrite

Pass = Callable[[Sequence[Tensor]], list[Tensor]]

PASSES: tuple[Pass, ...] = (
    merge_duplicates,
    fold_constants,
    remove_identities,
    cancel_transposes,
    absorb_transposes,
    merge_padding,
    fold_affine,
    merge_reshapes,
    merge_clips,
)
"""What `optimize` runs, in this order."""

_ROUNDS = 4


def optimize(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return outputs of the same values, computed by fewer and cheaper nodes.

    Args:
        outputs: tensors of a graph without phases; only constants are folded, so replace
            variables first.

    Example:
        >>> from konnx.graph import op, placeholder
        >>> x = placeholder(("batch", 4), name="x")
        >>> [y] = optimize([op("Identity", op("Identity", x))])
        >>> y is x
        True
    """
    outputs = list(outputs)
    for _ in range(_ROUNDS):
        before = outputs
        for simplify in PASSES:
            outputs = simplify(outputs)
        outputs = _optimize_bodies(outputs)
        if all(old is new for old, new in zip(before, outputs, strict=True)):
            break
    return outputs


def _optimize_bodies(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs with the same done to what loops and branches hold."""

    def replace(node: Node, inputs: list[Tensor | None]) -> Sequence[Tensor] | None:
        return map_bodies(node, inputs, optimize).outputs if bodies_of(node) else None

    return rewrite(outputs, replace)


__all__ = [
    "PASSES",
    "Pass",
    "absorb_transposes",
    "block_channels",
    "cancel_transposes",
    "fold_affine",
    "fold_constants",
    "freeze_variables",
    "merge_clips",
    "merge_duplicates",
    "merge_outputs",
    "merge_padding",
    "merge_reshapes",
    "optimize",
    "rectify_pooled",
    "remove_identities",
]
