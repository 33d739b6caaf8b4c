"""Tensors seen as others with their axes in another order, so that Transposes can wait.

A `View` says: this value is `source` with its axes permuted. Rules (in `_layout_rules`) let
operators work on the sources; `Layout` walks the graph, and where an operator has no rule it
makes the Transpose after all, once for each source and order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from konnx.graph.leaves import constant, int64s
from konnx.graph.passes._nodes import find_users, make
from konnx.graph.tensor import Node, Tensor
from konnx.graph.types import Dim, TensorType
from konnx.graph.walk import topological_order

Perm = tuple[int, ...]

_VARYING = 16  # what a size that is not known counts for when costs are compared


def identity(rank: int) -> Perm:
    """The order that leaves the axes as they are."""
    return tuple(range(rank))


def compose(first: Sequence[int], then: Sequence[int]) -> Perm:
    """The one order that does what two do after one another."""
    return tuple(first[axis] for axis in then)


def inverse(perm: Sequence[int]) -> Perm:
    """The order that undoes another."""
    return tuple(sorted(range(len(perm)), key=perm.__getitem__))


def permuted(dims: Sequence[Dim], perm: Sequence[int]) -> tuple[Dim, ...]:
    """The sizes in the given order."""
    return tuple(dims[axis] for axis in perm)


def moves_only_ones(dims: Sequence[Dim], perm: Sequence[int]) -> bool:
    """Tell whether the elements stay where they are in memory."""
    moved = [axis for axis in perm if dims[axis] != 1]
    return moved == sorted(moved)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The value of `source` with its axes in the order `perm`.

    `root` is the tensor of the old graph at which a Transpose would have to be made to serve all
    that is derived from it; it tells where postponing led to several Transposes.
    """

    source: Tensor
    perm: Perm
    root: Tensor | None = None

    @property
    def pending(self) -> bool:
        """Whether a Transpose is due."""
        return self.perm != identity(len(self.perm))

    @property
    def rank(self) -> int:
        """The number of axes (0 if it is not known, too)."""
        return len(self.perm)

    @property
    def dims(self) -> tuple[Dim, ...] | None:
        """The sizes in the order of the view."""
        return None if self.source.dims is None else permuted(self.source.dims, self.perm)


def plain(tensor: Tensor) -> View:
    """The view of a tensor as it is."""
    return View(tensor, identity(len(tensor.dims or ())))


Rule = Callable[["Layout", Node, list[View | None]], "list[View] | None"]


