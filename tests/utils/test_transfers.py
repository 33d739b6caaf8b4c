"""get_file on the way: encrypted, through proxies, broken off, stalled, changed meanwhile."""

from __future__ import annotations

import errno
import hashlib
import io
import socket
import ssl
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from konnx.utils import fetching, get_file

pytestmark = pytest.mark.no_runtime

CONTENT = bytes(range(256)) * 300
HALF = len(CONTENT) // 2
Answer = Callable[[Any], None]


class Handler(BaseHTTPRequestHandler):
    """Gives one answer after the other; the last one again and again."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.close_connection = True
        self.server.asked.append(dict(self.headers))
        answers = self.server.answers
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def do_CONNECT(self) -> None:
        """Pass on what comes, as a proxy."""
        self.server.asked.append({"CONNECT": self.path})
        host, port = self.path.split(":")
        self.close_connection = True
        self.send_response(200)
        self.end_headers()
        with socket.create_connection((host, int(port))) as other:
            back = threading.Thread(target=copy, args=(other, self.connection))
            back.start()
            copy(self.connection, other)
            back.join()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *answers: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.asked = list(answers), list[dict[str, str]]()
        self.scheme = "http"
        threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of some tests."""

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.server_port}/file.bin"

    def asked_for(self) -> list[tuple[str | None, str | None]]:
        return [(headers.get("Range"), headers.get("If-Range")) for headers in self.asked]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def serve(authority: trustme.CA) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*answers: Answer, encrypted: bool = False) -> Server:
        servers.append(Server(*answers))
        if encrypted:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("localhost").configure_cert(context)
            servers[-1].socket = context.wrap_socket(servers[-1].socket, server_side=True)
            servers[-1].scheme = "https"
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("KERAS_HOME", "KONNX_MIRROR", "KONNX_OFFLINE", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "localhost")
    monkeypatch.setenv("KONNX_HOME", str(tmp_path))
    return tmp_path


def files_in(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())


def answer(
    start: int = 0,
    end: int | None = None,
    status: int = 200,
    length: bool = True,
    content: bytes = CONTENT,
    **headers: str,
) -> Answer:
    """Send a part of some content; headers of the whole, `_` standing for `-`."""

    def send(handler: Any) -> None:
        handler.send_response(status)
        if status == 206:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if length:
            handler.send_header("Content-Length", str(len(content) - start))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content[start:end])

    return send


def in_chunks(end: bool, *parts: bytes, **headers: str) -> Answer:
    """Send parts whose sizes are said before each, and the end or not."""

    def send(handler: Any) -> None:
        answer(length=False, end=0, Transfer_Encoding="chunked", **headers)(handler)
        for part in parts:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        handler.wfile.write(b"0\r\n\r\n" if end else b"")

    return send


def stall(handler: Any) -> None:
    answer(end=HALF, ETag='"1"')(handler)
    handler.wfile.flush()
    time.sleep(0.5)


def redirect(url: str) -> Answer:
    return answer(status=302, content=b"", Location=url)


def fetched(server: Server, **arguments: Any) -> bytes:
    path = get_file("data.bin", server.url, verbose=0, **arguments)
    return Path(path).read_bytes()


@pytest.mark.parametrize(
    "first",
    [
        answer(length=False),
        in_chunks(True, CONTENT[:7], CONTENT[7:]),
        answer(Content_Encoding="gzip"),
    ],
    ids=["no length", "chunks", "said to be packed"],
)
def test_a_file_is_kept_as_it_comes(serve: Any, first: Answer) -> None:
    assert fetched(serve(first)) == CONTENT


