"""What is declared, what lies on disk and what lands in the wheel are the same."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from itertools import combinations
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("konnx", "runtime", "converters", "cli")
DATA_FILES = {"konnx/py.typed", "konnx/datasets/digits.npz", "konnx/datasets/README.md"}
RUNTIMES = ("gpu", "cuda", "cpu", "training", "training-cpu")

LINUX = {"sys_platform": "linux", "platform_machine": "x86_64", "python_version": "3.12"}
LINUX_ARM = LINUX | {"platform_machine": "aarch64"}
WINDOWS = LINUX | {"sys_platform": "win32", "platform_machine": "AMD64"}
WINDOWS_ARM = WINDOWS | {"platform_machine": "ARM64"}
MAC = LINUX | {"sys_platform": "darwin", "platform_machine": "arm64"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """The parsed pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZipFile]:
    """A wheel built from a copy, because a build leaves folders beside the sources."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for folder in FOLDERS:
        shutil.copytree(
            ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", ".*")
        )
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, copy)
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(out)!r})"
    result = subprocess.run(
        [sys.executable, "-c", build], cwd=copy, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    (path,) = out.iterdir()
    with ZipFile(path) as archive:
        yield archive


def source_files() -> dict[str, Path]:
    """Every Python file of the four folders, by its path in the wheel."""
    return {
        (Path("konnx") / path.relative_to(ROOT)).as_posix()
        if folder != "konnx"
        else path.relative_to(ROOT).as_posix(): path
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
    }


def test_the_list_of_packages_equals_the_packages_on_disk(project: dict[str, Any]) -> None:
    on_disk = {str(Path(name).parent).replace(os.sep, ".") for name in source_files()}
    listed = project["tool"]["setuptools"]["packages"]
    assert sorted(on_disk) == sorted(listed)


def test_every_package_on_disk_has_an_init_file() -> None:
    folders = {path.parent for path in source_files().values()}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_the_wheel_holds_every_source_file_and_nothing_else(wheel: ZipFile) -> None:
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == set(source_files()) | DATA_FILES


@pytest.mark.parametrize("name", sorted(DATA_FILES - {"konnx/py.typed"}))
def test_the_wheel_holds_the_data_files_unchanged(wheel: ZipFile, name: str) -> None:
    assert wheel.read(name) == (ROOT / name).read_bytes()


def test_the_wheel_holds_the_licence(wheel: ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith("/LICENSE")]
    assert wheel.read(name) == (ROOT / "LICENSE").read_bytes()
    assert b"Apache License" in wheel.read(name)


def test_the_wheel_declares_the_console_script(wheel: ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith("/entry_points.txt")]
    assert wheel.read(name).decode().split() == [
        "[console_scripts]",
        "konnx",
        "=",
        "konnx.cli:main",
    ]


def requirements(project: dict[str, Any], extra: str, machine: dict[str, str]) -> set[str]:
    """The names that an extra installs on a machine."""
    declared = map(Requirement, project["project"]["optional-dependencies"][extra])
    return {
        requirement.name
        for requirement in declared
        if requirement.marker is None or requirement.marker.evaluate(machine)
    }


@pytest.mark.parametrize(
    ("extra", "machine", "expected"),
    [
        ("gpu", LINUX, {"onnxruntime-gpu"}),
        ("gpu", WINDOWS, {"onnxruntime-gpu"}),
        ("gpu", LINUX_ARM, {"onnxruntime"}),
        ("gpu", WINDOWS_ARM, {"onnxruntime"}),
        ("gpu", MAC, {"onnxruntime"}),
        ("cuda", LINUX, {"onnxruntime-gpu"}),
        ("cpu", MAC, {"onnxruntime"}),
        ("training", LINUX | {"python_version": "3.11"}, {"onnxruntime-training"}),
        ("training", LINUX, {"onnxruntime-training-cpu"}),
        ("training", MAC | {"python_version": "3.11"}, {"onnxruntime-training-cpu"}),
        ("training", WINDOWS, {"onnxruntime-training-cpu"}),
        ("training", LINUX | {"python_version": "3.13"}, set()),
        ("training-cpu", LINUX, {"onnxruntime-training-cpu"}),
        ("training-cpu", LINUX | {"python_version": "3.13"}, set()),
        ("image", LINUX, {"pillow", "scipy"}),
    ],
)
def test_an_extra_installs_what_suits_the_machine(
    project: dict[str, Any], extra: str, machine: dict[str, str], expected: set[str]
) -> None:
    assert requirements(project, extra, machine) == expected


def test_no_runtime_is_a_hard_dependency(project: dict[str, Any]) -> None:
    hard = {Requirement(line).name for line in project["project"]["dependencies"]}
    assert hard == {"onnx", "numpy", "protobuf", "h5py", "typer"}


@pytest.mark.parametrize("extras", list(combinations(RUNTIMES, 2)), ids="-".join)
def test_extras_of_different_runtimes_are_declared_as_conflicting(
    project: dict[str, Any], extras: tuple[str, str]
) -> None:
    conflicts = [
        {entry["extra"] for entry in conflict} for conflict in project["tool"]["uv"]["conflicts"]
    ]
    declared = any(conflict.issuperset(extras) for conflict in conflicts)
    assert declared == (extras != ("gpu", "cuda"))


def test_ci_runs_the_test_command_of_the_readme() -> None:
    (command,) = re.findall(
        r"^python3 -m venv .*/nox$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_readme_names_every_extra(project: dict[str, Any]) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    extras = project["project"]["optional-dependencies"]
    assert [extra for extra in extras if f"| `{extra}` |" not in text] == []


def test_the_changelog_has_a_place_for_the_next_release() -> None:
    text = (ROOT / "docs" / "changelog.md").read_text(encoding="utf-8")
    assert re.search(r"^## Unreleased$", text, re.MULTILINE)


@pytest.mark.no_runtime
@pytest.mark.skipif(
    os.environ.get("KONNX_TEST_INSTALLED") != "1", reason="holds where nox installed the wheel"
)
@pytest.mark.parametrize("module", ["konnx", "konnx.runtime", "konnx.converters", "konnx.cli"])
def test_what_is_tested_is_the_installed_wheel(module: str) -> None:
    report = f"import {module}; print({module}.__file__)"
    child = subprocess.run(
        [sys.executable, "-c", report], cwd=ROOT, capture_output=True, text=True, check=True
    )
    expected = ("site-packages", *module.split("."), "__init__.py")
    for file in (importlib.import_module(module).__file__, child.stdout.strip()):
        assert Path(str(file)).parts[-len(expected) :] == expected


def test_the_installed_version_is_the_declared_one(project: dict[str, Any]) -> None:
    assert metadata.version("konnx") == project["project"]["version"]
