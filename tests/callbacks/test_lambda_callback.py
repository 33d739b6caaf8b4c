"""Callbacks made of functions."""

from __future__ import annotations

from typing import Any

import pytest

from konnx.callbacks import CallbackList, LambdaCallback

pytestmark = pytest.mark.no_runtime

EVENTS: dict[str, tuple[Any, ...]] = {
    "on_train_begin": (),
    "on_epoch_begin": (2,),
    "on_batch_begin": (3,),
    "on_batch_end": (3,),
    "on_epoch_end": (2,),
    "on_train_end": (),
}


@pytest.mark.parametrize("given", EVENTS)
def test_a_function_is_told_of_its_event_and_of_no_other(given: str) -> None:
    told: list[tuple[Any, ...]] = []
    callback = LambdaCallback(**{given: lambda *args: told.append(args)})  # type: ignore[arg-type]
    everything = CallbackList([callback])
    for event, args in EVENTS.items():
        getattr(everything, event)(*args, {"loss": 1.0})
    assert told == [(*EVENTS[given], {"loss": 1.0})]


def test_other_arguments_become_attributes() -> None:
    assert vars(LambdaCallback(color="red"))["color"] == "red"


def test_an_event_that_there_is_not_is_refused() -> None:
    with pytest.raises(TypeError, match="knows the events on_epoch_begin.*Received: on_epoch_ends"):
        LambdaCallback(on_epoch_ends=print)
