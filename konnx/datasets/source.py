"""Where the files of the data sets are published."""

from __future__ import annotations

from konnx.utils.downloads import get_file

_FOLDER = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def fetch_file(
    path: str, name: str, file_hash: str, *, subfolder: str = "datasets", verbose: int = 1
) -> str:
    """Return the path of a file of a data set, downloaded unless it is in the cache.

    Args:
        path: its name in the cache, or an absolute path.
        name: its name where it is published.
        file_hash: its SHA-256 or MD5.
        subfolder: of the cache.
        verbose: 1 shows progress, 0 nothing.
    """
    return get_file(
        path, _FOLDER + name, file_hash=file_hash, cache_subdir=subfolder, verbose=verbose
    )
