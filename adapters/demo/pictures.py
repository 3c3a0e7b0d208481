"""Draws the report's pictures as plain SVG: no script, no font, nothing from outside.

Every figure that reaches this module may be shown: counts come suppressed, as the type says. What is
meant is never said by colour alone (hatching, signs, words), and every picture has a table beside it
in the report.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from adapters.demo.suppression import Cell, Shown, say

WIDTH: Final = 720
_FONT: Final = 'font-family="Helvetica, Arial, sans-serif"'
_INK, _GREEN, _RED, _GREY, _BLUE = "#0b0c0c", "#00594c", "#a1261b", "#505a5f", "#1d70b8"

_HATCHES: Final = (
    '<defs><pattern id="{0}-few" width="8" height="8" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="8" height="8" fill="#ffffff"/>'
    '<rect width="2" height="8" fill="#8a9299"/></pattern>'
    '<pattern id="{0}-against" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(-45)"><rect width="6" height="6" fill="#a1261b"/>'
    '<rect width="2" height="6" fill="#ffffff"/></pattern></defs>'
)


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of a waterfall: what was compared, in words, and its thousandths of a bit."""

    name: str
    words: str
    millibits: int


@dataclass(frozen=True, slots=True)
class Lines:
    """Where a waterfall's verdict changes, in thousandths of a bit."""

    second_look: int
    certain: int


def waterfall(steps: Sequence[Step], lines: Lines) -> str:
    """Draw how evidence adds up, from left to right, to the sum and past the two lines."""
    ends = [0]
    for step in steps:
        ends.append(ends[-1] + step.millibits)
    scale = _Scale(min([*ends, 0]), max([*ends, lines.certain]), 300, WIDTH - 110)
    top, height = 44, 40 + 30 * (len(steps) + 1) + 24
    drawn = [_line(scale.x(lines.second_look), "second look", height, 14)]
    drawn.append(_line(scale.x(lines.certain), "certain", height, 32))
    for place, (step, begin) in enumerate(zip(steps, ends, strict=False)):
        drawn.append(_step(step, begin, top + 30 * place, scale))
    drawn.append(_sum(ends[-1], top + 30 * len(steps), scale))
    words = f"The evidence adds up to {ends[-1] / 1000:.1f} bits. The table below gives every step."
    return _svg("waterfall", height, "Why the two notices match, in bits", words, drawn)


def flows(counts: Mapping[Cell, Shown | None], areas: Sequence[str]) -> str:
    """Draw a grid of moves, from the rows to the columns; all counts that are not shown look alike."""
    left, top, side, row = 150, 64, 135, 54
    drawn = [_text(left, 18, "moved to", size=13, colour=_GREY)]
    drawn += [
        _text(left + side * at + side / 2, top - 16, area, middle=True, bold=True)
        for at, area in enumerate(areas)
    ]
    drawn.append(_text(0, top - 16, "moved from", size=13, colour=_GREY))
    for down, origin in enumerate(areas):
        drawn.append(_text(0, top + row * down + 33, origin, bold=True))
        for across, goal in enumerate(areas):
            x, y = left + side * across, top + row * down
            drawn.append(_cell(counts.get((origin, goal)), x, y, side, row, same=origin == goal))
    height = top + row * len(areas) + 34
    drawn.append(
        f'<rect x="0" y="{height - 22}" width="26" height="16" fill="url(#flows-few)" stroke="{_GREY}"/>'
    )
    drawn.append(_text(34, height - 9, "fewer than 5, zero included", size=13, colour=_GREY))
    words = "A grid of moves between areas. The table below gives the same figures."
    return _svg("flows", height, "Where young people moved", words, drawn)


def bars(values: Sequence[tuple[str, float, str]]) -> str:
    """Draw a few named lengths beside one another, each with its own words."""
    longest = max([value for _, value, _ in values] + [1])
    drawn = []
    for place, (name, value, words) in enumerate(values):
        y, width = 8 + 44 * place, (WIDTH - 400) * value / longest
        fill = _GREEN if place == 0 else _GREY
        drawn += [
            _text(0, y + 21, name),
            f'<rect x="230" y="{y}" width="{width:.1f}" height="32" fill="{fill}"/>',
            _text(240 + width, y + 21, words, bold=True),
        ]
    return _svg(
        "bars", 44 * len(values) + 8, "Days from move to contact", "The table gives the same figures.", drawn
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """From thousandths of a bit to places across the picture."""

    least: int
    most: int
    left: int
    right: int

    def x(self, millibits: int) -> float:
        return self.left + (self.right - self.left) * (millibits - self.least) / (self.most - self.least)


def _svg(name: str, height: int, title: str, words: str, drawn: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-labelledby="{name}-title {name}-desc" {_FONT} font-size="15">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(words)}</desc>'
        f"{_HATCHES.format(name)}{''.join(drawn)}</svg>"
    )


def _text(
    x: float,
    y: float,
    words: str,
    *,
    size: int = 15,
    colour: str = _INK,
    bold: bool = False,
    middle: bool = False,
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    anchor = ' text-anchor="middle"' if middle else ""
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}"'
    halo = 'stroke="#ffffff" stroke-width="4" paint-order="stroke"'  # lines may run behind words
    return f'<text {place} fill="{colour}" {halo}{weight}{anchor}>{escape(words)}</text>'


def _box(x: float, y: float, width: float, height: float, fill: str, edge: str = "") -> str:
    stroke = f' stroke="{edge}"' if edge else ""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{fill}"{stroke}/>'


def _stroke(x: float, y: float, to_x: float, to_y: float, colour: str, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    place = f'x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"'
    return f'<line {place} stroke="{colour}"{dashed}/>'


def _step(step: Step, begin: int, y: int, scale: _Scale) -> str:
    left, right = sorted((scale.x(begin), scale.x(begin + step.millibits)))
    fill, edge = (_GREEN, "") if step.millibits >= 0 else ("url(#waterfall-against)", _RED)
    return (
        _text(0, y + 19, step.words, size=14)
        + _box(left, y + 4, max(right - left, 1), 20, fill, edge)
        + _text(right + 6, y + 19, f"{step.millibits / 1000:+.1f}", size=14)
    )


def _sum(total: int, y: int, scale: _Scale) -> str:
    x = scale.x(total)
    return (
        _stroke(0, y + 1, WIDTH, y + 1, _GREY)
        + _text(0, y + 23, "all evidence together", bold=True)
        + f'<circle cx="{x:.1f}" cy="{y + 17}" r="7" fill="{_BLUE}"/>'
        + _text(x + 12, y + 23, f"{total / 1000:+.1f} bits", bold=True)
    )


def _line(x: float, words: str, height: int, y: int) -> str:
    return _stroke(x, y + 4, x, height - 6, _BLUE, "5 4") + _text(
        x, y, words, size=13, colour=_BLUE, middle=True
    )


def _cell(count: Shown | None, x: float, y: float, side: int, row: int, *, same: bool) -> str:
    if same:
        return _box(x + 2, y + 2, side - 4, row - 4, "#f3f2f1")
    fill = "url(#flows-few)" if count is None else "#d2e2f1"
    box = _box(x + 2, y + 2, side - 4, row - 4, fill, _GREY)
    return (
        box
        if count is None
        else box + _text(x + side / 2, y + row / 2 + 5, say(count), middle=True, bold=True)
    )
