"""The names of Keras 1, by layer and method: data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Any

from konnx.legacy.adapters import (
    Adapter,
    drop,
    forget_bias,
    join_input_shape,
    join_sizes,
    normalization_mode,
    padding_ends,
    padding_sides,
    recurrent_input_shape,
    samples_to_steps,
    split_initializer,
)


@dataclass(frozen=True)
class Interface:
    """How a constructor or method was called before Keras 2.

    Attributes:
        positional: the arguments that Keras 2 shows without a name; None: all.
        renamed: new names of arguments by their old ones.
        adapters: what changes more than names; applied first.
        once_positional: the arguments that could stand without a name in Keras 1, if others.
        once_types: types of the first of them, by which such a call is told.
    """

    positional: tuple[str, ...] | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    adapters: tuple[Adapter, ...] = ()
    once_positional: tuple[str, ...] = ()
    once_types: tuple[type | UnionType, ...] = ()


VALUES: Mapping[str, Mapping[Any, Any]] = {
    "dim_ordering": {"tf": "channels_last", "th": "channels_first", "default": None},
    "consume_less": {"cpu": 0, "mem": 1, "gpu": 2},
}
"""New values by the old ones, for arguments by their old names."""

CLASSES: Mapping[str, str] = {
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Deconvolution2D": "Conv2DTranspose",
    "Deconvolution3D": "Conv3DTranspose",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
    "TimeDistributedDense": "Dense",  # which takes sequences since Keras 2
}
"""New names of layers by their old ones."""

_WEIGHTS = {
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
}
_FORMAT = {"dim_ordering": "data_format"}
_WINDOW = {"border_mode": "padding", **_FORMAT}
_CONVOLUTION = {"nb_filter": "filters", "subsample": "strides", **_WINDOW}
_DILATION = {"atrous_rate": "dilation_rate"}
_CONV1D = {
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "subsample_length": "strides",
    "border_mode": "padding",
    **_WEIGHTS,
}
_POOLING1D = {"pool_length": "pool_size", "stride": "strides", "border_mode": "padding"}
_GATES = {
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "U_regularizer": "recurrent_regularizer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
}
_RECURRENT = {
    "output_dim": "units",
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    **_GATES,
    "consume_less": "implementation",
}
_SIMPLE = {
    old: new for old, new in _RECURRENT.items() if old not in ("inner_activation", "consume_less")
}
_ALWAYS_THE_SAME = "`SimpleRNN` has one way to compute only: `consume_less` is ignored."

_DROPOUT_OF_EMBEDDING = (
    "`Embedding` no longer takes `dropout`: put a `SpatialDropout1D` layer right after it for "
    "the same."
)

_KERNEL = ("filters", "kernel_size")
_POOL = ("pool_size", "strides", "padding")
_ROWS_AND_COLUMNS = ("nb_row", "nb_col")
_ONCE_2D = ("filters", *_ROWS_AND_COLUMNS)
_TYPES_2D = (object, int, int)
_KERNEL_DIMS = ("kernel_dim1", "kernel_dim2", "kernel_dim3")
_join_2d = join_sizes(*_ROWS_AND_COLUMNS)

_conv1d = Interface(_KERNEL, {**_CONV1D, **_DILATION}, (join_input_shape,))
_conv2d = Interface(
    _KERNEL, {**_CONVOLUTION, **_WEIGHTS, **_DILATION}, (_join_2d,), _ONCE_2D, _TYPES_2D
)
_recurrent = Interface(("units",), _RECURRENT, (forget_bias, recurrent_input_shape))
_pooling1d = Interface(_POOL, _POOLING1D)
_pooling = Interface(_POOL, _WINDOW)
_global_pooling = Interface(None, _FORMAT)
_spatial_dropout = Interface(("rate",), {"p": "rate", **_FORMAT})
_up_sampling = Interface(("size",), _FORMAT)
_cropping = Interface(("cropping",), _FORMAT)

LAYERS: Mapping[str, Interface] = {
    "AveragePooling1D": _pooling1d,
    "AveragePooling2D": _pooling,
    "AveragePooling3D": _pooling,
    "BatchNormalization": Interface(
        (),
        {"beta_init": "beta_initializer", "gamma_init": "gamma_initializer"},
        (normalization_mode,),
    ),
    "Conv1D": _conv1d,
    "Conv2D": _conv2d,
    "Conv2DTranspose": Interface(
        _KERNEL,
        {**_CONVOLUTION, **_WEIGHTS},
        (drop("output_shape"), _join_2d),
        (*_ONCE_2D, "output_shape"),
        _TYPES_2D,
    ),
    "Conv3D": Interface(
        _KERNEL,
        {**_CONVOLUTION, **_WEIGHTS},
        (join_sizes(*_KERNEL_DIMS),),
        ("filters", *_KERNEL_DIMS),
        (object, int, int, int),
    ),
    "ConvLSTM2D": Interface(
        _KERNEL,
        {
            **_CONVOLUTION,
            "init": "kernel_initializer",
            "W_regularizer": "kernel_regularizer",
            "b_regularizer": "bias_regularizer",
            **_GATES,
            "bias": "use_bias",
        },
        (forget_bias, _join_2d),
        _ONCE_2D,
        _TYPES_2D,
    ),
    "Cropping2D": _cropping,
    "Cropping3D": _cropping,
    "Dense": Interface(("units",), {"output_dim": "units", **_WEIGHTS}),
    "Dropout": Interface(("rate", "noise_shape", "seed"), {"p": "rate"}),
    "Embedding": Interface(
        ("input_dim", "output_dim"),
        {
            "init": "embeddings_initializer",
            "W_regularizer": "embeddings_regularizer",
            "W_constraint": "embeddings_constraint",
        },
        (drop("dropout", _DROPOUT_OF_EMBEDDING),),
    ),
    "GRU": _recurrent,
    "GaussianDropout": Interface(("rate",), {"p": "rate"}),
    "GaussianNoise": Interface(("stddev",), {"sigma": "stddev"}),
    "GlobalAveragePooling2D": _global_pooling,
    "GlobalAveragePooling3D": _global_pooling,
    "GlobalMaxPooling2D": _global_pooling,
    "GlobalMaxPooling3D": _global_pooling,
    "LSTM": _recurrent,
    "Lambda": Interface(("function", "output_shape")),
    "LocallyConnected1D": Interface(_KERNEL, _CONV1D, (join_input_shape,)),
    "LocallyConnected2D": Interface(
        _KERNEL, {**_CONVOLUTION, **_WEIGHTS}, (_join_2d,), _ONCE_2D, _TYPES_2D
    ),
    "MaxPooling1D": _pooling1d,
    "MaxPooling2D": _pooling,
    "MaxPooling3D": _pooling,
    "PReLU": Interface(("alpha_initializer",), {"init": "alpha_initializer"}),
    "SeparableConv2D": Interface(
        _KERNEL,
        {
            **_CONVOLUTION,
            "b_regularizer": "bias_regularizer",
            "b_constraint": "bias_constraint",
            "bias": "use_bias",
        },
        (split_initializer, _join_2d),
        _ONCE_2D,
        _TYPES_2D,
    ),
    "SimpleRNN": Interface(
        ("units",),
        _SIMPLE,
        (drop("consume_less", _ALWAYS_THE_SAME), forget_bias, recurrent_input_shape),
    ),
    "SpatialDropout1D": Interface(("rate",), {"p": "rate"}),
    "SpatialDropout2D": _spatial_dropout,
    "SpatialDropout3D": _spatial_dropout,
    "UpSampling1D": Interface(("size",), {"length": "size"}),
    "UpSampling2D": _up_sampling,
    "UpSampling3D": _up_sampling,
    "ZeroPadding1D": Interface(("padding",), {}, (padding_ends,)),
    "ZeroPadding2D": Interface(("padding",), _FORMAT, (padding_sides,)),
    "ZeroPadding3D": Interface(("padding",), _FORMAT),
}
"""The constructors of layers."""

ADD_WEIGHT = Interface(
    ("name", "shape"), once_positional=("shape", "name"), once_types=(tuple | list,)
)
"""`Layer.add_weight`, which took the shape first."""

GET_UPDATES = Interface(
    None,
    adapters=(drop("constraints"),),
    once_positional=("params", "constraints", "loss"),
    once_types=(list | tuple, list | tuple | dict),
)
"""`Optimizer.get_updates`, which took what constrains the weights, too."""

MODEL = Interface(None, {"input": "inputs", "output": "outputs"})
"""The constructor of `Model`."""

FIT = Interface((), {"nb_epoch": "epochs"})
"""`fit`."""

_GENERATOR = {
    "nb_epoch": "epochs",
    "nb_val_samples": "validation_steps",
    "nb_worker": "workers",
    "pickle_safe": "use_multiprocessing",
    "max_q_size": "max_queue_size",
}

FIT_GENERATOR = Interface(
    ("generator", "steps_per_epoch", "epochs"), _GENERATOR, (samples_to_steps,)
)
"""`fit_generator`."""

READ_GENERATOR = Interface(
    ("generator", "steps", "max_queue_size"),
    {"val_samples": "steps", **_GENERATOR},
    (samples_to_steps,),
)
"""`evaluate_generator` and `predict_generator`."""
