"""Pictures as arrays and arrays as pictures; what optional packages are needed for."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from konnx import config
from konnx.preprocessing.image import (
    apply_affine_transform,
    array_to_img,
    img_to_array,
    list_pictures,
    load_img,
    random_zoom,
    save_img,
)

pytestmark = pytest.mark.no_runtime

PIXELS = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_an_array_becomes_a_picture_and_an_array_again(channels: int, data_format: str) -> None:
    array = np.arange(20.0 * channels).reshape(4, 5, channels)
    given = array.transpose(2, 0, 1) if data_format == "channels_first" else array
    img = array_to_img(given, data_format, scale=False)
    assert (img.size, len(img.getbands())) == ((5, 4), channels)
    again = img_to_array(img, data_format)
    np.testing.assert_array_equal(again, given.astype(np.float32), strict=True)


def test_values_are_stretched_to_those_of_a_picture() -> None:
    img = array_to_img(np.array([[[-1.0], [0.0], [1.0]]]))
    assert np.asarray(img).tolist() == [[0, 127, 255]]
    assert np.asarray(array_to_img(np.full((1, 1, 1), 7.0))).tolist() == [[0]]
    assert array_to_img(np.full((1, 1, 1), 700.0), scale=False).mode == "I"


def test_layout_and_dtype_are_those_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(config._settings, "image_data_format", "channels_first")
    monkeypatch.setitem(config._settings, "floatx", "float64")
    array = img_to_array(Image.fromarray(PIXELS))
    assert (array.shape, array.dtype) == ((3, 4, 5), np.float64)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 4)), r"rank 3. Received: shape \(4, 4\)"),
        (np.zeros((4, 4, 2)), "1, 3 or 4 channels. Received: 2 of them"),
    ],
)
def test_what_is_no_picture_is_refused(array: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        array_to_img(array)


@pytest.mark.parametrize("name", ["a.png", "a.bmp"])
def test_a_picture_is_written_and_read(name: str, tmp_path: Path) -> None:
    save_img(tmp_path / name, PIXELS, scale=False)
    np.testing.assert_array_equal(img_to_array(load_img(tmp_path / name)), PIXELS)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_picture_is_written_to_an_open_file_and_read_from_one() -> None:
    file = io.BytesIO()
    save_img(file, PIXELS, file_format="png", scale=False)
    file.seek(0)
    np.testing.assert_array_equal(img_to_array(load_img(file)), PIXELS)


def test_jpeg_drops_transparency_with_a_warning(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="JPEG has no transparency"):
        save_img(tmp_path / "a.jpg", np.zeros((2, 2, 4)))
    assert load_img(tmp_path / "a.jpg").mode == "RGB"


@pytest.mark.parametrize(
    ("arguments", "mode", "size"),
    [
        ({}, "RGB", (5, 4)),
        ({"grayscale": True}, "L", (5, 4)),
        ({"color_mode": "rgba", "target_size": (8, 2)}, "RGBA", (2, 8)),
        ({"target_size": (2, 3), "interpolation": "lanczos"}, "RGB", (3, 2)),
    ],
)
def test_a_picture_is_read_as_asked(
    arguments: dict[str, Any], mode: str, size: tuple[int, int], tmp_path: Path
) -> None:
    save_img(tmp_path / "a.png", PIXELS)
    img = load_img(tmp_path / "a.png", **arguments)
    assert (img.mode, img.size) == (mode, size)


@pytest.mark.parametrize(
    ("size", "rows", "columns"),
    [
        ((4, 4), slice(0, 4), slice(0, 4)),
        ((2, 5), slice(1, 3), slice(0, 5)),
        ((8, 2), slice(0, 4), slice(2, 3)),
    ],
)
def test_the_middle_of_a_picture_keeps_its_proportions(
    size: tuple[int, int], rows: slice, columns: slice, tmp_path: Path
) -> None:
    save_img(tmp_path / "a.png", PIXELS, scale=False)
    found = img_to_array(load_img(tmp_path / "a.png", target_size=size, keep_aspect_ratio=True))
    expected = Image.fromarray(PIXELS[rows, columns])
    np.testing.assert_array_equal(found, img_to_array(expected.resize(size[::-1], 0)))


def test_pictures_of_all_modes_become_those_that_are_asked_for(tmp_path: Path) -> None:
    """As Pillow turns them: transparency is dropped, no rotation of Exif applied, depth cut off."""
    exif = Image.Exif()
    exif[0x112] = 6  # to be turned by a quarter
    pictures = {
        "rgba.png": Image.fromarray(PIXELS).convert("RGBA"),
        "palette.png": Image.fromarray(PIXELS).convert("P"),
        "deep.png": Image.fromarray(np.full((4, 5), 40_000, np.uint16)),
        "float.tif": Image.fromarray(np.full((4, 5), 300.0, np.float32)),
        "print.tif": Image.fromarray(PIXELS).convert("CMYK"),
        "turned.png": Image.fromarray(PIXELS),
    }
    for name, picture in pictures.items():
        picture.save(tmp_path / name, **({"exif": exif} if name == "turned.png" else {}))
        found = img_to_array(load_img(tmp_path / name))
        np.testing.assert_array_equal(found, np.asarray(picture.convert("RGB")), err_msg=name)
        assert load_img(tmp_path / name, color_mode="rgba").mode == "RGBA"


@pytest.mark.parametrize("mode", ["I;16", "I"])
def test_deep_grey_stays_deep(mode: str, tmp_path: Path) -> None:
    values = np.array([[0, 1000], [40000, 65535]])
    Image.fromarray(values.astype(np.uint16 if mode == "I;16" else np.int32)).save(
        tmp_path / "a.tif"
    )
    array = img_to_array(load_img(tmp_path / "a.tif", color_mode="grayscale"))
    np.testing.assert_array_equal(array[..., 0], values)


def test_files_that_are_no_pictures_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"The image '.*a.png' cannot be read"):
        load_img(tmp_path / "a.png")
    with pytest.raises(FileNotFoundError, match=r"none.png"):
        load_img(tmp_path / "none.png")


def test_a_picture_with_too_many_pixels_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_img(tmp_path / "a.png", PIXELS)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 9)
    with pytest.raises(ValueError, match="decompression bomb"):
        load_img(tmp_path / "a.png")


def test_pictures_are_listed_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("c.PNG", "b/a.jpeg", "d.txt", "a.bmp"):
        (tmp_path / name).touch()
    found = [str(Path(path).relative_to(tmp_path)) for path in list_pictures(tmp_path)]
    assert found == ["a.bmp", "b/a.jpeg", "c.PNG"]
    assert list_pictures(tmp_path, ext="bmp|txt") == [str(tmp_path / n) for n in ("a.bmp", "d.txt")]


def test_nothing_is_done_where_nothing_is_asked_for() -> None:
    assert apply_affine_transform(PIXELS) is PIXELS
    assert random_zoom(PIXELS, (1, 1)) is PIXELS


def test_importing_needs_neither_pillow_nor_scipy_and_using_says_what_to_install() -> None:
    program = """
import sys
sys.modules["PIL"] = sys.modules["PIL.Image"] = sys.modules["scipy"] = None
sys.modules["scipy.ndimage"] = None
import numpy as np
from konnx.preprocessing import image
images = image.ImageDataGenerator(horizontal_flip=True).flow(np.zeros((2, 3, 3, 1)))[0]
for use in (lambda: image.load_img("a.png"), lambda: image.random_rotation(images[0], 9)):
    try:
        use()
    except ImportError as error:
        print(error)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        f"{purpose} needs {package}, which is not installed: pip install 'konnx[image]'"
        for purpose, package in (
            ("Reading an image", "Pillow"),
            ("Transforming images", "SciPy"),
        )
    ]
