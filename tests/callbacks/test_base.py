"""Callbacks and the list that calls them."""

from __future__ import annotations

from typing import Any

import pytest

from konnx.callbacks import Callback, CallbackList

pytestmark = pytest.mark.no_runtime

EVENTS = ["on_epoch_begin", "on_epoch_end", "on_batch_begin", "on_batch_end"]


def test_a_callback_gets_model_and_params() -> None:
    callbacks = [Callback(), Callback()]
    assert callbacks[0].model is None
    told = CallbackList(iter(callbacks[:1]))
    told.append(callbacks[1])
    told.set_model("model")
    told.set_params({"epochs": 3})
    for callback in callbacks:
        assert (callback.model, callback.params) == ("model", {"epochs": 3})


@pytest.mark.parametrize("event", EVENTS)
def test_each_callback_hears_of_an_event_in_turn(event: str) -> None:
    heard: list[tuple[str, int]] = []
    callbacks = []
    for name in ("a", "b"):
        callback = Callback()
        setattr(callback, event, lambda n, logs, name=name: heard.append((name, n)))
        callbacks.append(callback)
    told = CallbackList(callbacks)
    for other in EVENTS:
        getattr(told, other)(7, {})
    assert heard == [("a", 7), ("b", 7)]


@pytest.mark.parametrize("event", ["on_train_begin", "on_train_end"])
def test_a_callback_that_overrides_nothing_does_nothing(event: str) -> None:
    logs: dict[str, float] = {}
    told = CallbackList([Callback()])
    getattr(told, event)(logs)
    for other in EVENTS:
        getattr(told, other)(0, logs)
    assert logs == {}


# The end of a fit


class Holder(Callback):
    """Holds something from the beginning to the end, and raises where it is told to."""

    def __init__(self, raises_at: str = "") -> None:
        super().__init__()
        self.raises_at = raises_at
        self.events: list[str] = []

    def note(self, event: str) -> None:
        self.events.append(event)
        if event == self.raises_at:
            raise OSError(f"raised at the {event}")

    def on_train_begin(self, logs: Any = None) -> None:
        self.note("begin")

    def on_train_end(self, logs: Any = None) -> None:
        self.note("end")


def train(*callbacks: Callback, error: BaseException | None = None) -> None:
    with CallbackList(callbacks).training():
        if error is not None:
            raise error


@pytest.mark.parametrize("error", [ValueError("a batch"), KeyboardInterrupt()])
def test_all_hear_of_the_end_of_a_fit_that_fails(error: BaseException) -> None:
    holders = [Holder(), Holder()]
    with pytest.raises(type(error)) as caught:
        train(*holders, error=error)
    assert caught.value is error
    assert [holder.events for holder in holders] == [["begin", "end"]] * 2


def test_who_did_not_begin_does_not_end() -> None:
    holders = [Holder(), Holder("begin"), Holder()]
    with pytest.raises(OSError, match="raised at the begin"):
        train(*holders)
    assert [holder.events for holder in holders] == [["begin", "end"], ["begin"], []]


def test_who_raises_at_the_end_does_not_keep_the_others_from_it() -> None:
    holders = [Holder("end"), Holder()]
    with pytest.raises(OSError, match="raised at the end"):
        train(*holders)
    assert holders[1].events == ["begin", "end"]


def test_an_error_at_the_end_does_not_hide_the_one_before() -> None:
    holders = [Holder("end"), Holder()]
    with pytest.raises(ValueError, match="a batch") as caught:
        train(*holders, error=ValueError("a batch"))
    assert caught.value.__notes__ == ["At the end of the fit, too: OSError: raised at the end"]
    assert holders[1].events == ["begin", "end"]


def test_the_end_comes_once_and_in_turn() -> None:
    ended: list[str] = []
    callbacks = []
    for name in ("a", "b"):
        callback = Holder()
        callback.on_train_end = lambda logs, name=name: ended.append(name)  # type: ignore[misc]
        callbacks.append(callback)
    train(*callbacks)
    assert ended == ["a", "b"]
