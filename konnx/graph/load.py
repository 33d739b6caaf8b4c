"""From an ONNX model to an expression graph: what `emit` does, backwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import onnx
from onnx import defs

from konnx.graph.inline import inline_functions
from konnx.graph.load_bodies import control_flow, outer_names
from konnx.graph.operators import infer_types, refine
from konnx.graph.protos import (
    ONNX_DOMAINS,
    called,
    constant_array,
    constant_of,
    read_attributes,
    read_graphs,
    stored_array,
    stored_type,
)
from konnx.graph.tensor import INTERNAL, OPSET, Node, ShapeError, Tensor, current_scope
from konnx.graph.types import OMITTED, TensorType, merge_dims

InferTypes = Callable[[onnx.NodeProto, Sequence[Tensor | None]], Sequence[TensorType | None] | None]
"""Says the types of a node's outputs; None, for all or for one of them: it does not know."""

Convert = Callable[
    [onnx.NodeProto, Sequence[Tensor | None], Mapping[str, Any]], Sequence[Tensor] | None
]
"""Makes what stands for a node, of its inputs and attributes; None: the node as it is."""


@dataclass(frozen=True)
class Loaded:
    """Tensors of an ONNX model.

    Attributes:
        outputs: the outputs asked for, by name, in order.
        values: every value that was needed for them, by name; outputs and what was given included.
    """

    outputs: dict[str, Tensor]
    values: dict[str, Tensor]


def load(
    model: onnx.ModelProto,
    given: Mapping[str, Tensor],
    *,
    outputs: Sequence[str] | None = None,
    infer: InferTypes | None = None,
    convert: Convert | None = None,
) -> Loaded:
    """Read an ONNX model into tensors that are computed from others.

    Initializers become constants, functions of the model are inlined, and nodes keep their names,
    inside the name scope that is open. Types come from ONNX' own inference; what that leaves open,
    and nodes of other domains, take the types that `infer` says or the model declares.

    Args:
        model: of opset 18, unless `convert` brings all nodes to it; its weights must be inside.
        given: tensors by the names of what they stand for: the model's inputs, initializers that
            shall be something else (such as a `Variable`), and any value within, at which the model
            is then cut. Names that the model does not have are no error.
        outputs: names of the values to return; default: the model's outputs.
        infer: says the output types of nodes that ONNX does not know.
        convert: is offered each node, but for constants and control flow; it may make others.

    Raises:
        ValueError: the model is damaged, its opset is another one, an input is not given, or the
            type of a node's output cannot be told; names the node.
        ShapeError: inputs do not fit an operator, or a given tensor does not fit its place.

    Example:
        >>> from onnx import parser
        >>> from konnx.graph import placeholder
        >>> model = parser.parse_model(
        ...     '<ir_version: 8, opset_import: ["" : 18]> g (float[N, 3] x) => (y) {y = Relu(x)}'
        ... )
        >>> load(model, {"x": placeholder(("batch", 3))}).outputs["y"]
        <Tensor 'Relu' shape=('batch', 3) dtype=float32>
    """
    if convert is None:
        _check_opset(model)
    loader = _Loader(inline_functions(model).graph, infer, convert)
    loader.give(given)
    names = [value.name for value in model.graph.output] if outputs is None else outputs
    loader.make(names)
    return Loaded({name: loader.values[name] for name in names}, loader.values)


def _check_opset(model: onnx.ModelProto) -> None:
    versions = {one.version for one in model.opset_import if one.domain in ONNX_DOMAINS}
    if versions - {OPSET}:
        raise ValueError(
            f"A model must be of opset {OPSET} to be loaded. Received: opset "
            f"{', '.join(map(str, sorted(versions)))}. konnx.converters.from_onnx reads others."
        )


