"""The state of exported training steps on its way back into a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx.converters import FileFormatError
from konnx.layers import BatchNormalization, Dense
from konnx.models import Sequential
from konnx.optimizers import Adam

X = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)
Y = np.ones((4, 2), "float32")
WEIGHTS = (
    "state/hidden/kernel",
    "state/norm/gamma",
    "state/norm/beta",
    "state/norm/moving_mean",
    "state/norm/moving_variance",
)


def model() -> Sequential:
    layers = [
        Dense(2, input_shape=(3,), use_bias=False, name="hidden"),
        BatchNormalization(name="norm"),
    ]
    made = Sequential(layers, name="small")
    made.compile(Adam(0.1), "mse")
    return made


def state_after(steps: int, folder: Path, *, new: bool = False) -> dict[str, Any]:
    """The state after some runs of an exported step, under its old names or those of outputs."""
    import onnxruntime

    source = model()
    paths = source.export_training(folder / "m.onnx")
    init = onnxruntime.InferenceSession(paths["init"])
    step = onnxruntime.InferenceSession(paths["step"])
    state = dict(zip([o.name for o in init.get_outputs()], init.run(None, {}), strict=True))
    batch = {"data/hidden_input": X, "target/norm": Y, "seed": np.array(0)}
    outputs: dict[str, Any] = {}
    for _ in range(steps):
        values = step.run(None, {**state, **batch})
        outputs = dict(zip([o.name for o in step.get_outputs()], values, strict=True))
        state |= {f"state/{k[5:]}": v for k, v in outputs.items() if k.startswith("next/")}
    return outputs if new else state


@pytest.mark.training
@pytest.mark.parametrize("new", [False, True])
def test_training_goes_on_in_a_model_where_the_exported_step_stopped(
    new: bool, tmp_path: Path
) -> None:
    state = state_after(3, tmp_path, new=new)
    resumed = model()
    resumed.load_training_state(state)
    assert resumed.optimizer.iterations.numpy() == 3
    further = [resumed.train_on_batch(X, Y) for _ in range(3)]
    resumed.load_training_state(state)
    assert [resumed.train_on_batch(X, Y) for _ in range(3)] == further
    later = state_after(3, tmp_path)
    first = model()
    first.load_training_state({name: later[name] for name in WEIGHTS})
    assert first.optimizer.iterations.numpy() == 0


@pytest.mark.training
def test_the_state_is_read_from_an_npz_file(tmp_path: Path) -> None:
    state = state_after(2, tmp_path)
    np.savez(tmp_path / "state.npz", **state)
    loaded = model()
    loaded.load_training_state(tmp_path / "state.npz")
    np.testing.assert_array_equal(
        loaded.get_layer("hidden").get_weights()[0], state["state/hidden/kernel"]
    )
    assert loaded.optimizer.lr.numpy() == np.float32(0.1)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state/norm/beta": None}, r"lacks \['state/norm/beta'\]"),
        ({"state/other": np.zeros(2)}, r"the model has no \['state/other'\]"),
        ({"state/norm/beta": np.zeros(3)}, r"'norm/beta' of 'small' has shape \(2,\)"),
        ({"state/norm/beta": "text"}, "must be an array of float32"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change: dict[str, Any], message: str) -> None:
    target = model()
    shapes = {name: (3, 2) if "kernel" in name else (2,) for name in WEIGHTS}
    state: dict[str, Any] = {name: np.full(shape, 7.0) for name, shape in shapes.items()}
    state = {k: v for k, v in {**state, **change}.items() if v is not None}
    before = target.get_weights()
    with pytest.raises(ValueError, match=message):
        target.load_training_state(state)
    for old, now in zip(before, target.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    "content", [b"", b"text", b"PK\x03\x04 and no more", "npy", "object", "cut"]
)
def test_a_file_that_holds_no_arrays_is_named(content: Any, tmp_path: Path) -> None:
    path = tmp_path / "state.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "npy":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    else:
        np.savez(path, a=np.array([{}]) if content == "object" else np.zeros(99))
        kept = 200 if content == "cut" else None
        path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FileFormatError, match=r"state\.npz: it cannot be read as arrays by name"):
        model().load_training_state(path)


@pytest.mark.no_runtime
def test_other_names_are_left_aside() -> None:
    target = model()
    shapes = {name: (3, 2) if "kernel" in name else (2,) for name in WEIGHTS}
    target.load_training_state(
        {"loss": np.float32(1), **{name: np.ones(shape) for name, shape in shapes.items()}}
    )
    assert all((weight == 1).all() for weight in target.get_weights())
