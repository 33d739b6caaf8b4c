"""Fashion-MNIST: 70,000 grey images of clothes of ten kinds, 28 by 28 pixels."""

from __future__ import annotations

import gzip
import zlib
from math import prod

import numpy as np

from konnx.datasets.npz import Array
from konnx.datasets.source import fetch_file

_FOLDER = "datasets/fashion-mnist"
_MD5 = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
_LARGEST = 2**28  # bytes of one array


def load_data() -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return `(x_train, y_train), (x_test, y_test)`: 60,000 and 10,000 images and labels.

    Images have shape (n, 28, 28) and labels (n,), both dtype uint8: 0 T-shirt/top, 1 trouser,
    2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot. The files,
    31 MB, are downloaded once; see `konnx.utils.get_file`.

    Source:
        H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST: a Novel Image Dataset for Benchmarking
        Machine Learning Algorithms, 2017. Licence: MIT.
    """
    x_train, y_train, x_test, y_test = (
        read_idx(fetch_file(name, name, md5, subfolder=_FOLDER)) for name, md5 in _MD5.items()
    )
    return (x_train, y_train), (x_test, y_test)


def read_idx(path: str) -> Array:
    """Read an array of bytes in the format IDX, packed by gzip.

    Raises:
        ValueError: the file is damaged, or of another type.
    """
    try:
        with gzip.open(path) as file:
            content = file.read(_LARGEST)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"'{path}' is damaged: {error}") from error
    rank = content[3] if len(content) > 3 else 0
    shape = tuple(np.frombuffer(content[4 : 4 + 4 * rank], ">u4").tolist())
    data = content[4 + 4 * rank :]
    # The first bytes are 0 0, then the type of the elements, 8 for bytes, then their rank.
    if content[:3] != b"\0\0\x08" or len(shape) != rank or prod(shape) != len(data):
        raise ValueError(f"'{path}' is no IDX file of bytes, or is damaged.")
    return np.frombuffer(data, np.uint8).reshape(shape).copy()
