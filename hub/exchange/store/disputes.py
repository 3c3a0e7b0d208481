"""Contested releases and their threads, in SQL. Words lie here as sealed from member to member."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, insert, or_, select, update

from hub.exchange.errors import HubFault
from hub.exchange.stages import Dispute, Letter
from hub.exchange.states import DisputeState, check_dispute_move
from hub.exchange.store.instants import from_micros, to_micros
from hub.exchange.store.statements import KEEP_FIRST, Fields, Line, Prepared
from hub.exchange.store.tables import table
from hub.protocols.dispute import Grievance, Result
from hub.protocols.names import AgreementId, DisputeId, MemberId, NoticeId

_dispute: Final = table("dispute")
_letter: Final = table("dispute_letter")

_MOVING: Final = ("state", "result", "due_at", "closed_at")
_ADD: Final = Prepared(insert(_dispute), KEEP_FIRST)
_SAVE: Final = Prepared(
    update(_dispute)
    .where(_dispute.c.dispute == bindparam("id"))
    .values({name: bindparam(f"new_{name}") for name in _MOVING})
)
_GET: Final = Prepared(select(_dispute).where(_dispute.c.dispute == bindparam("dispute")))
_OF_MEMBER: Final = Prepared(
    select(_dispute)
    .where(
        or_(_dispute.c.opener == bindparam("member"), _dispute.c.other == bindparam("member")),
        _dispute.c.dispute > bindparam("after"),
    )
    .order_by(_dispute.c.dispute)
    .limit(bindparam("most"))
)
_OF_ENTRY: Final = Prepared(
    select(_dispute).where(_dispute.c.entry == bindparam("entry")).order_by(_dispute.c.dispute)
)
_DUE: Final = Prepared(
    select(_dispute)
    .where(_dispute.c.state == DisputeState.OPEN.value, _dispute.c.due_at <= bindparam("now"))
    .order_by(_dispute.c.due_at, _dispute.c.dispute)
    .limit(bindparam("most"))
)
_OVER: Final = Prepared(
    select(_dispute.c.dispute)
    .where(_dispute.c.closed_at < bindparam("before"))
    .order_by(_dispute.c.dispute)
    .limit(bindparam("most"))
)
_ALL: Final = Prepared(select(_dispute).order_by(_dispute.c.dispute))
_DROP: Final = Prepared(delete(_dispute).where(_dispute.c.dispute == bindparam("id")))
_APPEND: Final = Prepared(insert(_letter), KEEP_FIRST)
_LETTERS: Final = Prepared(
    select(_letter).where(_letter.c.dispute == bindparam("dispute")).order_by(_letter.c.number)
)
_DROP_LETTERS: Final = Prepared(delete(_letter).where(_letter.c.dispute == bindparam("id")))


class SqlDisputes:
    """`ports.Disputes` over a unit of work."""

    __slots__ = ("_line",)

    def __init__(self, line: Line) -> None:
        self._line = line

    def add(self, dispute: Dispute, first: Letter) -> None:
        """Open a thread with its first message; raise `HubFault` for an id that is there."""
        added = self._line.change(
            _ADD,
            dispute=dispute.dispute,
            opener=dispute.opener,
            other=dispute.other,
            notice=dispute.notice,
            entry=dispute.entry,
            grievance=dispute.grievance.value,
            agreement=dispute.agreement,
            version=dispute.version,
            answer_days=dispute.answer_days,
            opened_at=to_micros(dispute.opened_at),
            **_moving(dispute),
        )
        if not added:
            raise dispute_twice()
        self.append(first)

    def save(self, dispute: Dispute) -> None:
        """Keep state, result and clock after a move; raise `HubFault` if the move is not allowed."""
        old = self.get(dispute.dispute)
        if old is None:
            raise dispute_unknown()
        check_dispute_move(old.state, dispute.state)
        moved = {f"new_{name}": value for name, value in _moving(dispute).items()}
        self._line.change(_SAVE, id=dispute.dispute, **moved)

    def append(self, letter: Letter) -> None:
        """Keep a further message; raise `HubFault` where its number is taken."""
        kept = self._line.change(
            _APPEND, dispute=letter.dispute, number=letter.number, jws=letter.jws, text=letter.text
        )
        if not kept:
            raise letter_twice()

    def get(self, dispute: DisputeId) -> Dispute | None:
        """A dispute by its id, whoever's it is."""
        row = self._line.row(_GET, dispute=dispute)
        return None if row is None else _read(row)

    def letters(self, dispute: DisputeId) -> Sequence[Letter]:
        """Its messages, in order."""
        rows = self._line.rows(_LETTERS, dispute=dispute)
        return [Letter(DisputeId(name), number, jws, text) for name, number, jws, text in rows]

    def of_member(self, member: MemberId, after: str, limit: int) -> Sequence[Dispute]:
        """Disputes with ids above `after` in which a member is a party, by id."""
        return [_read(row) for row in self._line.rows(_OF_MEMBER, member=member, after=after, most=limit)]

    def of_entry(self, entry: int) -> Sequence[Dispute]:
        """Disputes about one release, by id."""
        return [_read(row) for row in self._line.rows(_OF_ENTRY, entry=entry)]

    def due(self, now: datetime, limit: int) -> Sequence[Dispute]:
        """Those still open whose clock has run out, the longest first."""
        return [_read(row) for row in self._line.rows(_DUE, now=to_micros(now), most=limit)]

    def drop_closed(self, before: datetime, limit: int) -> int:
        """Forget threads closed before this moment, words and all; return how many."""
        over = self._line.rows(_OVER, before=to_micros(before), most=limit)
        for (name,) in over:
            self._line.change(_DROP_LETTERS, id=name)
            self._line.change(_DROP, id=name)
        return len(over)

    def all(self) -> Sequence[Dispute]:
        """Every dispute, by id."""
        return [_read(row) for row in self._line.rows(_ALL)]


def dispute_twice() -> HubFault:
    """The fault where a dispute is opened under an id that is there."""
    return HubFault("dispute-twice", "a dispute of this id is there already")


def dispute_unknown() -> HubFault:
    """The fault where something is done to a dispute that was never opened."""
    return HubFault("dispute-unknown", "a dispute was to be moved that was never opened")


def letter_twice() -> HubFault:
    """The fault where a message takes the place of another."""
    return HubFault("letter-twice", "a message of this number is in the thread already")


def _moving(dispute: Dispute) -> dict[str, object]:
    return {
        "state": dispute.state.value,
        "result": None if dispute.result is None else dispute.result.value,
        "due_at": None if dispute.due_at is None else to_micros(dispute.due_at),
        "closed_at": None if dispute.closed_at is None else to_micros(dispute.closed_at),
    }


def _read(row: Fields) -> Dispute:
    name, opener, other, notice, entry, grievance, agreement, version, days, state, result, *times = row
    opened_at, due_at, closed_at = times
    return Dispute(
        dispute=DisputeId(name),
        opener=MemberId(opener),
        other=MemberId(other),
        notice=NoticeId(notice),
        entry=entry,
        grievance=Grievance(grievance),
        agreement=AgreementId(agreement),
        version=version,
        answer_days=days,
        state=DisputeState(state),
        result=None if result is None else Result(result),
        opened_at=from_micros(opened_at),
        due_at=None if due_at is None else from_micros(due_at),
        closed_at=None if closed_at is None else from_micros(closed_at),
    )
