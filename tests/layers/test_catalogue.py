"""Every layer of konnx keeps what all layers promise, in memory and in files."""

from __future__ import annotations

import base64
import inspect
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from konnx import layers
from konnx.layers import LAYERS, Layer, deserialize
from konnx.testing.layers import check_layer
from konnx.testing.samples import spaced

FILE = Path(__file__).parents[1] / "goldens" / "layers.npz"
SEQUENCE, FILM = (3, 4, 2), (2, 3, 5, 4, 2)

pytestmark = pytest.mark.filterwarnings("ignore:The `.*` layer is of Keras 1")

Case = tuple[str, dict[str, Any], list[tuple[int, ...]]]
Config = dict[str, Any]


def part(class_name: str, **arguments: Any) -> Config:
    """A layer within another one."""
    return {"class_name": class_name, "config": arguments}


def double(x: Any, by: float = 2.0) -> Any:
    return x * by


def graph(text: str) -> str:
    return base64.b64encode(onnx.parser.parse_model(text).SerializeToString()).decode()


NEGATION = graph("""
    <ir_version: 8, opset_import: ["" : 18]>
    negation (float[N, 3] x) => (float[N, 3] y) { y = Neg (x) }
""")
PRODUCT = graph("""
    <ir_version: 8, opset_import: ["" : 18]>
    product (float[N, 3] x, float[3, 2] w) => (float[N, 2] y) { y = MatMul (x, w) }
""")
SUM = graph("""
    <ir_version: 8, opset_import: ["" : 18]>
    sum (float[N, 3] x, float[3] b) => (float[N, 3] y) { y = Add (x, b) }
""")


def weighted(model: str, name: str, shape: list[int]) -> Config:
    variable = {"name": "w", "shape": shape, "dtype": "float32", "trainable": True}
    return {"graphs": [{"model": model, "weights": {name: 0}}], "variables": [variable]}


SIGMOID = {"recurrent_activation": "sigmoid"}
RECURRENT: list[tuple[Config, tuple[int, ...]]] = [
    ({"units": 3}, SEQUENCE),
    ({"units": 3, "return_sequences": True, "use_bias": False}, SEQUENCE),
    ({"units": 2, "go_backwards": True, "activation": "sigmoid"}, SEQUENCE),
    ({"units": 2, "unroll": True, "kernel_regularizer": "l2", "bias_constraint": "non_neg"},
     SEQUENCE),
]  # fmt: skip
CUDNN = [
    ({"units": 3}, SEQUENCE),
    ({"units": 3, "return_sequences": True}, SEQUENCE),
    ({"units": 2, "go_backwards": True}, SEQUENCE),
    ({"units": 2, "recurrent_regularizer": "l2", "kernel_constraint": "max_norm"}, SEQUENCE),
]
IMAGES: Config = {"filters": 2, "kernel_size": 2}


def of_cells(class_name: str, *arguments: Config) -> list[tuple[Config, tuple[int, ...]]]:
    cells = [part(class_name, units=3, **more) for more in arguments]
    return [({"cell": cell, "return_sequences": i == 1}, SEQUENCE) for i, cell in enumerate(cells)]


def stack(*parts: Config) -> Config:
    return part("StackedRNNCells", cells=list(parts))


