"""Layers: what models are made of.

A layer is made once, with its arguments, and called on tensors: `Dense(10)(Input((784,)))`.
"""

from konnx.layers.base import InputSpec, Layer
from konnx.layers.bidirectional import Bidirectional
from konnx.layers.convolutional import (
    Conv1D,
    Conv2D,
    Convolution1D,
    Convolution2D,
    ZeroPadding2D,
)
from konnx.layers.core import (
    Activation,
    Dense,
    Dropout,
    Flatten,
    Permute,
    RepeatVector,
    Reshape,
)
from konnx.layers.embeddings import Embedding
from konnx.layers.input import Input, InputLayer
from konnx.layers.masking import Masking
from konnx.layers.merge import Add, Concatenate, Multiply, add, concatenate, multiply
from konnx.layers.normalization import BatchNormalization
from konnx.layers.onnx_graph import ONNXGraph
from konnx.layers.pooling import (
    AveragePooling2D,
    AvgPool2D,
    GlobalAveragePooling2D,
    GlobalAvgPool2D,
    GlobalMaxPool2D,
    GlobalMaxPooling2D,
    MaxPool2D,
    MaxPooling2D,
)
from konnx.layers.recurrent import (
    GRU,
    LSTM,
    RNN,
    ConvLSTM2D,
    ConvLSTM2DCell,
    ConvRNN2D,
    CuDNNGRU,
    CuDNNLSTM,
    GRUCell,
    LSTMCell,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
)
from konnx.layers.registry import LAYERS, deserialize, register, serialize
from konnx.layers.separable import DepthwiseConv2D, SeparableConv2D, SeparableConvolution2D
from konnx.layers.wrappers import TimeDistributed, Wrapper

register(Activation)
register(Add)
register(AveragePooling2D, "AvgPool2D")
register(BatchNormalization)
register(Bidirectional)
register(Concatenate)
register(Conv1D, "Convolution1D")
register(Conv2D, "Convolution2D")
register(ConvLSTM2D)
register(ConvLSTM2DCell)
register(ConvRNN2D)
register(CuDNNGRU)
register(CuDNNLSTM)
register(Dense)
register(DepthwiseConv2D)
register(Dropout)
register(Embedding)
register(Flatten)
register(GRU)
register(GRUCell)
register(GlobalAveragePooling2D, "GlobalAvgPool2D")
register(GlobalMaxPooling2D, "GlobalMaxPool2D")
register(InputLayer)
register(LSTM)
register(LSTMCell)
register(Masking)
register(MaxPooling2D, "MaxPool2D")
register(Multiply)
register(ONNXGraph)
register(Permute)
register(RNN)
register(RepeatVector)
register(Reshape)
register(SeparableConv2D, "SeparableConvolution2D")
register(SimpleRNN)
register(SimpleRNNCell)
register(StackedRNNCells)
register(TimeDistributed)
register(Wrapper)
register(ZeroPadding2D)

__all__ = [
    "GRU",
    "LAYERS",
    "LSTM",
    "RNN",
    "Activation",
    "Add",
    "AveragePooling2D",
    "AvgPool2D",
    "BatchNormalization",
    "Bidirectional",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "ConvLSTM2D",
    "ConvLSTM2DCell",
    "ConvRNN2D",
    "Convolution1D",
    "Convolution2D",
    "CuDNNGRU",
    "CuDNNLSTM",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GlobalAveragePooling2D",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling2D",
    "Input",
    "InputLayer",
    "InputSpec",
    "LSTMCell",
    "Layer",
    "Masking",
    "MaxPool2D",
    "MaxPooling2D",
    "Multiply",
    "ONNXGraph",
    "Permute",
    "RepeatVector",
    "Reshape",
    "SeparableConv2D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "StackedRNNCells",
    "TimeDistributed",
    "Wrapper",
    "ZeroPadding2D",
    "add",
    "concatenate",
    "deserialize",
    "multiply",
    "register",
    "serialize",
]
