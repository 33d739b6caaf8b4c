"""Make the goldens of image preprocessing: what keras_preprocessing 1.1.2 computes.

Writes `images.npz`. "images" are five pictures; "tree/CLASS/NAME" the pictures of a folder of
classes. "cases" is a JSON text: for each case its function and arguments. The values are

* "transform/N": one change, after `np.random.seed(3)`, of the first picture, channels last,
* "first/N": the same with channels first, by Keras 2.1.6, which is right there,
* "flow/N/B": batch B of the two epochs of a generator with the seed 7 (batches of 2, from `next`),
* "statistics/N/NAME": the mean, the deviation and the matrix of whitening of a generator,
* "directory/N/B" and "directory/N/y/B": the same from the folder of classes.

Run `python make_images.py FOLDER` with the folder where the wheel of Keras 2.1.6 is unpacked.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

import keras216
import numpy as np

FOLDER = Path(__file__).parent
Array = np.ndarray[Any, Any]

TRANSFORMS: list[tuple[str, dict[str, Any]]] = [
    ("random_rotation", {"rg": 40}),
    ("random_rotation", {"rg": 90, "fill_mode": "constant", "cval": 7.0}),
    ("random_shift", {"wrg": 0.3, "hrg": 0.2, "fill_mode": "wrap"}),
    ("random_shear", {"intensity": 30, "fill_mode": "reflect"}),
    ("random_zoom", {"zoom_range": [0.5, 1.7]}),
    ("random_channel_shift", {"intensity_range": 60.0}),
    ("random_brightness", {"brightness_range": [0.3, 1.4]}),
]
GEOMETRIC = 5  # as many of them take the axes of an image
GENERATORS: list[dict[str, Any]] = [
    {},
    {"samplewise_center": True, "rescale": 0.1},
    {"samplewise_center": True, "samplewise_std_normalization": True},
    {"featurewise_center": True},
    {"featurewise_center": True, "featurewise_std_normalization": True, "rescale": 1 / 255},
    {"featurewise_center": True, "zca_whitening": True, "zca_epsilon": 0.1, "rescale": 1 / 64},
    {"rotation_range": 30, "fill_mode": "constant", "cval": 3.0},
    {"width_shift_range": 0.3, "height_shift_range": 0.2, "fill_mode": "wrap"},
    {"width_shift_range": 3, "height_shift_range": [-2, 0, 2]},
    {"width_shift_range": 2.5, "height_shift_range": 1.0},
    {"shear_range": 25, "zoom_range": 0.3, "fill_mode": "reflect"},
    {"zoom_range": [0.7, 0.9], "interpolation_order": 0},
    {"channel_shift_range": 50.0, "horizontal_flip": True},
    {"horizontal_flip": True, "vertical_flip": True},
    {"brightness_range": [0.4, 1.6], "horizontal_flip": True},
    {
        "rotation_range": 20,
        "width_shift_range": 0.1,
        "height_shift_range": 0.1,
        "shear_range": 10,
        "zoom_range": 0.2,
        "channel_shift_range": 20.0,
        "horizontal_flip": True,
        "vertical_flip": True,
        "brightness_range": [0.8, 1.2],
        "rescale": 1 / 255,
    },
    {"shear_range": 25.5, "fill_mode": "constant", "cval": 9.0},
    {"rotation_range": 60, "interpolation_order": 3, "dtype": "float64"},
    {"width_shift_range": [0.1, 0.4], "height_shift_range": 1, "fill_mode": "constant"},
    {"zoom_range": (1, 1), "height_shift_range": 0.99, "fill_mode": "reflect"},
]
FLOWS: list[dict[str, Any]] = [
    {},
    {"class_mode": "binary", "classes": ["dog", "cat"], "color_mode": "grayscale"},
    {"class_mode": "sparse", "interpolation": "bilinear", "shuffle": False},
    {"class_mode": "input", "subset": "training"},
    {"class_mode": None, "subset": "validation", "color_mode": "rgba"},
]
SPLIT = {"validation_split": 0.4, "horizontal_flip": True, "rescale": 1 / 255}


def pictures(count: int, height: int, width: int, random: np.random.RandomState) -> Array:
    """Draw smooth pictures, as noise alone would hide how borders are filled."""
    waves = np.sin(np.arange(height)[:, None, None] / 3 + np.arange(width)[:, None] / 5)
    drawn = 120 + 60 * waves + random.uniform(-60, 60, (count, height, width, 3))
    return drawn.round().astype(np.uint8)


def tree(random: np.random.RandomState) -> dict[str, Array]:
    """Draw the pictures of a folder of classes, by their paths."""
    names = ["cat/a.png", "cat/b.PNG", "cat/deep/c.bmp", "dog/d.png", "dog/e.png", "eel/f.png"]
    return {name: pictures(1, 9 + i, 12 - i, random)[0] for i, name in enumerate(names)}


def write_tree(folder: Path, files: dict[str, Array]) -> None:
    """Write them."""
    from PIL import Image

    for name, picture in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / name)
    (folder / "cat" / "notes.txt").write_text("no picture")


def transforms(module: Any, old: Any, image: Array) -> dict[str, Array]:
    """Return each change, channels last, and with channels first where axes matter."""
    made = {}
    for number, (name, arguments) in enumerate(TRANSFORMS):
        axes = {} if name == "random_brightness" else {"channel_axis": 2}
        if number < GEOMETRIC:
            axes |= {"row_axis": 0, "col_axis": 1}
            np.random.seed(3)  # noqa: NPY002 - both draw from it
            first = np.ascontiguousarray(image.transpose(2, 0, 1))
            made[f"first/{number}"] = getattr(old, name)(first, **arguments)
        np.random.seed(3)  # noqa: NPY002
        made[f"transform/{number}"] = getattr(module, name)(image, **arguments, **axes)
    return made


def flows(module: Any, images: Array) -> dict[str, Array]:
    """Return the batches and the statistics of each generator."""
    made = {}
    for number, arguments in enumerate(GENERATORS):
        generator = module.ImageDataGenerator(**arguments)
        if generator.featurewise_center:
            generator.fit(images)
            for name in ("mean", "std", "principal_components"):
                if getattr(generator, name) is not None:
                    made[f"statistics/{number}/{name}"] = getattr(generator, name)
        batches = generator.flow(images, batch_size=2, seed=7)
        for batch in range(2 * len(batches)):
            made[f"flow/{number}/{batch}"] = next(batches).astype(np.float32)
    return made


def directories(module: Any, folder: Path) -> dict[str, Array]:
    """Return the batches from the folder of classes."""
    made = {}
    for number, arguments in enumerate(FLOWS):
        batches = module.ImageDataGenerator(**SPLIT).flow_from_directory(
            str(folder), target_size=(8, 10), batch_size=2, seed=5, **arguments
        )
        for batch in range(2 * len(batches)):
            found = next(batches)
            x, *y = found if isinstance(found, tuple) else (found,)
            made[f"directory/{number}/{batch}"] = x
            if y:
                made[f"directory/{number}/y/{batch}"] = y[0]
    return made


def main() -> None:
    """Write the file."""
    import keras_preprocessing.image as module
    import scipy.ndimage

    scipy.ndimage.interpolation = types.SimpleNamespace(  # its name when both were written
        affine_transform=scipy.ndimage.affine_transform
    )
    keras216.load(sys.argv[1])
    from keras.preprocessing import image as old

    random = np.random.RandomState(1)
    images, files = pictures(5, 7, 6, random), tree(random)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        write_tree(Path(folder), files)
        values = directories(module, Path(folder))
    values |= transforms(module, old, images[0].astype(np.float32)) | flows(module, images)
    cases = {"transforms": TRANSFORMS, "generators": GENERATORS, "flows": FLOWS, "split": SPLIT}
    np.savez_compressed(
        FOLDER / "images.npz",
        cases=json.dumps(cases),
        images=images,
        **{f"tree/{name}": picture for name, picture in files.items()},
        **values,
    )


if __name__ == "__main__":
    main()
