"""Batches of images from files."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from konnx.config import floatx
from konnx.preprocessing.image.iterator import Iterator, Saver
from konnx.preprocessing.image.pictures import (
    CHANNELS,
    INTERPOLATIONS,
    check_choice,
    checked_size,
    chosen_format,
    img_to_array,
    load_img,
)

if TYPE_CHECKING:
    from konnx.preprocessing.image.generator import ImageDataGenerator

Array = np.ndarray[Any, Any]


class FilesIterator(Iterator):
    """Batches of changed images from files, with their targets.

    A subclass calls `_set_options`, finds the files, and calls `_set_files`.

    Attributes:
        filenames: of the images, below `directory`.
        filepaths: whole paths.
        classes: number of the class of each image, or a list of them.
        class_indices: number of each class.
        samples: number of images.
        image_shape: of one image in a batch.
    """

    filenames: list[str]
    filepaths: list[str]
    classes: Any
    class_indices: dict[Any, int]

    def _set_options(
        self,
        directory: Any,
        image_data_generator: ImageDataGenerator | None,
        target_size: tuple[int, int],
        color_mode: str,
        class_mode: str | None,
        data_format: str | None,
        resizing: tuple[str, bool],
        saver: tuple[str | None, str, str],
        dtype: Any,
    ) -> None:
        check_choice("color_mode", color_mode, CHANNELS)
        self.interpolation, self.keep_aspect_ratio = resizing
        check_choice("interpolation", self.interpolation, INTERPOLATIONS)
        self.directory = os.fspath(directory) if directory else ""
        self.image_data_generator = image_data_generator
        self.target_size = checked_size(target_size)
        self.color_mode, self.class_mode = color_mode, class_mode
        self.data_format = chosen_format(data_format)
        self.dtype = np.dtype(dtype or floatx())
        channels = CHANNELS[color_mode]
        last = self.data_format == "channels_last"
        size = self.target_size
        self.image_shape = (*size, channels) if last else (channels, *size)
        folder, prefix, file_format = saver
        self._saver = Saver(folder, prefix, file_format, self.data_format, 10**7)
        self._targets: Any = None
        self.sample_weight: Array | None = None

    @property
    def samples(self) -> int:
        """The number of images."""
        return len(self.filepaths)

    @property
    def labels(self) -> Any:
        """The targets of all images: numbers of classes, or what a table holds."""
        return self.classes if self._targets is None else self._targets

    def _image(self, path: str) -> Array:
        img = load_img(
            path,
            target_size=self.target_size,
            interpolation=self.interpolation,
            color_mode=self.color_mode,
            keep_aspect_ratio=self.keep_aspect_ratio,
        )
        return img_to_array(img, self.data_format, self.dtype)

    def _batch(self, indices: Array, random: np.random.RandomState) -> Any:
        images = np.empty((len(indices), *self.image_shape), dtype=self.dtype)
        for place, index in zip(images, indices, strict=True):
            image = self._image(self.filepaths[index])
            if self.image_data_generator:
                image = self.image_data_generator.prepare(image, random)
            place[...] = image
        self._saver.save(images, indices, random)
        if self.class_mode is None:
            return images
        targets = self._targets_of(indices, images)
        if self.sample_weight is None:
            return images, targets
        return images, targets, self.sample_weight[indices]

    def _targets_of(self, indices: Array, images: Array) -> Any:
        if self.class_mode == "input":
            return images.copy()
        if self.class_mode == "multi_output":
            return [output[indices] for output in self._targets]
        if self.class_mode == "raw":
            return self._targets[indices]
        if self.class_mode in ("binary", "sparse"):
            return np.array([self.classes[index] for index in indices], dtype=self.dtype)
        rows = np.zeros((len(indices), len(self.class_indices)), dtype=self.dtype)
        for row, index in zip(rows, indices, strict=True):
            row[self.classes[index]] = 1.0
        return rows


def readable(paths: list[str]) -> list[bool]:
    """Tell which files are whole images, and warn of the others."""
    found = [_is_readable(path) for path in paths]
    wrong = [path for path, good in zip(paths, found, strict=True) if not good]
    if wrong:
        warn_of_skipped(wrong, "are no images or damaged")
    return found


def warn_of_skipped(paths: list[str], why: str) -> None:
    """Warn of files that are left out, and name some of them."""
    shown = ", ".join(f"'{path}'" for path in paths[:5]) + (", …" if len(paths) > 5 else "")
    warnings.warn(f"{len(paths)} files {why} and are left out: {shown}", stacklevel=5)


def _is_readable(path: str) -> bool:
    try:
        load_img(path)
    except (OSError, ValueError):
        return False
    return True
