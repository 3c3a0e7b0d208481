"""Draws the pictures that only the demonstration's report has: the grid of moves, and days beside days.

Every figure that reaches this module may be shown: counts come suppressed, as the type says.
"""

from collections.abc import Mapping, Sequence

from adapters.demo.suppression import Cell, Shown, say
from adapters.pictures import GREEN, GREY, WIDTH, box, svg, text


def flows(counts: Mapping[Cell, Shown | None], areas: Sequence[str]) -> str:
    """Draw a grid of moves, from the rows to the columns; all counts that are not shown look alike."""
    left, top, side, row = 150, 64, 135, 54
    drawn = [text(left, 18, "moved to", size=13, colour=GREY)]
    drawn += [
        text(left + side * at + side / 2, top - 16, area, middle=True, bold=True)
        for at, area in enumerate(areas)
    ]
    drawn.append(text(0, top - 16, "moved from", size=13, colour=GREY))
    for down, origin in enumerate(areas):
        drawn.append(text(0, top + row * down + 33, origin, bold=True))
        for across, goal in enumerate(areas):
            x, y = left + side * across, top + row * down
            drawn.append(_cell(counts.get((origin, goal)), x, y, side, row, same=origin == goal))
    height = top + row * len(areas) + 34
    drawn.append(
        f'<rect x="0" y="{height - 22}" width="26" height="16" fill="url(#flows-few)" stroke="{GREY}"/>'
    )
    drawn.append(text(34, height - 9, "fewer than 5, zero included", size=13, colour=GREY))
    words = "A grid of moves between areas. The table below gives the same figures."
    return svg("flows", height, "Where young people moved", words, drawn)


def bars(values: Sequence[tuple[str, float, str]]) -> str:
    """Draw a few named lengths beside one another, each with its own words."""
    longest = max([value for _, value, _ in values] + [1])
    drawn = []
    for place, (name, value, words) in enumerate(values):
        y, width = 8 + 44 * place, (WIDTH - 400) * value / longest
        fill = GREEN if place == 0 else GREY
        drawn += [
            text(0, y + 21, name),
            f'<rect x="230" y="{y}" width="{width:.1f}" height="32" fill="{fill}"/>',
            text(240 + width, y + 21, words, bold=True),
        ]
    return svg(
        "bars", 44 * len(values) + 8, "Days from move to contact", "The table gives the same figures.", drawn
    )


def _cell(count: Shown | None, x: float, y: float, side: int, row: int, *, same: bool) -> str:
    if same:
        return box(x + 2, y + 2, side - 4, row - 4, "#f3f2f1")
    fill = "url(#flows-few)" if count is None else "#d2e2f1"
    cell = box(x + 2, y + 2, side - 4, row - 4, fill, GREY)
    return (
        cell
        if count is None
        else cell + text(x + side / 2, y + row / 2 + 5, say(count), middle=True, bold=True)
    )
