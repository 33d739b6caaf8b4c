"""Where a model's time goes, node by node, as ONNX Runtime measures it."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from konnx.runtime.arrays import Array
from konnx.runtime.devices import Device, resolve_device
from konnx.runtime.sessions import make_session

if TYPE_CHECKING:
    from onnx import ModelProto

_SUFFIX = "_kernel_time"
_FUSED = "fused "  # how ONNX Runtime begins the names of some nodes that it made of several


def profile_nodes(
    model: ModelProto | bytes | str,
    feeds: Mapping[str, Array],
    *,
    runs: int = 10,
    device: str | Device | None = None,
    threads: int | None = None,
) -> dict[str, float]:
    """Return the seconds that each node takes in one run, by its name.

    The nodes are those that ONNX Runtime runs, some of them fused out of several; such a one has
    the name of one of these.

    Arguments:
        model: an ONNX model, its serialized bytes, or the path of a file.
        feeds: the inputs by name.
        runs: how many to take the median of, after one that does not count.
        device: a Device, or a name as for `resolve_device`.
        threads: CPU threads within one op; None lets ONNX Runtime choose.

    Example:
        >>> import numpy as np
        >>> from onnx import parser
        >>> model = parser.parse_model('''
        ...     <ir_version: 8, opset_import: ["" : 18]>
        ...     g (float[N] x) => (float[N] y) { [double] y = Add(x, x) }
        ... ''')
        >>> list(profile_nodes(model, {"x": np.ones(3, np.float32)}, device="cpu"))
        ['double']
    """
    with tempfile.TemporaryDirectory() as folder:
        prefix = os.path.join(folder, "profile")
        session = make_session(model, resolve_device(device), threads, profile=prefix)
        for _ in range(runs + 1):
            session.run(None, dict(feeds))
        with open(session.end_profiling(), encoding="utf-8") as stream:
            events = json.load(stream)
    return _seconds(events, runs + 1)


def _seconds(events: list[dict[str, Any]], runs: int) -> dict[str, float]:
    """Return the median of what each node takes in a run, the first run left out."""
    durations: dict[str, list[float]] = defaultdict(list)
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith(_SUFFIX):
            name = event["name"].removesuffix(_SUFFIX).removeprefix(_FUSED)
            durations[name].append(event["dur"] * 1e-6)
    return {name: _in_one_run(times, runs) for name, times in durations.items()}


def _in_one_run(times: list[float], runs: int) -> float:
    """A node within a loop has several times in each run."""
    each = max(len(times) // runs, 1)
    sums = [sum(times[start : start + each]) for start in range(0, len(times), each)]
    return statistics.median(sums[1:] or sums)
