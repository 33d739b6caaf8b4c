"""Checksums of files."""

from __future__ import annotations

import hashlib
import os
import re

_LENGTHS = {"md5": 32, "sha256": 64}


def hash_file(
    fpath: str | os.PathLike[str], algorithm: str = "sha256", chunk_size: int = 65535
) -> str:
    """Return the hash of a file in hexadecimal digits.

    Args:
        fpath: the file.
        algorithm: "sha256" or "md5".
        chunk_size: bytes to read at once.
    """
    # MD5 is what upstream published for some files; it finds damage, not forgery.
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with open(fpath, "rb") as file:
        while chunk := file.read(chunk_size):
            digest.update(chunk)
    return digest.hexdigest()


def algorithm_of(file_hash: str, algorithm: str = "auto") -> str:
    """Return what made a hash: "sha256" or "md5".

    Args:
        file_hash: hexadecimal digits.
        algorithm: "auto" (told by the length), "sha256" or "md5".

    Raises:
        ValueError: the algorithm is unknown, or the hash is none of it.

    Example:
        >>> algorithm_of("8a61469f7ea1b51cbae51d4f78837e45")
        'md5'
    """
    if algorithm not in ("auto", *_LENGTHS):
        raise ValueError(
            f"`hash_algorithm` must be 'auto', 'sha256' or 'md5'. Received: {algorithm!r}"
        )
    fitting = [
        name
        for name, length in _LENGTHS.items()
        if algorithm in ("auto", name) and re.fullmatch(f"[0-9a-fA-F]{{{length}}}", file_hash)
    ]
    if not fitting:
        raise ValueError(
            "`file_hash` must be 64 hexadecimal digits (SHA-256) or 32 (MD5). "
            f"Received: file_hash={file_hash!r}, hash_algorithm={algorithm!r}"
        )
    return fitting[0]


def validate_file(
    fpath: str | os.PathLike[str],
    file_hash: str,
    algorithm: str = "auto",
    chunk_size: int = 65535,
) -> bool:
    """Tell whether a file has a hash.

    Args:
        fpath: the file.
        file_hash: hexadecimal digits, SHA-256 or MD5.
        algorithm: "auto" (told by the length), "sha256" or "md5".
        chunk_size: bytes to read at once.

    Raises:
        ValueError: the algorithm is unknown, or the hash is none of it.
    """
    return hash_file(fpath, algorithm_of(file_hash, algorithm), chunk_size) == file_hash.lower()
