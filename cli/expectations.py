"""What the outputs of a model, and its layers, are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from konnx.cli.comparison import Difference, Tolerance, difference
from konnx.cli.inputs import load_archive, load_array
from konnx.cli.model_files import RunnableModel, open_model
from konnx.converters.verification.layer_tensors import (
    arranged_as,
    layer_tensors,
    with_layer_outputs,
)

Array = np.ndarray[Any, Any]


def expected_outputs(
    file: Path, names: Sequence[str], feeds: Mapping[str, Array], device: str
) -> dict[str, Array]:
    """Return what outputs should be: arrays from a file, or what another model computes.

    Args:
        file: .npz by output names, .npy for a single output, or a model.
        names: of the outputs.
        feeds: the inputs by name; a model that has other names gets them in order.
        device: where a model is to run.

    Raises:
        ValueError: the file does not fit.
    """
    with file.open("rb") as stream:
        head = stream.read(6)
    if head.startswith(b"\x93NUMPY"):
        return {names[0]: load_array(str(file))}
    if head.startswith(b"PK") and _is_archive_of_arrays(file):
        return load_archive(str(file))
    model = open_model(file)
    return _run(model, [value.name for value in model.outputs], feeds, device)


def _is_archive_of_arrays(file: Path) -> bool:
    import zipfile

    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except zipfile.BadZipFile:
        return False


def _run(
    model: RunnableModel, names: Sequence[str], feeds: Mapping[str, Array], device: str
) -> dict[str, Array]:
    from konnx.runtime import Program

    given = _for_model(model, feeds)
    program = Program(model.source, feeds=list(given), fetches=names, device=device)
    return dict(zip(names, program(*given.values()), strict=True))


def _for_model(model: RunnableModel, feeds: Mapping[str, Array]) -> dict[str, Array]:
    wanted = [value.name for value in model.inputs if not value.optional]
    if set(wanted) <= set(feeds):
        return {name: feeds[name] for name in wanted}
    if len(wanted) == len(feeds):
        return dict(zip(wanted, feeds.values(), strict=True))
    raise ValueError(
        f"The other model takes the inputs {wanted}, and there is data for {list(feeds)}."
    )


def layer_differences(
    model: RunnableModel,
    file: Path,
    feeds: Mapping[str, Array],
    device: str,
    tolerance: Tolerance,
) -> list[Difference]:
    """Compare the layers that two models have in common, in their order.

    Raises:
        ValueError: the file is no model, or the models have no layer in common.
    """
    found = _layers(model, feeds, device)
    expected = _layers(open_model(file), feeds, device)
    differences = []
    for layer, array in found.items():
        arranged = arranged_as(array, expected[layer]) if layer in expected else None
        if arranged is not None:
            differences.append(difference(layer, arranged, expected[layer], tolerance))
    if not differences:
        raise ValueError("--layers: the two models have no layer of the same name and shape.")
    return differences


def _layers(model: RunnableModel, feeds: Mapping[str, Array], device: str) -> dict[str, Array]:
    whole = model.whole()
    tensors = layer_tensors(whole)
    names = list(dict.fromkeys(tensors.values()))
    extended = RunnableModel(with_layer_outputs(whole, tensors), model.inputs, model.outputs)
    results = _run(extended, names, feeds, device)
    return {layer: results[name] for layer, name in tensors.items()}
