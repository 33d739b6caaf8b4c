"""CIFAR-10: 60,000 colour images of ten kinds of things, 32 by 32 pixels."""

from __future__ import annotations

from konnx.datasets.cifar import fetch_folder, load_parts
from konnx.datasets.npz import Array

_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"


def load_data() -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return `(x_train, y_train), (x_test, y_test)`: 50,000 and 10,000 images and labels.

    Images have shape (n, 32, 32, 3), or (n, 3, 32, 32) where `K.image_data_format()` is
    "channels_first"; labels have shape (n, 1); both are uint8. Labels: 0 airplane, 1 automobile,
    2 bird, 3 cat, 4 deer, 5 dog, 6 frog, 7 horse, 8 ship, 9 truck. The archive, 170 MB, is
    downloaded once; see `konnx.utils.get_file`. Its pickles are read without unpickling.

    Source:
        A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
    """
    folder = fetch_folder("cifar-10-batches-py", "cifar-10-python.tar.gz", _SHA256)
    train = [f"data_batch_{number}" for number in range(1, 6)]
    return load_parts(folder, train, "test_batch", "labels")
