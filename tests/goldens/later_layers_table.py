"""Layers that Keras 2.1 lacks: for each class, arguments and the shapes of inputs.

Shapes are without the batch, of which there are BATCH samples. "call" holds arguments of the call.
"""

from __future__ import annotations

from typing import Any

BATCH = 2
KERAS_3 = {
    "GroupedQueryAttention", "MelSpectrogram", "RMSNormalization", "ReversibleEmbedding",
    "STFTSpectrogram",
}  # fmt: skip
"""Those that only Keras 3 has; and so it is with the arguments in ONLY_KERAS_3."""
ONLY_KERAS_3 = {"rms_scaling", "sliding_window", "use_gate", "pad_to_aspect_ratio", "antialias"}
WHOLE = {"CategoryEncoding": 4, "ReversibleEmbedding": 4}
"""The layers of whole numbers, and below what the numbers are."""
UNTRAINED = {"CategoryEncoding", "Discretization", "ReversibleEmbedding"}
"""Those without gradients of some input or weight; TensorFlow has none of resizing by "area"."""

Configurations = list[tuple[dict[str, Any], tuple[Any, ...]]]

L2: dict[str, Any] = {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.1}}
FIRST = {"data_format": "channels_first"}
PAIR, TRIPLE, WIDE = ((3, 4), (5, 4)), ((3, 4), (5, 2), (5, 4)), ((2, 3, 4), (2, 5, 4))
CAUSAL = {"call": {"use_causal_mask": True}}
BACK = {"call": {"reverse": True}}
SCORES = {"call": {"return_attention_scores": True}}

