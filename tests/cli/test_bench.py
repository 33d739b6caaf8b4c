from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from konnx.cli.timing import by_layer

NUMBERS = ("load", "first", "best", "mean", "p50", "p90", "p99", "throughput")


def test_every_setting_is_measured(konnx: Any, mlp: Path) -> None:
    options = ("--batch", "1,4", "--threads", "1,2", "--runs", 20, "--device", "cpu")
    found = json.loads(konnx("bench", mlp, *options, "--json").out)
    results = found["results"]
    settings = [(result["samples"], result["threads"]) for result in results]
    assert settings == [(1, 1), (1, 2), (4, 1), (4, 2)]
    for result in results:
        assert (result["runs"], result["providers"]) == (20, ["CPUExecutionProvider"])
        assert all(result[name] > 0 for name in NUMBERS)
        assert result["best"] <= result["p50"] <= result["p90"] <= result["p99"]
        assert result["throughput"] == pytest.approx(result["samples"] / result["mean"] * 1e3)


def test_the_table_names_provider_and_columns(konnx: Any, mlp: Path) -> None:
    result = konnx("bench", mlp, "--runs", 5, "--device", "cpu")
    assert (result.code, result.err) == (0, "")
    head, columns, row = result.out.splitlines()
    assert head == f"{mlp}: on cpu, by CPUExecutionProvider"
    assert columns.split()[:2] == ["samples", "threads"]
    assert row.split()[:2] == ["1", "auto"]


def test_time_is_shared_out_among_layers(konnx: Any, mlp: Path) -> None:
    found = json.loads(konnx("bench", mlp, "--runs", 5, "--layers", "--json").out)
    assert {"dense_1", "dense_2"} <= {row["layer"] for row in found["layers"]}
    assert all(row["milliseconds"] >= 0 for row in found["layers"])


def test_slow_layers_come_first_and_the_rest_is_summed() -> None:
    rows = by_layer({"a/x": 1.0, "b/x": 3.0, "a/y": 1.0, "c": 0.5, "d/z": 0.25}, most=2)
    assert [row["layer"] for row in rows] == ["b", "a", "others"]
    assert [row["milliseconds"] for row in rows] == [3000.0, 2000.0, 750.0]


def test_sizes_that_are_open_can_be_given(konnx: Any, save_onnx: Callable[..., Path]) -> None:
    model = save_onnx("g (float[N, T, 3] x) => (float[N, T, 3] y) { y = Neg(x) }")
    options = ("--runs", 2, "--batch", 2, "--input-shape", "?,7,3", "--json")
    (result,) = json.loads(konnx("bench", model, *options).out)["results"]
    assert result["samples"] == 2
    wrong = konnx("bench", model, "--input-shape", "1,7,4")
    assert (wrong.code, "takes float32 (N, T, 3)" in wrong.err) == (1, True)


@pytest.mark.parametrize("option", ["--batch", "--threads"])
def test_what_is_no_number_is_wrong_usage(konnx: Any, mlp: Path, option: str) -> None:
    result = konnx("bench", mlp, option, "1,x")
    assert (result.code, f"{option} takes numbers" in result.err) == (2, True)
