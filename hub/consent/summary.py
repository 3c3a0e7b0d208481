"""An agreement in a few lines: who may tell whom what, and until when; the page says all of it."""

from collections.abc import Iterator
from datetime import timedelta

from hub.consent.agreement import Agreement, Clause
from hub.consent.explain import BY_WHAT, TO_WHOM, WHAT
from hub.consent.wording import group_of, quoted

MOST_NAMED = 4
"""Parties named one by one; of more, their number is told."""


def summarise(agreement: Agreement) -> list[str]:
    """Return the gist, one sentence a line, clauses by the numbers that decisions cite."""
    return list(_sentences(agreement))


def _sentences(agreement: Agreement) -> Iterator[str]:
    names = [quoted(party.name)[1:-1] for party in agreement.parties]
    told = " and ".join(names) if len(names) <= MOST_NAMED else f"{len(names)} parties"
    last = agreement.lapses_at - timedelta(days=1)
    title = quoted(agreement.title)[1:-1]
    yield f"{title} ({agreement.id}, version {agreement.version}), between {told}."
    yield (
        f"From {agreement.starts.isoformat()}; to be reviewed by {agreement.review.isoformat()};"
        f" its last day is {last.date().isoformat()}, and then it lapses by itself."
    )
    for clause in agreement.clauses:
        yield _clause(clause)
    yield "What no clause lists is refused, and the rules may forbid what one lists: hub decide says which."


def _clause(clause: Clause) -> str:
    givers, takers = (" and ".join(map(group_of, sorted(one))) for one in (clause.senders, clause.receivers))
    what = ", ".join(WHAT[one] for one in WHAT if one in clause.categories)
    by_what = ", ".join(BY_WHAT[one] for one in BY_WHAT if one in clause.notice_types)
    to_whom = ", ".join(TO_WHOM[one] for one in TO_WHOM if one in clause.roles)
    return f"{clause.number}: {givers} may tell {to_whom} of {takers}, by {by_what}: {what}."