LAYERS: dict[str, Configurations] = {
    "LayerNormalization": [
        ({"rms_scaling": True}, (3, 4)),
        ({"rms_scaling": True, "axis": [1, 2]}, (3, 4)),
        ({"rms_scaling": True, "scale": False}, (4,)),
        ({"axis": [1, 3], "center": False}, (3, 2, 4)),
    ],
    "GroupNormalization": [
        ({"groups": 2}, (3, 4)),
        ({"groups": -1}, (3, 3, 2)),
        ({"groups": 2, "axis": 1, "epsilon": 0.1}, (4, 3)),
        ({"groups": 1, "center": False, "scale": False}, (6,)),
        ({"groups": 3, "gamma_regularizer": L2, "beta_constraint": "non_neg"}, (2, 3, 6)),
    ],
    "UnitNormalization": [
        ({}, (4,)), ({}, (3, 4)), ({"axis": 1}, (3, 4)), ({"axis": [1, 2]}, (3, 4)),
    ],
    "EinsumDense": [
        ({"equation": "ab,bc->ac", "output_shape": 3, "bias_axes": "c"}, (4,)),
        ({"equation": "abc,cd->abd", "output_shape": [None, 3], "activation": "relu"}, (2, 4)),
        ({"equation": "...x,xy->...y", "output_shape": 3, "bias_axes": "y"}, (2, 3, 4)),
        ({"equation": "abc,cde->abde", "output_shape": [None, 2, 3], "bias_axes": "de"}, (2, 4)),
        ({"equation": "abcd,cde->abe", "output_shape": [None, 2], "bias_axes": "e",
          "kernel_regularizer": L2}, (2, 3, 4)),
        ({"equation": "abc,bd->adc", "output_shape": [5, None], "bias_axes": "d"}, (2, 3)),
    ],
    "MultiHeadAttention": [
        ({"num_heads": 2, "key_dim": 3}, PAIR),
        ({"num_heads": 1, "key_dim": 2, "value_dim": 3, "use_bias": False}, TRIPLE),
        ({"num_heads": 2, "key_dim": 3, "output_shape": [2, 3], **CAUSAL}, PAIR),
        ({"num_heads": 2, "key_dim": 2, "kernel_regularizer": L2, "bias_constraint": "non_neg"},
         PAIR),
        ({"num_heads": 2, "key_dim": 3, **SCORES}, PAIR),
        ({"num_heads": 2, "key_dim": 3, "attention_axes": [2]}, WIDE),
        ({"num_heads": 2, "key_dim": 3, **SCORES}, WIDE),
        ({"num_heads": 2, "key_dim": 3, "use_gate": True}, PAIR),
        ({"num_heads": 2, "key_dim": 3, "sliding_window": 2, **CAUSAL}, PAIR),
    ],
    "GroupedQueryAttention": [
        ({"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}, PAIR),
        ({"head_dim": 2, "num_query_heads": 2, "num_key_value_heads": 1, "use_bias": False},
         TRIPLE),
        ({"head_dim": 2, "num_query_heads": 2, "num_key_value_heads": 2, **CAUSAL}, PAIR),
        ({"head_dim": 2, "num_query_heads": 4, "num_key_value_heads": 2, "use_gate": True,
          **SCORES}, PAIR),
    ],
    "Attention": [
        ({}, PAIR),
        ({"use_scale": True}, ((3, 4), (5, 2), (5, 4))),
        ({"score_mode": "concat", **SCORES}, PAIR),
        ({"use_scale": True, "score_mode": "concat", **CAUSAL}, PAIR),
    ],
    "AdditiveAttention": [
        ({}, PAIR), ({"use_scale": False}, PAIR), (CAUSAL, PAIR), (SCORES, PAIR),
    ],
    "Rescaling": [
        ({"scale": 0.5}, (3,)), ({"scale": 2.0, "offset": -1.0}, (3, 4)),
        ({"scale": [0.5, 2.0], "offset": [1.0, 0.0]}, (3, 2)), ({"scale": 0.1, "offset": 1}, (4,)),
    ],
    "Normalization": [
        ({}, (3,)), ({"axis": None}, (3, 2)), ({"axis": [1, 2]}, (3, 2)),
        ({"mean": 0.5, "variance": 4.0}, (3,)),
        ({"mean": [0.5, 1.0], "variance": [4.0, 0.1], "invert": True}, (3, 2)),
        ({"axis": 1, "invert": True}, (3, 2)),
    ],
    "Resizing": [
        *(({"height": height, "width": width, "interpolation": kind}, (5, 6, 2))
          for kind in ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5",
                       "gaussian", "mitchellcubic")
          for height, width in ((3, 8), (7, 4))),
        ({"height": 4, "width": 4, "crop_to_aspect_ratio": True}, (5, 8, 2)),
        ({"height": 4, "width": 4, "pad_to_aspect_ratio": True, "fill_value": 0.5}, (5, 8, 2)),
        ({"height": 3, "width": 2, "antialias": True}, (5, 6, 2)),
        ({"height": 3, "width": 2, "antialias": True, "interpolation": "bicubic"}, (5, 6, 2)),
    ],
    "CenterCrop": [
        ({"height": 3, "width": 4}, (5, 6, 2)), ({"height": 2, "width": 2}, (5, 5, 1)),
        ({"height": 8, "width": 4}, (5, 6, 2)), ({"height": 5, "width": 9}, (5, 6, 2)),
    ],
    "CategoryEncoding": [
        ({"num_tokens": 4}, (3,)), ({"num_tokens": 4, "output_mode": "count"}, (3,)),
        ({"num_tokens": 4, "output_mode": "one_hot"}, (1,)), ({"num_tokens": 6}, (2,)),
        ({"num_tokens": 4, "output_mode": "count", "call": "weights"}, ((3,), (3,))),
    ],
    "Discretization": [
        ({"bin_boundaries": [-0.5, 0.0, 0.5]}, (3,)),
        ({"bin_boundaries": [0.0]}, (3, 2)),
        ({"bin_boundaries": [-0.5, 0.0, 0.5], "output_mode": "one_hot"}, (1,)),
        ({"bin_boundaries": [-0.5, 0.0, 0.5], "output_mode": "multi_hot"}, (3,)),
        ({"bin_boundaries": [-0.5, 0.0, 0.5], "output_mode": "count"}, (3,)),
    ],
    "Conv1DTranspose": [
        ({"filters": 2, "kernel_size": 3}, (5, 2)),
        ({"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"}, (5, 3)),
        ({"filters": 1, "kernel_size": 2, "strides": 3, "use_bias": False}, (4, 2)),
        ({"filters": 2, "kernel_size": 3, "strides": 2, "output_padding": 1,
          "activation": "tanh"}, (5, 2)),
    ],
    "DepthwiseConv1D": [
        ({"kernel_size": 3}, (6, 2)),
        ({"kernel_size": 3, "strides": 2, "padding": "same", "depth_multiplier": 2}, (6, 2)),
        ({"kernel_size": 2, "use_bias": False, "activation": "relu"}, (6, 3)),
        ({"kernel_size": 2, "depthwise_regularizer": L2, "dilation_rate": 2}, (6, 2)),
    ],
    "RMSNormalization": [
        ({}, (3, 4)), ({"axis": 1, "epsilon": 0.1}, (4,)), ({"axis": [2, 1]}, (3, 4)),
        ({"axis": [-1]}, (2, 3, 4)),
    ],
    "STFTSpectrogram": [
        *(({"mode": mode, "frame_length": 6, "frame_step": 3}, (14, 2))
          for mode in ("log", "magnitude", "psd", "real", "imag", "angle", "stft")),
        ({"frame_length": 6, "fft_length": 10, "padding": "same", "expand_dims": True}, (14, 2)),
        ({"frame_length": 8, "expand_dims": True, **FIRST}, (2, 14)),
        ({"frame_length": 8, "mode": "psd", **FIRST}, (2, 14)),
    ],
    "MelSpectrogram": [
        ({"fft_length": 16, "sequence_stride": 6, "num_mel_bins": 3}, (40,)),
        ({"fft_length": 16, "sequence_stride": 6, "num_mel_bins": 3, "mag_exp": 1.0}, (40,)),
        ({"fft_length": 16, "sequence_stride": 6, "num_mel_bins": 3, "sequence_length": 11,
          "window": "hamming", "top_db": 5.0, "ref_power": 2.0}, (40,)),
        ({"fft_length": 16, "sequence_stride": 8, "num_mel_bins": 2, "power_to_db": False,
          "mag_exp": 1.0, "window": None, "min_freq": 50.0, "max_freq": 4000}, (40,)),
    ],
    "ReversibleEmbedding": [
        ({"input_dim": 4, "output_dim": 3}, (2,)),
        ({"input_dim": 4, "output_dim": 3, "embeddings_regularizer": L2, **BACK}, (3,)),
        ({"input_dim": 4, "output_dim": 3, "tie_weights": False, **BACK}, (2, 3)),
        ({"input_dim": 4, "output_dim": 3, "logit_soft_cap": 2.0, **BACK}, (2, 3)),
    ],
}  # fmt: skip