class _Loader:
    """Makes the tensors of one graph, by the names of its values."""

    def __init__(
        self,
        graph: onnx.GraphProto,
        infer: InferTypes | None,
        convert: Convert | None,
        outer: Mapping[str, Tensor] = MappingProxyType({}),
    ) -> None:
        self.values: dict[str, Tensor] = {}
        self._graph = graph
        self._infer = infer
        self._convert = convert
        self._outer = outer
        self._initializers = {tensor.name: tensor for tensor in graph.initializer}
        self._makers = _makers(graph)
        self._declared = {
            value.name: value.type for value in (*graph.value_info, *graph.output, *graph.input)
        }
        if graph.sparse_initializer:
            raise ValueError("Sparse initializers are not supported. Store them as dense ones.")

    def give(self, given: Mapping[str, Tensor]) -> None:
        """Let tensors stand for values of the graph."""
        inputs = {value.name for value in self._graph.input}
        for name, tensor in given.items():
            if name in inputs or name in self._initializers or name in self._makers:
                self._check_given(name, tensor)
                self.values[name] = tensor

    def _check_given(self, name: str, tensor: Tensor) -> None:
        stored = self._initializers.get(name)
        declared = self._type_declared(name) if stored is None else stored_type(stored)
        if declared is None:
            return
        try:
            if tensor.dtype != declared.dtype:
                raise ValueError(f"dtypes {declared.dtype} and {tensor.dtype} differ")
            merge_dims(declared.dims, tensor.dims)
        except ValueError as error:
            raise ShapeError(f"{tensor!r} cannot stand for {name!r}: {error}") from error

    def make(self, names: Iterable[str]) -> None:
        """Make values, and first those that they need; walks, as graphs are thousands deep."""
        unfinished: set[str] = set()
        stack = [(name, "") for name in reversed(list(names))]
        while stack:
            name, user = stack[-1]
            if name in self.values:
                stack.pop()
                continue
            node = self._makers.get(name)
            missing = [n for n in _needs(node) if n not in self.values]
            if node is None:
                self.values[name] = self._stored(name, user)
            elif not missing:
                self._make_node(node)
            elif name in unfinished:
                raise ValueError(f"{called(node)} needs its own output: the graph has a cycle.")
            else:
                unfinished.add(name)
                stack += [(n, called(node)) for n in reversed(missing)]

    def _stored(self, name: str, user: str) -> Tensor:
        if name in self._outer:
            return self._outer[name]
        tensor = self._initializers.get(name)
        if tensor is not None:
            with _naming(f"Initializer {name!r}"):
                return constant_of(stored_array(tensor), name)
        needed = f"{user} needs" if user else "An output is"
        inputs = [one.name for one in self._graph.input]
        if name in inputs:
            raise ValueError(f"{needed} the input {name!r}, which is not given. Inputs: {inputs}")
        raise ValueError(f"{needed} {name!r}, which nothing in the graph makes.")

    def _make_node(self, node: onnx.NodeProto) -> None:
        inputs = [self.values[name] if name else None for name in node.input]
        while inputs and inputs[-1] is None:
            inputs.pop()
        with _naming(called(node)):
            tensors = self._outputs_of(node, inputs)
        for name, tensor in zip(node.output, tensors, strict=False):
            if name:
                self.values.setdefault(name, tensor)  # what was given stays

    def _outputs_of(
        self, node: onnx.NodeProto, inputs: Sequence[Tensor | None]
    ) -> Sequence[Tensor]:
        if node.op_type == "Constant" and node.domain in ONNX_DOMAINS:
            return [constant_of(constant_array(node), node.output[0])]
        domain = "" if node.domain in ONNX_DOMAINS else node.domain
        if domain == INTERNAL:
            raise ValueError(f"The domain {domain!r} is konnx' own and cannot be in a file.")
        attributes = read_attributes(node)
        scope, name = current_scope(), node.name.strip("/") or node.op_type
        name = f"{scope}/{name}" if scope else name
        if read_graphs(node):
            outer = [self.values[name] for name in dict.fromkeys(outer_names(node))]
            return control_flow(node, inputs, attributes, outer, self._load_body, name)
        converted = self._convert and self._convert(node, inputs, attributes)
        if converted is not None:
            pairs = zip(node.output, converted, strict=False)
            return [self._with_declared_rank(*pair) for pair in pairs]
        types = self._types(node, inputs, attributes)
        return Node(node.op_type, inputs, attributes, types, domain=domain, name=name).outputs

    def _load_body(self, graph: onnx.GraphProto, parameters: Sequence[Tensor]) -> list[Tensor]:
        loader = _Loader(graph, self._infer, self._convert, {**self._outer, **self.values})
        names = [value.name for value in graph.input]
        loader.give(dict(zip(names, parameters, strict=True)))
        results = [value.name for value in graph.output]
        loader.make(results)
        return [loader.values[name] for name in results]

    def _types(
        self,
        node: onnx.NodeProto,
        inputs: Sequence[Tensor | None],
        attributes: Mapping[str, Any],
    ) -> list[TensorType]:
        names = list(node.output)
        while names and not names[-1]:
            names.pop()
        known: Sequence[TensorType | None] | None = None
        if is_standard(node):
            known = infer_types(node.op_type, inputs, attributes, len(names))
        elif self._infer is not None:
            known = self._infer(node, inputs)
        known = [None] * len(names) if known is None else known
        return [self._type(name, one) for name, one in zip(names, known, strict=False)]

    def _with_declared_rank(self, name: str, tensor: Tensor) -> Tensor:
        """Add the shape that the model declares where not even the rank is known."""
        declared = self._type_declared(name) if name and tensor.dims is None else None
        if declared is None or declared.dims is None or declared.dtype != tensor.dtype:
            return tensor
        return refine(tensor, declared.dims)

    def _type(self, name: str, known: TensorType | None) -> TensorType:
        """Join what is known of an output with what the model declares; the former is right."""
        if not name:
            return OMITTED
        declared = self._type_declared(name)
        if known is None:
            if declared is None:
                raise ValueError(
                    f"the type of its output {name!r} is unknown, as ONNX {onnx.__version__} does "
                    "not know the operator and the model does not declare it"
                )
            return declared
        if declared is None or declared.dtype != known.dtype:
            return known
        try:
            return TensorType(known.dtype, merge_dims(known.dims, declared.dims))
        except ValueError:
            return known

    def _type_declared(self, name: str) -> TensorType | None:
        declared = self._declared.get(name)
        if declared is None or not declared.tensor_type.elem_type:
            return None
        return TensorType.from_proto(declared)


