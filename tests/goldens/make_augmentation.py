"""Make the goldens of layers that vary images: what tf_keras' do in training, without chance.

Writes augmentation.npz: "cases" is a JSON list of (class name, arguments), whose factors leave but
one choice; entry "i" is the output for the images "x". "inference" lists the cases of
inference, whose outputs are the entries "inference_i".
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tf_keras

CASES = [
    ("RandomRotation", {"factor": (0.25, 0.25)}),
    ("RandomRotation", {"factor": (0.1, 0.1), "fill_mode": "nearest"}),
    ("RandomRotation", {"factor": (-0.2, -0.2), "fill_mode": "constant", "fill_value": 0.5}),
    ("RandomRotation", {"factor": (0.3, 0.3), "fill_mode": "reflect"}),
    ("RandomTranslation", {"height_factor": (0.2, 0.2), "width_factor": (-0.3, -0.3)}),
    ("RandomTranslation", {"height_factor": (0.5, 0.5), "width_factor": (0.0, 0.0),
                           "fill_mode": "constant"}),
    ("RandomTranslation", {"height_factor": (-0.3, -0.3), "width_factor": (0.25, 0.25),
                           "fill_mode": "nearest"}),
    ("RandomTranslation", {"height_factor": (0.4, 0.4), "width_factor": (0.5, 0.5),
                           "interpolation": "nearest"}),
    ("RandomZoom", {"height_factor": (-0.3, -0.3)}),
    ("RandomZoom", {"height_factor": (0.3, 0.3), "width_factor": (-0.2, -0.2)}),
    ("RandomZoom", {"height_factor": (0.2, 0.2), "fill_mode": "constant", "fill_value": 1.0}),
    ("RandomZoom", {"height_factor": (0.5, 0.5), "fill_mode": "nearest"}),
    ("RandomBrightness", {"factor": (0.3, 0.3), "value_range": (0, 1)}),
    ("RandomBrightness", {"factor": (-0.5, -0.5), "value_range": (-1, 1)}),
    ("RandomHeight", {"factor": (0.5, 0.5)}),
    ("RandomHeight", {"factor": (-0.3, -0.3)}),
    ("RandomHeight", {"factor": (0.7, 0.7), "interpolation": "nearest"}),
    ("RandomWidth", {"factor": (0.4, 0.4)}),
    ("RandomWidth", {"factor": (-0.5, -0.5), "interpolation": "nearest"}),
    ("RandomCrop", {"height": 5, "width": 6}),
    ("RandomCrop", {"height": 7, "width": 3}),
    ("RandomCrop", {"height": 3, "width": 9}),
]  # fmt: skip
INFERENCE = [
    ("RandomCrop", {"height": 3, "width": 4}),
    ("RandomCrop", {"height": 4, "width": 2}),
    ("RandomCrop", {"height": 8, "width": 7}),
    ("RandomHeight", {"factor": 0.5}),
    ("RandomWidth", {"factor": 0.5}),
]

if __name__ == "__main__":
    x = np.random.default_rng(0).uniform(0, 1, (2, 5, 6, 2)).astype(np.float32)
    results = {
        str(i): getattr(tf_keras.layers, name)(**arguments)(x, training=True).numpy()
        for i, (name, arguments) in enumerate(CASES)
    }
    results |= {
        f"inference_{i}": getattr(tf_keras.layers, name)(**arguments)(x, training=False).numpy()
        for i, (name, arguments) in enumerate(INFERENCE)
    }
    path = Path(__file__).parent / "augmentation.npz"
    lists = {"cases": np.array(json.dumps(CASES)), "inference": np.array(json.dumps(INFERENCE))}
    np.savez_compressed(path, **lists, x=x, **results)
