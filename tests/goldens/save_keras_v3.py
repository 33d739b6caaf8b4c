"""Read every `.keras` golden with konnx and save it again, for `check_keras_v3.py`.

Run `python save_keras_v3.py FOLDER`, where konnx is installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from konnx.models import load_model

GOLDENS = Path(__file__).parent / "keras_v3"
CANNOT = ("tfkeras213/operators", "tfkeras221/operators")
"""With operations of TensorFlow, which Keras 3 lacks."""


def main(folder: Path) -> None:
    """Write all files, each below the name of who wrote the golden."""
    for path in sorted(GOLDENS.rglob("*.keras")):
        name = path.relative_to(GOLDENS)
        if str(name.with_suffix("")) not in CANNOT:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            load_model(path).save(folder / name)
            load_model(path).save_weights(folder / name.with_suffix(".weights.h5"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
