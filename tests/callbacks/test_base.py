"""Callbacks and the list that calls them."""

from __future__ import annotations

import pytest

from konnx.callbacks import Callback, CallbackList

pytestmark = pytest.mark.no_runtime

EVENTS = ["on_epoch_begin", "on_epoch_end", "on_batch_begin", "on_batch_end"]


def test_a_callback_gets_model_and_params() -> None:
    callbacks = [Callback(), Callback()]
    assert callbacks[0].model is None
    CallbackList(iter(callbacks), "model", {"epochs": 3})
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
    told = CallbackList(callbacks, None, {})
    for other in EVENTS:
        getattr(told, other)(7, {})
    assert heard == [("a", 7), ("b", 7)]


@pytest.mark.parametrize("event", ["on_train_begin", "on_train_end"])
def test_a_callback_that_overrides_nothing_does_nothing(event: str) -> None:
    logs: dict[str, float] = {}
    told = CallbackList([Callback()], None, {})
    getattr(told, event)(logs)
    for other in EVENTS:
        getattr(told, other)(0, logs)
    assert logs == {}
