"""Makes konnx/datasets/digits.npz from the comma-separated copy that scikit-learn ships.

    pip download --no-deps --only-binary :all: scikit-learn
    unzip -j scikit_learn-*.whl sklearn/datasets/data/digits.csv.gz
    python tools/make_digits.py digits.csv.gz konnx/datasets/digits.npz

Each line of the input holds the 64 pixels of one image, row by row, and then its digit. The
values are kept as they are; equal input gives equal bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

EXPECTED_SHAPE = (1797, 65)


def read_table(path: Path) -> np.ndarray:
    """Return the (1797, 65) table of pixels and labels as uint8."""
    table = np.loadtxt(path, delimiter=",")
    if table.shape != EXPECTED_SHAPE:
        raise ValueError(f"{path}: expected a table of {EXPECTED_SHAPE}. Received: {table.shape}")
    if table.min() < 0 or table[:, :64].max() > 16 or table[:, 64].max() > 9:
        raise ValueError(f"{path}: expected pixels from 0 to 16 and labels from 0 to 9.")
    return table.astype(np.uint8)


def main() -> None:
    """Read the table named first and write the archive named second."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("source", type=Path, help="digits.csv.gz")
    parser.add_argument("target", type=Path, help="digits.npz")
    arguments = parser.parse_args()
    table = read_table(arguments.source)
    np.savez_compressed(arguments.target, x=table[:, :64].reshape(-1, 8, 8), y=table[:, 64])


if __name__ == "__main__":
    main()
