"""Histograms and images, compared with TensorFlow's rules and read back by other programs."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from konnx.callbacks.tensorboard import events, summaries, wire

pytestmark = pytest.mark.no_runtime


def parsed(value: bytes) -> Any:
    return Summary.Value.FromString(value)


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**31, 2**63 - 1, -1])
def test_integers_are_read_as_they_were(number: int) -> None:
    assert Event.FromString(wire.integer(2, number)).step == number


@pytest.mark.parametrize(
    ("data", "checksum"),  # RFC 3720, B.4
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
    ],
)
def test_checksums_are_those_of_the_standard(data: bytes, checksum: int) -> None:
    assert events.crc32c(data) == checksum


@pytest.mark.parametrize(
    "values",
    [[0.0], [1.0, 2.0, 3.0], [-1.0, 0.0, 1e-15], [-1e30, 1e30], [5.0] * 4, [1e308], [1e-12]],
)
def test_every_number_is_in_its_bucket(values: list[float]) -> None:
    found = parsed(summaries.histogram("h", np.array(values))).histo
    assert (found.min, found.max, found.num) == (min(values), max(values), len(values))
    assert found.sum == sum(values)
    for limit, below in zip(found.bucket_limit, np.cumsum(found.bucket), strict=True):
        assert below == sum(value < limit for value in values)


def test_numbers_that_are_not_finite_are_left_out() -> None:
    found = parsed(summaries.histogram("h", np.array([np.nan, np.inf, 2.0]))).histo
    assert (found.num, found.sum) == (1, 2.0)


def test_an_empty_histogram_has_no_numbers() -> None:
    found = parsed(summaries.histogram("h", np.zeros(0))).histo
    assert (found.min, found.max, found.num, sum(found.bucket)) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("values", "grey"),
    [
        ([[0.0, 1.0, 2.0]], [[0, 127, 255]]),
        ([[-1.0, 0.0, 0.5]], [[1, 128, 191]]),
        ([[0.0, 0.0]], [[0, 0]]),
        ([[4.0], [np.nan]], [[255], [0]]),
    ],
)
def test_images_are_grey(values: Any, grey: Any) -> None:
    (value,) = summaries.images("i", np.array([values]))
    found = parsed(value)
    assert found.tag == "i/image/0"
    pixels = Image.open(io.BytesIO(found.image.encoded_image_string))
    np.testing.assert_array_equal(np.array(pixels), grey)


def test_three_images_are_shown_at_most() -> None:
    assert len(summaries.images("i", np.zeros((5, 2, 2)))) == 3
