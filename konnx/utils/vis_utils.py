"""Pictures of models, and of how they were trained."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from konnx.utils.dot import Dot
from konnx.utils.drawing import STYLE, Drawing, Shown
from konnx.utils.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from konnx.models import Model

_DIRECTIONS = ("TB", "BT", "LR", "RL")
_COLUMNS = 3


def model_to_dot(
    model: Model,
    show_shapes: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    *,
    dpi: int = 96,
    show_dtype: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> Dot:
    """Return a model as a graph of its layers, in the DOT language.

    Args:
        model: a built model.
        show_shapes: whether to show the shapes of inputs and outputs.
        show_layer_names: whether to show names beside classes.
        rankdir: the direction: "TB" from top to bottom, "LR" from left to right, "BT" or "RL".
        expand_nested: whether to show the layers of models within, each model in a frame.
        dpi: dots per inch of a picture that is made of dots.
        show_dtype: whether to show dtypes.
        show_layer_activations: whether to show the activations of layers that have one.
        show_trainable: whether to show which layers are trainable.
        layer_range: the names of two layers, or regular expressions for them: those from the first
            match of the one to the last match of the other are shown; default: all.

    Raises:
        ValueError: the model has no input shape yet, the direction is unknown, or there is no
            layer of such a name.

    Example:
        >>> from konnx.layers import Dense
        >>> from konnx.models import Sequential
        >>> dot = model_to_dot(Sequential([Dense(2, input_shape=(3,), name="out")]))
        >>> print(dot.lines[-1])
        layer_0 -> layer_1;
    """
    model.check_built("be drawn")
    if rankdir not in _DIRECTIONS:
        raise ValueError(f"`rankdir` must be one of {_DIRECTIONS}. Received: rankdir={rankdir!r}")
    shown = Shown(show_layer_names, show_shapes, show_dtype, show_layer_activations, show_trainable)
    drawing = Drawing(model, shown, expand_nested, layer_range)
    # Frames have their names where no arrow enters them.
    labels = "b" if rankdir == "TB" else "t"
    head = f"graph [rankdir={rankdir}, labelloc={labels}];"
    return Dot([head, *STYLE, *drawing.lines()], dpi=dpi)


def plot_model(
    model: Model,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    *,
    dpi: int = 96,
    show_dtype: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> Dot:
    """Draw a model to a file.

    Args:
        model: a built model.
        to_file: its ending says the format: .png, .svg, .pdf or another one of Graphviz; .dot is
            the text that Graphviz draws, and needs no Graphviz.
        show_shapes: see `model_to_dot`, as for all that follow.
        show_layer_names: whether to show names beside classes.
        rankdir: the direction.
        expand_nested: whether to show the layers of models within.
        dpi: dots per inch.
        show_dtype: whether to show dtypes.
        show_layer_activations: whether to show activations.
        show_trainable: whether to show which layers are trainable.
        layer_range: the names of the first and the last layer to show.

    Returns:
        What was drawn, which notebooks show.

    Raises:
        OSError: Graphviz is not installed.
        ValueError: see `model_to_dot`; or Graphviz does not know the format.
    """
    dot = model_to_dot(
        model,
        show_shapes,
        show_layer_names,
        rankdir,
        expand_nested,
        dpi=dpi,
        show_dtype=show_dtype,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        layer_range=layer_range,
    )
    dot.write(to_file)
    return dot


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
        A Matplotlib figure with one panel for each, three in a row.

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
    columns = min(len(chosen), _COLUMNS)
    rows = -(-len(chosen) // columns)
    figure = _figure()(figsize=(4.0 * columns, 3.0 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flat
    for axes, name in zip(panels, chosen, strict=False):
        _draw_metric(axes, name, values, getattr(history, "epoch", ()))
    for axes in panels[len(chosen) :]:
        axes.remove()
    if to_file is not None:
        with atomic_path(to_file) as temporary:
            figure.savefig(temporary)
    return figure


def _draw_metric(
    axes: Axes, name: str, values: Mapping[str, Sequence[float]], epochs: Sequence[int]
) -> None:
    for key, label in ((name, "training"), (f"val_{name}", "validation")):
        if key in values:
            # Epochs count from 0; a mapping does not say with which training began.
            first = epochs[0] + 1 if epochs else 1
            numbers = range(first, first + len(values[key]))
            axes.plot(numbers, values[key], label=label, marker="o", markersize=3)
    axes.set(title=name, xlabel="epoch")
    axes.locator_params(axis="x", integer=True, min_n_ticks=1)
    axes.grid(alpha=0.3)
    if f"val_{name}" in values:
        axes.legend()


def _figure() -> type[Figure]:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'To draw a history, install Matplotlib: pip install "konnx[plot]"'
        ) from error
    kind: type[Figure] = Figure
    return kind
