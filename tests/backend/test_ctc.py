"""The backend's functions of CTC, against Keras' own values and gradients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from konnx import backend as K
from konnx import ops
from konnx.graph import Tensor
from konnx.testing import check_gradients, evaluate, positive

with np.load(Path(__file__).parents[1] / "goldens" / "backend_ctc.npz") as _file:
    ARRAYS: dict[str, np.ndarray[Any, Any]] = {key: _file[key] for key in _file.files}
CALLS: list[tuple[str, dict[str, Any]]] = json.loads(str(ARRAYS["calls"]))
NUMBERS = range(len(CALLS))
NAMES = [f"{number}-{function}" for number, (function, _) in enumerate(CALLS)]


def stored(number: int, prefix: str) -> list[np.ndarray[Any, Any]]:
    start = f"{number}.{prefix}"
    return [x for key, x in ARRAYS.items() if key.startswith(start)]


def flat(result: Any) -> list[Tensor]:
    if isinstance(result, Tensor):
        return [result]
    return [tensor for part in result for tensor in flat(part)]


@pytest.mark.parametrize("sizes", ["known", "open"])
@pytest.mark.parametrize("number", NUMBERS, ids=NAMES)
def test_values_are_those_of_keras(number: int, sizes: str) -> None:
    function, options = CALLS[number]
    inputs = stored(number, "x")
    last = [x.shape[-1] if x.ndim == 3 else None for x in inputs]
    tensors = [
        K.placeholder((*[None] * (x.ndim - 1), n) if sizes == "open" else x.shape, dtype=x.dtype)
        for x, n in zip(inputs, last, strict=True)
    ]
    outputs = flat(getattr(K, function)(*tensors, **options))
    received = evaluate(outputs, dict(zip(tensors, inputs, strict=True)))
    for mine, theirs in zip(received, stored(number, "y"), strict=True):
        assert mine.dtype.kind == theirs.dtype.kind
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


COSTS = [number for number in NUMBERS if CALLS[number][0] == "ctc_batch_cost"]


@pytest.mark.gradients
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("number", COSTS)
def test_gradients_of_the_cost_are_those_of_keras(number: int, dtype: str) -> None:
    labels, scores, *lengths = stored(number, "x")
    y_pred = K.placeholder((None, None, scores.shape[-1]), dtype=dtype)
    cost = K.ctc_batch_cost(labels, y_pred, *lengths)
    assert cost.dtype == dtype
    weights = np.cos(np.arange(len(labels)))[:, None].astype(dtype)
    (slope,) = K.gradients(ops.sum(cost * weights), [y_pred])
    received = evaluate([slope], {y_pred: scores.astype(dtype)})[0]
    expected = ARRAYS[f"{number}.dx1"]
    np.testing.assert_allclose(received, expected, rtol=2e-2 if dtype == "float16" else 1e-4)


@pytest.mark.gradients
def test_gradients_of_the_cost_agree_with_central_differences() -> None:
    labels, lengths = np.array([[0, 0, 1], [2, 1, 1]]), np.array([[3], [2]])
    check_gradients(
        lambda y: K.ctc_batch_cost(labels, y, np.array([[6], [4]]), lengths),
        [positive((2, 6, 4))],
        tolerance=1e-5,
    )


@pytest.mark.gradients
def test_labels_that_need_more_steps_cost_infinitely_much_and_pull_nowhere() -> None:
    y_pred = K.placeholder((2, 3, 4))
    cost = K.ctc_batch_cost(np.array([[1, 1], [1, 2]]), y_pred, [[2], [2]], [[2], [2]])
    values, slope = evaluate([cost, *K.gradients(cost, [y_pred])], {y_pred: positive((2, 3, 4))})
    assert np.isinf(values[0])
    assert np.isfinite(values[1])
    assert not slope[0].any()
    assert slope[1].any()


def test_paths_that_read_alike_are_merged() -> None:
    """Two steps of (a: 0.4, blank: 0.6): the best path is empty, but "a" is likelier."""
    y_pred = K.variable([[[0.4, 0.6], [0.4, 0.6]]])
    (greedy,), _ = K.ctc_decode(y_pred, [2])
    (best, second), scores = K.ctc_decode(y_pred, [2], greedy=False, beam_width=5, top_paths=2)
    assert K.eval(greedy).tolist() == [[-1, -1]]
    assert K.eval(best).tolist() == [[0, -1]]
    assert K.eval(second).tolist() == [[-1, -1]]
    np.testing.assert_allclose(np.exp(K.eval(scores)), [[0.64, 0.36]], rtol=1e-4)


@pytest.mark.gradients
def test_what_is_decoded_has_no_gradient() -> None:
    y_pred = K.placeholder((1, 3, 4))
    _, score = K.ctc_decode(y_pred, [3], greedy=False)
    assert K.gradients(score, [y_pred]) == [None]


@pytest.mark.no_runtime
def test_no_more_results_than_prefixes() -> None:
    with pytest.raises(ValueError, match="`top_paths` must lie between 1 and `beam_width`"):
        K.ctc_decode(K.placeholder((1, 3, 4)), [3], greedy=False, beam_width=2, top_paths=3)
    with pytest.raises(ValueError, match="The number of classes must be known"):
        K.ctc_decode(K.placeholder((1, 3, None)), [3])
