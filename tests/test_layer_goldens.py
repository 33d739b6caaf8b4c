"""Layers compute and train as tf_keras' do, case by case."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx import ops
from konnx.autodiff import gradients
from konnx.function import Function
from konnx.graph import select_phase
from konnx.layers import LAYERS, Input, Layer, deserialize
from konnx.optimizers import SGD

FILE = Path(__file__).parent / "goldens" / "layers.npz"
RATE = 0.1
Arrays = dict[str, list[np.ndarray[Any, Any]]]

with np.load(FILE) as file:
    CASES: list[tuple[str, dict[str, Any], list[tuple[str, list[int]]]]]
    CASES = json.loads(str(file["cases"]))

NO_NUMBERS = {
    # of their own: what they do is tested by facts
    "ApplyMask", "Identity", "InputLayer", "IntegerLookup", "Model", "ONNXGraph", "Operation",
    "Sequential", "Wrapper",
    # of 2.1 on a processor: their weights, converted by Keras, are in recurrent/cudnn.npz
    "CuDNNGRU", "CuDNNLSTM",
    # which Keras 2.1 has only as what ConvLSTM2D consists of
    "ConvLSTM2DCell", "ConvRNN2D",
    # of Keras 1: against plain NumPy, in tests/legacy and tests/converters/test_keras_1_files.py
    "CosineMerge", "Highway", "MaxoutDense",
}  # fmt: skip
LAMBDAS = {
    "waves": lambda x: K.sin(x) * x,
    "scaled": lambda x, by: K.square(x) * by,
    "mean_of_steps": lambda x: K.mean(x, axis=1),
    "with_negative": lambda x: K.concatenate([x, -x], axis=-1),
}
"""The functions of Lambda layers, as the maker of the goldens has them."""


@cache
def data() -> dict[str, np.ndarray[Any, Any]]:
    with np.load(FILE) as file:
        return {name: file[name] for name in file.files}


def golden(index: int) -> Arrays:
    """Return the arrays of a case by the letter of their names."""
    rest = data()[str(index)]
    arrays: Arrays = {letter: [] for letter in "xwytvd"}
    for name, shape in CASES[index][2]:
        size = int(np.prod(shape))
        arrays[name[0]].append(rest[:size].reshape(shape))
        rest = rest[size:]
    return arrays


def called(index: int, arrays: Arrays) -> tuple[Layer, list[Any], Any]:
    """Return the layer of a case with its weights, its inputs and its output."""
    class_name, arguments, _ = CASES[index]
    config = {"class_name": class_name, "config": {**arguments, "name": "golden"}}
    layer = deserialize(config, LAMBDAS)
    inputs = [Input(batch_shape=x.shape) for x in arrays["x"]]
    output = layer(inputs if len(inputs) > 1 else inputs[0])
    layer.set_weights(arrays["w"])
    return layer, inputs, output


def names(indices: range | list[int]) -> list[str]:
    return [f"{CASES[index][0]}-{index}" for index in indices]


ALL = range(len(CASES))
TRAINED = [index for index in ALL if any(name == "t" for name, _ in CASES[index][2])]


@pytest.mark.parametrize("index", ALL, ids=names(ALL))
def test_the_output_is_that_of_keras(index: int) -> None:
    arrays = golden(index)
    _, inputs, output = called(index, arrays)
    (result,) = Function(inputs, [output])(arrays["x"])
    np.testing.assert_allclose(result, arrays["y"][0], rtol=1e-5, atol=1e-5)


@pytest.mark.training
@pytest.mark.parametrize("index", TRAINED, ids=names(TRAINED))
def test_one_step_of_training_is_that_of_keras(index: int) -> None:
    arrays = golden(index)
    layer, inputs, output = called(index, arrays)
    loss = ops.mean(ops.square(output - arrays["t"][0]))
    for penalty in layer.losses:
        loss = loss + penalty
    (loss,) = select_phase([loss], training=True)
    updates = list(layer.updates)
    if layer.trainable_weights:
        updates += SGD(lr=RATE).get_updates(loss, layer.trainable_weights)
    wrt = inputs if arrays["d"] else []
    step = Function(inputs, gradients(loss, wrt), updates, training=True)
    found = step(arrays["x"])
    for result, expected in zip(found, arrays["d"], strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)
    for result, expected in zip(layer.get_weights(), arrays["v"], strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)


def classes_within(config: Any) -> set[str]:
    """Return the names of classes in a model's config."""
    if isinstance(config, dict):
        own = {config["class_name"]} if "class_name" in config else set()
        return own.union(*map(classes_within, config.values()))
    return set().union(*map(classes_within, config)) if isinstance(config, list) else set()


@pytest.mark.no_runtime
def test_every_layer_has_four_configurations_or_more() -> None:
    counts = Counter(class_name for class_name, *_ in CASES)
    for case in json.loads((FILE.parent / "recurrent" / "cases.json").read_text()).values():
        counts.update(classes_within(case["model"]))
    with np.load(FILE.parent / "later_layers.npz") as file:
        counts.update(class_name for class_name, *_ in json.loads(str(file["cases"])))
    lookups = FILE.parent / "lookups" / "lookups.json"
    counts.update(case["class"] for case in json.loads(lookups.read_text(encoding="utf-8")))
    classes = {LAYERS.resolve(name).__name__ for name in LAYERS} - NO_NUMBERS
    varied = {name for name in classes if name.startswith("Random")}  # in augmentation.npz
    assert {name: counts[name] for name in classes - varied if counts[name] < 4} == {}
