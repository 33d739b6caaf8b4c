"""Which files a conversion is to read and to write."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

_SUFFIX = ".onnx"


@dataclass(frozen=True)
class Job:
    """One file to convert.

    Attributes:
        source: what to read.
        target: what to write; None where nothing is to be written.
    """

    source: Path
    target: Path | None


def one_job(paths: Sequence[Path], *, force: bool) -> Job:
    """Return the job of a command line that names a source and, perhaps, a target.

    Without one the result stands beside the source, with the ending ".onnx".

    Raises:
        typer.BadParameter: there are more paths, or a folder alone.
        ValueError: the target is the source.
        FileExistsError: the target is there, and may not be replaced.
    """
    if len(paths) > 2 or (len(paths) == 1 and paths[0].is_dir()):
        received = " ".join(map(str, paths))
        raise typer.BadParameter(
            f"Expected SOURCE [TARGET], two files. Received: {received}. To convert several files, "
            "name the folder for the results with --output-dir DIR; to write nothing, --dry-run."
        )
    source, *target = paths
    job = Job(source, *target or [source.with_suffix(_SUFFIX)])
    _check_target(job, force)
    return job


def many_jobs(paths: Sequence[Path], folder: Path | None, *, force: bool) -> list[Job]:
    """Return a job for each path, and for each model below a path that is a folder.

    Args:
        paths: files and folders; in folders, models are told by their content.
        folder: for the results, which get the names of their sources, relative to the folders
            that were given; None: nothing is to be written.
        force: whether targets may be replaced.

    Raises:
        ValueError: there is no model at all, or two would have the same target.
        FileExistsError: a target is there, and may not be replaced.
    """
    jobs = [
        Job(source, None if folder is None else folder / name.with_suffix(_SUFFIX))
        for path in paths
        for source, name in _sources(path)
    ]
    if not jobs:
        raise ValueError(f"No Keras model in {', '.join(repr(str(path)) for path in paths)}.")
    _check_distinct(jobs)
    for job in jobs:
        _check_target(job, force)
    return jobs


def _sources(path: Path) -> Iterator[tuple[Path, Path]]:
    """Yield files with the names that their results get."""
    if not path.is_dir():
        yield path, Path(path.name)
        return
    for directory, folders, files in os.walk(path):
        folders.sort()
        for file in sorted(files):
            found = Path(directory, file)
            if found.is_file() and _holds_model(found):
                yield found, found.relative_to(path)


def _holds_model(path: Path) -> bool:
    """Tell whether a file is HDF5 or a zip archive with a model's config."""
    from konnx.converters.errors import FileFormatError
    from konnx.converters.hdf5.sniff import require_hdf5
    from konnx.converters.keras_v3 import is_archive

    try:
        if is_archive(path):
            return _is_keras_zip(path)
        require_hdf5(str(path))
    except FileFormatError:
        return False
    except OSError:
        return True  # so that it is not passed over in silence
    return True


def _is_keras_zip(path: Path) -> bool:
    from konnx.converters.errors import FileFormatError
    from konnx.converters.keras_v3 import open_archive

    try:
        with open_archive(path) as archive:
            return "config.json" in archive
    except FileFormatError:
        return False


def _check_distinct(jobs: Sequence[Job]) -> None:
    sources: dict[Path, Path] = {}
    for job in jobs:
        if job.target is None:
            continue
        first = sources.setdefault(job.target, job.source)
        if first is not job.source:
            raise ValueError(
                f"'{first}' and '{job.source}' would both become '{job.target}'. Convert them "
                "into different folders."
            )


def require_free(target: Path, *, force: bool) -> None:
    """Refuse to replace a file, unless that is asked for.

    Raises:
        FileExistsError: the target is there, and may not be replaced.
    """
    if os.path.lexists(target) and not force:
        raise FileExistsError(
            f"Cannot write '{target}': the file exists. Use --force to replace it."
        )


def _check_target(job: Job, force: bool) -> None:
    source, target = job.source, job.target
    if target is None or not os.path.lexists(target):
        return
    require_free(target, force=force)
    if target.exists() and source.exists() and target.samefile(source):
        raise ValueError(
            f"Cannot write '{target}': it is the file to convert. Choose another TARGET."
        )
