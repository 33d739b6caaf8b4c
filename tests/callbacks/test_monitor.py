"""Modes and monitored values, as all callbacks that watch one treat them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau

pytestmark = pytest.mark.no_runtime

WATCHERS: dict[str, Any] = {
    "EarlyStopping": EarlyStopping,
    "ModelCheckpoint": lambda **options: ModelCheckpoint("file.h5", **options),
    "ReduceLROnPlateau": ReduceLROnPlateau,
}


@pytest.mark.parametrize("name", WATCHERS)
@pytest.mark.parametrize(
    ("options", "best"),
    [
        ({}, np.inf),
        ({"monitor": "val_acc"}, -np.inf),
        ({"monitor": "top_k_accuracy"}, -np.inf),
        ({"monitor": "val_acc", "mode": "min"}, np.inf),
        ({"monitor": "loss", "mode": "max"}, -np.inf),
    ],
)
def test_the_mode_or_the_name_says_which_way_is_better(
    name: str, options: dict[str, str], best: float
) -> None:
    watcher = WATCHERS[name](**options)
    assert watcher.best == best
    assert watcher.monitor_op(0.0, best)


def test_only_a_checkpoint_takes_the_maximum_of_an_f_measure() -> None:
    rises = {name: make(monitor="fmeasure").best < 0 for name, make in WATCHERS.items()}
    assert rises == {"EarlyStopping": False, "ModelCheckpoint": True, "ReduceLROnPlateau": False}


@pytest.mark.parametrize("name", WATCHERS)
def test_an_unknown_mode_warns_and_means_auto(name: str) -> None:
    with pytest.warns(RuntimeWarning, match=f"`{name}`.*'min' or 'max'.*mode='down'"):
        watcher = WATCHERS[name](monitor="acc", mode="down")
    assert watcher.best == -np.inf
