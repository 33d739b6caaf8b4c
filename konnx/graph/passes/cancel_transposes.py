"""Transposes sink through the graph until they cancel or meet what cannot do without them."""

from __future__ import annotations

from collections.abc import Sequence

from konnx.graph.passes._layout import Layout
from konnx.graph.passes._layout_rules import CARRIERS, EAGER, RULES
from konnx.graph.passes._nodes import count_op
from konnx.graph.tensor import Tensor

_ROUNDS = 4


def cancel_transposes(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs with Transposes composed, cancelled or moved towards the outputs.

    Between convolutions in channels_last nothing is left of them, so that an image model keeps at
    most one at either edge. One that only moves axes of size 1 becomes a Reshape. The result
    never has more Transposes than the graph given.
    """
    best, fewest = list(outputs), count_op(outputs, "Transpose")
    barred: frozenset[Tensor] = frozenset()
    for _ in range(_ROUNDS if fewest else 0):
        layout = Layout(outputs, RULES, eager=EAGER, carriers=CARRIERS, barred=barred)
        found = layout.run()
        count = count_op(found, "Transpose")
        if count < fewest or (count == fewest and not barred):
            best, fewest = found, count
        # Where one Transpose has become several, it had better stay: try again so.
        crowded = frozenset(root for root, made in layout.spent.items() if made > 1)
        if crowded <= barred:
            break
        barred |= crowded
    return best
