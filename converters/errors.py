"""Errors that reading a model file can raise."""

from __future__ import annotations

from typing import Self


class FileFormatError(ValueError):
    """A file is damaged, malicious, or not of the format that it was read as.

    Attributes:
        file: the path of the file, as the caller gave it.
        place: where in the file, e.g. ``"layer 'dense_1'"``; None for the file as a whole.

    Example:
        >>> from konnx.converters.errors import FileFormatError
        >>> raise FileFormatError.at("m.h5", "layer 'd'", "it has no group in the file")
        Traceback (most recent call last):
            ...
        konnx.converters.errors.FileFormatError: m.h5: layer 'd': it has no group in the file.
    """

    file: str | None = None
    place: str | None = None

    @classmethod
    def at(
        cls,
        file: str,
        place: str | None,
        problem: str,
        *,
        expected: str | None = None,
        received: str | None = None,
        remedy: str | None = None,
    ) -> Self:
        """Compose the error from its parts: where, what is wrong, and what to do about it."""
        parts = [": ".join(part for part in (file, place, problem) if part)]
        parts += [f"Expected: {expected}"] if expected else []
        parts += [f"Received: {received}"] if received else []
        parts += [remedy] if remedy else []
        error = cls(". ".join(parts) + ".")
        error.file, error.place = file, place
        return error


def printable(text: str, limit: int = 300) -> str:
    r"""Return text that came from a file, safe to show: one short line, no control characters.

    Example:
        >>> printable("a\x1b[31mb")
        'a?[31mb'
    """
    shown = "".join(char if char.isprintable() else "?" for char in text[: limit + 1])
    return shown if len(shown) <= limit else shown[:limit] + "…"
