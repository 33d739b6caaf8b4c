"""Boston housing: 13 measures of 506 districts and the median price of a house in each."""

from __future__ import annotations

import numpy as np

from konnx.datasets.npz import Array, read_npz
from konnx.datasets.source import fetch_file

_SHA256 = "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"


def load_data(
    path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return `(x_train, y_train), (x_test, y_test)`, shuffled and split.

    Measures have shape (n, 13), prices, in thousands of dollars, (n,); both are float64. The file,
    57 KB, is downloaded once; see `konnx.utils.get_file`. One of the measures is a transformed
    share of Black residents; the data serve to learn about regression, not about prices.

    Args:
        path: name of the file in the cache, or an absolute path.
        test_split: fraction of the districts in the test part, at least 0, below 1.
        seed: seed of the shuffle.

    Raises:
        ValueError: `test_split` is out of range.

    Source:
        D. Harrison and D. Rubinfeld, Hedonic prices and the demand for clean air, 1978.
    """
    if not 0 <= test_split < 1:
        raise ValueError(
            f"`test_split` must be at least 0 and below 1. Received: test_split={test_split!r}"
        )
    x, y = read_npz(fetch_file(path, "boston_housing.npz", _SHA256), "x", "y")
    indices = np.arange(len(x))
    np.random.RandomState(seed).shuffle(indices)
    x, y = x[indices], y[indices]
    count = int(len(x) * (1 - test_split))
    return (x[:count], y[:count]), (x[count:], y[count:])
