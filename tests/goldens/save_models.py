"""Save models with konnx, for tf_keras to load (`make_reverse.py`).

Run `python save_models.py [NAME ...]` where konnx is installed; without names, all are saved.
Writes `konnx_saved/NAME.h5`, and `konnx_saved/NAME.json` with the shapes of the inputs and whether
the file holds a compiled classifier.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from konnx.layers import (
    GRU,
    LSTM,
    RNN,
    Activation,
    Add,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GRUCell,
    Input,
    LSTMCell,
    MaxPooling2D,
    Multiply,
    Reshape,
    SeparableConv2D,
    SimpleRNN,
    TimeDistributed,
    ZeroPadding2D,
)
from konnx.models import Model, Sequential
from konnx.optimizers import SGD, Adam

FOLDER = Path(__file__).parent / "konnx_saved"
BATCH = 8
CLASSES = 4


def mlp() -> Any:
    """Return a compiled classifier of vectors."""
    model = Sequential(name="sequential_1")
    model.add(Dense(8, activation="relu", input_shape=(6,), name="dense_1"))
    model.add(Dropout(0.0, name="dropout_1"))
    model.add(Dense(CLASSES, activation="softmax", name="dense_2"))
    return compiled(model, Adam(lr=0.01, decay=0.1))


def cnn() -> Any:
    """Return a compiled classifier of images with BatchNormalization."""
    model = Sequential(
        [
            ZeroPadding2D(((1, 0), (0, 1)), input_shape=(8, 8, 2)),
            Conv2D(4, 3, padding="same", use_bias=False),
            BatchNormalization(momentum=0.9),
            Activation("relu"),
            MaxPooling2D(),
            SeparableConv2D(5, 3),
            DepthwiseConv2D(2, activation="tanh"),
            Flatten(),
            Dense(CLASSES, activation="softmax"),
        ]
    )
    return compiled(model, SGD(lr=0.02, momentum=0.9, nesterov=True))


def shared() -> Any:
    """Return a functional model of two inputs that share a layer."""
    left, right = Input((5,), name="left"), Input((5,), name="right")
    encoder = Dense(6, activation="elu", kernel_regularizer="l2", name="encoder")
    a, b = encoder(left), encoder(right)
    joined = Concatenate()([Add()([a, b]), Multiply()([a, b]), left])
    return Model([left, right], Dense(3)(joined))


def block(name: str) -> Any:
    """Return a small model with BatchNormalization between Dense layers."""
    block_in = Input((5,), name=f"{name}_in")
    hidden = Dense(4, activation="tanh", name=f"{name}_dense_1")(block_in)
    hidden = BatchNormalization(name=f"{name}_norm_1")(hidden)
    hidden = Dense(5, name=f"{name}_dense_2")(hidden)
    return Model(block_in, BatchNormalization(name=f"{name}_norm_2")(hidden), name=name)


def nested() -> Any:
    """Return a model that calls a nested model twice; one inner layer is frozen."""
    inner = block("block")
    inner.get_layer("block_dense_1").trainable = False
    left, right = Input((5,), name="left"), Input((5,), name="right")
    total = Add()([inner(left), inner(right)])
    return Model([left, right], Dense(3)(total))


def nested_sequential() -> Any:
    """Return a Sequential that holds a model and a Sequential."""
    tail = Sequential([Reshape((5, 1), input_shape=(5,)), Conv1D(3, 2, padding="causal")])
    return Sequential([block("base"), tail, Flatten(), Dense(2, activation="sigmoid")])


def recurrent() -> Any:
    """Return a compiled classifier of sequences by wrapped recurrent layers."""
    model = Sequential(
        [
            Bidirectional(LSTM(4, return_sequences=True), input_shape=(5, 3)),
            TimeDistributed(Dense(3, activation="tanh")),
            GRU(4, recurrent_activation="sigmoid", reset_after=True, return_sequences=True),
            GRU(4, return_sequences=True, go_backwards=True),
            SimpleRNN(3),
            Dense(CLASSES, activation="softmax"),
        ]
    )
    return compiled(model, SGD(lr=0.02, momentum=0.9))


def recurrent_states() -> Any:
    """Return an encoder whose states start a decoder, which a stack of cells follows."""
    source, target = Input((6, 3), name="source"), Input((4, 2), name="target")
    _, *states = LSTM(4, return_state=True)(source)
    decoded = LSTM(4, return_sequences=True)(target, initial_state=states)
    stacked = RNN([LSTMCell(3), GRUCell(2)], return_sequences=True)(decoded)
    return Model([source, target], [stacked, decoded])


def compiled(model: Any, optimizer: Any) -> Any:
    """Compile as a classifier."""
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    return model


BUILDERS: dict[str, Callable[[], Any]] = {
    "mlp": mlp,
    "cnn": cnn,
    "shared": shared,
    "nested": nested,
    "nested_sequential": nested_sequential,
    "recurrent": recurrent,
    "recurrent_states": recurrent_states,
}


def spread_weights(model: Any, random: np.random.RandomState) -> None:
    """Give every weight its own value; those of ones and zeros would hide an exchange."""
    values = [value + random.uniform(-0.2, 0.2, value.shape) for value in model.get_weights()]
    model.set_weights([value.astype(np.float32) for value in values])


def train(model: Any, random: np.random.RandomState) -> None:
    """Train two steps on random data."""
    for _ in range(2):
        x = random.standard_normal((BATCH, *model.input_shape[1:])).astype(np.float32)
        y = np.eye(CLASSES, dtype=np.float32)[random.randint(0, CLASSES, BATCH)]
        model.train_on_batch(x, y)


def main(names: list[str]) -> None:
    """Save the named models, or all."""
    FOLDER.mkdir(exist_ok=True)
    for seed, (name, build) in enumerate(BUILDERS.items()):
        if names and name not in names:
            continue
        model, random = build(), np.random.RandomState(seed)
        spread_weights(model, random)
        is_classifier = getattr(model, "optimizer", None) is not None
        if is_classifier:
            train(model, random)
        model.save(FOLDER / f"{name}.h5")
        shapes = [list(shape[1:]) for shape in _listed(model.input_shape)]
        facts = {"input_shapes": shapes, "compiled": is_classifier}
        (FOLDER / f"{name}.json").write_text(json.dumps(facts) + "\n")
        print(name)


def _listed(shape: Any) -> list[Any]:
    return shape if isinstance(shape, list) else [shape]


if __name__ == "__main__":
    main(sys.argv[1:])
