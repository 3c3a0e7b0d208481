"""What was said about a young person, by whom and when: the flag book, sealed, which never leaves.

One page a flag: an instruction, an objection, a consent, a shield, where a fact came from. A young
person is found by the member's own local reference; so are the notices that were sent about them.
The hub gets none of this: only flags derived from it, as what is safe to assert for thirty days
(`hub.consent.flag_record`).
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from adapters.member.errors import GatewayFault
from adapters.member.records import Records, Sent
from adapters.move import FURTHER_PARTS
from hub.consent.flag_record import FlagRecord, Kind, MadeBy, Outcome, derived_flags
from hub.consent.flags import NO_FLAGS, Flags, union
from hub.protocols.canonical import Json, Reader
from hub.protocols.names import NoticeId, Part, new_id

FLAGS: Final = "flag"
NOTICES: Final = "about"
"""Shelves of the book: flags, and which notices were sent about whom. Both are found by local reference."""

WHOLE: Final = frozenset({Kind.SHIELD, Kind.RESTRICTED, Kind.TWIN})
"""Kinds that concern the whole notice and name no parts."""

BY_OFFICER: Final = WHOLE | {Kind.PROVENANCE_DWP}
"""Kinds that an officer sets; all others are somebody's own word."""

SIXTEEN: Final = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One flag of the book."""

    flag: str
    ref: str
    """The young person, by the member's own local reference."""
    record: FlagRecord
    officer: str
    """Who wrote it down."""
    noted_at: datetime
    evidence: str = ""
    """Where the letter, form or note of the call lies: a reference, not its words."""
    reason: str = ""
    """Why an objection was overridden: compelling legitimate grounds (UK GDPR art. 21(1))."""

    @property
    def over(self) -> bool:
        """Whether it was taken back."""
        return self.record.withdrawn is not None


@dataclass(frozen=True, slots=True)
class About:
    """What is kept of a notice beyond its end: who it was about, and what was asserted first."""

    notice: NoticeId
    ref: str
    type: str
    scope: str
    flags: Flags
    """What the file itself said, at publish."""


class FlagBook:
    """The flag book of one home."""

    def __init__(self, records: Records) -> None:
        self._records = records

    # --- flags ------------------------------------------------------------------------------------

    def write(self, entry: Entry) -> None:
        """Keep a flag, in place of what it was before."""
        self._records.keep_page(FLAGS, entry.flag, entry.ref, _entry_json(entry))

    def flag(self, name: str) -> Entry:
        """One flag; raise `GatewayFault` where none has this id."""
        page = self._records.page(FLAGS, name)
        if page is None:
            raise GatewayFault("flag-unknown", "no flag of this id is kept here; see `hub flag list`")
        return _read_entry(name, page)

    def flags(self, ref: str | None = None) -> list[Entry]:
        """Every flag, or those of one young person, oldest first."""
        return [_read_entry(name, page) for name, page in self._records.pages(FLAGS, ref)]

    def derived(self, ref: str, today: date) -> Flags:
        """What may be asserted of a young person from today for thirty days."""
        entries = self.flags(ref)
        if not entries:
            return NO_FLAGS
        born = self.born(ref)
        if born is None and any(one.record.made_by is MadeBy.PARENT for one in entries):
            raise GatewayFault(
                "birthday-missing", "a parent's word counts until sixteen: load the caseload, or give --born"
            )
        return derived_flags((one.record for one in entries), sixteenth_birthday(born), today)

    # --- who a notice is about --------------------------------------------------------------------

    def note(self, sent: Sent, ref: str | None, said: Flags) -> None:
        """Keep who a notice is about, under the row's local reference, or its own id where it has none."""
        scope = Reader(sent.body, "notice").object("assertion").text("scope")
        self.keep_about(About(sent.notice, ref or sent.notice, sent.type, scope, said))

    def keep_about(self, about: About) -> None:
        """Keep what is known of a notice beyond its end, in place of what was kept before."""
        page: Json = {
            "ref": about.ref,
            "type": about.type,
            "scope": about.scope,
            "flags": flags_json(about.flags),
        }
        self._records.keep_page(NOTICES, about.notice, about.ref, page)

    def about(self, notice: NoticeId) -> About | None:
        """Whom a notice is about; None where it was sent before this was kept, and is forgotten."""
        page = self._records.page(NOTICES, notice)
        return None if page is None else _read_about(notice, page)

    def notices(self, ref: str) -> list[About]:
        """Every notice that was sent about a young person, oldest first."""
        return [_read_about(NoticeId(name), page) for name, page in self._records.pages(NOTICES, ref)]

    def born(self, ref: str) -> date | None:
        """The birthday of a young person, from the book, a notice that is still kept, or the caseload."""
        for _, page in self._records.pages("born", ref):
            return date.fromisoformat(str(page))
        for about in self.notices(ref):
            sent = self._records.sent(about.notice)
            born = _birthday(sent.body.get("identity") if sent and isinstance(sent.body, dict) else None)
            if born is not None:
                return born
        return _birthday(self._records.known(ref))

    def keep_born(self, ref: str, born: date) -> None:
        """Keep a birthday that an officer has given."""
        self._records.keep_page("born", ref, ref, born.isoformat())

    def asserted(self, ref: str | None, said: Flags, today: date) -> Flags:
        """What a file says of a young person together with what the book says."""
        return said if ref is None else both(said, self.derived(ref, today))


