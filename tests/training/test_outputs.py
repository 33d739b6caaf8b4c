from __future__ import annotations

from typing import Any

import pytest

from konnx.training.outputs import per_output, per_output_lists

pytestmark = pytest.mark.no_runtime


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, [None, None]),
        ("mse", ["mse", "mse"]),
        (["mse", None], ["mse", None]),
        (("mse", "mae"), ["mse", "mae"]),
        ({"b": "mae"}, [None, "mae"]),
        ({"class_name": "Own", "config": {}}, [{"class_name": "Own", "config": {}}] * 2),
    ],
)
def test_one_for_all_a_list_or_a_dict(given: Any, expected: list[Any]) -> None:
    assert per_output(given, ["a", "b"], "loss") == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], [[], []]),
        (["x", "y"], [["x", "y"], ["x", "y"]]),
        ([["x"], []], [["x"], []]),
        ({"a": "x"}, [["x"], []]),
        ({"b": ["x", "y"]}, [[], ["x", "y"]]),
    ],
)
def test_metrics_for_each_output(given: Any, expected: list[list[Any]]) -> None:
    assert per_output_lists(given, ["a", "b"]) == expected
