"""get_file: what is fetched, what is kept, and what is refused without a trace."""

from __future__ import annotations

import hashlib
import io
import socket
import tarfile
import threading
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from konnx.utils import get_file
from konnx.utils.checksums import validate_file
from konnx.utils.data_utils import get_file as get_file_of_keras
from konnx.utils.downloads import cache_folder
from konnx.utils.fetching import _Redirects, shown

pytestmark = pytest.mark.no_runtime

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()
OTHER = "0" * 64


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers.get("Range")))
        name = self.path.partition("?")[0].rpartition("/")[2]
        getattr(self, f"answer_{name.partition('.')[0]}")(name)

    def answer_file(self, name: str, cut: int | None = None) -> None:
        content = self.server.files.get(name, CONTENT)
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.send_response(206 if start else 200)
        if start:
            end = f"{len(content) - 1}/{len(content)}"
            self.send_header("Content-Range", f"bytes {start}-{end}")
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("ETag", '"1"')
        self.end_headers()
        self.wfile.write(content[start:cut])

    def answer_breaks_once(self, name: str) -> None:
        self.answer_file(name, None if self.headers.get("Range") else 100_000)

    def answer_breaks_and_restarts(self, name: str) -> None:
        """Like a server that knows no ranges."""
        first = not self.headers.get("Range")
        del self.headers["Range"]
        self.answer_file(name, 100_000 if first else None)

    def answer_truncated(self, name: str) -> None:
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.answer_file(name, start + 10)

    def answer_redirect(self, name: str) -> None:
        self.send_response(302)
        self.send_header("Location", "/file.bin")
        self.end_headers()

    def answer_elsewhere(self, name: str) -> None:
        self.send_response(302)
        self.send_header("Location", "file:///etc/passwd")
        self.end_headers()

    def answer_failure(self, name: str) -> None:
        self.send_error(503)

    def answer_missing(self, name: str) -> None:
        self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, str | None]] = []
        self.files: dict[str, bytes] = {}

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("KERAS_HOME", "KONNX_MIRROR", "KONNX_OFFLINE", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("KONNX_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def files_in(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())


def test_keras_finds_it_at_the_same_place() -> None:
    assert get_file_of_keras is get_file


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"KONNX_HOME": "/a", "KERAS_HOME": "/b"}, "/a"),
        ({"KONNX_HOME": "", "KERAS_HOME": "/b"}, "/b"),
        ({"KONNX_HOME": "", "KERAS_HOME": "", "HOME": "/c"}, "/c/.keras"),
    ],
)
def test_the_cache_is_where_the_environment_says(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert str(cache_folder()) == expected


@pytest.mark.parametrize("file_hash", [None, SHA256, SHA256.upper(), MD5])
def test_a_file_is_fetched_once(server: Server, home: Path, file_hash: str | None) -> None:
    for _ in range(2):
        path = get_file("data.bin", server.url("file.bin"), file_hash=file_hash)
        assert path == str(home / "datasets" / "data.bin")
        assert Path(path).read_bytes() == CONTENT
    assert len(server.requests) == 1
    assert files_in(home) == ["datasets/data.bin"]
    assert home.stat().st_mode & 0o077 == 0


def test_progress_is_shown_without_secrets(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    get_file("a", server.url("file.bin?token=secret"), cache_subdir="models")
    out = capsys.readouterr().out
    assert out.startswith("Downloading data from http://127.0.0.1:")
    assert f"{len(CONTENT)}/{len(CONTENT)} [====" in out and "secret" not in out
    get_file("b", server.url("file.bin"), verbose=0)
    assert capsys.readouterr().out == ""
    assert shown("https://me:pw@host/a?b=c#d") == "https://host/a"


def test_a_damaged_file_in_the_cache_is_fetched_again(server: Server, home: Path) -> None:
    (home / "datasets").mkdir(parents=True)
    (home / "datasets" / "data.bin").write_bytes(b"half")
    path = get_file("data.bin", server.url("file.bin"), file_hash=SHA256)
    assert validate_file(path, SHA256) and validate_file(path, MD5)


def test_a_damaged_file_stays_where_no_other_comes(server: Server, home: Path) -> None:
    (home / "datasets").mkdir(parents=True)
    (home / "datasets" / "data.bin").write_bytes(b"half")
    with pytest.raises(ConnectionError):
        get_file("data.bin", server.url("failure"), file_hash=SHA256)
    assert (home / "datasets" / "data.bin").read_bytes() == b"half"


@pytest.mark.parametrize(
    ("name", "ranges"),
    [
        ("breaks_once.bin", [None, "bytes=100000-"]),
        ("breaks_and_restarts.bin", [None, "bytes=100000-"]),
        ("redirect", [None, None]),
    ],
)
def test_a_transfer_that_breaks_goes_on(
    server: Server, name: str, ranges: list[str | None]
) -> None:
    path = get_file("data.bin", server.url(name), file_hash=SHA256)
    assert Path(path).read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == ranges


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("file.bin", ValueError, f"its sha256 is {SHA256}, not {OTHER}. It was not kept"),
        ("truncated.bin", ConnectionError, f"broke after 40 of {len(CONTENT)} bytes"),
        ("failure", ConnectionError, "/failure: the server answers 503 Service Unavailable"),
        ("missing", ConnectionError, "the server answers 404 Not Found"),
        ("elsewhere", ConnectionError, "to url 'file:///etc/passwd' is not allowed"),
    ],
)
def test_what_fails_leaves_nothing(
    server: Server, home: Path, name: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        get_file("data.bin", server.url(name), file_hash=OTHER)
    assert files_in(home) == []


def test_a_server_that_is_not_there_is_named(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    with pytest.raises(
        ConnectionError, match=rf"Cannot download http://127.0.0.1:{port}/.*refused"
    ):
        get_file("data.bin", f"http://127.0.0.1:{port}/file.bin")
    assert files_in(home) == []


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        ("https://a/x", "http://a/x", False),
        ("https://a/x", "https://b/x", True),
        ("http://a/x", "https://a/x", True),
        ("http://a/x", "ftp://a/x", False),
    ],
)
def test_a_redirect_from_https_to_http_is_refused(old: str, new: str, allowed: bool) -> None:
    request = urllib.request.Request(old)
    follow: Callable[[], Any] = lambda: _Redirects().redirect_request(  # noqa: E731
        request, None, 302, "Found", {}, new
    )
    if allowed:
        assert follow().full_url == new
    else:
        with pytest.raises(ConnectionError, match="which is refused"):
            follow()


