"""Where no ONNX Runtime is installed, all but running works; running says what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.no_runtime

# Put before each program: no import system finds the runtime, whether it is installed or not.
BLOCK = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "onnxruntime":
            raise ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime")

sys.meta_path.insert(0, Absent())

import numpy as np
from konnx.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten
from konnx.models import Sequential, load_model, model_from_json

def make():
    return Sequential([
        Conv2D(2, 3, input_shape=(6, 6, 1)), BatchNormalization(), Dropout(0.5), Flatten(),
        Dense(3, activation="softmax"),
    ])
"""
COMMANDS = ['pip install "konnx[gpu]"', 'pip install "konnx[cpu]"', 'pip install "konnx[training]"']


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", BLOCK + program],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def output_of(program: str, folder: Path) -> str:
    result = run(program, folder)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.strip()


def test_authoring_compiling_and_configs(tmp_path: Path) -> None:
    program = """
model = make()
model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
model.summary(print_fn=lambda line: None)
again = model_from_json(model.to_json())
again.set_weights([weight + 1 for weight in model.get_weights()])
print(model.metrics_names, again.output_shape)
"""
    assert output_of(program, tmp_path) == "['loss', 'acc'] (None, 3)"


def test_files_are_written_and_read(tmp_path: Path) -> None:
    program = """
model = make()
model.compile("adam", "categorical_crossentropy")
model.save("m.h5")
again = load_model("m.h5")
again.save_weights("w.h5")
again.load_weights("w.h5", by_name=True)
same = all((a == b).all() for a, b in zip(model.get_weights(), again.get_weights()))
print(same, type(again.optimizer).__name__)
"""
    assert output_of(program, tmp_path) == "True Adam"


def test_a_file_of_keras_is_converted_and_inspected(tmp_path: Path) -> None:
    program = """
import onnx
make().save("m.h5")
load_model("m.h5", compile=False).export("m.onnx")
graph = onnx.load("m.onnx").graph
print([i.name for i in graph.input], {n.op_type for n in graph.node} & {"BatchNormalization"})
"""
    assert output_of(program, tmp_path) == "['conv2d_1_input'] set()"


@pytest.mark.parametrize(
    "use",
    [
        "make().predict(np.zeros((1, 6, 6, 1)))",
        "m = make(); m.compile('sgd', 'mse'); m.fit(np.zeros((2, 6, 6, 1)), np.zeros((2, 3)))",
        "m = make(); m.compile('sgd', 'mse'); m.evaluate(np.zeros((2, 6, 6, 1)), np.zeros((2, 3)))",
        "from konnx import backend as K; K.eval(K.constant(1.0) + 1.0)",
    ],
    ids=["predict", "fit", "evaluate", "eval"],
)
def test_running_names_the_commands_that_install_a_runtime(use: str, tmp_path: Path) -> None:
    result = run(use, tmp_path)
    assert result.returncode == 1
    message = result.stderr.strip().splitlines()[-1]
    assert "RuntimeMissingError" in message
    assert all(command in message for command in COMMANDS)
