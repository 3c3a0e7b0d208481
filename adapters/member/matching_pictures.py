"""Draws the pictures of an evaluation: what each level is worth, every threshold, scores, groups.

Figures of an owner's own files, so nothing is suppressed. For and against, true and false, precision
and recall are told apart by side, hatching and dashes, never by colour alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adapters.pictures import GREEN, GREY, RED, WIDTH, Scale, Step, box, stroke, svg, text, threshold
from hub.matching.strata import Stratum
from hub.matching.sweep import Bin, Figures

_ROW: Final = 22
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 44, 46
_CHART: Final = 300


@dataclass(frozen=True, slots=True)
class Line:
    """A line across a chart of bits, with its word."""

    bits: float
    word: str


def weight_chart(steps: Sequence[Step]) -> str:
    """Draw what every level of agreement adds (to the right) or takes away (to the left), in bits."""
    worth = [step.millibits for step in steps]
    scale = Scale(min([*worth, 0]), max([*worth, 1]), 400, WIDTH - 60)
    drawn = [stroke(scale.x(0), 6, scale.x(0), _ROW * len(steps) + 10, GREY)]
    for place, step in enumerate(steps):
        y = 6 + _ROW * place
        begin, end = sorted((scale.x(0), scale.x(step.millibits)))
        against = step.millibits < 0
        fill, edge = ("url(#weights-against)", RED) if against else (GREEN, "")
        drawn += [
            text(0, y + 15, step.words, size=13),
            box(begin, y + 3, max(end - begin, 1), _ROW - 7, fill, edge),
            text(end + 5, y + 15, f"{step.millibits / 1000:+.1f}", size=13),
        ]
    words = "Bits that each level of agreement adds or takes away. The table below gives the same figures."
    return svg("weights", _ROW * len(steps) + 16, "What each level of agreement is worth", words, drawn)


def sweep_chart(points: Sequence[Figures], lines: Sequence[Line]) -> str:
    """Draw precision (solid) and recall (dashed) over the threshold."""
    across = _bits_scale([one.millibits / 1000 for one in points], lines)
    drawn = [*_frame(across), *_thresholds(across, lines)]
    curves = (("precision", GREEN, ""), ("recall", RED, "7 4"))
    for place, (name, colour, dashes) in enumerate(curves):
        heights = [(across.x(one.millibits / 1000), _y(getattr(one, name))) for one in points if one.pairs]
        drawn.append(_polyline(heights, colour, dashes))
        x = _LEFT + 20 + 130 * place
        drawn += [stroke(x, 6, x + 34, 6, colour, dashes), text(x + 40, 11, name, size=13)]
    words = "Precision rises and recall falls with the threshold. The table below gives the same figures."
    return svg("sweep", _CHART, "Precision and recall at every threshold", words, drawn)


def histogram(bins: Sequence[Bin], lines: Sequence[Line]) -> str:
    """Draw how many true and false pairs score how much; heights grow with the square root."""
    across = _bits_scale([one.bits for one in bins] + [one.bits + 1 for one in bins], lines)
    most = max([max(one.true, one.false) for one in bins] + [1])
    drawn = [*_axis(across), *_thresholds(across, lines)]
    for one in bins:
        width = max((across.x(one.bits + 1) - across.x(one.bits)) / 2 - 1, 1)
        for count, x, fill, edge in (
            (one.true, across.x(one.bits), GREEN, ""),
            (one.false, across.x(one.bits) + width, "url(#scores-against)", RED),
        ):
            if count:
                y = _y((count / most) ** 0.5)
                drawn.append(box(x, y, width, _y(0) - y, fill, edge))
    drawn += [box(_LEFT + 20, 0, 26, 12, GREEN), text(_LEFT + 52, 11, "true pairs", size=13)]
    drawn += [box(_LEFT + 150, 0, 26, 12, "url(#scores-against)", RED)]
    drawn.append(text(_LEFT + 182, 11, f"false pairs; the highest is {most}", size=13))
    words = "How many pairs score how many bits, true and false ones. The table below gives the same figures."
    return svg("scores", _CHART, "Scores of the pairs kept", words, drawn)


def strata_chart(strata: Sequence[Stratum], mean: float) -> str:
    """Draw the recall of each group beside the mean of all, from the lowest tenth that holds them all."""
    least = min([int(one.recall * 10) / 10 for one in strata] + [int(mean * 10) / 10, 0.9])
    scale = Scale(least, 1, 290, WIDTH - 70)
    height = _TOP + _ROW * len(strata) + 8
    drawn = [threshold(scale.x(mean), f"all: {mean:.3f}", height, 16)]
    for place, one in enumerate(strata):
        y = _TOP - 12 + _ROW * place
        drawn += [
            text(0, y + 15, f"{one.group}: {one.value}", size=13),
            box(scale.x(least), y + 3, max(scale.x(one.recall) - scale.x(least), 1), _ROW - 7, GREY),
            text(WIDTH - 62, y + 15, f"{one.recall:.3f}", size=13, bold=one.recall < mean),
        ]
    words = f"Recall by group; bars begin at {least:.1f}. The table below gives the same figures."
    return svg("strata", height, "Recall by group", words, drawn)


def _bits_scale(bits: Sequence[float], lines: Sequence[Line]) -> Scale:
    every = [*bits, *(line.bits for line in lines), 0, 1]
    return Scale(min(every), max(every), _LEFT, WIDTH - _RIGHT)


def _y(share: float) -> float:
    return _CHART - _BOTTOM - share * (_CHART - _TOP - _BOTTOM)


def _frame(across: Scale) -> list[str]:
    """The axis of bits, and a line for every quarter."""
    drawn = _axis(across)
    for quarter in range(5):
        y = _y(quarter / 4)
        drawn += [
            stroke(_LEFT, y, WIDTH - _RIGHT, y, "#b1b4b6"),
            text(8, y + 5, f"{quarter / 4:.2f}", size=13),
        ]
    return drawn


def _axis(across: Scale) -> list[str]:
    step = 10 if across.most - across.least > 40 else 5
    begin = math.ceil(across.least / step) * step
    return [
        stroke(_LEFT, _y(0), WIDTH - _RIGHT, _y(0), GREY),
        *(
            text(across.x(bits), _y(0) + 20, str(bits), size=13, middle=True)
            for bits in range(begin, int(across.most) + 1, step)
        ),
        text(WIDTH / 2, _CHART - 6, "bits of evidence", size=13, colour=GREY, middle=True),
    ]


def _thresholds(across: Scale, lines: Sequence[Line]) -> list[str]:
    return [
        threshold(across.x(one.bits), one.word, _CHART - 40, 28 + 15 * at) for at, one in enumerate(lines)
    ]


def _polyline(points: Sequence[tuple[float, float]], colour: str, dashes: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"{dashed}/>'
