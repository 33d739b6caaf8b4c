"""Layers: what models are made of.

A layer is made once, with its arguments, and called on tensors: `Dense(10)(Input((784,)))`.
"""

from konnx.layers.base import InputSpec, Layer
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
from konnx.layers.input import Input, InputLayer
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
from konnx.layers.registry import LAYERS, deserialize, register, serialize
from konnx.layers.separable import DepthwiseConv2D, SeparableConv2D, SeparableConvolution2D

register(Activation)
register(Add)
register(AveragePooling2D, "AvgPool2D")
register(BatchNormalization)
register(Concatenate)
register(Conv1D, "Convolution1D")
register(Conv2D, "Convolution2D")
register(Dense)
register(DepthwiseConv2D)
register(Dropout)
register(Flatten)
register(GlobalAveragePooling2D, "GlobalAvgPool2D")
register(GlobalMaxPooling2D, "GlobalMaxPool2D")
register(InputLayer)
register(MaxPooling2D, "MaxPool2D")
register(Multiply)
register(ONNXGraph)
register(Permute)
register(RepeatVector)
register(Reshape)
register(SeparableConv2D, "SeparableConvolution2D")
register(ZeroPadding2D)

__all__ = [
    "LAYERS",
    "Activation",
    "Add",
    "AveragePooling2D",
    "AvgPool2D",
    "BatchNormalization",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Convolution1D",
    "Convolution2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling2D",
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "MaxPool2D",
    "MaxPooling2D",
    "Multiply",
    "ONNXGraph",
    "Permute",
    "RepeatVector",
    "Reshape",
    "SeparableConv2D",
    "SeparableConvolution2D",
    "ZeroPadding2D",
    "add",
    "concatenate",
    "deserialize",
    "multiply",
    "register",
    "serialize",
]
