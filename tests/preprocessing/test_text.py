"""Words and tokenizers: what Keras leaves open, wrong arguments, files of others."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from konnx.preprocessing.text import (
    Tokenizer,
    hashing_trick,
    one_hot,
    text_to_word_sequence,
    tokenizer_from_json,
)

pytestmark = pytest.mark.no_runtime


def fitted(**arguments: Any) -> Tokenizer:
    tokenizer = Tokenizer(**arguments)
    tokenizer.fit_on_texts(["a rose is a rose", "is it?"])
    return tokenizer


def test_one_hot_uses_the_hash_of_python() -> None:
    assert one_hot("to be, or not to be", 7) == [
        hash(word) % 6 + 1 for word in ["to", "be", "or", "not", "to", "be"]
    ]


def test_a_function_of_ones_own_hashes_words() -> None:
    assert hashing_trick("a bcd ef", 3, hash_function=len) == [2, 2, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"n": 1}, "`n` must be at least 2"), ({"n": 5, "hash_function": "sha1"}, "'md5' or a")],
)
def test_wrong_hashing_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hashing_trick("a", **arguments)


def test_empty_texts_have_no_words() -> None:
    tokenizer = fitted()
    assert text_to_word_sequence("") == text_to_word_sequence("?! ") == []
    assert tokenizer.texts_to_sequences(["", []]) == [[], []]
    assert tokenizer.texts_to_matrix([""], mode="freq").tolist() == [[0.0] * 5]


@pytest.mark.parametrize("text", [None, 3.5, float("nan"), b"a rose"])
def test_what_is_no_text_is_refused(text: Any) -> None:
    with pytest.raises(TypeError, match="A text must be a string"):
        text_to_word_sequence(text)
    for use in (Tokenizer().fit_on_texts, fitted().texts_to_sequences):
        with pytest.raises(TypeError, match="A text must be a string or a list of words"):
            use([text])


def test_words_that_are_no_strings_and_splitting_at_nothing_are_refused() -> None:
    with pytest.raises(TypeError, match=r"Words must be strings. Received: \['a', 2\]"):
        fitted().texts_to_sequences([["a", 2]])
    with pytest.raises(ValueError, match="`split` must not be empty"):
        text_to_word_sequence("a b", split="")


def test_one_text_in_place_of_a_list_is_refused_unless_characters_are_words() -> None:
    with pytest.raises(TypeError, match="must be a list of texts, not one. Received: 'a rose'"):
        Tokenizer().fit_on_texts("a rose")
    characters = Tokenizer(char_level=True)
    characters.fit_on_texts("aab")
    assert characters.word_index == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("tokenizer", "arguments", "message"),
    [
        (fitted(), {"mode": "bits"}, r"one of \['binary', 'count', 'freq', 'tfidf'\]"),
        (Tokenizer(num_words=4), {"mode": "tfidf"}, "before using mode='tfidf'"),
        (Tokenizer(), {}, "Give `num_words`, or fit"),
        (
            fitted(),
            {"sequences": [1, 2]},
            r"must be a list of lists of numbers.*Received: \[1, 2\]",
        ),
        (fitted(), {"sequences": [[[1, 2]]]}, "must be a list of lists of numbers"),
        (fitted(), {"sequences": [[1], [2, -3]]}, "Received: -3 in the sequence at position 1"),
    ],
)
def test_wrong_matrices_are_refused(
    tokenizer: Tokenizer, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        tokenizer.sequences_to_matrix(**{"sequences": [[1]]} | arguments)


def test_sequences_alone_are_enough_for_tfidf() -> None:
    tokenizer = Tokenizer(num_words=3)
    tokenizer.fit_on_sequences([[1, 2], [2]])
    matrix = tokenizer.sequences_to_matrix([[1, 1, 2]], mode="tfidf")
    np.testing.assert_allclose(
        matrix, [[0, (1 + np.log(2)) * np.log(1 + 2 / 2), np.log(1 + 2 / 3)]]
    )


def test_the_name_that_keras_1_had_for_num_words_still_works() -> None:
    with pytest.warns(UserWarning, match="`nb_words` is called `num_words`"):
        assert Tokenizer(nb_words=5).num_words == 5
    with pytest.raises(TypeError, match="unknown argument: max_words"):
        Tokenizer(max_words=5)


def test_a_stored_tokenizer_learns_on() -> None:
    tokenizer = fitted(oov_token="?")
    again = tokenizer_from_json(tokenizer.to_json(indent=1))
    for each in (tokenizer, again):
        each.fit_on_texts(["it it it"])
    assert again.get_config() == tokenizer.get_config()
    assert again.word_index["it"] == 2


def changed(**changes: Any) -> str:
    config = fitted().get_config() | changes
    return json.dumps({"class_name": "Tokenizer", "config": config})


@pytest.mark.parametrize(
    ("json_string", "message"),
    [
        ("nonsense", "The tokenizer's text is not JSON"),
        ("[" * 100_000, "The tokenizer's text is not JSON"),
        ("[1]", "not a JSON object"),
        ("{}", "it has no object 'config'"),
        (changed(num_words="many"), "'num_words' must be int or NoneType. Received: 'many'"),
        (changed(lower=1), "'lower' must be bool"),
        (changed(word_index=None), "table 'word_index' is not JSON"),
        (changed(word_index='{"a": "b"}'), "values of type int. Received: 'b' for 'a'"),
        (changed(index_word='{"a": "b"}'), "table 'index_word' has a wrong key"),
    ],
)
def test_a_file_that_is_no_tokenizer_is_refused(json_string: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tokenizer_from_json(json_string)
