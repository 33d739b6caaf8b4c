"""Preprocessing of images, texts and sequences: konnx against keras_preprocessing.

    pip install keras_preprocessing six
    python benchmarks/bench_preprocessing.py

Prints seconds and how many times as long keras_preprocessing takes; it is left out where it is not
installed.
"""

from __future__ import annotations

import importlib
import random
import time
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from konnx.preprocessing import image, sequence, text

RUNS = 3
GEOMETRY: dict[str, Any] = {
    "rotation_range": 20,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "shear_range": 10,
    "zoom_range": 0.2,
}
ALL: dict[str, Any] = GEOMETRY | {
    "channel_shift_range": 20.0,
    "horizontal_flip": True,
    "vertical_flip": True,
    "brightness_range": (0.8, 1.2),
    "rescale": 1 / 255,
}
SHIFTS = {"width_shift_range": 0.1, "height_shift_range": 0.1, "horizontal_flip": True}


def peer(name: str) -> Any:
    """Return a module of keras_preprocessing, which knows NumPy and SciPy by old names."""
    try:
        import scipy.ndimage

        setattr(np, "unicode_", np.str_)  # noqa: B010
        scipy.ndimage.interpolation = types.SimpleNamespace(
            affine_transform=scipy.ndimage.affine_transform
        )
        return importlib.import_module(f"keras_preprocessing.{name}")
    except ImportError:
        return None


def numbers(count: int) -> list[list[int]]:
    """Draw lists of numbers of words, as long as reviews of films."""
    source = random.Random(0)
    return [
        [source.randint(1, 20_000) for _ in range(source.randint(20, 500))] for _ in range(count)
    ]


def texts(count: int) -> list[str]:
    """Draw texts of 200 words, some of which are frequent."""
    source = random.Random(0)
    draw = source.paretovariate
    return [
        " ".join(f"w{min(int(draw(0.8)), 20_000)}{source.choice(',. ')}" for _ in range(200))
        for _ in range(count)
    ]


def read(module: Any, images: Any, options: dict[str, Any]) -> None:
    """Read an epoch of images."""
    batches = module.ImageDataGenerator(**options).flow(images, batch_size=32, seed=1)
    for _ in range(len(batches)):
        next(batches)


def fitted(module: Any, corpus: list[str]) -> Any:
    """Return a tokenizer that has learned the words of texts."""
    tokenizer = module.Tokenizer(num_words=5000)
    tokenizer.fit_on_texts(corpus)
    return tokenizer


def windows(module: Any, data: Any) -> None:
    """Read windows over a series."""
    batches = module.TimeseriesGenerator(data, data, length=50)
    for index in range(len(batches)):
        batches[index]


def cases() -> list[tuple[str, Any, Any, Callable[[Any], Any]]]:
    """Return what is done, with which two modules, and how."""
    images = np.random.default_rng(0).integers(0, 256, (10_000, 32, 32, 3), dtype=np.uint8)
    lists, corpus, data = numbers(25_000), texts(25_000), np.zeros((20_000, 8))
    words = [word % 2000 for row in lists[:100] for word in row]
    pictures, series, language = peer("image"), peer("sequence"), peer("text")
    own = {module: fitted(module, corpus[:5000]) for module in (text, language) if module}
    return [
        ("images as they are", image, pictures, lambda m: read(m, images, {})),
        ("moved and flipped", image, pictures, lambda m: read(m, images, SHIFTS)),
        ("turned, zoomed, sheared", image, pictures, lambda m: read(m, images, GEOMETRY)),
        ("with all changes", image, pictures, lambda m: read(m, images, ALL)),
        ("pad_sequences", sequence, series, lambda m: m.pad_sequences(lists, maxlen=200)),
        ("skipgrams", sequence, series, lambda m: m.skipgrams(words, 2000)),
        ("TimeseriesGenerator", sequence, series, lambda m: windows(m, data)),
        ("fit_on_texts", text, language, lambda m: fitted(m, corpus)),
        ("texts_to_sequences", text, language, lambda m: own[m].texts_to_sequences(corpus)),
        ("texts_to_matrix", text, language, lambda m: own[m].texts_to_matrix(corpus[:2000])),
    ]


def seconds(work: Callable[[Any], Any], module: Any) -> float:
    """Return the shortest time of some runs."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work(module)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print a line for each case."""
    print(f"{'':26}{'konnx':>10}{'Keras':>10}{'ratio':>8}")
    for name, own, other, work in cases():
        here = seconds(work, own)
        there = f"{(found := seconds(work, other)):10.3f}{found / here:8.2f}" if other else ""
        print(f"{name:26}{here:10.3f}{there}", flush=True)


if __name__ == "__main__":
    main()
