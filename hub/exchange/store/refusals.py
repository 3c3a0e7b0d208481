"""Refusals in SQL, for the counts that members get each quarter (I4)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import bindparam, func, select

from hub.exchange.stages import Passage, RefusalNote
from hub.exchange.store.statements import KEEP_FIRST, Line, Prepared, PreparedRows
from hub.exchange.store.tables import table
from hub.protocols.names import MemberId

_refusal: Final = table("refusal")

_NOTE: Final = PreparedRows(_refusal, KEEP_FIRST, numbered="id")
_COUNTS: Final = Prepared(
    select(_refusal.c.code, func.count(_refusal.c.notice.distinct()))
    .where(
        _refusal.c.sender == bindparam("member"),
        _refusal.c.day >= bindparam("start"),
        _refusal.c.day < bindparam("end"),
    )
    .group_by(_refusal.c.code)
)


class SqlRefusals:
    """`ports.Refusals` over a unit of work."""

    __slots__ = ("_line",)

    def __init__(self, line: Line) -> None:
        self._line = line

    def note(self, passage: Passage, reasons: Sequence[RefusalNote], at: datetime) -> None:
        """Remember the reasons of one refusal; the same refusal noted again changes nothing."""
        day = at.astimezone(UTC).date().isoformat()
        self._line.insert_rows(
            _NOTE,
            [
                {
                    "passage": passage.passage,
                    "notice": passage.notice,
                    "sender": passage.sender,
                    "code": reason.code,
                    "agreement": reason.agreement or "",
                    "version": reason.version or 0,
                    "clause": reason.clause or "",
                    "day": day,
                }
                for reason in reasons
            ],
        )

    def counts(self, member: MemberId, start: date, end: date) -> Mapping[str, int]:
        """Distinct notices of a member refused, by reason code, from `start` to the day before `end`."""
        rows = self._line.rows(_COUNTS, member=member, start=start.isoformat(), end=end.isoformat())
        return {code: number for code, number in rows}  # noqa: C416 - rows are wider for the type checker
