"""Decides which counts may be shown at all, before anything is drawn or written.

A small count can point at one person, and a zero points at nobody, which tells as much: 0 to 4 are
one and the same "fewer than 5", in the text, in the drawing and in what a screen reader hears. What is
shown is rounded down to fives, so that no difference of two figures gives a small one. Totals of rows
and columns are not made here: with one cell hidden, a total would give it away.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NewType

Shown = NewType("Shown", int)
"""A count that may be shown: 5, 10, 15, ..."""

LEAST: Final = 5
"""Smallest count that is shown."""

FEW: Final = "fewer than 5"
"""What stands for every count that is not shown, zero included."""

Cell = tuple[str, str]


def shown(count: int) -> Shown | None:
    """Return the count as it may be shown, rounded down to fives; None for 0 to 4, all alike."""
    return Shown(count - count % LEAST) if count >= LEAST else None


def say(count: Shown | None) -> str:
    """Return the words for a count that went through `shown`."""
    return FEW if count is None else f"{count} or more"


def suppress(counts: Mapping[Cell, int], cells: Iterable[Cell]) -> dict[Cell, Shown | None]:
    """Return every one of these cells as it may be shown; a cell that is not counted is a zero."""
    return {cell: shown(counts.get(cell, 0)) for cell in cells}
