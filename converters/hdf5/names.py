"""Which names of layers and weights are sound: they become paths inside an HDF5 file."""

from __future__ import annotations


def name_problem(name: str, max_bytes: int, max_depth: int) -> str | None:
    """Say what is wrong with the name of a layer or weight, or None.

    Slashes are usual ("dense_1/kernel:0"): each part is the name of a group or dataset.

    Example:
        >>> name_problem("dense_1/kernel:0", 100, 8) is None
        True
        >>> name_problem("../secret", 100, 8)
        "it holds the path step '..'"
    """
    # Surrogates are not printable either, so what passes can be encoded and shown.
    if not name.isprintable():
        return "it holds characters that cannot be printed"
    if len(name.encode()) > max_bytes:
        return f"it is longer than {max_bytes} bytes"
    steps = name.split("/")
    if len(steps) > max_depth:
        return f"it is more than {max_depth} path steps deep"
    for step in steps:
        if step in ("", ".", ".."):
            return f"it holds the path step '{step}'"
    return None
