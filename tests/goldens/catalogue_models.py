"""Models of many layers each, one after the other, over sequences, images and volumes."""

from __future__ import annotations

from typing import Any

import tf_keras
from tf_keras import layers as kl


def of_sequences() -> Any:
    """Return a model of layers of sequences."""
    x = tf_keras.Input((12, 4), name="steps")
    y = kl.SeparableConv1D(6, 3, padding="same", depth_multiplier=2, name="separable_conv1d_1")(x)
    y = kl.PReLU(name="p_re_lu_1")(kl.MaxPooling1D(2, name="max_pooling1d_1")(y))
    y = kl.LocallyConnected1D(5, 2, name="locally_connected1d_1")(y)
    y = kl.UpSampling1D(2, name="up_sampling1d_1")(kl.ELU(0.5, name="elu_1")(y))
    y = kl.ZeroPadding1D((1, 2), name="zero_padding1d_1")(y)
    y = kl.Cropping1D((0, 1), name="cropping1d_1")(y)
    y = kl.AveragePooling1D(3, 2, name="average_pooling1d_1")(y)
    y = kl.LayerNormalization(name="layer_normalization_1")(y)
    y = kl.SpatialDropout1D(0.5, name="spatial_dropout1d_1")(y)
    best = kl.GlobalMaxPooling1D(name="global_max_pooling1d_1")(y)
    mean = kl.GlobalAveragePooling1D(name="global_average_pooling1d_1")(y)
    pair = [best, mean]
    merged = [
        kl.Subtract(name="subtract_1")(pair),
        kl.Average(name="average_1")(pair),
        kl.Maximum(name="maximum_1")(pair),
        kl.Minimum(name="minimum_1")(pair),
        kl.Dot(1, normalize=True, name="dot_1")(pair),
    ]
    return tf_keras.Model(x, kl.Concatenate(name="concatenate_1")(merged), name="model_1")


def of_images() -> Any:
    """Return a model of layers of images."""
    x = tf_keras.Input((6, 6, 2), name="image")
    y = kl.Conv2DTranspose(4, 3, strides=2, padding="same", name="conv2d_transpose_1")(x)
    y = kl.LeakyReLU(0.2, name="leaky_re_lu_1")(y)
    y = kl.Cropping2D(((1, 2), (3, 0)), name="cropping2d_1")(y)
    y = kl.DepthwiseConv2D(3, strides=2, name="depthwise_conv2d_1")(y)
    y = kl.PReLU(shared_axes=[1, 2], name="p_re_lu_1")(y)
    y = kl.UpSampling2D((2, 1), interpolation="bilinear", name="up_sampling2d_1")(y)
    y = kl.LocallyConnected2D(3, (3, 2), name="locally_connected2d_1")(y)
    y = kl.ThresholdedReLU(0.1, name="thresholded_re_lu_1")(y)
    y = kl.GaussianNoise(0.1, name="gaussian_noise_1")(y)
    y = kl.GaussianDropout(0.5, name="gaussian_dropout_1")(y)
    y = kl.AlphaDropout(0.5, name="alpha_dropout_1")(y)
    y = kl.SpatialDropout2D(0.5, name="spatial_dropout2d_1")(y)
    y = kl.ActivityRegularization(0.1, 0.1, name="activity_regularization_1")(y)
    y = kl.ReLU(3.0, 0.1, 0.2, name="re_lu_1")(y)
    return tf_keras.Model(x, kl.Softmax(-1, name="softmax_1")(y), name="model_1")


def of_volumes() -> Any:
    """Return a model of layers of volumes."""
    x = tf_keras.Input((4, 5, 4, 2), name="volume")
    y = kl.ZeroPadding3D((1, 0, 1), name="zero_padding3d_1")(x)
    y = kl.Conv3D(3, (2, 2, 3), activation="relu", name="conv3d_1")(y)
    y = kl.MaxPooling3D((1, 2, 1), name="max_pooling3d_1")(y)
    y = kl.Conv3DTranspose(2, 2, strides=(1, 2, 1), name="conv3d_transpose_1")(y)
    y = kl.Cropping3D((1, 0, 1), name="cropping3d_1")(y)
    y = kl.UpSampling3D((1, 2, 1), name="up_sampling3d_1")(y)
    y = kl.SpatialDropout3D(0.5, name="spatial_dropout3d_1")(y)
    y = kl.AveragePooling3D(2, padding="same", name="average_pooling3d_1")(y)
    best = kl.GlobalMaxPooling3D(name="global_max_pooling3d_1")(y)
    mean = kl.GlobalAveragePooling3D(name="global_average_pooling3d_1")(y)
    return tf_keras.Model(x, [best, mean], name="model_1")
