"""The dtype in which a model of a later Keras computes."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest

from konnx.converters.configs import Source, normalize_config
from konnx.models.conversion import Conversion

pytestmark = pytest.mark.no_runtime

KERAS_3, TF_KERAS = Source("3.15.1"), Source("2.21.0")


def policy(name: str) -> dict[str, Any]:
    return {"class_name": "DTypePolicy", "config": {"name": name}}


def dtypes(*given: Any, source: Source = KERAS_3) -> tuple[list[Any], list[Conversion]]:
    """Return the dtypes of an input and of layers as they are read, and the report."""
    names = ["InputLayer", *["Dense"] * (len(given) - 1)]
    layers = [
        {"class_name": name, "config": {"name": f"{name}_{number}", "dtype": dtype}}
        for number, (name, dtype) in enumerate(zip(names, given, strict=True))
    ]
    config = {"class_name": "Sequential", "config": {"name": "m", "layers": layers}}
    kept = copy.deepcopy(config)
    found, report = normalize_config(config, source)
    assert config == kept
    return [layer["config"]["dtype"] for layer in found["config"]["layers"]], report


@pytest.mark.parametrize("source", [KERAS_3, TF_KERAS], ids=["keras", "tf_keras"])
@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_halves_compute_in_float32_with_a_warning(name: str, source: Source) -> None:
    with pytest.warns(UserWarning, match=f"computes in {name} in Keras"):
        found, report = dtypes("float16", name, policy(name), "float32", source=source)
    assert found == ["float32"] * 4
    assert [one.layer for one in report] == ["Dense_1", "Dense_2"]


def test_mixed_precision_is_noted_once_and_not_warned_about() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mixed = policy("mixed_bfloat16")
        found, report = dtypes("float32", mixed, mixed, source=TF_KERAS)
    assert found == ["float32"] * 3
    assert [(one.layer, one.what) for one in report] == [("m", "mixed_bfloat16 to float32")]


def test_float64_stays_where_all_layers_are_of_it() -> None:
    assert dtypes("float32", "float64", policy("float64")) == (["float64"] * 3, [])
    with pytest.warns(UserWarning, match="computes in float64 in Keras"):
        found, _ = dtypes("float64", "float64", "float32")
    assert found == ["float32"] * 3


def test_inputs_are_cast_to_the_dtype_of_the_layers_and_whole_numbers_stay() -> None:
    assert dtypes("float64", "float32") == (["float32"] * 2, [])
    assert dtypes("int32", "float32") == (["int32", "float32"], [])


@pytest.mark.parametrize("version", ["2.1.6", "2.3.1", None])
def test_keras_itself_before_2_4_casts_nothing(version: str | None) -> None:
    assert dtypes("float16", "float16", source=Source(version, "2.1.6"))[0] == ["float16"] * 2
