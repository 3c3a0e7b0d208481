"""Draws pictures as plain SVG: no script, no font, nothing from outside, fit for paper.

Decides how all pictures of reports look: one width, few colours, lines that may run behind words.
What is meant is never said by colour alone (hatching, signs, dashes, words), every picture has a
title and a description, and the page that shows one has a table of the same figures beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 720
INK, GREEN, RED, GREY, BLUE = "#0b0c0c", "#00594c", "#a1261b", "#505a5f", "#1d70b8"

_FONT: Final = 'font-family="Helvetica, Arial, sans-serif"'

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


def waterfall(
    steps: Sequence[Step],
    lines: Lines,
    name: str = "waterfall",
    title: str = "Why the two notices match, in bits",
) -> str:
    """Draw how evidence adds up, from left to right, to the sum and past the two lines.

    `name` tells the picture from others on its page.
    """
    ends = [0]
    for step in steps:
        ends.append(ends[-1] + step.millibits)
    scale = Scale(min([*ends, 0]), max([*ends, lines.certain]), 300, WIDTH - 110)
    top, height = 44, 40 + 30 * (len(steps) + 1) + 24
    drawn = [threshold(scale.x(lines.second_look), "second look", height, 14)]
    drawn.append(threshold(scale.x(lines.certain), "certain", height, 32))
    for place, (step, begin) in enumerate(zip(steps, ends, strict=False)):
        drawn.append(_step(step, begin, top + 30 * place, scale, name))
    drawn.append(_sum(ends[-1], top + 30 * len(steps), scale))
    words = f"The evidence adds up to {ends[-1] / 1000:.1f} bits. The table below gives every step."
    return svg(name, height, title, words, drawn)


@dataclass(frozen=True, slots=True)
class Scale:
    """From a figure, such as thousandths of a bit, to its place across the picture."""

    least: float
    most: float
    left: float
    right: float

    def x(self, figure: float) -> float:
        """Give the place of a figure."""
        return self.left + (self.right - self.left) * (figure - self.least) / (self.most - self.least)


def svg(name: str, height: int, title: str, words: str, drawn: Sequence[str]) -> str:
    """Put what is drawn into one picture, with title and description; no two of a page share a `name`."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-labelledby="{name}-title {name}-desc" {_FONT} font-size="15">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(words)}</desc>'
        f"{_HATCHES.format(name)}{''.join(drawn)}</svg>"
    )


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: int = 15,
    colour: str = INK,
    bold: bool = False,
    middle: bool = False,
) -> str:
    """Write words, with a white halo since lines may run behind them."""
    weight = ' font-weight="bold"' if bold else ""
    anchor = ' text-anchor="middle"' if middle else ""
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}"'
    halo = 'stroke="#ffffff" stroke-width="4" paint-order="stroke"'
    return f'<text {place} fill="{colour}" {halo}{weight}{anchor}>{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, fill: str, edge: str = "") -> str:
    """Draw a filled box, with an edge where a colour is given for it."""
    outline = f' stroke="{edge}"' if edge else ""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{fill}"{outline}/>'


def stroke(x: float, y: float, to_x: float, to_y: float, colour: str, dashes: str = "") -> str:
    """Draw a straight line."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    place = f'x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"'
    return f'<line {place} stroke="{colour}"{dashed}/>'


def _step(step: Step, begin: int, y: int, scale: Scale, name: str) -> str:
    left, right = sorted((scale.x(begin), scale.x(begin + step.millibits)))
    fill, edge = (GREEN, "") if step.millibits >= 0 else (f"url(#{name}-against)", RED)
    return (
        text(0, y + 19, step.words, size=14)
        + box(left, y + 4, max(right - left, 1), 20, fill, edge)
        + text(right + 6, y + 19, f"{step.millibits / 1000:+.1f}", size=14)
    )


def _sum(total: int, y: int, scale: Scale) -> str:
    x = scale.x(total)
    return (
        stroke(0, y + 1, WIDTH, y + 1, GREY)
        + text(0, y + 23, "all evidence together", bold=True)
        + f'<circle cx="{x:.1f}" cy="{y + 17}" r="7" fill="{BLUE}"/>'
        + text(x + 12, y + 23, f"{total / 1000:+.1f} bits", bold=True)
    )


def threshold(x: float, words: str, height: int, y: int) -> str:
    """Draw a dashed line from top to bottom with words above it."""
    return stroke(x, y + 4, x, height - 6, BLUE, "5 4") + text(x, y, words, size=13, colour=BLUE, middle=True)
