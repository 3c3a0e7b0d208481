"""How the figures of `hub match leak` are told: as a document, and as lines for a person."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hub.matching.attacks.leak import Column, Leak

SHOWN: Final = 8
"""Columns that the lines name; the document has all."""

SMALL: Final = 15_000
"""Records below which an index shows less of a frequency than a real one does."""

WIDTH: Final = 24
"""Letters of a cell."""

WITH_THE_KEY: Final = (
    "with a member's key: everything. Whoever has a linkage key and this index can try every last name with",
    "every birthday, about 130 million guesses: minutes on one core.",
)


def leak_document(found: "Leak") -> dict[str, Any]:
    """Return all figures; shares from 0 to 1."""
    return {
        "records": found.records,
        "public_people": found.public,
        "leaked_pairs": found.pairs,
        "leaked_records": found.leaked_records,
        "worst_column": _column(found.worst),
        "birthdays_decoded": {
            "worst_column": _column(found.worst_for_birthdays),
            "all_columns": found.birthdays.by_member,
            "along_chains": found.birthdays.by_member_chains,
            "with_filters": found.birthdays.by_member_filters,
        },
        "joined": [{**asdict(one), "target": one.target.value} for one in found.joined],
        "columns": [_column(one) for one in found.columns],
        "with_a_members_key": "everything",
    }


def leak_lines(found: "Leak") -> Iterator[str]:
    """Return the figures that matter, the worst first, in words."""
    yield f"{found.records} records attacked without the key; {found.public} public people known in clear"
    if found.records < SMALL:
        yield f"fewer than {SMALL} records: a real index shows more of what is common"
    yield from ("", f"one column by itself, nobody or {found.pairs} pairs leaked:")
    yield _row("column", "fact", "right", "lift over guessing")
    for column in sorted(found.columns, key=lambda one: -one.lift)[:SHOWN]:
        yield _row(column.view, column.target, column.floor + column.lift, f"{column.lift:+.4f}")
    yield f"  worst lift: {found.worst.lift:.4f}"
    yield from ("", "all columns joined: records guessed right")
    yield _row("fact", "guessing", "by rank", f"{found.pairs} records leaked", "whole list known")
    for one in found.joined:
        yield _row(one.target, one.floor, one.by_rank, one.by_pairs, one.by_whole_list)
    yield from ("", *_member_lines(found), "", *WITH_THE_KEY)


def _member_lines(found: "Leak") -> Iterator[str]:
    column = found.worst_for_birthdays
    yield f"one member's {found.leaked_records} records leaked: share of others' records guessed right"
    yield _row("fact", "equal tokens", "along chains", "with filters opened")
    for one in found.joined:
        filters = "" if one.by_member_filters is None else one.by_member_filters
        yield _row(one.target, one.by_member, one.by_member_chains, filters)
    yield f"  birthdays decoded from one column alone, the worst: {column.by_member:.4f} ({column.view})"


def _row(*cells: str | float) -> str:
    named = (cell if isinstance(cell, str) else f"{cell:.4f}" for cell in cells)
    return "  " + "".join(f"{cell:<{WIDTH}}" for cell in named).rstrip()


def _column(column: "Column") -> dict[str, Any]:
    return {**asdict(column), "target": column.target.value, "lift": column.lift}
