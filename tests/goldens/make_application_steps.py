"""Write application_steps.json: what a step of SGD makes of tf_keras' applications.

Run with a Python that has tf_keras 2.21:

    python tests/goldens/make_application_steps.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import application_steps_table as table
import tf_keras


def step(name: str, size: int) -> dict[str, Any]:
    tf_keras.backend.clear_session()
    make = getattr(tf_keras.applications, name)
    base = make(weights=None, include_top=False, input_shape=(size, size, 3), pooling="avg")
    head = tf_keras.layers.Dense(table.CLASSES, activation="softmax")
    model = tf_keras.Model(base.input, head(base.output))
    model.compile(tf_keras.optimizers.SGD(table.RATE), "categorical_crossentropy")
    model.set_weights(table.kernels(model.get_weights()))
    before = model.get_weights()
    images, labels = table.batch(size)
    loss = model.train_on_batch(images, labels)
    return {"loss": float(loss), "moves": table.moves(before, model.get_weights())}


def main() -> None:
    found = {name: step(name, size) for name, size in table.SIZES.items()}
    target = Path(__file__).with_name("application_steps.json")
    target.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
