"""The last of several changes of shape is enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from konnx import ops
from konnx.graph import Tensor, constant, op, placeholder
from konnx.graph.passes import merge_reshapes


def ints(*values: int) -> Tensor:
    return constant(np.array(values, np.int64))


CHAINS: dict[str, tuple[Callable[[Tensor], Tensor], list[int]]] = {
    "flat": (lambda x: ops.flatten_from(ops.reshape(x, [-1, 6, 4])), [0, 24]),
    "inferred": (lambda x: ops.reshape(ops.reshape(x, [-1, 6, 4]), [-1, 3]), [-1, 3]),
    "three": (
        lambda x: ops.reshape(ops.flatten_from(ops.reshape(x, [-1, 6, 4])), [-1, 8, 3]),
        [-1, 8, 3],
    ),
    "unsqueeze": (lambda x: ops.reshape(ops.expand_dims(x, 1), [-1, 24]), [-1, 24]),
    "squeeze": (lambda x: ops.squeeze(ops.expand_dims(ops.flatten_from(x), 2), 2), [0, 24]),
    "unsqueeze_last": (lambda x: ops.expand_dims(ops.flatten_from(x), 1), [0, 1, 24]),
    "onnx_flatten": (lambda x: ops.reshape(op("Flatten", x), [-1, 12, 2]), [-1, 12, 2]),
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_becomes_one_reshape(name: str, same: Any, operators: Any) -> None:
    build, sizes = CHAINS[name]
    before = [build(placeholder(("batch", 2, 3, 4), name="x"))]
    [after] = merge_reshapes(before)
    assert operators([after]) == {"Reshape": 1}
    value = after.node.inputs[1].constant_value
    assert (
        np.where(value == 0, -1, value).tolist()
        == np.where(np.array(sizes) == 0, -1, sizes).tolist()
    )
    same(before, [after])


SAME_SHAPE: dict[str, Callable[[Tensor], Tensor]] = {
    "one": lambda x: ops.reshape(x, [-1, 2, 3, 4]),
    "copied": lambda x: ops.reshape_keeping(x, 2, [3, 4]),
    "there_and_back": lambda x: ops.reshape(ops.flatten_from(x), [-1, 2, 3, 4]),
    "unsqueeze_squeeze": lambda x: ops.squeeze(ops.expand_dims(x, 2), 2),
}


@pytest.mark.parametrize("name", SAME_SHAPE)
def test_a_reshape_to_the_same_shape_vanishes(name: str, same: Any) -> None:
    x = ops.relu(placeholder(("batch", 2, 3, 4), name="x"))
    before = [SAME_SHAPE[name](x)]
    assert merge_reshapes(before) == [x]


@pytest.mark.parametrize("names", [("batch", "n"), (None, None)])
def test_sizes_that_vary_are_copied_where_that_is_certain(
    names: tuple[str | None, str | None], same: Any, operators: Any
) -> None:
    x = placeholder((*names, 3, 4), name="x")
    inner = op("Reshape", x, ints(0, 0, 12))
    before = [op("Reshape", inner, ints(0, 0, 2, 6))]
    [after] = merge_reshapes(before)
    assert operators([after]) == {"Reshape": 1}
    assert after.node.inputs[1].constant_value.tolist() == [0, 0, 2, 6]
    same(before, [after], n=5)


@pytest.mark.no_runtime
@pytest.mark.parametrize(
    "build",
    [
        lambda x: ops.reshape(x, [-1, 4]),
        lambda x: ops.expand_dims(x, 1),
        lambda x: ops.reshape(ops.transpose(x, [0, 2, 1]), [-1, 4]),
        lambda x: op("Reshape", x, ints(-1, 2, 4)),
        lambda x: op("Reshape", x, ints(0, 0, -1, 2)),
        # Several sizes that vary, none of which is known to be one of the source's.
        lambda x: op("Reshape", op("Reshape", x, placeholder((3,), "int64")), ints(0, 0, -1, 1)),
    ],
)
def test_a_reshape_of_something_else_or_of_unknown_sizes_stays(
    build: Callable[[Tensor], Tensor],
) -> None:
    outputs = [ops.relu(build(placeholder((None, None, 4), name="x")))]
    assert merge_reshapes(outputs) == outputs
