"""Images: files and arrays, changes by chance, batches while a model trains.

Files need Pillow, and most changes SciPy: `pip install 'konnx[image]'`. The numbers are those of
keras_preprocessing 1.1, to which Keras moved this module in 2.2.
"""

from konnx.preprocessing.image.arrays import NumpyArrayIterator
from konnx.preprocessing.image.dataframe import DataFrameIterator
from konnx.preprocessing.image.directory import DirectoryIterator
from konnx.preprocessing.image.generator import ImageDataGenerator
from konnx.preprocessing.image.iterator import Iterator
from konnx.preprocessing.image.pictures import (
    array_to_img,
    img_to_array,
    list_pictures,
    load_img,
    save_img,
)
from konnx.preprocessing.image.transforms import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    flip_axis,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
)

__all__ = [
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "flip_axis",
    "img_to_array",
    "list_pictures",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "save_img",
]
