"""What konnx writes for Keras 3 is what Keras 3 writes itself, as far as both say it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from konnx import layers as kl
from konnx.layers.masking import ApplyMask
from konnx.models import Model, Sequential, load_model

FOLDER = Path(__file__).parents[2] / "goldens" / "keras_v3" / "keras315"
MODELS = sorted(path.stem for path in FOLDER.glob("*.keras") if "quantized" not in path.stem)
"""All but those whose weights are others here."""
COMPILED = [name for name in MODELS if "mlp" in name]
WRITTEN_ALIKE = [name for name in MODELS if name != "masks"]
"""All but what has other names here: Keras adds operations of its own where there are masks."""
CALLED_ALIKE = [name for name in WRITTEN_ALIKE if name != "attention"]
"""All but that whose inputs may be written by position or by name."""


def config_of(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("config.json"))


def arrays_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    data = zipfile.ZipFile(path).read("model.weights.h5") if path.suffix == ".keras" else None
    with h5py.File(path if data is None else io.BytesIO(data)) as file:
        file.visititems(visit)
    return found


def layers_of(config: Any) -> dict[str, Any]:
    return {entry["config"]["name"]: entry for entry in config["config"]["layers"]}


def calls_of(entry: Mapping[str, Any]) -> Any:
    """The calls of a layer without what Keras 3 works out by itself: phases and masks."""
    calls = json.loads(json.dumps(entry.get("inbound_nodes")))
    for call in calls or ():
        call["kwargs"].pop("training", None)
        call["kwargs"].pop("mask", None)
    return calls


@pytest.mark.parametrize("name", CALLED_ALIKE)
def test_layers_and_calls_are_written_as_by_keras(name: str, tmp_path: Path) -> None:
    load_model(FOLDER / f"{name}.keras").save(tmp_path / "m.keras")
    written, expected = config_of(tmp_path / "m.keras"), config_of(FOLDER / f"{name}.keras")
    for key in ("module", "class_name", "registered_name"):
        assert written[key] == expected[key]
    for key in ("name", "trainable", "input_layers", "output_layers"):
        assert written["config"].get(key) == expected["config"].get(key)
    reference = layers_of(expected)
    for layer, entry in layers_of(written).items():
        assert (entry["module"], entry["class_name"]) == (
            reference[layer]["module"],
            reference[layer]["class_name"],
        )
        assert calls_of(entry) == calls_of(reference[layer])


@pytest.mark.parametrize("name", WRITTEN_ALIKE)
def test_arguments_are_those_that_keras_writes(name: str, tmp_path: Path) -> None:
    load_model(FOLDER / f"{name}.keras", compile=False).save(tmp_path / "m.keras")
    reference = layers_of(config_of(FOLDER / f"{name}.keras"))
    for layer, entry in layers_of(config_of(tmp_path / "m.keras")).items():
        expected = reference[layer]["config"]
        plain = {
            key: value
            for key, value in entry["config"].items()
            if not isinstance(value, dict) and value is not None and key not in ("dtype", "layers")
        }
        assert plain == {key: expected.get(key) for key in plain}


@pytest.mark.parametrize("name", MODELS)
def test_weights_stand_where_keras_puts_them(name: str, tmp_path: Path) -> None:
    load_model(FOLDER / f"{name}.keras").save(tmp_path / "m.keras")
    written, expected = arrays_of(tmp_path / "m.keras"), arrays_of(FOLDER / f"{name}.keras")
    assert set(written) == set(expected)
    for path, array in written.items():
        np.testing.assert_array_equal(array, expected[path])


@pytest.mark.parametrize("name", ["nested", "recurrent", "shared"])
def test_weights_alone_stand_there_too(name: str, tmp_path: Path) -> None:
    model = load_model(FOLDER / f"{name}.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    expected = arrays_of(FOLDER / f"{name}.weights.h5")
    written = arrays_of(tmp_path / "m.weights.h5")
    assert set(written) == set(expected)
    before = model.get_weights()
    model.set_weights([np.zeros_like(one) for one in before])
    model.load_weights(tmp_path / "m.weights.h5")
    for value, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, kept)


@pytest.mark.parametrize("name", COMPILED)
def test_a_compiled_model_comes_back_with_the_state_of_its_optimizer(
    name: str, tmp_path: Path
) -> None:
    model = load_model(FOLDER / f"{name}.keras")
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert again.metrics_names == model.metrics_names
    for value, kept in zip(
        again.optimizer.get_weights(), model.optimizer.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(value, kept)


def small() -> Model:
    return Sequential([kl.Dense(2, input_shape=(3,), name="d")], name="s")


def test_a_decay_becomes_a_schedule_and_comes_back(tmp_path: Path) -> None:
    from konnx.optimizers import SGD

    model = small()
    model.compile(SGD(lr=0.5, decay=0.125, clipnorm=2.0), "logcosh", metrics=["mae"])
    model.save(tmp_path / "m.keras")
    compiled = config_of(tmp_path / "m.keras")["compile_config"]
    assert compiled["loss"] == "log_cosh"
    assert compiled["optimizer"]["config"]["global_clipnorm"] == 2.0
    rate = compiled["optimizer"]["config"]["learning_rate"]
    assert (rate["class_name"], rate["config"]["decay_rate"]) == ("InverseTimeDecay", 0.125)
    optimizer = load_model(tmp_path / "m.keras").optimizer
    assert optimizer.get_config() == model.optimizer.get_config()


def test_metrics_that_keep_sums_are_objects_of_keras(tmp_path: Path) -> None:
    from konnx.metrics import AUC, Precision

    model = small()
    model.compile("sgd", "mse", metrics=["mae", Precision(thresholds=0.25, name="p"), AUC()])
    model.save(tmp_path / "m.keras")
    first, precision, area = config_of(tmp_path / "m.keras")["compile_config"]["metrics"]
    assert first == "mae"
    for written, name in ((precision, "Precision"), (area, "AUC")):
        assert (written["module"], written["class_name"]) == ("keras.metrics", name)
    assert (precision["config"]["thresholds"], precision["config"]["name"]) == (0.25, "p")
    assert load_model(tmp_path / "m.keras").metrics_names == model.metrics_names


def test_the_optimizer_can_be_left_out(tmp_path: Path) -> None:
    model = small()
    model.compile("adam", "mse")
    model.save(tmp_path / "m.keras", include_optimizer=False)
    assert not load_model(tmp_path / "m.keras").is_compiled


def test_equal_models_give_equal_bytes(tmp_path: Path) -> None:
    model = load_model(FOLDER / "mlp_adam.keras")
    model.save(tmp_path / "a.keras")
    load_model(FOLDER / "mlp_adam.keras").save(tmp_path / "b.keras")
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.keras", "b.keras"]


def test_the_name_of_the_file_chooses_the_format(tmp_path: Path) -> None:
    model = small()
    for name, head in {"m.keras": b"PK", "m.h5": b"\x89H", "m": b"\x89H"}.items():
        model.save(tmp_path / name)
        assert (tmp_path / name).read_bytes()[:2] == head
    model.save_weights(tmp_path / "w.weights.h5")
    model.save_weights(tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.weights.h5") as new, h5py.File(tmp_path / "w.h5") as old:
        assert "layers/dense/vars/0" in new
        assert new["layers/dense/vars"].attrs["name"] == "d"
        assert "layer_names" in old.attrs


def test_an_existing_file_is_replaced_only_if_allowed(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(b"kept")
    with pytest.raises(FileExistsError):
        small().save(path, overwrite=False)
    assert path.read_bytes() == b"kept"


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (
            kl.Activation("hard_sigmoid", input_shape=(2,)),
            "hard_sigmoid of Keras 3 is another function",
        ),
        (kl.LocallyConnected1D(2, 2, input_shape=(4, 2)), "Keras 3 has no such layer"),
        (kl.Lambda(lambda x: x, input_shape=(2,)), "a function cannot be written"),
        (
            kl.UpSampling2D(2, interpolation="bilinear", half_pixel_centers=False,
                            input_shape=(2, 2, 1)),
            "between half pixels only",
        ),
        (kl.SpatialDropout1D(0.5, noise_shape=(1, 1, 2), input_shape=(2, 2)), "no `noise_shape`"),
    ],
)  # fmt: skip
def test_what_keras_3_does_not_have_is_refused_before_writing(
    layer: Any, words: str, tmp_path: Path
) -> None:
    model = Sequential([layer])
    with pytest.raises(ValueError, match=words) as caught:
        model.save(tmp_path / "m.keras")
    assert f"'{layer.name}'" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_bidirectional_on_masked_input_is_refused_where_the_outputs_differ(tmp_path: Path) -> None:
    inner = kl.LSTM(2, return_sequences=True, recurrent_activation="sigmoid")
    model = Sequential([kl.Masking(input_shape=(3, 2)), kl.Bidirectional(inner)])
    with pytest.raises(ValueError, match="Keras 3 returns zeros"):
        model.save(tmp_path / "m.keras")


def test_the_mask_of_a_sequence_is_not_that_of_the_states(tmp_path: Path) -> None:
    x, mask, state = kl.Input((3, 2)), kl.Input((3,), dtype="bool"), kl.Input((2,), name="s")
    layer = kl.GRU(2, recurrent_activation="sigmoid", name="g")
    model = Model([x, mask, state], layer(ApplyMask()([x, mask]), initial_state=state))
    model.save(tmp_path / "m.keras")
    [call] = layers_of(config_of(tmp_path / "m.keras"))["g"]["inbound_nodes"]
    assert call["kwargs"]["mask"]["config"]["dtype"] == "bool"
    [first] = call["kwargs"]["initial_state"]
    assert first["config"]["keras_history"] == ["s", 0, 0]


def test_the_rectifier_with_a_threshold_becomes_one_that_keras_3_has(tmp_path: Path) -> None:
    model = Sequential([kl.ThresholdedReLU(0.5, input_shape=(4,))])
    model.save(tmp_path / "m.keras")
    x = np.array([[-1.0, 0.25, 0.5, 0.75]], "float32")
    np.testing.assert_array_equal(
        load_model(tmp_path / "m.keras").predict(x), model.predict(x), strict=True
    )


def test_a_mask_that_was_given_by_a_tensor_is_written_as_one(tmp_path: Path) -> None:
    x, mask = kl.Input((3, 2), name="x"), kl.Input((3,), dtype="bool", name="m")
    layer = kl.GRU(2, recurrent_activation="sigmoid", name="g")
    model = Model([x, mask], layer(ApplyMask(name="a")([x, mask])))
    model.save(tmp_path / "m.keras")
    entries = layers_of(config_of(tmp_path / "m.keras"))
    assert list(entries) == ["x", "m", "g"]
    [call] = entries["g"]["inbound_nodes"]
    assert call["args"][0]["config"]["keras_history"] == ["x", 0, 0]
    assert call["kwargs"]["mask"]["config"]["keras_history"] == ["m", 0, 0]
    again = load_model(tmp_path / "m.keras")
    assert [type(one).__name__ for one in again.layers] == [
        *("InputLayer", "InputLayer", "ApplyMask", "GRU")
    ]
