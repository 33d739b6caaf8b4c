"""What RemoteMonitor sends to a server on this machine, and what it says of one that fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest

from konnx.callbacks import RemoteMonitor

pytestmark = pytest.mark.no_runtime


class Server(HTTPServer):
    """Keeps the requests that it gets, and answers with its status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[str, Any, str]] = []
        self.status = 200

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.got.append((self.path, self.headers, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


LOGS: dict[str, Any] = {"loss": 0.5, "lr": np.float32(0.25), "many": np.arange(2)}
SENT = {"epoch": 3, "loss": 0.5, "lr": 0.25, "many": [0, 1]}


def test_values_are_sent_as_json_in_a_form(server: Server) -> None:
    RemoteMonitor(server.root).on_epoch_end(3, LOGS)
    ((path, headers, body),) = server.got
    assert path == "/publish/epoch/end/"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    ((field, (text,)),) = parse_qs(body).items()
    assert (field, json.loads(text)) == ("data", SENT)


def test_path_field_and_headers_can_be_chosen(server: Server) -> None:
    monitor = RemoteMonitor(server.root, "/mine", "values", {"Token": "a"})
    monitor.on_epoch_end(3, LOGS)
    ((path, headers, body),) = server.got
    assert (path, headers["Token"], list(parse_qs(body))) == ("/mine", "a", ["values"])


def test_json_can_be_sent_alone(server: Server) -> None:
    RemoteMonitor(server.root, send_as_json=True).on_epoch_end(3, LOGS)
    ((_, headers, body),) = server.got
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == SENT


def test_a_server_that_refuses_is_a_warning(server: Server) -> None:
    server.status = 500
    with pytest.warns(RuntimeWarning, match="could not send epoch 1 to http://127.*500"):
        RemoteMonitor(server.root).on_epoch_end(0, {"loss": 1.0})


def test_a_server_that_is_not_there_is_a_warning(server: Server) -> None:
    with Server() as gone:
        root = gone.root
    with pytest.warns(RuntimeWarning, match="could not send epoch 1 to http://127"):
        RemoteMonitor(root).on_epoch_end(0, {"loss": 1.0})


def test_an_address_that_is_none_is_a_warning() -> None:
    with pytest.warns(RuntimeWarning, match="could not send epoch 1 to nowhere"):
        RemoteMonitor("nowhere").on_epoch_end(0, None)
