"""Words and whole numbers by their places in a vocabulary; the results are those of Keras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from konnx import layers
from konnx.converters import to_onnx
from konnx.layers import (
    Dense,
    Discretization,
    Embedding,
    Flatten,
    Input,
    IntegerLookup,
    StringLookup,
    deserialize,
    serialize,
)
from konnx.models import Model, load_model
from konnx.runtime import Program

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


# What is learnt from data, and what is computed with it

FOLDER = Path(__file__).parents[2] / "goldens" / "lookups"
CASES = json.loads((FOLDER / "lookups.json").read_text(encoding="utf-8"))


def array(data: Any) -> np.ndarray:
    made = np.array(data)
    return made.astype(object) if made.dtype.kind == "U" else made


def model_of(layer: Any, data: np.ndarray) -> Model:
    dtype = "string" if data.dtype == object else data.dtype
    x = Input(data.shape[1:], dtype=dtype)
    return Model(x, layer(x))


@pytest.mark.parametrize("index", range(len(CASES)), ids=[
    f"{one['class']}-{index}" for index, one in enumerate(CASES)])  # fmt: skip
def test_a_layer_learns_and_computes_as_keras_3(index: int) -> None:
    case, data = CASES[index], array(CASES[index]["data"])
    layer = getattr(layers, case["class"])(**case["arguments"])
    if "vocabulary" not in case["arguments"]:
        layer.adapt(data)
    found = layer.bin_boundaries if hasattr(layer, "bin_boundaries") else layer.get_vocabulary()
    if case["class"] == "Discretization":
        np.testing.assert_allclose(found, case["learnt"], rtol=1e-6)
    else:
        assert found == case["learnt"]
    if case["arguments"].get("num_oov_indices") == 0:
        assert model_of(layer, data).predict(data).tolist() == case["output"]
    copy = deserialize(serialize(layer))
    assert model_of(copy, data).predict(data).tolist() == case["output"]


@pytest.mark.parametrize("name", ["keras", "tf_keras"])
def test_vocabularies_among_the_assets_of_an_archive_are_read(name: str, tmp_path: Path) -> None:
    model = load_model(FOLDER / f"{name}.keras")
    words, numbers = np.array([["b", "x", ""]]), np.array([[4, 3, 8]])
    expected = [[[1, 0, 6]], [[1, 2, 0]], [[1, 2, 0]]]
    assert [one.tolist() for one in model.predict([words, numbers])] == expected
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras").predict([words, numbers])
    assert [one.tolist() for one in again] == expected


def test_words_are_exported_and_trained_upon() -> None:
    words = np.array([["b", "a"], ["c", "d"]])
    x = Input((2,), dtype="string", name="x")
    places = StringLookup(vocabulary=["a", "b", "c"])(x)
    model = Model(x, Dense(1)(Flatten()(Embedding(4, 3)(places))))
    model.compile("sgd", "mse")
    before = model.evaluate(words, np.ones((2, 1)), verbose=0)
    model.fit(words, np.ones((2, 1)), epochs=3, verbose=0)
    assert model.evaluate(words, np.ones((2, 1)), verbose=0) < before
    exported = to_onnx(model)
    onnx.checker.check_model(exported, full_check=True)
    program = Program(exported, feeds=["x"], fetches=[exported.graph.output[0].name], device="cpu")
    np.testing.assert_allclose(program(words.astype(object))[0], model.predict(words), atol=1e-6)


def test_places_become_words() -> None:
    layer = StringLookup(vocabulary=["a", "é"], invert=True, mask_token="")
    assert run(layer, [[0, 1, 2], [3, 9, -1]]) == [["", "[UNK]", "a"], ["é", "[UNK]", "[UNK]"]]


def test_texts_are_needed_where_an_input_is_of_texts() -> None:
    model = model_of(StringLookup(vocabulary=["a"]), np.array([["a"]], object))
    assert model.predict([["a"], ["b"]]).tolist() == [[1], [0]]
    assert model.predict(np.array([[b"a"]])).tolist() == [[1]]
    with pytest.raises(TypeError, match="must be an array of texts. Received: ndarray of"):
        model.predict(np.array([[1]]))
    with pytest.raises(TypeError, match="must be an array of texts"):
        model.predict(np.array([["a", 3]], object)[:, 1:])


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StringLookup(vocabulary=["a"], num_oov_indices=2), "_indices` must be 0 or"),
        (lambda: StringLookup(vocabulary=["a"], num_oov_indices=-1), "_indices` must not"),
        (lambda: StringLookup(vocabulary=[1]), "`vocabulary` must be a text"),
        (lambda: StringLookup(vocabulary="words.txt"), "`vocabulary` must be a list of texts"),
        (lambda: StringLookup(vocabulary=["a", "a"]), "`vocabulary` must be a list of texts"),
        (lambda: StringLookup(mask_token=0), "`mask_token` must be a text"),
        (lambda: StringLookup(oov_token=None), "`oov_token` must be a text"),
        (lambda: StringLookup(encoding="latin-1"), "`encoding` must be one of"),
        (lambda: StringLookup(max_tokens=0), "`max_tokens` must be positive"),
        (lambda: StringLookup()(Input((2,), dtype="string")), "must be given, or taken"),
        (lambda: StringLookup(vocabulary=["a"])(Input((2,))), "`inputs` must be texts"),
        (lambda: IntegerLookup(vocabulary=[1])(Input((2,), None, None, "string")), "must be whole"),
        (lambda: IntegerLookup(mask_token="a"), "`mask_token` must be a whole number"),
        (lambda: StringLookup().adapt([]), "`adapt` was given no data"),
        (lambda: StringLookup().adapt([["[UNK]"]]), "`adapt` was given no data"),
        (lambda: IntegerLookup().adapt([[1.5]]), "`data` must be a whole number"),
        (lambda: called().adapt([["a"]]), "`adapt` comes too late"),
        (lambda: called().set_vocabulary(["b"]), "`vocabulary` comes too late"),
        (lambda: Discretization(), "`bin_boundaries` or `num_bins` must be given"),
        (lambda: Discretization([2, 1]), "`bin_boundaries` must ascend"),
        (lambda: Discretization("ab"), "`bin_boundaries` must be a list of numbers"),
        (lambda: Discretization(num_bins=1), "`num_bins` must be at least 2"),
        (lambda: Discretization(num_bins=3, epsilon=0), "`epsilon` must be above 0"),
        (lambda: Discretization([1]).adapt([[1.0]]), "`num_bins` must be given to `adapt`"),
        (lambda: Discretization(num_bins=3)(Input((2,))), "must be given, or taken"),
    ],
)  # fmt: skip
def test_what_cannot_be_learnt_or_looked_up_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def called() -> StringLookup:
    layer = StringLookup(vocabulary=["a"])
    layer(Input((2,), dtype="string"))
    return layer
