"""What callbacks are told, and what they do about it: run on Keras 2.1.6 and on konnx alike."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

FALLING = [5.0, 4.0, 3.0, 2.0, 1.0, 0.5]
STALLED = [5.0, 4.0, 4.2, 4.1, 3.99, 4.5, 4.4, 4.3, 4.2, 1.0]
RISING = [0.1, 0.3, 0.2, 0.4, 0.4, 0.35, 0.41, 0.9]
WITH_NAN = [float("nan"), 3.0, float("nan"), 2.0, 2.5]

CASES: dict[str, tuple[str, dict[str, Any], str, list[float | None]]] = {
    "stop": ("EarlyStopping", {}, "val_loss", STALLED),
    "stop_falling": ("EarlyStopping", {"monitor": "loss"}, "loss", FALLING),
    "stop_patience": ("EarlyStopping", {"patience": 2}, "val_loss", STALLED),
    "stop_patience_long": ("EarlyStopping", {"patience": 4}, "val_loss", STALLED),
    "stop_delta": ("EarlyStopping", {"min_delta": 0.5, "patience": 1}, "val_loss", FALLING),
    "stop_max": ("EarlyStopping", {"mode": "max", "patience": 2}, "val_loss", RISING),
    "stop_max_delta": (
        "EarlyStopping", {"mode": "max", "patience": 2, "min_delta": 0.15}, "val_loss", RISING,
    ),
    "stop_min": ("EarlyStopping", {"monitor": "acc", "mode": "min"}, "acc", RISING),
    "stop_accuracy": ("EarlyStopping", {"monitor": "val_acc", "patience": 3}, "val_acc", RISING),
    "stop_nan": ("EarlyStopping", {"patience": 1}, "val_loss", WITH_NAN),
    "stop_mode": ("EarlyStopping", {"mode": "least"}, "val_loss", STALLED),
    "stop_missing": ("EarlyStopping", {}, "loss", FALLING),
    "stop_gap": ("EarlyStopping", {"patience": 1}, "val_loss", [3.0, None, 2.0, 2.5, 2.6]),
    "save": ("ModelCheckpoint", {}, "val_loss", STALLED),
    "save_period": ("ModelCheckpoint", {"period": 3}, "val_loss", STALLED),
    "save_weights": ("ModelCheckpoint", {"save_weights_only": True}, "val_loss", FALLING),
    "save_best": ("ModelCheckpoint", {"save_best_only": True}, "val_loss", STALLED),
    "save_best_period": (
        "ModelCheckpoint", {"save_best_only": True, "period": 2}, "val_loss", STALLED,
    ),
    "save_best_weights": (
        "ModelCheckpoint", {"save_best_only": True, "save_weights_only": True}, "val_loss", STALLED,
    ),
    "save_best_accuracy": (
        "ModelCheckpoint", {"save_best_only": True, "monitor": "val_acc"}, "val_acc", RISING,
    ),
    "save_best_fmeasure": (
        "ModelCheckpoint", {"save_best_only": True, "monitor": "fmeasure"}, "fmeasure", RISING,
    ),
    "save_best_max": (
        "ModelCheckpoint", {"save_best_only": True, "mode": "max"}, "val_loss", STALLED,
    ),
    "save_best_min": (
        "ModelCheckpoint", {"save_best_only": True, "monitor": "acc", "mode": "min"}, "acc", RISING,
    ),
    "save_best_mode": (
        "ModelCheckpoint", {"save_best_only": True, "mode": "best"}, "val_loss", STALLED,
    ),
    "save_best_nan": ("ModelCheckpoint", {"save_best_only": True}, "val_loss", WITH_NAN),
    "save_best_missing": ("ModelCheckpoint", {"save_best_only": True}, "loss", FALLING),
    "save_best_gap": (
        "ModelCheckpoint", {"save_best_only": True, "period": 2}, "val_loss",
        [3.0, None, 2.0, 2.5, 2.6, 1.0],
    ),
    "reduce": ("ReduceLROnPlateau", {"patience": 2}, "val_loss", STALLED),
    "reduce_default": ("ReduceLROnPlateau", {}, "val_loss", [1.0] * 14),
    "reduce_factor": ("ReduceLROnPlateau", {"patience": 1, "factor": 0.5}, "val_loss", STALLED),
    "reduce_zero": ("ReduceLROnPlateau", {"patience": 0}, "val_loss", STALLED),
    "reduce_cooldown": (
        "ReduceLROnPlateau", {"patience": 1, "cooldown": 2}, "val_loss", STALLED,
    ),
    "reduce_least": ("ReduceLROnPlateau", {"patience": 1, "min_lr": 0.02}, "val_loss", STALLED),
    "reduce_delta": ("ReduceLROnPlateau", {"patience": 1, "min_delta": 0.9}, "val_loss", FALLING),
    "reduce_epsilon": ("ReduceLROnPlateau", {"patience": 1, "epsilon": 2}, "val_loss", FALLING),
    "reduce_max": ("ReduceLROnPlateau", {"patience": 1, "mode": "max"}, "val_loss", RISING),
    "reduce_accuracy": ("ReduceLROnPlateau", {"patience": 1, "monitor": "acc"}, "acc", RISING),
    "reduce_mode": ("ReduceLROnPlateau", {"patience": 1, "mode": "x"}, "val_loss", STALLED),
    "reduce_nan": ("ReduceLROnPlateau", {"patience": 1}, "val_loss", WITH_NAN),
    "reduce_missing": ("ReduceLROnPlateau", {"patience": 1}, "loss", FALLING),
}  # fmt: skip
"""Class, arguments, the value that there is, and what it is in each epoch (None: it is missing)."""

CLASSES = (
    "CallbackList", "Callback", "BaseLogger", "TerminateOnNaN", "ProgbarLogger", "History",
    "ModelCheckpoint", "EarlyStopping", "RemoteMonitor", "LearningRateScheduler", "TensorBoard",
    "ReduceLROnPlateau", "CSVLogger", "LambdaCallback",
)  # fmt: skip


def run_case(keras: Any, case: str) -> dict[str, list[Any]]:
    """Return what a callback did after each epoch: stops, rates, files, warnings.

    Args:
        keras: a package with `callbacks` and `optimizers`, and `backend.get_value`.
        case: a key of CASES.
    """
    kind, arguments, name, values = CASES[case]
    trace: dict[str, list[Any]] = {"stops": [], "rates": [], "files": [], "warnings": []}
    saved: list[str] = []
    model = SimpleNamespace(
        stop_training=False,
        optimizer=keras.optimizers.SGD(lr=0.1),
        save=lambda path, overwrite: saved.append(path),
        save_weights=lambda path, overwrite: saved.append(f"weights:{path}"),
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        positional = ["{epoch:02d}.h5"] if kind == "ModelCheckpoint" else []
        callback = getattr(keras.callbacks, kind)(*positional, **arguments)
        callback.set_model(model)
        callback.set_params({"metrics": [name]})
        callback.on_train_begin({})
        for epoch, value in enumerate(values):
            callback.on_epoch_begin(epoch, {})
            callback.on_epoch_end(epoch, {} if value is None else {name: value})
            trace["stops"].append(model.stop_training)
            trace["rates"].append(round(float(keras.backend.get_value(model.optimizer.lr)), 9))
            trace["files"].append(list(saved))
            trace["warnings"].append(len(caught))
            saved.clear()
        callback.on_train_end({})
    return trace


def events(keras: Any, **options: Any) -> list[Any]:
    """Return all that callbacks hear in a fit of two epochs, and which logs they see.

    The one that listens stands between two that change the logs, so that the order shows.
    """
    heard: list[Any] = []

    class Listener(keras.callbacks.Callback):  # type: ignore[misc]
        def set_params(self, params: Any) -> None:
            super().set_params(params)
            heard.append(["params", {key: _plain(params[key]) for key in sorted(params)}])

        def on_train_begin(self, logs: Any = None) -> None:
            heard.append(["train begin", _names(logs)])

        def on_train_end(self, logs: Any = None) -> None:
            heard.append(["train end", _names(logs), len(self.model.history.epoch)])

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            heard.append(["epoch begin", epoch, _names(logs)])

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen = len(self.model.history.epoch)
            heard.append(["epoch end", epoch, _names(logs), seen, round(float(logs["loss"]), 4)])
            logs[f"mine_{epoch}"] = 1.0

        def on_batch_begin(self, batch: int, logs: Any = None) -> None:
            heard.append(["batch begin", batch, _names(logs), int(logs.get("size", 0))])
            if options.get("stop_at") == batch:
                self.model.stop_training = True

        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            heard.append(["batch end", batch, _names(logs), round(float(logs["loss"]), 4)])

    inputs = keras.layers.Input((2,))
    model = keras.models.Model(inputs, keras.layers.Dense(1, use_bias=False)(inputs))
    model.compile(keras.optimizers.SGD(lr=0.1), "mse", metrics=["mae"])
    model.set_weights([np.array([[0.5], [-0.5]], "float32")])
    x = np.linspace(-1, 1, 20).reshape(10, 2).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    arguments: dict[str, Any] = {"epochs": 2, "verbose": 0, "shuffle": False, "batch_size": 4}
    if options.get("validation"):
        arguments["validation_split"] = 0.3
    history = model.fit(x, y, callbacks=[Listener()], **arguments)
    heard.append(["history", _names(history.history), *history.epoch])
    return heard


def rates(keras: Any, name: str) -> list[Any]:
    """Return the learning rate of each epoch under a schedule, or the class of an error."""
    model = SimpleNamespace(optimizer=keras.optimizers.SGD(lr=0.1))
    callback = keras.callbacks.LearningRateScheduler(SCHEDULES[name])
    callback.set_model(model)
    found: list[Any] = []
    for epoch in range(4):
        try:
            callback.on_epoch_begin(epoch, {})
        except Exception as error:
            return [*found, type(error).__name__]
        found.append(round(float(keras.backend.get_value(model.optimizer.lr)), 8))
    return found


SCHEDULES: dict[str, Any] = {
    "epoch": lambda epoch: 0.5 / (epoch + 1),
    "rate": lambda epoch, lr: lr * 0.5,
    "rate_default": lambda epoch, lr=0.3: lr * 0.5,
    "numpy": lambda epoch: np.float32(0.25),
    "integer": lambda epoch: 1,
    "nothing": lambda epoch: None,
}


def means(keras: Any) -> dict[str, Any]:
    """Return what BaseLogger makes of two epochs of batches of other sizes, and History of that."""
    base = keras.callbacks.BaseLogger(stateful_metrics=["auc"])
    history = keras.callbacks.History()
    names = ["loss", "auc", "absent", "val_loss"]
    for callback in (base, history):
        callback.set_params({"metrics": names})
        callback.on_train_begin({})
    for epoch, sizes in enumerate([(4, 4, 2), (1,)]):
        base.on_epoch_begin(epoch, {})
        for batch, size in enumerate(sizes):
            logs = {"batch": batch, "size": size, "loss": 0.5 * batch + epoch, "auc": 0.1 * batch}
            base.on_batch_end(batch, {**logs, "unlisted": 7.0})
        end = {"val_loss": 9.0}
        base.on_epoch_end(epoch, end)
        history.on_epoch_end(epoch, end)
    return {"history": history.history, "epoch": history.epoch}


def stops(keras: Any) -> list[bool]:
    """Return whether TerminateOnNaN stops after a loss, and where there is none."""
    found = []
    for loss in (1.0, float("nan"), float("inf"), float("-inf"), None):
        callback = keras.callbacks.TerminateOnNaN()
        callback.set_model(SimpleNamespace(stop_training=False))
        callback.on_batch_end(0, {} if loss is None else {"loss": loss})
        found.append(callback.model.stop_training)
    return found


def table_text(keras: Any, path: Path) -> str:
    """Return the file of a CSVLogger that gets a list, an array, and in the end too little."""
    logger = keras.callbacks.CSVLogger(str(path), separator=";")
    logger.set_model(SimpleNamespace(stop_training=False))
    logger.on_train_begin({})
    logger.on_epoch_end(0, {"loss": 0.5, "b": [1, 2], "a": np.array([0.5, 1.5])})
    logger.on_epoch_end(1, {"loss": np.float64(0.25), "b": "text", "a": 3, "new": 4})
    logger.model.stop_training = True
    logger.on_epoch_end(2, {"loss": 0.125})
    logger.on_train_end({})
    return path.read_bytes().decode()


def signature(kind: Any) -> list[list[Any]]:
    """Return the names and defaults of a constructor's arguments."""
    return [
        [one.name, "required" if one.default is one.empty else one.default]
        for one in inspect.signature(kind).parameters.values()
        if one.kind is one.POSITIONAL_OR_KEYWORD
    ]


def _names(logs: Any) -> str:
    return " ".join(sorted(logs))


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | str | list) else int(value)


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {}, "validation": {"validation": True}, "stopped": {"stop_at": 1},
}  # fmt: skip
