"""Write what `model.summary` of Keras 2.1.6 prints.

python make_summaries.py FOLDER    # where the wheel of Keras 2.1.6 is unpacked
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import keras216
from summary_models import CASES


def main(folder: str) -> None:
    keras = keras216.load(folder)
    found = {}
    for name, (build, options) in CASES.items():
        keras.backend.clear_session()
        model, lines = build(keras.layers, keras.models), []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            model.summary(print_fn=lines.append, **options)
        warned = [str(one.message) for one in caught if "trainable" in str(one.message)]
        found[name] = {"lines": lines, "warned": bool(warned)}
    text = json.dumps(found, indent=1)
    (Path(__file__).parent / "summaries.json").write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
