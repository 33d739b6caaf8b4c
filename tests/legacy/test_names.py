"""Configs of Keras 1 in the words of Keras 2."""

from __future__ import annotations

from inspect import signature
from typing import Any

import pytest

from konnx import layers
from konnx.legacy import Change, to_keras_2
from konnx.legacy.table import CLASSES, LAYERS

pytestmark = pytest.mark.no_runtime

L2 = {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.5}
KERAS_1_DENSE = {
    "name": "d",
    "trainable": True,
    "output_dim": 3,
    "init": "uniform",
    "activation": "relu",
    "W_regularizer": L2,
    "b_regularizer": None,
    "activity_regularizer": None,
    "W_constraint": {"name": "MaxNorm", "m": 2, "axis": 0},
    "b_constraint": None,
    "bias": True,
    "input_dim": None,
}
KERAS_1_LSTM = {
    "name": "l",
    "output_dim": 4,
    "init": "glorot_uniform",
    "inner_init": "orthogonal",
    "forget_bias_init": "one",
    "activation": "tanh",
    "inner_activation": "hard_sigmoid",
    "W_regularizer": None,
    "U_regularizer": None,
    "b_regularizer": None,
    "dropout_W": 0.25,
    "dropout_U": 0.5,
    "return_sequences": True,
    "go_backwards": False,
    "stateful": False,
    "unroll": False,
    "consume_less": "gpu",
    "input_dim": 7,
    "input_length": None,
}

# class and arguments of Keras 1 -> class and arguments of Keras 2, of which only these are compared
CASES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (
        "Dense",
        KERAS_1_DENSE,
        "Dense",
        {
            "units": 3,
            "kernel_initializer": "uniform",
            "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.5}},
            "kernel_constraint": {"class_name": "MaxNorm", "config": {"max_value": 2, "axis": 0}},
            "use_bias": True,
        },
    ),
    (
        "LSTM",
        KERAS_1_LSTM,
        "LSTM",
        {
            "units": 4,
            "unit_forget_bias": True,
            "dropout": 0.25,
            "recurrent_dropout": 0.5,
            "implementation": 2,
            "input_shape": (None, 7),
        },
    ),
    (
        "Convolution2D",
        {"nb_filter": 8, "nb_row": 3, "nb_col": 5, "border_mode": "same", "dim_ordering": "th"},
        "Conv2D",
        {"filters": 8, "kernel_size": (3, 5), "padding": "same", "data_format": "channels_first"},
    ),
    (
        "AtrousConvolution2D",
        {"nb_filter": 8, "nb_row": 3, "nb_col": 3, "atrous_rate": (2, 2), "subsample": (1, 1)},
        "Conv2D",
        {"filters": 8, "kernel_size": (3, 3), "dilation_rate": (2, 2), "strides": (1, 1)},
    ),
    (
        "Deconvolution2D",
        {"nb_filter": 8, "nb_row": 3, "nb_col": 3, "output_shape": [None, 3, 8, 8]},
        "Conv2DTranspose",
        {"filters": 8, "kernel_size": (3, 3)},
    ),
    (
        "Convolution3D",
        {"nb_filter": 8, "kernel_dim1": 2, "kernel_dim2": 3, "kernel_dim3": 4},
        "Conv3D",
        {"filters": 8, "kernel_size": (2, 3, 4)},
    ),
    (
        "Convolution1D",
        {"nb_filter": 8, "filter_length": 3, "subsample_length": 2, "input_dim": 4},
        "Conv1D",
        {"filters": 8, "kernel_size": 3, "strides": 2, "input_shape": (None, 4)},
    ),
    (
        "SeparableConvolution2D",
        {"nb_filter": 8, "nb_row": 3, "nb_col": 3, "init": "he_normal"},
        "SeparableConv2D",
        {"depthwise_initializer": "he_normal", "pointwise_initializer": "he_normal"},
    ),
    ("MaxPooling1D", {"pool_length": 3, "stride": 2}, "MaxPooling1D", {"pool_size": 3}),
    ("Embedding", {"input_dim": 5, "output_dim": 2, "dropout": 0.0}, "Embedding", {"input_dim": 5}),
    ("BatchNormalization", {"mode": 0, "axis": 1}, "BatchNormalization", {"axis": 1}),
    (
        "ZeroPadding2D",
        {"padding": (1, 2, 3, 4)},
        "ZeroPadding2D",
        {"padding": ((1, 2), (3, 4))},
    ),
    (
        "ZeroPadding2D",
        {"padding": {"top_pad": 1, "right_pad": 2}, "dim_ordering": "default"},
        "ZeroPadding2D",
        {"padding": ((1, 0), (0, 2)), "data_format": None},
    ),
    ("ZeroPadding1D", {"padding": {"left_pad": 1}}, "ZeroPadding1D", {"padding": (1, 0)}),
    ("Dropout", {"p": 0.25}, "Dropout", {"rate": 0.25}),
    ("GaussianNoise", {"sigma": 0.25}, "GaussianNoise", {"stddev": 0.25}),
    ("PReLU", {"init": "zero"}, "PReLU", {"alpha_initializer": "zero"}),
    ("UpSampling1D", {"length": 3}, "UpSampling1D", {"size": 3}),
    (
        "TimeDistributedDense",
        {"output_dim": 3, "input_dim": 5, "input_length": 7},
        "Dense",
        {"units": 3, "input_shape": (7, 5)},
    ),
    (
        "InputLayer",
        {"batch_input_shape": [None, 3], "input_dtype": "int32"},
        "InputLayer",
        {"dtype": "int32"},
    ),
    (
        "Embedding",
        {"input_dim": 9, "output_dim": 2, "input_dtype": "int32", "batch_input_shape": [None, 3]},
        "Embedding",
        {"input_dim": 9, "output_dim": 2, "dtype": "int32"},
    ),
    ("Dropout", {"p": 0.25, "input_dtype": "float32"}, "Dropout", {"rate": 0.25}),
    ("Merge", {"mode": "concat", "concat_axis": 2}, "Concatenate", {"axis": 2}),
    ("Merge", {"mode": "dot", "dot_axes": [1, 2]}, "Dot", {"axes": [1, 2]}),
    ("Merge", {"mode": "sum", "concat_axis": -1}, "Add", {}),
    ("Merge", {"mode": "cos", "dot_axes": 1}, "CosineMerge", {"axes": 1}),
]


