"""Turning saved Keras applications into ONNX: konnx against tf2onnx, whole processes.

    python benchmarks/bench_conversion.py --peers PYTHON [--folder DIR] [--formats h5 keras]

PYTHON is that of an environment with tf_keras, keras, tensorflow and tf2onnx. It makes the files,
with random weights and what its Keras predicts with them, unless --folder has them already. Then
each file is converted by konnx and by tf2onnx, in turns, each in a process of its own; a line for
each shows nodes, seconds, memory (peak, resident) and how far the outputs are from Keras'.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

APPLICATIONS = (
    "ResNet50",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "EfficientNetB0",
    "Xception",
)

MAKE = """
import sys, numpy as np
kind, name, folder = sys.argv[1:]
if kind == "h5": import tf_keras as keras
else: import keras
keras.utils.set_random_seed(1)
model = getattr(keras.applications, name)(weights=None)
model.save(f"{folder}/{name}.{kind}")
x = np.random.RandomState(0).uniform(0, 1, (2, *model.input_shape[1:])).astype("float32")
np.savez(f"{folder}/{name}.{kind}.npz", x=x, y=model.predict(x, verbose=0))
"""

TF2ONNX = """
import os, sys
source, target = sys.argv[1:]
if source.endswith(".h5"): os.environ["TF_USE_LEGACY_KERAS"] = "1"
import tensorflow as tf, tf2onnx
model = tf.keras.models.load_model(source, compile=False)
if source.endswith(".h5"):
    tf2onnx.convert.from_keras(model, opset=18, output_path=target)
else:  # which tf2onnx takes as a function only
    spec = [tf.TensorSpec(model.inputs[0].shape, tf.float32, name="input")]
    function = tf.function(lambda x: model(x, training=False), input_signature=spec)
    tf2onnx.convert.from_function(function, spec, opset=18, output_path=target)
"""

Measured = tuple[int, float, float, float]


def main() -> None:
    """Convert every application in every format, and print a table."""
    arguments = parsed()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(arguments.folder or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        print(f"{'file':22}{'':10}{'nodes':>7}{'seconds':>9}{'MB':>7}  relative error")
        for name in arguments.applications:
            for kind in arguments.formats:
                compare(folder, name, kind, arguments.peers, arguments.rounds)


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", default=os.environ.get("KONNX_PEERS"), metavar="PYTHON")
    parser.add_argument("--folder", help="where the files are, or are to stay")
    parser.add_argument("--formats", nargs="+", default=["h5", "keras"])
    parser.add_argument("--applications", nargs="+", default=APPLICATIONS)
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts")
    arguments = parser.parse_args()
    if not arguments.peers:
        parser.error("--peers PYTHON is needed, or the variable KONNX_PEERS")
    return arguments


def compare(folder: Path, name: str, kind: str, peers: str, rounds: int) -> None:
    """Convert one file with both, and print how each did and konnx' part of tf2onnx'."""
    source = folder / f"{name}.{kind}"
    if not source.exists():
        subprocess.run([peers, "-c", MAKE, kind, name, str(folder)], check=True, env=quiet())
    target = folder / "converted.onnx"
    commands = {
        "konnx": [sys.executable, "-m", "konnx.cli", "convert", "-q", "--force"],
        "tf2onnx": [peers, "-c", TF2ONNX],
    }
    found: dict[str, list[Measured]] = {tool: [] for tool in commands}
    for _ in range(rounds):
        for tool, command in commands.items():
            measured = convert([*command, str(source), str(target)], source, target)
            if measured is not None:
                found[tool].append(measured)
    best = {}
    for tool, results in found.items():
        if not results:
            print(f"{source.name:22}{tool:10}  failed")
            continue
        best[tool] = tuple(min(values) for values in zip(*results, strict=True))
        nodes, seconds, memory, error = best[tool]
        print(f"{source.name:22}{tool:10}{nodes:7}{seconds:9.2f}{memory:7.0f}  {error:.1e}")
    if len(best) == len(commands):
        parts = [a / b for a, b in zip(best["konnx"][:3], best["tf2onnx"][:3], strict=True)]
        print(f"{'':22}{'part':10}{parts[0]:7.2f}{parts[1]:9.2f}{parts[2]:7.2f}", flush=True)


def convert(command: list[str], source: Path, target: Path) -> Measured | None:
    """Run a conversion; return nodes, seconds, peak memory and error, or None where it fails."""
    target.unlink(missing_ok=True)
    start = time.perf_counter()
    process = subprocess.Popen(command, env=quiet(), stderr=subprocess.PIPE)
    message = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if status or not target.exists():
        print(message.decode(errors="replace").strip().rpartition("\n")[2], file=sys.stderr)
        return None
    try:
        nodes, error = judge(source, target)
    except ValueError as failure:  # a model that cannot be run with what Keras was given
        print(failure, file=sys.stderr)
        return None
    return nodes, seconds, usage.ru_maxrss / 1024, error


def quiet() -> dict[str, str]:
    """Return the environment, with TensorFlow told to be quiet and to stay on the processor."""
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}


def judge(source: Path, target: Path) -> tuple[int, float]:
    """Return the number of nodes, and the largest error in parts of the largest output."""
    import numpy as np
    import onnx
    import onnxruntime

    with np.load(f"{source}.npz") as arrays:
        x, expected = arrays["x"], arrays["y"]
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: x})
    error = float(np.abs(found - expected).max() / np.abs(expected).max())
    return len(onnx.load(target).graph.node), error


if __name__ == "__main__":
    main()