# Layers whose goldens are elsewhere or name functions: (arguments, shape or list of shapes).
OTHERS: dict[str, list[tuple[Config, Any]]] = {
    "ApplyMask": [
        ({}, [(2, *sizes), (2, sizes[0])]) for sizes in ((3, 2), (1, 2), (4,), (3, 2, 2))
    ],
    "SimpleRNN": RECURRENT,
    "GRU": [*RECURRENT, ({"units": 3, "reset_after": True, **SIGMOID}, SEQUENCE)],
    "LSTM": [*RECURRENT, ({"units": 3, "implementation": 2, **SIGMOID}, SEQUENCE)],
    "CuDNNGRU": CUDNN,
    "CuDNNLSTM": CUDNN,
    "SimpleRNNCell": of_cells(
        "SimpleRNNCell", {}, {"use_bias": False}, {"activation": "relu"}, {"dropout": 0.2}
    ),
    "GRUCell": of_cells(
        "GRUCell", {}, {"use_bias": False}, {"reset_after": True}, {"implementation": 2}
    ),
    "LSTMCell": of_cells(
        "LSTMCell", {}, {"unit_forget_bias": False}, {"activation": "softsign"}, SIGMOID
    ),
    "StackedRNNCells": [
        ({"cell": stack(part("LSTMCell", units=3))}, SEQUENCE),
        ({"cell": stack(part("GRUCell", units=2), part("LSTMCell", units=3))}, SEQUENCE),
        ({"cell": stack(*[part("SimpleRNNCell", units=2)] * 3), "return_sequences": True},
         SEQUENCE),
        ({"cell": stack(stack(part("GRUCell", units=2)), part("GRUCell", units=3)),
          "go_backwards": True}, SEQUENCE),
    ],
    "RNN": [
        ({"cell": part("LSTMCell", units=2)}, SEQUENCE),
        ({"cell": part("GRUCell", units=3), "return_sequences": True}, SEQUENCE),
        ({"cell": part("SimpleRNNCell", units=3), "unroll": True}, SEQUENCE),
        ({"cell": part("GRUCell", units=2), "go_backwards": True}, SEQUENCE),
    ],
    "ConvLSTM2DCell": [
        ({"cell": part("ConvLSTM2DCell", **IMAGES)}, FILM),
        ({"cell": part("ConvLSTM2DCell", padding="same", **IMAGES), "return_sequences": True},
         FILM),
        ({"cell": part("ConvLSTM2DCell", strides=2, use_bias=False, **IMAGES)}, FILM),
        ({"cell": part("ConvLSTM2DCell", dilation_rate=2, **IMAGES), "go_backwards": True}, FILM),
    ],
    "ConvRNN2D": [
        ({"cell": part("ConvLSTM2DCell", **IMAGES)}, FILM),
        ({"cell": part("ConvLSTM2DCell", **IMAGES), "return_sequences": True}, FILM),
        ({"cell": part("ConvLSTM2DCell", **IMAGES), "go_backwards": True}, FILM),
        ({"cell": part("ConvLSTM2DCell", activation="relu", **IMAGES)}, FILM),
    ],
    "ConvLSTM2D": [
        (IMAGES, FILM),
        ({**IMAGES, "padding": "same", "return_sequences": True}, FILM),
        ({**IMAGES, "strides": 2, "go_backwards": True}, FILM),
        ({**IMAGES, "return_sequences": True, "data_format": "channels_first"}, (2, 3, 2, 5, 4)),
        ({**IMAGES, "data_format": "channels_first"}, (2, 3, 2, 5, 4)),
    ],
    "TimeDistributed": [
        ({"layer": part("Dense", units=3)}, SEQUENCE),
        ({"layer": part("Conv2D", **IMAGES)}, FILM),
        ({"layer": part("BatchNormalization")}, SEQUENCE),
        ({"layer": part("LSTM", units=2, **SIGMOID)}, (2, 3, 4, 2)),
    ],
    "Bidirectional": [
        ({"layer": part("LSTM", units=2)}, SEQUENCE),
        ({"layer": part("GRU", units=2, return_sequences=True), "merge_mode": "sum"}, SEQUENCE),
        ({"layer": part("SimpleRNN", units=2), "merge_mode": "mul"}, SEQUENCE),
        ({"layer": part("LSTM", units=2, go_backwards=True), "merge_mode": "ave"}, SEQUENCE),
    ],
    "Wrapper": [
        ({"layer": part(name, **arguments)}, shape) for name, arguments, shape in (
            ("Dense", {"units": 3}, (2, 4)),
            ("Dense", {"units": 3, "activation": "tanh", "use_bias": False}, SEQUENCE),
            ("BatchNormalization", {}, SEQUENCE),
            ("Flatten", {}, SEQUENCE),
        )
    ],
    "Lambda": [
        ({"function": double}, (2, 3)),
        ({"function": double, "arguments": {"by": -1.0}}, SEQUENCE),
        ({"function": double, "output_shape": [3]}, (2, 3)),
        ({"function": double, "arguments": {"by": 0.5}}, (2, 3, 4, 1)),
    ],
    "Operation": [
        ({"symbol": f"keras.ops.{name}", "args": [layers.operand(0), *args], "kwargs": more}, shape)
        for name, args, more, shape in (
            ("Multiply", [2.0], {}, (2, 3)),
            ("Mean", [], {"axis": 1, "keepdims": True}, SEQUENCE),
            ("Swapaxes", [], {"axis1": 1, "axis2": 2}, SEQUENCE),
            ("Silu", [], {}, (2, 3)),
        )
    ],
    "CosineMerge": [
        ({"axes": 1}, [(2, 3), (2, 3)]),
        ({}, [(2, 3), (2, 3)]),
        ({"axes": [2, 1]}, [(2, 4, 3), (2, 3, 5)]),
        ({"axes": -1}, [(2, 4, 3), (2, 5, 3)]),
    ],
    "MaxoutDense": [
        ({"output_dim": 3}, (2, 4)),
        ({"output_dim": 3, "nb_feature": 2, "bias": False}, (2, 4)),
        ({"output_dim": 2, "init": "he_normal", "W_regularizer": "l2", "b_constraint": "non_neg"},
         (2, 4)),
        ({"output_dim": 1, "nb_feature": 1, "activity_regularizer": "l1"}, (2, 4)),
    ],
    "Highway": [
        ({}, (2, 4)),
        ({"activation": "tanh", "bias": False}, (2, 4)),
        ({"init": "he_normal", "W_regularizer": "l2", "b_constraint": "non_neg"}, (2, 4)),
        ({"activation": "sigmoid", "W_constraint": "max_norm", "b_regularizer": "l1"}, (2, 4)),
    ],
    "IntegerLookup": [
        ({"vocabulary": [1, 3, 4], **more}, (2, 3))
        for more in ({}, {"mask_token": 0}, {"num_oov_indices": 2}, {"output_mode": "count"})
    ],
    "Identity": [({}, shape) for shape in ((2, 3), SEQUENCE, (2, 3, 4, 1), (2, 1))],
    "ONNXGraph": [
        ({"graphs": [{"model": NEGATION, "weights": {}}]}, (2, 3)),
        (weighted(PRODUCT, "w", [3, 2]), (2, 3)),
        (weighted(PRODUCT, "w", [3, 2]), (5, 3)),
        (weighted(SUM, "b", [3]), (2, 3)),
    ],
}  # fmt: skip
FLATTEN = part("Flatten")
CELLS = {name for name in LAYERS if name.endswith(("Cell", "Cells"))}


