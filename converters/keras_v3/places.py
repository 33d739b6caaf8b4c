"""Where in the tree of a Keras 3 file the variables of each layer of a model stand.

The layers of a model are called by their classes, and counted: "layers/dense", "layers/dense_1".
Layers within a layer are called by the attribute that holds them: "layers/lstm/cell".
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from konnx.converters.errors import FileFormatError
from konnx.converters.keras_v3.tree import CONTAINERS, WeightsTree
from konnx.graph import Variable
from konnx.layers.base import Layer
from konnx.models.network import Network
from konnx.models.sequential import Sequential

Config = Mapping[str, Any]


_PYTHON_NAMES = {"GroupQueryAttention": "GroupedQueryAttention"}
"""Classes that paths call otherwise than configs do; the attributes of these are private."""


class Place(NamedTuple):
    """Where variables stand.

    Attributes:
        path: of the group of the layer, such as "layers/dense".
        layer: the layer.
        variables: of it alone, in the order of the file.
    """

    path: str
    layer: Layer
    variables: list[Variable]


class NamedLayer(NamedTuple):
    """A layer of a model, and what a file says of it.

    Attributes:
        layer: the layer.
        class_name: of it in the file.
        config: its arguments in the file, where they are known.
    """

    layer: Layer
    class_name: str
    config: Any


def weight_places(
    model: Network,
    tree: WeightsTree | None = None,
    config: Config | None = None,
    *,
    by_name: bool = False,
) -> list[Place]:
    """Return the places of all layers that a model consists of, each once.

    Args:
        model: a built model.
        tree: the file to look into; None: a file that is yet to be written, as Keras 3 names it.
        config: of the model in the same file, which tells the order of its layers and their
            classes; default: the model's own order.
        by_name: leave out the layers of the model whose names are not in the file.

    Raises:
        FileFormatError: the file holds no names to go by.
    """
    return list(_Walk(tree, by_name).network(model, "", config))


class _Walk:
    def __init__(self, tree: WeightsTree | None, only_by_name: bool) -> None:
        self._tree = tree
        self._only_by_name = only_by_name
        self._visited: set[Layer] = set()

    def network(self, network: Network, path: str, config: Config | None) -> Iterator[Place]:
        container = self._existing(path, CONTAINERS)
        named = layers_of(network, config)
        steps = class_steps([(one.class_name, one.layer) for one in named], container)
        counted = [_join(path, container, step) for step in steps]
        found = self._by_name([one.layer for one in named], counted)
        if not path and self._only_by_name:
            self._check_found(found)
        elif any(own is None for one, own in zip(named, found, strict=True) if one.layer.weights):
            found = list(counted)
        for one, own in zip(named, found, strict=True):
            if own is not None:
                yield from self._layer(one.layer, own, one.config)

    def _by_name(self, layers: Sequence[Layer], counted: list[str]) -> list[str | None]:
        """Where the layers are by the names that the file gives them.

        The layers of the file may be in another order than those of the model.
        """
        if self._tree is None:
            return [None] * len(layers)
        groups = {_without_number(path) for path in counted}
        named = {
            (self._tree.name(path), group): path for group in groups for path in self._run(group)
        }
        return [
            named.get((layer.name, _without_number(path)))
            for layer, path in zip(layers, counted, strict=True)
        ]

    def _check_found(self, found: Sequence[str | None]) -> None:
        if self._tree is not None and not any(found):
            raise FileFormatError.at(
                self._tree.file,
                None,
                "it has none of the model's layers by name",
                remedy="Keras before 3.6 writes no names; load the weights without by_name",
            )

    def _run(self, group: str) -> Iterator[str]:
        """Yield the paths of the layers of a class, as far as they are numbered without a gap."""
        assert self._tree is not None
        gap = 0
        for number in itertools.count():
            path = f"{group}_{number}" if number else group
            gap = 0 if self._tree.has(path) else gap + 1
            if gap > 1:  # every other number is used where layers are listed twice
                return
            if not gap:
                yield path

    def _layer(self, layer: Layer, path: str, config: Any) -> Iterator[Place]:
        if layer in self._visited:
            return
        self._visited.add(layer)
        if isinstance(layer, Network):
            yield from self.network(layer, path, config)
            return
        yield Place(path, layer, layer.own_weights)
        for attribute, held in _parts(layer):
            inner = _inner_config(config, attribute)
            if isinstance(held, Layer):
                steps = [attribute, f"_{attribute}", attribute.lstrip("_")]
                if class_name_of(layer) in _PYTHON_NAMES.values():
                    steps = steps[1:]
                step = self._existing(path, steps)
                yield from self._layer(held, f"{path}/{step}", inner)
                continue
            steps = class_steps([(class_name_of(one), one) for one in held], attribute)
            for one, step in zip(held, steps, strict=True):
                yield from self._layer(one, f"{path}/{attribute}/{step}", None)

    def _existing(self, path: str, steps: Sequence[str]) -> str:
        """Return the first of some steps that the file has; the first if it has none."""
        if self._tree is not None:
            for step in steps:
                if self._tree.has(_join(path, step)):
                    return step
        return steps[0]


def class_steps(layers: Sequence[tuple[str, Layer]], container: str) -> list[str]:
    """Return what layers are called in a container, by the names of their classes.

    In tf.keras 2.12 to 2.14 a model lists each layer that has weights twice.

    Example:
        >>> from konnx.layers import Add, Dense
        >>> layers = [("Dense", Dense(2)), ("Add", Add()), ("Dense", Dense(2))]
        >>> class_steps(layers, "layers")
        ['dense', 'add', 'dense_1']
    """
    counts: Counter[str] = Counter()
    steps: list[str] = []
    for class_name, layer in layers:
        name = snake_case(class_name)
        steps.append(f"{name}_{counts[name]}" if counts[name] else name)
        counts[name] += 2 if container == CONTAINERS[1] and layer.weights else 1
    return steps


def snake_case(class_name: str) -> str:
    """Return the name of a class as Keras 3 writes it in paths.

    Example:
        >>> snake_case("Conv2DTranspose"), snake_case("LSTMCell")
        ('conv2d_transpose', 'lstm_cell')
    """
    name = _PYTHON_NAMES.get(class_name, class_name)
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def class_name_of(layer: Layer) -> str:
    """Return what Keras 3 calls the class of a layer."""
    if isinstance(layer, Network):
        return "Sequential" if isinstance(layer, Sequential) else "Functional"
    return layer.class_name or type(layer).__name__


def layers_of(network: Network, config: Config | None) -> list[NamedLayer]:
    """Return the layers of a network in the order of a file, or in its own.

    Args:
        network: the network.
        config: of it in the file, if it has one.
    """
    known = {layer.name: layer for layer in network.layers}
    entries = [] if config is None else _entries(config)
    found = [
        NamedLayer(known[name], entry["class_name"], entry.get("config"))
        for name, entry in entries
        if name in known
    ]
    if {one.layer for one in found if one.layer.weights} == {
        layer for layer in network.layers if layer.weights
    }:
        return found
    return [NamedLayer(layer, class_name_of(layer), None) for layer in network.layers]


def _entries(config: Config | list[Any]) -> list[tuple[str, Config]]:
    """The layers of a model's config by name."""
    entries = config["layers"] if isinstance(config, Mapping) else config
    return [(entry.get("name") or entry["config"].get("name"), entry) for entry in entries]


def _inner_config(config: Any, attribute: str) -> Any:
    inner = config.get(attribute) if isinstance(config, Mapping) else None
    return inner.get("config") if isinstance(inner, Mapping) else None


def _parts(layer: Layer) -> list[tuple[str, Layer | list[Layer]]]:
    """The layers within a layer by the attributes that hold them, private ones last."""
    parts = set(getattr(layer, "parts", ()))
    found: list[tuple[str, Layer | list[Layer]]] = []
    for attribute in sorted(vars(layer), key=lambda name: (name.startswith("_"), name)):
        value = vars(layer)[attribute]
        if isinstance(value, Layer) and value in parts:
            found.append((attribute, value))
        elif isinstance(value, list | tuple) and attribute != "_parts":
            held = [one for one in value if isinstance(one, Layer) and one in parts]
            found += [(attribute, held)] if held else []
    return found


def _without_number(path: str) -> str:
    return re.sub(r"_\d+$", "", path)


def _join(*steps: str) -> str:
    return "/".join(step for step in steps if step)
