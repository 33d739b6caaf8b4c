"""What was read otherwise than a file has it."""

from __future__ import annotations

from typing import NamedTuple


class Conversion(NamedTuple):
    """One thing that reading a file of another Keras changed.

    Attributes:
        layer: the name of the layer, or model.
        what: was converted, and into what.
        why: the file needed it.

    Example:
        >>> str(Conversion("conv", "kernel mirrored", "Theano wrote it"))
        'conv: kernel mirrored (Theano wrote it)'
    """

    layer: str
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.layer}: {self.what} ({self.why})"
