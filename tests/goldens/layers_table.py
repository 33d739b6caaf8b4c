"""The layers of the golden suite: for each class, arguments and the shapes of inputs.

Shapes are without the batch, of which there are BATCH samples. Arguments are those of Keras 2.1,
and of later versions where only they have the layer.
"""

from __future__ import annotations

from typing import Any

BATCH = 2
RANDOM = {
    "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D",
    "SpatialDropout2D", "SpatialDropout3D",
}  # fmt: skip
"""Their training draws numbers of its own; only inference is compared."""

Shapes = tuple[Any, ...]
Configurations = list[tuple[dict[str, Any], Shapes]]

FIRST = {"data_format": "channels_first"}
SAME = {"padding": "same"}
L2: dict[str, Any] = {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.1}}
PENALTIES: dict[str, Any] = {
    "kernel_regularizer": L2,
    "bias_regularizer": {"class_name": "L1L2", "config": {"l1": 0.1, "l2": 0.0}},
    "activity_regularizer": L2,
}
BOUNDS: dict[str, Any] = {"kernel_constraint": "unit_norm", "bias_constraint": "non_neg"}
SEQUENCE, IMAGE, VOLUME = (7, 2), (5, 6, 2), (4, 5, 3, 2)
FEW = {"filters": 2}

CORE: dict[str, Configurations] = {
    "Dense": [
        ({"units": 3}, (4,)),
        ({"units": 3, "activation": "tanh"}, (3, 4)),
        ({"units": 2, "use_bias": False, "kernel_constraint": "max_norm"}, (4,)),
        ({"units": 2, "activation": "sigmoid", **PENALTIES}, (4,)),
        ({"units": 2, "activation": "softmax", **BOUNDS}, (4,)),
    ],
    "Activation": [
        ({"activation": name}, (2, 5))
        for name in ("relu", "elu", "selu", "softplus", "softsign", "hard_sigmoid", "softmax")
    ],
    "ActivityRegularization": [
        ({}, (3,)),
        ({"l1": 0.1}, (3,)),
        ({"l2": 0.2}, (3, 2)),
        ({"l1": 0.1, "l2": 0.3}, (3, 2)),
    ],
    "Flatten": [({}, (3,)), ({}, (2, 3)), ({}, (2, 3, 2)), (FIRST, (2, 3, 2)), (FIRST, (2, 3))],
    "Reshape": [
        ({"target_shape": [6]}, (2, 3)),
        ({"target_shape": [3, 2]}, (6,)),
        ({"target_shape": [-1, 2]}, (2, 3)),
        ({"target_shape": [1, -1, 3]}, (2, 3)),
    ],
    "Permute": [
        ({"dims": [2, 1]}, (2, 3)),
        ({"dims": [1, 2]}, (2, 3)),
        ({"dims": [3, 1, 2]}, (2, 3, 2)),
        ({"dims": [1, 3, 2]}, (2, 3, 2)),
    ],
    "RepeatVector": [({"n": n}, (size,)) for n, size in ((1, 3), (2, 1), (3, 2), (4, 3))],
    "Dropout": [
        ({"rate": 0.5}, (3,)),
        ({"rate": 0.2, "seed": 1}, (2, 3)),
        ({"rate": 0.5, "noise_shape": [2, 1]}, (3,)),
        ({"rate": 0.0}, (3,)),
    ],
    "SpatialDropout1D": [({"rate": rate}, shape) for rate, shape in (
        (0.5, (3, 2)), (0.2, (1, 2)), (0.0, (3, 2)), (0.9, (2, 3)),
    )],
    "SpatialDropout2D": [({"rate": 0.5, **more}, shape) for more, shape in (
        ({}, (2, 3, 2)), (FIRST, (2, 3, 2)), ({"rate": 0.1}, (1, 1, 3)), ({"rate": 0.0}, (2, 2, 2)),
    )],
    "SpatialDropout3D": [({"rate": 0.5, **more}, (2, 3, 2, 2)) for more in (
        {}, FIRST, {"rate": 0.1}, {"rate": 0.0},
    )],
}  # fmt: skip

