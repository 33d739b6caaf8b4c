"""A fit that was killed ends as if it had not been."""

from __future__ import annotations

import runpy
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.callbacks import BackupAndRestore, Callback, EarlyStopping, LambdaCallback
from konnx.callbacks.backup_file import read_tree, write_tree
from konnx.layers import Dense
from konnx.models import Sequential

SCRIPT = Path(__file__).with_name("backup_script.py")
DATA = np.ones((6, 3), "float32"), np.zeros((6, 1), "float32")

training = pytest.mark.training


@pytest.fixture(scope="module")
def train() -> Any:
    return runpy.run_path(str(SCRIPT))["train"]


@training
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize(
    ("case", "kills"),
    [
        ("epochs", [(0, 3), (2, 4)]),
        ("batches", [(1, 0), (2, 5)]),
        ("batch shuffle", [(1, 4)]),
        ("endless", [(2, 2)]),
        ("sequence", [(2, 1)]),
        ("generator", [(1, 3)]),
    ],
)
def test_a_killed_fit_ends_with_the_same_numbers(
    train: Any, tmp_path: Path, case: str, kills: list[tuple[int, int]]
) -> None:
    for folder in ("whole", "killed"):
        (tmp_path / folder).mkdir()
    expected = train(str(tmp_path / "whole"), case)
    for epoch, batch in kills:
        command = [sys.executable, str(SCRIPT), str(tmp_path / "killed"), case]
        killed = subprocess.run(
            [*command, str(epoch), str(batch)], capture_output=True, text=True, check=False
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (tmp_path / "killed" / "backup" / "backup.npz").exists()
    assert_equal(train(str(tmp_path / "killed"), case), expected)
    assert list((tmp_path / "killed" / "backup").iterdir()) == []
    assert (tmp_path / "killed" / "best.h5").exists()


def assert_equal(received: Any, expected: Any) -> None:
    """Compare to the last bit."""
    assert type(received) is type(expected)
    if isinstance(expected, dict):
        assert list(received) == list(expected)
        received, expected = list(received.values()), list(expected.values())
    if isinstance(expected, list):
        assert len(received) == len(expected)
        for one, other in zip(received, expected, strict=True):
            assert_equal(one, other)
    elif expected is not None:
        np.testing.assert_array_equal(received, expected)


def make_model(units: int = 1) -> Sequential:
    model = Sequential([Dense(units, input_shape=(3,))])
    model.compile("sgd", "mse")
    return model


def fail_at(epoch: int) -> LambdaCallback:
    def fail(number: int, logs: Any) -> None:
        if number == epoch:
            raise OSError("interrupted")

    return LambdaCallback(on_epoch_begin=fail)


def interrupt(folder: Path, *callbacks: Callback, epoch: int = 2, **options: Any) -> Sequential:
    model = make_model()
    with pytest.raises(OSError, match="interrupted"):
        model.fit(
            *DATA,
            epochs=4,
            verbose=0,
            callbacks=[BackupAndRestore(folder, **options), *callbacks, fail_at(epoch)],
        )
    return model


@training
def test_a_fit_that_fails_keeps_its_backup(tmp_path: Path) -> None:
    interrupt(tmp_path)
    seen: list[int] = []
    watch = LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.append(epoch))
    history = make_model().fit(
        *DATA, epochs=4, verbose=0, callbacks=[BackupAndRestore(tmp_path), watch]
    )
    assert seen == [2, 3]
    assert (history.epoch, len(history.history["loss"])) == ([0, 1, 2, 3], 4)


@training
@pytest.mark.parametrize("delete", [True, False])
def test_the_backup_of_a_fit_that_succeeds_is_deleted_unless_it_is_to_be_kept(
    tmp_path: Path, delete: bool
) -> None:
    backup = BackupAndRestore(tmp_path, delete_checkpoint=delete)
    model = make_model()
    model.fit(*DATA, epochs=2, verbose=0, callbacks=[backup])
    assert backup.path.exists() != delete
    if not delete:  # then there is nothing left to do
        weights = model.get_weights()
        history = model.fit(*DATA, epochs=2, verbose=0, callbacks=[backup])
        np.testing.assert_array_equal(model.get_weights()[0], weights[0])
        assert history.epoch == [0, 1]
        model.fit(*DATA, epochs=3, verbose=0, callbacks=[backup])
        assert model.history.epoch == [0, 1, 2]


@training
def test_a_fit_that_was_stopped_stays_so(tmp_path: Path) -> None:
    stop = EarlyStopping("loss", min_delta=1e9)
    backup = BackupAndRestore(tmp_path, delete_checkpoint=False)
    for _ in range(2):
        history = make_model().fit(*DATA, epochs=5, verbose=0, callbacks=[backup, stop])
        assert history.epoch == [0, 1]


