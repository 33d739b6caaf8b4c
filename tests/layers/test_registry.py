"""Layer configs: the keys of Keras 2.1, and layers from configs."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from konnx import layers
from konnx.graph import Tensor
from konnx.layers import LAYERS, Dense, Layer, deserialize, serialize
from konnx.layers.masking import ApplyMask

KERNEL_AND_BIAS = {
    f"{weight}_{family}"
    for weight in ("kernel", "bias")
    for family in ("initializer", "regularizer", "constraint")
} | {"activity_regularizer", "activation", "use_bias"}
WINDOW = {"kernel_size", "strides", "padding", "data_format", "dilation_rate"}
DEPTHWISE = {name.replace("kernel", "depthwise") for name in KERNEL_AND_BIAS}
POINTWISE = {f"pointwise_{family}" for family in ("initializer", "regularizer", "constraint")}
BATCH_NORMALIZATION = {
    *("axis", "momentum", "epsilon", "center", "scale"),
    *("beta_initializer", "gamma_initializer"),
    *("moving_mean_initializer", "moving_variance_initializer"),
    *("beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint"),
}
LEARNT = {"filters", *WINDOW, *KERNEL_AND_BIAS} - {"dilation_rate"}
LAMBDA = {"function", "function_type", "output_shape", "output_shape_type", "arguments"}
POOLING = {"pool_size", "strides", "padding", "data_format"}
OVER_TIME = {"return_sequences", "return_state", "go_backwards", "stateful", "unroll"}
SIMPLE_CELL = {
    "units",
    "dropout",
    "recurrent_dropout",
    *KERNEL_AND_BIAS,
    *(f"recurrent_{family}" for family in ("initializer", "regularizer", "constraint")),
} - {"activity_regularizer"}
GRU_CELL = {*SIMPLE_CELL, "recurrent_activation", "implementation", "reset_after"}
LSTM_CELL = {*SIMPLE_CELL, "recurrent_activation", "implementation", "unit_forget_bias"}
IMAGE_CELL = {*LSTM_CELL, "filters", *WINDOW} - {"units", "implementation"}
ON_CUDNN = {*SIMPLE_CELL, *OVER_TIME, "activity_regularizer"} - {
    *("activation", "use_bias", "dropout", "recurrent_dropout", "unroll"),
}

LATER = (
    "konnx.layers.attention",
    "konnx.layers.group_normalization",
    "konnx.layers.operation",
    "konnx.layers.preprocessing",
    "konnx.layers.rms_normalization",
)
"""Modules of layers that Keras 2.1 lacks: their configs are those of later versions."""

# The keys that Keras 2.1.6 writes, and all that its constructors take.
CONFIGS: list[tuple[Layer, set[str]]] = [
    (layers.Dense(4), {"units", *KERNEL_AND_BIAS}),
    (layers.Activation("relu"), {"activation"}),
    (layers.Dropout(0.5), {"rate", "noise_shape", "seed"}),
    (layers.Flatten(), {"data_format"}),
    (layers.Reshape((2, -1)), {"target_shape"}),
    (layers.Identity(), set()),
    (layers.Permute((2, 1)), {"dims"}),
    (layers.RepeatVector(3), {"n"}),
    (layers.Conv1D(4, 3), {"filters", *WINDOW, *KERNEL_AND_BIAS} - {"data_format"}),
    (layers.Conv2D(4, 3), {"filters", *WINDOW, *KERNEL_AND_BIAS}),
    (layers.DepthwiseConv2D(3), {"depth_multiplier", *WINDOW, *DEPTHWISE}),
    (
        layers.SeparableConv2D(4, 3),
        {"filters", "depth_multiplier", *WINDOW, *DEPTHWISE, *POINTWISE},
    ),
    (layers.ZeroPadding2D(), {"padding", "data_format"}),
    (layers.MaxPooling2D(), POOLING),
    (layers.AveragePooling2D(), POOLING),
    (layers.GlobalMaxPooling2D(), {"data_format"}),
    (layers.GlobalAveragePooling2D(), {"data_format"}),
    (layers.BatchNormalization(), BATCH_NORMALIZATION),
    (
        layers.Embedding(9, 4),
        {
            "batch_input_shape",
            "dtype",
            "input_dim",
            "output_dim",
            "mask_zero",
            "input_length",
            "embeddings_initializer",
            "embeddings_regularizer",
            "embeddings_constraint",
            "activity_regularizer",
        },
    ),
    (ApplyMask(), set()),
    (layers.Masking(), {"mask_value"}),
    (layers.Wrapper(layers.Dense(4)), {"layer"}),
    (layers.TimeDistributed(layers.Dense(4)), {"layer"}),
    (layers.Bidirectional(layers.GRU(4)), {"layer", "merge_mode"}),
    (layers.SimpleRNNCell(4), SIMPLE_CELL),
    (layers.GRUCell(4), GRU_CELL),
    (layers.LSTMCell(4), LSTM_CELL),
    (layers.ConvLSTM2DCell(4, 3), IMAGE_CELL),
    (layers.StackedRNNCells([layers.GRUCell(4)]), {"cells"}),
    (layers.RNN(layers.GRUCell(4)), {"cell", *OVER_TIME}),
    (layers.ConvRNN2D(layers.ConvLSTM2DCell(4, 3)), {"cell", *OVER_TIME}),
    (layers.SimpleRNN(4), {*SIMPLE_CELL, *OVER_TIME, "activity_regularizer"}),
    (layers.GRU(4), {*GRU_CELL, *OVER_TIME, "activity_regularizer"}),
    (layers.LSTM(4), {*LSTM_CELL, *OVER_TIME, "activity_regularizer"}),
    (layers.ConvLSTM2D(4, 3), {*IMAGE_CELL, *OVER_TIME, "activity_regularizer"}),
    (layers.CuDNNGRU(4), ON_CUDNN),
    (layers.CuDNNLSTM(4), {*ON_CUDNN, "unit_forget_bias"}),
    (layers.Add(), set()),
    (layers.Multiply(), set()),
    (layers.Concatenate(), {"axis"}),
    (layers.Subtract(), set()),
    (layers.Average(), set()),
    (layers.Maximum(), set()),
    (layers.Minimum(), set()),
    (layers.Dot(1), {"axes", "normalize"}),
    (layers.ActivityRegularization(), {"l1", "l2"}),
    (layers.Lambda(abs), LAMBDA),
    (layers.SpatialDropout1D(0.5), {"rate", "noise_shape", "seed"}),
    (layers.SpatialDropout2D(0.5), {"rate", "noise_shape", "seed", "data_format"}),
    (layers.SpatialDropout3D(0.5), {"rate", "noise_shape", "seed", "data_format"}),
    (layers.Conv3D(4, 3), {"filters", *WINDOW, *KERNEL_AND_BIAS}),
    (layers.Conv2DTranspose(4, 3), LEARNT),
    (layers.Conv3DTranspose(4, 3), LEARNT),
    (
        layers.SeparableConv1D(4, 3),
        {"filters", "depth_multiplier", *WINDOW, *DEPTHWISE, *POINTWISE},
    ),
    (layers.LocallyConnected1D(4, 3), LEARNT),
    (layers.LocallyConnected2D(4, 3), LEARNT),
    (layers.ZeroPadding1D(), {"padding"}),
    (layers.ZeroPadding3D(), {"padding", "data_format"}),
    (layers.Cropping1D(), {"cropping"}),
    (layers.Cropping2D(), {"cropping", "data_format"}),
    (layers.Cropping3D(), {"cropping", "data_format"}),
    (layers.UpSampling1D(), {"size"}),
    (layers.UpSampling2D(), {"size", "data_format"}),
    (layers.UpSampling3D(), {"size", "data_format"}),
    (layers.MaxPooling1D(), POOLING - {"data_format"}),
    (layers.AveragePooling1D(), POOLING - {"data_format"}),
    (layers.MaxPooling3D(), POOLING),
    (layers.AveragePooling3D(), POOLING),
    (layers.GlobalMaxPooling1D(), set()),
    (layers.GlobalAveragePooling1D(), set()),
    (layers.GlobalMaxPooling3D(), {"data_format"}),
    (layers.GlobalAveragePooling3D(), {"data_format"}),
    (layers.LeakyReLU(), {"alpha"}),
    (
        layers.PReLU(),
        {"alpha_initializer", "alpha_regularizer", "alpha_constraint", "shared_axes"},
    ),
    (layers.ELU(), {"alpha"}),
    (layers.ThresholdedReLU(), {"theta"}),
    (layers.Softmax(), {"axis"}),
    (layers.ReLU(), {"max_value", "negative_slope", "threshold"}),
    (
        layers.LayerNormalization(),
        {key for key in BATCH_NORMALIZATION if "mo" not in key},
    ),
    (layers.GaussianNoise(0.1), {"stddev"}),
    (layers.GaussianDropout(0.1), {"rate"}),
    (layers.AlphaDropout(0.1), {"rate", "noise_shape", "seed"}),
]


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("layer", "keys"), CONFIGS, ids=[type(layer).__name__ for layer, _ in CONFIGS]
)
def test_the_config_has_the_keys_of_keras(layer: Layer, keys: set[str]) -> None:
    assert set(layer.get_config()) == {"name", "trainable", *keys}


@pytest.mark.no_runtime
def test_every_registered_layer_is_in_the_table_of_configs() -> None:
    listed = {type(layer) for layer, _ in CONFIGS}
    own = {LAYERS.resolve(name) for name in LAYERS.names}
    of_layers = {one for one in own if one.__module__.startswith("konnx.layers.")}
    # which are later, too
    listed |= {layers.Conv1DTranspose, layers.DepthwiseConv1D, layers.ReversibleEmbedding}
    unlisted = {one for one in of_layers - listed if not one.__module__.startswith(LATER)}
    assert unlisted == {layers.InputLayer, layers.ONNXGraph}


@pytest.mark.no_runtime
def test_every_layer_of_the_namespace_is_registered() -> None:
    exported = {name: getattr(layers, name) for name in layers.__all__}
    classes = {
        name
        for name, one in exported.items()
        if isinstance(one, type) and issubclass(one, Layer) and one is not Layer
    }
    assert classes <= set(LAYERS.names)


@pytest.mark.no_runtime
def test_a_first_layer_says_its_input_and_dtype() -> None:
    config = Dense(4, input_shape=(3,), name="first").get_config()
    assert config["batch_input_shape"] == (None, 3)
    assert config["dtype"] == "float32"
    restored = deserialize({"class_name": "Dense", "config": json.loads(json.dumps(config))})
    assert restored.batch_input_shape == (None, 3)


@pytest.mark.no_runtime
def test_an_input_layer_comes_back_from_its_config() -> None:
    layer = layers.InputLayer(input_shape=(3, None), dtype="int32", name="ids")
    restored = deserialize(json.loads(json.dumps(serialize(layer))))
    assert restored.get_config() == layer.get_config()
    assert restored.output.shape == (None, 3, None)


class Scale(Layer):
    """A user's own layer."""

    def __init__(self, factor: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs: Tensor) -> Tensor:
        return inputs * self.factor

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


