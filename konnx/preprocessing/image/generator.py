"""Images that are changed by chance and brought to a common scale while a model trains."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from konnx.config import floatx
from konnx.preprocessing.image.arrays import NumpyArrayIterator, check_images, part_of
from konnx.preprocessing.image.dataframe import DataFrameIterator
from konnx.preprocessing.image.directory import DirectoryIterator
from konnx.preprocessing.image.pictures import check_choice, chosen_format
from konnx.preprocessing.image.ranges import (
    check_number,
    either_way,
    shift,
    shift_limits,
    zoom_limits,
)
from konnx.preprocessing.image.transforms import (
    FILL_MODES,
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    flip_axis,
    two_numbers,
)
from konnx.utils.random import random_source

Array = np.ndarray[Any, Any]

_EPSILON = 1e-6  # keeps divisions by a deviation of zero finite


class ImageDataGenerator:
    """Batches of images, changed by chance and brought to a common scale.

    Each image is turned, moved, sheared and zoomed, its colours are shifted, it is flipped and made
    brighter, all by chance and as far as asked for; then `preprocessing_function` and `rescale`
    are applied, and statistics taken off. Random numbers are those of keras_preprocessing.

    Args:
        featurewise_center: take off the mean of each channel over the data set; see `fit`.
        samplewise_center: take off each image's own mean.
        featurewise_std_normalization: divide by the deviation of each channel over the data set.
        samplewise_std_normalization: divide by each image's own deviation.
        zca_whitening: remove correlations between all values of images; see `fit`.
        zca_epsilon: what is added to variances there.
        rotation_range: most degrees to turn, either way.
        width_shift_range: how far to move sideways, either way: a share of the width (a number
            below 1), pixels (a float from 1 on), whole pixels below a whole number, or a list of
            amounts to choose from.
        height_shift_range: likewise up and down.
        brightness_range: two limits of the brightness, 1 being as it is.
        shear_range: most degrees to shear, either way.
        zoom_range: limits of the zoom, or a number z for 1 - z and 1 + z.
        channel_shift_range: most to add to all values, either way.
        fill_mode: what is beyond the borders: "constant", "nearest", "reflect" or "wrap".
        cval: the constant.
        horizontal_flip: mirror every other image, by chance.
        vertical_flip: turn every other image upside down, by chance.
        rescale: factor on all values; None or 0 for none.
        preprocessing_function: from an image, an array of rank 3, to one of the same shape.
        data_format: "channels_last" or "channels_first"; default: `K.image_data_format()`.
        validation_split: share of the images, the first ones, that `subset="validation"` gives.
        interpolation_order: of the splines that interpolate, 0 to 5.
        dtype: of the images; default: `K.floatx()`.

    Attributes:
        mean: of each channel, after `fit`.
        std: likewise, the deviation.
        principal_components: the matrix of whitening.

    Raises:
        ValueError: a range, a name or the split is wrong.

    Example:
        >>> import numpy as np
        >>> images = np.arange(96.0).reshape(2, 4, 4, 3)
        >>> batches = ImageDataGenerator(rescale=1 / 96).flow(images, [0, 1], shuffle=False)
        >>> x, y = batches[0]
        >>> x.shape, x.max().round(2), y.tolist()
        ((2, 4, 4, 3), np.float32(0.99), [0, 1])
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0.0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Any = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[Any], Any] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
    ) -> None:
        for name, value in (
            ("rotation_range", rotation_range),
            ("shear_range", shear_range),
            ("channel_shift_range", channel_shift_range),
            ("cval", cval),
            ("rescale", rescale or 0),
        ):
            check_number(name, value)
        check_choice("interpolation_order", interpolation_order, range(6))
        self.featurewise_center = featurewise_center
        self.samplewise_center = samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.rotation_range, self.shear_range = rotation_range, shear_range
        self.width_shift_range = shift_limits("width_shift_range", width_shift_range)
        self.height_shift_range = shift_limits("height_shift_range", height_shift_range)
        self.zoom_range = zoom_limits(zoom_range)
        self.brightness_range = (
            None if brightness_range is None else two_numbers("brightness_range", brightness_range)
        )
        self.channel_shift_range = channel_shift_range
        check_choice("fill_mode", fill_mode, FILL_MODES)
        self.fill_mode, self.cval = fill_mode, cval
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.data_format = chosen_format(data_format)
        last = self.data_format == "channels_last"
        self.row_axis, self.col_axis, self.channel_axis = (1, 2, 3) if last else (2, 3, 1)
        if not 0 <= validation_split < 1:
            raise ValueError(
                "`validation_split` must be at least 0 and below 1. "
                f"Received: validation_split={validation_split!r}"
            )
        self.validation_split = validation_split
        self.interpolation_order = interpolation_order
        self.dtype = np.dtype(dtype or floatx())
        self.mean: Array | None = None
        self.std: Array | None = None
        self.principal_components: Array | None = None
        self._complete_options()

    def _complete_options(self) -> None:
        """Turn on what an option needs, and off what it replaces."""
        if self.zca_whitening:
            self._override("zca_whitening", "featurewise_center", True)
            self._override("zca_whitening", "featurewise_std_normalization", False)
        if self.featurewise_std_normalization:
            self._override("featurewise_std_normalization", "featurewise_center", True)
        if self.samplewise_std_normalization:
            self._override("samplewise_std_normalization", "samplewise_center", True)

    def _override(self, cause: str, option: str, value: bool) -> None:
        if getattr(self, option) != value:
            setattr(self, option, value)
            warnings.warn(f"`{cause}` sets `{option}` to {value}.", stacklevel=4)

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        sample_weight: Any = None,
    ) -> NumpyArrayIterator:
        """Return batches of changed images from arrays; see `NumpyArrayIterator`."""
        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            sample_weight=sample_weight,
            dtype=self.dtype,
        )

    def flow_from_directory(
        self,
        directory: Any,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        skip_unreadable: bool = False,
        keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:
        """Return batches of changed images from a folder of classes; see `DirectoryIterator`."""
        return DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
            dtype=self.dtype,
            skip_unreadable=skip_unreadable,
            keep_aspect_ratio=keep_aspect_ratio,
        )

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: Any = None,
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
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        skip_unreadable: bool = False,
        keep_aspect_ratio: bool = False,
    ) -> DataFrameIterator:
        """Return batches of changed images that a table names; see `DataFrameIterator`."""
        return DataFrameIterator(
            dataframe,
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            dtype=self.dtype,
            validate_filenames=validate_filenames,
            skip_unreadable=skip_unreadable,
            keep_aspect_ratio=keep_aspect_ratio,
        )

    def part_of(self, count: int, subset: str | None) -> slice:
        """Return which of some samples are in the "training" or "validation" part."""
        return part_of(count, subset, self.validation_split)

    def prepare(self, image: Array, random: np.random.RandomState) -> Array:
        """Return an image changed by chance and brought to scale; the given one is overwritten."""
        if self._has_changes_of_its_own():
            if random is not random_source(None):  # repeatable all the same
                np.random.seed(random.randint(2**31))  # noqa: NPY002
            return self.standardize(self.random_transform(image))
        return self.standardize(self.apply_transform(image, self._drawn(image.shape, random)))

    def _has_changes_of_its_own(self) -> bool:
        """Tell whether a subclass draws from the global generator, as in Keras."""
        own, base = type(self), ImageDataGenerator
        return (
            own.random_transform is not base.random_transform
            or own.get_random_transform is not base.get_random_transform
        )

    def standardize(self, x: Array) -> Array:
        """Bring an image, or a batch of them, to scale; an array of floats is overwritten.

        Args:
            x: array of rank 3 or 4.
        """
        if self.preprocessing_function:
            shape, x = np.shape(x), self.preprocessing_function(x)
            if np.shape(x) != shape:
                raise ValueError(
                    "`preprocessing_function` must return an image of the same shape. Received: "
                    f"{type(x).__name__} of shape {np.shape(x)} for an image of shape {shape}"
                )
        x = np.asarray(x)
        if x.dtype.kind != "f":
            x = x.astype(self.dtype)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + _EPSILON
        if self.featurewise_center or self.featurewise_std_normalization:
            x = self._normalized(x)
        return self._whitened(x) if self.zca_whitening else x

    def _normalized(self, x: Array) -> Array:
        if self.featurewise_center and self._is_fitted("featurewise_center", self.mean):
            x -= self.mean
        option = "featurewise_std_normalization"
        if self.featurewise_std_normalization and self._is_fitted(option, self.std):
            x /= self.std + _EPSILON  # type: ignore[operator]  # it is there once fitted
        return x

    def _whitened(self, x: Array) -> Array:
        components = self.principal_components
        if not self._is_fitted("zca_whitening", components):
            return x
        assert components is not None
        return (x.reshape(-1, len(components)) @ components).reshape(x.shape)

    def _is_fitted(self, option: str, statistic: Array | None) -> bool:
        if statistic is None:
            warnings.warn(
                f"`{option}` has no effect before the ImageDataGenerator was fitted: call "
                "`.fit(images)` first.",
                stacklevel=2,
            )
        return statistic is not None

    def get_random_transform(
        self, img_shape: tuple[int, ...], seed: int | None = None
    ) -> dict[str, Any]:
        """Return parameters of a change, drawn by chance.

        Args:
            img_shape: of the image.
            seed: of the draw; default: NumPy's global generator goes on.

        Returns:
            What `apply_transform` takes: "theta", "tx", "ty", "shear", "zx", "zy",
            "flip_horizontal", "flip_vertical", "channel_shift_intensity" and "brightness".
        """
        return self._drawn(img_shape, random_source(seed))

    def _drawn(self, img_shape: tuple[int, ...], random: np.random.RandomState) -> dict[str, Any]:
        """Draw in the order in which keras_preprocessing does."""
        theta = either_way(self.rotation_range, random)
        tx = shift(self.height_shift_range, img_shape[self.row_axis - 1], random)
        ty = shift(self.width_shift_range, img_shape[self.col_axis - 1], random)
        shear = either_way(self.shear_range, random)
        low, high = self.zoom_range
        zx, zy = (1, 1) if low == high == 1 else random.uniform(low, high, 2)
        is_mirrored, is_upside_down = random.random_sample() < 0.5, random.random_sample() < 0.5
        return {
            "theta": theta,
            "tx": tx,
            "ty": ty,
            "shear": shear,
            "zx": zx,
            "zy": zy,
            "flip_horizontal": is_mirrored and bool(self.horizontal_flip),
            "flip_vertical": is_upside_down and bool(self.vertical_flip),
            "channel_shift_intensity": either_way(self.channel_shift_range, random) or None,
            "brightness": self.brightness_range and random.uniform(*self.brightness_range),
        }

    def apply_transform(self, x: Array, transform_parameters: dict[str, Any]) -> Array:
        """Return an image with a change.

        Args:
            x: array of rank 3.
            transform_parameters: see `get_random_transform`; what is missing changes nothing.

        Raises:
            ImportError: SciPy or Pillow is needed and not installed.
        """
        given = transform_parameters.get
        rows, cols, channels = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        x = apply_affine_transform(
            x,
            given("theta", 0),
            given("tx", 0),
            given("ty", 0),
            given("shear", 0),
            given("zx", 1),
            given("zy", 1),
            row_axis=rows,
            col_axis=cols,
            channel_axis=channels,
            fill_mode=self.fill_mode,
            cval=self.cval,
            order=self.interpolation_order,
        )
        if given("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, transform_parameters["channel_shift_intensity"], channels)
        if given("flip_horizontal"):
            x = flip_axis(x, cols)
        if given("flip_vertical"):
            x = flip_axis(x, rows)
        if given("brightness") is not None:
            x = apply_brightness_shift(x, transform_parameters["brightness"], self.data_format)
        return x

    def random_transform(self, x: Array, seed: int | None = None) -> Array:
        """Return an image changed by chance.

        Args:
            x: array of rank 3.
            seed: of the change; default: NumPy's global generator goes on.
        """
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Compute the statistics that are to be taken off, from sample images.

        Args:
            x: array of rank 4.
            augment: take them of images changed by chance.
            rounds: how many times each image is changed then.
            seed: of the changes; default: NumPy's global generator goes on.

        Raises:
            ValueError: the array is not of rank 4, or is empty.
        """
        images = np.array(x, dtype=self.dtype)
        check_images(images, self.data_format)
        if not len(images):
            raise ValueError("`fit` needs images to take statistics of. Received: none.")
        if self.rescale:
            images *= self.rescale
        if augment:
            images = self._augmented(images, rounds, random_source(seed))
        axes = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            # Sums of many numbers are kept in float64, as float32 would lose digits.
            self.mean = np.mean(images, axis=axes, dtype=float, keepdims=True)[0].astype(self.dtype)
            images -= self.mean
        if self.featurewise_std_normalization:
            self.std = np.std(images, axis=axes, dtype=float, keepdims=True)[0].astype(self.dtype)
            images /= self.std + _EPSILON
        if self.zca_whitening:
            self.principal_components = self._components(images)

    def _augmented(self, images: Array, rounds: int, random: np.random.RandomState) -> Array:
        changed = np.empty((rounds * len(images), *images.shape[1:]), dtype=self.dtype)
        for place, number in zip(changed, range(len(changed)), strict=True):
            image = images[number % len(images)]
            place[...] = self.apply_transform(image, self._drawn(image.shape, random))
        return changed

    def _components(self, images: Array) -> Array:
        """Return the matrix that makes the covariance of images the identity, nearly."""
        flat = images.reshape(len(images), -1).astype(float)
        variances, directions = np.linalg.eigh(flat.T @ flat / len(flat))
        scale = 1.0 / np.sqrt(np.maximum(variances, 0) + self.zca_epsilon)
        return np.asarray((directions * scale) @ directions.T, dtype=self.dtype)