@training
def test_states_are_given_to_callbacks_of_the_same_class_in_turn(tmp_path: Path) -> None:
    class Counter(Callback):
        count = 0

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.count += 1

        def get_state(self) -> dict[str, Any]:
            return {"count": self.count}

        def set_state(self, state: dict[str, Any]) -> None:
            self.count = state["count"]

    counters = [Counter(), Counter()]
    counters[1].count = 10
    interrupt(tmp_path, *counters)
    anew = [Counter(), Counter(), Counter()]
    make_model().fit(*DATA, epochs=4, verbose=0, callbacks=[BackupAndRestore(tmp_path), *anew])
    assert [counter.count for counter in anew] == [4, 14, 2]


@training
def test_the_progress_bar_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(batch: int, logs: Any) -> None:
        if batch == 2:
            raise OSError("interrupted")

    arguments: dict[str, Any] = {"batch_size": 2, "verbose": 1, "shuffle": False}
    whole = make_model()
    weights = whole.get_weights()
    whole.fit(*DATA, **arguments)
    expected = capsys.readouterr().out.rpartition("- loss:")[2]
    model = make_model()
    model.set_weights(weights)
    backup = BackupAndRestore(tmp_path, save_freq=1)
    with pytest.raises(OSError, match="interrupted"):
        model.fit(*DATA, **arguments, callbacks=[backup, LambdaCallback(on_batch_begin=fail)])
    capsys.readouterr()
    make_model().fit(*DATA, **arguments, callbacks=[backup])
    out = capsys.readouterr().out
    assert "6/6 [" in out and out.rpartition("- loss:")[2] == expected


@training
@pytest.mark.parametrize("size", [0, 100, 0.5, 0.9])
def test_a_damaged_backup_is_named(tmp_path: Path, size: float) -> None:
    interrupt(tmp_path)
    path = tmp_path / "backup.npz"
    data = path.read_bytes()
    path.write_bytes(data[: int(size * len(data)) if size < 1 else int(size)])
    with pytest.raises(ValueError, match=r"backup.npz' is damaged: .* Delete it to begin anew"):
        make_model().fit(*DATA, verbose=0, callbacks=[BackupAndRestore(tmp_path)])


@training
def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    interrupt(tmp_path)
    path = tmp_path / "backup.npz"
    data = bytearray(path.read_bytes())
    data[data.index(b"\x93NUMPY") + 130] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"backup.npz' is damaged"):
        make_model().fit(*DATA, verbose=0, callbacks=[BackupAndRestore(tmp_path)])


@training
def test_a_backup_of_another_model_is_refused(tmp_path: Path) -> None:
    interrupt(tmp_path)
    model = make_model(units=2)
    weights = model.get_weights()
    with pytest.raises(ValueError, match=r"of another model.*float32\[3, 1\].*float32\[3, 2\]"):
        model.fit(DATA[0], np.zeros((6, 2)), verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])


@pytest.mark.no_runtime
def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    backup = BackupAndRestore(tmp_path)
    write_tree(backup.path, {"version": 99})
    with pytest.raises(ValueError, match="no backup of a fit by this version"):
        backup.read()


@pytest.mark.no_runtime
def test_pickled_objects_are_not_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "backup.npz", tree=np.array([print], dtype=object))
    with pytest.raises(ValueError, match="is damaged"):
        read_tree(tmp_path / "backup.npz")


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    "tree",
    [
        None,
        {"a": [1, 2.5, "text", None, True], "b": {"array": "not one", "items": []}},
        {1: float("inf"), "nested": [[[]], {}]},
        [np.float32(0.1), np.arange(6).reshape(2, 3), np.array(3.0), np.zeros((0, 2))],
        2**200,
    ],
)
def test_trees_are_read_as_they_were_written(tmp_path: Path, tree: Any) -> None:
    write_tree(tmp_path / "tree.npz", tree)
    assert_equal(read_tree(tmp_path / "tree.npz"), tree)


@pytest.mark.no_runtime
@pytest.mark.parametrize("save_freq", [0, -1, "batch", 2.0, True, None])
def test_save_freq_is_checked(save_freq: Any) -> None:
    with pytest.raises(ValueError, match="`save_freq` must be 'epoch' or a positive number"):
        BackupAndRestore("folder", save_freq)
    with pytest.raises(ValueError, match="`backup_dir` must name a folder"):
        BackupAndRestore("")
