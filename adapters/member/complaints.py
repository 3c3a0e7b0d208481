"""The register of data subjects' complaints: what came, when it must be acknowledged, how it ended.

A controller has to make complaining easy, acknowledge each complaint within 30 days beginning when
it is received, and tell the outcome without undue delay (Data Protection Act 2018 s.164A, by the Data
(Use and Access) Act 2025 s.103). The register is this member's own: it is sealed like all that is
kept here, nothing of it is sent anywhere, and it needs no name, since a case number will do.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from secrets import token_bytes
from typing import Final

from adapters.member.errors import GatewayFault
from adapters.member.records import Records
from hub.protocols.canonical import Json, Reader
from hub.protocols.names import new_id, parse_id

ACKNOWLEDGE_DAYS: Final = 30
"""Days for the acknowledgement; the day on which the complaint came is the first of them."""

WARN_DAYS: Final = 7
"""So many days before the last one, a complaint is shown as due."""

_SHELF: Final = "complaint"


class Means(StrEnum):
    """How a complaint came; an electronic form must be among the ways (s.164A(2))."""

    FORM = "form"
    EMAIL = "email"
    POST = "post"
    TELEPHONE = "telephone"
    IN_PERSON = "in_person"


class Ended(StrEnum):
    """What the complainant was told in the end."""

    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    NOT_UPHELD = "not_upheld"
    WITHDRAWN = "withdrawn"


class Clock(StrEnum):
    """How a complaint stands on a day."""

    RUNNING = "running"
    DUE = "due"
    OVERDUE = "overdue"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Complaint:
    """One complaint."""

    complaint: str
    received: date
    means: Means
    about: str
    """A case number of this member's own; no name is needed."""
    words: str
    acknowledged: date | None = None
    closed: date | None = None
    ended: Ended | None = None

    @property
    def due(self) -> date:
        """The last day on which it can be acknowledged in time."""
        return self.received + timedelta(days=ACKNOWLEDGE_DAYS - 1)

    def clock(self, today: date) -> Clock:
        """How it stands on a day; what was never acknowledged stays overdue until it is closed."""
        if self.closed is not None:
            return Clock.CLOSED
        if self.acknowledged is not None:
            return Clock.ACKNOWLEDGED
        if today > self.due:
            return Clock.OVERDUE
        return Clock.DUE if today >= self.due - timedelta(days=WARN_DAYS) else Clock.RUNNING


class Complaints:
    """One member's register."""

    def __init__(self, records: Records, now: Callable[[], datetime]) -> None:
        self._records = records
        self._now = now

    @property
    def today(self) -> date:
        """The day it is, in UTC."""
        return self._now().date()

    def add(self, received: date, means: Means, about: str, words: str = "") -> Complaint:
        """Enter a complaint on the day it was received, which starts its clock."""
        if received > self.today:
            raise GatewayFault("complaint-day", "a complaint is entered when it has come: look at the day")
        name = new_id("cmp", self._now(), token_bytes(10))
        return self._keep(Complaint(name, received, means, about, words))

    def acknowledge(self, name: str, on: date) -> Complaint:
        """Note that its receipt was acknowledged; the first day counts."""
        found = self._open(name, on)
        if found.acknowledged is not None:
            raise GatewayFault("complaint-acknowledged", f"it was acknowledged on {found.acknowledged}")
        return self._keep(replace(found, acknowledged=on))

    def close(self, name: str, ended: Ended, on: date) -> Complaint:
        """Note what the complainant was told; an acknowledgement that was missed stays missed."""
        return self._keep(replace(self._open(name, on), closed=on, ended=ended))

    def all(self) -> list[Complaint]:
        """Every complaint, those to be acknowledged first, by their last day."""
        found = [_read(page) for _, page in self._records.pages(_SHELF)]
        return sorted(found, key=lambda one: (one.acknowledged or one.closed or date.min, one.due))

    def get(self, name: str) -> Complaint:
        """One complaint."""
        page = self._records.page(_SHELF, parse_id(name, "cmp"))
        if page is None:
            raise GatewayFault("complaint-unknown", "there is no such complaint: hub complaint list --all")
        return _read(page)

    def _open(self, name: str, on: date) -> Complaint:
        found = self.get(name)
        if found.closed is not None:
            raise GatewayFault("complaint-closed", f"it was closed on {found.closed}")
        if not (found.acknowledged or found.received) <= on <= self.today:
            raise GatewayFault("complaint-day", "the day must lie between what was noted last and today")
        return found

    def _keep(self, complaint: Complaint) -> Complaint:
        self._records.keep_page(_SHELF, complaint.complaint, complaint.about, _page(complaint))
        return complaint


def complaint_summary(complaint: Complaint, today: date, *, words: bool = False) -> dict[str, Json]:
    """A complaint for a program or the local API; what it says only where asked for."""
    page = {**_page(complaint), "due": complaint.due.isoformat(), "clock": complaint.clock(today).value}
    if not words:
        del page["words"]
    return page


def _page(one: Complaint) -> dict[str, Json]:
    return {
        "complaint": one.complaint,
        "received": one.received.isoformat(),
        "means": one.means.value,
        "about": one.about,
        "words": one.words,
        "acknowledged": None if one.acknowledged is None else one.acknowledged.isoformat(),
        "closed": None if one.closed is None else one.closed.isoformat(),
        "ended": None if one.ended is None else one.ended.value,
    }


def _read(page: Json) -> Complaint:
    reader = Reader(page, "complaint")
    acknowledged, closed, ended = (reader.nullable_text(name) for name in ("acknowledged", "closed", "ended"))
    return Complaint(
        complaint=reader.id("complaint", "cmp"),
        received=reader.day("received"),
        means=reader.choice("means", Means),
        about=reader.text("about"),
        words=reader.text("words", max=65_536),
        acknowledged=None if acknowledged is None else date.fromisoformat(acknowledged),
        closed=None if closed is None else date.fromisoformat(closed),
        ended=None if ended is None else Ended(ended),
    )
