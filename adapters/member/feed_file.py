"""Whether an extract is whole: what a nightly feed refuses before it believes a single row.

An export that was cut off, or run with a filter left on, looks as if thousands had gone. So an extract
is refused while it is still being written, where it ends in the middle of a line, where too many rows
cannot be read, where it is much shorter than the last one, and where more has changed than a night
brings. A person who has looked may go on all the same, with a reason, which is kept.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from adapters.member.errors import GatewayFault

SPARED: Final = 5
"""Rows that may be missing or unreadable in a small extract before it counts as cut off."""

MOST_MISSING: Final = 10
"""Per cent of the last extract's rows that may be missing: September's oldest year goes in one night, as
about a seventh of a cohort of seven years, and somebody should look that night."""

MOST_UNREADABLE: Final = 5
"""Per cent of rows that may not be readable."""

MOST_CHANGED: Final = 10
"""Per cent of people who may have changed in one night: more, and columns have changed their meaning."""

MOST_CHANGED_SPARED: Final = 50
"""People who may have changed in any case, in an extract of a hundred or more; half of a smaller one."""

_TEXT_FORMATS: Final = frozenset({"csv", "jsonl"})


@dataclass(frozen=True, slots=True)
class Shape:
    """What an extract's file looked like before it was read."""

    stamp: tuple[int, int]
    """Bytes, and when it was last written."""
    ends_whole: bool


@dataclass
class Doubts:
    """What speaks against an extract, by code; all of it is said at once."""

    found: dict[str, str] = field(default_factory=dict)

    def weigh(self, code: str, words: str, *, holds: bool) -> None:
        """Note a doubt where it holds."""
        if holds:
            self.found[code] = words

    def refuse(self, reason: str | None) -> None:
        """Raise `GatewayFault` where there is a doubt and nobody has given a reason to go on."""
        if self.found and not reason:
            said = "; ".join(self.found.values())
            raise GatewayFault(
                next(iter(self.found)),
                f"the extract is not used: {said}. Look at the file; where it is right: --accept REASON",
            )


def shape_of(path: Path, format_name: str) -> Shape:
    """Look at a file before it is read."""
    stat = path.stat()
    ends_whole = True
    if format_name in _TEXT_FORMATS and stat.st_size:
        with path.open("rb") as stream:
            stream.seek(-1, 2)
            ends_whole = stream.read(1) == b"\n"
    return Shape((stat.st_size, stat.st_mtime_ns), ends_whole)


def check_still(path: Path, before: Shape) -> None:
    """Raise `GatewayFault` where the file was written to while it was read: no reason helps."""
    stat = path.stat()
    if (stat.st_size, stat.st_mtime_ns) != before.stamp:
        raise GatewayFault(
            "feed-being-written",
            "the extract was written to while it was read; run this again when it is done",
        )


def doubts_of(
    shape: Shape, last_ended_whole: bool, rows: int, left_out: int, last: int, absent: int
) -> Doubts:
    """What speaks against an extract of so many rows, after one of `last` people of whom `absent` are gone.

    People are counted by their references: another area's extract may well have as many rows.
    """
    doubts = Doubts()
    doubts.weigh(
        "feed-half-written",
        "it ends in the middle of a line, and the last one did not",
        holds=last_ended_whole and not shape.ends_whole,
    )
    doubts.weigh(
        "feed-unreadable",
        f"{left_out} of {rows + left_out} rows cannot be read",
        holds=left_out > _share(rows + left_out, MOST_UNREADABLE),
    )
    doubts.weigh(
        "feed-shrunken",
        f"of the last one's {last} people {absent} are not in it",
        holds=absent > _share(last, MOST_MISSING),
    )
    return doubts


def weigh_changes(doubts: Doubts, changes: int, last: int) -> None:
    """Add the doubt that more has changed than a night brings."""
    spared = max(SPARED, min(MOST_CHANGED_SPARED, last // 2))
    most = max(spared, last * MOST_CHANGED // 100)
    doubts.weigh(
        "feed-upheaval", f"{changes} of {last} people have changed", holds=bool(last) and changes > most
    )


def _share(whole: int, per_cent: int) -> int:
    return max(SPARED, whole * per_cent // 100)