def test_plain_http_without_a_hash_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("no_proxy", "")
    with (
        pytest.warns(UserWarning, match="anyone on the way could change it"),
        pytest.raises(ConnectionError, match="refused"),
    ):
        get_file("data.bin", "http://data.invalid/file.bin")


def test_proxies_of_the_environment_are_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("no_proxy", "")
    get_file("data.bin", "http://data.invalid/file.bin", file_hash=SHA256)
    assert server.requests == [("http://data.invalid/file.bin", None)]


def test_a_file_url_and_a_mirror_need_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some file.bin").write_bytes(CONTENT)
    monkeypatch.setenv("KONNX_OFFLINE", "1")
    path = get_file("a.bin", (tmp_path / "some file.bin").as_uri(), file_hash=MD5)
    monkeypatch.setenv("KONNX_MIRROR", str(tmp_path))
    other = get_file("b.bin", "https://data.invalid/x/some%20file.bin?raw", file_hash=MD5)
    assert Path(path).read_bytes() == Path(other).read_bytes() == CONTENT


def test_a_mirror_may_be_a_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KONNX_MIRROR", server.url(""))
    get_file("data.bin", "https://data.invalid/x/file.bin", file_hash=SHA256)
    assert server.requests == [("/file.bin", None)]


def test_offline_the_message_says_what_to_put_where(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KONNX_OFFLINE", "1")
    with pytest.raises(FileNotFoundError, match=f"data.bin' with the hash {MD5}.*KONNX_MIRROR"):
        get_file("data.bin", "https://data.invalid/file.bin", file_hash=MD5)
    assert files_in(home) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fname": "../data.bin"}, r"Received: '../data.bin'"),
        ({"fname": ""}, "must not be empty"),
        ({"cache_subdir": "a/../../b"}, "must not be empty or hold"),
        ({"origin": "ftp://a/b"}, "must be a https, http or file URL"),
        ({"origin": "/etc/passwd"}, "must be a https, http or file URL"),
        ({"origin": "file://other/etc/passwd"}, "no other machine"),
        ({"file_hash": "abc"}, "64 hexadecimal digits"),
        ({"file_hash": MD5, "hash_algorithm": "sha256"}, "64 hexadecimal digits"),
        ({"hash_algorithm": "crc", "file_hash": MD5}, "'auto', 'sha256' or 'md5'"),
        ({"extract": True, "archive_format": "rar"}, "'auto', 'tar', 'zip'"),
    ],
)
def test_wrong_arguments_are_refused(
    server: Server, home: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        get_file(**{"fname": "data.bin", "origin": server.url("file.bin")} | arguments)
    assert files_in(home) == []


def tar_of(*members: tuple[str, bytes | tarfile.TarInfo]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members:
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.name = name
            if isinstance(content, bytes):
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content if isinstance(content, bytes) else b""))
    return buffer.getvalue()


