"""Write stateful_metrics.npz: Precision, Recall and AUC by tf_keras, over three batches."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import tf_keras

sys.path.insert(0, str(Path(__file__).parent))
from metrics_table import BATCHES, CASES, make_data, make_weights


def main() -> None:
    data, weights = make_data(), make_weights()
    arrays = {"weights": weights}
    for name, (y_true, y_pred) in data.items():
        arrays[f"data/{name}/true"], arrays[f"data/{name}/pred"] = y_true, y_pred
    for name, (kind, arguments, source) in CASES.items():
        y_true, y_pred = data[source]
        for weighted in (False, True):
            metric = getattr(tf_keras.metrics, kind)(**arguments)
            values = []
            for start, end in pairwise(BATCHES):
                part = slice(start, end)
                given = weights[part] if weighted else None
                metric.update_state(y_true[part], y_pred[part], given)
                values.append(np.asarray(metric.result()))
            arrays[f"values/{name}/{'weighted' if weighted else 'plain'}"] = np.stack(values)
    np.savez_compressed(Path(__file__).with_name("stateful_metrics.npz"), **arrays)


if __name__ == "__main__":
    main()
