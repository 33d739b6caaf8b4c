"""CIFAR-100: 60,000 colour images of a hundred kinds of things, 32 by 32 pixels."""

from __future__ import annotations

from konnx.datasets.cifar import fetch_folder, load_parts
from konnx.datasets.npz import Array

_SHA256 = "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"


def load_data(label_mode: str = "fine") -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return `(x_train, y_train), (x_test, y_test)`: 50,000 and 10,000 images and labels.

    Images and labels have the shapes and the dtype of those of `cifar10`. The archive, 169 MB, is
    downloaded once; see `konnx.utils.get_file`. Its pickles are read without unpickling.

    Args:
        label_mode: "fine" for 100 classes, "coarse" for 20.

    Raises:
        ValueError: `label_mode` is neither.

    Source:
        A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(
            f"`label_mode` must be 'fine' or 'coarse'. Received: label_mode={label_mode!r}"
        )
    folder = fetch_folder("cifar-100-python", "cifar-100-python.tar.gz", _SHA256)
    return load_parts(folder, ["train"], "test", f"{label_mode}_labels")
