"""Whole numbers by their places in a vocabulary; the results are those of tf_keras 2.21."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.layers import Input, IntegerLookup, deserialize, serialize
from konnx.models import Model

WORDS = [12, 36, 1138, -5]
GIVEN = [[12, 1138, 7], [36, -5, 0], [-1, 3, 4]]
PLACES = [[0, 1, 2], [3, 4, 5]]


def run(layer: Any, values: Any) -> Any:
    x = Input((len(values[0]),), dtype="int64")
    return Model(x, layer(x)).predict(np.array(values)).tolist()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[1, 3, 0], [2, 4, 0], [0, 0, 0]]),
        ({"num_oov_indices": 2}, [[2, 4, 1], [3, 5, 0], [1, 1, 0]]),
        ({"mask_token": 0}, [[2, 4, 1], [3, 5, 0], [1, 1, 1]]),
        ({"mask_token": 0, "num_oov_indices": 2}, [[3, 5, 2], [4, 6, 0], [2, 2, 1]]),
        ({"output_mode": "multi_hot"}, [[1, 1, 0, 1, 0], [1, 0, 1, 0, 1], [1, 0, 0, 0, 0]]),
        ({"output_mode": "count"}, [[1, 1, 0, 1, 0], [1, 0, 1, 0, 1], [3, 0, 0, 0, 0]]),
        (
            {"output_mode": "count", "mask_token": 0},
            [[1, 1, 0, 1, 0], [0, 0, 1, 0, 1], [3, 0, 0, 0, 0]],
        ),
        (
            {"output_mode": "multi_hot", "pad_to_max_tokens": True, "max_tokens": 6},
            [[1, 1, 0, 1, 0, 0], [1, 0, 1, 0, 1, 0], [1, 0, 0, 0, 0, 0]],
        ),
    ],
)
def test_elements_become_places(options: dict[str, Any], expected: Any) -> None:
    layer = IntegerLookup(vocabulary=WORDS, **options)
    assert run(layer, GIVEN) == expected
    assert run(deserialize(serialize(layer)), GIVEN) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[-1, 12, 36], [1138, -5, -1]]),
        ({"mask_token": 0}, [[0, -1, 12], [36, 1138, -5]]),
    ],
)
def test_places_become_elements(options: dict[str, Any], expected: Any) -> None:
    assert run(IntegerLookup(vocabulary=WORDS, invert=True, **options), PLACES) == expected


@pytest.mark.no_runtime
def test_the_config_of_later_keras_is_read() -> None:
    own = IntegerLookup(vocabulary=WORDS).get_config()
    config = {**own, "dtype": "int64", "vocabulary_size": 5}
    config |= {"idf_weights": None, "oov_method": "floormod", "salt": None}
    assert IntegerLookup.from_config(config).vocabulary == WORDS
    with pytest.raises(ValueError, match="`idf_weights` is not supported with this value"):
        IntegerLookup.from_config({**config, "idf_weights": [0.5]})


def test_without_places_for_them_elements_that_are_lacking_are_at_minus_one() -> None:
    layer = IntegerLookup(vocabulary=WORDS, num_oov_indices=0)
    assert run(layer, [[12, 1138, 8]]) == [[0, 2, -1]]


def test_a_vocabulary_may_begin_with_what_stands_before_it() -> None:
    layer = IntegerLookup(vocabulary=[0, -1, *WORDS], mask_token=0)
    assert layer.vocabulary == WORDS


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vocabulary": "words.txt"}, "`vocabulary` must be a list of whole numbers"),
        ({"vocabulary": None}, "`vocabulary` must be a list"),
        ({"vocabulary": [3, 3]}, "`vocabulary` must be a list"),
        ({"vocabulary": [3.5]}, "`vocabulary` must be a whole number"),
        ({"output_mode": "tf_idf"}, "`output_mode` must be one of"),
        ({"invert": True, "output_mode": "count"}, "`output_mode` must be 'int'"),
        ({"max_tokens": 3}, "`max_tokens` must be at least 5"),
        ({"pad_to_max_tokens": True}, "`max_tokens` must be given"),
        ({"sparse": True}, "`sparse` must be False"),
    ],
)
def test_arguments_out_of_bounds_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        IntegerLookup(**{"vocabulary": WORDS, **options})
