"""What networks of users ask for the shape of their images."""

from __future__ import annotations

from typing import Any

import pytest

from konnx.applications.image_shapes import _obtain_input_shape

pytestmark = pytest.mark.no_runtime


@pytest.mark.parametrize(
    ("shape", "options", "expected"),
    [
        (None, (True,), (224, 224, 3)),
        (None, (False,), (None, None, 3)),
        ((64, 48, 1), (True,), (64, 48, 1)),
        ((None, 48, 3), (False, "imagenet"), (None, 48, 3)),
        ((224, 224, 3), (True, "imagenet"), (224, 224, 3)),
    ],
)
def test_the_shape_is_the_given_or_the_default(shape: Any, options: Any, expected: Any) -> None:
    assert _obtain_input_shape(shape, 224, 32, "channels_last", *options) == expected
    if shape is None:
        first = _obtain_input_shape(None, 224, 32, "channels_first", *options)
        assert first == (expected[2], *expected[:2])


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((64, 64), (True,), "height, width and channels"),
        ((16, 64, 3), (False,), "at least 32 by 32 pixels"),
        ((None, 64, 3), (True,), "With a top, the size of images must be known"),
        ((64, 64, 3), (True, "imagenet"), r"take images of \(224, 224, 3\)"),
        ((64, 64, 1), (False, "imagenet"), "take images of three channels"),
    ],
)
def test_a_shape_that_does_not_fit_is_refused(shape: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"{message}.*Received"):
        _obtain_input_shape(shape, 224, 32, None, *options)