class Pass(layers.Wrapper):
    """The least that a wrapper can be: what is within, applied to the input."""

    def build(self, input_shape: Any) -> None:
        self.build_part(self.layer, input_shape, self.name)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return self.layer.call(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(input_shape)


def table() -> list[Case]:
    """Every layer with its configurations: those of the goldens, and the others."""
    with np.load(FILE) as file:
        goldens = json.loads(str(file["cases"]))
    found: list[Case] = [
        (name, arguments, [tuple(shape) for key, shape in arrays if key[0] == "x"])
        for name, arguments, arrays in goldens
        if name not in OTHERS
    ]
    found += [
        (name, arguments, shapes if isinstance(shapes, list) else [shapes])
        for name, configurations in OTHERS.items()
        for arguments, shapes in configurations
    ]
    return found


CASES = table()


def by_class() -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index, (class_name, *_) in enumerate(CASES):
        found.setdefault(class_name, []).append(index)
    return found


ALL = by_class()
# The last case of a class has its channels first, where there is such a thing.
CHECKED_CLOSELY = {index for indices in ALL.values() for index in (indices[1], indices[-1])}
# What takes long, or is differentiated in tests of its own.
NO_GRADIENTS = {"ConvLSTM2D", "ConvLSTM2DCell", "ConvRNN2D", "Embedding", "IntegerLookup",
                "Lambda", "ONNXGraph"}  # fmt: skip
OF_INTEGERS = {"Embedding", "IntegerLookup"}


def class_of(name: str) -> Any:
    if name in CELLS:
        return layers.ConvRNN2D if name.startswith("Conv") else layers.RNN
    return Pass if name == "Wrapper" else LAYERS.resolve(name)


def is_layer(value: Any) -> bool:
    return isinstance(value, dict) and value.get("class_name") in LAYERS


def given(arguments: Config) -> Config | Callable[[], Config]:
    """The arguments, or a function that makes the layers among them."""
    if not any(map(is_layer, arguments.values())):
        return arguments
    return lambda: {
        key: deserialize(value) if is_layer(value) else value for key, value in arguments.items()
    }


def names(indices: Sequence[int]) -> list[str]:
    return [f"{CASES[index][0]}-{index}" for index in indices]


def data_for(class_name: str, shapes: list[tuple[int, ...]]) -> list[Any]:
    if class_name in OF_INTEGERS:
        return [np.random.default_rng(0).integers(0, 5, shape) for shape in shapes]
    return [spaced(shape, seed) + 0.03 * seed for seed, shape in enumerate(shapes)]


ELEMENTWISE = {
    "Activation", "ActivityRegularization", "Add", "AlphaDropout", "Average", "Concatenate",
    "Dropout", "ELU", "GaussianDropout", "GaussianNoise", "Lambda", "LeakyReLU", "Masking",
    "Maximum", "Minimum", "Multiply", "Permute", "ReLU", "RepeatVector", "Softmax", "Subtract",
    "ThresholdedReLU",
}  # fmt: skip
SIZES_COUNT = {"Flatten", "LocallyConnected1D", "LocallyConnected2D", "ONNXGraph", "PReLU", "Dot"}


def open_axes(class_name: str, arguments: Config, shape: Sequence[int]) -> list[int]:
    """The axes whose sizes the layer need not know: all but those of features."""
    axes = list(range(1, len(shape)))
    if class_name in ELEMENTWISE | {"Embedding"}:
        return axes
    if class_name in SIZES_COUNT or "unroll" in arguments or arguments.get("layer") == FLATTEN:
        return []
    if class_name == "Reshape":
        return axes[:1] if -1 in arguments["target_shape"] else []
    features = arguments.get("axis", -1)
    if arguments.get("data_format") == "channels_first":
        features = 2 if class_name.startswith("ConvLSTM") else 1
    if class_name in ("TimeDistributed", "LayerNormalization") and len(shape) > 3:
        return [1] if class_name == "TimeDistributed" else [2]
    fixed = [axis % len(shape) for axis in np.atleast_1d(features)]
    return [axis for axis in axes if axis not in fixed]


def dtypes(class_name: str) -> Sequence[str]:
    """The precisions, beside float32; what an ONNX file holds has one of its own."""
    return () if class_name in ("IntegerLookup", "ONNXGraph") else ("float16", "float64")


def for_channels_last(weights: Sequence[Any], channels: int) -> list[Any]:
    """The weights of a local convolution: as in Keras, they lie as its input and output do."""
    kernel, *bias = weights
    patches = kernel.reshape(len(kernel), channels, -1, kernel.shape[-1])
    moved = [one.reshape(one.shape[-1], *one.shape[:-1]) for one in bias]
    return [
        np.moveaxis(patches, 1, 2).reshape(kernel.shape),
        *(np.moveaxis(one, 0, -1) for one in moved),
    ]


@pytest.mark.gradients
@pytest.mark.parametrize("index", range(len(CASES)), ids=names(range(len(CASES))))
def test_the_layer_keeps_its_promises(index: int) -> None:
    class_name, arguments, shapes = CASES[index]
    several = len(shapes) > 1
    data = data_for(class_name, shapes)

    def for_last(weights: Sequence[Any]) -> list[Any]:
        return for_channels_last(weights, shapes[0][1])

    closely = index in CHECKED_CLOSELY
    # Straight lines between pixels are drawn in float32.
    gradients = "float32" if arguments.get("interpolation") == "bilinear" else "float64"
    check_layer(
        class_of(class_name),
        given(arguments),
        shapes if several else shapes[0],
        data=data if several else data[0],
        custom_objects={"Pass": Pass, "double": double},
        open_axes=open_axes(class_name, arguments, shapes[0]),
        dtypes=dtypes(class_name) if closely else (),
        channels_last_weights=for_last if class_name.startswith("Local") else list,
        gradients=gradients if closely and class_name not in NO_GRADIENTS else None,
    )


@pytest.mark.no_runtime
def test_the_table_holds_every_public_layer_with_four_configurations_or_more() -> None:
    public = {
        value.__name__
        for name in layers.__all__
        if inspect.isclass(value := getattr(layers, name)) and issubclass(value, Layer)
    }
    registered = {LAYERS.resolve(name).__name__ for name in LAYERS}
    layers_of_inputs = (public | registered) - {"InputLayer", "Layer", "Model", "Sequential"}
    counts = Counter(name for name, *_ in CASES)
    with np.load(FILE.parent / "later_layers.npz") as file:  # which have a test file of their own
        counts.update(name for name, *_ in json.loads(str(file["cases"])))
    lookups = FILE.parent / "lookups" / "lookups.json"  # of texts, with a test file of their own
    counts.update(case["class"] for case in json.loads(lookups.read_text(encoding="utf-8")))
    varied = {name for name in layers_of_inputs if name.startswith("Random")}  # images only
    assert {name: counts[name] for name in layers_of_inputs - varied if counts[name] < 4} == {}


WITH_RANK = (
    "AveragePooling", "Bidirectional", "Conv", "Cropping", "CuDNN", "Depthwise", "GRU", "Global",
    "LSTM", "Local", "MaxPooling", "Permute", "RNN", "RepeatVector", "Separable", "SimpleRNN",
    "Spatial", "Stacked", "UpSampling", "ZeroPadding",
)  # fmt: skip
FIXED_RANK = [name for name in ALL if name.startswith(WITH_RANK)]

TOO_SMALL = (0, -1, 1.5, "3", [1, 1, 1, 1, 1])
NEGATIVE = (-1, 1.5, "3", [[1], [1]])
NO_NUMBER = (None, "3", [1, 2], float("nan"))
BAD_VALUES: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("units", "filters", "n", "output_dim", "depth_multiplier"),
                    TOO_SMALL),
    **dict.fromkeys(("kernel_size", "strides", "dilation_rate", "pool_size", "size"), TOO_SMALL),
    **dict.fromkeys(("rate", "stddev"), (-0.1, *NO_NUMBER)),
    **dict.fromkeys(("dropout", "recurrent_dropout", "alpha", "theta", "l1", "l2"), NO_NUMBER),
    **dict.fromkeys(("max_value", "negative_slope", "threshold"), (-1.0, "3", [1, 2])),
    **dict.fromkeys(("activation", "recurrent_activation", "kernel_initializer",
                     "bias_initializer", "recurrent_initializer", "embeddings_initializer",
                     "kernel_regularizer", "kernel_constraint", "alpha_constraint"),
                    ("unheard_of", 3)),
    **dict.fromkeys(("data_format", "interpolation", "merge_mode"), ("unheard_of", 3)),
    "padding": ("unheard_of", -1, 1.5, [[1], [1]]),
    "cropping": NEGATIVE,
    "target_shape": ([0], [-2, 3], [-1, -1], None, "ab", [1.5]),
    "dims": ([0, 1], [1, 3], [1, 1], None, "ab"),
    "axis": ("last", 1.5, 7, -7),
}  # fmt: skip


