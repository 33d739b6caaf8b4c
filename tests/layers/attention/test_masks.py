from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.function import Function
from konnx.layers import (
    Attention,
    GroupedQueryAttention,
    Input,
    Layer,
    Masking,
    MultiHeadAttention,
)
from konnx.models import Model

RANDOM = np.random.default_rng(0)
QUERY = RANDOM.uniform(-1, 1, (2, 3, 4)).astype(np.float32)
VALUE = RANDOM.uniform(-1, 1, (2, 5, 4)).astype(np.float32)
LAYERS = [
    (MultiHeadAttention, {"num_heads": 2, "key_dim": 3}),
    (GroupedQueryAttention, {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}),
]
ALL = [*LAYERS, (Attention, {})]


@pytest.mark.parametrize(("layer_class", "arguments"), LAYERS)
@pytest.mark.parametrize("dtype", ["bool", "int32"])
def test_keys_that_an_attention_mask_hides_do_not_count(
    layer_class: Any, arguments: dict[str, Any], dtype: str
) -> None:
    query, value = Input((None, 4)), Input((None, 4))
    mask = Input((None, None), dtype=dtype)
    layer = layer_class(**arguments)
    hidden, whole = layer(query, value, attention_mask=mask), layer(query, value)
    visible = np.repeat([[[1, 1, 1, 0, 0]]], 3, 1).repeat(2, 0).astype(dtype)
    (result,) = Function([query, value, mask], [hidden])([QUERY, VALUE, visible])
    (expected,) = Function([query, value], [whole])([QUERY, VALUE[:, :3]])
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)
    model = Model([query, value, mask], hidden)
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(again.predict([QUERY, VALUE, visible]), result, rtol=1e-6)


@pytest.mark.parametrize(("layer_class", "arguments"), ALL)
def test_masked_steps_of_the_value_do_not_count(
    layer_class: Any, arguments: dict[str, Any]
) -> None:
    query, value = Input((None, 4)), Input((None, 4))
    layer: Layer = layer_class(**arguments)
    masked = layer([query, Masking()(value)])
    whole = layer([query, value])
    padded = np.concatenate([VALUE[:, :3], np.zeros_like(VALUE[:, :2])], 1)
    (result,) = Function([query, value], [masked])([QUERY, padded])
    (expected,) = Function([query, value], [whole])([QUERY, VALUE[:, :3]])
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.no_runtime
@pytest.mark.parametrize(("layer_class", "arguments"), ALL)
def test_the_output_has_the_mask_of_the_query(layer_class: Any, arguments: dict[str, Any]) -> None:
    query, value = Masking()(Input((3, 4))), Input((5, 4))
    layer: Layer = layer_class(**arguments)
    outputs = layer([query, value], return_attention_scores=True)
    assert [one._keras_mask for one in outputs] == [query._keras_mask, None]


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("layer_class", "arguments", "message"),
    [
        (MultiHeadAttention, {"num_heads": 0, "key_dim": 2}, "`num_heads` must be positive"),
        (MultiHeadAttention, {"num_heads": 1, "key_dim": 2, "dropout": 1.0}, "`dropout` must be"),
        (
            GroupedQueryAttention,
            {"head_dim": 2, "num_query_heads": 3, "num_key_value_heads": 2},
            "`num_key_value_heads` must divide",
        ),
        (Attention, {"score_mode": "sum"}, "`score_mode` must be one of"),
        (Attention, {"dropout": -0.1}, "`dropout` must be"),
    ],
)
def test_arguments_out_of_bounds_are_refused(
    layer_class: Any, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        layer_class(**arguments)


@pytest.mark.no_runtime
@pytest.mark.parametrize(("layer_class", "arguments"), ALL)
def test_a_single_input_is_refused(layer_class: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="takes .*query, value"):
        layer_class(**arguments)([Input((3, 4))])
