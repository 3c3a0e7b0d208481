"""The matrix as a picture: one grid for each kind of notice, gaps as plain to see as flows.

What a cell is, is told by its pattern and its word as well as by its colour, and in words for who
does not see it. It shows agreements between organisations and nothing about any person.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Final

from hub.consent.matrix import Cell, Flow, Participant
from hub.protocols.names import MemberId, NoticeType

SIZE: Final = 46
"""Side of a cell, in pixels."""

LEFT: Final = 170
TOP: Final = 150
"""Room for the names beside and above a grid."""

_FILL: Final = {
    Flow.FLOWS: "#cce2d8",
    Flow.NOT_LISTED: "#ffffff",
    Flow.NOT_YET: "url(#dots)",
    Flow.SUSPENDED: "url(#hatch)",
    Flow.LAPSED: "url(#hatch)",
    Flow.NO_AGREEMENT: "#ffffff",
}
_WORDS: Final = {
    Flow.NOT_LISTED: "not listed",
    Flow.NOT_YET: "not yet",
    Flow.SUSPENDED: "stopped",
    Flow.LAPSED: "lapsed",
    Flow.NO_AGREEMENT: "none",
}
_PATTERNS: Final = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<path d="M0 6L6 0" stroke="#942514" stroke-width="1"/></pattern>'
    '<pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<circle cx="3" cy="3" r="1" fill="#505a5f"/></pattern></defs>'
)


def to_svg(
    cells: Iterable[Cell], people: Sequence[Participant], kinds: Sequence[NoticeType] = tuple(NoticeType)
) -> str:
    """Return the picture; a number is how many of the eleven categories may be told."""
    found = {(cell.notice_type, cell.sender, cell.recipient): cell for cell in cells}
    wide = LEFT + SIZE * len(people) + 20
    tall = TOP + SIZE * len(people) + 30
    all_tall = tall * len(kinds)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{all_tall}" role="img">',
        "<title>Who may tell whom what</title>",
        f"<desc>{escape(_in_words(found.values()))}</desc>",
        "<style>text { font-family: Arial, sans-serif }</style>",
        _PATTERNS,
    ]
    for place, kind in enumerate(kinds):
        lines.append(f'<g transform="translate(0 {place * tall})">')
        lines += _grid(kind, found, people)
        lines.append("</g>")
    return "\n".join([*lines, "</svg>\n"])


def _grid(
    kind: NoticeType,
    found: Mapping[tuple[NoticeType, MemberId, MemberId], Cell],
    people: Sequence[Participant],
) -> Iterator[str]:
    yield f'<text x="10" y="24" font-size="16" font-weight="bold">{kind.value}</text>'
    for place, one in enumerate(people):
        middle = place * SIZE + SIZE / 2
        yield _text(LEFT - 8, TOP + middle + 4, 11, "end", _short(one))
        turned = f' transform="rotate(-60 {LEFT + middle + 4} {TOP - 8})"'
        yield _text(LEFT + middle + 4, TOP - 8, 11, "start", _short(one), turned)
    for row, giver in enumerate(people):
        for column, taker in enumerate(people):
            if giver != taker:
                cell = found[kind, giver.member, taker.member]
                yield from _square(cell, LEFT + column * SIZE, TOP + row * SIZE)


def _square(cell: Cell, x: int, y: int) -> Iterator[str]:
    words = _WORDS.get(cell.flow, cell.mark)
    size = 15 if cell.flow is Flow.FLOWS else 9
    yield (
        f'<rect x="{x + 1}" y="{y + 1}" width="{SIZE - 2}" height="{SIZE - 2}" fill="{_FILL[cell.flow]}"'
        f' stroke="{"#00703c" if cell.flow is Flow.FLOWS else "#b1b4b6"}">'
        f"<title>{escape(f'{cell.sender} to {cell.recipient}: {words}')}</title></rect>"
    )
    yield _text(x + SIZE / 2, y + SIZE / 2 + 4, size, "middle", words)


def _text(x: float, y: float, size: int, anchor: str, words: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}"{more}>{words}</text>'


def _short(one: Participant) -> str:
    return escape(one.name if len(one.name) <= 24 else one.name[:23] + "…")


def _in_words(cells: Iterable[Cell]) -> str:
    """How many cells are what, for who hears the picture; the CSV has every one of them."""
    counted: dict[Flow, int] = {}
    for cell in cells:
        counted[cell.flow] = counted.get(cell.flow, 0) + 1
    return "; ".join(f"{counted.get(flow, 0)} {flow.value.replace('_', ' ')}" for flow in Flow)