def tried(index: int, **changes: Any) -> Layer:
    """Make the layer of a case, with other arguments, under the name "tried"."""
    class_name, arguments, _ = CASES[index]
    own = given(arguments)
    made: Layer = class_of(class_name)(
        **{**(own() if callable(own) else own), **changes, "name": "tried"}
    )
    return made


def called(layer: Layer, shapes: Sequence[Sequence[int]]) -> Any:
    inputs = [layers.Input(batch_shape=shape) for shape in shapes]
    return layer(inputs if len(inputs) > 1 else inputs[0])


def takes(class_name: str, argument: str) -> bool:
    """Tell whether a constructor has an argument of its own, or passes it to that of its base."""
    constructors = (vars(one).get("__init__") for one in class_of(class_name).__mro__)
    found = (inspect.signature(one).parameters for one in constructors if one is not None)
    for parameters in found:
        if argument in parameters:
            return True
        if not any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
            return False
    return False


@pytest.mark.no_runtime
@pytest.mark.parametrize("class_name", FIXED_RANK)
def test_an_input_of_another_rank_is_refused(class_name: str) -> None:
    index = ALL[class_name][0]
    for change in (lambda shape: (*shape, 2), lambda shape: shape[:-1]):
        with pytest.raises(ValueError, match="'tried'.*expected .*Received: shape="):
            called(tried(index), [change(shape) for shape in CASES[index][2]])