def link(kind: bytes, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, target
    return info


def zip_of(*members: tuple[str, bytes], mode: int = 0o644) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.filename = name
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_archives_are_unpacked_beside_themselves(
    server: Server, home: Path, make: Callable[..., bytes]
) -> None:
    server.files["file.arc"] = make(("set/a.txt", b"A"), ("./set/deep/b.txt", b"B"))
    path = get_file("set.arc", server.url("file.arc"), extract=True)
    assert path == str(home / "datasets" / "set.arc")
    expected = ["datasets/set.arc", "datasets/set/a.txt", "datasets/set/deep/b.txt"]
    assert files_in(home) == expected
    (home / "datasets/set/a.txt").write_text("changed")
    get_file("set.arc", server.url("file.arc"), extract=True)
    assert (home / "datasets/set/a.txt").read_text() == "A"
    assert files_in(home) == expected


def test_untar_returns_the_folder_and_unpacks_once(server: Server, home: Path) -> None:
    server.files["file.tar.gz"] = tar_of(("set/a.txt", b"A"))
    for _ in range(2):
        path = get_file("set", server.url("file.tar.gz"), untar=True)
        assert path == str(home / "datasets" / "set")
    assert files_in(home) == ["datasets/set.tar.gz", "datasets/set/a.txt"]


def test_a_file_that_is_no_archive_is_left_packed(server: Server, home: Path) -> None:
    get_file("data.bin", server.url("file.bin"), extract=True)
    assert files_in(home) == ["datasets/data.bin"]


ESCAPES = ("../evil", "a/../../evil", "/tmp/evil-konnx", "a\\..\\evil", "C:/evil")
HOSTILE = {
    **{f"tar {name}": tar_of(("good", b"A"), (name, b"B")) for name in ESCAPES},
    **{f"zip {name}": zip_of(("good", b"A"), (name, b"B")) for name in ESCAPES},
    "symbolic link": tar_of(("a", link(tarfile.SYMTYPE, "/etc")), ("a/passwd", b"B")),
    "hard link": tar_of(("a", link(tarfile.LNKTYPE, "/etc/passwd"))),
    "device": tar_of(("a", link(tarfile.CHRTYPE, ""))),
    "zip link": zip_of(("a", b"/etc/passwd"), mode=0o120777),
    "twice in tar": tar_of(("a", b"A"), ("./a", b"B")),
    "clash": tar_of(("a", b"A"), ("a/b", b"B")),
    "truncated tar": tar_of(("a", CONTENT))[:-200],
    "damaged zip": zip_of(("a", CONTENT)).replace(CONTENT[:20], b"x" * 20)[:40]
    + zip_of(("a", CONTENT))[41:],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_are_refused_and_leave_nothing(
    server: Server, home: Path, name: str
) -> None:
    server.files["file.arc"] = HOSTILE[name]
    with pytest.raises(ValueError, match=r"The archive '.*data.arc' is (refused|damaged)"):
        get_file("data.arc", server.url("file.arc"), extract=True)
    assert files_in(home) == []
    assert list((home / "datasets").iterdir()) == []
    assert not Path("/tmp/evil-konnx").exists()


@pytest.mark.parametrize("name", ["a/NUL", "com1.txt", "ab:stream", "a. ", "b/what?.txt"])
def test_names_that_windows_reserves_are_refused_there(
    server: Server, home: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["file.arc"] = tar_of((name, b"A"))
    get_file("data.arc", server.url("file.arc"), extract=True)
    monkeypatch.setattr("konnx.utils.archives._ON_WINDOWS", True)
    with pytest.raises(ValueError, match="has a name that Windows reserves"):
        get_file("data.arc", server.url("file.arc"), extract=True)


def test_an_archive_that_unpacks_to_far_more_than_itself_is_refused(
    server: Server, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("konnx.utils.archives._HARMLESS_SIZE", 100_000)
    server.files["file.zip"] = zip_of(("a", bytes(1_000_000)))
    with pytest.raises(ValueError, match="bytes would unpack to 1000000"):
        get_file("data.zip", server.url("file.zip"), extract=True)
    assert files_in(home) == []
