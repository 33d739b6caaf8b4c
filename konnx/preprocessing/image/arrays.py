"""Batches of images from arrays."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from konnx.config import floatx
from konnx.preprocessing.image.iterator import Iterator, Saver
from konnx.preprocessing.image.pictures import check_choice, chosen_format

if TYPE_CHECKING:
    from konnx.preprocessing.image.generator import ImageDataGenerator

Array = np.ndarray[Any, Any]


class NumpyArrayIterator(Iterator):
    """Batches of changed images from an array, with what belongs to them.

    Args:
        x: images, an array of rank 4; or (images, others), where others is an array or a list of
            arrays that are passed on unchanged.
        y: targets; default: batches hold images alone.
        image_data_generator: what changes the images.
        batch_size: images in a batch.
        shuffle: mix the images in each epoch.
        seed: of the order and of the changes.
        data_format: "channels_last" or "channels_first"; default: `K.image_data_format()`.
        save_to_dir: folder where changed images are saved, too.
        save_prefix: of the names of the files.
        save_format: "png" or "jpeg".
        subset: "training" or "validation" part, by the generator's `validation_split`.
        sample_weight: weight of each image.
        dtype: of the images; default: `K.floatx()`.

    Raises:
        ValueError: lengths differ, the images are not of rank 4, or nothing is left of them.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: ImageDataGenerator,
        batch_size: int = 32,
        shuffle: bool = False,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        sample_weight: Any = None,
        dtype: Any = None,
    ) -> None:
        self.dtype = np.dtype(dtype or floatx())
        self.data_format = chosen_format(data_format)
        images, others = _parted(x)
        part = image_data_generator.part_of(len(images), subset)
        check_images(images, self.data_format)
        _check_lengths(images, {"y": y, "sample_weight": sample_weight}, others)
        self.x = np.asarray(images[part], dtype=self.dtype)
        self.x_misc = [other[part] for other in others]
        self.y = None if y is None else np.asarray(y)[part]
        self.sample_weight = None if sample_weight is None else np.asarray(sample_weight)[part]
        self.image_data_generator = image_data_generator
        self._saver = Saver(save_to_dir, save_prefix, save_format, self.data_format, 10**4)
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def _batch(self, indices: Array, random: np.random.RandomState) -> Any:
        images = np.empty((len(indices), *self.x.shape[1:]), dtype=self.dtype)
        for place, index in zip(images, indices, strict=True):
            # One image after the other stays in the processor's caches; all at once do not.
            place[...] = self.image_data_generator.prepare(self.x[index].copy(), random)
        self._saver.save(images, indices, random)
        inputs = [images, *(other[indices] for other in self.x_misc)]
        parts = [inputs if self.x_misc else images]
        if self.y is not None:
            parts.append(self.y[indices])
            if self.sample_weight is not None:
                parts.append(self.sample_weight[indices])
        return tuple(parts) if len(parts) > 1 else parts[0]


def _parted(x: Any) -> tuple[Array, list[Array]]:
    if not isinstance(x, tuple | list) or len(x) != 2 or np.ndim(x[0]) != 4:
        return np.asarray(x), []
    others = x[1] if isinstance(x[1], list) else [x[1]]
    return np.asarray(x[0]), [np.asarray(other) for other in others]


def check_images(images: Array, data_format: str) -> None:
    """Check the rank of images, and warn of an unusual number of channels.

    Raises:
        ValueError: they are not of rank 4.
    """
    if images.ndim != 4:
        raise ValueError(f"Images must be an array of rank 4. Received: shape {images.shape}")
    axis = 3 if data_format == "channels_last" else 1
    if images.shape[axis] not in (1, 3, 4):
        warnings.warn(
            f"Images have 1, 3 or 4 channels as a rule, on axis {axis} for {data_format!r}. "
            f"Received: shape {images.shape}",
            stacklevel=4,
        )


def _check_lengths(images: Array, arrays: dict[str, Any], others: list[Array]) -> None:
    named = arrays | {f"x[1][{i}]": other for i, other in enumerate(others)}
    for name, array in named.items():
        if array is not None and len(array) != len(images):
            raise ValueError(
                f"`x` and `{name}` must have the same length. Received: {len(images)} images, "
                f"{len(array)} in `{name}`"
            )


def part_of(count: int, subset: str | None, validation_split: float) -> slice:
    """Return which of some samples are in a part: the first ones are for validation.

    Raises:
        ValueError: there is no such part.
    """
    if subset is None:
        return slice(None)
    check_choice("subset", subset, ("training", "validation"))
    border = int(count * validation_split)
    return slice(border) if subset == "validation" else slice(border, None)
