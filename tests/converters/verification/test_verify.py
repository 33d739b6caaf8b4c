"""An exported file is held against the layers that it came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from konnx.converters import load_model, to_onnx
from konnx.converters.verification import verify_onnx
from konnx.layers import GRU, LSTM, Conv2D, Dense, Embedding, Input, Lambda, TimeDistributed
from konnx.models import Model, Sequential

FER = Path(__file__).parents[2] / "goldens" / "fer" / "emotion_model.hdf5"


@pytest.fixture(scope="module")
def fer() -> Model:
    return load_model(FER, compile=False)


def changed(proto: onnx.ModelProto, node_name: str, factor: float) -> onnx.ModelProto:
    """Return a model with the second input of a node multiplied."""
    node = next(node for node in proto.graph.node if node.name == node_name)
    weight = next(tensor for tensor in proto.graph.initializer if tensor.name == node.input[1])
    array = numpy_helper.to_array(weight) * np.float32(factor)
    weight.CopyFrom(numpy_helper.from_array(array, weight.name))
    return proto


EXPORTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "older": {"opset": 13},
    "fixed batch": {"batch": 3},
    "channels first": {"inputs_as_nchw": True},
    "renamed": {"rename": {"input_1": "x", "predictions": "y"}},
}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_honest_export_is_equal(fer: Model, name: str) -> None:
    found = verify_onnx(fer, to_onnx(fer, **EXPORTS[name]))
    assert (found.equal, found.first_difference, found.not_independent) == (True, None, [])
    assert max(found.largest.values()) < 1e-5


def test_half_precision_needs_another_tolerance(fer: Model) -> None:
    proto = to_onnx(fer, float16=True)
    assert verify_onnx(fer, proto, rtol=1e-2, atol=1e-2).equal


def test_the_first_layer_that_differs_is_named(fer: Model) -> None:
    found = verify_onnx(fer, changed(to_onnx(fer), "conv2d_5/Conv", 1.5))
    assert (found.equal, found.first_difference) == (False, "conv2d_5")
    assert found.largest["predictions"] > 1e-4


def test_states_begin_with_zeros_and_tables_are_asked_for_what_they_have() -> None:
    words = Input((4,), dtype="int32")
    encoded = GRU(3, return_sequences=True)(Embedding(5, 3, mask_zero=True)(words))
    model = Model(words, TimeDistributed(Dense(2))(encoded))
    assert verify_onnx(model, to_onnx(model)).equal
    stateful = Sequential([LSTM(3, stateful=True, batch_input_shape=(1, 4, 2))])
    found = verify_onnx(stateful, to_onnx(stateful, states=True))
    assert (found.equal, found.not_independent) == (True, [])


def test_code_of_the_users_own_is_run_as_it_is_and_named() -> None:
    model = Sequential([Dense(3, input_shape=(2,)), Lambda(lambda x: x * 2.0, name="double")])
    found = verify_onnx(model, to_onnx(model))
    assert (found.equal, found.not_independent) == (True, ["double"])


def test_a_layer_within_a_model_has_its_path() -> None:
    inner = Sequential([Dense(3, input_shape=(2,), name="dense")], name="inner")
    model = Sequential([inner, Dense(2, name="last")])
    proto = changed(to_onnx(model), "inner/dense/Gemm", 2.0)
    assert verify_onnx(model, proto).first_difference == "inner/dense"


def test_a_file_of_another_model_is_refused(fer: Model) -> None:
    other = Sequential([Conv2D(2, 3, input_shape=(8, 8, 3))])
    with pytest.raises(ValueError, match="Received: shape="):
        verify_onnx(fer, to_onnx(other))
    two = [Input((2,)), Input((2,))]
    with pytest.raises(ValueError, match="has 2 inputs"):
        verify_onnx(Model(two, Dense(1)(two[0])), to_onnx(other))