def new_flag(now: datetime) -> str:
    """An id for a flag."""
    return new_id("flg", now, os.urandom(10))


def parts_for(kind: Kind, named: Iterable[Part]) -> frozenset[Part]:
    """The parts that a flag concerns: those named, else every part that such a word can bind."""
    parts = frozenset(named)
    if kind in WHOLE:
        if parts:
            raise GatewayFault("flag-parts", f"a {kind.value} flag concerns the whole notice: name no part")
        return parts
    if kind in {Kind.CONSENT, Kind.PROVENANCE_DWP} and not parts:
        raise GatewayFault("flag-parts", "say for which parts: --part contact, as often as needed")
    if kind is Kind.INSTRUCTION:
        return parts or frozenset(Part(part) for part in FURTHER_PARTS)
    return parts or frozenset(Part)


def check_maker(kind: Kind, made_by: MadeBy) -> None:
    """An officer's flag is an officer's; a word is the young person's or a parent's own."""
    if (made_by is MadeBy.OFFICER) != (kind in BY_OFFICER):
        whose = (
            "an officer's" if kind in BY_OFFICER else "the young person's or a parent's, never an officer's"
        )
        raise GatewayFault("flag-maker", f"a {kind.value} flag is {whose}")


def both(one: Flags, other: Flags) -> Flags:
    """Two sources of one member about one young person: every word counts, a withdrawal ends a consent."""
    joined = union(one, other)
    return replace(joined, consent=(one.consent | other.consent) - joined.consent_withdrawn)


def flags_json(flags: Flags) -> dict[str, Json]:
    """Flags as JSON."""
    return {name: [*value] if isinstance(value, list) else value for name, value in flags.to_json().items()}


def sixteenth_birthday(born: date | None) -> date:
    """The day on which an instruction becomes the young person's alone; long ago where it is not needed."""
    if born is None:
        return date.min
    return born.replace(year=born.year + SIXTEEN)  # sixteen years after a leap year is another, until 2100


def _birthday(identity: Json) -> date | None:
    dob = identity.get("dob") if isinstance(identity, dict) else None
    return date.fromisoformat(dob) if isinstance(dob, str) else None


def _entry_json(entry: Entry) -> Json:
    record = entry.record
    return {
        "ref": entry.ref,
        "kind": record.kind.value,
        "parts": [*sorted(part.value for part in record.parts)],
        "made_by": record.made_by.value,
        "effective": record.effective.isoformat(),
        "ends": None if record.ends is None else record.ends.isoformat(),
        "withdrawn": None if record.withdrawn is None else record.withdrawn.isoformat(),
        "outcome": record.outcome.value,
        "officer": entry.officer,
        "noted_at": entry.noted_at.isoformat(),
        "evidence": entry.evidence,
        "reason": entry.reason,
    }


def _read_entry(name: str, page: Json) -> Entry:
    kept = page if isinstance(page, dict) else {}
    parts = kept["parts"]
    record = FlagRecord(
        kind=Kind(str(kept["kind"])),
        parts=frozenset(Part(str(part)) for part in parts) if isinstance(parts, list) else frozenset(),
        made_by=MadeBy(str(kept["made_by"])),
        effective=date.fromisoformat(str(kept["effective"])),
        ends=_day(kept["ends"]),
        withdrawn=_day(kept["withdrawn"]),
        outcome=Outcome(str(kept["outcome"])),
    )
    noted = datetime.fromisoformat(str(kept["noted_at"]))
    words = (str(kept[word]) for word in ("evidence", "reason"))
    return Entry(name, str(kept["ref"]), record, str(kept["officer"]), noted, *words)


def _day(value: Json) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else None


def _read_about(notice: NoticeId, page: Json) -> About:
    reader = Reader(page, "about")
    ref, kind, scope = reader.text("ref"), reader.text("type"), reader.text("scope")
    return About(notice, ref, kind, scope, Flags.from_json(reader.value("flags")))
