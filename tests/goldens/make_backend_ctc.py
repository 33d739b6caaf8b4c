"""What tf_keras' backend computes of CTC: losses with gradients, and decoded labels.

Writes backend_ctc.npz in the form of backend_nn.npz (see make_backend_nn.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from make_backend_nn import FOLDER, write


def likely(seed: int, *shape: int, sharpness: float = 2.0) -> np.ndarray:
    """Return probabilities that leave little to chance, or much."""
    scores = np.random.default_rng(seed).normal(size=shape) * sharpness
    scores = np.exp(scores)
    return (scores / scores.sum(-1, keepdims=True)).astype("float32")


LABELS = np.array([[0, 1, 1, 3], [2, 9, 9, 9], [3, 3, 3, 9], [1, 0, 9, 9]])
LABEL_LENGTHS = np.array([[4], [1], [3], [2]])
INPUT_LENGTHS = np.array([[7], [4], [6], [2]])
LENGTHS = INPUT_LENGTHS[:, 0]
FLAT = likely(5, 3, 9, 4, sharpness=0.7)
FLAT_LENGTHS = np.array([9, 6, 1])

CALLS: list[tuple[str, list[Any], dict[str, Any]]] = [
    ("ctc_batch_cost", [LABELS, likely(0, 4, 7, 5), INPUT_LENGTHS, LABEL_LENGTHS], {}),
    (
        "ctc_batch_cost",
        [
            np.array([[1.0], [0.0]], "float32"),
            likely(1, 2, 5, 3),
            np.array([[5], [3]]),
            np.array([[1], [1]]),
        ],
        {},
    ),
    ("ctc_decode", [likely(2, 4, 7, 5), LENGTHS], {}),
    ("ctc_decode", [likely(3, 4, 7, 5), LENGTHS], {"greedy": False}),
    ("ctc_decode", [likely(4, 4, 7, 5), LENGTHS], {"greedy": False, "top_paths": 3}),
    ("ctc_decode", [FLAT, FLAT_LENGTHS], {"greedy": False, "beam_width": 4, "top_paths": 2}),
    ("ctc_decode", [FLAT, FLAT_LENGTHS], {"greedy": False, "beam_width": 1}),
    (
        "ctc_decode",
        [likely(6, 2, 25, 12, sharpness=1.0), np.array([25, 20])],
        {"greedy": False, "beam_width": 30, "top_paths": 5},
    ),
    ("ctc_label_dense_to_sparse", [LABELS, LABEL_LENGTHS[:, 0].astype("int32")], {}),
]

if __name__ == "__main__":
    write(FOLDER / "backend_ctc.npz", CALLS)
