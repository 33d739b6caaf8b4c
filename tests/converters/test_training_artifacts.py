"""What onnxruntime-training's own classes make, in another process, of the files for a device."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from konnx import layers, optimizers, runtime
from konnx.converters.training_rules import update_rule
from konnx.graph import Variable
from konnx.models import Model, Sequential
from konnx.optimizers import SGD, Adam

pytestmark = pytest.mark.training

needs_build = pytest.mark.skipif(
    "KONNX_TEST_TRAINING_BUILD" not in os.environ and not runtime.can_differentiate(),
    reason="needs the training build, which the nox session `training` installs",
)

ROOT = Path(__file__).parents[2]
STEPS = 6

# Knows nothing of konnx.
TRAIN = """
import json, sys
import numpy as np
from onnxruntime.capi import _pybind_state as C

folder, steps = sys.argv[1], int(sys.argv[2])
data = np.load(f"{folder}/data.npz")
feeds = [data[name] for name in data.files]
options = C.SessionOptions()
options.log_severity_level = 4
device = C.OrtDevice(C.OrtDevice.cpu(), C.OrtDevice.default_memory(), 0)
state = C.load_checkpoint(f"{folder}/checkpoint")
module = C.Module(
    f"{folder}/training_model.onnx", state, f"{folder}/eval_model.onnx", device, options
)
optimizer = C.Optimizer(f"{folder}/optimizer_model.onnx", state, device, options)
optimizer.set_learning_rate(state.get_property("learning_rate"))

def run(step, training, seed):
    given = [*feeds, np.int64(seed)] if "seed" in module.input_names(training) else feeds
    results = C.OrtValueVector()
    step([np.asarray(one) for one in given], results)
    return [result.numpy().tolist() for result in results]

losses = []
for number in range(steps):
    losses.append(run(module.train_step, True, number))
    optimizer.optimizer_step()
    module.lazy_reset_grad()
