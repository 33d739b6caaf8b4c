"""Layers: what models are made of.

A layer is made once, with its arguments, and called on tensors: `Dense(10)(Input((784,)))`.
"""

from konnx.activations import ACTIVATIONS
from konnx.layers.advanced_activations import ELU, LeakyReLU, PReLU, ReLU, Softmax, ThresholdedReLU
from konnx.layers.attention import (
    AdditiveAttention,
    Attention,
    EinsumDense,
    GroupedQueryAttention,
    MultiHeadAttention,
)
from konnx.layers.base import InputSpec, Layer
from konnx.layers.bidirectional import Bidirectional
from konnx.layers.convolutional import (
    Conv1D,
    Conv2D,
    Conv3D,
    Convolution1D,
    Convolution2D,
    Convolution3D,
)
from konnx.layers.core import (
    Activation,
    ActivityRegularization,
    Dense,
    Flatten,
    Identity,
    Permute,
    RepeatVector,
    Reshape,
)
from konnx.layers.dot import Dot
from konnx.layers.dropout import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from konnx.layers.embeddings import Embedding, ReversibleEmbedding
from konnx.layers.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from konnx.layers.group_normalization import GroupNormalization, UnitNormalization
from konnx.layers.input import Input, InputLayer
from konnx.layers.lambda_layer import Lambda
from konnx.layers.layer_normalization import LayerNormalization
from konnx.layers.local import LocallyConnected1D, LocallyConnected2D
from konnx.layers.masking import ApplyMask, Masking
from konnx.layers.merge import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract
from konnx.layers.merge_functions import (
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from konnx.layers.noise import AlphaDropout, GaussianDropout, GaussianNoise
from konnx.layers.normalization import BatchNormalization
from konnx.layers.onnx_graph import ONNXGraph
from konnx.layers.operation import Operation, is_operation, operand, operation_from_config
from konnx.layers.padding import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from konnx.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from konnx.layers.preprocessing import (
    CategoryEncoding,
    CenterCrop,
    Discretization,
    IntegerLookup,
    MelSpectrogram,
    Normalization,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomFlip,
    RandomHeight,
    RandomRotation,
    RandomTranslation,
    RandomWidth,
    RandomZoom,
    Rescaling,
    Resizing,
    STFTSpectrogram,
    StringLookup,
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
from konnx.layers.rms_normalization import RMSNormalization
from konnx.layers.separable import (
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
    SeparableConvolution1D,
    SeparableConvolution2D,
)
from konnx.layers.transposed import (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
    Convolution2DTranspose,
    Deconv2D,
    Deconv3D,
    Deconvolution2D,
    Deconvolution3D,
)
from konnx.layers.upsampling import UpSampling1D, UpSampling2D, UpSampling3D
from konnx.layers.wrappers import TimeDistributed, Wrapper
from konnx.legacy import table as legacy_table
from konnx.legacy.calls import accept_keras_1_names
from konnx.legacy.layers import CosineMerge, Highway, MaxoutDense

register(Activation)
register(AdditiveAttention)
register(Attention)
register(EinsumDense)
register(GroupedQueryAttention, "GroupQueryAttention")
register(MultiHeadAttention)
register(CategoryEncoding)
register(CenterCrop)
register(Discretization)
register(IntegerLookup)
register(MelSpectrogram)
register(Normalization)
register(Rescaling)
register(Identity)
register(RandomBrightness)
register(RandomContrast)
register(RandomCrop)
register(RandomFlip)
register(RandomHeight)
register(RandomRotation)
register(RandomTranslation)
register(RandomWidth)
register(RandomZoom)
register(Resizing)
register(StringLookup)
register(GroupNormalization)
register(UnitNormalization)
register(ActivityRegularization)
register(Add)
register(AlphaDropout)
register(Average)
register(AveragePooling1D, "AvgPool1D")
register(AveragePooling2D, "AvgPool2D")
register(AveragePooling3D, "AvgPool3D")
register(BatchNormalization)
register(Bidirectional)
register(Concatenate)
register(Conv1D, "Convolution1D")
register(Conv2D, "Convolution2D")
register(Conv2DTranspose, "Convolution2DTranspose", "Deconv2D", "Deconvolution2D")
register(Conv3D, "Convolution3D")
register(Conv3DTranspose, "Deconv3D", "Deconvolution3D")
register(ConvLSTM2D)
register(ConvLSTM2DCell)
register(ConvRNN2D)
register(Cropping1D)
register(Cropping2D)
register(Cropping3D)
register(CosineMerge)
register(CuDNNGRU)
register(CuDNNLSTM)
register(Dense)
register(Conv1DTranspose)
register(DepthwiseConv1D)
register(DepthwiseConv2D)
register(Dot)
register(Dropout)
register(ELU)
register(Embedding)
register(Flatten)
register(GRU)
register(GRUCell)
register(GaussianDropout)
register(GaussianNoise)
register(GlobalAveragePooling1D, "GlobalAvgPool1D")
register(GlobalAveragePooling2D, "GlobalAvgPool2D")
register(GlobalAveragePooling3D, "GlobalAvgPool3D")
register(GlobalMaxPooling1D, "GlobalMaxPool1D")
register(GlobalMaxPooling2D, "GlobalMaxPool2D")
register(GlobalMaxPooling3D, "GlobalMaxPool3D")
register(Highway)
register(InputLayer)
register(LSTM)
register(LSTMCell)
register(Lambda)
register(LayerNormalization)
register(LeakyReLU)
register(LocallyConnected1D)
register(LocallyConnected2D)
register(ApplyMask)
register(Masking)
register(MaxoutDense)
register(MaxPooling1D, "MaxPool1D")
register(MaxPooling2D, "MaxPool2D")
register(MaxPooling3D, "MaxPool3D")
register(Maximum)
register(Minimum)
register(Multiply)
register(ONNXGraph)
register(
    Operation,
    "TFOpLambda",
    "SlicingOpLambda",
    "TensorFlowOpLayer",
    "ClassMethod",
    "InstanceMethod",
    "InstanceProperty",
)
register(PReLU)
register(Permute)
register(RMSNormalization)
register(RNN)
register(ReversibleEmbedding)
register(STFTSpectrogram)
register(ReLU)
register(RepeatVector)
register(Reshape)
register(SeparableConv1D, "SeparableConvolution1D")
register(SeparableConv2D, "SeparableConvolution2D")
register(SimpleRNN)
register(SimpleRNNCell)
register(Softmax)
register(SpatialDropout1D)
register(SpatialDropout2D)
register(SpatialDropout3D)
register(StackedRNNCells)
register(Subtract)
register(ThresholdedReLU)
register(TimeDistributed)
register(UpSampling1D)
register(UpSampling2D)
register(UpSampling3D)
register(Wrapper)
register(ZeroPadding1D)
register(ZeroPadding2D)
register(ZeroPadding3D)

# Later versions take layers for activations: Dense(8, activation=LeakyReLU(0.1)).
for _activation in (Activation, ELU, LeakyReLU, PReLU, ReLU, Softmax, ThresholdedReLU):
    ACTIVATIONS.register(_activation)

for _name, _interface in legacy_table.LAYERS.items():
    accept_keras_1_names(LAYERS.resolve(_name), _interface)

__all__ = [
    "ELU",
    "GRU",
    "LAYERS",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM2D",
    "ConvLSTM2DCell",
    "ConvRNN2D",
    "Convolution1D",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "CuDNNGRU",
    "CuDNNLSTM",
    "Deconv2D",
    "Deconv3D",
    "Deconvolution2D",
    "Deconvolution3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupedQueryAttention",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "IntegerLookup",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "LocallyConnected1D",
    "LocallyConnected2D",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "MelSpectrogram",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "ONNXGraph",
    "Operation",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomHeight",
    "RandomRotation",
    "RandomTranslation",
    "RandomWidth",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "ReversibleEmbedding",
    "STFTSpectrogram",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "ThresholdedReLU",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "is_operation",
    "maximum",
    "minimum",
    "multiply",
    "operand",
    "operation_from_config",
    "register",
    "serialize",
    "subtract",
]
