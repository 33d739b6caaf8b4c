"""Exported training steps: names, contract, and the same training in a plain ONNX Runtime."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from konnx import optimizers
from konnx.converters.training_export import METADATA_KEY, training_graphs
from konnx.layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    Masking,
    MaxPooling2D,
)
from konnx.models import Model, Sequential
from konnx.utils.random import next_run_seed

pytestmark = pytest.mark.training

STEPS = 20
PORTABLE: Any = {"gradient_engine": "portable"}  # the one that is exported
RNG = np.random.default_rng(0)
Arrays = dict[str, np.ndarray]


class Loop:
    """The loop of docs/training_export.md: nothing but ONNX Runtime and the names in the files."""

    def __init__(self, step: Path) -> None:
        self._step = self._session(step)
        self.state = self._run(self._session(beside(step, "init")), {})

    def _session(self, path: Path) -> Any:
        import onnxruntime

        return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def _run(self, session: Any, feeds: Arrays) -> Arrays:
        names = [one.name for one in session.get_outputs()]
        return dict(zip(names, session.run(names, feeds), strict=True))

    def train(self, batch: Arrays, seed: int) -> Arrays:
        return self._advance(self._run(self._step, {**self.state, **batch, "seed": np.array(seed)}))

    def other(self, path: Path, batch: Arrays) -> Arrays:
        session = self._session(path)
        given = {**self.state, **batch}
        feeds = {one.name: given[one.name] for one in session.get_inputs()}
        return self._advance(self._run(session, feeds))

    def _advance(self, outputs: Arrays) -> Arrays:
        for name, value in outputs.items():
            if name.startswith("next/"):
                self.state[name.replace("next/", "state/", 1)] = value
        return outputs


def beside(step: Path, part: str) -> Path:
    return step.with_name(f"{step.stem}_{part}.onnx")


def mlp() -> Model:
    layers = [
        Dense(8, activation="relu", input_shape=(6,), kernel_constraint="non_neg", name="hidden"),
        BatchNormalization(name="norm"),
        Dropout(0.4, name="drop"),
        Dense(3, activation="softmax", kernel_regularizer="l2", name="out"),
    ]
    return Sequential(layers, name="mlp")


def cnn() -> Model:
    layers = [
        Conv2D(4, 3, activation="relu", input_shape=(8, 8, 1), name="conv"),
        MaxPooling2D(name="pool"),
        Dropout(0.25, name="drop"),
        Flatten(name="flat"),
        Dense(3, activation="softmax", name="out"),
    ]
    return Sequential(layers, name="cnn")


def several() -> Model:
    image, vector = Input((6, 6, 2), name="image"), Input((3,), name="vector")
    joined = Concatenate(name="join")(
        [GlobalAveragePooling2D(name="mean")(Conv2D(3, 3, name="conv")(image)), vector]
    )
    frozen = Dense(4, name="frozen", trainable=False)(joined)
    return Model([image, vector], [Dense(2, name="a")(frozen), Dense(1, name="b")(frozen)])


def classes(size: int) -> np.ndarray:
    return RNG.integers(0, 3, (size, 1)).astype("float32")


def trained(model: Model, x: Any, y: Any, **weights: Any) -> list[Any]:
    """What 20 steps of the model itself report, with the seeds that `seeds` lists."""
    np.random.seed(5)  # noqa: NPY002 - the one that a model takes its seeds from
    return [np.atleast_1d(model.train_on_batch(x, y, **weights)) for _ in range(STEPS)]


def seeds() -> list[int]:
    np.random.seed(5)  # noqa: NPY002 - as above
    return [int(next_run_seed()) for _ in range(STEPS)]


def scores(outputs: Arrays) -> list[float]:
    return [float(v) for name, v in outputs.items() if name == "loss" or name.startswith("metric/")]


def check(model: Model, folder: Path, x: Sequence[Any], y: Sequence[Any], **weights: Any) -> Loop:
    """Train in ONNX Runtime alone and in konnx, and compare all that comes out."""
    step = folder / "model.onnx"
    model.export_training(step, sample_weight=bool(weights))
    batch = {f"data/{name}": a for name, a in zip(model.input_names, x, strict=True)}
    batch |= {f"target/{n}": a for n, a in zip(model.output_names, y, strict=True)}
    if weights:
        given = zip(model.output_names, weights["sample_weight"], strict=True)
        batch |= {f"sample_weight/{name}": array for name, array in given}
    loop = Loop(step)
    received = [scores(loop.train(batch, seed)) for seed in seeds()]
    expected = trained(model, list(x), list(y), **weights)
    np.testing.assert_allclose(received, expected, rtol=1e-5, atol=1e-6)
    evaluated = scores(loop.other(beside(step, "evaluate"), batch))
    np.testing.assert_allclose(
        evaluated, np.atleast_1d(model.test_on_batch(list(x), list(y), **weights)), rtol=1e-5
    )
    predicted = [
        value
        for name, value in loop.other(beside(step, "predict"), batch).items()
        if name.startswith("prediction/")
    ]
    for one, own in zip(predicted, as_list(model.predict(list(x))), strict=True):
        np.testing.assert_allclose(one, own, rtol=1e-4, atol=1e-6)
    return loop


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# Training


@pytest.mark.parametrize(
    "name",
    sorted({name.lower() for name in optimizers.OPTIMIZERS} - {"runtimeoptimizer", "tfoptimizer"}),
)
def test_every_optimizer_trains_as_in_konnx(name: str, tmp_path: Path) -> None:
    model = mlp()
    optimizer = {"class_name": name, "config": {"decay": 0.01}}
    model.compile(optimizer, "sparse_categorical_crossentropy", **PORTABLE)
    check(model, tmp_path, [RNG.random((16, 6)).astype("float32")], [classes(16)])


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=0.5),
        optimizers.Adam(0.01, amsgrad=True, clipvalue=0.1),
    ],
)
def test_options_of_optimizers_are_in_the_graph(optimizer: Any, tmp_path: Path) -> None:
    model = mlp()
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["acc"], **PORTABLE)
    check(model, tmp_path, [RNG.random((16, 6)).astype("float32")], [classes(16)])


def test_a_convolutional_network_trains_as_in_konnx(tmp_path: Path) -> None:
    model = cnn()
    optimizer = optimizers.SGD(0.05, momentum=0.9)
    model.compile(optimizer, "sparse_categorical_crossentropy", ["acc"], **PORTABLE)
    check(model, tmp_path, [RNG.random((16, 8, 8, 1)).astype("float32")], [classes(16)])


def test_several_inputs_outputs_and_weights_train_as_in_konnx(tmp_path: Path) -> None:
    model = several()
    model.compile("adam", ["mse", "mae"], ["mae"], loss_weights=[1.0, 0.5], **PORTABLE)
    x = [RNG.random((12, 6, 6, 2)).astype("float32"), RNG.random((12, 3)).astype("float32")]
    y = [RNG.random((12, 2)).astype("float32"), RNG.random((12, 1)).astype("float32")]
    weights = [RNG.random(12).astype("float32"), RNG.random(12).astype("float32")]
    loop = check(model, tmp_path, x, y, sample_weight=weights)
    np.testing.assert_array_equal(
        loop.state["state/frozen/kernel"], model.get_layer("frozen").get_weights()[0]
    )


def test_a_recurrent_network_with_masks_trains_as_in_konnx(tmp_path: Path) -> None:
    layers = [
        Masking(input_shape=(None, 3), name="mask"),
        GRU(4, return_sequences=True, recurrent_dropout=0.2, name="recurrent"),
        Dense(2, name="out"),
    ]
    model = Sequential(layers, name="recurrent")
    model.compile("adam", "mse", metrics=["mae"], **PORTABLE)
    x = RNG.random((8, 6, 3)).astype("float32")
    x[:3, 4:], x[4, 0] = 0, 0
    check(model, tmp_path, [x], [RNG.random((8, 6, 2)).astype("float32")])


def test_stateful_layers_go_on_where_the_last_batch_ended(tmp_path: Path) -> None:
    layers = [
        LSTM(4, stateful=True, dropout=0.2, batch_input_shape=(8, 5, 3), name="lstm"),
        Dense(1, name="out"),
    ]
    model = Sequential(layers, name="stateful")
    model.compile("sgd", "mse", **PORTABLE)
    x, y = RNG.random((8, 5, 3)).astype("float32"), RNG.random((8, 1)).astype("float32")
    loop = check(model, tmp_path, [x], [y])
    predict = beside(tmp_path / "model.onnx", "predict")
    for _ in range(2):
        outputs = loop.other(predict, {"data/lstm_input": x})
        expected = model.predict(x, batch_size=8)
        np.testing.assert_allclose(outputs["prediction/out"], expected, rtol=1e-4, atol=1e-6)


def test_the_learning_rate_can_change_from_run_to_run(tmp_path: Path) -> None:
    model = Sequential([Dense(1, input_shape=(2,), name="out")])
    model.compile(optimizers.SGD(0.5), "mse")
    model.export_training(tmp_path / "model.onnx")
    loop = Loop(tmp_path / "model.onnx")
    assert loop.state["learning_rate"] == 0.5
    x, y = np.eye(2, dtype="float32"), np.ones((2, 1), "float32")
    for rate in (0.4, 0.0, 0.1):
        model.optimizer.lr = rate
        loop.state["learning_rate"] = np.array(rate, "float32")
        received = loop.train({"data/out_input": x, "target/out": y}, 0)["loss"]
        assert float(received) == pytest.approx(model.train_on_batch(x, y), rel=1e-6)


# The files


def compiled(make: Callable[[], Model] = mlp) -> Model:
    model = make()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_the_files_hold_standard_onnx_of_opset_18_only(tmp_path: Path) -> None:
    paths = compiled().export_training(tmp_path / "m.onnx")
    assert {part: path.name for part, path in paths.items()} == {
        "step": "m.onnx",
        "init": "m_init.onnx",
        "predict": "m_predict.onnx",
        "evaluate": "m_evaluate.onnx",
    }
    for path in paths.values():
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        assert [(one.domain, one.version) for one in model.opset_import] == [("", 18)]
        assert model.ir_version == 8


@pytest.mark.no_runtime
def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    model = compiled()
    first = {p: one.read_bytes() for p, one in model.export_training(tmp_path / "a.onnx").items()}
    second = {p: one.read_bytes() for p, one in model.export_training(tmp_path / "b.onnx").items()}
    assert first == second


@pytest.mark.no_runtime
@pytest.mark.parametrize("part", ["step", "init", "predict", "evaluate"])
def test_the_metadata_list_what_a_file_takes_and_gives(part: str) -> None:
    proto = training_graphs(compiled())[part]
    contract = json.loads({one.key: one.value for one in proto.metadata_props}[METADATA_KEY])
    assert (contract["format"], contract["part"]) == (1, part)
    for listed, infos in (("inputs", proto.graph.input), ("outputs", proto.graph.output)):
        for port, info in zip(contract[listed], infos, strict=True):
            assert port["name"] == info.name
            assert port["role"] == info.name.split("/")[0]
            assert len(port["shape"]) == len(info.type.tensor_type.shape.dim)


@pytest.mark.no_runtime
def test_the_contract_of_a_step_in_full() -> None:
    model = Sequential([Dense(1, input_shape=(2,), use_bias=False, name="out")], name="m")
    model.compile(optimizers.SGD(momentum=0.5), "mse", metrics=["mae"])
    proto = training_graphs(model)["step"]
    contract = json.loads({one.key: one.value for one in proto.metadata_props}[METADATA_KEY])
    kernel, slot, count = "out/kernel", "SGD/out/kernel/momentum", "SGD/iterations"
    rows = [
        ("data/out_input", "data", "float32", ["batch", 2]),
        ("target/out", "target", "float32", ["batch", 1]),
        (f"state/{kernel}", "state", "float32", [2, 1], f"next/{kernel}"),
        (f"state/{count}", "state", "int64", [], f"next/{count}"),
        (f"state/{slot}", "state", "float32", [2, 1], f"next/{slot}"),
        ("learning_rate", "learning_rate", "float32", []),
        ("seed", "seed", "int64", []),
    ]
    keys = ("name", "role", "dtype", "shape", "next")
    assert contract["inputs"] == [dict(zip(keys, row, strict=False)) for row in rows]
    rows = [
        ("loss", "loss", "float32", []),
        ("metric/mean_absolute_error", "metric", "float32", []),
        (f"next/{kernel}", "next", "float32", [2, 1], f"state/{kernel}"),
        (f"next/{count}", "next", "int64", [], f"state/{count}"),
        (f"next/{slot}", "next", "float32", [2, 1], f"state/{slot}"),
    ]
    keys = ("name", "role", "dtype", "shape", "state")
    assert contract["outputs"] == [dict(zip(keys, row, strict=False)) for row in rows]


@pytest.mark.no_runtime
def test_the_parts_that_are_not_wanted_are_not_written(tmp_path: Path) -> None:
    compiled().export_training(tmp_path / "m.onnx", include_predict=False, include_evaluate=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.onnx", "m_init.onnx"]


@pytest.mark.no_runtime
def test_nothing_is_written_if_one_of_the_files_may_not_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "m_evaluate.onnx").write_text("mine")
    with pytest.raises(FileExistsError, match="m_evaluate"):
        compiled().export_training(tmp_path / "m.onnx", overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["m_evaluate.onnx"]
    assert (tmp_path / "m_evaluate.onnx").read_text() == "mine"


@pytest.mark.no_runtime
def test_a_model_that_is_not_compiled_has_no_training_step(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="'mlp' is not compiled"):
        mlp().export_training(tmp_path / "m.onnx")


@pytest.mark.no_runtime
def test_sample_weights_are_inputs_for_the_outputs_that_are_named() -> None:
    model = several()
    model.compile("sgd", "mse")
    step = training_graphs(model, sample_weight={"b": True})["step"]
    names = [one.name for one in step.graph.input]
    assert [name for name in names if name.startswith("sample_weight")] == ["sample_weight/b"]
    with pytest.raises(ValueError, match=r"`sample_weight` names \['c'\]"):
        training_graphs(model, sample_weight={"c": True})
