"""Batches of images whose files and targets are in a table."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from konnx.preprocessing.image.arrays import part_of
from konnx.preprocessing.image.files import FilesIterator, readable, warn_of_skipped
from konnx.preprocessing.image.pictures import EXTENSIONS, check_choice

if TYPE_CHECKING:
    from konnx.preprocessing.image.generator import ImageDataGenerator

Array = np.ndarray[Any, Any]

_WITH_CLASSES = ("binary", "categorical", "sparse")
_CLASS_MODES = (*_WITH_CLASSES, "input", "multi_output", "raw", None)
_ENDINGS = tuple(f".{ending}" for ending in EXTENSIONS)


class DataFrameIterator(FilesIterator):
    """Batches of changed images whose files and targets are in a table.

    Args:
        dataframe: a pandas DataFrame, or a mapping from names to columns of one length.
        directory: folder of the files; default: the table has whole paths.
        image_data_generator: what changes the images; default: nothing does.
        x_col: column of the files.
        y_col: column of the targets; a list of them for "multi_output".
        weight_col: column of the weight of each image.
        target_size: (height, width) that all are resized to.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: names of classes, others are left out; default: all in the table, sorted.
        class_mode: targets: "categorical" rows of 0 and 1 (a cell may hold several classes),
            "binary" or "sparse" numbers of classes, "raw" and "multi_output" what the columns
            hold, "input" the images, None for none.
        batch_size: images in a batch.
        shuffle: mix the images in each epoch.
        seed: of the order and of the changes.
        data_format: "channels_last" or "channels_first"; default: `K.image_data_format()`.
        save_to_dir: folder where changed images are saved, too.
        save_prefix: of the names of the files.
        save_format: "png" or "jpeg".
        subset: "training" or "validation" part, by the generator's `validation_split`.
        interpolation: how images are resized; see `load_img`.
        dtype: of the images; default: `K.floatx()`.
        validate_filenames: leave out files that are missing or no images by their ending, with a
            warning that names them.
        skip_unreadable: leave out files that cannot be read, too; each is read once for that.
        keep_aspect_ratio: crop images to the proportions of `target_size` before they are resized.

    Raises:
        ValueError: a column is missing, there are no images, or an argument is wrong.
        TypeError: a column holds values of a wrong type.
    """

    def __init__(
        self,
        dataframe: Any,
        directory: Any = None,
        image_data_generator: ImageDataGenerator | None = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
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
        subset: str | None = None,
        interpolation: str = "nearest",
        dtype: Any = None,
        validate_filenames: bool = True,
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
        files = _column(dataframe, x_col)
        _check_lengths(dataframe, len(files), [x_col, *_names(y_col), weight_col])
        _check_types("x_col", x_col, files, (str,))
        paths = [os.path.join(self.directory, file) for file in files]
        rows = list(range(len(files)))
        if validate_filenames:
            rows = _existing(paths)
        if skip_unreadable:
            kept = readable([paths[row] for row in rows])
            rows = [row for row, good in zip(rows, kept, strict=True) if good]
        if class_mode in _WITH_CLASSES:
            rows = self._set_classes(_column(dataframe, y_col), rows, y_col, classes)
        elif classes:
            warnings.warn(f"`classes` is not used with class_mode={class_mode!r}.", stacklevel=3)
        split = image_data_generator.validation_split if image_data_generator else 0.0
        part = part_of(len(rows), subset, split)
        rows = rows[part]
        if class_mode in _WITH_CLASSES:
            self.classes = self.classes[part]
        self.filenames = [files[row] for row in rows]
        self.filepaths = [paths[row] for row in rows]
        self._set_targets(dataframe, y_col, weight_col, rows)
        self._tell(validate_filenames)
        super().__init__(len(rows), batch_size, shuffle, seed)

    def _set_classes(self, labels: list[Any], rows: list[int], y_col: str, given: Any) -> list[int]:
        """Number the classes, and return the rows that have any."""
        several = self.class_mode == "categorical"
        _check_types("y_col", y_col, labels, (str, list, tuple) if several else (str,))
        sets = [[label] if isinstance(label, str) else list(label) for label in labels]
        # Rows whose files are missing have no say in which classes there are.
        names = sorted(set(given or (name for row in rows for name in sets[row])))
        if self.class_mode == "binary" and len(names) != 2:
            raise ValueError(f"class_mode='binary' needs two classes. Received: {names}")
        self.class_indices = {name: index for index, name in enumerate(names)}
        kept = {
            row: [self.class_indices[n] for n in sets[row] if n in self.class_indices]
            for row in rows
        }
        with_class = [row for row in rows if kept[row]]
        if rows and not with_class:
            found = sorted({name for row in rows for name in sets[row]})
            raise ValueError(
                f"No image of the table is of the classes {names}. Its column {y_col!r} has: "
                f"{found}"
            )
        self.classes = [
            kept[row][0] if isinstance(labels[row], str) else kept[row] for row in with_class
        ]
        return with_class

    def _set_targets(
        self, dataframe: Any, y_col: Any, weight_col: str | None, rows: list[int]
    ) -> None:
        if self.class_mode == "multi_output":
            if not isinstance(y_col, list):
                raise TypeError(
                    f"class_mode='multi_output' needs a list of columns. Received: y_col={y_col!r}"
                )
            self._targets = [_values(dataframe, name, rows) for name in y_col]
        elif self.class_mode == "raw":
            columns = [_values(dataframe, name, rows) for name in _names(y_col)]
            self._targets = np.stack(columns, axis=1) if isinstance(y_col, list) else columns[0]
        if weight_col is not None:
            self.sample_weight = _values(dataframe, weight_col, rows)
            if not np.issubdtype(self.sample_weight.dtype, np.number):
                raise TypeError(f"The column weight_col={weight_col!r} must hold numbers.")

    def _tell(self, validated: bool) -> None:
        kind = "validated" if validated else "non-validated"
        count = len(self.filenames)
        of = f" belonging to {len(self.class_indices)} classes" if self._has_classes() else ""
        print(f"Found {count} {kind} image filenames{of}.")
        if not count:
            raise ValueError(
                f"The table names no images that exist in '{self.directory or os.getcwd()}' and "
                f"are in the part that is asked for. Files of images end in "
                f"{', '.join(EXTENSIONS)}."
            )

    def _has_classes(self) -> bool:
        return self.class_mode in _WITH_CLASSES


def _column(dataframe: Any, name: Any) -> list[Any]:
    try:
        return list(dataframe[name])
    except (KeyError, TypeError) as error:
        known = list(getattr(dataframe, "columns", dataframe))
        raise ValueError(f"The table has no column {name!r}. Received: columns {known}") from error


def _names(y_col: Any) -> list[Any]:
    return y_col if isinstance(y_col, list) else [y_col]


def _check_lengths(dataframe: Any, count: int, names: list[Any]) -> None:
    """A mapping, unlike a DataFrame, may have columns of different lengths."""
    lengths = {name: len(dataframe[name]) for name in names if _has(dataframe, name)}
    if set(lengths.values()) - {count}:
        raise ValueError(f"The columns must have one length. Received: {lengths}")


def _has(dataframe: Any, name: Any) -> bool:
    return name in getattr(dataframe, "columns", dataframe)


def _values(dataframe: Any, name: Any, rows: list[int]) -> Array:
    column = _column(dataframe, name)
    return np.array([column[row] for row in rows])


def _check_types(argument: str, name: Any, column: list[Any], types: tuple[type, ...]) -> None:
    for row, value in enumerate(column):
        if not isinstance(value, types):
            kinds = ", ".join(kind.__name__ for kind in types)
            raise TypeError(
                f"The column {argument}={name!r} must hold values of type {kinds}. Received: "
                f"{value!r} in row {row}"
            )


def _existing(paths: list[str]) -> list[int]:
    good = [
        row
        for row, path in enumerate(paths)
        if path.lower().endswith(_ENDINGS) and os.path.isfile(path)
    ]
    if len(good) < len(paths):
        wrong = sorted(set(range(len(paths))) - set(good))
        warn_of_skipped([paths[row] for row in wrong], "are missing, or no images by their ending,")
    return good
