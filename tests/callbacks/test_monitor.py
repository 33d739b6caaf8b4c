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


@pytest.mark.parametrize(
    ("monitor", "rises"),
    [
        ("auc", True),
        ("val_auc_1", True),
        ("val_out_precision", True),
        ("recall", True),
        ("val_fmeasure", True),
        ("precision_loss", False),  # of an output of this name
        ("val_sauce", False),
        ("mean_absolute_error", False),
    ],
)
@pytest.mark.parametrize("name", WATCHERS)
def test_more_is_better_of_what_is_called_so(name: str, monitor: str, rises: bool) -> None:
    assert (WATCHERS[name](monitor=monitor).best < 0) == rises


@pytest.mark.parametrize("name", WATCHERS)
def test_an_unknown_mode_warns_and_means_auto(name: str) -> None:
    with pytest.warns(RuntimeWarning, match=f"`{name}`.*'min' or 'max'.*mode='down'"):
        watcher = WATCHERS[name](monitor="acc", mode="down")
    assert watcher.best == -np.inf