CONVOLUTION: dict[str, Configurations] = {
    "Conv1D": [
        ({**FEW, "kernel_size": 3}, SEQUENCE),
        ({**FEW, "kernel_size": 3, "strides": 2, **SAME}, SEQUENCE),
        ({**FEW, "kernel_size": 2, "padding": "causal", "dilation_rate": 3}, SEQUENCE),
        ({**FEW, "kernel_size": 2, "activation": "tanh", **PENALTIES}, SEQUENCE),
        ({**FEW, "kernel_size": 2, "use_bias": False, **FIRST}, (2, 7)),
    ],
    "Conv2D": [
        ({**FEW, "kernel_size": [3, 2]}, IMAGE),
        ({**FEW, "kernel_size": 3, "strides": [2, 2], **SAME}, IMAGE),
        ({**FEW, "kernel_size": 2, "dilation_rate": [2, 1], "activation": "relu"}, IMAGE),
        ({**FEW, "kernel_size": 2, **BOUNDS}, IMAGE),
        ({**FEW, "kernel_size": 2, "strides": 2, **SAME, **FIRST}, (2, 5, 6)),
    ],
    "Conv3D": [
        ({**FEW, "kernel_size": [2, 3, 2]}, VOLUME),
        ({**FEW, "kernel_size": 2, "strides": [2, 1, 2], **SAME}, VOLUME),
        ({**FEW, "kernel_size": 2, "use_bias": False, "activation": "sigmoid"}, VOLUME),
        ({**FEW, "kernel_size": [1, 2, 1], **PENALTIES}, VOLUME),
        ({**FEW, "kernel_size": 2, "strides": 2, **SAME, **FIRST}, (2, 4, 5, 3)),
    ],
    "Conv2DTranspose": [
        ({**FEW, "kernel_size": [3, 2]}, (3, 4, 2)),
        ({**FEW, "kernel_size": 3, "strides": 2}, (3, 4, 2)),
        ({**FEW, "kernel_size": 3, "strides": [2, 3], **SAME, "activation": "tanh"}, (3, 4, 2)),
        ({**FEW, "kernel_size": 2, "strides": 3, "use_bias": False}, (2, 3, 2)),
        ({**FEW, "kernel_size": 3, "strides": 2, **SAME, "output_padding": 1}, (3, 2, 2)),
        ({**FEW, "kernel_size": 3, "strides": 3, "output_padding": [2, 0]}, (3, 2, 2)),
        ({**FEW, "kernel_size": 2, "dilation_rate": 2, **SAME}, (3, 4, 2)),
        ({**FEW, "kernel_size": 3, "strides": 2, **SAME, **FIRST, **PENALTIES}, (2, 3, 4)),
    ],
    "Conv3DTranspose": [
        ({**FEW, "kernel_size": [2, 3, 2]}, (2, 3, 2, 2)),
        ({**FEW, "kernel_size": 3, "strides": [2, 1, 2]}, (2, 2, 2, 2)),
        ({**FEW, "kernel_size": 2, "strides": 2, **SAME, "activation": "relu"}, (2, 2, 2, 2)),
        ({**FEW, "kernel_size": 2, "strides": [1, 2, 1], **SAME, **FIRST}, (2, 2, 3, 2)),
    ],
    "DepthwiseConv2D": [
        ({"kernel_size": 3}, IMAGE),
        ({"kernel_size": [2, 3], "depth_multiplier": 2, **SAME}, IMAGE),
        ({"kernel_size": 2, "strides": 2, "use_bias": False, "activation": "tanh"}, IMAGE),
        ({"kernel_size": 3, "strides": 2, **SAME, "depthwise_regularizer": L2, **FIRST}, (2, 5, 6)),
    ],
    "SeparableConv1D": [
        ({**FEW, "kernel_size": 3}, SEQUENCE),
        ({**FEW, "kernel_size": 3, "strides": 2, **SAME, "depth_multiplier": 2}, SEQUENCE),
        ({**FEW, "kernel_size": 2, "dilation_rate": 2, "use_bias": False}, SEQUENCE),
        ({**FEW, "kernel_size": 2, "activation": "relu", "pointwise_regularizer": L2}, SEQUENCE),
        ({**FEW, "kernel_size": 2, "padding": "causal"}, SEQUENCE),
        ({**FEW, "kernel_size": 2, **SAME, **FIRST}, (2, 7)),
    ],
    "SeparableConv2D": [
        ({**FEW, "kernel_size": [3, 2]}, IMAGE),
        ({**FEW, "kernel_size": 3, "strides": 2, **SAME, "depth_multiplier": 2}, IMAGE),
        ({**FEW, "kernel_size": 2, "dilation_rate": 2, "use_bias": False}, IMAGE),
        ({**FEW, "kernel_size": 2, "activation": "sigmoid", "depthwise_regularizer": L2}, IMAGE),
        ({**FEW, "kernel_size": 2, **SAME, **FIRST}, (2, 5, 6)),
    ],
    "LocallyConnected1D": [
        ({**FEW, "kernel_size": 3}, SEQUENCE),
        ({**FEW, "kernel_size": 3, "strides": 2, "activation": "tanh"}, SEQUENCE),
        ({**FEW, "kernel_size": 2, "use_bias": False, "kernel_regularizer": L2}, SEQUENCE),
        ({**FEW, "kernel_size": 2, **FIRST}, (2, 7)),
    ],
    "LocallyConnected2D": [
        ({**FEW, "kernel_size": [3, 2]}, (4, 5, 2)),
        ({**FEW, "kernel_size": 2, "strides": [1, 2], "activation": "tanh"}, (4, 5, 2)),
        ({**FEW, "kernel_size": 3, "use_bias": False, **BOUNDS}, (4, 5, 2)),
        ({**FEW, "kernel_size": [2, 3], **FIRST}, (2, 4, 5)),
        ({"filters": 3, "kernel_size": 2, "strides": 2, **FIRST, **PENALTIES}, (2, 4, 5)),
    ],
    "ZeroPadding1D": [({}, (3, 2)), *[({"padding": p}, (3, 2)) for p in (2, [0, 1], [3, 2])]],
    "ZeroPadding2D": [
        ({}, (2, 3, 2)),
        ({"padding": 2}, (2, 3, 2)),
        ({"padding": [[1, 0], [0, 2]]}, (2, 3, 2)),
        ({"padding": [1, 2], **FIRST}, (2, 3, 2)),
    ],
    "ZeroPadding3D": [
        ({}, (2, 3, 2, 1)),
        ({"padding": [0, 2, 1]}, (2, 1, 2, 2)),
        ({"padding": [[1, 0], [0, 2], [1, 1]]}, (2, 1, 2, 2)),
        ({"padding": [[1, 0], [0, 2], [0, 1]], **FIRST}, (2, 1, 2, 2)),
    ],
    "Cropping1D": [({}, (5, 2)), *[({"cropping": c}, (6, 2)) for c in (2, [0, 1], [3, 2])]],
    "Cropping2D": [
        ({}, (3, 4, 2)),
        ({"cropping": 1}, (4, 5, 2)),
        ({"cropping": [[1, 0], [0, 2]]}, (4, 5, 2)),
        ({"cropping": [1, 2], **FIRST}, (2, 4, 5)),
    ],
    "Cropping3D": [
        ({}, (3, 4, 3, 2)),
        ({"cropping": [0, 1, 1]}, (2, 3, 4, 2)),
        ({"cropping": [[1, 0], [0, 2], [1, 1]]}, (2, 3, 4, 2)),
        ({"cropping": [[1, 0], [0, 2], [0, 1]], **FIRST}, (2, 3, 4, 2)),
    ],
    "UpSampling1D": [({}, (3, 2)), *[({"size": n}, (3, 2)) for n in (1, 3, 4)]],
    "UpSampling2D": [
        ({}, (2, 3, 2)),
        ({"size": [1, 3]}, (2, 3, 2)),
        ({"size": 2, **FIRST}, (2, 2, 3)),
        ({"interpolation": "bilinear"}, (2, 3, 2)),
        ({"size": [3, 2], "interpolation": "bilinear", **FIRST}, (2, 3, 2)),
    ],
    "UpSampling3D": [
        ({}, (2, 1, 2, 2)),
        ({"size": [1, 3, 2]}, (2, 1, 2, 2)),
        ({"size": 1}, (2, 1, 2, 2)),
        ({"size": [2, 1, 3], **FIRST}, (2, 2, 2, 1)),
    ],
}

