"""What `konnx convert` is asked for, from the texts of a command line to `ExportOptions`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from konnx.cli.errors import printable_text

if TYPE_CHECKING:
    from konnx.models import Model

_MODES = ("tf", "torch", "caffe")


@dataclass(frozen=True)
class ExportTexts:
    """The options that say how the ONNX file is to be, as they were typed."""

    opset: int | None = None
    batch: str | None = None
    input_shapes: Sequence[str] = ()
    inputs_as_nchw: str | None = None
    outputs_as_nchw: str | None = None
    rename: Sequence[str] = ()
    metadata: Sequence[str] = ()
    labels: Path | None = None
    preprocessing: str | None = None
    states: bool = False
    float16: bool = False
    quantize: str | None = None
    calibration: Path | None = None
    external_data: bool = False


def export_options(texts: ExportTexts, model: Model) -> dict[str, Any]:
    """Return the keyword arguments of `ExportOptions` for a model.

    Args:
        texts: what was typed; files that they name are read.
        model: a built model, whose inputs a shape or a calibration without a name is for.

    Raises:
        ValueError: a text cannot be read as what it stands for; it is named, with what to write.
        OSError: a file cannot be read.
    """
    return {
        "opset": texts.opset,
        "batch": _batch(texts.batch),
        "input_shapes": dict(input_shape(text, model.input_names) for text in texts.input_shapes),
        "inputs_as_nchw": _names(texts.inputs_as_nchw),
        "outputs_as_nchw": _names(texts.outputs_as_nchw),
        "rename": _pairs("--rename", texts.rename, "OLD=NEW"),
        "metadata": _pairs("--meta", texts.metadata, "KEY=VALUE"),
        "labels": None if texts.labels is None else read_labels(texts.labels),
        "preprocessing": _preprocessing(texts.preprocessing),
        "states": texts.states,
        "float16": texts.float16,
        "quantize": _quantize(texts.quantize, texts.calibration),
        "calibration": _calibration(texts.calibration, model),
        "external_data": True if texts.external_data else None,
    }


def _batch(text: str | None) -> int | str | None:
    if text is None or text == "dynamic":
        return text
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise ValueError(f"--batch takes a number of samples, or 'dynamic'. Received: {text!r}")


def input_shape(text: str, names: Sequence[str]) -> tuple[str, list[int | str | None]]:
    """Read "name:sizes", or the sizes of the only input.

    Example:
        >>> input_shape("image:1,?,width,3", ["image"])
        ('image', [1, None, 'width', 3])
    """
    name, colon, sizes = text.rpartition(":")
    if not colon:
        name = _only_input(names, f"--input-shape {text}", f"NAME:{text}")
    return name, [_size(size.strip(), text) for size in sizes.strip("()[] ").split(",")]


def _size(text: str, whole: str) -> int | str | None:
    if text in ("?", "None", "-1"):
        return None
    if text.isdecimal() and int(text) > 0:
        return int(text)
    if text.isidentifier():
        return text
    raise ValueError(
        "--input-shape takes NAME:SIZES, batch included, e.g. image:1,224,224,3; a size is a "
        "number, a name for one that varies, or '?' for that of the model. "
        f"Received: '{printable_text(whole, 100)}'"
    )


def _only_input(names: Sequence[str], received: str, remedy: str) -> str:
    if len(names) != 1:
        listed = ", ".join(printable_text(name, 60) for name in names)
        raise ValueError(
            f"'{printable_text(received, 100)}' may be for any input ({listed}). Write {remedy}."
        )
    return names[0]


def _names(text: str | None) -> bool | list[str]:
    if text is None:
        return []
    return True if text == "all" else [name.strip() for name in text.split(",")]


def _pairs(option: str, texts: Iterable[str], form: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ValueError(f"{option} takes {form}. Received: '{printable_text(text, 100)}'")
        if key in pairs:
            raise ValueError(f"{option} is given twice for '{printable_text(key, 100)}'.")
        pairs[key] = value
    return pairs


def read_labels(path: Path) -> list[str]:
    """Read a name for each class: a JSON list, or one on each line."""
    text = _text(path)
    found = _json(text, path) if text.lstrip().startswith("[") else text.splitlines()
    if not found or not all(isinstance(label, str) for label in found):
        raise ValueError(f"'{path}' must hold labels: one on each line, or a JSON list of texts.")
    return list(found)


def _preprocessing(text: str | None) -> str | Mapping[str, Any] | None:
    if text is None or text in _MODES:
        return text
    path = Path(text)
    if not path.exists():
        raise ValueError(
            f"--preprocessing takes one of {', '.join(_MODES)}, or a JSON file with scale, mean, "
            f"std and channels. Received: '{printable_text(text, 100)}'"
        )
    found = _json(_text(path), path)
    if not isinstance(found, dict):
        raise ValueError(f"'{path}' must hold a JSON object with scale, mean, std and channels.")
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"'{path}' is no text in UTF-8: {error}") from error


def _json(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"'{path}' cannot be read as JSON: {error}") from error


def _quantize(text: str | None, calibration: Path | None) -> str | None:
    if text not in (None, "dynamic", "static"):
        raise ValueError(f"--quantize takes 'dynamic' or 'static'. Received: {text!r}")
    if text == "static" and calibration is None:
        raise ValueError("--quantize static needs samples: --calibration FILE.npz")
    if calibration is not None and text != "static":
        raise ValueError("--calibration is for --quantize static.")
    return text


def _calibration(path: Path | None, model: Model) -> Mapping[str, Any] | None:
    if path is None:
        return None
    from konnx.cli.inputs import read_inputs
    from konnx.cli.onnx_files import Value

    values = [
        Value(name, str(tensor.dtype), tensor.shape)
        for name, tensor in zip(model.input_names, model.inputs, strict=True)
    ]
    return read_inputs([str(path)], values)