class Layout:
    """One walk over a graph that sinks Transposes.

    Args:
        outputs: of the graph.
        rules: by operator type.
        eager: operators whose rules apply even where no Transpose is pending.
        carriers: operators through which a user's wish for another order reaches their inputs.
        barred: tensors of the graph at which a pending Transpose is made at once.
    """

    def __init__(
        self,
        outputs: Sequence[Tensor],
        rules: Mapping[str, Rule],
        *,
        eager: frozenset[str],
        carriers: frozenset[str],
        barred: frozenset[Tensor],
    ) -> None:
        self._outputs = list(outputs)
        self._rules = rules
        self._eager = eager
        self._barred = barred
        self._order = topological_order(outputs)
        self._users = find_users(outputs)
        self._wanted = self._find_wanted(carriers)
        self._views: dict[Tensor, View] = {}
        self._found: dict[tuple[Tensor, Perm], Tensor] = {}
        self._made: dict[tuple[Tensor, Perm], Tensor] = {}
        self._transposed: dict[Tensor, tuple[Tensor, Perm]] = {}
        self.spent: Counter[Tensor] = Counter()

    def run(self) -> list[Tensor]:
        """Return the outputs, unchanged where nothing could be done."""
        for node in self._order:
            views = [None if t is None else self._views[t] for t in node.inputs]
            results = self._apply(node, views)
            for tensor, view in zip(node.outputs, results, strict=True):
                self._views[tensor] = self._settled(tensor, view, node)
        return [self.tensor(self._views[t], _name_beside(t.node)) for t in self._outputs]

    def _apply(self, node: Node, views: list[View | None]) -> list[View]:
        rule = None if node.domain else self._rules.get(node.op_type)
        if rule is not None and (
            node.op_type in self._eager or any(view and view.pending for view in views)
        ):
            results = rule(self, node, views)
            if results is not None:
                return results
        return self._keep(node, views)

    def _keep(self, node: Node, views: list[View | None]) -> list[View]:
        name = _name_beside(node)
        inputs = [None if view is None else self.tensor(view, name) for view in views]
        same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
        return [plain(t) for t in (node if same else node.with_inputs(inputs)).outputs]

    def _settled(self, tensor: Tensor, view: View, node: Node) -> View:
        if not view.pending:
            return view
        if tensor in self._barred:
            return plain(self.tensor(replace(view, root=tensor), _name_beside(node)))
        if view.root is None or len(self._users[tensor]) > 1:
            return replace(view, root=tensor)
        return view

    # What rules ask for ------------------------------------------------------------------------

    def tensor(self, view: View, name: str) -> Tensor:
        """The value of a view, with its Transpose made if one is pending."""
        if not view.pending:
            return view.source
        key = (view.source, view.perm)
        if key not in self._made:
            made = self._found.get(key)
            made = self._make(view, name) if made is None else made
            self._made[key] = made
            self._transposed[made] = key
            if view.root is not None and made.node.op_type == "Transpose":
                self.spent[view.root] += 1
        return self._made[key]

    def in_order(self, view: View, perm: Perm, user: Node) -> Tensor:
        """The tensor of which the view's value is a view in the order `perm`."""
        needed = replace(view, perm=compose(view.perm, inverse(perm)))
        return self.tensor(needed, _name_beside(user))

    def others(self, node: Node, views: Sequence[View | None]) -> list[Tensor | None]:
        """The inputs after the first (sizes, axes, bounds) as they are."""
        name = _name_beside(node)
        return [None if view is None else self.tensor(view, name) for view in views[1:]]

    def cost(self, view: View, perm: Perm) -> int:
        """How many elements `in_order` would move."""
        needed = compose(view.perm, inverse(perm))
        dims = view.source.dims
        if needed == identity(len(needed)) or dims is None:
            return 0
        key = (view.source, needed)
        if view.source.constant_value is not None or key in self._made:
            return 0
        if key in self._found and not view.pending:
            return 0
        return 1 if moves_only_ones(dims, needed) else size_of(dims)

    def cost_after(self, tensor: Tensor, perm: Perm) -> float:
        """How much the order of an operator's output will probably cost those who use it."""
        size, wanted = size_of(tensor.dims or ()), self._wanted.get(tensor)
        if wanted is not None:
            return 0 if compose(perm, wanted) == identity(len(perm)) else size
        return 0 if perm == identity(len(perm)) else size / 2

    def wants(self, tensor: Tensor, perm: Perm) -> bool:
        """Tell whether a user of the tensor will undo a pending order."""
        wanted = self._wanted.get(tensor)
        return wanted is not None and compose(perm, wanted) == identity(len(perm))

    def feeds_only(self, tensor: Tensor, op_type: str) -> bool:
        """Tell whether all that uses a tensor is operators of one type."""
        users = self._users[tensor]
        return (
            bool(users)
            and tensor not in self._outputs
            and {node.op_type for node in users} == {op_type}
        )

    def order_for(self, tensor: Tensor, op_type: str) -> Perm | None:
        """The order in which a Transpose takes a tensor to operators of one type and no others."""
        if not self.feeds_only(tensor, "Transpose"):
            return None
        transposes = self._users[tensor]
        perms = {tuple(node.attributes.get("perm", ())) for node in transposes}
        if len(perms) > 1 or not all(self.feeds_only(n.outputs[0], op_type) for n in transposes):
            return None
        return perms.pop() or None

    def source_of(self, view: View) -> View:
        """The view again, of what is behind it if this walk made it by a Transpose."""
        made_of = self._transposed.get(view.source)
        if made_of is None:
            return view
        return View(made_of[0], compose(made_of[1], view.perm))

    def remember(self, source: Tensor, perm: Perm, transposed: Tensor) -> None:
        """Use a Transpose that the graph has wherever the same is needed again."""
        if _as_reshape(source, perm) is None:
            self._found.setdefault((source, perm), transposed)

    # ------------------------------------------------------------------------------------------

    def _make(self, view: View, name: str) -> Tensor:
        source, perm = view.source, view.perm
        value = source.constant_value
        if value is not None:
            return constant(value.transpose(perm), name=source.node.name)
        type_ = [TensorType(source.dtype, permuted(source.dims or (), perm))]
        shape = _as_reshape(source, perm)
        if shape is not None:
            return make("Reshape", [source, int64s(shape)], {}, type_, name).outputs[0]
        return make("Transpose", [source], {"perm": list(perm)}, type_, name).outputs[0]

    def _find_wanted(self, carriers: frozenset[str]) -> dict[Tensor, Perm]:
        wanted: dict[Tensor, Perm] = {}
        for node in reversed(self._order):
            perm = wanted.get(node.outputs[0]) if node.op_type in carriers else None
            if node.op_type == "Transpose" and "perm" in node.attributes:
                perm = tuple(node.attributes["perm"])
            if perm is None:
                continue
            for tensor in node.inputs:
                if tensor is not None and len(tensor.dims or ()) == len(perm):
                    wanted.setdefault(tensor, perm)
        return wanted


def _name_beside(node: Node) -> str:
    """The name of a Transpose that is made for a node, in its layer."""
    return f"{node.scope}/Transpose" if node.scope else "Transpose"


def size_of(dims: Sequence[Dim]) -> int:
    """About how many elements there are; only good for comparisons."""
    size = 1
    for dim in dims:
        size *= dim if isinstance(dim, int) else _VARYING
    return size


def _as_reshape(source: Tensor, perm: Perm) -> list[int] | None:
    """The shape for a Reshape that does what a Transpose would; None if there is none."""
    dims = source.dims or ()
    if 0 in dims or not moves_only_ones(dims, perm):
        return None
    sizes: list[int] = []
    for place, axis in enumerate(perm):
        dim = dims[axis]
        sizes.append(dim if isinstance(dim, int) else 0 if place == axis else -1)
    return sizes if sizes.count(-1) <= 1 else None


def rebuilt(
    node: Node,
    inputs: Sequence[Tensor | None],
    perm: Perm,
    root: Tensor | None,
    changed: Mapping[str, Any] | None = None,
) -> list[View]:
    """The node on other inputs, so that its outputs are views, in the order `perm`, of new ones."""
    back = inverse(perm)
    types = [
        TensorType(t.dtype, None if t.dims is None else permuted(t.dims, back))
        for t in node.outputs
    ]
    new = make(node.op_type, inputs, {**node.attributes, **(changed or {})}, types, node.name)
    return [View(tensor, perm, root) for tensor in new.outputs]
