"""ONNX files for inference: names, shapes, metadata, opsets, size, and what they compute."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from konnx.converters import export_onnx, to_onnx
from konnx.graph import OPSET
from konnx.layers import (
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Input,
    MaxPooling2D,
    Multiply,
    Permute,
    RepeatVector,
    Reshape,
    SeparableConv2D,
    ZeroPadding2D,
)
from konnx.models import Model, Sequential

NEWEST = onnx.defs.onnx_opset_version()
OLDEST = 13


def image_model() -> Model:
    layers = [
        Conv2D(4, 3, activation="relu", input_shape=(12, 12, 1), name="first"),
        BatchNormalization(),
        MaxPooling2D(),
        Dropout(0.25),
        SeparableConv2D(6, 3, padding="same"),
        BatchNormalization(),
        Activation("relu"),
        GlobalAveragePooling2D(),
        Dense(3, activation="softmax", name="classes"),
    ]
    return Sequential(layers, name="digits")


def residual_model() -> Model:
    x = Input((8, 8, 2), name="picture")
    low = Conv2D(4, 3, padding="same", activation="relu")(x)
    side = BatchNormalization()(Conv2D(4, 1)(x))
    joined = Add()([DepthwiseConv2D(3, padding="same")(low), side])
    joined = Concatenate()([MaxPooling2D(2)(joined), AveragePooling2D(2, padding="same")(low)])
    return Model(x, [ZeroPadding2D(1, name="map")(joined), GlobalMaxPooling2D(name="top")(joined)])


def vector_model() -> Model:
    x, y = Input((6,), name="x"), Input((6,), name="y")
    merged = Multiply()([Dense(6, activation="elu")(x), Activation("hard_sigmoid")(y)])
    rows = Permute((2, 1))(Reshape((2, 3))(merged))
    rows = Conv1D(4, 2, padding="causal", activation="softplus")(rows)
    flat = Dense(4, activation="selu")(Flatten()(rows))
    return Model([x, y], RepeatVector(2, name="twice")(Activation("softsign")(flat)))


MODELS = {"image": image_model, "residual": residual_model, "vector": vector_model}


def with_statistics(model: Model) -> Model:
    """Weights as after training: no normalization that does nothing."""
    random = np.random.RandomState(3)
    model.set_weights([random.uniform(0.2, 0.9, w.shape) for w in model.get_weights()])
    return model


def sample(model: Model, batch: int = 3) -> list[np.ndarray]:
    random = np.random.RandomState(4)
    shapes = [(batch, *tensor.shape[1:]) for tensor in model.inputs]
    return [random.uniform(-1, 1, shape).astype(np.float32) for shape in shapes]


def run(proto: onnx.ModelProto, arrays: list[np.ndarray]) -> list[np.ndarray]:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [value.name for value in session.get_inputs()]
    outputs: list[np.ndarray] = session.run(None, dict(zip(names, arrays, strict=True)))
    return outputs


def dims(value: onnx.ValueInfoProto) -> list[Any]:
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]


def ops_of(proto: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in proto.graph.node)


@pytest.mark.no_runtime
@pytest.mark.parametrize("name", MODELS)
def test_the_file_passes_the_checker_and_holds_no_training(name: str, tmp_path: Path) -> None:
    MODELS[name]().export(tmp_path / "m.onnx")
    proto = onnx.load(tmp_path / "m.onnx")
    onnx.checker.check_model(proto, full_check=True)
    assert not {"Dropout", "BatchNormalization", "Identity"} & set(ops_of(proto))
    assert {opset.domain: opset.version for opset in proto.opset_import} == {"": OPSET}
    assert proto.ir_version == 8


@pytest.mark.no_runtime
def test_inputs_and_outputs_have_the_names_of_their_layers_and_a_named_batch() -> None:
    graph = to_onnx(residual_model()).graph
    assert [(value.name, dims(value)) for value in graph.input] == [("picture", ["batch", 8, 8, 2])]
    assert [(value.name, dims(value)) for value in graph.output] == [
        ("map", ["batch", 6, 6, 8]),
        ("top", ["batch", 8]),
    ]


@pytest.mark.no_runtime
def test_a_fixed_batch_and_other_dtypes_are_kept() -> None:
    x = Input(batch_shape=(2, 3), dtype="float64", name="x")
    (value,) = to_onnx(Model(x, Activation("relu")(x))).graph.input
    assert dims(value) == [2, 3]
    assert value.type.tensor_type.elem_type == onnx.TensorProto.DOUBLE


@pytest.mark.no_runtime
@pytest.mark.parametrize("name", ["image", "residual"])
def test_an_image_model_has_a_transpose_at_its_edges_at_most(name: str) -> None:
    proto = to_onnx(with_statistics(MODELS[name]()))
    edges = len(proto.graph.input) + sum(len(dims(v)) == 4 for v in proto.graph.output)
    assert ops_of(proto)["Transpose"] <= edges


@pytest.mark.no_runtime
def test_normalization_is_folded_into_the_convolution() -> None:
    layers = [Conv2D(4, 3, input_shape=(8, 8, 2)), BatchNormalization(), Activation("relu")]
    assert set(ops_of(to_onnx(with_statistics(Sequential(layers))))) == {
        "Transpose",
        "Conv",
        "Relu",
    }


@pytest.mark.no_runtime
def test_metadata_say_who_made_it_and_from_what() -> None:
    proto = to_onnx(image_model())
    assert proto.producer_name == "konnx"
    assert proto.producer_version[0].isdigit()
    metadata = {entry.key: entry.value for entry in proto.metadata_props}
    assert metadata == {"source": "konnx model 'digits'", "framework": "keras"}
    named = to_onnx(image_model(), source="old.h5").metadata_props
    assert ("source", "old.h5") in [(entry.key, entry.value) for entry in named]


@pytest.mark.no_runtime
@pytest.mark.parametrize("opset", [None, 15])
def test_equal_models_give_equal_bytes(opset: int | None, tmp_path: Path) -> None:
    model = image_model()
    for name in ("one.onnx", "two.onnx"):
        model.export(tmp_path / name, opset=opset)
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()


@pytest.mark.no_runtime
def test_an_exported_model_is_a_copy_of_the_weights_at_that_time() -> None:
    model = Sequential([Dense(2, input_shape=(3,), use_bias=False)])
    proto = to_onnx(model)
    expected = model.get_weights()[0]
    model.set_weights([np.zeros((3, 2))])
    (weight,) = [numpy_helper.to_array(one) for one in proto.graph.initializer]
    np.testing.assert_array_equal(weight, expected)


@pytest.mark.no_runtime
def test_a_file_is_replaced_only_if_allowed(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        image_model().export(path, overwrite=False)
    assert path.read_bytes() == b"old"
    written = export_onnx(image_model(), path)
    assert onnx.load(path) == written


def test_any_batch_size_runs() -> None:
    proto = to_onnx(image_model())
    for batch in (1, 2, 7):
        (output,) = run(proto, sample(image_model(), batch))
        assert output.shape == (batch, 3)


def test_an_input_that_is_an_output_too_can_be_exported() -> None:
    x = Input((3,), name="x")
    model = Model(x, [Dense(2)(x), x])
    outputs = run(to_onnx(model), [np.ones((2, 3), np.float32)])
    np.testing.assert_array_equal(outputs[1], np.ones((2, 3)))


@pytest.mark.no_runtime
def test_names_of_outputs_and_inputs_do_not_meet() -> None:
    x = Input((4,), name="d_1")
    layer = Dense(4, name="d")
    first = layer(x)
    graph = to_onnx(Model(x, [layer(first), first])).graph
    assert [value.name for value in graph.output] == ["d", "d_2"]


@pytest.mark.no_runtime
def test_random_numbers_in_inference_cannot_be_exported(tmp_path: Path) -> None:
    x = Input((4,))
    model = Model(x, Dropout(0.5)(x, training=True), name="doubtful")
    with pytest.raises(ValueError, match="'doubtful' draws random numbers in inference"):
        model.export(tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("units", "walks"), [(1, 0), (1000, 1)])
@pytest.mark.no_runtime
def test_only_a_model_of_many_weights_walks_over_all_objects_to_free_memory(
    units: int, walks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked: list[str] = []
    monkeypatch.setattr("gc.collect", lambda: walked.append("all"))
    to_onnx(Sequential([Dense(units, input_shape=(5000,), kernel_initializer="zeros")]))
    assert len(walked) == walks
