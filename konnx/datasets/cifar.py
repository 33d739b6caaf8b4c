"""What CIFAR-10 and CIFAR-100 have in common: 60,000 images of 32 by 32 pixels in pickles."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from konnx.config import image_data_format
from konnx.datasets.npz import Array
from konnx.datasets.pickles import read_pickle
from konnx.utils.downloads import get_file

_SIZE = (3, 32, 32)
_LARGEST = 2**30  # bytes; the largest of these files has 155 million


def fetch_folder(name: str, archive: str, file_hash: str) -> Path:
    """Return the folder of a data set, downloaded and unpacked unless it is in the cache."""
    origin = f"https://www.cs.toronto.edu/~kriz/{archive}"
    return Path(get_file(name, origin, untar=True, file_hash=file_hash))


def load_batch(path: str | Path, label_key: str = "labels") -> tuple[Array, Array]:
    """Read one file of images.

    Args:
        path: the file.
        label_key: which labels.

    Returns:
        Images (n, 3, 32, 32) and labels (n,), both dtype uint8.

    Raises:
        ValueError: the file is damaged, or holds anything else than images and labels.
    """
    with open(path, "rb") as file:
        content = read_pickle(file.read(_LARGEST), str(path))
    if not isinstance(content, dict):
        raise ValueError(f"'{path}' holds no images: it is no dictionary.")
    named = {key.decode() if isinstance(key, bytes) else key: v for key, v in content.items()}
    images, labels = named.get("data"), named.get(label_key)
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 2:
        raise ValueError(f"'{path}' has no array of images under 'data'.")
    if not isinstance(labels, list) or len(labels) != len(images):
        raise ValueError(f"'{path}' does not have a label for each image under '{label_key}'.")
    return images.reshape(-1, *_SIZE), np.array(labels, dtype=np.uint8)


def load_parts(
    folder: Path, train: list[str], test: str, label_key: str
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Read the files of both parts; images in the layout of `konnx.config`, labels as columns."""
    batches = [load_batch(folder / name, label_key) for name in train]
    x_train, y_train = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    x_test, y_test = load_batch(folder / test, label_key)
    return (_arranged(x_train), y_train[:, None]), (_arranged(x_test), y_test[:, None])


def _arranged(images: Array) -> Array:
    if image_data_format() == "channels_first":
        return images
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1))
