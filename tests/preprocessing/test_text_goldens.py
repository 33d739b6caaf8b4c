"""Sequences, words and tokenizers give what Keras 2.1.6 and keras_preprocessing give."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.preprocessing import sequence, text

pytestmark = pytest.mark.no_runtime

GOLDENS = json.loads(
    (Path(__file__).parents[1] / "goldens" / "text.json").read_text(encoding="utf-8")
)
CASES, INPUTS = GOLDENS["cases"], GOLDENS["inputs"]


def names(function: str) -> list[str]:
    return [name for name in CASES if name.startswith(f"{function}/")]


def arguments_and_value(name: str) -> tuple[dict[str, Any], Any]:
    return CASES[name]["arguments"], CASES[name]["value"]


@pytest.mark.parametrize("name", names("pad_sequences"))
def test_sequences_are_padded_as_in_keras(name: str) -> None:
    arguments, value = arguments_and_value(name)
    padded = sequence.pad_sequences(**arguments)
    assert padded.dtype == arguments.get("dtype", "int32")
    np.testing.assert_array_equal(padded, value)


@pytest.mark.parametrize("name", names("make_sampling_table"))
def test_sampling_tables_are_those_of_keras(name: str) -> None:
    arguments, value = arguments_and_value(name)
    table = sequence.make_sampling_table(**arguments)
    np.testing.assert_allclose(table, value, rtol=1e-14, strict=True)


@pytest.mark.parametrize("name", names("skipgrams"))
def test_pairs_are_those_of_keras_from_the_same_seed(name: str) -> None:
    arguments, value = arguments_and_value(name)
    random.seed(3)
    for couples, labels in value:
        found = sequence.skipgrams(INPUTS["words"], 10, **arguments)
        assert list(found) == [couples, labels]


@pytest.mark.parametrize("name", names("TimeseriesGenerator"))
def test_windows_are_those_of_keras(name: str) -> None:
    arguments, value = arguments_and_value(name)
    np.random.seed(3)  # noqa: NPY002 - the generator that Keras scripts seed
    steps = np.arange(40.0).reshape(20, 2)
    batches = sequence.TimeseriesGenerator(steps, steps[:, 0] * 10, **arguments)
    assert len(batches) == len(value)
    for index, batch in enumerate(value):
        for found, expected in zip(batches[index], batch, strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", names("text_to_word_sequence"))
def test_texts_are_split_as_in_keras(name: str) -> None:
    arguments, value = arguments_and_value(name)
    assert [text.text_to_word_sequence(t, **arguments) for t in INPUTS["texts"]] == value


@pytest.mark.parametrize("name", names("hashing_trick"))
def test_hashed_words_are_those_of_keras(name: str) -> None:
    arguments, value = arguments_and_value(name)
    found = [text.hashing_trick(t, 50, hash_function="md5", **arguments) for t in INPUTS["texts"]]
    assert found == value


def fitted(arguments: dict[str, Any]) -> text.Tokenizer:
    tokenizer = text.Tokenizer(**arguments)
    tokenizer.fit_on_texts(INPUTS["texts"][:2])
    tokenizer.fit_on_texts([*INPUTS["texts"][2:], ["cat", "Old"]])
    tokenizer.fit_on_sequences([[1, 2, 2], [2]])
    return tokenizer


@pytest.mark.parametrize("name", names("Tokenizer"))
def test_a_tokenizer_learns_what_that_of_keras_learns(name: str) -> None:
    arguments, value = arguments_and_value(name)
    tokenizer = fitted(arguments)
    assert tokenizer.word_index == value["word_index"]
    assert tokenizer.word_docs == value["word_docs"]
    assert {str(key): n for key, n in tokenizer.index_docs.items()} == value["index_docs"]


@pytest.mark.parametrize("name", names("Tokenizer"))
@pytest.mark.parametrize("source", ["fitted", "read"])
def test_a_tokenizer_writes_texts_as_that_of_keras(name: str, source: str) -> None:
    arguments, value = arguments_and_value(name)
    json_string = value["json"]
    tokenizer = fitted(arguments) if source == "fitted" else text.tokenizer_from_json(json_string)
    unseen = INPUTS["unseen"]
    sequences = tokenizer.texts_to_sequences([*unseen, ["dog", "Cat"]])
    assert sequences == value["sequences"]
    assert tokenizer.sequences_to_texts([*sequences, [0, 2, 5, 7, 1000]]) == value["texts"]
    for mode, matrix in value["matrices"].items():
        np.testing.assert_allclose(tokenizer.texts_to_matrix(unseen, mode), matrix, rtol=1e-14)


@pytest.mark.parametrize("name", names("Tokenizer"))
def test_a_tokenizer_is_stored_as_keras_stores_it(name: str) -> None:
    def content(json_string: str) -> Any:
        stored = json.loads(json_string)
        config = stored["config"]
        tables = {key: json.loads(v) for key, v in config.items() if str(v)[:1] == "{"}
        return stored | {"config": config | tables}

    arguments, value = arguments_and_value(name)
    assert content(fitted(arguments).to_json()) == content(value["json"])
