"""Configs of later Keras versions."""

from __future__ import annotations

from typing import Any

import pytest

from konnx.layers import Conv2D, Dense, Layer, deserialize

POLICY = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}}
GLOROT = {
    "module": "keras.initializers",
    "class_name": "GlorotUniform",
    "config": {"seed": None},
    "registered_name": None,
}
WINDOW = {"kernel_size": [3, 3], "strides": [1, 1], "padding": "same", "groups": 1}


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("class_name", "config", "kept"),
    [
        ("Dense", {"units": 3, "dtype": "float32", "kernel_initializer": GLOROT}, {"units": 3}),
        (
            "Dense",
            {
                "units": 3.0,
                "dtype": POLICY,
                "activation": {"class_name": "function", "config": "relu"},
                "quantization_config": None,
                "lora_rank": None,
            },
            {"units": 3, "activation": "relu"},
        ),
        (
            "Dense",
            {
                "units": 3,
                "kernel_initializer": {
                    **GLOROT,
                    "config": {"seed": 1, "input_axes": None, "output_axes": None},
                },
                "shared_object_id": 7,
            },
            {"units": 3},
        ),
        ("Conv1D", {"filters": 2, **WINDOW, "kernel_size": [3], "strides": [1],
                    "data_format": "channels_last"}, {"filters": 2, "kernel_size": (3,)}),
        ("Conv2D", {"filters": 2, **WINDOW}, {"filters": 2, "kernel_size": (3, 3)}),
        ("DepthwiseConv2D", WINDOW, {"padding": "same"}),
        (
            "SeparableConv2D",
            {"filters": 2, **WINDOW, "kernel_initializer": GLOROT, "kernel_constraint": None},
            {"filters": 2},
        ),
        (
            "BatchNormalization",
            {"axis": [3], "renorm": False, "fused": True, "synchronized": False},
            {"axis": 3},
        ),
        (
            "BatchNormalization",
            {"axis": -1, "renorm_clipping": None, "renorm_momentum": 0.99},
            {"axis": -1},
        ),
        ("GlobalAveragePooling2D", {"keepdims": False}, {"data_format": "channels_last"}),
        ("GlobalMaxPooling2D", {"keepdims": True}, {"keepdims": True}),
        (
            "InputLayer",
            {"batch_input_shape": [None, 3], "dtype": "int32", "sparse": False, "ragged": False},
            {"batch_input_shape": (None, 3), "dtype": "int32"},
        ),
        (
            "InputLayer",
            {"batch_shape": [None, 3], "dtype": POLICY, "optional": False},
            {"batch_input_shape": (None, 3), "dtype": "float32"},
        ),
        ("Flatten", {"batch_input_shape": [None, 3, 2]}, {"batch_input_shape": (None, 3, 2)}),
    ],
)  # fmt: skip
def test_what_later_versions_write_is_read(
    class_name: str, config: dict[str, Any], kept: dict[str, Any]
) -> None:
    layer = deserialize({"class_name": class_name, "config": {"name": "one", **config}})
    read = layer.get_config()
    assert {key: read[key] for key in kept} == kept


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float64", "float64"),
        (POLICY, "float32"),
        ({"class_name": "Policy", "config": {"name": "mixed_float16"}}, "float32"),
        ("mixed_bfloat16", "float32"),
        (None, "float32"),
    ],
)
def test_a_dtype_may_be_a_policy(dtype: Any, expected: str) -> None:
    assert Dense.from_config({"units": 2, "dtype": dtype}).dtype == expected


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("class_name", "config", "message"),
    [
        (
            "SeparableConv2D",
            {"filters": 4, **WINDOW, "groups": 2},
            "`SeparableConv2D` 'one': `groups` is not supported with this value. Received: groups",
        ),
        (
            "BatchNormalization",
            {"renorm": True},
            (
                "`BatchNormalization` 'one': `renorm` is not supported with this value. "
                "Received: renorm=True"
            ),
        ),
        (
            "BatchNormalization",
            {"axis": [1, 2]},
            "`BatchNormalization` 'one': `axis` must be a single axis. Received: axis=[1, 2]",
        ),
        (
            "Dense",
            {"units": 2, "unheard_of": None},
            (
                "`Dense` 'one': `unheard_of` is not supported with this value. "
                "Received: unheard_of=None"
            ),
        ),
        (
            "InputLayer",
            {"batch_shape": [None, 3], "ragged": True},
            "`InputLayer` 'one': `ragged` is not supported with this value. Received: ragged=True",
        ),
        (
            "Dense",
            {"units": 2, "dtype": "bfloat16"},
            "`Dense` 'one': `dtype` is not supported. Received: dtype='bfloat16'",
        ),
        (
            "Dense",
            {"units": 2, "dtype": {"class_name": "Policy", "config": None}},
            "`Dense` 'one': `dtype` is not supported.",
        ),
    ],
)
def test_what_a_layer_cannot_do_is_refused_by_layer_and_key(
    class_name: str, config: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        deserialize({"class_name": class_name, "config": {"name": "one", **config}})
    assert message in str(caught.value)


class Grouped(Layer):
    """A user's layer with an argument that has another meaning elsewhere."""

    def __init__(self, groups: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.groups = groups


class Sparse(Layer):
    """A user's layer that takes its arguments out of the keywords."""

    def __init__(self, **kwargs: Any) -> None:
        self.sparse = kwargs.pop("sparse")
        super().__init__(**kwargs)


class Plain(Layer):
    """A user's layer without arguments."""


class MyConv2D(Conv2D):
    """A user's layer made from one of konnx'."""

    def __init__(self, extra: int = 0, **kwargs: Any) -> None:
        self.power = kwargs.pop("power", 1)
        super().__init__(**kwargs)
        self.extra = extra


@pytest.mark.no_runtime
def test_a_user_s_layer_gets_every_argument_that_may_be_its_own() -> None:
    assert Grouped.from_config({"groups": 1, "dtype": POLICY}).groups == 1
    assert Sparse.from_config({"sparse": False}).sparse is False
    with pytest.raises(TypeError, match="takes no argument 'unheard_of'"):
        Grouped.from_config({"unheard_of": 1})


@pytest.mark.no_runtime
def test_a_user_s_layer_needs_no_argument_of_the_base_class_of_later_versions() -> None:
    later = {"name": "own", "activity_regularizer": None, "autocast": True, "dynamic": False}
    assert Plain.from_config(later).name == "own"
    with pytest.raises(TypeError, match="takes no argument 'activity_regularizer'"):
        Plain.from_config({**later, "activity_regularizer": "l2"})


@pytest.mark.no_runtime
def test_a_layer_made_from_konnx_own_loses_what_does_nothing() -> None:
    layer = MyConv2D.from_config({"filters": 2, **WINDOW, "extra": 5, "power": 3})
    assert (layer.filters, layer.extra, layer.power) == (2, 5, 3)