POOLS = ("MaxPooling", "AveragePooling")
POOLING: dict[str, Configurations] = {
    **{f"{kind}1D": [
        ({}, SEQUENCE),
        ({"pool_size": 3, "strides": 1}, SEQUENCE),
        ({"pool_size": 3, "strides": 2, **SAME}, SEQUENCE),
        ({"pool_size": 2, **SAME}, SEQUENCE),
    ] for kind in POOLS},
    **{f"{kind}2D": [
        ({}, IMAGE),
        ({"pool_size": [3, 2], "strides": 1}, IMAGE),
        ({"pool_size": 3, "strides": [2, 1], **SAME}, IMAGE),
        ({"pool_size": 3, "strides": 2, **SAME, **FIRST}, (2, 5, 6)),
    ] for kind in POOLS},
    **{f"{kind}3D": [
        ({}, VOLUME),
        ({"pool_size": [2, 3, 1], "strides": 1}, VOLUME),
        ({"pool_size": 3, "strides": 2, **SAME}, VOLUME),
        ({"pool_size": 2, "strides": [1, 2, 2], **SAME, **FIRST}, (2, 4, 5, 3)),
    ] for kind in POOLS},
    **{f"Global{kind}1D": [
        ({}, (3, 2)), ({}, (1, 4)), ({"keepdims": True}, (3, 2)), (FIRST, (3, 2)),
    ] for kind in POOLS},
    **{f"Global{kind}2D": [
        ({}, (3, 2, 2)), (FIRST, (3, 2, 2)), ({"keepdims": True}, (3, 2, 2)),
        ({"keepdims": True, **FIRST}, (3, 2, 2)),
    ] for kind in POOLS},
    **{f"Global{kind}3D": [
        ({}, (3, 2, 2, 2)), (FIRST, (3, 2, 2, 2)), ({"keepdims": True}, (3, 2, 2, 2)),
        ({"keepdims": True, **FIRST}, (3, 2, 2, 2)),
    ] for kind in POOLS},
}  # fmt: skip

