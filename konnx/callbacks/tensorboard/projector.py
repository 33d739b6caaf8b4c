"""What TensorBoard's projector of embeddings reads: a configuration, and the vectors as they are.

Source: tensorboard/plugins/projector/projector_config.proto.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from konnx.callbacks.tensorboard.graph import valid_name
from konnx.utils.files import atomic_path

CONFIG = "projector_config.pbtxt"


def write_config(
    folder: Path, embeddings: Mapping[str, tuple[int, ...]], metadata: Mapping[str, str]
) -> None:
    """Write what there is to show.

    Args:
        folder: of the events.
        embeddings: the shapes of the vectors, (count, size), by layer.
        metadata: files with labels of the vectors, by layer.
    """
    blocks = [_block(name, shape, metadata.get(name)) for name, shape in embeddings.items()]
    with atomic_path(folder / CONFIG) as temporary:
        temporary.write_text("".join(blocks), encoding="utf-8")


def write_vectors(folder: Path, layer: str, vectors: np.ndarray) -> None:
    """Write the vectors of a layer in the place of those before."""
    with atomic_path(folder / _file_of(layer)) as temporary:
        temporary.write_bytes(vectors.astype("<f4").tobytes())


def _file_of(layer: str) -> str:
    return re.sub(r"[\\/>]", "_", valid_name(layer)) + ".bytes"


def _block(layer: str, shape: tuple[int, ...], metadata: str | None) -> str:
    lines = [f"tensor_name: {_quoted(layer)}", f"tensor_path: {_quoted(_file_of(layer))}"]
    lines += [f"tensor_shape: {size}" for size in shape]
    if metadata is not None:
        lines.append(f"metadata_path: {_quoted(metadata)}")
    return "embeddings {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def _quoted(text: str) -> str:
    """A string of protocol buffers' text format."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
