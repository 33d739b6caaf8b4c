"""Connectionist temporal classification (CTC), with Keras' arguments; the last class is the blank.

`epsilon()` is added to probabilities, and they are divided by their sum.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from konnx import ops
from konnx.config import epsilon
from konnx.graph import Tensor, int64s, op


class SparseLabels(NamedTuple):
    """What is there of a matrix with gaps.

    Args:
        indices: int64, (count, 2): the row and the column of each value.
        values: (count,).
        dense_shape: int64, (2,).
    """

    indices: Tensor
    values: Tensor
    dense_shape: Tensor


def ctc_batch_cost(y_true: Any, y_pred: Tensor, input_length: Any, label_length: Any) -> Tensor:
    """Return -log of the probability of each sample's labels, (batch, 1).

    Args:
        y_true: labels, (batch, longest).
        y_pred: probabilities, the outputs of a softmax: (batch, time, classes).
        input_length: how many steps of each sample count, (batch, 1).
        label_length: how many labels it has, (batch, 1).

    Returns:
        The losses; infinity, without a gradient, where there are fewer steps than the labels need.
    """
    loss = ops.ctc_loss(
        ops.as_tensor(y_true), _log(y_pred), _lengths(input_length), _lengths(label_length)
    )
    return ops.cast(ops.expand_dims(loss, 1), y_pred.dtype)


def _log(y_pred: Tensor) -> Tensor:
    """Log-probabilities, normalized as TensorFlow does; of float16 as float32."""
    probabilities = ops.cast(y_pred, "float32") if y_pred.dtype == "float16" else y_pred
    probabilities = probabilities + epsilon()
    return ops.log(probabilities / ops.sum(probabilities, -1, keepdims=True))


def _lengths(lengths: Any) -> Tensor:
    """One int64 for each sample."""
    return ops.reshape(ops.cast(lengths, "int64"), [-1])


def ctc_label_dense_to_sparse(labels: Any, label_lengths: Any) -> SparseLabels:
    """Return the labels that lie within their sample's length.

    Args:
        labels: (batch, longest).
        label_lengths: (batch,).
    """
    tensor = ops.as_tensor(labels)
    places = ops.arange(op("Squeeze", op("Shape", tensor, start=1, end=2), int64s([0])))
    inside = ops.less(places, ops.expand_dims(_lengths(label_lengths), 1))
    indices = ops.transpose(op("NonZero", inside), [1, 0])
    return SparseLabels(indices, ops.gather_nd(tensor, indices), op("Shape", tensor))


def ctc_decode(
    y_pred: Tensor,
    input_length: Any,
    greedy: bool = True,
    beam_width: int = 100,
    top_paths: int = 1,
) -> tuple[list[Tensor], Tensor]:
    """Read labels out of the probabilities of each step.

    Args:
        y_pred: probabilities, the outputs of a softmax: (batch, time, classes).
        input_length: how many steps of each sample count, (batch,).
        greedy: whether to take the likeliest class of each step; otherwise a beam search finds the
            labels that are likeliest over all their paths; labels that are repeated in them then
            count once, as in Keras on TensorFlow.
        beam_width: how many prefixes the beam search follows.
        top_paths: how many results it returns.

    Returns:
        Tensors of labels, int64 (batch, time), -1 behind their end, the best first. Then, if
        greedy, minus the sum of the largest logarithms of `y_pred`, (batch, 1); otherwise the
        log-probability of each result, (batch, top_paths). Nothing of it has a gradient.

    Raises:
        ValueError: more results are asked for than prefixes are followed.
    """
    scores = ops.stop_gradient(y_pred)
    lengths = _lengths(input_length)
    if greedy:
        labels, score = ops.ctc_best_path(ops.log(scores + epsilon()), lengths)
        return [labels], ops.negative(score)
    if not 1 <= top_paths <= beam_width:
        raise ValueError(
            "`top_paths` must lie between 1 and `beam_width`. "
            f"Received: top_paths={top_paths}, beam_width={beam_width}"
        )
    results, totals = ops.ctc_beam_search(_log(scores), lengths, beam_width, top_paths)
    return results, ops.cast(totals, y_pred.dtype)
