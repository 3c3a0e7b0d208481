"""Writes the report: one HTML file, no script, nothing loaded from anywhere, fit to be printed.

For a director of children's services first: what was told, what was not, why, and how it is known.
Each picture has its table. Counts of moves are suppressed before they come near a picture or a table.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from adapters.demo.findings import Findings
from adapters.demo.measure import ASSUMED
from adapters.demo.pictures import bars, flows
from adapters.demo.probes import ALLOWANCE, PROBER
from adapters.demo.suppression import Cell, Shown, say, suppress
from adapters.demo.world import AREAS, MEMBERS, NAMES
from adapters.pictures import Lines, Step, waterfall
from hub.consent.rules import ReasonCode
from hub.matching.weights import frozen_weights
from hub.protocols.canonical import Json, b64u
from hub.protocols.names import MemberId

IN_WORDS: Final[Mapping[str, str]] = {
    ReasonCode.AGREEMENT: "no agreement between the two covers it",
    ReasonCode.SUSPENDED: "the agreement, or a member, is suspended",
    ReasonCode.EXPIRED: "the agreement is past its end, or its review and grace",
    ReasonCode.PURPOSE: "no clause serves this purpose",
    ReasonCode.FIELD: "no clause lists this part",
    ReasonCode.RECIPIENT: "the recipient's role may not have it",
    ReasonCode.MANDATE: "a careers company without a mandate",
    ReasonCode.NO_REQUEST: "a college's notice that the authority has not asked for",
    ReasonCode.SCOPE: "the clause does not reach this age or status",
    ReasonCode.NOT_COMMENCED: "the law it rests on is not in force",
    ReasonCode.SPECIAL: "health and the like, without an article 9 condition in the clause",
    ReasonCode.OFFENCE: "offences, without an article 10 condition in the clause",
    ReasonCode.NO_CONSENT: "consent is needed, and none is on record",
    ReasonCode.INSTRUCTION: "the young person or a parent has said not to pass it on",
    ReasonCode.OBJECTION: "an objection is on record",
    ReasonCode.PROVENANCE: "a social-security fact that may not go on",
    ReasonCode.SHIELD: "the young person must not be found: named officers decide",
    ReasonCode.EVIDENCE: "no more than name and birthday agree: named officers decide",
    ReasonCode.UNCONFIRMED: "the recipient has not signed `same`",
    ReasonCode.STALE: "what the sender asserted is older than 30 days",
    ReasonCode.QUOTA: "the day's number of automatic releases is used up",
    ReasonCode.MANUAL: "the rules could not be evaluated: a person looks",
}

_LABELS: Final[tuple[tuple[str, str, str], ...]] = (
    ("identity", "given", "First name"),
    ("identity", "family", "Family name"),
    ("identity", "dob", "Date of birth"),
    ("address", "from", "Lived at"),
    ("address", "to", "Lives at"),
    ("participation", "upn", "Pupil number (UPN)"),
    ("participation", "uln", "Learner number (ULN)"),
    ("participation", "local_ref", "Reference at the former area"),
    ("participation", "establishment_number", "Establishment"),
    ("contact", "phone", "Telephone"),
)


def write_report(path: Path, findings: Findings, now: datetime) -> None:
    """Write the report of one run."""
    path.write_text(render(findings, now), "utf-8")


def render(findings: Findings, now: datetime) -> str:
    """Return the report as HTML."""
    weights = frozen_weights()
    lines = Lines(weights.second_look, weights.certain)
    steps, areas = _steps(findings), list(dict.fromkeys(AREAS.values()))
    shown = fit_to_show(findings.flows, areas)
    checkpoint = findings.proved.audit.checkpoint
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("adapters.demo", "."), PackageLoader("adapters", ".")]),
        autoescape=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("report.html.j2").render(
        f=findings,
        day=f"{now.day} {now:%B %Y}",
        facts=_facts(findings.notice.facts),
        waterfall=waterfall(steps, lines),
        steps=steps,
        lines=lines,
        flows=flows(shown, areas),
        areas=areas,
        moves={cell: say(count) for cell, count in shown.items()},
        refused=[(code, IN_WORDS[code], count) for code, count in findings.refused.items()],
        days=bars(_bars(findings)),
        assumed=ASSUMED,
        prober=NAMES[MemberId(f"mbr_{PROBER}")],
        probes=list(zip(findings.probing.learned, findings.recorded, strict=True)),
        allowance=ALLOWANCE,
        checkpoint=checkpoint,
        root=b64u(checkpoint.root),
        members=MEMBERS,
    )


def fit_to_show(counts: Mapping[Cell, int], areas: list[str]) -> dict[Cell, Shown | None]:
    """Suppress the counts of all moves between areas, before anything is drawn or written."""
    return suppress(counts, [(origin, goal) for origin in areas for goal in areas if origin != goal])


def _steps(findings: Findings) -> list[Step]:
    bars_ = findings.explained.verdict.waterfall
    begin = Step("prior", "any two people, before anything is seen", -frozen_weights().prior)
    return [begin, *(Step(bar.field.value, bar.words, bar.millibits) for bar in bars_ if bar.millibits)]


def _bars(findings: Findings) -> list[tuple[str, float, str]]:
    days = findings.days
    return [
        ("by notice", days.by_notice, f"{days.by_notice:g} days"),
        ("by monthly spreadsheet", days.by_sheet, f"{days.by_sheet:g} days"),
    ]


def _facts(facts: Mapping[str, Json]) -> list[tuple[str, str]]:
    found = []
    for part, name, label in _LABELS:
        inside = facts.get(part)
        value = inside.get(name) if isinstance(inside, dict) else None
        if value is not None:
            found.append((label, _plain(value)))
    return found


def _plain(value: Json) -> str:
    if isinstance(value, dict):
        return ", ".join(_plain(one) for one in value.values() if one is not None)
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value)
    return str(value)
