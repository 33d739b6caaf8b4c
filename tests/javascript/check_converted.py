"""Converts what Keras saved, and predicts with it in ONNX Runtime for Node and for the web.

`python check_converted.py FOLDER GOLDENS`, where FOLDER holds package.json's packages and the .mjs
files, and GOLDENS the files of Keras with its predictions; the nox session "javascript" does it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from konnx.converters import export_onnx, load_model

PACKAGES = ("onnxruntime-node", "onnxruntime-web")
TOLERANCE = 1e-4

Array = np.ndarray[Any, Any]


def goldens(folder: Path) -> Iterator[tuple[str, Path, dict[str, Array]]]:
    """Yield name, file and arrays of each model with predictions."""
    for path in sorted([*folder.glob("hdf5/*.h5"), *folder.glob("keras_v3/*/*.keras")]):
        arrays = path.with_suffix(".npz")
        if arrays.exists() and "weights_only" not in path.name:
            with np.load(arrays) as file:
                yield f"{path.parent.name}-{path.stem}", path, dict(file)


def as_json(array: Array) -> dict[str, Any]:
    return {"type": array.dtype.name, "dims": array.shape, "data": array.ravel().tolist()}


def convert(folder: Path, sources: Path) -> dict[str, list[Array]]:
    """Write the ONNX models and their inputs; return the predictions of Keras by name."""
    listed, expected = {}, {}
    for name, path, arrays in goldens(sources):
        model = load_model(path, compile=False)
        export_onnx(model, folder / f"{name}.onnx")
        given = [arrays[f"x_{index}"] for index in range(len(model.inputs))]
        pairs = zip(model.inputs, given, strict=True)
        listed[name] = [as_json(array.astype(str(tensor.dtype))) for tensor, array in pairs]
        expected[name] = [arrays[f"prediction_{index}"] for index in range(len(model.outputs))]
    (folder / "models.json").write_text(json.dumps(listed), encoding="utf-8")
    return expected


def difference(found: list[dict[str, Any]], expected: list[Array]) -> float:
    """Return the greatest difference, in parts of the largest number where that is above 1."""
    greatest = 0.0
    for one, wanted in zip(found, expected, strict=True):
        received = np.array(one["data"], np.float64).reshape(one["dims"])
        scale = max(1.0, float(np.abs(wanted).max(initial=0.0)))
        greatest = max(greatest, float(np.abs(received - wanted).max(initial=0.0)) / scale)
    return greatest


def main(folder: Path, sources: Path) -> int:
    expected = convert(folder, sources)
    worst = 0.0
    for package in PACKAGES:
        start = time.perf_counter()
        subprocess.run(["node", "predict.mjs", package, "."], cwd=folder, check=True)
        results = json.loads((folder / f"predictions.{package}.json").read_text(encoding="utf-8"))
        found = {name: difference(results[name], wanted) for name, wanted in expected.items()}
        name = max(found, key=lambda key: found[key])
        seconds = time.perf_counter() - start
        print(
            f"{package}: {len(found)} converted models in {seconds:.1f} s; greatest difference "
            f"{found[name]:.2g}, of {name}; allowed: {TOLERANCE}"
        )
        worst = max(worst, found[name])
    return int(not worst <= TOLERANCE)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
