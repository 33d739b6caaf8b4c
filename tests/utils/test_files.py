"""A file that is written atomically appears whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from konnx.utils.files import atomic_path

posix = pytest.mark.skipif(os.name != "posix", reason="permissions and links as POSIX has them")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "model.onnx"


@pytest.fixture
def umask_027() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("overwrite", [True, False])
def test_the_file_appears_when_the_block_ends(target: Path, overwrite: bool) -> None:
    with atomic_path(target, overwrite=overwrite) as temporary:
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_the_temporary_file_is_beside_the_target_and_ends_like_it(target: Path) -> None:
    with atomic_path(str(target)) as temporary:
        assert temporary.parent == target.parent
        assert temporary.suffix == ".onnx"
        assert temporary.read_bytes() == b""


def test_the_old_content_stays_until_the_block_ends(target: Path) -> None:
    target.write_text("old")
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("old", [None, "old"])
def test_an_exception_leaves_what_was_there(
    target: Path, error: type[BaseException], old: str | None
) -> None:
    if old is not None:
        target.write_text(old)

    def fail() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("half of")
            raise error

    with pytest.raises(error):
        fail()
    assert list(target.parent.iterdir()) == ([] if old is None else [target])
    assert old is None or target.read_text() == old


def test_a_block_that_removed_the_temporary_file_is_an_error(target: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_path(target) as temporary:
        temporary.unlink()
    assert not target.exists()


def test_without_overwrite_an_existing_file_stays(target: Path) -> None:
    target.write_text("old")
    words = pytest.raises(FileExistsError, match=r"model\.onnx.*overwrite=True")
    with words, atomic_path(target, overwrite=False):
        pytest.fail("the block must not run")
    assert target.read_text() == "old"


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_without_overwrite_a_file_that_appears_meanwhile_stays(
    target: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_: object) -> None:
        raise OSError("this file system has no hard links")

    if not links:
        monkeypatch.setattr(os, "link", no_link)

    def race() -> None:
        with atomic_path(target, overwrite=False) as temporary:
            temporary.write_text("new")
            target.write_text("someone else's")

    with pytest.raises(FileExistsError):
        race()
    assert target.read_text() == "someone else's"
    assert list(target.parent.iterdir()) == [target]


def test_without_overwrite_works_where_there_are_no_hard_links(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_: object) -> None:
        raise OSError("this file system has no hard links")

    monkeypatch.setattr(os, "link", no_link)
    with atomic_path(target, overwrite=False) as temporary:
        temporary.write_text("new")
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "model.h5"
    words = pytest.raises(FileNotFoundError, match="directory '.*absent' does not exist")
    with words, atomic_path(path):
        pytest.fail("the block must not run")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="is a directory"), atomic_path(tmp_path):
        pytest.fail("the block must not run")


@posix
def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(OSError, match="device or a pipe"), atomic_path(path):
        pytest.fail("the block must not run")
    assert stat.S_ISFIFO(path.stat().st_mode)


@posix
def test_a_new_file_gets_the_permissions_of_the_umask(target: Path, umask_027: None) -> None:
    with atomic_path(target) as temporary:
        temporary.write_text("new")
    assert mode(target) == 0o640


@posix
def test_a_replaced_file_keeps_its_permissions(target: Path) -> None:
    target.write_text("secret")
    target.chmod(0o600)
    with atomic_path(target) as temporary:
        temporary.write_text("new secret")
    assert mode(target) == 0o600


def test_a_protected_file_is_not_replaced(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target.write_text("old")
    # Permissions alone would not stop root from writing.
    monkeypatch.setattr(os, "access", lambda path, wanted: (path, wanted) != (target, os.W_OK))
    with pytest.raises(PermissionError, match="write-protected"), atomic_path(target):
        pytest.fail("the block must not run")
    assert target.read_text() == "old"


def test_a_directory_without_permission_is_named(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError("the system's own words")

    monkeypatch.setattr(os, "open", refuse)
    words = pytest.raises(PermissionError, match=r"model\.onnx.*no permission to create files in")
    with words, atomic_path(target):
        pytest.fail("the block must not run")


@posix
@pytest.mark.parametrize("dangling", [True, False])
def test_a_symbolic_link_is_replaced_not_followed(
    target: Path, tmp_path: Path, dangling: bool
) -> None:
    other = tmp_path / "other"
    if not dangling:
        other.write_text("untouched")
    target.symlink_to(other)
    with atomic_path(target) as temporary:
        temporary.write_text("new")
    assert not target.is_symlink()
    assert target.read_text() == "new"
    assert other.exists() is not dangling
    assert dangling or other.read_text() == "untouched"


@posix
def test_a_link_that_waits_where_the_temporary_file_goes_is_not_followed(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda _: "guessed")
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / ".konnx-guessed.onnx").symlink_to(victim)
    with pytest.raises(FileExistsError), atomic_path(target):
        pytest.fail("the block must not run")
    assert victim.read_text() == "untouched"
