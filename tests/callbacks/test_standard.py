"""The callbacks of every fit, called by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from konnx.callbacks import BaseLogger, History, ProgbarLogger, TerminateOnNaN

pytestmark = pytest.mark.no_runtime


def test_base_logger_puts_weighted_means_into_the_logs() -> None:
    logger = BaseLogger()
    logger.set_params({"metrics": ["loss", "acc", "val_loss"]})
    for _ in range(2):  # an epoch starts from nothing
        logger.on_epoch_begin(0)
        logger.on_batch_end(0, {"batch": 0, "size": 3, "loss": 1.0, "acc": 0.0, "own": 9.0})
        logger.on_batch_end(1, {"batch": 1, "size": 1, "loss": 5.0, "acc": 1.0, "own": 9.0})
        logs = {"val_loss": 7.0}
        logger.on_epoch_end(0, logs)
        assert logs == {"loss": 2.0, "acc": 0.25, "val_loss": 7.0}


def test_base_logger_keeps_the_last_of_stateful_metrics() -> None:
    logger = BaseLogger(stateful_metrics=["auc"])
    logger.set_params({"metrics": ["loss", "auc"]})
    logger.on_epoch_begin(0)
    logger.on_batch_end(0, {"size": 3, "loss": 1.0, "auc": 0.5})
    logger.on_batch_end(1, {"size": 1, "loss": 5.0, "auc": 0.75})
    logs: dict[str, float] = {}
    logger.on_epoch_end(0, logs)
    assert logs == {"loss": 2.0, "auc": 0.75}


def test_history_starts_anew_with_each_fit() -> None:
    history = History()
    for _ in range(2):
        history.on_train_begin()
        history.on_epoch_end(4, {"loss": 1.0})
        history.on_epoch_end(5, {"loss": 0.5, "val_loss": 2.0})
    assert history.epoch == [4, 5]
    assert history.history == {"loss": [1.0, 0.5], "val_loss": [2.0]}


@pytest.mark.parametrize(
    ("loss", "stopped"), [(1.0, False), (float("nan"), True), (float("-inf"), True), (None, False)]
)
def test_terminate_on_nan_looks_at_the_loss(loss: float | None, stopped: bool) -> None:
    callback = TerminateOnNaN()
    callback.set_model(SimpleNamespace(stop_training=False))
    callback.on_batch_end(3, {} if loss is None else {"loss": loss})
    assert callback.model.stop_training is stopped


def run_bar(count_mode: str, verbose: int = 1, stop_after: int = 4) -> None:
    bar = ProgbarLogger(count_mode)
    bar.set_params(
        {
            "verbose": verbose,
            "epochs": 5,
            "samples": 10,
            "steps": 4,
            "metrics": ["loss", "val_loss"],
        }
    )
    bar.on_epoch_begin(2)
    for batch in range(stop_after):
        size = 3 if batch < 3 else 1
        bar.on_batch_end(batch, {"size": size, "loss": 2.0, "own": 1.0})
    bar.on_epoch_end(2, {"loss": 2.0, "val_loss": 3.0})


@pytest.mark.parametrize(("mode", "count"), [("samples", "10/10"), ("steps", "4/4")])
def test_the_bar_counts_samples_or_steps(
    mode: str, count: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run_bar(mode)
    title, line = capsys.readouterr().out.splitlines()
    assert title == "Epoch 3/5"
    assert line.startswith(f"{count} [{'=' * 30}]")
    assert line.endswith(" - loss: 2.0000 - val_loss: 3.0000")


def test_the_bar_shows_stateful_metrics_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    bar = ProgbarLogger(stateful_metrics=["auc"])
    bar.set_params({"verbose": 1, "epochs": 1, "samples": 4, "metrics": ["loss", "auc"]})
    bar.on_epoch_begin(0)
    bar.on_batch_end(0, {"size": 2, "loss": 1.0, "auc": 0.5})
    bar.on_batch_end(1, {"size": 2, "loss": 3.0, "auc": 0.75})
    bar.on_epoch_end(0, {"loss": 2.0, "auc": 0.75})
    assert capsys.readouterr().out.endswith(" - loss: 2.0000 - auc: 0.7500\n")


def test_a_silent_bar_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run_bar("samples", verbose=0)
    assert capsys.readouterr().out == ""


def test_an_epoch_that_is_cut_short_does_not_show_a_full_bar(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_bar("samples", stop_after=2)
    assert "10/10" not in capsys.readouterr().out


def test_another_way_to_count_is_refused() -> None:
    arguments: Any = "batches"
    with pytest.raises(ValueError, match="'samples' or 'steps'. Received: 'batches'"):
        ProgbarLogger(arguments)
