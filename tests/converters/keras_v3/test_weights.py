"""Weights find their layers by class and number or by name; what does not fit is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from konnx import layers as kl
from konnx.converters import FileFormatError
from konnx.converters.keras_v3 import read_keras_weights
from konnx.models import Model, Sequential

pytestmark = pytest.mark.no_runtime

GOLDENS = Path(__file__).parents[2] / "goldens" / "keras_v3"

Change = Callable[[Any], None]


def dense(*names: str, units: int = 2) -> Model:
    return Sequential([kl.Dense(units, input_shape=(units,), name=name) for name in names])


def saved(path: Path, change: Change | None = None, *names: str) -> Path:
    """Write the weights of two layers, and change the file."""
    model = dense(*(names or ("one", "two")))
    for number, weight in enumerate(model.weights):
        weight.assign(np.full(weight.shape, number, "float32"))
    model.save_weights(path)
    if change is not None:
        with h5py.File(path, "a") as file:
            change(file)
    return path


def values(model: Model) -> list[float]:
    return [float(weight.numpy().ravel()[0]) for weight in model.weights]


def without_names(file: Any) -> None:
    def remove(_: str, item: Any) -> None:
        item.attrs.pop("name", None)

    file.visititems(remove)


def test_layers_of_the_same_names_may_be_in_another_order(tmp_path: Path) -> None:
    model = dense("two", "one")
    model.load_weights(saved(tmp_path / "w.weights.h5"))
    assert values(model) == [2.0, 3.0, 0.0, 1.0]


@pytest.mark.parametrize("names", [("two", "other"), ("one", "other"), ("x", "y")])
def test_other_names_leave_it_to_the_order(names: tuple[str, str], tmp_path: Path) -> None:
    model = dense(*names)
    model.load_weights(saved(tmp_path / "w.weights.h5"))
    assert values(model) == [0.0, 1.0, 2.0, 3.0]


def test_files_without_names_go_by_the_order(tmp_path: Path) -> None:
    model = dense("two", "one")
    model.load_weights(saved(tmp_path / "w.weights.h5", without_names))
    assert values(model) == [0.0, 1.0, 2.0, 3.0]


def test_by_name_leaves_other_layers_as_they_are(tmp_path: Path) -> None:
    model = dense("other", "two")
    before = values(model)[:2]
    model.load_weights(saved(tmp_path / "w.weights.h5"), by_name=True)
    assert values(model) == [*before, 2.0, 3.0]


def test_by_name_needs_names(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.weights.h5", without_names)
    with pytest.raises(FileFormatError, match="none of the model's layers by name"):
        dense("one", "two").load_weights(path, by_name=True)


def test_a_layer_that_does_not_fit_can_be_left_out_with_a_warning(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.weights.h5")
    model = dense("one", units=3)
    before = values(model)
    with pytest.warns(UserWarning, match=r"A layer stays.*layer 'one'.*\(3, 3\)"):
        model.load_weights(path, by_name=True, skip_mismatch=True)
    assert values(model) == before


def test_weights_can_be_reshaped(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.weights.h5", None, "one")
    model = Sequential([kl.Dense(1, input_shape=(4,), name="one", use_bias=False)])
    with h5py.File(path, "a") as file:
        del file["layers/dense/vars/1"]
    model.load_weights(path, reshape=True)
    assert model.get_weights()[0].shape == (4, 1)


def replaced(path: str, array: Any) -> Change:
    def change(file: Any) -> None:
        del file[path]
        if array is not None:
            file[path] = array

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            replaced("layers/dense_1", None),
            "layer 'two' at 'layers/dense_1': the file has no weights there.*2 .two/kernel",
        ),
        (replaced("layers/dense/vars/1", None), "layer 'one'.*another number.*Received: 1"),
        (
            replaced("layers/dense/vars/0", np.zeros((2, 3))),
            r"layer 'one' at 'layers/dense', weight 'one/kernel'.*\(2, 2\).*\(2, 3\)",
        ),
        (replaced("layers/dense/vars/0", None), "none has the number 0"),
        (replaced("layers/dense/vars", np.zeros(2)), "not an HDF5 group"),
        (replaced("layers/dense/vars/0", h5py.SoftLink("/etc")), "soft or external link"),
        (replaced("layers/dense/vars", h5py.ExternalLink("a.h5", "/")), "soft or external link"),
        (replaced("layers", h5py.ExternalLink("a.h5", "/")), "soft or external link"),
        (replaced("layers/dense/vars/0", np.array([b"text"])), "a type that no weight has"),
    ],
)
def test_what_does_not_fit_is_named_and_changes_nothing(
    change: Change, words: str, tmp_path: Path
) -> None:
    path = saved(tmp_path / "w.weights.h5", change)
    model = dense("one", "two")
    before = values(model)
    with pytest.raises(FileFormatError, match=words) as caught:
        model.load_weights(path)
    assert str(caught.value).startswith(str(path))
    assert values(model) == before


def test_weights_of_another_place_are_not_taken(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.weights.h5")
    model = Sequential([kl.Conv1D(2, 1, input_shape=(3, 2)), kl.Dense(2)])
    with pytest.raises(FileFormatError, match="'layers/conv1d': the file has no weights there"):
        model.load_weights(path)


# Several files


def sharded(folder: Path, names: Any) -> Path:
    shutil.copy(saved(folder / "all.weights.h5"), folder / "a_0.weights.h5")
    with h5py.File(folder / "a_0.weights.h5", "a") as file:
        del file["layers/dense_1"]
        del file["layers/dense/vars/1"]
    shutil.copy(folder / "all.weights.h5", folder / "a_1.weights.h5")
    with h5py.File(folder / "a_1.weights.h5", "a") as file:
        del file["layers/dense/vars/0"]
    listed = {"/layers/dense/vars": names, "/layers/dense_1/vars": "a_1.weights.h5"}
    path = folder / "a.weights.json"
    path.write_text(json.dumps({"metadata": {"total_size": 48}, "weight_map": listed}))
    return path


def test_weights_may_be_spread_over_files(tmp_path: Path) -> None:
    model = dense("one", "two")
    model.load_weights(sharded(tmp_path, ["a_0.weights.h5", "a_1.weights.h5"]))
    assert values(model) == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "name", ["../a_0.weights.h5", "/etc/passwd", "..", "", "C:\\a", "b/a_0.weights.h5", 7]
)
def test_files_elsewhere_are_not_opened(name: Any, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="does not lie beside it"):
        dense("one", "two").load_weights(sharded(tmp_path, name))


def test_a_list_of_weights_may_not_be_another_json(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text('{"class_name": "Sequential"}')
    with pytest.raises(FileFormatError, match=r"lists no weights.*weight_map"):
        dense("one").load_weights(path)


# Without a model


def test_weights_alone_can_be_looked_at() -> None:
    content = read_keras_weights(GOLDENS / "keras315" / "recurrent.weights.h5")
    assert content is not None
    shapes = {
        layer.name: {name: array.shape for name, array in layer.weights} for layer in content.layers
    }
    assert shapes["gru"]["cell/2"] == (2, 12)
    assert shapes["bidirectional"]["forward_layer/cell/0"] == (3, 16)
    assert read_keras_weights(GOLDENS / "keras315" / "recurrent.h5") is None
