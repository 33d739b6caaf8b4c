"""What a picture of a model is made of: a table for each layer, a frame for each model within."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from konnx.graph import Tensor
    from konnx.layers import Layer
    from konnx.models import Model

STYLE = (
    "graph [bgcolor=white, labeljust=l, style=rounded, color=gray60, penwidth=1.2];",
    'graph [fontname="Helvetica,Arial,sans-serif", fontsize=13, fontcolor=gray15];',
    'node [shape=plain, fontname="Helvetica,Arial,sans-serif", fontsize=12, fontcolor=gray15];',
    "edge [color=gray35, arrowsize=0.7];",
)
_INPUT, _LAYER, _MODEL = "#d9ead3", "#dbe7f6", "#fbe5c8"  # colours behind the names


@dataclass(frozen=True)
class Shown:
    """What a picture shows of each layer; `konnx.utils.vis_utils.model_to_dot` says more."""

    names: bool = True
    shapes: bool = False
    dtype: bool = False
    activations: bool = False
    trainable: bool = False

    def rows_of(self, layer: Layer) -> Iterator[tuple[str, str]]:
        """The lines below a layer's name: what each is, and its value."""
        if self.shapes:
            for side in ("input", "output"):
                yield side, str(getattr(layer, f"{side}_shape", "multiple"))
        if self.dtype:
            yield "dtype", str(getattr(layer, "dtype", None) or "?")
        activation = getattr(layer, "activation", None)
        if self.activations and activation is not None:
            yield "activation", getattr(activation, "__name__", type(activation).__name__)
        if self.trainable:
            yield "trainable", "yes" if layer.trainable else "no"


class Drawing:
    """The nodes and edges of a model and of the models within it, as lines of DOT.

    A layer is one node in each model that holds it, however often it is called.
    """

    def __init__(
        self, model: Model, shown: Shown, expand: bool, layer_range: Sequence[str] | None
    ) -> None:
        self._model, self._shown, self._expand = model, shown, expand
        self._within = _layers_of(model)
        if layer_range is not None:
            self._within = _between(self._within, layer_range)
        self._numbers: dict[tuple[Any, Layer], str] = {}

    def lines(self) -> list[str]:
        """The lines, those of the nodes before those of the edges."""
        return [*self._nodes_of(self._model), *dict.fromkeys(self._edges_of(self._model))]

    def _nodes_of(self, model: Model) -> Iterator[str]:
        for layer in self._layers_of(model):
            if not self._is_expanded(layer):
                yield f"{self._number(model, layer)} [label=<{self._table(layer)}>];"
                continue
            yield f"subgraph cluster_{len(self._numbers)} {{"
            yield f"  label=<<b>{_escaped(layer.name)}</b>>;"
            yield from (f"  {line}" for line in self._nodes_of(layer))  # type: ignore[arg-type]
            yield "}"

    def _edges_of(self, model: Model) -> Iterator[str]:
        layers = self._layers_of(model)
        for node in model.nodes:
            for index, tensor in enumerate(node.inputs):
                if node.layer in layers and tensor._keras_history[0] in layers:
                    source = self._source(model, tensor)
                    yield f"{source} -> {self._target(model, node.layer, index)};"
        for layer in layers:
            if self._is_expanded(layer):
                yield from self._edges_of(layer)  # type: ignore[arg-type]

    def _layers_of(self, model: Model) -> list[Layer]:
        return self._within if model is self._model else _layers_of(model)

    def _is_expanded(self, layer: Layer) -> bool:
        return self._expand and hasattr(layer, "nodes")

    def _number(self, model: Any, layer: Layer) -> str:
        return self._numbers.setdefault((model, layer), f"layer_{len(self._numbers)}")

    def _source(self, model: Any, tensor: Tensor) -> str:
        """The node that makes a tensor: within a model that is expanded, its output."""
        layer, _, index = tensor._keras_history
        if self._is_expanded(layer):
            return self._source(layer, layer.outputs[index])
        return self._number(model, layer)

    def _target(self, model: Any, layer: Any, index: int) -> str:
        """The node that takes an input: within a model that is expanded, its own input."""
        if self._is_expanded(layer):
            return self._source(layer, layer.inputs[index])
        return self._number(model, layer)

    def _title(self, layer: Layer) -> str:
        name, kind = layer.name, type(layer).__name__
        wrapped: Any = getattr(layer, "layer", None)
        if hasattr(wrapped, "inbound_nodes"):
            name, kind = f"{name}({wrapped.name})", f"{kind}({type(wrapped).__name__})"
        return f"<b>{_escaped(name)}</b>: {_escaped(kind)}" if self._shown.names else _escaped(kind)

    def _table(self, layer: Layer) -> str:
        head = f'<td colspan="2" bgcolor="{_colour(layer)}">{self._title(layer)}</td>'
        rows = [
            f'<td align="left">{name}</td><td align="left">{_escaped(value)}</td>'
            for name, value in self._shown.rows_of(layer)
        ]
        cells = "".join(f"<tr>{row}</tr>" for row in (head, *rows))
        border = 'border="0" cellborder="1" cellspacing="0" cellpadding="5" color="gray60"'
        return f"<table {border}>{cells}</table>"


def _layers_of(model: Model) -> list[Layer]:
    """All layers, those of the inputs included, which a Sequential does not list."""
    return list(dict.fromkeys([node.layer for node in model.nodes]))


def _between(layers: list[Layer], ends: Sequence[str]) -> list[Layer]:
    """The layers from the first that has the one name to the last that has the other."""
    if isinstance(ends, str) or len(ends) != 2:
        raise ValueError(f"`layer_range` must hold two names. Received: layer_range={ends!r}")
    found = [
        [index for index, layer in enumerate(layers) if re.fullmatch(end, layer.name)]
        for end in ends
    ]
    if not all(found) or found[0][0] > found[1][-1]:
        names = ", ".join(layer.name for layer in layers)
        raise ValueError(
            f"`layer_range` must hold the names of two layers, the earlier one first, of: {names}. "
            f"Received: layer_range={ends!r}"
        )
    return layers[found[0][0] : found[1][-1] + 1]


def _colour(layer: Layer) -> str:
    if type(layer).__name__ == "InputLayer":
        return _INPUT
    return _MODEL if hasattr(layer, "nodes") else _LAYER


def _escaped(text: str) -> str:
    """Text for a label that looks like HTML, in which nothing invisible may stand."""
    return html.escape("".join(one if one.isprintable() else "\ufffd" for one in text))
