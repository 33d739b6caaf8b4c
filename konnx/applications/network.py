"""What all applications share: their arguments, their tops and their published weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from konnx import backend as K
from konnx.applications.choices import Choices
from konnx.applications.foreign_weights import describe_weights
from konnx.applications.image_shapes import Shape, check_image_shape, image_shape, split_shape
from konnx.graph import Tensor
from konnx.layers import (
    Dense,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Input,
)
from konnx.models import Model
from konnx.models.topology import get_source_inputs
from konnx.utils.downloads import get_file

PUBLISHED = "https://storage.googleapis.com/tensorflow/keras-applications"


@dataclass(frozen=True)
class WeightFiles:
    """Where weights learned on ImageNet are published: a folder's URL, two names and their MD5."""

    folder: str
    top: str
    top_hash: str | None
    notop: str
    notop_hash: str | None

    def fetch(self, include_top: bool) -> str:
        """Return the path of a file, downloaded unless it is in the cache."""
        name, file_hash = (
            (self.top, self.top_hash) if include_top else (self.notop, self.notop_hash)
        )
        return get_file(name, f"{self.folder}/{name}", file_hash=file_hash, cache_subdir="models")


def weight_files(
    name: str, top_hash: str, notop_hash: str, family: str | None = None
) -> WeightFiles:
    """Return the files of an application whose names follow Keras' pattern."""
    stem = f"{name}_weights_tf_dim_ordering_tf_kernels"
    folder = f"{PUBLISHED}/{family or name}"
    return WeightFiles(folder, f"{stem}.h5", top_hash, f"{stem}_notop.h5", notop_hash)


class Application(Protocol):
    """The function that makes a network, as most applications have it."""

    def __call__(
        self,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Tensor | None = None,
        input_shape: Shape | None = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
    ) -> Model:
        """Return the model."""


def classifier(x: Tensor, choices: Choices) -> Any:
    """Average over the places and classify by one dense layer, as most applications do."""
    x = GlobalAveragePooling2D(name="avg_pool")(x)
    return dense_predictions(x, choices)


def dense_predictions(x: Tensor, choices: Choices) -> Any:
    """Classify features by one dense layer."""
    activation = choices.classifier_activation
    return Dense(choices.classes, activation=activation, name="predictions")(x)