@pytest.mark.parametrize(
    ("old_class", "old", "new_class", "new"),
    CASES,
    ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)],
)
def test_a_config_of_keras_1_is_put_into_the_words_of_keras_2(
    old_class: str, old: dict[str, Any], new_class: str, new: dict[str, Any]
) -> None:
    before = dict(old)
    translated = to_keras_2(old_class, old)
    assert old == before
    assert translated.class_name == new_class
    assert {key: translated.arguments[key] for key in new} == new
    if translated.class_name != "Merge":
        layer_class: Any = layers.LAYERS.resolve(new_class)
        layer_class(**{"name": "made", **translated.arguments})


def test_the_config_of_a_wrapper_and_a_model_is_translated_to_its_depth() -> None:
    inner = {"class_name": "TimeDistributed", "config": {"name": "t", "layer": None}}
    inner["config"]["layer"] = {"class_name": "Dense", "config": {"name": "d", "output_dim": 2}}
    model = [{"class_name": "Sequential", "config": [inner]}]
    name, arguments, changes = to_keras_2("Sequential", model)
    (sequential,) = arguments
    (wrapper,) = sequential["config"]
    assert name == "Sequential"
    assert wrapper["config"]["layer"]["config"] == {"name": "d", "units": 2}
    assert changes == [Change("d", "output_dim", "units")]


def test_a_functional_model_keeps_what_stands_beside_a_layers_config() -> None:
    entry = {
        "class_name": "Convolution1D",
        "name": "c",
        "config": {"name": "c", "nb_filter": 2, "filter_length": 3},
        "inbound_nodes": [[["x", 0, 0]]],
    }
    _, arguments, changes = to_keras_2("Model", {"name": "m", "layers": [entry]})
    (layer,) = arguments["layers"]
    assert layer == {
        **entry,
        "class_name": "Conv1D",
        "config": {"name": "c", "filters": 2, "kernel_size": 3},
    }
    assert changes[0] == Change("c", "Convolution1D", "Conv1D")


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_config_of_keras_2_comes_back_equal(name: str) -> None:
    layer_class: Any = layers.LAYERS.resolve(name)
    required = {"filters": 2, "kernel_size": 2, "units": 2, "rate": 0.5, "stddev": 0.5}
    required |= {"input_dim": 3, "output_dim": 2} if name == "Embedding" else {}
    required |= {"function": abs} if name == "Lambda" else {}
    accepted = {
        key: value for key, value in required.items() if key in signature(layer_class).parameters
    }
    config = layer_class(**accepted).get_config()
    assert to_keras_2(name, config) == (name, config, [])


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_the_new_names_are_arguments_of_the_layer(name: str) -> None:
    interface = LAYERS[name]
    parameters = signature(layers.LAYERS.resolve(name)).parameters
    positional = interface.positional or ()
    assert {*interface.renamed.values(), *positional} <= set(parameters)
    assert tuple(parameters)[: len(positional)] == positional
    assert not set(interface.renamed) & set(parameters)


def test_the_new_names_of_classes_are_layers() -> None:
    assert all(name in layers.LAYERS for name in CLASSES.values())


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("Dense", {"output_dim": 3, "units": 3}, "`units` was given twice.*`output_dim`"),
        ("BatchNormalization", {"mode": 2}, "mode=2"),
        ("Conv2D", {"nb_filter": 3, "nb_row": 3}, "`nb_row`, `nb_col`"),
        ("Conv2D", {"nb_row": 3, "nb_col": 3, "kernel_size": 3}, "`kernel_size`"),
    ],
)
def test_contradictory_and_lost_arguments_are_refused(
    name: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        to_keras_2(name, arguments)


def test_what_cannot_be_kept_is_among_the_changes() -> None:
    _, arguments, changes = to_keras_2("LSTM", {"output_dim": 2, "forget_bias_init": "zero"})
    assert arguments == {"units": 2}
    assert "`forget_bias_init` is ignored" in str(changes[-1].new)