TWO, THREE = ((3, 2), (3, 2)), ((3, 2), (3, 2), (3, 2))
MERGE: dict[str, Configurations] = {
    **{
        name: [({}, TWO), ({}, THREE), ({}, ((3, 2), (1, 2))), ({}, ((2, 3), (3,)))]
        for name in ("Add", "Multiply", "Average", "Maximum", "Minimum")
    },
    "Subtract": [({}, TWO), ({}, ((4,), (4,))), ({}, ((3, 2), (1, 2))), ({}, ((2, 3), (3,)))],
    "Concatenate": [
        ({}, TWO),
        ({"axis": 1}, ((3, 2), (1, 2))),
        ({"axis": -1}, ((3, 2), (3, 1), (3, 3))),
        ({"axis": 2}, ((2, 1, 3), (2, 2, 3))),
    ],
    "Dot": [
        ({"axes": 1}, ((4,), (4,))),
        ({"axes": -1, "normalize": True}, ((4,), (4,))),
        ({"axes": [2, 1]}, ((3, 4), (4, 2))),
        ({"axes": 2, "normalize": True}, ((3, 4), (2, 4))),
        ({"axes": [1, 2]}, ((4, 3), (2, 4))),
        ({"axes": 1}, ((3, 4), (3,))),
    ],
}

