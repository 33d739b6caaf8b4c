"""Callbacks hear and do what those of Keras 2.1.6 hear and do."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

import konnx
from konnx import callbacks

GOLDENS = Path(__file__).parents[1] / "goldens"
TABLE = runpy.run_path(str(GOLDENS / "callbacks_table.py"))
KERAS: dict[str, Any] = json.loads((GOLDENS / "callbacks.json").read_text(encoding="utf-8"))


@pytest.mark.no_runtime
@pytest.mark.parametrize("case", TABLE["CASES"])
def test_a_callback_does_the_same_in_each_epoch(case: str) -> None:
    assert TABLE["run_case"](konnx, case) == KERAS["cases"][case]


@pytest.mark.training
@pytest.mark.parametrize("name", TABLE["OPTIONS"])
def test_a_callback_hears_the_same_in_the_same_order(name: str) -> None:
    heard = TABLE["events"](konnx, **TABLE["OPTIONS"][name])
    expected = KERAS["events"][name]
    steps = 2 if name == "validation" else 3  # Keras counts those of streams only
    assert heard[0] == ["params", {**expected[0][1], "steps": steps}]
    for one, other in zip(heard[1:], expected[1:], strict=True):
        assert one == pytest.approx(other, abs=2e-4)


@pytest.mark.no_runtime
@pytest.mark.parametrize("name", TABLE["SCHEDULES"])
def test_a_schedule_sets_the_same_rates(name: str) -> None:
    assert TABLE["rates"](konnx, name) == KERAS["rates"][name]


@pytest.mark.no_runtime
def test_means_of_an_epoch_and_the_history_are_the_same() -> None:
    assert TABLE["means"](konnx) == KERAS["means"]


@pytest.mark.no_runtime
def test_the_same_losses_end_a_fit() -> None:
    assert TABLE["stops"](konnx) == KERAS["stops"]


@pytest.mark.no_runtime
def test_a_table_is_written_in_the_same_bytes(tmp_path: Path) -> None:
    assert TABLE["table_text"](konnx, tmp_path / "table.csv") == KERAS["table"]


@pytest.mark.no_runtime
@pytest.mark.parametrize("name", TABLE["CLASSES"])
def test_arguments_have_the_same_names_order_and_defaults(name: str) -> None:
    expected = KERAS["signatures"][name]
    assert TABLE["signature"](getattr(callbacks, name))[: len(expected)] == expected


@pytest.mark.no_runtime
def test_a_list_of_callbacks_can_be_gone_through() -> None:
    members = [callbacks.Callback(), callbacks.Callback()]
    assert list(callbacks.CallbackList(members)) == members
