"""Files of Keras 1 and 0, written here after the documented layout, against NumPy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from konnx.converters import FileFormatError
from konnx.layers import Conv2D, Dense, Flatten, SeparableConv2D
from konnx.models import Sequential, load_model

Weights = Sequence[np.ndarray[Any, Any]]


def layer(class_name: str, name: str, **arguments: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **arguments}}


def write_model(
    path: Path,
    class_name: str,
    config: Any,
    weights: Mapping[str, Weights],
    version: str | None = "1.2.2",
) -> Path:
    """Write a whole model; the weights have no version beside them, which tells Keras 1."""
    with h5py.File(path, "w") as file:
        if version is not None:
            file.attrs["keras_version"] = version.encode()
        model = {"class_name": class_name, "config": config}
        file.attrs["model_config"] = json.dumps(model).encode()
        write_weights(file.create_group("model_weights"), weights)
    return path


def write_weights(group: Any, weights: Mapping[str, Weights]) -> None:
    group.attrs["layer_names"] = [name.encode() for name in weights]
    for name, arrays in weights.items():
        one = group.create_group(name)
        names = [f"{name}_{index}" for index in range(len(arrays))]
        one.attrs["weight_names"] = [text.encode() for text in names]
        for text, array in zip(names, arrays, strict=True):
            one[text] = array


def write_numbered(path: Path, layers: Sequence[Weights]) -> Path:
    """Write weights as Keras 0 did."""
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = len(layers)
        for index, arrays in enumerate(layers):
            group = file.create_group(f"layer_{index}")
            group.attrs["nb_params"] = len(arrays)
            for number, array in enumerate(arrays):
                group[f"param_{number}"] = array
    return path


def random_arrays(*shapes: Sequence[int], seed: int = 0) -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1, shape).astype("float32") for shape in shapes]


# A plain evaluation in NumPy


def correlate(x: Any, kernel: Any) -> Any:
    """Valid correlation of (batch, rows, columns, in) with (rows, columns, in, out)."""
    rows, columns = kernel.shape[:2]
    windows = np.lib.stride_tricks.sliding_window_view(x, (rows, columns), axis=(1, 2))
    return np.einsum("nyxirc,rcio->nyxo", windows, kernel)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def lstm(x: Any, gates: Mapping[str, Weights], hard: bool = False) -> Any:
    """The last output of the cell of Keras 1: gates i, c, f, o with W, U, b each."""
    inner = (lambda z: np.clip(0.2 * z + 0.5, 0, 1)) if hard else sigmoid
    h = c = np.zeros((len(x), len(gates["i"][2])))
    for step in range(x.shape[1]):
        z = {key: x[:, step] @ w + h @ u + b for key, (w, u, b) in gates.items()}
        c = inner(z["f"]) * c + inner(z["i"]) * np.tanh(z["c"])
        h = inner(z["o"]) * np.tanh(c)
    return h


def gru(x: Any, gates: Mapping[str, Weights]) -> Any:
    h = np.zeros((len(x), len(gates["z"][2])))
    for step in range(x.shape[1]):
        z, r = (sigmoid(x[:, step] @ w + h @ u + b) for w, u, b in (gates["z"], gates["r"]))
        w, u, b = gates["h"]
        h = z * h + (1 - z) * np.tanh(x[:, step] @ w + (r * h) @ u + b)
    return h


def assert_predicts(model: Any, x: Any, expected: Any) -> None:
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-5, atol=1e-5)


IMAGES = random_arrays((2, 5, 4, 3), seed=9)[0]
SEQUENCES = random_arrays((2, 6, 3), seed=8)[0]


def convolution(ordering: str, **arguments: Any) -> dict[str, Any]:
    shape = [None, 5, 4, 3] if ordering == "tf" else [None, 3, 5, 4]
    sizes = {"nb_filter": 2, "nb_row": 3, "nb_col": 2}
    common = {"border_mode": "valid", "dim_ordering": ordering, "batch_input_shape": shape}
    return layer("Convolution2D", "conv", **sizes, **common, **arguments)


def test_a_dense_network_in_the_words_of_keras_1(tmp_path: Path) -> None:
    w, b = random_arrays((3, 2), (2,))
    config = [
        layer("Dense", "d", output_dim=2, activation="linear", batch_input_shape=[None, 3]),
        layer("Dropout", "drop", p=0.5),
    ]
    path = write_model(tmp_path / "m.h5", "Sequential", config, {"d": [w, b], "drop": []})
    model = load_model(path)
    assert_predicts(model, SEQUENCES[:, 0], SEQUENCES[:, 0] @ w + b)
    assert "drop: p is rate (Keras 1 wrote it)" in map(str, model.conversion_report)


def test_kernels_with_channels_last_stay(tmp_path: Path) -> None:
    w, b = random_arrays((3, 2, 3, 2), (2,))
    path = write_model(tmp_path / "m.h5", "Sequential", [convolution("tf")], {"conv": [w, b]})
    assert_predicts(load_model(path), IMAGES, correlate(IMAGES, w) + b)


@pytest.mark.parametrize("backend", ["theano", "tensorflow"])
def test_kernels_with_channels_first_are_transposed_and_of_theano_mirrored(
    backend: str, tmp_path: Path
) -> None:
    w, b = random_arrays((2, 3, 3, 2), (2,))
    path = write_model(tmp_path / "m.h5", "Sequential", [convolution("th")], {"conv": [w, b]})
    model = load_model(path, source_backend=backend)
    kernel = (w[:, :, ::-1, ::-1] if backend == "theano" else w).transpose(2, 3, 1, 0)
    expected = (correlate(IMAGES, kernel) + b).transpose(0, 3, 1, 2)
    assert_predicts(model, IMAGES.transpose(0, 3, 1, 2), expected)
    mirrored = [one for one in model.conversion_report if "mirrored" in one.what]
    assert [one.layer for one in mirrored] == ["conv"] * (backend == "theano")


def test_kernels_that_theano_may_have_mirrored_are_warned_of(tmp_path: Path) -> None:
    arrays = random_arrays((2, 3, 3, 2), (2,))
    path = write_model(tmp_path / "m.h5", "Sequential", [convolution("th")], {"conv": arrays})
    with pytest.warns(UserWarning, match=r"m.h5: Keras 1 .*\(conv\).*source_backend='theano'"):
        load_model(path)


def test_a_file_that_names_theano_needs_no_argument(tmp_path: Path) -> None:
    model = Sequential([Conv2D(2, (3, 2), input_shape=(5, 4, 3)), SeparableConv2D(2, 2)])
    model.save(tmp_path / "m.h5")
    expected = [one[::-1, ::-1] if i == 0 else one for i, one in enumerate(model.get_weights())]
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        file["model_weights"].attrs["backend"] = b"theano"
    read = load_model(tmp_path / "m.h5")
    model.load_weights(tmp_path / "m.h5")
    for one in (read, model):
        for received, array in zip(one.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(received, array)
        assert [str(entry) for entry in one.conversion_report] == [
            f"{model.layers[0].name}: kernel mirrored in space (Theano mirrors kernels)"
        ]


@pytest.mark.parametrize(
    "load", [load_model, lambda path, **k: make_dense().load_weights(path, **k)]
)
def test_a_backend_that_keras_does_not_have_is_refused(load: Any, tmp_path: Path) -> None:
    make_dense().save(tmp_path / "m.h5")
    with pytest.raises(ValueError, match="`source_backend` must be.*Received: .*'teano'"):
        load(tmp_path / "m.h5", source_backend="teano")


def make_dense() -> Sequential:
    return Sequential([Dense(2, input_shape=(3,))])


@pytest.mark.parametrize("before_1_2", [False, True])
def test_convolutions_of_sequences_lose_their_axis_of_one_column(
    before_1_2: bool, tmp_path: Path
) -> None:
    w, b = random_arrays((2, 3, 4, 1) if before_1_2 else (4, 1, 3, 2), (2,))
    sizes = {"nb_filter": 2, "filter_length": 4, "border_mode": "valid", "subsample_length": 1}
    config = [layer("Convolution1D", "c", **sizes, batch_input_shape=[None, 6, 3])]
    path = write_model(tmp_path / "m.h5", "Sequential", config, {"c": [w, b]})
    kernel = w.transpose(2, 3, 1, 0) if before_1_2 else w
    expected = correlate(SEQUENCES[:, :, None], kernel)[:, :, 0] + b
    assert_predicts(load_model(path), SEQUENCES, expected)


@pytest.mark.parametrize("ordering", ["tf", "th"])
def test_kernels_of_deconvolutions_are_transposed(ordering: str, tmp_path: Path) -> None:
    is_last = ordering == "tf"
    w, b = random_arrays((1, 1, 3, 2) if is_last else (2, 3, 1, 1), (2,))
    sizes = {"nb_filter": 2, "nb_row": 1, "nb_col": 1, "dim_ordering": ordering}
    shape = [None, 5, 4, 3] if is_last else [None, 3, 5, 4]
    config = [layer("Deconvolution2D", "d", **sizes, output_shape=shape, batch_input_shape=shape)]
    path = write_model(tmp_path / "m.h5", "Sequential", config, {"d": [w, b]})
    x = IMAGES if is_last else IMAGES.transpose(0, 3, 1, 2)
    product = np.einsum("nyxi,io->nyxo", IMAGES, w[0, 0] if is_last else w[:, :, 0, 0].T) + b
    model = load_model(path, source_backend="tensorflow")
    assert_predicts(model, x, product if is_last else product.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("ordering", ["tf", "th"])
def test_kernels_of_separable_convolutions(ordering: str, tmp_path: Path) -> None:
    depthwise, pointwise, b = random_arrays((3, 2, 3, 2), (1, 1, 6, 2), (2,))
    sizes = {"nb_filter": 2, "nb_row": 3, "nb_col": 2, "depth_multiplier": 2}
    shape = [None, 5, 4, 3] if ordering == "tf" else [None, 3, 5, 4]
    common = {"dim_ordering": ordering, "batch_input_shape": shape, "init": "uniform"}
    config = [layer("SeparableConvolution2D", "s", **sizes, **common)]
    stored = [depthwise, pointwise]
    if ordering == "th":
        stored = [one.transpose(3, 2, 0, 1) for one in stored]
    path = write_model(tmp_path / "m.h5", "Sequential", config, {"s": [*stored, b]})
    middle = np.concatenate(
        [correlate(IMAGES[..., i : i + 1], depthwise[:, :, i : i + 1]) for i in range(3)], -1
    )
    expected = middle @ pointwise[0, 0] + b
    is_last = ordering == "tf"
    x = IMAGES if is_last else IMAGES.transpose(0, 3, 1, 2)
    model = load_model(path, source_backend="tensorflow")
    assert_predicts(model, x, expected if is_last else expected.transpose(0, 3, 1, 2))


# Recurrent layers


def gates_of(names: str, units: int = 4, features: int = 3) -> dict[str, Weights]:
    shapes = ((features, units), (units, units), (units,))
    return {key: random_arrays(*shapes, seed=index) for index, key in enumerate(names)}


def merged(gates: Mapping[str, Weights], order: str) -> list[Any]:
    return [np.concatenate([gates[key][kind] for key in order], -1) for kind in range(3)]


def by_gate(gates: Mapping[str, Weights]) -> list[Any]:
    return [array for arrays in gates.values() for array in arrays]


def recurrent(class_name: str, consume_less: str, **arguments: Any) -> dict[str, Any]:
    given = {"output_dim": 4, "activation": "tanh", "consume_less": consume_less}
    inner = {"inner_activation": "sigmoid", "input_dim": 3, "input_length": None}
    return layer(class_name, "rnn", **{**given, **inner, **arguments})


@pytest.mark.parametrize("consume_less", ["cpu", "gpu"])
@pytest.mark.parametrize("class_name", ["LSTM", "GRU"])
def test_gates_apart_and_joined(class_name: str, consume_less: str, tmp_path: Path) -> None:
    gates = gates_of("icfo" if class_name == "LSTM" else "zrh")
    arrays = by_gate(gates)
    if consume_less == "gpu":
        arrays = merged(gates, "ifco" if class_name == "LSTM" else "zrh")
    config = [recurrent(class_name, consume_less, batch_input_shape=[None, None, 3])]
    path = write_model(tmp_path / "m.h5", "Sequential", config, {"rnn": arrays})
    evaluate = lstm if class_name == "LSTM" else gru
    model = load_model(path)
    assert_predicts(model, SEQUENCES, evaluate(SEQUENCES, gates))
    assert any("gates joined" in str(one) for one in model.conversion_report) is (
        consume_less == "cpu"
    )


def test_gates_within_wrappers_and_models(tmp_path: Path) -> None:
    forward, backward = gates_of("icfo"), gates_of("ofci")
    kernel, bias = random_arrays((8, 2), (2,))
    both = {"layer": recurrent("LSTM", "cpu"), "merge_mode": "concat"}
    inner = [
        layer("Bidirectional", "both", **both, batch_input_shape=[None, 6, 3]),
        layer("Dense", "d", output_dim=2),
    ]
    config = [{"class_name": "Sequential", "config": inner, "name": "within"}]
    ordered = {key: backward[key] for key in "icfo"}
    arrays = [*by_gate(forward), *by_gate(ordered), kernel, bias]
    path = write_model(tmp_path / "m.h5", "Sequential", config, {"within": arrays})
    hidden = np.concatenate([lstm(SEQUENCES, forward), lstm(SEQUENCES[:, ::-1], backward)], -1)
    assert_predicts(load_model(path), SEQUENCES, hidden @ kernel + bias)


def test_convolutional_gates_with_channels_first(tmp_path: Path) -> None:
    def kernels(seed: int) -> list[Any]:
        return random_arrays((2, 3, 1, 1), (2, 2, 1, 1), (2,), seed=seed)

    gates = {key: kernels(index) for index, key in enumerate("icfo")}
    shape = [None, 6, 3, 2, 2]
    sizes = {"nb_filter": 2, "nb_row": 1, "nb_col": 1, "dim_ordering": "th"}
    config = [layer("ConvLSTM2D", "film", **sizes, border_mode="same", batch_input_shape=shape)]
    path = write_model(tmp_path / "m.h5", "Sequential", config, {"film": by_gate(gates)})
    x = np.tile(SEQUENCES[:, :, :, None, None], (1, 1, 1, 2, 2))
    flat = {key: [w[:, :, 0, 0].T, u[:, :, 0, 0].T, b] for key, (w, u, b) in gates.items()}
    expected = np.tile(lstm(SEQUENCES, flat, hard=True)[:, :, None, None], (1, 1, 2, 2))
    assert_predicts(load_model(path, source_backend="tensorflow"), x, expected)


# Normalization


def normalization(**arguments: Any) -> list[dict[str, Any]]:
    given = {"mode": 0, "axis": -1, "epsilon": 0.01, "momentum": 0.9}
    shape = {"batch_input_shape": [None, 6, 3]}
    return [layer("BatchNormalization", "norm", **{**given, **shape, **arguments})]


@pytest.mark.parametrize(
    ("version", "backend", "divisor"),
    [
        ("1.0.5", None, lambda spread: spread + 0.01),
        ("1.0.6", "theano", lambda spread: spread),
        ("1.0.6", None, lambda spread: np.sqrt(spread + 0.01)),
        ("1.2.2", "theano", lambda spread: np.sqrt(spread + 0.01)),
        (None, None, lambda spread: np.sqrt(spread + 0.01)),
    ],
)
def test_the_spread_is_read_as_the_release_meant_it(
    version: str | None, backend: str | None, divisor: Any, tmp_path: Path
) -> None:
    gamma, beta, mean, spread = random_arrays((3,), (3,), (3,), (3,))
    spread = np.abs(spread) + 0.2
    path = write_model(
        tmp_path / "m.h5",
        "Sequential",
        normalization(),
        {"norm": [gamma, beta, mean, spread]},
        version,
    )
    expected = (SEQUENCES - mean) / divisor(spread) * gamma + beta
    assert_predicts(load_model(path, source_backend=backend), SEQUENCES, expected)


def test_normalization_of_samples_is_that_of_a_layer(tmp_path: Path) -> None:
    gamma, beta = random_arrays((3,), (3,))
    arrays = {"norm": [gamma, beta]}
    path = write_model(tmp_path / "m.h5", "Sequential", normalization(mode=1), arrays)
    centred = SEQUENCES - SEQUENCES.mean(-1, keepdims=True)
    deviation = np.sqrt(SEQUENCES.var(-1, keepdims=True) + 0.01)
    assert_predicts(load_model(path), SEQUENCES, centred / deviation * gamma + beta)


def test_normalization_by_batches_at_all_times_is_refused(tmp_path: Path) -> None:
    arrays = {"norm": random_arrays((3,), (3,))}
    path = write_model(tmp_path / "m.h5", "Sequential", normalization(mode=2), arrays)
    with pytest.raises(FileFormatError, match="m.h5: model_config: Layer 'norm' .*mode=2"):
        load_model(path)


# Merges


def branch(name: str, size: int) -> dict[str, Any]:
    dense = layer("Dense", name, output_dim=2, batch_input_shape=[None, size])
    return {"class_name": "Sequential", "config": [dense]}


def merge(mode: str, **arguments: Any) -> dict[str, Any]:
    layers = [branch("left", 3), branch("right", 5)]
    given = {"mode": mode, "concat_axis": -1, "dot_axes": -1, "mode_type": "raw"}
    return layer("Merge", "merge", layers=layers, **{**given, **arguments})


def merged_model(path: Path, first: dict[str, Any], size: int) -> tuple[Path, dict[str, Weights]]:
    weights: dict[str, Weights] = {
        "left": random_arrays((3, 2), (2,), seed=1),
        "right": random_arrays((5, 2), (2,), seed=2),
        "top": random_arrays((size, 1), (1,), seed=3),
    }
    config = [first, layer("Dense", "top", output_dim=1)]
    return write_model(path, "Sequential", config, weights), weights


def affine(x: Any, weights: Weights) -> Any:
    return x @ weights[0] + weights[1]


@pytest.mark.parametrize(
    ("mode", "join", "size"),
    [
        ("sum", np.add, 2),
        ("mul", np.multiply, 2),
        ("concat", lambda a, b: np.concatenate([a, b], -1), 4),
    ],
)
def test_a_stack_upon_merged_models(mode: str, join: Any, size: int, tmp_path: Path) -> None:
    path, weights = merged_model(tmp_path / "m.h5", merge(mode), size)
    x = random_arrays((4, 3), (4, 5), seed=4)
    joined = join(affine(x[0], weights["left"]), affine(x[1], weights["right"]))
    model = load_model(path)
    assert model.input_names == ["left_input", "right_input"]
    assert_predicts(model, x, affine(joined, weights["top"]))


def test_merging_by_a_function_needs_the_function(tmp_path: Path) -> None:
    first = merge("blend", mode_type="function", output_shape=None, arguments={})
    path, weights = merged_model(tmp_path / "m.h5", first, 2)
    with pytest.raises(FileFormatError, match=r"custom_objects=\{'blend': function\}"):
        load_model(path)
    x = random_arrays((4, 3), (4, 5), seed=4)
    model = load_model(path, {"blend": lambda tensors: tensors[0] - tensors[1]})
    joined = affine(x[0], weights["left"]) - affine(x[1], weights["right"])
    assert_predicts(model, x, affine(joined, weights["top"]))


def functional(*layers: dict[str, Any], outputs: str) -> dict[str, Any]:
    """A graph of layers, each with the names of those that it is called on."""
    entries = [
        {**one, "name": one["config"]["name"], "inbound_nodes": one.pop("calls", [])}
        for one in layers
    ]
    names = [one["name"] for one in entries if one["class_name"] == "InputLayer"]
    ends = {"input_layers": [[name, 0, 0] for name in names], "output_layers": [[outputs, 0, 0]]}
    return {"name": "graph", "layers": entries, **ends}


def called(one: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**one, "calls": [[[name, 0, 0] for name in names]]}


def given(name: str, size: int) -> dict[str, Any]:
    shape = {"batch_input_shape": [None, size], "input_dtype": "float32", "sparse": False}
    return {"class_name": "InputLayer", "config": {"name": name, **shape}}


def cosine(a: Any, b: Any) -> Any:
    lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return ((a * b).sum(-1) / lengths)[:, None, None]


@pytest.mark.parametrize(
    ("mode", "join"),
    [
        ("ave", lambda a, b: (a + b) / 2),
        ("max", np.maximum),
        ("cos", cosine),
        ("dot", lambda a, b: (a * b).sum(-1, keepdims=True)),
    ],
)
def test_merging_within_a_graph(mode: str, join: Any, tmp_path: Path) -> None:
    arguments = {"mode": mode, "mode_type": "raw", "concat_axis": -1, "dot_axes": [1, 1]}
    config = functional(
        given("x", 3),
        given("y", 3),
        called(layer("Merge", "m", **arguments), "x", "y"),
        outputs="m",
    )
    x = random_arrays((4, 3), (4, 3))
    path = write_model(tmp_path / "m.h5", "Model", config, {"x": [], "y": [], "m": []})
    assert_predicts(load_model(path), x, join(*x))


@pytest.mark.filterwarnings("ignore:.* layer is of Keras 1")
def test_layers_that_only_keras_1_had(tmp_path: Path) -> None:
    maps, biases, w, carry, b, b_carry = random_arrays(
        (2, 3, 4), (2, 4), (4, 4), (4, 4), (4,), (4,)
    )
    config = [
        layer("MaxoutDense", "maxout", output_dim=4, nb_feature=2, batch_input_shape=[None, 3]),
        layer("Highway", "highway", activation="tanh", transform_bias=-2),
    ]
    weights = {"maxout": [maps, biases], "highway": [w, carry, b, b_carry]}
    path = write_model(tmp_path / "m.h5", "Sequential", config, weights)
    x = SEQUENCES[:, 0]
    hidden = (np.einsum("ni,fio->nfo", x, maps) + biases).max(1)
    gate = sigmoid(hidden @ carry + b_carry)
    expected = np.tanh(hidden @ w + b) * gate + hidden * (1 - gate)
    assert_predicts(load_model(path), x, expected)


# Weights alone


def test_weights_of_keras_0_go_in_order(tmp_path: Path) -> None:
    w, b, kernel, bias = random_arrays((2, 3, 3, 2), (2,), (18, 2), (2,))
    path = write_numbered(tmp_path / "w.h5", [[], [w, b], [], [kernel, bias]])
    model = Sequential(
        [
            Conv2D(2, (3, 2), data_format="channels_first", input_shape=(3, 5, 4)),
            Flatten(),
            Dense(2),
        ]
    )
    model.load_weights(path, source_backend="theano")
    hidden = correlate(IMAGES, w[:, :, ::-1, ::-1].transpose(2, 3, 1, 0)) + b
    flat = hidden.transpose(0, 3, 1, 2).reshape(2, -1)
    assert_predicts(model, IMAGES.transpose(0, 3, 1, 2), flat @ kernel + bias)


@pytest.mark.parametrize("count", [-1, 10**9, 2.5, [1, 2]])
def test_an_absurd_count_of_layers_is_refused(count: Any, tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "w.h5", [])
    with h5py.File(path, "r+") as file:
        file.attrs["nb_layers"] = count
    with pytest.raises(FileFormatError, match=r"w\.h5: the file: "):
        make_dense().load_weights(path)
