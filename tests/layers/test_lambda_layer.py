"""Lambda: functions as layers, in memory and in files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx.converters import to_onnx
from konnx.layers import Dense, Input, Lambda, Masking, TimeDistributed, deserialize, serialize
from konnx.models import Model, Sequential, load_model
from konnx.runtime import Program
from konnx.testing.layers import check_layer

X = np.random.default_rng(0).uniform(-1, 1, (3, 4)).astype("float32")


def antirectifier(x: Any) -> Any:
    centered = x - K.mean(x, axis=1, keepdims=True)
    return K.concatenate([K.relu(centered), K.relu(-centered)], axis=1)


def distance(pair: Any) -> Any:
    return K.sqrt(K.sum(K.square(pair[0] - pair[1]), axis=1, keepdims=True))


def scaled(x: Any, factor: Any, mask: Any = None) -> Any:
    return x * factor


@pytest.mark.gradients
@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({"function": antirectifier}, (2, 4)),
        ({"function": antirectifier, "output_shape": (8,)}, (2, 4)),
        ({"function": scaled, "arguments": {"factor": 2.0}}, (2, 3)),
        ({"function": distance, "output_shape": (1,)}, [(2, 3), (2, 3)]),
    ],
)
def test_the_layer_keeps_its_promises(arguments: dict[str, Any], shape: Any) -> None:
    functions = {one.__name__: one for one in (antirectifier, distance, scaled)}
    check_layer(Lambda, arguments, shape, custom_objects=functions)


def test_a_model_with_a_named_function_comes_back_from_a_file(tmp_path: Path) -> None:
    model = Sequential([Lambda(antirectifier, input_shape=(4,)), Dense(2)])
    model.save(tmp_path / "model.h5")
    loaded = load_model(tmp_path / "model.h5", custom_objects={"antirectifier": antirectifier})
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    exported = to_onnx(model)
    (result,) = Program(
        exported, feeds=[exported.graph.input[0].name], fetches=[exported.graph.output[0].name]
    )(X)
    np.testing.assert_allclose(result, model.predict(X), rtol=1e-6)


def test_a_function_without_a_name_goes_by_that_of_the_layer() -> None:
    layer = Lambda(lambda x: x**2, name="squares", output_shape=lambda shape: shape)
    config = serialize(layer)
    assert config["config"]["function"] == "squares"
    with pytest.raises(ValueError, match=r"custom_objects=\{'squares': function\}"):
        deserialize(config)
    model = Sequential([deserialize(config, {"squares": lambda x: x * 3.0}), Dense(1)])
    model.build((None, 4))
    assert model.layers[0].output_shape == (None, 4)


def test_the_function_of_a_keras_file_goes_by_the_name_of_the_layer() -> None:
    config = {
        "name": "twice",
        "function": ["4wEAAAAAAAAA", None, None],
        "function_type": "lambda",
        "output_shape": ["4wEAAAAAAAAA", None, None],
        "output_shape_type": "lambda",
        "arguments": {"factor": {"type": "ndarray", "value": [1.0, 2.0]}},
        "module": "__main__",
    }
    with pytest.raises(ValueError, match=r"Lambda \(twice\).*never read from a file"):
        deserialize({"class_name": "Lambda", "config": config})
    layer = deserialize({"class_name": "Lambda", "config": config}, {"twice": scaled})
    x = Input((2,))
    result = Model(x, layer(x)).predict(np.ones((1, 2)))
    np.testing.assert_array_equal(result, [[1.0, 2.0]])


def test_arrays_among_the_arguments_are_stored_as_keras_stores_them() -> None:
    layer = Lambda(scaled, arguments={"factor": np.array([1.0, 2.0])})
    config = json.loads(json.dumps(serialize(layer)))
    assert config["config"]["arguments"] == {"factor": {"type": "ndarray", "value": [1.0, 2.0]}}
    restored = deserialize(config, {"scaled": scaled})
    np.testing.assert_array_equal(restored.arguments["factor"], [1.0, 2.0])


def test_masks_reach_the_function_and_end_unless_the_layer_says_otherwise() -> None:
    seen: list[Any] = []

    def count(x: Any, mask: Any = None) -> Any:
        seen.append(mask)
        return x

    x = Masking()(Input((3, 2)))
    assert Lambda(count)(x)._keras_mask is None
    assert seen[0] is x._keras_mask
    kept = Lambda(count, mask=lambda inputs, mask: mask)(x)
    assert kept._keras_mask is x._keras_mask


def test_a_lambda_may_return_several_tensors_and_stand_in_a_wrapper() -> None:
    x = Input((3, 4))
    parts = Lambda(lambda t: [t[:, :1], t[:, 1:]])(x)
    assert [part.shape for part in parts] == [(None, 1, 4), (None, 2, 4)]
    assert TimeDistributed(Lambda(lambda t: K.sum(t, axis=1)))(Input((5, 3, 2))).shape == (
        None,
        5,
        2,
    )


def test_the_declared_shape_is_the_graph_s_own() -> None:
    layer = Lambda(lambda t: K.sum(t, axis=1))
    assert layer.compute_output_shape((None, 3, 4)) == (None, 4)
    pair = Lambda(lambda t: [t[0], t[1] + t[0]])
    assert pair.compute_output_shape([(None, 3), (None, 3)]) == [(None, 3), (None, 3)]


@pytest.mark.parametrize("argument", ["function", "output_shape"])
def test_what_is_no_function_is_refused(argument: str) -> None:
    arguments: dict[str, Any] = {"function": antirectifier, argument: 5}
    with pytest.raises(TypeError, match=f"`Lambda` 'bad': `{argument}` must be a function"):
        Lambda(**arguments, name="bad")
