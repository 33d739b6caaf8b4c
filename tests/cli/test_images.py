from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.cli.images import Pixels, read_image
from konnx.cli.inputs import Reading, read_inputs
from konnx.cli.onnx_files import Value

pytestmark = pytest.mark.no_runtime
Image = pytest.importorskip("PIL.Image")

COLOURS = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)  # height 4, width 6


@pytest.fixture
def image(tmp_path: Path) -> str:
    path = tmp_path / "picture.png"
    Image.fromarray(COLOURS).save(path)
    return str(path)


def value(*shape: int | str | None) -> Value:
    return Value("x", "float32", shape)


def grey() -> Any:
    return np.asarray(Image.fromarray(COLOURS).convert("L"))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (("batch", 4, 6, 3), COLOURS[None]),
        (("batch", None, "width", 3), COLOURS[None]),
        (("batch", 3, 4, 6), COLOURS.transpose(2, 0, 1)[None]),
        ((1, 4, 6, 1), grey()[None, :, :, None]),
        ((None, 1, 4, 6), grey()[None, None]),
        ((None, 4, 6), grey()[None]),
    ],
)
def test_the_input_decides_on_channels_and_their_axis(
    image: str, shape: tuple[Any, ...], expected: Any
) -> None:
    array = read_image(image, value(*shape))
    assert array.dtype == np.uint8
    np.testing.assert_array_equal(array, expected)


def test_four_channels_take_transparency(image: str) -> None:
    array = read_image(image, value(None, 4, 6, 4))
    assert (array.shape, array[0, 0, 0, 3]) == ((1, 4, 6, 4), 255)


def test_pixels_are_scaled_as_asked(image: str) -> None:
    (array,) = read_inputs([image], [value(None, 4, 6, 3)], Reading(Pixels(1 / 255))).values()
    np.testing.assert_allclose(array[0], COLOURS / 255, rtol=1e-6)


def test_pixels_are_0_to_255_unless_scaled(image: str) -> None:
    (array,) = read_inputs([f"x={image}"], [value(None, 4, 6, 3)]).values()
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array[0], COLOURS)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((None, 6, 4, 3), "has 6 × 4 pixels (width × height), and input 'x' takes 4 × 6. Resize"),
        ((None, 3, 4, 7), "takes 7 × 4"),
        ((None, 72), "and input 'x' takes no image: it is float32 (?, 72). Expected"),
        ((None, 8, 6, 5), "with 1, 3 or 4 channels"),
        ((), "takes no image"),
    ],
)
def test_an_image_that_does_not_fit_is_refused(
    image: str, shape: tuple[Any, ...], said: str
) -> None:
    with pytest.raises(ValueError) as refusal:
        read_image(image, value(*shape))
    assert image in str(refusal.value) and said in str(refusal.value)


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    for content in (b"no picture", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"Expected: \.npy, \.npz or an image"):
            read_image(str(path), value(None, 4, 6, 3))


@pytest.mark.parametrize("suffix", ["png", "bmp"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.8])
def test_an_image_that_is_cut_short_is_refused(tmp_path: Path, suffix: str, kept: float) -> None:
    path = tmp_path / f"picture.{suffix}"
    noise = np.random.default_rng(3).integers(0, 256, (60, 60, 3), np.uint8)
    Image.fromarray(noise).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ValueError, match=rf"picture\.{suffix}"):
        read_image(str(path), value(None, 60, 60, 3))


def test_without_pillow_the_extra_that_brings_it_is_named(
    image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(ImportError, match=r'pip install "konnx\[image\]"'):
        read_image(image, value(None, 4, 6, 3))
