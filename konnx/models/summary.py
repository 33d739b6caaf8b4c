"""A table of a model's layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from konnx.layers.base import Layer
from konnx.layers.node import history_of
from konnx.models.network import Network
from konnx.utils.layer_utils import count_params

Print = Callable[[str], None]


def print_summary(
    network: Network,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Print | None = None,
) -> None:
    """Print each layer's name, class, output shape and number of parameters.

    Args:
        network: a built model.
        line_length: characters a line; default 65, or 98 where connections are shown.
        positions: where the columns end, as fractions of a line or in characters.
        print_fn: called with each line; default `print`.
    """
    write = print_fn or print
    connected = not _is_chain(network)
    length = line_length or (98 if connected else 65)
    ends = [
        int(length * end) if end <= 1 else int(end)
        for end in positions or ([0.33, 0.55, 0.67, 1.0] if connected else [0.45, 0.85, 1.0])
    ]
    header = ["Layer (type)", "Output Shape", "Param #", "Connected to"][: 4 if connected else 3]
    write("_" * length)
    write(_row(header, ends))
    write("=" * length)
    for index, layer in enumerate(network.layers):
        for row in _rows(layer, network, connected):
            write(_row(row, ends))
        write(("=" if index == len(network.layers) - 1 else "_") * length)
    for line in _totals(network):
        write(line)
    write("_" * length)


def _is_chain(network: Network) -> bool:
    """Tell whether every layer is called once, on the only output of the one before."""
    calls = [node for node in network.nodes if node.inputs]
    sources = [tensor for node in calls for tensor in node.inputs]
    return (
        all(len(node.inputs) == 1 for node in calls)
        and len({node.layer for node in network.nodes}) == len(network.nodes)
        and len(set(sources)) == len(sources)
        and len(network.inputs) == 1
    )


def _rows(layer: Layer, network: Network, connected: bool) -> list[list[str]]:
    try:
        shape = str(layer.output_shape)
    except AttributeError:
        shape = "multiple"
    first = [f"{layer.name} ({type(layer).__name__})", shape, str(layer.count_params())]
    if not connected:
        return [first]
    sources = _sources(layer, network) or [""]
    return [[*first, sources[0]], *[["", "", "", source] for source in sources[1:]]]


def _sources(layer: Layer, network: Network) -> list[str]:
    own = set(network.nodes)
    origins = [
        history_of(tensor) for node in layer.inbound_nodes if node in own for tensor in node.inputs
    ]
    return [f"{one.layer.name}[{one.node_index}][{one.tensor_index}]" for one in origins]


def _row(fields: Sequence[str], ends: Sequence[int]) -> str:
    line = ""
    for text, end in zip(fields, ends, strict=False):
        line = f"{line[:-1]} {text}" if line else text
        line = line[:end].ljust(end)
    return line


def _totals(network: Network) -> list[str]:
    total = count_params(network.trainable_weights + network.non_trainable_weights)
    trained = count_params(getattr(network, "trained_weights", network.trainable_weights))
    return [
        f"Total params: {total:,}",
        f"Trainable params: {trained:,}",
        f"Non-trainable params: {total - trained:,}",
    ]
