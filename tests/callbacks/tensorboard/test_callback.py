"""What TensorBoard's own reader finds in the files of the callback."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

from konnx.callbacks import LambdaCallback, TensorBoard
from konnx.layers import LSTM, Concatenate, Dense, Dropout, Embedding, Input
from konnx.models import Model, Sequential

pytestmark = pytest.mark.training


def read(folder: Path) -> EventAccumulator:
    accumulator = EventAccumulator(str(folder), {"histograms": 0, "images": 0, "scalars": 0})
    return accumulator.Reload()


def make_model() -> Sequential:
    model = Sequential(
        [
            Embedding(10, 4, input_length=5, name="words"),
            LSTM(3, name="memory"),
            Dropout(0.5, name="dropout"),
            Dense(1, name="score"),
        ]
    )
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def fit(model: Any, board: TensorBoard, epochs: int = 3, **options: Any) -> Any:
    generator = np.random.default_rng(0)
    x, y = generator.integers(0, 10, (40, 5)), generator.random((40, 1))
    arguments = {"validation_split": 0.25, "batch_size": 8, "verbose": 0, **options}
    return model.fit(x, y, epochs=epochs, callbacks=[board], **arguments)


def test_the_values_of_epochs_are_scalars(tmp_path: Path) -> None:
    history = fit(make_model(), TensorBoard(tmp_path)).history
    events = read(tmp_path)
    names = ["loss", "mean_absolute_error", "val_loss", "val_mean_absolute_error"]
    assert sorted(events.Tags()["scalars"]) == names
    for name in names:
        written = events.Scalars(name)
        assert [event.step for event in written] == [0, 1, 2]
        np.testing.assert_allclose([event.value for event in written], history[name], rtol=1e-6)
    assert events.Tags()["histograms"] == [] and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("update_freq", "steps"),
    [("batch", [8, 16, 24, 30, 38, 46, 54, 60]), (20, [24, 46, 60]), ("epoch", [0, 1])],
)
def test_update_freq_says_how_often_values_are_written(
    tmp_path: Path, update_freq: Any, steps: list[int]
) -> None:
    fit(make_model(), TensorBoard(tmp_path, update_freq=update_freq), epochs=2)
    written = [event.step for event in read(tmp_path).Scalars("loss")]
    assert sorted(set(written)) == sorted({*steps, *([] if update_freq == "epoch" else [30, 60])})


def test_histograms_are_of_the_weights_the_gradients_and_the_outputs(tmp_path: Path) -> None:
    model = make_model()
    fit(model, TensorBoard(tmp_path, histogram_freq=2, write_grads=True, batch_size=4))
    events = read(tmp_path)
    weights = [f"{weight.name}_0" for weight in model.weights]
    outputs = ["words_input_out", "words_out", "memory_out", "dropout_out", "score_out"]
    expected = [*weights, *outputs, *(f"{name}_grad" for name in weights)]
    assert sorted(events.Tags()["histograms"]) == sorted(expected)
    for name in expected:
        assert [event.step for event in events.Histograms(name)] == [0, 2]
    counts = {name: events.Histograms(name)[0].histogram_value.num for name in expected}
    assert (counts["words/embeddings_0"], counts["memory_out"]) == (40, 3 * 10)
    last = events.Histograms("score/kernel_0")[-1].histogram_value
    kernel = model.layers[-1].get_weights()[0].astype("float64")
    np.testing.assert_allclose(
        [last.min, last.max, last.num, last.sum, last.sum_squares],
        [kernel.min(), kernel.max(), 3, kernel.sum(), (kernel**2).sum()],
    )
    assert sum(last.bucket) == 3


def test_gradients_are_those_of_the_loss_in_inference(tmp_path: Path) -> None:
    model = Sequential([Dense(1, use_bias=False, input_shape=(2,), name="d"), Dropout(0.9)])
    model.compile("sgd", "mse")
    model.set_weights([np.array([[0.5], [-1.0]], "float32")])
    x, y = np.array([[1.0, 2.0], [3.0, 1.0]]), np.array([[1.0], [2.0]])
    board = TensorBoard(tmp_path, histogram_freq=1, write_grads=True)
    frozen = LambdaCallback(on_train_begin=lambda _: setattr(model.optimizer, "lr", 0.0))
    model.fit(x, y, verbose=0, validation_data=(x, y), callbacks=[frozen, board])
    errors = x @ [[0.5], [-1.0]] - y
    gradient = (2 * errors * x).mean(axis=0)
    found = read(tmp_path).Histograms("d/kernel_0_grad")[0].histogram_value
    np.testing.assert_allclose([found.min, found.max], [gradient.min(), gradient.max()], rtol=1e-6)


def test_weights_are_shown_as_images(tmp_path: Path) -> None:
    model = make_model()
    fit(model, TensorBoard(tmp_path, histogram_freq=1, write_images=True), epochs=1)
    events = read(tmp_path)
    sizes = {}
    for tag in events.Tags()["images"]:
        (event,) = events.Images(tag)
        picture = Image.open(io.BytesIO(event.encoded_image_string))
        picture.verify()
        assert (event.width, event.height) == picture.size
        sizes[tag.removesuffix("/image/0")] = picture.size
    assert sizes == {  # (width, height)
        "words/embeddings_0": (10, 4),
        "memory/kernel_0": (12, 4),
        "memory/recurrent_kernel_0": (12, 3),
        "memory/bias_0": (1, 12),
        "score/kernel_0": (1, 3),
    }


def test_embeddings_come_with_what_the_projector_reads(tmp_path: Path) -> None:
    model = make_model()
    fit(model, TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata="labels.tsv"))
    config = ProjectorConfig()
    text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), config)
    (shown,) = config.embeddings
    assert (shown.tensor_name, shown.metadata_path) == ("words", "labels.tsv")
    vectors = np.fromfile(tmp_path / shown.tensor_path, "<f4").reshape(shown.tensor_shape)
    np.testing.assert_array_equal(vectors, model.get_weights()[0])


def test_the_graph_shows_the_layers_by_name(tmp_path: Path) -> None:
    a, b = Input((3,), name="left"), Input((3,), name="right")
    x = Input((3,), name="inner_in")
    inner = Model(x, Dense(2, name="inner_dense")(x), name="tower")
    shared = Dense(2, name="shared one")
    joined = Concatenate(name="joined")([inner(a), inner(b), shared(a), shared(b)])
    model = Model([a, b], Dense(1, name="end")(joined))
    model.compile("sgd", "mse")
    zeros = np.zeros((2, 3))
    model.fit([zeros, zeros], np.zeros(2), verbose=0, callbacks=[TensorBoard(tmp_path)])
    nodes = {node.name: node for node in read(tmp_path).Graph().node}
    assert {name: (node.op, list(node.input)) for name, node in nodes.items()} == {
        "left": ("InputLayer", []),
        "right": ("InputLayer", []),
        "tower/inner_in": ("InputLayer", ["left"]),
        "tower/inner_dense": ("Dense", ["tower/inner_in"]),
        "tower_1/inner_in": ("InputLayer", ["right"]),
        "tower_1/inner_dense": ("Dense", ["tower_1/inner_in"]),
        "shared_one": ("Dense", ["left"]),
        "shared_one_1": ("Dense", ["right"]),
        "joined": (
            "Concatenate",
            ["tower/inner_dense", "tower_1/inner_dense", "shared_one", "shared_one_1"],
        ),
        "end": ("Dense", ["joined"]),
    }
    shape = nodes["joined"].attr["_output_shapes"].list.shape[0]
    assert [dim.size for dim in shape.dim] == [-1, 8]


def test_several_fits_write_several_files(tmp_path: Path) -> None:
    model, board = make_model(), TensorBoard(tmp_path / "new" / "folder")
    fit(model, board, epochs=1)
    fit(model, board, epochs=2, initial_epoch=1)
    assert len(list((tmp_path / "new" / "folder").iterdir())) == 2
    assert [event.step for event in read(tmp_path / "new" / "folder").Scalars("loss")] == [0, 1]


def test_a_fit_that_fails_closes_the_file(tmp_path: Path) -> None:
    def fail(epoch: int, logs: Any) -> None:
        raise OSError("mine")

    model, board = make_model(), TensorBoard(tmp_path)
    generator = np.random.default_rng(0)
    data = generator.integers(0, 10, (4, 5)), generator.random((4, 1))
    with pytest.raises(OSError, match="mine"):
        model.fit(*data, verbose=0, callbacks=[board, LambdaCallback(on_epoch_end=fail)])
    assert board.writer is None
    assert [event.step for event in read(tmp_path).Scalars("loss")] == [0]


def test_histograms_need_validation_data(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="histograms need validation data in arrays"):
        fit(make_model(), TensorBoard(tmp_path, histogram_freq=1), validation_split=0.0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("names", "message"), [(["wrds"], "no layer 'wrds'"), (["score"], None), (["memory"], None)]
)
def test_embeddings_need_layers_with_vectors(
    tmp_path: Path, names: list[str], message: str | None
) -> None:
    board = TensorBoard(tmp_path, embeddings_freq=1, embeddings_layer_names=names)
    if message is None:
        fit(make_model(), board, epochs=1)
        assert (tmp_path / f"{names[0]}.bytes").exists()
    else:
        with pytest.raises(ValueError, match=message):
            fit(make_model(), board)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    "arguments",
    [{"histogram_freq": -1}, {"batch_size": 0}, {"update_freq": "epochs"}, {"update_freq": 0}],
)
def test_arguments_that_there_are_not_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"`{next(iter(arguments))}` must be"):
        TensorBoard(**arguments)
