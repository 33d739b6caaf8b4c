"""Writing the HDF5 layout of Keras 2.1, which every Keras since reads."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from konnx.converters.hdf5.keras_file import KerasFile, LayerWeights, NamedArray
from konnx.converters.hdf5.library import load_h5py
from konnx.converters.hdf5.limits import ReadLimits
from konnx.converters.hdf5.names import name_problem
from konnx.utils.files import atomic_path

# HDF5 holds an attribute in an object's header, of 64 KiB; Keras cuts lists at this many bytes.
_ATTRIBUTE_BYTES = 64512


def write_hdf5(path: str | os.PathLike[str], content: KerasFile, *, overwrite: bool = True) -> None:
    """Write a Keras HDF5 file in the layout of Keras 2.1.

    Equal content gives equal bytes. The file appears whole or not at all.

    Args:
        path: the file to write; its name does not matter.
        content: a whole model, or weights alone (then configurations are not written).
        overwrite: whether a file that is already there may be replaced.

    Raises:
        ValueError: the content cannot be stored; the message names the layer and weight.
        FileExistsError: the file exists and `overwrite` is False.
        OSError: the file cannot be written, e.g. because the disk is full.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from konnx.converters.hdf5 import KerasFile, LayerWeights, write_hdf5
        >>> dense = LayerWeights("d", [("d/kernel:0", np.zeros((2, 3), "float32"))])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_hdf5(f"{folder}/w.h5", KerasFile("weights", [dense], keras_version="2.1.6"))
    """
    attributes = _root_attributes(content)
    _check_arrays(content)
    with (
        atomic_path(path, overwrite=overwrite) as temporary,
        open_new(temporary, os.fspath(path)) as file,
    ):
        _write_texts(file, attributes)
        if content.kind == "weights":
            write_layers(file, content)
            return
        write_layers(file.create_group("model_weights"), content)
        if content.optimizer_weights:
            _write_arrays(file.create_group("optimizer_weights"), content.optimizer_weights)


def _root_attributes(content: KerasFile) -> dict[str, str | None]:
    """Return the texts at the root of a whole model, made before any file is touched."""
    if content.kind == "weights":
        return {}
    if content.model_config is None:
        raise ValueError("A whole model needs its `model_config`. Received: model_config=None.")
    training = content.training_config
    return {
        "keras_version": content.root_keras_version or content.keras_version,
        "backend": content.root_backend or content.backend,
        "model_config": _json_text(content.model_config, "model_config"),
        "training_config": None if training is None else _json_text(training, "training_config"),
    }


def _json_text(config: dict[str, Any], name: str) -> str:
    try:
        return json.dumps(config)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"The `{name}` cannot be written as JSON: {error}.") from error


def _check_arrays(content: KerasFile) -> None:
    """Refuse what HDF5 cannot store, or what could not be read again."""
    groups = [(layer.name, f"layer '{layer.name}'") for layer in content.layers]
    datasets = [
        (f"{layer.name}/{name}", f"{place}, weight '{name}'")
        for layer, (_, place) in zip(content.layers, groups, strict=True)
        for name, _ in layer.weights
    ]
    arrays = [array for layer in content.layers for _, array in layer.weights]
    _check_paths(groups, datasets)
    _check_types(datasets, arrays)
    state = content.optimizer_weights or ()
    slots = [(name, f"optimizer weight '{name}'") for name, _ in state]
    _check_paths([], slots)
    _check_types(slots, [array for _, array in state])


def _check_paths(groups: list[tuple[str, str]], datasets: list[tuple[str, str]]) -> None:
    """Check that every path is sound, is used once, and does not lead through a dataset."""
    limits = ReadLimits()
    seen: set[str] = set()
    for path, place in groups + datasets:
        problem = name_problem(path, limits.name_bytes, limits.path_depth)
        if problem is not None:
            raise ValueError(f"{place}: the name cannot be stored: {problem}.")
        if path in seen:
            raise ValueError(f"{place}: the name is used twice. Give every one its own name.")
        seen.add(path)
    taken = {path for path, _ in datasets}
    for path, place in groups + datasets:
        steps = path.split("/")
        for end in range(1, len(steps)):
            if "/".join(steps[:end]) in taken:
                raise ValueError(
                    f"{place}: the name leads through the weight '{'/'.join(steps[:end])}', "
                    "and a weight cannot hold another. Rename one of them."
                )


def _check_types(datasets: list[tuple[str, str]], arrays: Sequence[Any]) -> None:
    for (_, place), array in zip(datasets, arrays, strict=True):
        dtype = np.asarray(array).dtype
        sound = dtype.kind in "iub" or (dtype.kind == "f" and dtype.itemsize in (2, 4, 8))
        if not sound:
            raise ValueError(
                f"{place}: Keras files hold float16, float32, float64, integers and bool. "
                f"Received: dtype={dtype}."
            )


@contextlib.contextmanager
def open_new(temporary: Path, target: str) -> Iterator[Any]:
    """Open a new HDF5 file; raise a failed write as what it is.

    Args:
        temporary: an empty file, to be written.
        target: the file that it is for, for messages.
    """
    with _Sink(temporary) as sink:
        try:
            with load_h5py().File(sink, "w") as file:
                yield file
        except Exception as error:
            if sink.failure is None:
                raise
            raise _failed(sink.failure, target) from error
        if sink.failure is not None:
            raise _failed(sink.failure, target) from sink.failure


def _failed(failure: OSError, target: str) -> OSError:
    return OSError(failure.errno, f"Cannot write '{target}': {failure.strerror}")


class _Sink(io.RawIOBase):
    """A file that takes every write of HDF5, and keeps the first failure for later.

    HDF5 cannot close a file of which a write has failed: the file would stay open, its
    descriptor with it, and every later close would fail again.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = io.FileIO(path, "r+")
        self.failure: OSError | None = None

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: Any, /) -> int | None:
        return self._file.readinto(buffer)

    def write(self, data: Any, /) -> int:
        view = memoryview(data).cast("B")
        size = len(view)
        try:
            while self.failure is None and len(view):
                view = view[self._file.write(view) :]
        except OSError as error:
            self.failure = error
        return size

    def truncate(self, size: int | None = None, /) -> int:
        try:
            return self._file.truncate(size)
        except OSError as error:
            self.failure = self.failure or error
            return size or 0

    def close(self) -> None:
        self._file.close()
        super().close()


