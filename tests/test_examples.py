"""The examples in docstrings and in the README run as they are written."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import konnx
from konnx.utils.naming import reset_names

ROOT = Path(__file__).parents[1]


def module_names() -> list[str]:
    found = [module.name for module in pkgutil.walk_packages(konnx.__path__, "konnx.")]
    for name in ("runtime", "converters", "cli"):  # folders beside konnx/, in an editable install
        package = importlib.import_module(f"konnx.{name}")
        found += [
            module.name for module in pkgutil.walk_packages(package.__path__, f"konnx.{name}.")
        ]
    return sorted({"konnx", *found} - {"konnx.cli.__main__"})


@pytest.mark.parametrize("name", module_names())
def test_the_docstring_examples_of_a_module_give_what_they_show(name: str) -> None:
    module = importlib.import_module(name)
    results = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0


def test_most_public_modules_show_an_example() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    shown = sum(
        bool(test.examples)
        for name in module_names()
        for test in finder.find(importlib.import_module(name), name)
    )
    assert shown > 40


def readme_examples() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def test_the_examples_of_the_readme_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    reset_names()  # they name layers as a fresh process does
    for example in readme_examples():
        exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - our own text
