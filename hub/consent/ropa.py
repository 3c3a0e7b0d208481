"""Records of processing activities (UK GDPR article 30), written from the agreements in force.

One entry for each purpose of each agreement to which the member is party: what an authority must
be able to show the Commissioner, with nothing typed twice. It says what the documents say; what a
member does besides the exchange belongs in its own record.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final, cast

from hub.consent.agreement import Agreement, Clause
from hub.consent.documents import agreement_digest
from hub.consent.wording import group_of, label_of
from hub.protocols.canonical import Json
from hub.protocols.names import MemberId

Entry = Mapping[str, str]
"""One entry: a heading of article 30, and what is said under it."""

HEADINGS: Final[Mapping[str, str]] = {
    "controller": "Name and contact details of the controller (article 30(1)(a))",
    "with": "Joint controllers and other parties",
    "dpo": "Data protection officer",
    "purpose": "Purpose of the processing (30(1)(b))",
    "subjects": "Categories of data subjects (30(1)(c))",
    "data": "Categories of personal data (30(1)(c))",
    "recipients": "Categories of recipients (30(1)(d))",
    "transfers": "Transfers to other countries (30(1)(e))",
    "erasure": "Time limits for erasure (30(1)(f))",
    "security": "Technical and organisational security (30(1)(g))",
    "basis": "Lawful basis (articles 6, 9 and 10)",
    "schedule_1": "Schedule 1 condition and policy document (DPA 2018 Sch. 1 para 41)",
    "rights": "Who answers a data subject",
    "assessment": "Data protection impact assessment",
    "agreement": "Agreement, version, days",
    "digest": "Digest of what was signed",
}


def entries(agreements: Iterable[tuple[Agreement, Json]], member: MemberId) -> list[Entry]:
    """Return the entries of one member, from each agreement with the document it was read from."""
    return [
        _entry(agreement, cast("dict[str, Any]", document), purpose, member)
        for agreement, document in agreements
        if any(party.member == member for party in agreement.parties)
        for purpose in cast("dict[str, Any]", document)["purposes"]
    ]


def to_csv(found: Sequence[Entry]) -> str:
    """Return a table: a line for each entry, a column for each heading."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADINGS.values())
    writer.writerows([[_harmless(entry[name]) for name in HEADINGS] for entry in found])
    return out.getvalue()


def to_html(found: Sequence[Entry], member: MemberId) -> str:
    """Return a page for a browser and a printer."""
    return "\n".join(_html(found, member)) + "\n"


def _entry(
    agreement: Agreement, document: dict[str, Any], purpose: dict[str, str], member: MemberId
) -> Entry:
    own = next((party for party in document["parties"] if party["member"] == member), None)
    group = next(party.group for party in agreement.parties if party.member == member)
    clauses = [
        clause
        for clause in agreement.clauses
        if purpose["code"] in clause.purposes and group in clause.senders | clause.receivers
    ]
    name = next(party.name for party in agreement.parties if party.member == member)
    last = min(filter(None, (agreement.ends, agreement.review)))
    return {
        "controller": name if own is None else f"{name} ({own['ico_registration']})",
        "with": _others(agreement, member),
        "dpo": "" if own is None else f"{own['dpo']['post']}, {own['dpo']['email']}",
        "purpose": f"{label_of('purposes', purpose['code'])}: {purpose['text']}",
        "subjects": f"{_labels('scopes', clauses)}; {document['subjects']['geography']}",
        "data": _labels("categories", clauses),
        "recipients": _labels("roles", clauses),
        "transfers": "none: the agreement provides for none",
        "erasure": _erasure(document["retention"]),
        "security": _security(document["security"]),
        "basis": "; ".join(sorted({clause.basis.text for clause in clauses})),
        "schedule_1": _schedule_1(document, clauses) or "none needed",
        "rights": _rights(document["rights"]),
        "assessment": _assessment(document),
        "agreement": f"{agreement.id}, version {agreement.version}, {agreement.starts} to {last}",
        "digest": agreement_digest(document),
    }


def _others(agreement: Agreement, member: MemberId) -> str:
    return "; ".join(
        f"{party.name}, one of the {group_of(party.group)}"
        for party in agreement.parties
        if party.member != member
    )


def _labels(field: str, clauses: Sequence[Clause]) -> str:
    values = sorted({str(one.value) for clause in clauses for one in getattr(clause, field)})
    return "; ".join(label_of(field, value) or value for value in values)


def _erasure(retention: dict[str, Any]) -> str:
    return (
        f"unmatched: {label_of('unmatched', retention['unmatched'])}; matched: "
        f"{retention['matched_days_after_acknowledgement']} days after the acknowledgement;"
        f" refused: {retention['refused_days']} days"
    )


def _security(security: dict[str, Any]) -> str:
    return (
        "sealed end to end, signed, every release in a log that can be checked; keys renewed within"
        f" {security['keys_renewed_within_months']} months; {security['personnel']}"
    )


def _rights(rights: dict[str, Any]) -> str:
    who = label_of("answered_by", rights["answered_by"]) or ""
    return f"{who}, within {rights['answer_within_days']} days"


def _schedule_1(document: dict[str, Any], clauses: Sequence[Clause]) -> str:
    policies = {clause["number"]: clause["basis"].get("policy_document") for clause in document["clauses"]}
    return "; ".join(
        f"clause {clause.number}: {condition}, {policies[clause.number]}"
        for clause in clauses
        for condition in (clause.basis.special_condition, clause.basis.offence_condition)
        if condition is not None
    )


def _assessment(document: dict[str, Any]) -> str:
    dpia = document.get("dpia")
    return "none is named" if dpia is None else f"{dpia['reference']}, {dpia['date']}"


def _harmless(text: str) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


_STYLE: Final = """
body { font: 1rem/1.5 Arial, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid #b1b4b6; padding: .4rem; }
td { overflow-wrap: anywhere; }
@media print { section { break-inside: avoid; } }
"""


def _html(found: Sequence[Entry], member: MemberId) -> Iterator[str]:
    title = f"Records of processing activities: {escape(member)}"
    yield '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">'
    yield f"<title>{title}</title>"
    yield f"<style>{_STYLE}</style>\n</head>\n<body>"
    yield f"<main>\n<h1>{title}</h1>"
    yield "<p>Written from the agreements in force. A draft, to be read by your data protection officer.</p>"
    for place, entry in enumerate(found, 1):
        yield f"<section>\n<h2>{place}. {escape(entry['purpose'])}</h2>\n<table>"
        for name, heading in HEADINGS.items():
            yield f'<tr><th scope="row">{heading}</th><td>{escape(entry[name])}</td></tr>'
        yield "</table>\n</section>"
    if not found:
        yield "<p>No agreement is in force.</p>"
    yield "</main>\n</body>\n</html>"
