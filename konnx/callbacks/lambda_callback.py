"""Callbacks of a few functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from konnx.callbacks.base import Callback

Told = Callable[[int, Any], Any]


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin: takes (epoch, logs).
        on_epoch_end: takes (epoch, logs).
        on_batch_begin: takes (batch, logs).
        on_batch_end: takes (batch, logs).
        on_train_begin: takes (logs).
        on_train_end: takes (logs); called at the end of a fit that fails, too.
        **kwargs: attributes of the callback.

    Raises:
        TypeError: an event that there is not.

    Example:
        >>> show = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
        >>> show.on_epoch_end(3, {"loss": 0.5})
        3 0.5
    """

    def __init__(
        self,
        on_epoch_begin: Told | None = None,
        on_epoch_end: Told | None = None,
        on_batch_begin: Told | None = None,
        on_batch_end: Told | None = None,
        on_train_begin: Callable[[Any], Any] | None = None,
        on_train_end: Callable[[Any], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        functions = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_batch_begin": on_batch_begin,
            "on_batch_end": on_batch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
        }
        unknown = sorted(name for name in kwargs if name.startswith("on_"))
        if unknown:
            raise TypeError(
                f"`LambdaCallback` knows the events {', '.join(functions)}. "
                f"Received: {', '.join(unknown)}"
            )
        vars(self).update(kwargs)
        vars(self).update({name: one for name, one in functions.items() if one is not None})