@dataclass(frozen=True)
class Network:
    """An application: what it is called, what it computes and which images it takes.

    Args:
        name: of the model.
        features: from images to the last features.
        size: height and width unless told otherwise, in pixels.
        smallest: the least height and width, in pixels.
        files: its published weights.
        top: from features to classes.
        pool_names: of the layers that `pooling` "avg" and "max" add.
        sizes_vary: whether the features take images of any size, when built for none.
        top_sizes_vary: whether the top does.
        takes_pixels: whether images may be whole numbers, as the network scales them itself.
    """

    name: str
    features: Callable[[Tensor], Any]
    size: int
    smallest: int
    files: WeightFiles
    top: Callable[[Tensor, Choices], Any] = classifier
    pool_names: tuple[str | None, str | None] = (None, None)
    sizes_vary: bool = True
    top_sizes_vary: bool = True
    takes_pixels: bool = False

    def build(self, choices: Choices) -> Model:
        """Return the model with its weights.

        Raises:
            ValueError: the arguments contradict each other, or weights do not fit.
            TypeError: one is of another type.
            FileNotFoundError: there is no such file of weights.
        """
        choices.check(self.name)
        images = self._images(choices)
        x = self.features(images)
        x = self.top(x, choices) if choices.include_top else self._pooled(x, choices.pooling)
        inputs = images if choices.input_tensor is None else get_source_inputs(images)
        model = Model(inputs, x, name=self.name)
        self._load(model, choices)
        return model

    def _images(self, choices: Choices) -> Any:
        if choices.input_tensor is not None:
            self._check_tensor(choices)
            images = choices.input_tensor
            # What K's functions made is an input as it stands, as Keras' style transfer has it.
            return images if K.is_keras_tensor(images) else Input(tensor=images)
        shape = choices.input_shape
        if shape is None:
            size = None if self.sizes_vary and not choices.include_top else self.size
            shape = image_shape(size, 3)
        self._check_shape(shape, choices)
        return Input(shape=tuple(shape))

    def _check_tensor(self, choices: Choices) -> None:
        images, given = choices.input_tensor, choices.input_shape
        if not isinstance(images, Tensor):
            raise TypeError(
                f"'{self.name}': `input_tensor` must be a tensor that layers made, such as "
                f"Input(...). Received: {type(images).__name__}. Give arrays to predict."
            )
        shape = images.shape[1:]
        self._check_shape(shape, choices)
        if not (images.dtype.startswith("float") or self.takes_pixels):
            raise ValueError(
                f"'{self.name}': images must be floats, such as `preprocess_input` returns. "
                f"Received: an input_tensor of {images.dtype}"
            )
        if given is not None and not _agree(given, shape):
            raise ValueError(
                f"'{self.name}': `input_shape` must be that of `input_tensor`, or be left out. "
                f"Received: input_shape={given}, input_tensor of shape {images.shape}"
            )

    def _check_shape(self, shape: Any, choices: Choices) -> None:
        check_image_shape(self.name, shape, self.smallest)
        sizes, channels = split_shape(shape)
        known = all(size is not None for size in sizes)
        if not known and not (self.top_sizes_vary if choices.include_top else self.sizes_vary):
            with_top = " with its top" if self.sizes_vary else ""
            raise ValueError(
                f"'{self.name}'{with_top} must know the height and width of images. "
                f"Received: input_shape={tuple(shape)}"
            )
        if choices.weights == "imagenet":
            self._check_published(shape, channels, choices.include_top)

    def _check_published(self, shape: Shape, channels: int, include_top: bool) -> None:
        if channels != 3:
            raise ValueError(
                f"'{self.name}': the weights of ImageNet are for 3 channels, red, green and blue. "
                f"Received: input_shape={tuple(shape)}. Give such a shape, or weights=None."
            )
        expected = image_shape(self.size, 3)
        if include_top and tuple(shape) != expected:
            raise ValueError(
                f"'{self.name}' with include_top=True and the weights of ImageNet takes images of "
                f"shape {expected}. Received: input_shape={tuple(shape)}. With include_top=False "
                "they may have other sizes."
            )

    def _pooled(self, x: Tensor, pooling: str | None) -> Any:
        if pooling is None:
            return x
        average, maximum = self.pool_names
        if pooling == "avg":
            return GlobalAveragePooling2D(name=average)(x)
        return GlobalMaxPooling2D(name=maximum)(x)

    def _load(self, model: Model, choices: Choices) -> None:
        weights = choices.weights
        if weights is None:
            return
        path = self.files.fetch(choices.include_top) if weights == "imagenet" else weights
        try:
            model.load_weights(path)
        except ValueError as error:
            raise ValueError(_misfit(self.name, path, choices, error)) from error


def _misfit(name: str, path: Any, choices: Choices, error: ValueError) -> str:
    """Return what is to be said of a file of other weights."""
    wanted = _top(choices.include_top, choices.classes)
    reason = str(error).removeprefix(f"{path}: ")
    owner = describe_weights(path)
    if owner is None:
        return f"'{path}' does not hold the weights of '{name}' {wanted}: {reason}"
    other, has_top = owner
    remedy = ""
    if has_top != choices.include_top:
        remedy = f" For them, pass include_top={has_top} (konnx convert: --no-top for False)."
    return (
        f"'{path}' does not hold the weights of '{name}' {wanted}, but those of {other} "
        f"{_top(has_top, 1000)}: {reason}{remedy}"
    )


def _top(included: bool, classes: int) -> str:
    return f"with its top of {classes} classes" if included else "without its top"


def _agree(given: Any, shape: Any) -> bool:
    """Return whether two shapes contradict each other nowhere."""
    return len(given) == len(shape) and all(
        one is None or other is None or one == other
        for one, other in zip(given, shape, strict=True)
    )