OTHER: dict[str, Configurations] = {
    "LeakyReLU": [({}, (5,)), *[({"alpha": slope}, (2, 3)) for slope in (0.0, 0.1, 1.5)]],
    "PReLU": [
        ({}, (4,)),
        ({"shared_axes": [1]}, (3, 2)),
        ({"shared_axes": [1, 2]}, (2, 3, 2)),
        ({"alpha_regularizer": L2, "alpha_constraint": "non_neg"}, (2, 3)),
    ],
    "ELU": [({}, (5,)), *[({"alpha": bound}, (2, 3)) for bound in (0.1, 0.5, 2.0)]],
    "ThresholdedReLU": [({}, (5,)), *[({"theta": t}, (2, 3)) for t in (0.0, 0.3, 0.7)]],
    "Softmax": [({}, (5,)), *[({"axis": axis}, (3, 2)) for axis in (1, -1, [1, 2])]],
    "ReLU": [
        ({}, (5,)),
        ({"max_value": 0.5}, (2, 3)),
        ({"negative_slope": 0.2, "max_value": 0.4}, (2, 3)),
        ({"threshold": 0.3}, (2, 3)),
        ({"threshold": 0.2, "negative_slope": 0.1, "max_value": 0.6}, (2, 6)),
    ],
    "BatchNormalization": [
        ({}, (4,)),
        ({"momentum": 0.7, "epsilon": 0.01}, (3, 2)),
        ({"axis": 1}, (2, 3, 2)),
        ({"axis": 2, "scale": False}, (2, 3, 2)),
        ({"center": False}, (2, 2, 3)),
        ({"center": False, "scale": False, "axis": 1}, (3, 2)),
        ({"gamma_regularizer": L2, "beta_regularizer": L2, "beta_constraint": "non_neg",
          "gamma_constraint": "max_norm"}, (3,)),
        ({}, (2, 2, 1, 2)),
    ],
    "LayerNormalization": [
        ({}, (4,)),
        ({"axis": 1}, (3, 2)),
        ({"axis": [1, 2], "epsilon": 0.1}, (3, 2)),
        ({"axis": [1, 3]}, (2, 3, 2)),
        ({"center": False}, (3, 2)),
        ({"scale": False, "beta_regularizer": L2}, (3, 2)),
    ],
    "GaussianNoise": [({"stddev": s}, (3,)) for s in (0.0, 0.1, 1.0, 3.0)],
    "GaussianDropout": [({"rate": r}, (3,)) for r in (0.0, 0.1, 0.5, 0.9)],
    "AlphaDropout": [
        ({"rate": 0.0}, (3,)),
        ({"rate": 0.1}, (3, 2)),
        ({"rate": 0.5, "noise_shape": [2, 1]}, (3,)),
        ({"rate": 0.5, "seed": 1}, (3,)),
    ],
}  # fmt: skip

# At the end, as the cases before have their numbers.
LATER: dict[str, Configurations] = {
    "Embedding": [
        ({"input_dim": 6, "output_dim": 3}, (4,)),
        ({"input_dim": 6, "output_dim": 2, "mask_zero": True, "input_length": 4}, (4,)),
        ({"input_dim": 5, "output_dim": 2, "embeddings_regularizer": L2}, (3, 2)),
        ({"input_dim": 5, "output_dim": 3, "embeddings_constraint": "unit_norm"}, (1,)),
    ],
    "Masking": [
        ({}, (4, 3)),
        ({"mask_value": 1.0}, (4, 3)),
        ({"mask_value": -0.5}, (2, 3)),
        ({}, (2, 3, 2)),
    ],
    "Lambda": [
        ({"function": "waves"}, (5,)),
        ({"function": "scaled", "arguments": {"by": -1.5}}, (3, 2)),
        ({"function": "mean_of_steps", "output_shape": [3]}, (4, 3)),
        ({"function": "with_negative"}, (2, 3)),
    ],
}
LAMBDAS: dict[str, Any] = {
    "waves": lambda backend, x: backend.sin(x) * x,
    "scaled": lambda backend, x, by: backend.square(x) * by,
    "mean_of_steps": lambda backend, x: backend.mean(x, axis=1),
    "with_negative": lambda backend, x: backend.concatenate([x, -x], axis=-1),
}
"""The functions of Lambda layers, of a Keras backend and the input."""

LAYERS = {**CORE, **CONVOLUTION, **POOLING, **MERGE, **OTHER, **LATER}
