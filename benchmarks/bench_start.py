"""How long whole processes take: importing konnx, and converting a published Keras file.

Each is started several times; the least time is what it takes where nothing else runs.

Run: python benchmarks/bench_start.py [--repeats N]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODEL = Path(__file__).parents[1] / "tests" / "goldens" / "fer" / "emotion_model.hdf5"


def commands(folder: Path) -> dict[str, list[str]]:
    """Return what is timed, by what it shows."""
    convert = ["-m", "konnx.cli", "convert", "--force", str(MODEL), str(folder / "emotion.onnx")]
    return {
        "python alone": ["-c", ""],
        "import onnx": ["-c", "import onnx"],
        "import konnx": ["-c", "import konnx"],
        "import konnx.models": ["-c", "import konnx.models"],
        "konnx convert emotion_model.hdf5": convert,
    }


def seconds(arguments: list[str], folder: Path) -> float:
    """Return the time from start to end of one process, in a folder without a checkout."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Time each in turns and print the least and the median of its times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as name:
        timed = commands(Path(name))
        rows = [[seconds(one, Path(name)) for one in timed.values()] for _ in range(repeats)]
    for label, times in zip(timed, zip(*rows, strict=True), strict=True):
        middle = sorted(times)[len(times) // 2]
        print(f"{label:34} {min(times):5.2f} s   median {middle:5.2f} s")


if __name__ == "__main__":
    main()
