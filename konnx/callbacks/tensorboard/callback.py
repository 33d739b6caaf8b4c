"""The callback that shows a fit in TensorBoard."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from konnx.callbacks.base import Callback, Logs
from konnx.callbacks.tensorboard import projector, summaries
from konnx.callbacks.tensorboard.events import EventWriter
from konnx.callbacks.tensorboard.graph import graph_def
from konnx.callbacks.tensorboard.watch import Watch

_LEAST = {"histogram_freq": 0, "embeddings_freq": 0, "batch_size": 1, "update_freq": 1}


class TensorBoard(Callback):
    """Writes files that TensorBoard shows: `tensorboard --logdir=./logs`. It needs no TensorFlow.

    Args:
        log_dir: the folder of the files; it is made.
        histogram_freq: every so many epochs, histograms of the weights, and of what the layers
            return for the validation data; 0: never. Needs validation data in arrays.
        batch_size: of the batches in which the validation data are run for them.
        write_graph: whether to draw the layers.
        write_grads: whether to add histograms of the gradients of the loss on the validation data;
            with histograms only.
        write_images: whether to add weights of one to three axes as images; with histograms only.
        embeddings_freq: every so many epochs, the vectors of embeddings for the projector, which
            shows the last ones; 0: never.
        embeddings_layer_names: the layers to take; None or empty: all of class Embedding.
        embeddings_metadata: a file with labels of the vectors, or a dict of them by layer; paths
            are relative to `log_dir`.
        update_freq: when to write loss and metrics: "epoch", "batch", or a number of samples.

    Raises:
        ValueError: an argument has a value that there is not; at the beginning of the fit, there
            are no validation data where they are needed, or no layer of a name.

    Example:
        >>> board = TensorBoard(log_dir="./logs", histogram_freq=1, write_grads=True)
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "./logs",
        histogram_freq: int = 0,
        batch_size: int = 32,
        write_graph: bool = True,
        write_grads: bool = False,
        write_images: bool = False,
        embeddings_freq: int = 0,
        embeddings_layer_names: Sequence[str] | None = None,
        embeddings_metadata: str | Mapping[str, str] | None = None,
        update_freq: str | int = "epoch",
    ) -> None:
        super().__init__()
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq, self.batch_size = histogram_freq, batch_size
        self.write_graph, self.write_grads = write_graph, write_grads
        self.write_images = write_images
        self.embeddings_freq = embeddings_freq
        self.embeddings_layer_names = embeddings_layer_names
        self.embeddings_metadata = embeddings_metadata or {}
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self._check_arguments()
        self.samples_seen = self.samples_seen_at_last_write = 0
        self.writer: EventWriter | None = None
        self._watch: Watch | None = None

    def _check_arguments(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if not _is_count(value, least) and (name, value) != ("update_freq", "epoch"):
                also = "'epoch', 'batch' or " if name == "update_freq" else ""
                raise ValueError(
                    f"`TensorBoard`: `{name}` must be {also}an integer, {least} or more. "
                    f"Received: {name}={value!r}"
                )

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open a file, and draw the model."""
        if self.histogram_freq:
            if not self.validation_data:
                raise ValueError(
                    "`TensorBoard`: histograms need validation data in arrays. Give `fit` "
                    "validation_data=(x, y) or validation_split, or set histogram_freq=0."
                )
            self._watch = Watch(self.model, self.write_grads, self.write_images)
        embeddings = dict(self._embeddings()) if self.embeddings_freq else {}
        self.writer = EventWriter(self.log_dir)
        if self.write_graph:
            self.writer.add_graph(graph_def(self.model))
        if embeddings:
            shapes = {name: vectors.shape for name, vectors in embeddings.items()}
            projector.write_config(Path(self.log_dir), shapes, self._metadata(shapes))
        self.writer.flush()

    def _embeddings(self) -> Iterator[tuple[str, np.ndarray]]:
        """The vectors by layer."""
        layers = self.model.layers
        names = self.embeddings_layer_names
        if not names:
            names = [one.name for one in layers if type(one).__name__ == "Embedding"]
        for name in names:
            vectors = self.model.get_layer(name).weights[0].numpy()
            if vectors.ndim != 2:
                raise ValueError(
                    f"`TensorBoard`: layer '{name}' holds no vectors to show: its first weight "
                    f"must have 2 axes. Received: shape={vectors.shape}"
                )
            yield name, vectors

    def _metadata(self, names: Mapping[str, Any]) -> Mapping[str, str]:
        given = self.embeddings_metadata
        return dict.fromkeys(names, given) if isinstance(given, str) else given

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write the values of the batch, if it is time for it."""
        if not isinstance(self.update_freq, int):
            return
        self.samples_seen += (logs or {}).get("size", 0)
        if self.samples_seen - self.samples_seen_at_last_write >= self.update_freq:
            self._write_scalars(self.samples_seen, logs)
            self.samples_seen_at_last_write = self.samples_seen

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the values of the epoch, and what else it is time for."""
        assert self.writer is not None
        if self._watch is not None and epoch % self.histogram_freq == 0:
            values = self._watch.summaries(self.validation_data, self.batch_size)
            self.writer.add_summary(epoch, *values)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            for name, vectors in self._embeddings():
                projector.write_vectors(Path(self.log_dir), name, vectors)
        by_epoch = self.update_freq == "epoch"
        self._write_scalars(epoch if by_epoch else self.samples_seen, logs)
        self.writer.flush()

    def _write_scalars(self, step: int, logs: Logs | None) -> None:
        assert self.writer is not None
        for name, value in (logs or {}).items():
            if name not in ("batch", "size") and np.ndim(value) == 0:
                self.writer.add_summary(step, summaries.scalar(name, float(value)))

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None
        self._watch = None

    def get_state(self) -> dict[str, Any]:
        return {
            "samples_seen": self.samples_seen,
            "samples_seen_at_last_write": self.samples_seen_at_last_write,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        vars(self).update(state)


def _is_count(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
