"""The values of each epoch, sent to a server."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from konnx.callbacks.base import Callback, Logs

TIMEOUT = 10.0
"""Seconds to wait for the server, so that it cannot hold up a fit for long."""


class RemoteMonitor(Callback):
    """Posts the values of each epoch as JSON to a server; a failure warns, and the fit goes on.

    Args:
        root: the server's address.
        path: where on it.
        field: the name of the form's field that holds the JSON.
        headers: HTTP headers to add.
        send_as_json: whether to send the JSON alone, as application/json, and not in a form.

    Example:
        >>> watch = RemoteMonitor("http://localhost:9000", send_as_json=True)
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        self.root, self.path, self.field = root, path, field
        self.headers, self.send_as_json = headers, send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Send "epoch", from 0, and the values."""
        from http.client import HTTPException

        text = json.dumps({"epoch": epoch, **(logs or {})}, default=_plain)
        try:
            self._post(text)
        except (OSError, HTTPException, ValueError) as error:
            warnings.warn(
                f"`RemoteMonitor` could not send epoch {epoch + 1} to {self.root}{self.path}: "
                f"{error}",
                RuntimeWarning,
                stacklevel=2,
            )

    def _post(self, text: str) -> None:
        from urllib.parse import urlencode
        from urllib.request import Request, urlopen  # here, as they take long to import

        if self.send_as_json:
            content_type = "application/json"
        else:
            text = urlencode({self.field: text})
            content_type = "application/x-www-form-urlencoded"
        headers = {"Content-Type": content_type, **(self.headers or {})}
        request = Request(self.root + self.path, text.encode(), headers, method="POST")
        with urlopen(request, timeout=TIMEOUT):
            pass


def _plain(value: Any) -> Any:
    """Return what JSON can hold: numbers of arrays, else a text."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
