"""Writes the report of an evaluation: one HTML file, no script, nothing loaded, fit to be printed.

For whoever owns both files: the figures, what each level is worth, every threshold, the groups,
and the pairs next to the hub's own threshold in clear text. It is the owner's own people that
stand in it, so it is written for the owner alone to read and is never sent.
"""

import os
from datetime import date
from pathlib import Path
from typing import Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from adapters.member.matching_pictures import Line, histogram, strata_chart, sweep_chart, weight_chart
from adapters.pictures import Lines, Step, waterfall
from hub.matching.evaluate import RELEASABLE, Study
from hub.matching.levels import SEEN
from hub.matching.nearest import Explained
from hub.matching.strata import LEAST
from hub.matching.weights import Weights

NEAREST: Final = 4
"""Pairs shown on either side of the threshold, unless another number is asked for."""

_FACTS: Final = (
    ("first name", "first_name"),
    ("last name", "last_name"),
    ("date of birth", "dob"),
    ("postcode", "former_postcode"),
    ("current postcode", "current_postcode"),
    ("sex", "sex"),
    ("UPN", "upn"),
    ("ULN", "uln"),
)


def write_report(path: Path, study: Study, day: date) -> None:
    """Write the report of one evaluation, readable by its writer alone."""
    html = render(study, day)
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(html)


def render(study: Study, day: date) -> str:
    """Return the report as HTML."""
    figures, weights = study.figures, study.weights
    lines = [Line(weights.certain / 1000, "the hub's own"), Line(figures.threshold_bits, "best")]
    points, bins, worth = study.sweep.points(), study.sweep.histogram(), levels_worth(weights)
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("adapters.member", "."), PackageLoader("adapters", ".")]),
        autoescape=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("matching_report.html.j2").render(
        f=figures,
        day=f"{day.day} {day:%B %Y}",
        precision=RELEASABLE,
        certain=weights.certain / 1000,
        worth=worth,
        weight_chart=weight_chart(worth),
        points=points,
        sweep_chart=sweep_chart(points, lines),
        bins=bins,
        histogram=histogram(bins, lines),
        strata_chart=strata_chart(figures.strata, figures.recall),
        least=LEAST,
        nearest=[_Shown(one, weights, place) for place, one in enumerate(study.nearest, start=1)],
    )


def levels_worth(weights: Weights) -> list[Step]:
    """Return every level that can be seen and weighs anything, field by field."""
    return [
        Step(field.value, seen.words, bits)
        for field, all_seen in SEEN.items()
        for seen, bits in zip(all_seen, weights.bits[field], strict=True)
        if bits
    ]


class _Shown:
    """One pair as the report shows it."""

    def __init__(self, pair: Explained, weights: Weights, place: int) -> None:
        self.left, self.right = pair.left.id, pair.right.id
        self.true, self.bits = pair.true, pair.verdict.bits
        self.reaches = pair.verdict.millibits >= weights.certain
        self.facts = [
            (label, *(str(getattr(one.person, name) or "") for one in (pair.left, pair.right)))
            for label, name in _FACTS
        ]
        self.steps = [
            Step("prior", "any two people, before anything is seen", -weights.prior),
            *(
                Step(bar.field.value, bar.words, bar.millibits)
                for bar in pair.verdict.waterfall
                if bar.millibits
            ),
        ]
        lines = Lines(weights.second_look, weights.certain)
        self.waterfall = waterfall(
            self.steps, lines, f"pair-{place}", "Why the two records score what they do"
        )
