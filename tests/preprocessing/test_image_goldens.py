"""Images are changed, normalized and batched as by keras_preprocessing from the same seeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from konnx.preprocessing import image

pytestmark = pytest.mark.no_runtime

with np.load(Path(__file__).parents[1] / "goldens" / "images.npz") as file:
    GOLDENS = {name: file[name] for name in file.files}
CASES = json.loads(str(GOLDENS["cases"]))
IMAGES = GOLDENS["images"]
GEOMETRIC = sum(name.startswith("first/") for name in GOLDENS)


def seed() -> None:
    np.random.seed(3)  # noqa: NPY002 - the generator that Keras scripts seed


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    for name in (name[5:] for name in GOLDENS if name.startswith("tree/")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(GOLDENS[f"tree/{name}"]).save(folder / name)
    (folder / "cat" / "notes.txt").write_text("no picture")
    return folder


@pytest.mark.parametrize("number", range(len(CASES["transforms"])))
def test_changes_are_those_of_keras(number: int) -> None:
    name, arguments = CASES["transforms"][number]
    axes = {} if name == "random_brightness" else {"channel_axis": 2}
    if number < GEOMETRIC:
        axes |= {"row_axis": 0, "col_axis": 1}
    seed()
    changed = getattr(image, name)(IMAGES[0].astype(np.float32), **arguments, **axes)
    np.testing.assert_allclose(changed, GOLDENS[f"transform/{number}"], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("number", range(GEOMETRIC))
def test_changes_with_channels_first_are_those_of_keras(number: int) -> None:
    name, arguments = CASES["transforms"][number]
    seed()
    first = IMAGES[0].astype(np.float32).transpose(2, 0, 1)
    changed = getattr(image, name)(first, **arguments)
    np.testing.assert_allclose(changed, GOLDENS[f"first/{number}"], rtol=1e-5, atol=1e-4)


def generator_of(number: int) -> image.ImageDataGenerator:
    generator = image.ImageDataGenerator(**CASES["generators"][number])
    if generator.featurewise_center:
        generator.fit(IMAGES)
    return generator


def expected_batches(prefix: str) -> list[Any]:
    names = [name for name in GOLDENS if name.rpartition("/")[0] == prefix]
    return [GOLDENS[f"{prefix}/{batch}"] for batch in range(len(names))]


@pytest.mark.parametrize("number", range(len(CASES["generators"])))
def test_batches_from_arrays_are_those_of_keras(number: int) -> None:
    batches = generator_of(number).flow(IMAGES, batch_size=2, seed=7)
    expected = expected_batches(f"flow/{number}")
    assert len(expected) == 2 * len(batches)
    for batch in expected:
        found = next(batches)
        assert found.dtype == CASES["generators"][number].get("dtype", "float32")
        np.testing.assert_allclose(found, batch, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in GOLDENS if name.startswith("statistics/")])
def test_statistics_are_those_of_keras(name: str) -> None:
    _, number, attribute = name.split("/")
    found = getattr(generator_of(int(number)), attribute)
    np.testing.assert_allclose(found, GOLDENS[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("number", range(len(CASES["flows"])))
def test_batches_from_a_folder_are_those_of_keras(number: int, tree: Path) -> None:
    batches = image.ImageDataGenerator(**CASES["split"]).flow_from_directory(
        tree, target_size=(8, 10), batch_size=2, seed=5, **CASES["flows"][number]
    )
    targets = expected_batches(f"directory/{number}/y")
    for index, images in enumerate(expected_batches(f"directory/{number}")):
        found = next(batches)
        x, *y = found if isinstance(found, tuple) else (found,)
        np.testing.assert_allclose(x, images, rtol=1e-5, atol=1e-5)
        assert len(y) == bool(targets)
        if targets:
            np.testing.assert_allclose(y[0], targets[index], rtol=1e-5, atol=1e-5)