evaluated = run(module.eval_step, False, 0)
module.export_model_for_inferencing(f"{folder}/inference.onnx", sys.argv[3:])
C.save_checkpoint(state, f"{folder}/trained", False)
names = state.parameter_names()
weights = {name: state.get_parameter(name).data.numpy().tolist() for name in names}
print(json.dumps({"losses": losses, "evaluated": evaluated, "weights": weights}))
"""


def train(folder: Path, arrays: dict[str, np.ndarray], outputs: list[str]) -> dict[str, Any]:
    np.savez(folder / "data.npz", **arrays)
    command = [sys.executable, "-c", TRAIN, str(folder), str(STEPS), *outputs]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def mlp() -> Sequential:
    return Sequential(
        [
            layers.Dense(8, activation="tanh", input_shape=(5,), kernel_regularizer="l2"),
            layers.Dense(3, activation="softmax", name="out"),
        ]
    )


def cnn() -> Sequential:
    return Sequential(
        [
            layers.Conv2D(4, 3, input_shape=(8, 8, 1), use_bias=False),
            layers.BatchNormalization(momentum=0.8),
            layers.Activation("relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(3, activation="softmax", name="out"),
        ]
    )


def partly_frozen() -> Sequential:
    model = mlp()
    model.layers[0].trainable = False
    return model


def data_for(model: Sequential) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    x = random.uniform(-1, 1, (12, *model.input_shape[1:])).astype(np.float32)
    return x, np.eye(3, dtype=np.float32)[random.integers(0, 3, 12)]


CASES: dict[str, tuple[Callable[[], Sequential], Any]] = {
    "an MLP by SGD": (mlp, SGD(0.1)),
    "an MLP by Adam": (mlp, Adam(0.01)),
    "an MLP by clipped SGD": (mlp, SGD(0.5, clipnorm=0.1)),
    "an MLP by clipped Adam": (mlp, Adam(0.01, beta_1=0.8, epsilon=1e-4, clipnorm=0.1)),
    "a CNN by SGD": (cnn, SGD(0.05)),
    "a CNN by Adam": (cnn, Adam(0.01)),
    "half a model": (partly_frozen, SGD(0.1)),
}


@needs_build
@pytest.mark.parametrize("name", CASES)
def test_the_losses_and_weights_are_those_of_the_model(name: str, tmp_path: Path) -> None:
    make, optimizer = CASES[name]
    model = make()
    model.compile(optimizer, "categorical_crossentropy", metrics=["acc"])
    x, y = data_for(model)
    model.export_training_artifacts(tmp_path / "device")
    found = train(tmp_path / "device", {"x": x, "y": y}, ["out"])
    expected = [model.train_on_batch(x, y) for _ in range(STEPS)]
    np.testing.assert_allclose(found["losses"], expected, rtol=1e-4)
    assert expected[-1][0] < expected[0][0]
    for variable in model.weights:
        np.testing.assert_allclose(
            found["weights"][variable.name], variable.numpy(), rtol=1e-4, atol=1e-5
        )
    loss, accuracy, outputs = found["evaluated"]
    np.testing.assert_allclose([loss, accuracy], model.test_on_batch(x, y), rtol=1e-4)
    np.testing.assert_allclose(outputs, model.predict(x), rtol=1e-3, atol=1e-5)
    inference = onnx.load(tmp_path / "device" / "inference.onnx")
    assert [one.name for one in inference.graph.output] == ["out"]


@needs_build
def test_a_model_that_draws_random_numbers_takes_a_seed(tmp_path: Path) -> None:
    model = Sequential(
        [layers.Dense(16, input_shape=(4,)), layers.Dropout(0.3), layers.Dense(1, name="out")]
    )
    model.compile("sgd", "mse")
    model.export_training_artifacts(tmp_path)
    x = np.linspace(-1, 1, 48, dtype=np.float32).reshape(12, 4)
    found = train(tmp_path, {"x": x, "y": x[:, :1]}, ["out"])
    losses = [loss for (loss,) in found["losses"]]
    assert len(set(losses)) == STEPS
    assert found["evaluated"][0] < losses[0]
    training = onnx.load(tmp_path / "training_model.onnx")
    assert [one.name for one in training.graph.input][:3] == [
        *model.input_names,
        "out_target",
        "seed",
    ]


@needs_build
def test_another_optimizer_and_a_decay_of_weights_can_be_chosen(tmp_path: Path) -> None:
    model = mlp()
    model.compile(SGD(0.1, momentum=0.9), "mse")
    model.export_training_artifacts(tmp_path, optimizer="adam", weight_decay=0.01)
    (node,) = onnx.load(tmp_path / "optimizer_model.onnx").graph.node
    attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
    assert node.op_type == "AdamWOptimizer"
    assert attributes["weight_decay"] == pytest.approx(0.01)


@needs_build
def test_files_that_exist_are_kept_where_they_must_be(tmp_path: Path) -> None:
    model = mlp()
    model.compile("sgd", "mse")
    (tmp_path / "eval_model.onnx").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=r"eval_model\.onnx"):
        model.export_training_artifacts(tmp_path, overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["eval_model.onnx"]
    assert (tmp_path / "eval_model.onnx").read_bytes() == b"mine"


@needs_build
def test_metrics_that_keep_sums_are_refused_as_no_checkpoint_holds_them(tmp_path: Path) -> None:
    model = Sequential([layers.Dense(1, activation="sigmoid", input_shape=(4,))])
    model.compile("sgd", "binary_crossentropy", metrics=["Precision"])
    with pytest.raises(ValueError, match="changes precision/sum_0, precision/sum_1"):
        model.export_training_artifacts(tmp_path / "folder")
    assert list(tmp_path.iterdir()) == []


@needs_build
def test_a_weight_without_gradient_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    x = layers.Input((4,))
    model = Model(x, [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)])
    model.compile("sgd", {"a": "mse"})
    with pytest.raises(ValueError, match="does not depend on 'b/kernel'"):
        model.export_training_artifacts(tmp_path / "device")
    assert not (tmp_path / "device").exists()


@needs_build
def test_the_page_on_it_shows_what_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "on_device_training.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        exec(compile(block, "on_device_training.md", "exec"), names)  # noqa: S102 - our own text
    model, x, y = names["model"], names["images"], names["classes"]
    batches = [slice(start, start + 32) for start in range(0, len(x), 32)]
    expected = [model.train_on_batch(x[batch], y[batch])[0] for batch in batches]
    np.testing.assert_allclose(names["losses"], expected, rtol=1e-3)
    assert (tmp_path / "device" / "inference.onnx").exists()


def test_without_the_training_build_the_commands_that_install_it_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise runtime.RuntimeMissingError('pip install "konnx[training]"')

    monkeypatch.setattr(runtime, "training_module", missing)
    model = mlp()
    model.compile("sgd", "mse")
    with pytest.raises(runtime.RuntimeMissingError, match="konnx.training"):
        model.export_training_artifacts(tmp_path / "device")
    assert not (tmp_path / "device").exists()


WEIGHT = Variable(np.zeros(2, np.float32), name="weight")
BOUND = Variable(np.zeros(2, np.float32), name="bound", constraint=lambda value: value)


class Own(optimizers.Optimizer):
    pass


@pytest.mark.parametrize(
    ("optimizer", "weights", "decay", "message"),
    [
        (SGD(momentum=0.9), [WEIGHT], 0.0, "`SGD` has not a `momentum`"),
        (SGD(nesterov=True), [WEIGHT], 0.0, "`SGD` has not `nesterov`"),
        (SGD(decay=0.1), [WEIGHT], 0.0, "has not a `decay`.*set_learning_rate"),
        (SGD(clipvalue=0.5), [WEIGHT], 0.0, "has not `clipvalue`"),
        (SGD(), [WEIGHT], 0.1, "`SGD` has not a `weight_decay`"),
        (Adam(amsgrad=True), [WEIGHT], 0.0, "`Adam` has not `amsgrad`"),
        (Own(), [WEIGHT], 0.0, "no optimizer `Own`, only SGD .* optimizer='adam'"),
        (SGD(), [WEIGHT, BOUND], 0.0, "no constraints, and bound have one"),
    ],
)
def test_a_rule_that_there_is_not_is_refused(
    optimizer: Any, weights: list[Variable], decay: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        update_rule(optimizer, weights, decay)
