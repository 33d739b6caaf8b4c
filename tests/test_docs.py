"""The pages in docs/: their examples run, and none of them is missing what it should tell."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from konnx.autodiff import RULES
from konnx.cli import main
from konnx.runtime import set_default_device
from konnx.utils.naming import reset_names

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
TESTED = "<!-- The tests run the blocks of this page, in order. -->"


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[tuple[str, str]]:
    """Return the language and the text of each block that can be run."""
    return re.findall(r"^```(python|sh)\n(.*?)^```", text_of(page), flags=re.DOTALL | re.MULTILINE)


def commands(block: str) -> Iterator[list[str]]:
    """Yield the arguments of each call of konnx in a block for a shell."""
    for line in block.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["konnx"]:
            yield words[1:]


def run_command(arguments: list[str]) -> None:
    try:
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
    finally:
        set_default_device("auto")
    assert exit_.value.code in (None, 0), arguments


@pytest.mark.training
@pytest.mark.filterwarnings("ignore:This machine has no GPU:UserWarning")
@pytest.mark.parametrize("page", [page for page in PAGES if TESTED in text_of(page)])
def test_the_blocks_of_a_page_run_one_after_the_other(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # The page on pictures needs no Graphviz here.
    monkeypatch.setattr("konnx.utils.dot._drawn", lambda text, *_: text)
    reset_names()  # they name layers as a fresh process does
    names: dict[str, Any] = {"__name__": "__main__"}
    with patch.dict(RULES):  # a page registers some
        for language, block in blocks(page):
            if language == "python":
                exec(compile(block, page, "exec"), names)  # noqa: S102 - our own text
            else:
                for arguments in commands(block):
                    run_command(arguments)


@pytest.mark.no_runtime
def test_the_pages_that_show_how_things_are_done_are_tested() -> None:
    tested = {page for page in PAGES if TESTED in text_of(page)}
    assert tested >= {
        "converting.md",
        "deploying.md",
        "getting_started.md",
        "pictures.md",
        "training.md",
        "writing_a_gradient_rule.md",
        "writing_a_layer.md",
    }


@pytest.mark.no_runtime
def test_every_page_is_in_the_navigation_once() -> None:
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    listed = re.findall(r"^ +- (?:[^:\n]+: )?([\w/]+\.md)$", text, re.M)
    assert sorted(listed) == PAGES


@pytest.mark.no_runtime
def test_the_page_on_the_command_line_tells_of_every_command_and_option() -> None:
    path = ROOT / "tools" / "make_command_line.py"
    spec = importlib.util.spec_from_file_location("make_command_line", path)
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert text_of("command_line.md") == tool.page()


@pytest.mark.no_runtime
def test_the_page_on_conversion_shows_every_option_of_convert() -> None:
    (section,) = re.findall(
        r"^## konnx convert\n(.*?)^## ", text_of("command_line.md"), re.M | re.S
    )
    options = re.findall(r"^\| `(--[\w-]+)`", section, re.M)
    assert len(options) > 20
    assert [option for option in options if option not in text_of("converting.md")] == []


@pytest.mark.no_runtime
def test_links_between_pages_lead_somewhere() -> None:
    targets = [
        (DOCS / page).parent.joinpath(link).resolve()
        for page in PAGES
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(page))
    ]
    files = {path.resolve() for path in DOCS.rglob("*")}
    assert {*targets} - files == set()
