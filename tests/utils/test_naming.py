from __future__ import annotations

import pytest

from konnx.utils.naming import reset_names, to_snake_case, unique_name

pytestmark = pytest.mark.no_runtime


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("Dense", "dense"),
        ("Conv2D", "conv2d"),
        ("MaxPooling2D", "max_pooling2d"),
        ("BatchNormalization", "batch_normalization"),
        ("SeparableConv2D", "separable_conv2d"),
        ("Conv2DTranspose", "conv2d_transpose"),
        ("GlobalAveragePooling1D", "global_average_pooling1d"),
        ("LSTM", "lstm"),
        ("CuDNNLSTM", "cu_dnnlstm"),
        ("ConvLSTM2D", "conv_lst_m2d"),
        ("PReLU", "p_re_lu"),
        ("ThresholdedReLU", "thresholded_re_lu"),
        ("MyV2Block", "my_v2block"),
        ("_Hidden", "private__hidden"),
        ("", ""),
    ],
)
def test_class_names_become_the_names_that_keras_gives(class_name: str, name: str) -> None:
    assert to_snake_case(class_name) == name


def test_names_are_counted_for_each_prefix_until_they_are_reset() -> None:
    reset_names()
    names = [unique_name(prefix) for prefix in ("dense", "conv2d", "dense")]
    assert names == ["dense_1", "conv2d_1", "dense_2"]
    reset_names()
    assert unique_name("dense") == "dense_1"
