"""Transposes sink, cancel, become Reshapes, and never grow in number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Node, Tensor, constant, op, placeholder, topological_order
from konnx.graph.passes import cancel_transposes, fold_constants, freeze_variables

TO_LAST, TO_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]


def features(*dims: Any) -> Tensor:
    return placeholder(dims or ("batch", 6, 4, 5), name="features")


def last(x: Tensor) -> Tensor:
    return ops.transpose(x, TO_LAST)


def first(x: Tensor) -> Tensor:
    return ops.transpose(x, TO_FIRST)


def ints(*values: int) -> Tensor:
    return constant(np.array(values, np.int64))


def per_channel(*shape: int) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape) + 1


def scales(*values: float) -> Tensor:
    return constant(np.array(values, np.float32))


def nodes(outputs: list[Tensor]) -> list[Node]:
    return [node for node in topological_order(outputs) if not node.domain]


# Each takes (batch, 4, 5, 6) in channels_last and keeps the order of the axes.
THROUGH: dict[str, Callable[[Tensor], Tensor]] = {
    "unary": ops.tanh,
    "chain": lambda x: ops.sigmoid(ops.abs(x)),
    "cast": lambda x: ops.cast(x, "float64"),
    "identity": ops.identity,
    "clip": lambda x: ops.clip(x, -0.5, 0.5),
    "leaky": lambda x: op("LeakyRelu", x, alpha=0.3),
    "scalar": lambda x: x * 2.0,
    "scalar_left": lambda x: 2.0 - x,
    "one_number": lambda x: x + per_channel(1),
    "vector": lambda x: x * per_channel(6),
    "vector_left": lambda x: ops.subtract(per_channel(6), x),
    "matrix": lambda x: x + per_channel(5, 1),
    "whole": lambda x: x + per_channel(1, 4, 5, 6),
    "slope": lambda x: op("PRelu", x, constant(per_channel(4, 5, 6))),
    "both": lambda x: x + ops.relu(x),
    "twice": lambda x: x * x,
    "three": lambda x: op("Max", x, ops.tanh(x), constant(per_channel(6))),
    "where": lambda x: ops.where(x > 0.0, x, ops.exp(x)),
    "concat": lambda x: ops.concatenate([x, ops.relu(x)], -1),
    "concat_space": lambda x: ops.concatenate([x, ops.relu(x)], 1),
    "concat_constant": lambda x: ops.concatenate(
        [ops.slice_axes(x, [0], [1], [0]), per_channel(1, 4, 5, 2)], 3
    ),
    "split": lambda x: ops.multiply(*op("Split", x, ints(3, 3), outputs=2, axis=-1)),
    "split_space": lambda x: ops.multiply(*op("Split", x, outputs=2, axis=1, num_outputs=2)),
    "pad": lambda x: ops.pad(x, [(0, 0), (1, 2), (3, 4), (0, 5)], 0.5),
    "pad_axes": lambda x: op("Pad", x, ints(1, 2, 3, 4), None, ints(1, -1)),
    "pad_reflect": lambda x: op("Pad", x, ints(0, 1, 2, 0, 0, 1, 2, 0), mode="reflect"),
    "slice": lambda x: x[:, 1:3, ::-1, -2:],
    "slice_no_axes": lambda x: op("Slice", x, ints(0, 1), ints(9, 3)),
    "slice_steps": lambda x: ops.slice_axes(x, [0, 1], [6, 4], [3, 1], [2, 1]),
    "sum": lambda x: x - ops.sum(x, 3, keepdims=True),
    "mean": lambda x: ops.mean(x, [1, 2], keepdims=True) * x,
    "softmax": ops.softmax,
    "softmax_space": lambda x: ops.softmax(x, 1),
    "tile": lambda x: ops.tile(x, [1, 2, 3, 1]),
    "expand": lambda x: ops.expand(ops.sum(x, 1, keepdims=True), [1, 7, 5, 6]),
    "expand_lower": lambda x: ops.expand(ops.sum(x, 3, keepdims=True), [6]),
    "gather": lambda x: op("Gather", x, ints(3, 0, 0), axis=3),
    "resize": lambda x: op(
        "Resize",
        x,
        None,
        scales(1, 2, 3, 1),
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    ),
    "resize_axes": lambda x: op("Resize", x, None, scales(2, 3), axes=[1, 2], mode="linear"),
    "squeeze_unsqueeze": lambda x: ops.expand_dims(ops.squeeze(ops.max(x, 2, keepdims=True), 2), 2),
    "unsqueeze_squeeze": lambda x: ops.squeeze(ops.relu(ops.expand_dims(x, 1)), 1),
    "rows": lambda x: ops.transpose(ops.transpose(x, [0, 2, 1, 3]), [0, 2, 1, 3]),
}


@pytest.mark.parametrize("name", THROUGH)
def test_what_stands_between_two_transposes_works_in_the_other_order(
    name: str, same: Any, operators: Any
) -> None:
    x = features()
    before = [first(THROUGH[name](last(x)))]
    after = cancel_transposes(before)
    assert operators(after)["Transpose"] == 0
    same(before, after)


# Each takes (batch, 4, 5, 6) in channels_last and needs no order any more.
ABSORBING: dict[str, Callable[[Tensor], Tensor]] = {
    "global_average": lambda x: ops.mean(x, [1, 2]),
    "global_max_kept": lambda x: ops.max(x, [1, 2], keepdims=True),
    "all": lambda x: ops.sum(x),
    "all_without_axes": lambda x: op("ReduceMax", x, keepdims=0),
    "batch_and_space": lambda x: ops.mean(x, [0, 1, 2]),
    "negative_axes": lambda x: op("ReduceL2", x, ints(-3, -2), keepdims=0),
    "channels": lambda x: ops.mean(x, [3]),
    "argmax": ops.argmax,
    "one_pixel": lambda x: x[:, 0, 0],
    "gathered_pixel": lambda x: op(
        "Gather", op("Gather", x, constant(np.int64(1)), axis=1), constant(np.int64(2)), axis=1
    ),
    "shape": lambda x: ops.cast(op("Shape", x), "float32"),
    "shape_of_part": lambda x: ops.cast(op("Shape", x, start=1, end=3), "float32"),
    "size": lambda x: ops.cast(op("Size", x), "float32"),
    "pooled_and_flat": lambda x: ops.reshape(ops.mean(x, [1, 2], keepdims=True), [-1, 6]),
    "pooled_and_copied": lambda x: ops.reshape_keeping(ops.mean(x, [1, 2], True), 1, [6]),
    "row_and_copied": lambda x: op("Reshape", ops.mean(x, [2, 3], True), ints(0, 0, 1)),
}


@pytest.mark.parametrize("name", ABSORBING)
def test_what_drops_axes_absorbs_the_transpose(name: str, same: Any, operators: Any) -> None:
    x = features()
    before = [ABSORBING[name](last(x))]
    after = cancel_transposes(before)
    assert operators(after)["Transpose"] == 0
    same(before, after)


# Each takes (batch, 4, 5, 6) in channels_last and must have it so.
STOPPING: dict[str, Callable[[Tensor], Tensor]] = {
    "flatten": lambda x: ops.flatten_from(x),
    "softmax_at_the_end": ops.softmax,
    "product": lambda x: ops.matmul(x, per_channel(6, 2)),
    "join_space": lambda x: ops.reshape(x, [-1, 20, 6]),
    "cumulative": lambda x: op("CumSum", x, constant(np.int64(1))),
}


@pytest.mark.parametrize("name", STOPPING)
def test_what_needs_the_order_gets_it_from_one_transpose(
    name: str, same: Any, operators: Any
) -> None:
    x = features()
    before = [ops.relu(STOPPING[name](ops.tanh(last(x))))]
    after = cancel_transposes(before)
    assert operators(after) == operators(before)
    same(before, after)


def given(*dims: Any) -> Tensor:
    return placeholder(dims, "int64", "given")


# Each takes (batch, 4, 5, 6) in channels_last; only a run can tell what it does to which axis.
UNDECIDED: dict[str, Callable[[Tensor], Tensor]] = {
    "axes_of_sum": lambda x: op("ReduceSum", x, given(1)),
    "nothing_to_sum": lambda x: op("ReduceSum", x, noop_with_empty_axes=1),
    "pads": lambda x: op("Pad", x, given(8)),
    "axes_of_pad": lambda x: op("Pad", x, ints(1, 1), None, given(1)),
    "axes_of_slice": lambda x: op("Slice", x, ints(0), ints(1), given(1)),
    "repeats": lambda x: op("Tile", x, given(4)),
    "sizes": lambda x: op("Expand", x, given(4)),
    "more_axes": lambda x: ops.expand(x, [2, 1, 1, 1, 1]),
    "resized": lambda x: op("Resize", x, None, None, given(4)),
    "cropped": lambda x: op(
        "Resize",
        x,
        scales(0, 0, 0, 0, 1, 1, 1, 1),
        None,
        ints(1, 4, 5, 6),
        coordinate_transformation_mode="tf_crop_and_resize",
    ),
    "new_axes": lambda x: op("Unsqueeze", x, given(1)),
    "all_ones": lambda x: op("Squeeze", ops.sum(x, 1, keepdims=True)),
    "shape": lambda x: ops.reshape(x, given(2)),
    "matrix_of_places": lambda x: op("Gather", x, given(2, 2), axis=3),
    "matrices": lambda x: ops.matmul(x, per_channel(4, 6, 2)),
}


@pytest.mark.no_runtime
@pytest.mark.parametrize("name", UNDECIDED)
def test_what_is_not_known_before_a_run_gets_its_input_as_it_was(name: str, operators: Any) -> None:
    before = [UNDECIDED[name](last(features("batch", 6, 4, "width")))]
    after = cancel_transposes(before)
    assert after[0].node.op_type == before[0].node.op_type
    assert operators(after) == operators(before)


def test_a_size_that_is_copied_from_another_place_keeps_its_place(
    same: Any, operators: Any
) -> None:
    x = ops.sum(last(features("batch", 6, 4, "width")), [1, 3], keepdims=True)
    before = [op("Reshape", x, ints(0, 0, 0, 1, 1))]
    after = cancel_transposes(before)
    assert operators(after) == {"ReduceSum": 1, "Reshape": 2}
    same(before, after)


def test_transposes_after_one_another_are_one(same: Any, operators: Any) -> None:
    before = [ops.transpose(last(features()), [0, 2, 1, 3])]
    after = cancel_transposes(before)
    assert operators(after) == {"Transpose": 1}
    same(before, after)


def test_a_product_leaves_the_order_of_rows_for_later(same: Any, operators: Any) -> None:
    x = placeholder((7, "batch", 3), name="steps")
    rows = ops.relu(ops.matmul(ops.transpose(x, [1, 0, 2]), per_channel(3, 4)))
    before = [ops.transpose(rows, [1, 0, 2])]
    after = cancel_transposes(before)
    assert operators(after)["Transpose"] == 0
    same(before, after)


@pytest.mark.parametrize(
    ("dims", "perm", "shape"),
    [
        (("batch", 4, 5, 1), TO_FIRST, [0, 1, 4, 5]),
        (("batch", 1, 4, 5), TO_LAST, [0, 4, 5, 1]),
        (("batch", "height", 5, 1), TO_FIRST, [0, 1, -1, 5]),
        ((1, "height", 1), [1, 0, 2], [-1, 1, 1]),
    ],
)
def test_moving_axes_of_size_one_is_a_reshape(
    dims: tuple[Any, ...], perm: list[int], shape: list[int], same: Any, operators: Any
) -> None:
    x = placeholder(dims, name="x")
    before = [ops.relu(ops.transpose(x, perm)), ops.transpose(x, perm)]
    after = cancel_transposes(before)
    reshape = after[1].node
    assert operators(after) == {"Reshape": 1, "Relu": 1}
    assert reshape.inputs[1].constant_value.tolist() == shape
    same(before, after)


def test_two_sizes_that_vary_cannot_be_moved_by_a_reshape(same: Any, operators: Any) -> None:
    before = [first(placeholder(("batch", "height", "width", 1), name="x"))]
    after = cancel_transposes(before)
    assert operators(after) == {"Transpose": 1}
    same(before, after)


@pytest.mark.parametrize("rank", [2, 4])
def test_a_gate_is_turned_instead_of_the_features(rank: int, same: Any, operators: Any) -> None:
    x = features()
    gate = placeholder(("batch", 1, 1, 6) if rank == 4 else (5, 6), name="gate")
    before = [ops.mean(last(x) * ops.sigmoid(gate), [1, 2])]
    after = cancel_transposes(before)
    product = next(n for n in nodes(after) if n.op_type == "Mul")
    assert product.outputs[0].dims == ("batch", 6, 4, 5)
    assert operators(after)["Transpose"] == (0 if rank == 4 else 1)
    same(before, after)


def test_a_small_operand_in_another_order_is_turned_rather_than_a_large_one(
    same: Any, operators: Any
) -> None:
    x = placeholder(("batch", 4, 5, 6), name="large")
    small = last(placeholder(("batch", 6, 4, 1), name="small"))
    before = [x + ops.relu(small)]
    after = cancel_transposes(before)
    [total] = [n for n in nodes(after) if n.op_type == "Add"]
    assert total.inputs[0] is x
    same(before, after)


def test_a_sum_goes_on_in_the_order_that_its_user_wants(same: Any, operators: Any) -> None:
    x, other = features(), placeholder(("batch", 4, 5, 6), name="other")
    before = [first(ops.relu(last(x) + other))]
    after = cancel_transposes(before)
    assert operators(after) == {"Transpose": 1, "Add": 1, "Relu": 1}
    same(before, after)


def test_an_input_that_is_transposed_anyway_serves_a_shortcut(same: Any, operators: Any) -> None:
    x = placeholder(("batch", 4, 5, 6), name="x")
    pooled = ops.max_pool(x, (3, 3), (1, 1), "same")
    before = [ops.mean(x + pooled, [1, 2])]
    after = cancel_transposes(before)
    assert operators(after)["Transpose"] == 1
    same(before, after)


def test_a_pad_moves_next_to_the_convolution_that_may_take_it_over(same: Any, layers: Any) -> None:
    x = placeholder(("batch", 4, 5, 6), name="x")
    padded = ops.pad(x, [(0, 0), (1, 2), (3, 4), (0, 0)])
    before = fold_constants(freeze_variables([layers.conv(padded, 2)]))
    after = cancel_transposes(before)
    assert [node.op_type for node in nodes(after)] == ["Transpose", "Pad", "Conv", "Transpose"]
    assert [node.op_type for node in nodes(cancel_transposes(after))][:2] == ["Transpose", "Pad"]
    same(before, after)


@pytest.mark.parametrize("use", [ops.tanh, lambda x: ops.average_pool(x, (2, 2), (1, 1))])
def test_a_pad_that_no_convolution_takes_over_stays_where_it_is(
    use: Callable[[Tensor], Tensor], same: Any
) -> None:
    padded = ops.pad(placeholder(("batch", 4, 5, 6), name="x"), [(0, 0), (1, 2), (3, 4), (0, 0)])
    before = [first(padded), use(padded)]
    after = cancel_transposes(before)
    assert nodes(after)[0].op_type == "Pad"
    same(before, after)


def test_a_transpose_used_twice_is_made_once(same: Any, operators: Any) -> None:
    y = last(ops.relu(features()))
    before = [ops.flatten_from(y), ops.reshape(y, [-1, 20, 6]), ops.mean(y, [1, 2])]
    after = cancel_transposes(before)
    assert operators(after)["Transpose"] == 1
    same(before, after)


def test_a_transpose_does_not_become_several(same: Any, operators: Any) -> None:
    y = last(features())
    before = [ops.flatten_from(ops.relu(y)), ops.flatten_from(ops.tanh(y)), ops.exp(y)]
    after = cancel_transposes(before)
    assert operators(after)["Transpose"] == 1
    same(before, after)


def test_a_transpose_that_stays_does_not_keep_others(same: Any, operators: Any) -> None:
    x = features()
    inner = ops.relu(first(ops.tanh(last(x))))
    y = last(inner)
    before = [ops.flatten_from(ops.relu(y)), ops.flatten_from(ops.tanh(y)), ops.exp(y)]
    after = cancel_transposes(before)
    assert operators(before)["Transpose"] == 3
    assert operators(after)["Transpose"] == 1
    same(before, after)


def test_dynamic_padding_reads_sizes_without_transposes(same: Any, operators: Any) -> None:
    x = placeholder(("batch", None, None, 3), name="x")
    pooled = [ops.max_pool(x, (3, 3), (2, 2), "same"), ops.average_pool(x, (3, 3), (2, 2), "same")]
    before = [ops.mean(ops.concatenate(pooled), [1, 2])]
    after = cancel_transposes(fold_constants(before))
    assert operators(after)["Transpose"] == 1
    same(before, after)


def test_a_graph_without_transposes_is_returned_as_it_is() -> None:
    before = [ops.mean(ops.relu(features()) * 2.0, [1])]
    assert cancel_transposes(before) == before


def test_an_unknown_rank_is_left_alone() -> None:
    shape = placeholder((None,), "int64", "shape")
    x = ops.reshape(placeholder(("n",), name="x"), shape)
    before = [last(features()) + x, op("Transpose", x), op("Concat", last(features()), x, axis=0)]
    assert cancel_transposes(before) == before
