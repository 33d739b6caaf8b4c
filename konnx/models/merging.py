"""Models that Keras 1 merged at the bottom of a Sequential, and what it wrote of such stacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from konnx.layers.base import Layer
from konnx.layers.registry import deserialize
from konnx.legacy.layers import merging_layer, warn_deprecated
from konnx.legacy.names import to_keras_2
from konnx.models.model import Model

if TYPE_CHECKING:
    from konnx.models.sequential import Sequential

Stack = TypeVar("Stack", bound="Sequential")


def Merge(  # noqa: N802  # Keras' own name
    layers: Sequence[Any] | None = None,
    mode: str | Callable[..., Any] = "sum",
    concat_axis: int = -1,
    dot_axes: int | Sequence[int] = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: dict[str, Any] | None = None,
    name: str | None = None,
) -> Layer:
    """Return what Keras 1's `Merge` layer did, as a layer or model of Keras 2.

    Args:
        layers: two or more models of one output, to stand at the bottom of a `Sequential`; None:
            a layer to be called on tensors is wanted.
        mode: see `konnx.legacy.layers.merge`, as for all that follow.
        concat_axis: of "concat".
        dot_axes: of "dot" and "cos".
        output_shape: of a function.
        output_mask: of a function.
        arguments: of a function.
        name: of the layer.

    Returns:
        A layer such as `Add`; a `Model` from the inputs of the models to their merged outputs.

    Raises:
        TypeError: `layers` are not two or more models.
        ValueError: the mode is unknown, or the outputs do not fit.

    Example:
        >>> import warnings
        >>> from konnx.layers import Dense
        >>> from konnx.models import Sequential
        >>> left, right = (Sequential([Dense(4, input_shape=(size,))]) for size in (3, 5))
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     model = Sequential([Merge([left, right], mode="concat"), Dense(1)])
        >>> [one.shape for one in model.inputs], model.output_shape
        ([(None, 3), (None, 5)], (None, 1))
    """
    warn_deprecated("`Merge` layer")
    layer = merging_layer(mode, concat_axis, dot_axes, output_shape, output_mask, arguments, name)
    if not layers:
        return layer
    if len(layers) < 2 or not all(isinstance(one, Model) and one.built for one in layers):
        raise TypeError(
            "`Merge` takes two or more models whose first layers have an `input_shape`. "
            f"Received: layers={list(layers)!r}"
        )
    return _joined(layers, layer)


def _joined(branches: Sequence[Any], layer: Layer) -> Model:
    """The model from the inputs of models to their merged outputs."""
    inputs = dict.fromkeys(tensor for model in branches for tensor in model.inputs)
    return Model(list(inputs), layer([model.outputs[0] for model in branches]))


def stack_of_keras_1(
    cls: type[Stack], config: Sequence[Mapping[str, Any]], made: MutableMapping[str, Layer]
) -> Stack:
    """Return a Sequential of what Keras 1 wrote; see `Sequential.legacy_from_config`."""
    stack = cls()
    for entry in config:
        stack.add(_layer_of_keras_1(_with_class(entry), made))
    return stack


def _with_class(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Class name and config of a layer, which Keras before 1.0 wrote as one."""
    if "class_name" in entry:
        return entry
    arguments = {key: value for key, value in entry.items() if key != "custom_name"}
    named = {**arguments, "name": entry.get("custom_name")}
    return {"class_name": entry["name"], "config": named}


def _layer_of_keras_1(entry: Mapping[str, Any], made: MutableMapping[str, Layer]) -> Layer:
    given = entry["config"]
    if isinstance(given, Mapping):
        if given.get("name") in made:
            return made[given["name"]]
        if entry["class_name"] == "Merge" and given.get("layers"):
            return _merged([_layer_of_keras_1(one, {}) for one in given["layers"]], given)
    class_name, arguments, _ = to_keras_2(entry["class_name"], entry["config"])
    layer: Layer = deserialize({"class_name": class_name, "config": arguments})
    made[layer.name] = layer
    return layer


def _merged(branches: Sequence[Any], arguments: Mapping[str, Any]) -> Layer:
    taken = ("mode", "concat_axis", "dot_axes", "name")
    layer = merging_layer(**{key: arguments[key] for key in taken if key in arguments})
    return _joined(branches, layer)