def _needs(node: onnx.NodeProto | None) -> list[str]:
    """The names of the values that a node takes, those of its graphs included."""
    return [] if node is None else [name for name in (*node.input, *outer_names(node)) if name]


def is_standard(node: onnx.NodeProto) -> bool:
    """Tell whether ONNX itself defines the operator in the opset that konnx emits."""
    if node.domain not in ONNX_DOMAINS or not defs.has(node.op_type):
        return False
    try:
        return not defs.get_schema(node.op_type, OPSET, "").deprecated
    except defs.SchemaError:
        return False  # it came later


def _makers(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """Which node makes a value."""
    makers: dict[str, onnx.NodeProto] = {}
    for values in (graph.input, graph.initializer):
        twice = [name for name, count in Counter(one.name for one in values).items() if count > 1]
        if twice:
            raise ValueError(f"The graph has several inputs or initializers called {twice[0]!r}.")
    stored = {value.name for value in (*graph.input, *graph.initializer)}
    for node in graph.node:
        for name in node.output:
            if name and (name in makers or name in stored):
                raise ValueError(f"{called(node)} makes {name!r}, which exists already.")
            makers[name] = node
    makers.pop("", None)
    return makers


@contextmanager
def _naming(where: str) -> Iterator[None]:
    """Say where it was that something went wrong."""
    try:
        yield
    except KeyError as error:
        raise ValueError(f"{where}: it lacks the attribute {error}") from error
    except (ValueError, TypeError) as error:
        kind = ShapeError if isinstance(error, ShapeError) else ValueError
        raise kind(f"{where}: {error}") from error