def _write_texts(group: Any, texts: dict[str, str | None]) -> None:
    for name, text in texts.items():
        if text is not None:
            group.attrs[name] = text.encode()


def write_layers(group: Any, content: KerasFile) -> None:
    """Write layers, and who wrote them, to an open group.

    Raises:
        ValueError: a name or type cannot be stored.
    """
    _write_names(group, "layer_names", [layer.name for layer in content.layers])
    _write_texts(group, {"backend": content.backend, "keras_version": content.keras_version})
    for layer in content.layers:
        _write_layer(group, layer)


def _write_layer(group: Any, layer: LayerWeights) -> None:
    # Another layer's name may have led through this group already.
    _write_arrays(group.require_group(layer.name), layer.weights)


def _write_arrays(group: Any, weights: Sequence[NamedArray]) -> None:
    _write_names(group, "weight_names", [name for name, _ in weights])
    for name, array in weights:
        # Without times, so that equal content gives equal bytes.
        group.create_dataset(name, data=np.asarray(array), track_times=False)


def _write_names(group: Any, attribute: str, names: list[str]) -> None:
    """Write a list of names, in pieces where it is too long for one attribute."""
    texts = np.asarray([name.encode() for name in names])
    if texts.nbytes <= _ATTRIBUTE_BYTES:
        group.attrs[attribute] = texts
        return
    count = -(-texts.nbytes // _ATTRIBUTE_BYTES)
    while -(-len(texts) // count) * texts.itemsize > _ATTRIBUTE_BYTES:
        count += 1
    for index, piece in enumerate(np.array_split(texts, count)):
        group.attrs[f"{attribute}{index}"] = piece
