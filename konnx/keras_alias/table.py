"""What stands behind each module of Keras 2.1.6: data only."""

from __future__ import annotations

from collections.abc import Mapping

EVERYTHING = "*"
"""All public names of a module of konnx."""

OWN: Mapping[str, str] = {
    "konnx.initializers": "INITIALIZERS RandomInitializer compute_fans deferred",
    "konnx.layers": "LAYERS Operation is_operation operand operation_from_config register",
    "konnx.losses": "LOSSES binary_log_likelihood class_numbers",
    "konnx.metrics": "METRICS STATEFUL accuracy_for crossentropy_for",
    "konnx.optimizers": "OPTIMIZERS",
}
"""By module of konnx: names for konnx itself, which are none of Keras."""

_LEGACY = {
    "konnx.legacy.layers": EVERYTHING,
    "konnx.legacy.convolutional_recurrent": "ConvRecurrent2D",
    "konnx.legacy.recurrent": "Recurrent",
    "konnx.models.merging": "Merge",
}

_FUNCTIONS = {"konnx.utils.generic_utils": "func_dump func_load has_arg"}
"""Helpers that modules of Keras import, and scripts from there."""


def _same(path: str) -> Mapping[str, str]:
    return {f"konnx.{path}": EVERYTHING}


MODULES: Mapping[str, Mapping[str, str]] = {
    "": {"konnx.layers": "Input", "konnx.models": "Model Sequential"},
    "activations": _same("activations"),
    "applications": _same("applications"),
    "applications.densenet": _same("applications.densenet"),
    "applications.efficientnet": _same("applications.efficientnet"),  # as of tf.keras
    "applications.imagenet_utils": {
        "konnx.applications.imagenet_utils": EVERYTHING,
        "konnx.applications.image_shapes": "_obtain_input_shape",  # networks of users import it
    },
    "applications.inception_resnet_v2": _same("applications.inception_resnet_v2"),
    "applications.inception_v3": _same("applications.inception_v3"),
    "applications.mobilenet": {
        "konnx.applications.mobilenet": EVERYTHING,
        "konnx.activations": "relu6",  # custom objects of its files
        "konnx.layers": "DepthwiseConv2D",
    },
    "applications.mobilenet_v2": _same("applications.mobilenet_v2"),  # as of Keras 2.2
    "applications.nasnet": _same("applications.nasnet"),
    "applications.resnet": _same("applications.resnet50"),  # as of Keras 2.2
    "applications.resnet50": _same("applications.resnet50"),
    "applications.vgg16": _same("applications.vgg16"),
    "applications.vgg19": _same("applications.vgg19"),
    "applications.xception": _same("applications.xception"),
    "backend": _same("backend"),
    "backend.common": {
        "konnx.backend": "cast_to_floatx epsilon floatx image_data_format image_dim_ordering"
        " set_epsilon set_floatx set_image_data_format set_image_dim_ordering",
    },
    "callbacks": _same("callbacks"),
    "constraints": _same("constraints"),
    "datasets": _same("datasets"),
    "datasets.boston_housing": _same("datasets.boston_housing"),
    "datasets.cifar10": _same("datasets.cifar10"),
    "datasets.cifar100": _same("datasets.cifar100"),
    "datasets.fashion_mnist": _same("datasets.fashion_mnist"),
    "datasets.imdb": _same("datasets.imdb"),
    "datasets.mnist": _same("datasets.mnist"),
    "datasets.reuters": _same("datasets.reuters"),
    "engine": {"konnx.engine": EVERYTHING, "konnx.legacy.layers": "merge"},
    "engine.base_layer": {"konnx.layers": "InputSpec Layer"},  # as of Keras 2.2
    "engine.input_layer": {"konnx.layers": "Input InputLayer"},  # as of Keras 2.2
    "engine.sequential": {"konnx.models": "Sequential"},  # as of Keras 2.2
    "engine.topology": {"konnx.engine.topology": EVERYTHING, "konnx.legacy.layers": "merge"},
    "engine.training": {
        "konnx.engine.training": EVERYTHING,
        "konnx.engine.topology": "Container Layer",
        "konnx.utils": "GeneratorEnqueuer OrderedEnqueuer Progbar Sequence",
    },
    "initializers": _same("initializers"),
    "layers": {"konnx.layers": EVERYTHING, **_LEGACY, **_FUNCTIONS},
    "layers.advanced_activations": {
        "konnx.layers": "ELU InputSpec Layer LeakyReLU PReLU ReLU Softmax ThresholdedReLU",
    },
    "layers.convolutional": {
        "konnx.layers": "AveragePooling1D AveragePooling2D AveragePooling3D Conv1D Conv2D"
        " Conv2DTranspose Conv3D Conv3DTranspose Convolution1D Convolution2D"
        " Convolution2DTranspose Convolution3D Cropping1D Cropping2D Cropping3D Deconv2D Deconv3D"
        " Deconvolution2D"
        " Deconvolution3D DepthwiseConv2D InputSpec Layer MaxPooling1D MaxPooling2D MaxPooling3D"
        " SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D"
        " UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D",
        "konnx.legacy.layers": "AtrousConv1D AtrousConv2D AtrousConvolution1D AtrousConvolution2D",
    },
    "layers.convolutional_recurrent": {
        "konnx.layers": "ConvLSTM2D ConvLSTM2DCell ConvRNN2D InputSpec Layer RNN",
        "konnx.legacy.convolutional_recurrent": "ConvRecurrent2D",
        "konnx.legacy.recurrent": "Recurrent",
        "konnx.utils.generic_utils": "has_arg",
    },
    "layers.core": {
        "konnx.layers": "Activation ActivityRegularization Dense Dropout Flatten Input InputSpec"
        " Lambda Layer Masking Permute RepeatVector Reshape SpatialDropout1D SpatialDropout2D"
        " SpatialDropout3D",
        "konnx.legacy.layers": "Highway MaxoutDense",
        "konnx.models.merging": "Merge",
        **_FUNCTIONS,
    },
    "layers.cudnn_recurrent": {"konnx.layers": "CuDNNGRU CuDNNLSTM InputSpec RNN"},
    "layers.embeddings": {"konnx.layers": "Embedding Layer"},
    "layers.local": {"konnx.layers": "InputSpec Layer LocallyConnected1D LocallyConnected2D"},
    "layers.merge": {
        "konnx.layers": "Add Average Concatenate Dot Layer Maximum Minimum Multiply Subtract add"
        " average concatenate dot maximum minimum multiply subtract",
        "konnx.layers.merge": "_Merge",  # which layers of users extend
    },
    "layers.noise": {"konnx.layers": "AlphaDropout GaussianDropout GaussianNoise Layer"},
    "layers.normalization": {"konnx.layers": "BatchNormalization InputSpec Layer"},
    "layers.pooling": {
        "konnx.layers": "AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D"
        " AvgPool3D GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D"
        " GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D"
        " GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D MaxPool1D"
        " MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D InputSpec Layer",
    },
    "layers.recurrent": {
        "konnx.layers": "GRU GRUCell InputSpec LSTM LSTMCell Layer RNN SimpleRNN SimpleRNNCell"
        " StackedRNNCells",
        "konnx.legacy.recurrent": "Recurrent",
        "konnx.utils.generic_utils": "has_arg",
    },
    "layers.wrappers": {
        "konnx.layers": "Bidirectional InputSpec Layer TimeDistributed Wrapper",
        "konnx.utils.generic_utils": "has_arg",
    },
    "legacy": {"konnx.legacy": ""},
    "legacy.layers": {**_LEGACY, "konnx.layers": "InputSpec Layer", **_FUNCTIONS},
    "losses": _same("losses"),
    "metrics": _same("metrics"),
    "models": {"konnx.models": EVERYTHING, "konnx.layers": "Input InputLayer Layer"},
    "objectives": _same("losses"),
    "optimizers": _same("optimizers"),
    "preprocessing": _same("preprocessing"),
    "preprocessing.image": _same("preprocessing.image"),
    "preprocessing.sequence": _same("preprocessing.sequence"),
    "preprocessing.text": _same("preprocessing.text"),
    "regularizers": _same("regularizers"),
    "utils": _same("utils"),
    "utils.conv_utils": _same("utils.conv_utils"),
    "utils.data_utils": _same("utils.data_utils"),
    "utils.generic_utils": {
        "konnx.utils.generic_utils": EVERYTHING,
        "konnx.utils": "CustomObjectScope Progbar custom_object_scope get_custom_objects",
    },
    "utils.io_utils": _same("utils.io_utils"),
    "utils.layer_utils": _same("utils.layer_utils"),
    "utils.multi_gpu_utils": {"konnx.utils": "multi_gpu_model"},  # as of Keras 2.2
    "utils.np_utils": _same("utils.np_utils"),
    "utils.training_utils": {"konnx.utils": "multi_gpu_model"},
    "utils.vis_utils": _same("utils.vis_utils"),
    "wrappers": {"konnx.wrappers": ""},
    "wrappers.scikit_learn": _same("wrappers.scikit_learn"),
}
"""By module of Keras, without "keras." before it: modules of konnx, and which of their names.

The first one that has a name counts; modules that this konnx lacks are passed over, unless all are.
"""

_OTHER_ENGINE = "konnx computes with ONNX Runtime; what engines share is in `keras.backend`."

_TEXTS = (
    "ONNX has no operators to take texts apart or to hash them. Prepare them before, and give the "
    "words to `StringLookup`, or whole numbers to the model."
)

ABSENT: Mapping[str, str] = {
    "backend.cntk_backend": _OTHER_ENGINE,
    "backend.get_session": "konnx has no sessions of TensorFlow; see `konnx.runtime`.",
    "backend.set_session": "konnx has no sessions of TensorFlow; see `konnx.runtime`.",
    "backend.tensorflow_backend": _OTHER_ENGINE,
    "backend.theano_backend": _OTHER_ENGINE,
    "layers.HashedCrossing": _TEXTS,
    "layers.Hashing": _TEXTS,
    "layers.TextVectorization": _TEXTS,
}
"""Why what Keras has is not here, where that needs saying."""
