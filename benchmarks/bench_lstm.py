"""Recurrent networks: konnx' step against Keras 3 on TensorFlow, torch and JAX, and tf_keras.

The measure is the ratio of konnx' time to that of the fastest of Keras 3's backends, in one run.
All take the same layers, with sigmoid as the recurrent activation: Keras 2.1's hard sigmoid, which
later versions do not have by default, would be an advantage of konnx.

Run: python benchmarks/bench_lstm.py --peers PYTHON [--models NAME ...] [--what train predict]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import peers

VOCABULARY, STEPS, UNITS = 20_000, 80, 128


def layers_of(name: str, layers: Any) -> list[Any]:
    """Return the layers of a model, of whatever framework `layers` is from."""
    gates = {"recurrent_activation": "sigmoid"}
    hidden = {
        "lstm": lambda: [layers.LSTM(UNITS, **gates)],
        "gru": lambda: [layers.GRU(UNITS, reset_after=True, **gates)],
        "bidirectional": lambda: [layers.Bidirectional(layers.LSTM(UNITS // 2, **gates))],
        "stacked": lambda: [
            layers.LSTM(UNITS, return_sequences=True, **gates),
            layers.LSTM(UNITS, **gates),
        ],
    }
    embedding = layers.Embedding(VOCABULARY, UNITS)
    return [embedding, *hidden[name](), layers.Dense(1, activation="sigmoid")]


MODELS = ("lstm", "gru", "bidirectional", "stacked")


def model_of(framework: str, name: str, optimizer: str) -> Any:
    """Return a compiled model."""
    if framework == "konnx":
        from konnx import layers
        from konnx.models import Sequential
    else:
        keras: Any = peers.keras_of(framework)
        layers, Sequential = keras.layers, keras.Sequential  # noqa: N806 - it is a class
    model = Sequential([layers.InputLayer((STEPS,)), *layers_of(name, layers)])
    model.compile(optimizer, "binary_crossentropy")
    return model


def make_step(
    framework: str, name: str, what: str, optimizer: str, batch: int
) -> Callable[[], Any]:
    """Return what is timed."""
    model = model_of(framework, name, optimizer)
    random = np.random.default_rng(0)
    x = random.integers(0, VOCABULARY, (batch, STEPS)).astype("int32")
    y = random.integers(0, 2, (batch, 1)).astype("float32")
    steps: dict[str, Callable[[], Any]] = {
        "train": lambda: float(np.asarray(model.train_on_batch(x, y)).reshape(-1)[0]),
        "predict": lambda: model.predict_on_batch(x),
    }
    return steps[what]


def main() -> None:
    """Time what is asked for and print a table for each."""
    parser = peers.options(__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["lstm"], choices=MODELS)
    parser.add_argument("--optimizer", default="sgd", choices=["sgd", "adam", "rmsprop"])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--what", nargs="+", default=["train"], choices=["train", "predict"])
    arguments = parser.parse_args()
    if arguments.serve:
        [name], [what] = arguments.models, arguments.what
        peers.serve(make_step(arguments.serve, name, what, arguments.optimizer, arguments.batch))
        return
    for name in arguments.models:
        for what in arguments.what:
            extra = ["--models", name, "--what", what, "--optimizer", arguments.optimizer]
            extra += ["--batch", str(arguments.batch)]
            times = peers.compare(__file__, arguments, extra)
            peers.report(f"{name}, {what}, batch {arguments.batch}", times)


if __name__ == "__main__":
    main()
