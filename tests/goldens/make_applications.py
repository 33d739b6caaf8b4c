"""Write applications.json: what tf_keras' applications are made of.

Run with a Python that has tf_keras 2.21:

    python tests/goldens/make_applications.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tf_keras
from application_names import NAMES


def described(model: Any) -> dict[str, Any]:
    """Return what stands for a model: its layers' order and its weights' shapes by checksums."""
    layers = [[layer.name, [list(w.shape) for w in layer.weights]] for layer in model.layers]
    layers = [row for row in layers if row[1]]
    return {
        "parameters": model.count_params(),
        "trainable": sum(int(w.shape.num_elements()) for w in model.trainable_weights),
        "output": list(model.output_shape),
        "weights": [shape for _, shapes in layers for shape in shapes],
        "layers": [name for name, _ in layers],
    }


def main() -> None:
    found = {}
    for name in NAMES:
        for top in (True, False):
            tf_keras.backend.clear_session()
            make = getattr(tf_keras.applications, name)
            # Built for images of no known size, its NASNets join tensors of unequal sizes.
            size = {"NASNetMobile": 224, "NASNetLarge": 331}.get(name)
            shape = None if size is None else (size, size, 3)
            model = make(weights=None, include_top=top, input_shape=shape)
            found[f"{name} {'top' if top else 'notop'}"] = described(model)
    target = Path(__file__).with_name("applications.json")
    target.write_text(json.dumps(found, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
