"""Pictures of models, and of how they were trained."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from konnx.utils.dot import Dot, quoted
from konnx.utils.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from konnx.graph import Tensor
    from konnx.layers import Layer
    from konnx.models import Model

_DIRECTIONS = ("TB", "BT", "LR", "RL")


def model_to_dot(
    model: Model,
    show_shapes: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
) -> Dot:
    """Return a model as a graph of its layers, in the DOT language.

    Args:
        model: a built model.
        show_shapes: whether to show the shapes of inputs and outputs.
        show_layer_names: whether to show names beside classes.
        rankdir: the direction: "TB" from top to bottom, "LR" from left to right, "BT" or "RL".
        expand_nested: whether to show the layers of models within, each model in a frame.

    Raises:
        ValueError: the model has no input shape yet, or the direction is unknown.

    Example:
        >>> from konnx.layers import Dense
        >>> from konnx.models import Sequential
        >>> print(model_to_dot(Sequential([Dense(2, input_shape=(3,), name="out")])))
        digraph {
          graph [rankdir=TB, concentrate=true];
          node [shape=record];
          layer_0 [label="out_input: InputLayer"];
          layer_1 [label="out: Dense"];
          layer_0 -> layer_1;
        }
    """
    model.check_built("be drawn")
    if rankdir not in _DIRECTIONS:
        raise ValueError(f"`rankdir` must be one of {_DIRECTIONS}. Received: rankdir={rankdir!r}")
    drawing = _Drawing(show_shapes, show_layer_names, expand_nested)
    head = [f"graph [rankdir={rankdir}, concentrate=true];", "node [shape=record];"]
    return Dot([*head, *drawing.nodes_of(model), *dict.fromkeys(drawing.edges_of(model))])


def plot_model(
    model: Model,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
) -> None:
    """Draw a model to a file.

    Args:
        model: a built model.
        to_file: its ending says the format: .png, .svg, .pdf or another one of Graphviz; .dot is
            the text that Graphviz draws, and needs no Graphviz.
        show_shapes: see `model_to_dot`, as for the three that follow.
        show_layer_names: whether to show names beside classes.
        rankdir: the direction.
        expand_nested: whether to show the layers of models within.

    Raises:
        OSError: Graphviz is not installed.
        ValueError: the model has no input shape yet, or the format or direction is unknown.
    """
    dot = model_to_dot(model, show_shapes, show_layer_names, rankdir, expand_nested)
    dot.write(to_file)


class _Drawing:
    """The nodes and edges of a model and of the models within it.

    A layer is one node in each model that holds it.
    """

    def __init__(self, shapes: bool, names: bool, expand: bool) -> None:
        self._shapes, self._names, self._expand = shapes, names, expand
        self._numbers: dict[tuple[Any, Layer], str] = {}

    def nodes_of(self, model: Model) -> Iterator[str]:
        """The lines that name the layers."""
        for layer in _layers_of(model):
            if not self._is_expanded(layer):
                yield f"{self._number(model, layer)} [label={self._label(layer)}];"
                continue
            yield f"subgraph cluster_{len(self._numbers)} {{"
            yield f"  label={quoted(layer.name)};"
            yield from (f"  {line}" for line in self.nodes_of(layer))  # type: ignore[arg-type]
            yield "}"

    def edges_of(self, model: Model) -> Iterator[str]:
        """The lines that connect them."""
        for node in model.nodes:
            for index, tensor in enumerate(node.inputs):
                yield f"{self._source(model, tensor)} -> {self._target(model, node.layer, index)};"
        for layer in _layers_of(model):
            if self._is_expanded(layer):
                yield from self.edges_of(layer)  # type: ignore[arg-type]

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

    def _label(self, layer: Layer) -> str:
        name, kind = layer.name, type(layer).__name__
        wrapped: Any = getattr(layer, "layer", None)
        if hasattr(wrapped, "inbound_nodes"):
            name, kind = f"{name}({wrapped.name})", f"{kind}({type(wrapped).__name__})"
        label = _escaped(f"{name}: {kind}" if self._names else kind)
        if self._shapes:
            shapes = [_escaped(_shape(layer, side)) for side in ("input_shape", "output_shape")]
            label += f"|{{input:|output:}}|{{{{{shapes[0]}}}|{{{shapes[1]}}}}}"
        return f'"{label}"'


def _layers_of(model: Model) -> list[Layer]:
    """All layers, those of the inputs included, which a Sequential does not list."""
    return list(dict.fromkeys([node.layer for node in model.nodes]))


def _shape(layer: Layer, side: str) -> str:
    shape = getattr(layer, side, "multiple")
    return str(shape or layer.output_shape)  # an input layer has no inputs, so its own shape


def _escaped(text: str) -> str:
    """Text within a label of fields, in which some characters have a meaning."""
    return "".join(f"\\{one}" if one in '\\{}|<>"' else one for one in text)


def plot_history(
    history: Any,
    to_file: str | os.PathLike[str] | None = None,
    metrics: Sequence[str] | None = None,
) -> Figure:
    """Draw how loss and metrics went from epoch to epoch, in training and validation.

    Args:
        history: what `fit` returned, or its `history`.
        to_file: where to write the picture, if anywhere: .png, .svg or .pdf.
        metrics: which to draw; default: all.

    Returns:
        A Matplotlib figure with one panel for each.

    Raises:
        ImportError: Matplotlib is not installed (the extra `plot`).
        ValueError: there is no such metric, or no epoch.
    """
    values: Mapping[str, Sequence[float]] = getattr(history, "history", history)
    names = [name for name in values if not name.startswith("val_")]
    chosen = names if metrics is None else list(metrics)
    unknown = [name for name in chosen if name not in values]
    if unknown or not chosen:
        raise ValueError(f"The history holds {', '.join(names) or 'nothing'}. Received: {unknown}")
    figure = _figure()(figsize=(4.0 * len(chosen), 3.0), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(chosen), squeeze=False)[0], chosen, strict=True):
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            if key in values:
                axes.plot(range(1, len(values[key]) + 1), values[key], label=label)
        axes.set(title=name, xlabel="epoch")
        axes.legend()
    if to_file is not None:
        with atomic_path(to_file) as temporary:
            figure.savefig(temporary)
    return figure


def _figure() -> type[Figure]:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'To draw a history, install Matplotlib: pip install "konnx[plot]"'
        ) from error
    kind: type[Figure] = Figure
    return kind
