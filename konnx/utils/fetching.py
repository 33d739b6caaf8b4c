"""Bytes from a URL into a file: by HTTPS, by HTTP where asked for, or from a file."""

from __future__ import annotations

import errno
import http.client
import os
import re
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from konnx.utils.progbar import Progbar

_TIMEOUT = 30.0  # seconds without a byte
_RESUMPTIONS = 3  # how often a broken transfer goes on where it broke
_CHUNK = 2**18
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LARGEST = 2**35  # bytes that are taken from a server that says no size, or any


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from HTTPS to anything less."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if new not in ("http", "https") or (old == "https" and new != "https"):
            raise ConnectionError(f"the server redirects from {old} to {new}, which is refused")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def shown(origin: str) -> str:
    """Return a URL without names, passwords and queries, as it may be printed."""
    parts = urlsplit(origin)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query="", fragment="").geturl()


def fetch(origin: str, target: Path, verbose: int = 1, largest: int = _LARGEST) -> None:
    """Write what a URL gives into a file, as a whole or not at all.

    A transfer that breaks goes on where it broke, three times at most. Proxies are taken from the
    environment (`https_proxy`, `no_proxy`, …), as everywhere in Python.

    Args:
        origin: a URL with the scheme https, http or file.
        target: an empty file.
        verbose: 1 shows progress, 0 nothing.
        largest: bytes after which it is refused.

    Raises:
        ConnectionError: the server cannot be reached, answers with an error, redirects from HTTPS
            to HTTP, or sends less than it announced or more than `largest`.
        OSError: there is no room for the file.
        FileNotFoundError: a file that the URL names does not exist.
        ValueError: the scheme is another one.
    """
    scheme = urlsplit(origin).scheme
    if scheme == "file":
        shutil.copyfile(local_path(origin), target)
        return
    if scheme not in ("http", "https"):
        raise ValueError(f"`origin` must be a https, http or file URL. Received: {shown(origin)!r}")
    transfer = _Transfer(origin, target, verbose, largest)
    try:
        transfer.run()
    except urllib.error.HTTPError as error:
        error.close()
        raise _failure(origin, f"the server answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _failure(origin, str(error.reason)) from error
    except OSError as error:
        if error.errno in _FULL:
            reason = f"Cannot keep what comes from {shown(origin)}: {error.strerror}"
            raise OSError(error.errno, reason, str(target)) from error
        raise _failure(origin, str(error) or type(error).__name__) from error
    except http.client.HTTPException as error:
        raise _failure(origin, str(error) or type(error).__name__) from error


def _failure(origin: str, reason: str) -> ConnectionError:
    return ConnectionError(f"Cannot download {shown(origin)}: {reason}.")


def local_path(origin: str) -> Path:
    """Return the path in a file URL.

    Raises:
        ValueError: the URL names another machine.
        FileNotFoundError: there is no such file.
    """
    parts = urlsplit(origin)
    if parts.netloc not in ("", "localhost"):
        raise ValueError(f"A file URL must name no other machine. Received: {origin!r}")
    path = Path(urllib.request.url2pathname(parts.path))
    if not path.is_file():
        raise FileNotFoundError(f"There is no file '{path}', which `origin` names.")
    return path


class _Transfer:
    """One download, in as many requests as it takes."""

    def __init__(self, origin: str, target: Path, verbose: int, largest: int) -> None:
        self._origin, self._target = origin, target
        self._verbose, self._largest = verbose, largest
        self._opener = urllib.request.build_opener(_Redirects)
        self._total: int | None = None
        self._validator: str | None = None
        self._bar: Progbar | None = None

    def run(self) -> None:
        with open(self._target, "r+b") as file:
            for attempt in range(_RESUMPTIONS + 1):
                try:
                    if self._receive(file):
                        return
                except (http.client.HTTPException, TimeoutError, ConnectionResetError):
                    if attempt == _RESUMPTIONS or not file.tell():
                        raise
        raise ConnectionError(
            f"the transfer broke after {self._target.stat().st_size} of {self._total} bytes"
        )

    def _receive(self, file: IO[bytes]) -> bool:
        """Make a request, and tell whether the file is whole then."""
        headers = {"User-Agent": "konnx", "Accept-Encoding": "identity"}
        # What the file was must be known, or else two versions of it could be put together.
        if file.tell() and self._validator:
            headers |= {"Range": f"bytes={file.tell()}-", "If-Range": self._validator}
        request = urllib.request.Request(self._origin, headers=headers)
        with self._opener.open(request, timeout=_TIMEOUT) as response:
            if not self._goes_on(response, file.tell()):
                file.seek(0)
                file.truncate()
                if response.status == 206:  # a part of another file: ask for the whole
                    return False
                self._begin(response)
            while chunk := response.read1(_CHUNK):  # what is there, so that none of it is lost
                file.write(chunk)
                self._check_size(file.tell())
                self._show(file.tell())
        return self._total in (None, file.tell())

    def _goes_on(self, response: Any, received: int) -> bool:
        """Tell whether the rest of the same file comes."""
        place = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        if response.status != 206 or not place:
            return False
        start, size = int(place[1]), int(place[2])
        is_same = _validator(response) in (self._validator, None) and self._total in (None, size)
        self._total = size
        return is_same and start == received

    def _begin(self, response: Any) -> None:
        """Read how much will come, and what tells this file from another one."""
        length = response.headers.get("Content-Length", "")
        self._total = int(length) if length.isdecimal() else None
        self._validator = _validator(response)
        self._check_size(self._total or 0)

    def _check_size(self, size: int) -> None:
        if size > self._largest:
            raise ConnectionError(f"it has more than {self._largest} bytes, which is refused")

    def _show(self, received: int) -> None:
        if self._bar is None:
            self._bar = Progbar(self._total, verbose=self._verbose)
        self._bar.update(received)


def _validator(response: Any) -> str | None:
    """Return what tells a version of a file from others to the byte, if the server says that."""
    etag: str = response.headers.get("ETag", "W/")
    date: str | None = response.headers.get("Last-Modified")
    return date if etag.startswith("W/") else etag


def is_insecure(origin: str) -> bool:
    """Tell whether anyone on the way could change what a URL gives."""
    parts = urlsplit(origin)
    return parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1")


def is_remote(origin: str) -> bool:
    """Tell whether a URL needs a network."""
    return urlsplit(origin).scheme != "file"


def at_mirror(origin: str) -> str:
    """Return where to fetch a file that is published at `origin`.

    The environment variable KONNX_MIRROR, a folder or a URL, holds files under their last names.
    """
    mirror = os.environ.get("KONNX_MIRROR")
    if not mirror:
        return origin
    name = urlsplit(origin).path.rpartition("/")[2]
    if urlsplit(mirror).scheme in ("http", "https", "file"):
        return f"{mirror.rstrip('/')}/{name}"
    return Path(mirror, urllib.request.url2pathname(name)).absolute().as_uri()
