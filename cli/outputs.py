"""The outputs of `konnx run`: to a file, or as a preview."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from konnx.converters.errors import printable
from konnx.runtime.messages import describe

Array = np.ndarray[Any, Any]


def check_output_name(path: Path, names: Sequence[str]) -> None:
    """Check that the file can hold so many outputs.

    Raises:
        ValueError: there are several, and the name does not end in ".npz".
    """
    if len(names) > 1 and path.suffix != ".npz":
        listed = ", ".join(printable(name, 60) for name in names)
        raise ValueError(
            f"The model has {len(names)} outputs ({listed}), so --output must end in .npz. "
            f"Received: '{path}'"
        )


def write_outputs(path: Path, arrays: Mapping[str, Any], *, archive: bool) -> None:
    """Write arrays to a file that NumPy reads.

    Args:
        path: the file to write, whatever its name.
        arrays: the outputs by name; just one unless `archive`.
        archive: whether to write .npz, by name, instead of .npy.

    Raises:
        ValueError: an output is no array, but a sequence or a map.
    """
    strangers = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    if strangers:
        listed = ", ".join(f"'{printable(name, 60)}'" for name in strangers)
        raise ValueError(
            f"NumPy files hold arrays, and of the outputs {listed} is none, but a sequence or a "
            "map. Run the model without --output to see it."
        )
    if not archive:
        (array,) = arrays.values()
        with path.open("wb") as stream:
            np.save(stream, _plain(array), allow_pickle=False)
        return
    # Not numpy.savez: it takes an output named "file" for its own argument.
    with zipfile.ZipFile(path, "w") as container:
        for name, array in arrays.items():
            with container.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, _plain(array), allow_pickle=False)


def _plain(array: Array) -> Array:
    """Return texts as NumPy's own text type: as objects they could be read only by unpickling."""
    return array.astype(np.str_) if array.dtype == np.object_ else array


def output_line(name: str, array: Array) -> str:
    """Return name, dtype and shape of an output."""
    return f"{printable(name, 100)}: {describe(array)}"


def preview(array: Any) -> list[str]:
    """Return a few values of an array as lines; beyond two axes, each sample is one row.

    Of a sequence, such as classifiers of scikit-learn give, it is a line for each element.
    """
    if not isinstance(array, np.ndarray):
        items = array if isinstance(array, list) else [array]
        lines = [" ".join(str(one).split()) for one in items[:3]]
        return [f"  {printable(line, 98)}" for line in lines + ["…"] * (len(items) > 3)]
    rows = array.reshape(len(array), -1) if array.ndim > 2 and array.size else array
    text = np.array2string(_plain(rows), threshold=60, edgeitems=3, precision=6, max_line_width=98)
    return [f"  {printable(line, 400)}" for line in text.splitlines()]
