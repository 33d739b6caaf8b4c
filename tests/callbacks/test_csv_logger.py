"""What CSVLogger writes."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.callbacks import CSVLogger

pytestmark = pytest.mark.no_runtime


def write(path: Path, rows: list[dict[str, Any]], start: int = 0, **options: Any) -> CSVLogger:
    logger = CSVLogger(path, **options)
    logger.on_train_begin()
    for epoch, logs in enumerate(rows, start):
        logger.on_epoch_end(epoch, logs)
    logger.on_train_end()
    return logger


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.csv"


def test_a_row_an_epoch_under_sorted_names(path: Path) -> None:
    write(path, [{"loss": 0.5, "acc": 1.0}, {"loss": 0.25, "acc": np.float32(0.5)}])
    assert lines(path) == ["epoch,acc,loss", "0,1.0,0.5", "1,0.5,0.25"]


def test_the_separator_can_be_chosen(path: Path) -> None:
    write(path, [{"loss": 0.5, "acc": 1.0}], separator=";")
    assert lines(path) == ["epoch;acc;loss", "0;1.0;0.5"]


def test_a_new_fit_begins_a_new_file(path: Path) -> None:
    for _ in range(2):
        write(path, [{"loss": 0.5}])
    assert lines(path) == ["epoch,loss", "0,0.5"]


def test_appending_writes_the_names_once(path: Path) -> None:
    for start in range(3):
        write(path, [{"loss": 0.5}], start, append=True)
    assert lines(path) == ["epoch,loss", "0,0.5", "1,0.5", "2,0.5"]


def test_appending_to_an_empty_file_writes_the_names(path: Path) -> None:
    path.touch()
    write(path, [{"loss": 0.5}], append=True)
    assert lines(path) == ["epoch,loss", "0,0.5"]


def test_an_instance_serves_several_fits(path: Path) -> None:
    logger = write(path, [{"loss": 0.5}])
    logger.on_train_begin()
    logger.on_epoch_end(0, {"loss": 0.125})
    logger.on_train_end()
    assert lines(path) == ["epoch,loss", "0,0.125"]


def test_a_value_that_an_epoch_lacks_is_na_and_a_new_one_is_left_out(path: Path) -> None:
    write(path, [{"loss": 0.5, "val_loss": 1.0}, {"loss": 0.25, "new": 3.0}])
    assert lines(path)[2] == "1,0.25,NA"


def test_several_numbers_are_one_cell(path: Path) -> None:
    write(path, [{"many": np.array([1, 2]), "one": np.array(3.0), "text": "a,b"}])
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[1] == ["0", '"[1, 2]"', "3.0", "a,b"]


def test_rows_are_in_the_file_at_once_and_the_end_closes_it(path: Path) -> None:
    logger = CSVLogger(str(path))
    logger.on_train_begin()
    logger.on_epoch_end(0, {"loss": 0.5})
    assert lines(path) == ["epoch,loss", "0,0.5"]
    file = logger.csv_file
    assert file is not None
    logger.on_train_end()
    assert file.closed
    logger.on_train_end()  # once more does no harm