RANGE = f"bytes={HALF}-"
REST = answer(HALF, status=206, ETag='"1"')
OTHER = CONTENT[::-1]


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ([in_chunks(False, CONTENT[:HALF], ETag='"1"'), REST], (RANGE, '"1"')),
        ([answer(end=HALF, ETag='W/"1"', Last_Modified="now"), REST], (RANGE, "now")),
        ([answer(end=HALF), answer()], (None, None)),
        ([answer(end=HALF, ETag='W/"1"'), answer()], (None, None)),
        ([stall, REST], (RANGE, '"1"')),
    ],
    ids=["chunks", "weak tag and date", "no tag", "weak tag", "stalled"],
)
def test_a_transfer_goes_on_if_the_file_is_known_to_be_the_same(
    serve: Any, answers: list[Answer], asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_TIMEOUT", 0.2)
    server = serve(*answers)
    if asked[1] == "now":
        server.answers[-1] = answer(HALF, status=206, Last_Modified="now")
    assert fetched(server) == CONTENT
    assert server.asked_for() == [(None, None), asked]


@pytest.mark.parametrize(
    "second",
    [
        answer(content=OTHER, ETag='"2"'),
        answer(HALF, status=206, content=OTHER, ETag='"2"'),
        answer(HALF - 1, status=206, content=OTHER, ETag='"1"'),
        answer(HALF, status=206, content=OTHER + b"more", ETag='"1"'),
    ],
    ids=["whole", "a part", "from elsewhere", "of another size"],
)
def test_a_file_that_changed_meanwhile_is_fetched_anew(serve: Any, second: Answer) -> None:
    server = serve(answer(end=HALF, ETag='"1"'), second, answer(content=OTHER, ETag='"2"'))
    assert fetched(server) == OTHER


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (in_chunks(False, CONTENT[:HALF]), "IncompleteRead"),
        (stall, "timed out"),
        (lambda handler: time.sleep(0.3), "timed out"),
        (lambda handler: None, "closed connection without response"),
    ],
    ids=["chunks", "stalls", "never begins", "hangs up"],
)
def test_a_server_that_never_gets_to_the_end_is_an_error(
    serve: Any,
    last: Answer,
    message: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetching, "_TIMEOUT", 0.1)
    monkeypatch.setattr(fetching, "_RESUMPTIONS", 1)
    with pytest.raises(ConnectionError, match=f"Cannot download http://localhost.*{message}"):
        fetched(serve(last))
    assert files_in(home) == []


def test_a_full_disk_is_said_to_be_full(
    serve: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.FileIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetching, "open", lambda path, mode: Full(path, "r+"), raising=False)
    with pytest.raises(OSError, match="Cannot keep what comes from http.*No space left") as caught:
        fetched(serve(answer()))
    assert caught.value.errno == errno.ENOSPC
    assert files_in(home) == []


def test_a_file_in_place_of_the_cache_is_named(
    serve: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").touch()
    monkeypatch.setenv("KONNX_HOME", str(home / "file"))
    with pytest.raises(OSError, match="Cannot make the folder '.*file.*Set KONNX_HOME"):
        fetched(serve(answer()))


def trust(authority: trustme.CA, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Python know who signs the server's certificate."""
    file = home.with_name(f"{home.name}.pem")
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


@pytest.mark.parametrize("proxy", [False, True])
def test_https_is_for_servers_with_a_known_certificate(
    serve: Any, authority: trustme.CA, proxy: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, other = serve(answer(), encrypted=True), serve(answer())
    if proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{other.server_port}")
        monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ConnectionError, match="certificate verify failed"):
        fetched(server)
    assert files_in(home) == []
    trust(authority, home, monkeypatch)
    assert fetched(server) == CONTENT
    assert {"CONNECT": f"localhost:{server.server_port}"} in other.asked or not proxy


def test_a_server_that_leads_from_https_to_http_is_not_followed(
    serve: Any, authority: trustme.CA, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(authority, home, monkeypatch)
    plain = serve(answer())
    with pytest.raises(ConnectionError, match="redirects from https to http, which is refused"):
        fetched(serve(redirect(plain.url), encrypted=True))
    assert (plain.asked, files_in(home)) == ([], [])


def test_two_programs_may_fetch_the_same_archive_at_once(serve: Any, home: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for number in range(20):
            info = tarfile.TarInfo(f"set/{number}.bin")
            info.size = len(CONTENT)
            archive.addfile(info, io.BytesIO(CONTENT))
    content = buffer.getvalue()
    server = serve(answer(content=content))
    program = (
        "from konnx.utils import get_file; "
        f"get_file('set', {server.url!r}, untar=True, verbose=0, "
        f"file_hash={hashlib.sha256(content).hexdigest()!r})"
    )
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    expected = [f"datasets/set/{number}.bin" for number in range(20)]
    assert files_in(home) == sorted([*expected, "datasets/set.tar.gz"])
    assert {(home / name).read_bytes() for name in expected} == {CONTENT}
