"""Whole models and weights through HDF5 files, and files that are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from konnx.converters import FileFormatError, load_model, load_weights, save_model, save_weights
from konnx.graph import Tensor
from konnx.layers import BatchNormalization, Dense, Input, Layer
from konnx.models import Model, Sequential

pytestmark = pytest.mark.no_runtime


class Scale(Layer):
    """A layer of one's own."""

    def __init__(self, factor: Any = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs: Tensor) -> Tensor:
        return inputs * self.factor if isinstance(self.factor, float) else inputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


def make() -> Sequential:
    layers = [Dense(3, input_shape=(4,), name="low"), BatchNormalization(name="norm")]
    return Sequential([*layers, Dense(2, name="top")])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.h5"


def assert_same_weights(model: Model, other: Model) -> None:
    for received, expected in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(received, expected)


def edit_config(path: Path, change: Callable[[str], str]) -> None:
    with h5py.File(path, "r+") as file:
        text = file.attrs["model_config"]
        text = text if isinstance(text, str) else text.decode()
        file.attrs["model_config"] = np.bytes_(change(text))


def test_a_model_comes_back_with_its_weights(path: Path) -> None:
    model = make()
    model.compile("sgd", "mse")
    save_model(model, path)
    loaded = load_model(path)
    assert isinstance(loaded, Sequential)
    assert [layer.name for layer in loaded.layers] == ["low", "norm", "top"]
    assert_same_weights(loaded, model)
    assert loaded.is_compiled


@pytest.mark.parametrize("as_bytes", [True, False])
def test_weights_are_found_by_layer_and_order_whatever_their_names(
    path: Path, as_bytes: bool
) -> None:
    model = make()
    save_model(model, path)
    with h5py.File(path, "r+") as file:
        group = file["model_weights/low"]
        for name in ("kernel", "bias"):
            group.move(f"low/{name}:0", f"other_3/{name}_1:0")
        names = ["other_3/kernel_1:0", "other_3/bias_1:0"]
        group.attrs["weight_names"] = [one.encode() for one in names] if as_bytes else names
    assert_same_weights(load_model(path), model)


@pytest.mark.parametrize("options", [{"include_optimizer": False}, {}])
def test_training_state_is_saved_if_there_is_one_and_asked_for(
    options: dict[str, Any], path: Path
) -> None:
    model = make()
    if options:
        model.compile("sgd", "mse")
    save_model(model, path, **options)
    assert not load_model(path).is_compiled
    with h5py.File(path) as file:
        assert "training_config" not in file.attrs
        assert "optimizer_weights" not in file


def test_loading_may_leave_the_training_state_alone(path: Path) -> None:
    model = make()
    model.compile("sgd", "mse")
    save_model(model, path)
    assert not load_model(path, compile=False).is_compiled


def test_a_model_loaded_and_saved_again_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    x = Input((4,), name="x")
    model = Model(x, make()(x), name="outer")
    model.compile("adam", "mse")
    save_model(model, path)
    save_model(load_model(path), tmp_path / "again.h5")
    assert (tmp_path / "again.h5").read_bytes() == path.read_bytes()


def test_weights_go_to_a_model_of_the_same_layers(path: Path) -> None:
    source, target = make(), make()
    save_weights(source, path)
    load_weights(target, path)
    assert_same_weights(target, source)


def test_layers_of_your_own_come_from_custom_objects(path: Path) -> None:
    save_model(Sequential([Scale(3.0, input_shape=(4,)), Dense(2)]), path)
    loaded = load_model(path, custom_objects={"Scale": Scale})
    assert loaded.layers[0].factor == 3.0  # type: ignore[attr-defined]


@pytest.mark.parametrize("save", [save_model, save_weights])
def test_a_file_is_replaced_only_if_allowed(save: Any, path: Path) -> None:
    save(make(), path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="overwrite=True"):
        save(make(), path, overwrite=False)
    assert path.read_bytes() == before
    save(make(), path)
    assert path.read_bytes() != before


def test_a_save_that_fails_leaves_the_old_file(path: Path) -> None:
    save_model(make(), path)
    before = path.read_bytes()
    odd = Sequential([Scale(object(), input_shape=(4,))])
    with pytest.raises((TypeError, ValueError)):
        save_model(odd, path)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


# Files that are refused


@pytest.mark.parametrize("load", [load_model, lambda path: load_weights(make(), path)])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda whole: b"", "model.h5"),
        (lambda whole: b"PK\x03\x04 or other", "model.h5"),
        (lambda whole: whole[: len(whole) // 2], "cut short"),
        (lambda whole: whole[:-1], "cut short"),
    ],
)
def test_what_is_no_whole_hdf5_file(load: Any, content: Any, message: str, path: Path) -> None:
    save_model(make(), path)
    path.write_bytes(content(path.read_bytes()))
    with pytest.raises(FileFormatError, match=message):
        load(path)


def test_a_file_that_is_not_there(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_model(path)


def test_a_weights_file_is_no_model_and_says_what_to_do(path: Path) -> None:
    save_weights(make(), path)
    with pytest.raises(FileFormatError, match=r"only weights.*model.load_weights") as caught:
        load_model(path)
    assert caught.value.file == str(path)


def test_unknown_classes_are_all_named_in_one_error(path: Path) -> None:
    save_model(make(), path)
    edit_config(
        path,
        lambda text: text.replace('"BatchNormalization"', '"Swirl"').replace(
            '"class_name": "Dense"', '"class_name": "Twirl"'
        ),
    )
    with pytest.raises(FileFormatError, match="model.h5: model_config: Unknown layer") as caught:
        load_model(path)
    assert "Swirl (norm); Twirl (low, top)" in str(caught.value)


def test_a_lambda_in_a_file_is_refused_and_never_run(path: Path, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    code = f"__import__('pathlib').Path({str(witness)!r}).touch()"
    save_model(Sequential([Scale(code, input_shape=(4,), name="own")]), path)
    edit_config(
        path, lambda text: text.replace('"Scale"', '"Lambda"').replace("factor", "function")
    )
    with pytest.raises(FileFormatError, match=r"Lambda \(own\).*never read from a file"):
        load_model(path)
    assert not witness.exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"units": 2', '"units": -2', "'top'.*units"),
        ('"units": 2', '"unit": 2', "`unit` is not supported|cannot be made"),
        ('"units": 3', '"units": 5', "weight 'low/kernel': the shape does not fit"),
        ('"class_name": "Sequential"', '"class_name": "Dense"', "model_config"),
    ],
)
def test_an_architecture_that_does_not_fit_names_the_place(
    old: str, new: str, message: str, path: Path
) -> None:
    save_model(make(), path)
    edit_config(path, lambda text: text.replace(old, new))
    with pytest.raises(FileFormatError, match=message):
        load_model(path)


def test_a_missing_part_of_the_architecture_is_named(path: Path) -> None:
    x = Input((4,))
    save_model(Model(x, Dense(2)(x)), path)
    edit_config(path, lambda text: text.replace('"output_layers"', '"outputs"'))
    with pytest.raises(FileFormatError, match="model_config: it lacks 'output_layers'"):
        load_model(path)
