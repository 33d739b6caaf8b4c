"""How operators work on tensors whose axes are in another order; one rule an operator.

A rule takes the walk, a node and views of its inputs, and returns views of its outputs, or None
if the node must have its inputs as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from konnx.graph.leaves import constant, int64s
from konnx.graph.passes._layout import (
    Layout,
    Perm,
    Rule,
    View,
    compose,
    identity,
    inverse,
    moves_only_ones,
    plain,
    rebuilt,
)
from konnx.graph.passes._nodes import BROADCASTING, REDUCTIONS, UNARY, ints_of, make
from konnx.graph.tensor import Node, Tensor
from konnx.graph.types import TensorType

Views = list[View | None]


def _first(views: Views) -> View:
    view = views[0]
    assert view is not None  # the first input of these operators is not optional
    return view


def _without(perm: Perm, axes: Iterable[int]) -> Perm:
    """The order of what is left when axes of the view are dropped."""
    left = [axis for place, axis in enumerate(perm) if place not in set(axes)]
    return tuple(sorted(left).index(axis) for axis in left)


def _mapped(perm: Perm, axes: Sequence[int]) -> list[int]:
    """Where the source has the given axes of the view."""
    return [perm[axis % len(perm)] for axis in axes]


# Order itself ---------------------------------------------------------------------------------


def _transpose(layout: Layout, node: Node, views: Views) -> list[View] | None:
    view = _first(views)
    perm = tuple(node.attributes.get("perm", range(view.rank)[::-1]))
    if view.source.dims is None:
        return None
    if not view.pending and view.source is node.inputs[0]:
        layout.remember(view.source, perm, node.outputs[0])
    behind = layout.source_of(view)
    return [View(behind.source, compose(behind.perm, perm))]


# Elementwise ----------------------------------------------------------------------------------


def _elementwise(layout: Layout, node: Node, views: Views) -> list[View] | None:
    rank = len(node.outputs[0].dims or ())
    if not _ranks_known(node):
        return None
    return _in_cheapest_order(layout, node, [v and _raised(v, rank) for v in views])


def _ranks_known(node: Node) -> bool:
    tensors = [tensor for tensor in (*node.inputs, *node.outputs) if tensor is not None]
    return all(tensor.dims is not None for tensor in tensors)


def _raised(view: View, rank: int) -> View:
    """The view with axes of size 1 in front, so that it has `rank` axes; scalars stay."""
    missing, value = rank - view.rank, view.source.constant_value
    if missing <= 0 or view.rank == 0:
        return view
    if value is not None:
        whole = value.transpose(view.perm)
        shaped = whole.reshape((1,) * missing + whole.shape)
        return plain(constant(shaped, name=view.source.node.name))
    types = [TensorType(view.source.dtype, (1,) * missing + (view.source.dims or ()))]
    axes = int64s(range(missing))
    front = make("Unsqueeze", [view.source, axes], {}, types, "Unsqueeze").outputs[0]
    return View(front, (*range(missing), *(missing + axis for axis in view.perm)), view.root)


def _in_cheapest_order(
    layout: Layout, node: Node, views: Views, axis: int | None = None
) -> list[View] | None:
    """The node in that order of axes, of those that an operand has, which moves the least."""
    rank = len(node.outputs[0].dims or ())
    moved = [view for view in views if view is not None and view.rank == rank]
    orders = dict.fromkeys([identity(rank), *(view.perm for view in moved)])

    def cost(perm: Perm) -> float:
        return sum(layout.cost(view, perm) for view in moved) + layout.cost_after(
            node.outputs[0], perm
        )

    best = min(orders, key=cost)
    if best == identity(rank):
        return None
    inputs = [_operand(layout, node, view, best) for view in views]
    changed = {} if axis is None else {"axis": best[axis]}
    return rebuilt(node, inputs, best, _root(node, moved), changed)


def _operand(layout: Layout, node: Node, view: View | None, perm: Perm) -> Tensor | None:
    """An operand in the chosen order; a scalar as it is."""
    if view is None or view.rank != len(perm):
        return None if view is None else view.source
    return layout.in_order(view, perm, node)


def _root(node: Node, views: Sequence[View]) -> Tensor:
    roots = {view.root for view in views if view.root is not None}
    return roots.pop() if len(roots) == 1 else node.outputs[0]


def _concat(layout: Layout, node: Node, views: Views) -> list[View] | None:
    if not _ranks_known(node):
        return None
    axis = int(node.attributes["axis"]) % _first(views).rank
    return _in_cheapest_order(layout, node, views, axis)


# Operators with axes --------------------------------------------------------------------------


def _split(layout: Layout, node: Node, views: Views) -> list[View] | None:
    view = _first(views)
    [axis] = _mapped(view.perm, [node.attributes.get("axis", 0)])
    inputs = [view.source, *layout.others(node, views)]
    return rebuilt(node, inputs, view.perm, view.root, {"axis": axis})


def _softmax(layout: Layout, node: Node, views: Views) -> list[View] | None:
    view = _first(views)
    [axis] = _mapped(view.perm, [node.attributes.get("axis", -1)])
    # Along any axis but the last, the runtime would transpose inside, twice.
    if axis != view.rank - 1 and not layout.wants(node.outputs[0], view.perm):
        return None
    return rebuilt(node, [view.source], view.perm, view.root, {"axis": axis})


def _reduce(layout: Layout, node: Node, views: Views) -> list[View] | None:
    view = _first(views)
    axes = ints_of(node.inputs, 1)
    if (len(node.inputs) > 1 and not axes) or node.attributes.get("noop_with_empty_axes"):
        return None
    axes = [axis % view.rank for axis in axes or range(view.rank)]
    keeps = node.attributes.get("keepdims", 1)
    perm = view.perm if keeps else _without(view.perm, axes)
    inputs = [view.source, int64s(sorted(_mapped(view.perm, axes)))]
    return rebuilt(node, inputs, perm, view.root)


def _arg_extreme(layout: Layout, node: Node, views: Views) -> list[View] | None:
    view = _first(views)
    axis = int(node.attributes.get("axis", 0)) % view.rank
    keeps = node.attributes.get("keepdims", 1)
    perm = view.perm if keeps else _without(view.perm, [axis])
    return rebuilt(node, [view.source], perm, view.root, {"axis": view.perm[axis]})


def _gather(layout: Layout, node: Node, views: Views) -> list[View] | None:
    view, indices = _first(views), node.inputs[1]
    if not view.pending or indices is None or indices.dims is None or len(indices.dims) > 1:
        return None
    axis = int(node.attributes.get("axis", 0)) % view.rank
    perm = view.perm if indices.dims else _without(view.perm, [axis])
    inputs = [view.source, *layout.others(node, views)]
    return rebuilt(node, inputs, perm, view.root, {"axis": view.perm[axis]})


def _pad(layout: Layout, node: Node, views: Views) -> list[View] | None:
    view, amounts = _first(views), ints_of(node.inputs, 1)
    perm = _order_for_pad(layout, node, view)
    axes = ints_of(node.inputs, 3) if len(node.inputs) > 3 else list(range(view.rank))
    if perm is None or amounts is None or axes is None:
        return None
    pairs = np.zeros((2, view.rank), np.int64)
    pairs[:, _mapped(perm, axes)] = np.reshape(amounts, (2, -1))
    fill = layout.others(node, views)[1:2]
    inputs = [layout.in_order(view, perm, node), int64s(pairs.reshape(-1).tolist()), *fill]
    return rebuilt(node, inputs, perm, view.root)


def _order_for_pad(layout: Layout, node: Node, view: View) -> Perm | None:
    """Next to a convolution, which may take over the padding, a Transpose comes before the Pad."""
    if view.pending:
        return None if layout.feeds_only(node.outputs[0], "Conv") else view.perm
    wanted = layout.order_for(node.outputs[0], "Conv")
    return None if wanted is None or len(wanted) != view.rank else inverse(wanted)


def _slice(layout: Layout, node: Node, views: Views) -> list[View] | None:
    view, starts = _first(views), node.inputs[1]
    count = starts.dims[0] if starts is not None and starts.dims else None
    axes = ints_of(node.inputs, 3)
    if isinstance(count, int) and (len(node.inputs) < 4 or node.inputs[3] is None):
        axes = list(range(count))
    if not view.pending or axes is None:
        return None
    begin, end, *rest = layout.others(node, views)
    inputs = [view.source, begin, end, int64s(_mapped(view.perm, axes)), *rest[1:2]]
    return rebuilt(node, inputs, view.perm, view.root)


def _per_axis(layout: Layout, node: Node, views: Views) -> list[View] | None:
    """Tile and Expand, whose second input has one number for each axis."""
    view, numbers = _first(views), ints_of(node.inputs, 1)
    rank = len(node.outputs[0].dims or ())
    if not view.pending or numbers is None or rank != view.rank:
        return None
    numbers = [1] * (rank - len(numbers)) + numbers
    back = inverse(view.perm)
    return rebuilt(
        node, [view.source, int64s([numbers[axis] for axis in back])], view.perm, view.root
    )


def _resize(layout: Layout, node: Node, views: Views) -> list[View] | None:
    view = _first(views)
    if node.attributes.get("coordinate_transformation_mode") == "tf_crop_and_resize":
        return None
    if "axes" in node.attributes:
        axes = _mapped(view.perm, node.attributes["axes"])
        given = [view.source, *layout.others(node, views)]
        return rebuilt(node, given, view.perm, view.root, {"axes": axes})
    numbers = [_reordered(tensor, inverse(view.perm)) for tensor in node.inputs[2:]]
    if any(
        new is None and old is not None for new, old in zip(numbers, node.inputs[2:], strict=True)
    ):
        return None
    return rebuilt(node, [view.source, None, *numbers], view.perm, view.root)


def _reordered(tensor: Tensor | None, order: Perm) -> Tensor | None:
    """A constant with one number for each axis, in another order; one without any as it is."""
    value = None if tensor is None else tensor.constant_value
    if value is None or value.size not in (0, len(order)):
        return None
    return constant(value[list(order)]) if value.size else tensor


# Operators on shapes --------------------------------------------------------------------------


def _unsqueeze(layout: Layout, node: Node, views: Views) -> list[View] | None:
    view, axes = _first(views), ints_of(node.inputs, 1)
    if axes is None or not view.pending:
        return None
    rank = view.rank + len(axes)
    new = [axis % rank for axis in axes]
    places = [axis for axis in range(rank) if axis not in new]
    order = list(range(rank))
    for place, axis in zip(places, view.perm, strict=True):
        order[place] = places[axis]
    return rebuilt(node, [view.source, int64s(new)], tuple(order), view.root)


def _squeeze(layout: Layout, node: Node, views: Views) -> list[View] | None:
    view, axes = _first(views), ints_of(node.inputs, 1)
    if axes is None:
        return None
    axes = [axis % view.rank for axis in axes]
    inputs = [view.source, int64s(sorted(_mapped(view.perm, axes)))]
    return rebuilt(node, inputs, _without(view.perm, axes), view.root)


def _shape(layout: Layout, node: Node, views: Views) -> list[View] | None:
    view = _first(views)
    asked = view.perm[node.attributes.get("start", 0) : node.attributes.get("end")]
    sizes = make("Shape", [view.source], {}, [TensorType("int64", (view.rank,))], node.name)
    inputs = [sizes.outputs[0], int64s(asked)]
    return [
        plain(t)
        for t in make("Gather", inputs, {}, [node.outputs[0].type], f"{node.name}/Gather").outputs
    ]


def _size(layout: Layout, node: Node, views: Views) -> list[View] | None:
    return [plain(node.with_inputs([_first(views).source]).outputs[0])]


def _reshape(layout: Layout, node: Node, views: Views) -> list[View] | None:
    """Where only axes of size 1 wait to be moved, a Reshape need not wait for them."""
    view, sizes = _first(views), ints_of(node.inputs, 1)
    dims = view.source.dims or ()
    if sizes is None or not moves_only_ones(dims, view.perm):
        return None
    if not node.attributes.get("allowzero"):
        for place, size in enumerate(sizes):
            if size == 0 and view.perm[place] != place:
                dim = dims[view.perm[place]]
                if not isinstance(dim, int):
                    return None
                sizes[place] = dim
    new = node.with_inputs([view.source, int64s(sizes)])
    return [plain(tensor) for tensor in new.outputs]


# Products -------------------------------------------------------------------------------------


def _matmul(layout: Layout, node: Node, views: Views) -> list[View] | None:
    """Rows can be in any order before a product with one matrix."""
    view, matrix = _first(views), views[1]
    if not view.pending or view.perm[-1] != view.rank - 1 or matrix is None or matrix.rank != 2:
        return None
    return rebuilt(node, [view.source, *layout.others(node, views)], view.perm, view.root)


_SHARED: dict[str, Rule] = {
    **dict.fromkeys(UNARY | BROADCASTING, _elementwise),
    **dict.fromkeys(REDUCTIONS, _reduce),
    **dict.fromkeys(("Softmax", "LogSoftmax"), _softmax),
    **dict.fromkeys(("ArgMax", "ArgMin"), _arg_extreme),
    **dict.fromkeys(("Expand", "Tile"), _per_axis),
}

RULES: dict[str, Rule] = {
    **_SHARED,
    "Concat": _concat,
    "Gather": _gather,
    "MatMul": _matmul,
    "Pad": _pad,
    "Reshape": _reshape,
    "Resize": _resize,
    "Shape": _shape,
    "Size": _size,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}

EAGER = frozenset({"Pad", "Transpose"})

CARRIERS = UNARY | BROADCASTING | {"Concat", "Pad", "Resize", "Slice", "Softmax", "Split", "Tile"}