def cube(x: Tensor) -> Tensor:
    """A user's own activation."""
    return x * x * x


def start(shape: Any, dtype: Any = None) -> np.ndarray:
    """A user's own initializer."""
    return np.full(shape, 2.0)


@pytest.mark.no_runtime
def test_a_user_s_layer_is_made_by_its_name() -> None:
    config = serialize(Scale(3.0, name="s"))
    assert deserialize(config, {"Scale": Scale}).factor == 3.0
    later = {**config, "class_name": "mine>Scale", "registered_name": "mine>Scale"}
    assert deserialize(later, {"Scale": Scale}).factor == 3.0


@pytest.mark.no_runtime
def test_a_user_s_functions_are_found_by_their_names() -> None:
    layer = Dense(2, activation=cube, kernel_initializer=start)
    custom = {"cube": cube, "start": start}
    restored = deserialize(json.loads(json.dumps(serialize(layer))), custom)
    assert restored.activation is cube
    assert restored.kernel_initializer is start
    assert restored.bias_initializer is not start


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"class_name": "Denze", "config": {}}, "Unknown layer: 'Denze'. Did you mean 'Dense'"),
        ({"class_name": "Twirl", "config": {}}, "Unknown layer: 'Twirl'."),
        ("Dense", "The config of a layer must be a dict with 'class_name', a name"),
        ({"class_name": "Dense", "config": [1]}, "The config of a layer must be a dict"),
        ({"class_name": ["Dense"], "config": {}}, "The config of a layer must be a dict"),
        (
            {"class_name": "Dense", "config": {"name": "d"}},
            "The layer 'd' (Dense) cannot be made from its config: ",
        ),
        (
            {"class_name": "Dense", "config": {"name": "d", "units": "many"}},
            "`Dense` 'd': `units` must be a whole number. Received: units='many'",
        ),
        (
            {"class_name": "Dense", "config": {"name": "d", "units": 2, "activation": "cube"}},
            "`Dense` 'd': `activation`: Unknown activation function: 'cube'.",
        ),
    ],
)
def test_a_config_that_makes_no_layer_is_refused(config: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        deserialize(config)
    assert message in str(caught.value)
