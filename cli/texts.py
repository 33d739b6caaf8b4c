"""Turning values into text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from konnx.converters.errors import printable

Size = int | str | None


def shape_text(shape: Sequence[Size] | None) -> str:
    """Return a shape as Python writes tuples, unknown sizes as "?".

    Example:
        >>> shape_text(("batch", 28, None)), shape_text((3,)), shape_text(None)
        ('(batch, 28, ?)', '(3,)', 'of any shape')
    """
    if shape is None:
        return "of any shape"
    sizes = ["?" if size is None else printable(str(size), 60) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def counts_text(counts: Mapping[str, int]) -> str:
    """Return counts by name, the highest first.

    Example:
        >>> counts_text({"Add": 1, "Conv": 3})
        'Conv 3, Add 1'
    """
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{printable(name, 60)} {count:,}" for name, count in ordered)


def table(rows: Iterable[Sequence[str]], indent: str = "  ") -> list[str]:
    """Return rows as lines with aligned columns; texts are made safe to print.

    Example:
        >>> table([["a", "1"], ["long", "2"]])
        ['  a     1', '  long  2']
    """
    cells = [[printable(cell, 200) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [indent + "  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
