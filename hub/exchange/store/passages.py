"""The ways of notices to recipients, in SQL. Every move is held to the table of states."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, insert, or_, select, update

from hub.consent.question import EvidenceClass
from hub.exchange.errors import HubFault
from hub.exchange.stages import Look, Passage
from hub.exchange.states import PassageState, check_passage_move
from hub.exchange.store.json_text import names, read_names
from hub.exchange.store.requests import request_bytes, request_from
from hub.exchange.store.sealed import Seals
from hub.exchange.store.statements import KEEP_FIRST, Fields, Line, Prepared
from hub.exchange.store.tables import table
from hub.protocols.names import MatchId, MemberId, NoticeId, RequestId, first_id_at

_passage: Final = table("passage")

_MOVING: Final = (
    "state",
    "strength",
    "request",
    "asked_for",
    "box",
    "approved_by",
    "same",
    "look",
    "looked_by",
    "blind",
    "named",
)
_ADD: Final = Prepared(insert(_passage), KEEP_FIRST)
_SAVE: Final = Prepared(
    update(_passage)
    .where(_passage.c.passage == bindparam("id"))
    .values({name: bindparam(f"new_{name}") for name in _MOVING})
)
_STATE: Final = Prepared(select(_passage.c.state).where(_passage.c.passage == bindparam("passage")))
_GET: Final = Prepared(select(_passage).where(_passage.c.passage == bindparam("passage")))
_BY_REQUEST: Final = Prepared(select(_passage).where(_passage.c.request == bindparam("request")))
_OF_NOTICE: Final = Prepared(
    select(_passage)
    .where(or_(_passage.c.notice == bindparam("notice"), _passage.c.counter == bindparam("notice")))
    .order_by(_passage.c.passage)
)
_HELD_BACK: Final = Prepared(
    select(_passage)
    .where(_passage.c.sender == bindparam("sender"))
    .where(
        or_(
            _passage.c.state == PassageState.REFUSED.value,
            _passage.c.state == PassageState.SECOND_LOOK.value,
            _passage.c.look == Look.COMPETITOR.value,
        )
    )
    .order_by(_passage.c.passage)
)
_CONTESTED: Final = Prepared(
    select(func.count(_passage.c.notice.distinct())).where(
        _passage.c.sender == bindparam("sender"),
        _passage.c.look == Look.CLAIMANTS.value,
        _passage.c.passage >= bindparam("first"),
    )
)


class SqlPassages:
    """`ports.Passages` over a unit of work."""

    __slots__ = ("_line", "_seals")

    def __init__(self, line: Line, seals: Seals) -> None:
        self._line = line
        self._seals = seals

    def add(self, passage: Passage) -> None:
        """Begin a passage; raise `HubFault` for a second one of the same way."""
        begun = self._line.change(
            _ADD,
            passage=passage.passage,
            match=passage.match,
            notice=passage.notice,
            counter=passage.counter or "",
            sender=passage.sender,
            recipient=passage.recipient,
            **self._moving(passage),
        )
        if not begun:
            raise passage_twice()

    def save(self, passage: Passage) -> None:
        """Keep a passage after a move; raise `HubFault` if the move is not allowed."""
        row = self._line.row(_STATE, passage=passage.passage)
        if row is None:
            raise passage_unknown()
        check_passage_move(PassageState(row[0]), passage.state)
        moving = {f"new_{name}": value for name, value in self._moving(passage).items()}
        self._line.change(_SAVE, id=passage.passage, **moving)

    def get(self, passage: MatchId) -> Passage | None:
        """A passage by its id."""
        row = self._line.row(_GET, passage=passage)
        return None if row is None else self._read(row)

    def by_request(self, request: RequestId) -> Passage | None:
        """The passage that a key request belongs to."""
        row = self._line.row(_BY_REQUEST, request=request)
        return None if row is None else self._read(row)

    def of_notice(self, notice: NoticeId) -> Sequence[Passage]:
        """Passages in which a notice is the one carried or the counter-notice, by id."""
        return self._all(self._line.rows(_OF_NOTICE, notice=notice))

    def held_back_between(self, members: frozenset[MemberId]) -> Sequence[Passage]:
        """Passages between these members that were refused, or are for people to look at, by id."""
        found = [
            passage
            for sender in members
            for passage in self._all(self._line.rows(_HELD_BACK, sender=sender))
            if passage.recipient in members
        ]
        return sorted(found, key=lambda passage: passage.passage)

    def claims_contested(self, member: MemberId, since: datetime) -> int:
        """How many notices of a member people were to look at because another makes the same claim."""
        row = self._line.row(_CONTESTED, sender=member, first=first_id_at("mat", since))
        return 0 if row is None else int(row[0])

    def _moving(self, passage: Passage) -> dict[str, object]:
        request = passage.request
        sealed = None
        if request is not None:
            sealed = self._seals.seal_request(request_bytes(request), passage.passage)
        return {
            "state": passage.state.value,
            "strength": passage.strength.value,
            "request": None if request is None else request.request,
            "asked_for": sealed,
            "box": passage.box,
            "approved_by": names(sorted(passage.approved_by)),
            "same": passage.same,
            "look": None if passage.look is None else passage.look.value,
            "looked_by": " ".join(sorted(passage.looked_by)),
            "blind": passage.blind,
            "named": passage.named,
        }

    def _all(self, rows: Iterable[Fields]) -> list[Passage]:
        return [self._read(row) for row in rows]

    def _read(self, row: Fields) -> Passage:
        (
            passage,
            match,
            notice,
            counter,
            sender,
            recipient,
            state,
            strength,
            _,
            asked_for,
            box,
            approved_by,
            same,
            look,
            looked_by,
            blind,
            named,
        ) = row
        return Passage(
            passage=MatchId(passage),
            match=None if match is None else MatchId(match),
            notice=NoticeId(notice),
            counter=NoticeId(counter) if counter else None,
            sender=MemberId(sender),
            recipient=MemberId(recipient),
            state=PassageState(state),
            strength=EvidenceClass(strength),
            request=None if asked_for is None else request_from(self._seals.open_request(asked_for, passage)),
            box=box,
            approved_by=frozenset(read_names(approved_by)),
            same=bool(same),
            look=None if look is None else Look(look),
            looked_by=frozenset(looked_by.split()),
            blind=bool(blind),
            named=bool(named),
        )


def passage_twice() -> HubFault:
    """The fault where one notice would go to one recipient for one counter-notice a second time."""
    return HubFault(
        "passage-twice", "this notice is on its way to this recipient for this counter-notice already"
    )


def passage_unknown() -> HubFault:
    """The fault where a passage is moved that was never begun."""
    return HubFault("passage-unknown", "a passage was moved that was never begun")
