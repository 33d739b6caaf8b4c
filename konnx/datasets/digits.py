"""Optical recognition of handwritten digits: 1,797 grey images of 8 by 8 pixels."""

from __future__ import annotations

from importlib import resources

import numpy as np
import numpy.typing as npt

UInt8Array = npt.NDArray[np.uint8]


def load_data(
    test_split: float = 0.2, seed: int = 113
) -> tuple[tuple[UInt8Array, UInt8Array], tuple[UInt8Array, UInt8Array]]:
    """Return the digits, shuffled and split, as `(x_train, y_train), (x_test, y_test)`.

    Images have shape (n, 8, 8) and dtype uint8; a pixel counts the inked points, 0 to 16, of a
    4 by 4 block of the scanned bitmap. Labels have shape (n,) and dtype uint8, 0 to 9. Both parts
    hold each digit in the same proportion, and the same arguments always give the same split.
    The arrays are the caller's own.

    Args:
        test_split: fraction of the 1,797 images that go to the test part, at least 0, below 1.
        seed: seed of the shuffle, 0 to 2**32 - 1.

    Raises:
        ValueError: `test_split` is out of range.

    Source:
        E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
        Repository, 1998, doi:10.24432/C50P49, the part named "test", written by 13 people.
        Licence: CC BY 4.0.

    Example:
        >>> from konnx.datasets import digits
        >>> (x_train, y_train), (x_test, y_test) = digits.load_data()
        >>> x_train.shape, x_test.shape
        ((1438, 8, 8), (359, 8, 8))
    """
    if not 0 <= test_split < 1:
        raise ValueError(
            f"`load_data`: `test_split` must be at least 0 and below 1. "
            f"Received: test_split={test_split!r}"
        )
    x, y = _read()
    train, test = _stratified_split(y, test_split, seed)
    return (x[train], y[train]), (x[test], y[test])


def _read() -> tuple[UInt8Array, UInt8Array]:
    archive = resources.files("konnx.datasets").joinpath("digits.npz")
    with archive.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return arrays["x"], arrays["y"]


def _stratified_split(
    labels: UInt8Array, test_split: float, seed: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the shuffled indices of the training and of the test part."""
    # NumPy promises that RandomState never changes its stream; default_rng may change its own.
    order = np.random.RandomState(seed).permutation(len(labels))
    shuffled = labels[order]
    # Where each image stands among those of its own digit, from 0 to 1: the last ones of every
    # digit are the test part.
    standing = np.empty(len(labels))
    for label in np.unique(labels):
        members = np.flatnonzero(shuffled == label)
        standing[members] = (np.arange(len(members)) + 0.5) / len(members)
    is_test = np.zeros(len(labels), dtype=bool)
    train_count = len(labels) - int(len(labels) * test_split)
    is_test[np.argsort(standing, kind="stable")[train_count:]] = True
    return order[~is_test], order[is_test]
