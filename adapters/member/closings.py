"""Who left for good: the closing records of those whom another member now counts.

When a recipient has signed `in_caseload`, the sender's own record is to be closed (NCCIS cohort status T,
and the authority to which it went). What is kept of it outlives the notice: the own reference, to whom,
and when; no name. An officer takes the records over into the tracker with `hub notice closing`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.member.flag_book import FlagBook
from adapters.member.records import Records
from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.names import MemberId, NoticeId

CLOSINGS: Final = "closing"
"""The kind of page."""


@dataclass(frozen=True, slots=True)
class Closed:
    """One of ours whom another member counts now; `ref` is None where the file had no reference."""

    notice: NoticeId
    ref: str | None
    member: MemberId
    at: datetime


class Closings:
    """What is to be closed in the tracker."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._book = FlagBook(records)

    def note(self, notice: NoticeId, member: MemberId, at: datetime) -> None:
        """Note that a member has signed that it counts the person of a notice of ours."""
        about = self._book.about(notice)
        ref = None if about is None or about.ref == notice else about.ref
        page: Json = {"ref": ref, "member": str(member), "at": canonical.instant(at)}
        self._records.keep_page(CLOSINGS, notice, notice, page)

    def all(self) -> list[Closed]:
        """All of them, oldest notice first."""
        return [
            _read(NoticeId(name), Reader(page, "closing")) for name, page in self._records.pages(CLOSINGS)
        ]


def _read(notice: NoticeId, page: Reader) -> Closed:
    return Closed(notice, page.nullable_text("ref"), MemberId(page.id("member", "mbr")), page.instant("at"))
