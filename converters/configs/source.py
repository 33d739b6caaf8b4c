"""Which Keras wrote a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_BACKENDS = ("tensorflow", "theano", "cntk", "jax", "torch", "numpy")


class Source(NamedTuple):
    """The Keras that wrote a file, as far as the file or the caller says.

    Attributes:
        keras_version: of the config, as the file has it, e.g. "2.2.4-tf"; None: not said.
        weights_version: that beside the weights. Keras 1 writes none there, and this alone tells
            in which layout weights are.
        backend: "tensorflow", "theano", …; None: not said.

    Example:
        >>> Source("1.2.2").is_keras_1, Source("2.2.4-tf", "2.2.4-tf").release
        (True, (2, 2, 4))
    """

    keras_version: str | None = None
    weights_version: str | None = None
    backend: str | None = None

    @classmethod
    def of_config(cls, config: Mapping[str, Any]) -> Source:
        """Return who wrote what `to_json` returned, which says so beside class name and config."""
        version, backend = (config.get(key) for key in ("keras_version", "backend"))
        return cls(
            version if isinstance(version, str) else None,
            backend=backend if isinstance(backend, str) else None,
        )

    @property
    def release(self) -> tuple[int, ...]:
        """The release as numbers; empty where it is not known."""
        found = _RELEASE.match(self.keras_version or "")
        return tuple(map(int, found.groups())) if found else ()

    @property
    def is_keras_1(self) -> bool:
        """Whether Keras 1 wrote the config; files that say no version are of that time."""
        version = self.keras_version or self.weights_version
        return version is None or version.startswith("1.")

    @property
    def is_standalone(self) -> bool:
        """Whether it was Keras itself, not the one within TensorFlow, which adds to the number."""
        return bool(self.release) and _RELEASE.fullmatch(self.keras_version or "") is not None

    @property
    def casts(self) -> bool:
        """Whether layers cast what comes in to their own dtype: those of tf.keras and Keras 3."""
        return bool(self.release) and not (self.is_standalone and self.release < (2, 4, 0))


def check_backend(name: str | None) -> None:
    """Check the name of a backend that a caller gave.

    Raises:
        ValueError: Keras has no such backend.
    """
    if name is not None and name not in _BACKENDS:
        raise ValueError(
            f"`source_backend` must be the backend of the Keras that wrote the file: "
            f"{', '.join(_BACKENDS)}; or None, to go by the file. Received: source_backend={name!r}"
        )
