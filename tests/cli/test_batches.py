from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from konnx.cli.batches import join_batches, split_batches

pytestmark = pytest.mark.no_runtime


@pytest.mark.parametrize(
    ("count", "size", "lengths"), [(5, 2, [2, 2, 1]), (4, 2, [2, 2]), (2, 9, [2]), (0, 3, [0])]
)
def test_every_sample_is_in_one_batch(count: int, size: int, lengths: list[int]) -> None:
    feeds = {"x": np.arange(count), "y": np.arange(count) * 10}
    batches = list(split_batches(feeds, size))
    assert [len(x) for x, _ in batches] == lengths
    joined = join_batches(batches, ["x", "y"], lengths)
    assert {name: array.tolist() for name, array in joined.items()} == {
        "x": list(range(count)),
        "y": [10 * number for number in range(count)],
    }


@pytest.mark.parametrize("other", [np.zeros(3), np.float32(0).reshape(())])
def test_inputs_without_equally_many_samples_cannot_be_split(other: Any) -> None:
    with pytest.raises(ValueError, match=r"Received: \{'x': 4, 'other': "):
        list(split_batches({"x": np.zeros(4), "other": other}, 2))


@pytest.mark.parametrize("row", [np.zeros(3), np.float32(0).reshape(())])
def test_outputs_without_a_row_for_each_sample_cannot_be_joined(row: Any) -> None:
    with pytest.raises(ValueError, match="Output 'y' has no row for each sample"):
        join_batches([[row]], ["y"], [2])
