"""Make the goldens of callbacks: what those of real Keras 2.1.6 hear and do.

Writes `callbacks.json`: cases, events, rates, means and stops of `callbacks_table.py`, the
"table" of a CSVLogger, and the "signatures" of the constructors.

Run `python make_callbacks.py FOLDER` with the folder where the wheel of Keras 2.1.6 is unpacked.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import keras216
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from callbacks_table import (
    CASES,
    CLASSES,
    OPTIONS,
    SCHEDULES,
    events,
    means,
    rates,
    run_case,
    signature,
    stops,
    table_text,
)


def main(folder: str) -> None:
    keras = keras216.load(folder)
    setattr(np, "Inf", np.inf)  # noqa: B010 - its name of 2018
    with tempfile.TemporaryDirectory() as place:
        found = {
            "cases": {case: run_case(keras, case) for case in CASES},
            "events": {name: events(keras, **options) for name, options in OPTIONS.items()},
            "rates": {name: rates(keras, name) for name in SCHEDULES},
            "means": means(keras),
            "stops": stops(keras),
            "table": table_text(keras, Path(place, "table.csv")),
            "signatures": {name: signature(getattr(keras.callbacks, name)) for name in CLASSES},
        }
    text = json.dumps(found, indent=1, sort_keys=True)
    Path(__file__).with_name("callbacks.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
