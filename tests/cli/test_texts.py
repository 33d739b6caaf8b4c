from __future__ import annotations

import pytest

from konnx.cli.texts import counts_text, shape_text, table

pytestmark = pytest.mark.no_runtime


@pytest.mark.parametrize(
    ("shape", "text"),
    [((), "()"), ((3,), "(3,)"), (("n", None, 2), "(n, ?, 2)"), (None, "of any shape")],
)
def test_shapes_are_written_as_tuples(
    shape: tuple[int | str | None, ...] | None, text: str
) -> None:
    assert shape_text(shape) == text


def test_counts_are_ordered_by_number_and_then_by_name() -> None:
    assert counts_text({"Relu": 1, "Add": 1, "Conv": 1200}) == "Conv 1,200, Add 1, Relu 1"


def test_a_table_of_nothing_has_no_lines() -> None:
    assert table([]) == []


def test_a_table_is_aligned_and_has_no_trailing_blanks() -> None:
    assert table([["a", "1", ""], ["long", "22", "x"]]) == ["  a     1", "  long  22  x"]
