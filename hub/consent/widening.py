"""Which way a change of an agreement goes: whether more may be told afterwards, to more, or sooner.

What a change can do is what `hub.consent.rules` make of the field; a field they never look at, and
that says nothing of what the parties may do with it, goes neither way. Where a change may go either
way, it widens: nobody is harmed by reading it first.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, cast

from hub.consent import table
from hub.protocols.canonical import Json


class Way(StrEnum):
    """Which way a change goes: what may be told afterwards, compared with before."""

    WIDENS = "widens"
    NARROWS = "narrows"
    NEITHER = "neither"


def way_of(field: str, before: Json, after: Json) -> Way:
    """Return which way a field goes from one value to another; None where it is left out."""
    if field in _EITHER_WAY:
        return Way.WIDENS
    reach = _REACH.get(field)
    if reach is None or reach(before) == reach(after):
        return Way.NEITHER
    return Way.WIDENS if reach(before) < reach(after) else Way.NARROWS


def way_of_more(field: str, *, more: bool) -> Way:
    """Return which way it goes that a list of the agreement says one thing more, or no longer."""
    if field not in _LISTS:
        return Way.NEITHER
    return Way.WIDENS if _LISTS[field] is more else Way.NARROWS


def _day(value: Json) -> int:
    return int(str(value).replace("-", "")) if value else 0


def _number(value: Json) -> int:
    return value if isinstance(value, int) else 0


def _end(value: Json) -> int:
    """Without its own end it goes on to its review."""
    return _day(value or "9999-12-31")


def _fewer_officers(value: Json) -> int:
    fields = value if isinstance(value, dict) else {"officers_each_side": value or 1}
    return -_number(fields["officers_each_side"])


def _basis(value: Json) -> int:
    """Consent has to be there; an objection stops a public task, and no legal obligation."""
    return (table.CONSENT, table.PUBLIC_TASK, table.LEGAL_OBLIGATION).index(cast("str", value))


def _there(value: Json) -> int:
    return int(value is not None)


_EITHER_WAY: Final = frozenset({"gateway", "group", "special_condition"})
"""On a provision hangs whose word counts and which request is needed; on a group, every clause; on an
article 9 condition, which facts may go at all and whether consent is needed for them.
"""

_REACH: Final[Mapping[str, Callable[[Json], int]]] = {
    "accession": _there,
    "approval": _fewer_officers,
    "article6": _basis,
    "ends": _end,
    "grace_days": _number,
    "offence_condition": _there,
    "officers_each_side": _fewer_officers,
    "review": _day,
    "starts": lambda day: -_day(day),
}
"""How far each field reaches: the higher, the more may be told."""

_LISTS: Final = {"groups": True, "not_for": False}
"""Lists beside the clauses': who may join (more widens), what it is never for (more narrows)."""
