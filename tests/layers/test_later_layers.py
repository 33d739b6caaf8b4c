"""Layers that Keras 2.1 lacks compute and train as those of tf_keras and Keras 3, case by case."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.autodiff import gradients
from konnx.converters import to_onnx
from konnx.function import Function
from konnx.graph import select_phase
from konnx.layers import (
    LAYERS,
    Conv2D,
    Conv2DTranspose,
    Input,
    Layer,
    deserialize,
    serialize,
)
from konnx.layers.spec import as_list
from konnx.models import Model, load_model
from konnx.optimizers import SGD
from konnx.runtime import Program
from konnx.testing.layers import check_layer
from konnx.testing.samples import spaced

FILE = Path(__file__).parents[1] / "goldens" / "later_layers.npz"
RATE = 0.1
Arrays = dict[str, list[np.ndarray]]

with np.load(FILE) as file:
    CASES: list[tuple[str, dict[str, Any], list[tuple[str, list[int]]]]]
    CASES = json.loads(str(file["cases"]))

ALL = range(len(CASES))
TRAINED = [index for index in ALL if any(name == "t" for name, _ in CASES[index][2])]
# Biases of keys change no weight of a softmax.
BIASED = {
    index for index in ALL if "key_dim" in CASES[index][1] or "head_dim" in CASES[index][1]
    if CASES[index][1].get("use_bias", True)
}  # fmt: skip
PLAIN = [index for index in TRAINED if "call" not in CASES[index][1] and index not in BIASED]
FIRSTS = {CASES[index][0]: index for index in reversed(ALL)}.values()
LASTS = {CASES[index][0]: index for index in ALL}.values()


@cache
def data() -> dict[str, np.ndarray]:
    with np.load(FILE) as file:
        return {name: file[name] for name in file.files}


def golden(index: int) -> Arrays:
    """Return the arrays of a case by the letter of their names."""
    rest = data()[str(index)]
    arrays: Arrays = {letter: [] for letter in "xwystvd"}
    for name, shape in CASES[index][2]:
        size = int(np.prod(shape))
        arrays[name[0]].append(rest[:size].reshape(shape))
        rest = rest[size:]
    return arrays


def called(index: int, arrays: Arrays) -> tuple[Layer, list[Any], list[Any]]:
    """Return the layer of a case with its weights, its inputs and its outputs."""
    class_name, arguments, _ = CASES[index]
    given = {key: value for key, value in arguments.items() if key != "call"}
    layer = deserialize({"class_name": class_name, "config": {**given, "name": "golden"}})
    inputs = [Input(batch_shape=(None, *x.shape[1:])) for x in arrays["x"]]
    options = arguments.get("call", {})
    output = layer(
        inputs if len(inputs) > 1 else inputs[0], **({} if options == "weights" else options)
    )
    layer.set_weights(arrays["w"])
    return layer, inputs, as_list(output)


def names(indices: Any) -> list[str]:
    return [f"{CASES[index][0]}-{index}" for index in indices]


@pytest.mark.parametrize("index", ALL, ids=names(ALL))
def test_the_outputs_are_those_of_keras(index: int) -> None:
    arrays = golden(index)
    layer, inputs, outputs = called(index, arrays)
    results = Function(inputs, outputs)(arrays["x"])
    for result, expected in zip(results, arrays["y"] + arrays["s"], strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)
    shape = (
        layer.compute_output_shape([one.shape for one in inputs][: len(inputs)])
        if len(inputs) > 1
        else layer.compute_output_shape(inputs[0].shape)
    )
    assert tuple(shape)[1:] == arrays["y"][0].shape[1:]


@pytest.mark.training
@pytest.mark.parametrize("index", TRAINED, ids=names(TRAINED))
def test_one_step_of_training_is_that_of_keras(index: int) -> None:
    arrays = golden(index)
    layer, inputs, outputs = called(index, arrays)
    loss = ops.mean(ops.square(outputs[0] - arrays["t"][0]))
    for penalty in layer.losses:
        loss = loss + penalty
    (loss,) = select_phase([loss], training=True)
    updates = list(layer.updates)
    if layer.trainable_weights:
        updates += SGD(lr=RATE).get_updates(loss, layer.trainable_weights)
    found = Function(inputs, gradients(loss, inputs), updates, training=True)(arrays["x"])
    for result, expected in zip(found, arrays["d"], strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)
    for result, expected in zip(layer.get_weights(), arrays["v"], strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("index", PLAIN, ids=names(PLAIN))
def test_the_layer_keeps_its_promises(index: int) -> None:
    class_name, arguments, arrays = CASES[index]
    shapes = [shape for name, shape in arrays if name[0] == "x"]
    values = [spaced(shape, seed) + 0.03 * seed for seed, shape in enumerate(shapes)]
    several = len(shapes) > 1
    check_layer(
        LAYERS.resolve(class_name),
        arguments,
        shapes if several else shapes[0],
        data=values if several else values[0],
        gradients="float32" if index in LASTS else None,
    )


@pytest.mark.parametrize("index", FIRSTS, ids=names(FIRSTS))
def test_the_layer_computes_the_same_from_files(index: int, tmp_path: Path) -> None:
    arrays = golden(index)
    _, inputs, outputs = called(index, arrays)
    model = Model(inputs, outputs[0])
    given = arrays["x"] if len(inputs) > 1 else arrays["x"][0]
    expected = model.predict(given)
    model.save(tmp_path / "model.h5")
    np.testing.assert_allclose(load_model(tmp_path / "model.h5").predict(given), expected)
    exported = to_onnx(model)
    program = Program(
        exported,
        feeds=[one.name for one in exported.graph.input],
        fetches=[one.name for one in exported.graph.output],
    )
    np.testing.assert_allclose(program(*arrays["x"])[0], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.training
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_groups_of_channels_are_convolved_by_themselves(data_format: str) -> None:
    axis = 1 if data_format == "channels_first" else -1
    x = Input((4, 5, 6) if axis == 1 else (5, 6, 4))
    more = {"padding": "same", "data_format": data_format}
    whole = Conv2D(6, 3, groups=2, **more)
    output = whole(x)
    kernel, bias = whole.get_weights()
    assert kernel.shape == (3, 3, 2, 6)
    assert deserialize(serialize(whole)).groups == 2
    parts = []
    for place, half in enumerate(ops.split(x, [2, 2], axis)):
        part, columns = Conv2D(3, 3, **more), slice(3 * place, 3 * place + 3)
        parts.append(part(half))
        part.set_weights([kernel[..., columns], bias[columns]])
    joined = ops.concatenate(parts, axis)
    (found,), (expected,) = (gradients(ops.sum(ops.square(y)), [x]) for y in (output, joined))
    data = np.random.default_rng(0).uniform(-1, 1, (2, *x.shape[1:])).astype(np.float32)
    y, z, dy, dz = Function([x], [output, joined, found, expected])([data])
    np.testing.assert_allclose(y, z, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(dy, dz, rtol=1e-4, atol=1e-4)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2D(3, 3, groups=2), "`groups` must divide the 3 filters"),
        (lambda: Conv2D(4, 3, groups=2)(Input((5, 5, 3))), "`groups` must divide the 3 channels"),
        (lambda: Conv2DTranspose(4, 3, groups=2), "`groups` must be 1"),
    ],
)
def test_groups_that_do_not_fit_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("class_name", "arguments", "inert"),
    [
        (
            "MultiHeadAttention",
            {"num_heads": 1, "key_dim": 2},
            {"query_shape": [None, 3, 4], "softmax_robust_masking": False},
        ),
        ("RandomFlip", {}, {"rng_type": "stateful"}),
        ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 3}, {"lora_rank": None}),
    ],
)
def test_what_changes_nothing_in_a_config_is_left_out(
    class_name: str, arguments: dict[str, Any], inert: dict[str, Any]
) -> None:
    config = {"class_name": class_name, "config": {**arguments, **inert}}
    assert not set(inert) & set(deserialize(config).get_config())
