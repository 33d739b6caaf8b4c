"""Files from elsewhere, kept in a folder so that they are fetched once."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

from konnx.utils.archives import extract_archive
from konnx.utils.checksums import algorithm_of, hash_file, validate_file
from konnx.utils.fetching import at_mirror, fetch, is_insecure, is_remote, shown
from konnx.utils.files import atomic_path


def cache_folder() -> Path:
    """Return the folder for downloaded files: $KONNX_HOME, else $KERAS_HOME, else ~/.keras.

    Example:
        >>> cache_folder().is_absolute()
        True
    """
    home = os.environ.get("KONNX_HOME") or os.environ.get("KERAS_HOME") or "~/.keras"
    return Path(home).expanduser().absolute()


def get_file(
    fname: str,
    origin: str,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | Sequence[str] | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    *,
    verbose: int = 1,
) -> str:
    """Return the path of a file, which is downloaded unless it is in the cache.

    A file in the cache is used without a network if it has the hash, or none is given. With
    KONNX_OFFLINE=1 in the environment nothing is downloaded; with KONNX_MIRROR, a folder or a
    URL, files come from there. What fails leaves nothing in the cache.

    Args:
        fname: name of the file in the cache, or an absolute path.
        origin: its URL: https, http or file. A redirect from https to http is refused.
        untar: unpack `fname`.tar.gz and return the path of `fname`; `extract` is the newer form.
        md5_hash: older form of `file_hash`.
        file_hash: the SHA-256 or MD5 of the file in hexadecimal digits.
        cache_subdir: folder below the cache's, or an absolute path.
        hash_algorithm: "auto" (told by the length), "sha256" or "md5".
        extract: unpack the file beside itself if it is an archive.
        archive_format: "auto", "tar", "zip", several of them, or None for none.
        cache_dir: the cache's folder; default: see `cache_folder`.
        verbose: 1 shows progress, 0 nothing.

    Raises:
        ConnectionError: the server cannot be reached, answers with an error, redirects to http,
            or breaks off.
        FileNotFoundError: the file is not in the cache and nothing may be downloaded, or `origin`
            names a file that is not there.
        ValueError: the file has another hash, the archive holds links, names outside its folder
            or more than its size makes plausible, or an argument is wrong.
        PermissionError: the cache is not writable.
        OSError: there is no room for the file, or a file is where the cache's folder should be.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     here = pathlib.Path(folder, "here.txt")
        ...     _ = here.write_text("some data")
        ...     path = get_file("data.txt", here.as_uri(), cache_dir=folder, verbose=0)
        ...     pathlib.Path(path).read_text()
        'some data'
    """
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    if file_hash is not None:
        hash_algorithm = algorithm_of(file_hash, hash_algorithm)
    folder = _folder(cache_dir, cache_subdir)
    unpacked = _path_in(folder, fname)
    path = unpacked.with_name(f"{unpacked.name}.tar.gz") if untar else unpacked
    fresh = not _is_cached(path, file_hash, hash_algorithm)
    if fresh:
        _download(path, origin, file_hash, hash_algorithm, verbose)
    if untar or extract:
        # An archive that was there before may have been unpacked and changed since: `untar`
        # leaves that alone, as in Keras.
        if fresh or extract or not unpacked.exists():
            _unpack(path, "tar" if untar else archive_format, fresh)
        if untar and not unpacked.exists():
            raise ValueError(f"The archive '{path}' holds no '{unpacked.name}'.")
    return str(unpacked if untar else path)


def _folder(cache_dir: str | os.PathLike[str] | None, cache_subdir: str) -> Path:
    base = cache_folder() if cache_dir is None else Path(cache_dir).expanduser().absolute()
    folder = _path_in(base, cache_subdir) if cache_subdir else base
    try:
        # What is fetched is for this user alone, as nobody else has checked it.
        for place in reversed((folder, *folder.parents)):
            if not place.is_dir():
                place.mkdir(mode=0o700, exist_ok=True)
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise type(error)(
            f"Cannot make the folder '{folder}' for downloaded files: {error}. Set KONNX_HOME to a "
            "folder that is writable."
        ) from error
    return folder


def _path_in(folder: Path, name: str) -> Path:
    """Return the path of a name that does not lead out of a folder unless it is absolute."""
    if not name or ".." in Path(name).parts:
        raise ValueError(
            f"Names of files and folders in the cache must not be empty or hold '..'. "
            f"Received: {name!r}"
        )
    return folder / Path(name).expanduser()


def _is_cached(path: Path, file_hash: str | None, algorithm: str) -> bool:
    return path.is_file() and (file_hash is None or validate_file(path, file_hash, algorithm))


def _download(path: Path, origin: str, file_hash: str | None, algorithm: str, verbose: int) -> None:
    source = at_mirror(origin)
    _check_network(path, source, file_hash)
    if verbose:
        print("Downloading data from", shown(source))
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        fetch(source, temporary, verbose)
        found = None if file_hash is None else hash_file(temporary, algorithm)
        if file_hash is not None and found != file_hash.lower():
            raise ValueError(
                f"{shown(source)} is not the file that was expected, or was damaged on the way: "
                f"its {algorithm} is {found}, not {file_hash}. It was not kept."
            )


def _check_network(path: Path, source: str, file_hash: str | None) -> None:
    if is_remote(source) and os.environ.get("KONNX_OFFLINE", "0") not in ("", "0"):
        wanted = "" if file_hash is None else f" with the hash {file_hash}"
        raise FileNotFoundError(
            f"'{path}'{wanted} is not there, and KONNX_OFFLINE forbids to download it. Put the "
            f"file of {shown(source)} there, or set KONNX_MIRROR to a folder that has it."
        )
    if is_insecure(source) and file_hash is None:
        warnings.warn(
            f"{shown(source)} comes over plain HTTP and without a hash: anyone on the way could "
            "change it. Use https, or give `file_hash`.",
            stacklevel=4,
        )


def _unpack(path: Path, archive_format: str | Sequence[str] | None, fresh: bool) -> None:
    try:
        extract_archive(path, path.parent, archive_format)
    except ValueError:
        if fresh:
            path.unlink()
        raise
