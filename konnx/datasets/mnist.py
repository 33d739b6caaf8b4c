"""MNIST: 70,000 grey images of handwritten digits, 28 by 28 pixels."""

from __future__ import annotations

from konnx.datasets.npz import Array, read_npz
from konnx.datasets.source import fetch_file

_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def load_data(path: str = "mnist.npz") -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return `(x_train, y_train), (x_test, y_test)`: 60,000 and 10,000 images and digits.

    Images have shape (n, 28, 28) and labels (n,), both dtype uint8. The file, 11 MB, is downloaded
    once; see `konnx.utils.get_file`.

    Args:
        path: name of the file in the cache, or an absolute path.

    Source:
        Y. LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits, 1998.
    """
    file = fetch_file(path, "mnist.npz", _SHA256)
    x_train, y_train, x_test, y_test = read_npz(file, "x_train", "y_train", "x_test", "y_test")
    return (x_train, y_train), (x_test, y_test)
