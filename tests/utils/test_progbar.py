"""The progress bar, on terminals and in log files."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from konnx.utils import progbar
from konnx.utils.progbar import Progbar, clock, duration

pytestmark = pytest.mark.no_runtime


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """A time that moves only when it is told to."""

    now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progbar, "time", clock)
    return clock


GOLDENS = json.loads((Path(__file__).parents[1] / "goldens" / "progbar.json").read_text())


def screen(written: str) -> list[str]:
    """The lines on a terminal: each may be written anew from its start."""
    lines = []
    for line in written.split("\n"):
        shown = ""
        for again in line.split("\r"):
            shown = again + shown[len(again) :]
        lines.append(shown.rstrip())
    return lines


@pytest.mark.parametrize("number", range(len(GOLDENS)))
def test_a_terminal_shows_what_keras_shows(number: int, time: Clock) -> None:
    arguments, updates, screens = GOLDENS[number].values()
    stream, time.now = Terminal(), 1000.0  # as there, for the same rounding
    bar = Progbar(**arguments, stream=stream)
    for (seconds, current, values), expected in zip(updates, screens, strict=True):
        time.now += seconds
        bar.update(current, values)
        assert screen(stream.getvalue()) == expected


def test_a_terminal_sees_the_bar_grow(time: Clock) -> None:
    stream = Terminal()
    bar = Progbar(20, width=10, stream=stream)
    for current in (2, 10, 20):
        time.now += 4
        bar.update(current, [("loss", 0.5)])
    assert [line.rstrip() for line in stream.getvalue().split("\r")[1:]] == [
        " 2/20 [>.........] - ETA: 36s - loss: 0.5000",
        "10/20 [====>.....] - ETA: 8s - loss: 0.5000",
        "20/20 [==========] - 12s 600ms/step - loss: 0.5000",
    ]
    assert stream.getvalue().endswith("\n")


def test_a_shorter_line_covers_the_longer_one_before(time: Clock) -> None:
    stream = Terminal()
    bar = Progbar(2, width=2, stream=stream)
    bar.update(1, [("loss", 123456.0)])
    time.now += 1
    bar.update(2, [("loss", 0.0)])
    first, second = stream.getvalue().split("\r")[1:]
    assert len(second.rstrip("\n")) >= len(first)


def test_updates_in_quick_succession_are_not_shown(time: Clock) -> None:
    stream = Terminal()
    bar = Progbar(100, interval=0.5, stream=stream)
    for current in range(1, 100):
        time.now += 0.01
        bar.update(current)
    assert stream.getvalue().count("\r") == 2
    bar.update(100)
    assert stream.getvalue().count("\r") == 3


def test_a_log_file_gets_the_finished_bar_only(time: Clock) -> None:
    stream = io.StringIO()
    bar = Progbar(4, width=4, stream=stream)
    for _ in range(4):
        time.now += 0.001
        bar.add(1, [("loss", 1.0)])
    assert stream.getvalue() == "4/4 [====] - 0s 1ms/step - loss: 1.0000\n"


def test_one_line_where_asked_for(time: Clock) -> None:
    stream = io.StringIO()
    bar = Progbar(4, verbose=2, stream=stream)
    bar.update(2, [("loss", 1.0)])
    time.now += 3
    bar.update(4, [("loss", 2.0)])
    assert stream.getvalue() == " - 3s - loss: 1.5000\n"


def test_nothing_where_asked_for() -> None:
    stream = Terminal()
    Progbar(4, verbose=0, stream=stream).update(4, [("loss", 1.0)])
    assert stream.getvalue() == ""


@pytest.mark.parametrize(("stateful", "shown"), [((), "loss: 2.5000"), (("loss",), "loss: 4.0000")])
def test_values_are_means_weighted_by_steps_unless_stateful(
    stateful: tuple[str, ...], shown: str, time: Clock
) -> None:
    stream = io.StringIO()
    bar = Progbar(4, stateful_metrics=stateful, stream=stream)
    bar.update(1, [("loss", 1.0)])
    bar.update(3, [("loss", 2.5)])
    bar.update(4, [("loss", 4.0)])
    assert shown in stream.getvalue()


def test_small_values_are_shown_with_an_exponent(time: Clock) -> None:
    stream = io.StringIO()
    Progbar(1, stream=stream).update(1, [("loss", 0.00012345), ("down", -2.0)])
    assert stream.getvalue().endswith(" - loss: 1.2345e-04 - down: -2.0000\n")


def test_a_whole_of_unknown_size_is_counted(time: Clock) -> None:
    stream = Terminal()
    bar = Progbar(None, stream=stream)
    time.now += 2
    bar.update(8)
    assert stream.getvalue() == "\r      8/Unknown - 2s 250ms/step"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0us"), (2e-5, "20us"), (0.0123, "12ms"), (0.999, "999ms"), (1, "1s"), (75.4, "75s")],
)
def test_short_times_have_a_fitting_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.9, "0s"),
        (59.9, "59s"),
        (60, "60s"),
        (60.5, "1:00"),
        (185, "3:05"),
        (3600, "60:00"),
        (3601, "1:00:01"),
        (36125, "10:02:05"),
    ],
)
def test_times_to_wait_read_like_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
