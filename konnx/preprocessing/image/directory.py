"""Batches of images from a folder that has a folder for each class."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from konnx.preprocessing.image.arrays import part_of
from konnx.preprocessing.image.files import FilesIterator, readable
from konnx.preprocessing.image.pictures import EXTENSIONS, check_choice

if TYPE_CHECKING:
    from konnx.preprocessing.image.generator import ImageDataGenerator

_CLASS_MODES = ("categorical", "binary", "sparse", "input", None)
_ENDINGS = tuple(f".{ending}" for ending in EXTENSIONS)


class DirectoryIterator(FilesIterator):
    """Batches of changed images from a folder that has a folder for each class.

    Files that end in png, jpg, jpeg, bmp, ppm, tif or tiff are images, also in folders below.

    Args:
        directory: the folder.
        image_data_generator: what changes the images.
        target_size: (height, width) that all are resized to.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: names of the folders, in the order of their numbers; default: all, sorted.
        class_mode: targets: "categorical" rows of 0 and 1, "binary" or "sparse" numbers, "input"
            the images, None for none.
        batch_size: images in a batch.
        shuffle: mix the images in each epoch; else they come class by class, sorted.
        seed: of the order and of the changes.
        data_format: "channels_last" or "channels_first"; default: `K.image_data_format()`.
        save_to_dir: folder where changed images are saved, too.
        save_prefix: of the names of the files.
        save_format: "png" or "jpeg".
        follow_links: go into folders that are symbolic links.
        subset: "training" or "validation" part of each class, by the generator's
            `validation_split`.
        interpolation: how images are resized; see `load_img`.
        dtype: of the images; default: `K.floatx()`.
        skip_unreadable: leave out files that cannot be read, with a warning; each is read once for
            that. Else the first of them ends the batch with an error that names it.
        keep_aspect_ratio: crop images to the proportions of `target_size` before they are resized.

    Raises:
        FileNotFoundError: the folder, or that of a class, does not exist.
        ValueError: there are no images, or an argument is wrong.
    """

    def __init__(
        self,
        directory: Any,
        image_data_generator: ImageDataGenerator,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        dtype: Any = None,
        skip_unreadable: bool = False,
        keep_aspect_ratio: bool = False,
    ) -> None:
        check_choice("class_mode", class_mode, _CLASS_MODES)
        self._set_options(
            directory,
            image_data_generator,
            target_size,
            color_mode,
            class_mode,
            data_format,
            (interpolation, keep_aspect_ratio),
            (save_to_dir, save_prefix, save_format),
            dtype,
        )
        names = _class_names(Path(self.directory), classes)
        self.class_indices = {name: index for index, name in enumerate(names)}
        self.num_classes = len(names)
        split = image_data_generator.validation_split
        found = []
        for name in names:
            files = _image_files(self.directory, name, follow_links)
            found += files[part_of(len(files), subset, split)]
        if skip_unreadable:
            kept = readable([os.path.join(self.directory, file) for _, file in found])
            found = [item for item, good in zip(found, kept, strict=True) if good]
        self.filenames = [file for _, file in found]
        self.filepaths = [os.path.join(self.directory, file) for file in self.filenames]
        self.classes = np.array([self.class_indices[name] for name, _ in found], dtype=np.int32)
        print(f"Found {len(found)} images belonging to {self.num_classes} classes.")
        if not found:
            raise ValueError(
                f"There are no images in the folders of the classes {names} in '{directory}'"
                f"{f' for the {subset} part' if subset else ''}. Files of images end in "
                f"{', '.join(EXTENSIONS)}."
            )
        super().__init__(len(found), batch_size, shuffle, seed)


def _class_names(directory: Path, classes: Any) -> list[str]:
    if not directory.is_dir():
        raise FileNotFoundError(f"There is no folder '{directory}'.")
    if not classes:
        names = sorted(place.name for place in directory.iterdir() if place.is_dir())
        if not names:
            raise ValueError(
                f"'{directory}' has no folders. Put the images of each class into a folder of "
                "their own; also where class_mode=None, into one folder."
            )
        return names
    if isinstance(classes, str):
        raise ValueError(f"`classes` must be a list of names. Received: classes={classes!r}")
    missing = [name for name in classes if not (directory / name).is_dir()]
    if missing:
        raise FileNotFoundError(f"'{directory}' has no folders for the classes {missing}.")
    return list(classes)


def _image_files(directory: str, name: str, follow_links: bool) -> list[tuple[str, str]]:
    """Return the class and the path below the directory of each image of a class, sorted."""
    found = []
    folders = sorted(os.walk(os.path.join(directory, name), followlinks=follow_links))
    for root, _, files in folders:
        below = os.path.relpath(root, directory)
        images = sorted(file for file in files if file.lower().endswith(_ENDINGS))
        found += [(name, os.path.join(below, file)) for file in images]
    return found
