"""Make the goldens of masks: what each layer of Keras 2.1.6 does with those of its inputs.

Writes `masks.json`: a list of [class name, arguments, shapes, outcome], with the shapes without the
batch. The inputs come from Masking layers. The outcome is "refused", "ended", or the mask of the
output for inputs of ones of which each second step is masked.

Run `python make_masks.py FOLDER` with the folder where the wheel of Keras 2.1.6 is unpacked.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras216
import layers_table
import numpy as np

FOLDER = Path(__file__).parent
SEQUENCE = (4, 2)
RECURRENT: dict[str, Any] = {
    **{
        name: [({"units": 3, **more}, SEQUENCE) for more in (
            {}, {"return_sequences": True}, {"go_backwards": True, "return_sequences": True},
        )]
        for name in ("SimpleRNN", "GRU", "LSTM")
    },
    "ConvLSTM2D": [
        ({"filters": 2, "kernel_size": 2, "return_sequences": on}, (3, 4, 4, 2))
        for on in (False, True)
    ],
    "Embedding": [
        ({"input_dim": 5, "output_dim": 2, "mask_zero": on}, (4,)) for on in (False, True)
    ],
    "Wrapped": [
        ({"wrapper": wrapper, "layer": layer, "arguments": arguments, **more}, SEQUENCE)
        for wrapper, layer, arguments, more in (
            ("TimeDistributed", "Dense", {"units": 2}, {}),
            ("TimeDistributed", "RepeatVector", {"n": 2}, {}),
            ("Bidirectional", "LSTM", {"units": 2, "return_sequences": True}, {}),
            ("Bidirectional", "GRU", {"units": 2}, {}),
            ("Bidirectional", "GRU", {"units": 2, "return_sequences": True},
             {"merge_mode": None}),
        )
    ],
}  # fmt: skip
LATER = {"LayerNormalization"}
"""What Keras 2.1.6 has not."""


def make_layer(keras: Any, name: str, arguments: dict[str, Any]) -> Any:
    """Return a layer, or None where 2.1.6 does not know it or an argument of it."""
    if name == "Wrapped":
        given = dict(arguments)
        wrapper, inner = given.pop("wrapper"), given.pop("layer")
        layer = getattr(keras.layers, inner)(**given.pop("arguments"))
        return getattr(keras.layers, wrapper)(layer, **given)
    given = {key: tuple(v) if isinstance(v, list) else v for key, v in arguments.items()}
    try:
        return getattr(keras.layers, name)(**given)
    except (AttributeError, TypeError, ValueError):
        return None


def outcome(keras: Any, layer: Any, shapes: list[Any]) -> Any:
    """Call a layer on masked inputs and say what becomes of the masks.

    None: the layer cannot be called. Some of 2.1.6's code does not run on today's TensorFlow.
    """
    inputs = [keras.layers.Input(shape) for shape in shapes]
    words = type(layer).__name__ == "Embedding"
    masked = inputs if words else [keras.layers.Masking()(one) for one in inputs]
    try:
        layer(masked if len(masked) > 1 else masked[0])
    except Exception as error:  # TensorFlow's are of many types
        return "refused" if "does not support masking" in str(error) else None
    masks = layer._inbound_nodes[0].output_masks
    if masks[0] is None:
        return "ended"
    arrays = [np.ones((1, *shape), np.float32) for shape in shapes]
    for array in arrays:
        array[:, 1::2] = 0
    found = keras.backend.function(inputs, masks)(arrays)
    return found[0][0].tolist()


def main() -> None:
    keras = keras216.load(sys.argv[1])
    lines = []
    for name, cases in {**layers_table.LAYERS, **RECURRENT}.items():
        for arguments, given in cases:
            shapes = list(given) if isinstance(given[0], tuple) else [given]
            words = name == "Embedding"
            if name in LATER or "function" in arguments or (
                not words and any(len(shape) < 2 for shape in shapes)
            ):  # fmt: skip
                continue
            keras.backend.clear_session()
            layer = make_layer(keras, name, arguments)
            result = None if layer is None else outcome(keras, layer, shapes)
            if result is not None:
                lines.append(json.dumps([name, arguments, shapes, result]))
    (FOLDER / "masks.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
