from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from konnx import config

pytestmark = pytest.mark.no_runtime


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    config.set_epsilon(1e-7)
    config.set_floatx("float32")
    config.set_image_data_format("channels_last")


def test_a_process_starts_with_the_settings_of_keras_2_1() -> None:
    settings = (config.epsilon(), config.floatx(), config.image_data_format())
    assert settings == (1e-7, "float32", "channels_last")


def test_settings_can_be_changed() -> None:
    config.set_epsilon(1e-3)
    config.set_floatx(np.float64)
    config.set_image_data_format("channels_first")
    settings = (config.epsilon(), config.floatx(), config.image_data_format())
    assert settings == (1e-3, "float64", "channels_first")


@pytest.mark.parametrize(
    ("setter", "value", "message"),
    [
        (config.set_epsilon, 0.0, "`epsilon` must be a positive number. Received: e=0.0"),
        (config.set_epsilon, float("nan"), "`epsilon` must be a positive number"),
        (
            config.set_floatx,
            "int32",
            "`floatx` must be one of .*'float64'.* Received: floatx='int32'",
        ),
        (config.set_floatx, "real", "Received: floatx='real'"),
        (
            config.set_image_data_format,
            "th",
            "`data_format` must be one of .*Received: data_format='th'",
        ),
    ],
)
def test_other_settings_are_refused(setter: Any, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        setter(value)