@pytest.mark.no_runtime
@pytest.mark.parametrize("index", [indices[0] for indices in ALL.values()], ids=list(ALL))
def test_a_layer_with_weights_refuses_inputs_of_other_sizes_than_they_fit(index: int) -> None:
    class_name, arguments, (shape, *others) = CASES[index]
    layer = tried(index)
    called(layer, [shape, *others])
    may_vary = {0, *open_axes(class_name, arguments, shape)}
    if not layer.weights or class_name == "ONNXGraph":
        return
    for axis in set(range(len(shape))) - may_vary:
        wrong = tuple(size + (number == axis) for number, size in enumerate(shape))
        with pytest.raises(ValueError, match=r"'(tried|.*_\d+)'.*Received"):
            called(layer, [wrong])


@pytest.mark.no_runtime
@pytest.mark.parametrize("index", [indices[0] for indices in ALL.values()], ids=list(ALL))
def test_a_bad_value_of_an_argument_is_named_with_the_layer(index: int) -> None:
    class_name, _, shapes = CASES[index]
    for argument, values in BAD_VALUES.items():
        for value in values if takes(class_name, argument) else ():
            with pytest.raises((TypeError, ValueError), match="'tried'") as caught:
                called(tried(index, **{argument: value}), shapes)
            message = str(caught.value)
            assert argument in message or "input" in message, (argument, value, message)
            assert repr(value) in message or "Received" in message, (argument, value, message)
