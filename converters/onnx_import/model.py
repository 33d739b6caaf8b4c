"""From an ONNX file to a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx

from konnx.converters.errors import printable
from konnx.converters.onnx_import.assembly import Assembly
from konnx.converters.onnx_import.operators import Operators
from konnx.converters.onnx_import.partition import divide
from konnx.converters.onnx_import.reading import Source, read_model
from konnx.converters.onnx_import.refusals import check_operators
from konnx.converters.onnx_import.weights import Chosen, find_weights, safe_name, store_constants
from konnx.graph import Tensor, TensorType, Variable, dependent_nodes, load
from konnx.graph.inline import inline_functions
from konnx.graph.protos import ONNX_DOMAINS
from konnx.layers import Input
from konnx.models import Model

OLDEST_OPSET = 7

Shape = Sequence[int | None]


def from_onnx(
    source: Source,
    *,
    outputs: Sequence[str] | None = None,
    input_shapes: Mapping[str, Shape] | None = None,
    trainable: Chosen = None,
    train_batch_normalization: bool = False,
    name: str | None = None,
) -> Model:
    """Read an ONNX file as a model that predicts the same and can be trained further.

    Each node that depends on the inputs becomes a layer of the node's name (of its output's name
    if it has none, or if that is an output of the model), which holds the weights that it uses
    under the names that they have in the file. `get_layer`, `trainable`, `save`, `export` and the
    rest work as with any model; to put a new head on, call layers on the output of one.

    Weights are floats that were trained: kernels, biases, scales, tables of embeddings. Statistics
    of batch normalization and other large tensors are weights that are not trainable. Small
    numbers, shapes and axes stay constants, as do Constant nodes where other tensors are trained.
    Dropout, where the file still has it, drops in training. Nothing in the file is executed, and
    weights beside it are read from its folder only.

    Args:
        source: the path of a file, its bytes, or a model; opset 7 or later.
        outputs: names of values to return instead of the model's outputs: the place to cut it.
        input_shapes: shapes of inputs, batch included, by name; None for a size that varies.
            Default: as the file declares them.
        trainable: names of the weights to train, or a function that tells it of a name; default:
            as above.
        train_batch_normalization: whether batch normalization takes statistics of each batch in
            training, and moves its own; otherwise it keeps those of the file. Many exporters have
            merged it into the convolutions, and nothing is left to train then.
        name: of the model; default: the graph's.

    Raises:
        ValueError: operators cannot be brought to opset 18 (all are listed), the file is damaged
            or hostile (then a `FileFormatError`), or an input's shape is not declared.
        OSError: the file cannot be read.

    Example:
        >>> from konnx.converters import to_onnx
        >>> from konnx.layers import Dense
        >>> x = Input((4,), name="x")
        >>> model = from_onnx(to_onnx(Model(x, Dense(2, name="y")(x))))
        >>> model.output_names, len(model.trainable_weights)
        (['y'], 2)
    """
    model, _ = read_model(source)
    version = _opset(model)
    model = inline_functions(model)
    check_operators(model.graph, version)
    weights = _weights(model.graph, trainable)
    inputs = _inputs(model.graph, input_shapes or {})
    loaded = load(
        model,
        {**inputs, **weights},
        outputs=outputs,
        convert=Operators(version, keep_batch_normalization=train_batch_normalization),
    )
    names = {tensor: safe_name(key, "output") for key, tensor in loaded.outputs.items()}
    assembly = Assembly(
        {tensor: tensor for tensor in inputs.values()},
        {t: one for t, one in names.items() if t not in inputs.values()},
        [tensor.name for tensor in inputs.values()],
    )
    wanted = list(loaded.outputs.values())
    _check_dependence(loaded.outputs, list(inputs.values()))
    assembly.run(divide(model.graph, loaded.values, list(inputs.values()), wanted))
    results = [
        assembly.output(safe_name(key, "output"), tensor) for key, tensor in loaded.outputs.items()
    ]
    title = name or safe_name(model.graph.name, "") or None
    return Model(list(inputs.values()), results, name=title)


def _weights(graph: onnx.GraphProto, trainable: Chosen) -> dict[str, Variable]:
    """Weights among the initializers; if none is trained, among the Constant nodes, too."""
    if trainable is None and not any(one.trainable for one in find_weights(graph).values()):
        store_constants(graph)
    return find_weights(graph, trainable)


def _check_dependence(outputs: Mapping[str, Tensor], inputs: Sequence[Tensor]) -> None:
    dynamic = dependent_nodes(list(outputs.values()), inputs)
    for name, tensor in outputs.items():
        if tensor.node not in dynamic:
            raise ValueError(f"The output {printable(name, 60)!r} does not depend on any input.")


def _opset(model: onnx.ModelProto) -> int:
    versions = [int(one.version) for one in model.opset_import if one.domain in ONNX_DOMAINS]
    newest = onnx.defs.onnx_opset_version()
    if len(versions) != 1 or not OLDEST_OPSET <= versions[0] <= newest:
        raise ValueError(
            f"A file must be of one opset from {OLDEST_OPSET} to {newest}, the newest that the "
            f"installed onnx {onnx.__version__} knows. Received: opset "
            f"{', '.join(map(str, versions)) or 'none'}"
        )
    return versions[0]


def _inputs(graph: onnx.GraphProto, shapes: Mapping[str, Shape]) -> dict[str, Tensor]:
    stored = {tensor.name for tensor in graph.initializer}
    declared = {one.name: one.type for one in graph.input if one.name not in stored}
    unknown = sorted(set(shapes) - set(declared))
    if unknown:
        raise ValueError(
            f"`input_shapes` names inputs that the file does not have: {', '.join(unknown)}. "
            f"Its inputs: {', '.join(printable(one, 60) for one in declared)}"
        )
    return {key: _input(key, type_, shapes.get(key)) for key, type_ in declared.items()}


def _input(name: str, proto: onnx.TypeProto, shape: Shape | None) -> Tensor:
    try:
        type_ = TensorType.from_proto(proto)
        given = type_.shape if shape is None else tuple(shape)
        if not given:
            raise ValueError(
                "its shape is not declared, or has no batch. Give it as input_shapes={name: shape}"
            )
    except ValueError as error:
        raise ValueError(f"Input {printable(name, 60)!r}: {error}") from error
    return Input(batch_shape=given, dtype=type_.dtype, name=safe_name(name, "input"))
