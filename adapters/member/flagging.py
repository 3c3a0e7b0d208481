"""From a word that was said to everything that must follow from it, in this order.

    write it down -> assert it of every open notice -> recall what may be held no longer

What is written binds here at once: a key request is answered under it from that moment. What the hub
has to hear is said as soon as it is reached; nothing needs to be typed again. The hub is told only
that the flag is there, never who set it, why, or until when.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from adapters.member.copies import Kept, read_kept
from adapters.member.errors import GatewayFault, HubRefused
from adapters.member.flag_book import (
    About,
    Entry,
    FlagBook,
    check_maker,
    flags_json,
    new_flag,
    parts_for,
    sixteenth_birthday,
)
from adapters.member.keyring import Keyring
from adapters.member.recalls import Recall, Recalls
from adapters.member.records import Records, Sent, Waiting
from adapters.member.transport import Transport
from hub.consent.flag_record import FlagRecord, Kind, MadeBy, Outcome
from hub.consent.flags import Flags
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import ProtocolError
from hub.protocols.limits import ASSERTION_AGE
from hub.protocols.names import MemberId, NoticeId, Part
from hub.protocols.notice import Assertion, assertion_json, read_assertion
from hub.protocols.restatement import Restatement, sign_restatement

UNSAID: Final = "unsaid"
"""Mark of a notice whose newest assertion the hub was never heard to take."""


LAPSING: Final = "flag"
"""What waits for a person because a flag ends, or has passed to the young person."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A flag to be set, as an officer writes it down."""

    ref: str
    kind: Kind
    made_by: MadeBy
    officer: str
    parts: frozenset[Part] = frozenset()
    effective: date | None = None
    ends: date | None = None
    evidence: str = ""
    born: date | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """What a change of a flag has set going."""

    entry: Entry
    notices: tuple[NoticeId, ...]
    """Open notices of which it is asserted now."""
    recalls: tuple[Recall, ...]


class Flagging:
    """One member's flags, and what follows from them."""

    def __init__(
        self,
        member: MemberId,
        keyring: Callable[[], Keyring],
        records: Records,
        transport: Transport,
        kept: Callable[[], Kept],
        now: Callable[[], datetime],
    ) -> None:
        self._keyring = keyring
        self._records = records
        self._transport = transport
        self._kept = kept
        self._now = now
        self.book = FlagBook(records)
        self.recalls = Recalls(records, member, now)

    def set(self, wish: Wish) -> Followed:
        """Write a flag down; raise `GatewayFault` where it is not that person's to set."""
        check_maker(wish.kind, wish.made_by)
        born = wish.born or self.book.born(wish.ref)
        if wish.made_by is MadeBy.PARENT and born is None:
            raise GatewayFault(
                "birthday-missing", "a parent's word counts until sixteen: load the caseload, or give --born"
            )
        if born is not None:
            self.book.keep_born(wish.ref, born)
        today = self._now().date()
        record = FlagRecord(
            wish.kind, parts_for(wish.kind, wish.parts), wish.made_by, wish.effective or today, wish.ends
        )
        entry = Entry(new_flag(self._now()), wish.ref, record, wish.officer, self._now(), wish.evidence)
        return self._write(entry, wish.kind.value)

    def renew(self, flag: str, made_by: MadeBy, officer: str, ends: date | None, evidence: str) -> Followed:
        """Say a flag again: of a parent's instruction past sixteen, the young person's own word."""
        entry = self.book.flag(flag)
        check_maker(entry.record.kind, made_by)
        today = self._now().date()
        self.book.write(replace(entry, record=replace(entry.record, withdrawn=today)))
        record = replace(entry.record, made_by=made_by, effective=today, ends=ends, withdrawn=None)
        again = Entry(new_flag(self._now()), entry.ref, record, officer, self._now(), evidence)
        return self._write(again, record.kind.value)

    def decide(self, flag: str, outcome: Outcome, officer: str, reason: str) -> Followed:
        """Decide an objection: upheld, or overridden with the compelling reasons for it."""
        entry = self.book.flag(flag)
        if entry.record.kind is not Kind.OBJECTION or entry.over:
            raise GatewayFault("flag-objection", "only an objection that stands is decided")
        if outcome is Outcome.OVERRIDDEN and not reason:
            raise GatewayFault("flag-reason", "an objection is overridden with a reason: --reason")
        decided = replace(entry.record, outcome=outcome)
        return self._write(replace(entry, record=decided, officer=officer, reason=reason), "objection")

    def end(self, flag: str, officer: str) -> Followed:
        """Whoever set it takes it back: an instruction is lifted, a consent withdrawn."""
        entry = self.book.flag(flag)
        if entry.over:
            raise GatewayFault("flag-over", "this flag was taken back before")
        over = replace(entry.record, withdrawn=self._now().date())
        why = f"{entry.record.kind.value}_withdrawn"
        return self._write(replace(entry, record=over, officer=officer), why)

    def remind(self) -> int:
        """Bring to a person what ends: a parent's word past sixteen, a consent in its last days."""
        today = self._now().date()
        due = {f"ends-{one.flag}": says for one in self.book.flags() if (says := self._ends(one, today))}
        for waiting in self._records.waiting(LAPSING):
            if waiting.item not in due:
                self._records.decided(waiting.item, "over")
        return sum(
            self._records.wait(Waiting(item, LAPSING, None, "open", {"says": says}))
            for item, says in due.items()
        )

    def _ends(self, entry: Entry, today: date) -> str | None:
        record, born = entry.record, self.book.born(entry.ref)
        if entry.over or (record.ends is not None and record.ends < today):
            return None
        if record.made_by is MadeBy.PARENT and today >= sixteenth_birthday(born):
            return f"{entry.flag}: a parent's {record.kind.value}, past sixteen: ask the young person"
        soon = record.ends is not None and record.ends <= today + ASSERTION_AGE
        return f"{entry.flag}: this {record.kind.value} ends on {record.ends}" if soon else None

    def hold(self, about: About) -> None:
        """From now on only a named officer lets anything of this notice leave."""
        today = self._now().date()
        said = replace(about.flags, restricted=True)
        self.book.keep_about(replace(about, flags=said))
        self._assert(about.notice, self.book.asserted(about.ref, said, today))

    def say_unsaid(self) -> int:
        """Tell the hub every assertion that it was not heard to take; return how many it took."""
        said = 0
        for sent in self._records.all_sent():
            if (
                not sent.over
                and sent.state != "queued"
                and isinstance(sent.body, dict)
                and UNSAID in sent.body
            ):
                said += self._say(sent, sent.body)
        return said

    def asserted(self, sent: Sent, flags: Flags) -> Flags:
        """What may be asserted of a notice now: what its file said, and what the book says today."""
        about = self.book.about(sent.notice)
        if about is None:
            return flags
        return self.book.asserted(about.ref, about.flags, self._now().date())

    def _write(self, entry: Entry, reason: str) -> Followed:
        """Keep the flag, and set going what follows; all of it is here before anything is sent."""
        ref, today = entry.ref, self._now().date()
        abouts = self.book.notices(ref)
        before = {about.notice: self.book.asserted(ref, about.flags, today) for about in abouts}
        kept = self._terms_kept()
        with self._records.together():
            self.book.write(entry)
            after = {about.notice: self.book.asserted(ref, about.flags, today) for about in abouts}
            changed = [about for about in abouts if before[about.notice] != after[about.notice]]
            open_ = [about.notice for about in changed if self._assert(about.notice, after[about.notice])]
            recalls = [
                self.recalls.note(about, member, parts, reason, entry.officer)
                for about in changed
                for member, parts in self._reached(about, before[about.notice], after[about.notice], kept)
            ]
        return Followed(entry, tuple(open_), tuple(recalls))

    def _reached(
        self, about: About, before: Flags, after: Flags, kept: Kept | None
    ) -> Iterator[tuple[MemberId, tuple[Part, ...]]]:
        if kept is not None:
            yield from self.recalls.reaching(about, before, after, kept)

    def _terms_kept(self) -> Kept | None:
        """What binds, or bound when it was last read; a flag is written down whether it can be read or not.

        None where nothing was ever read: then nothing was ever sealed to anybody.
        """
        try:
            return self._kept()
        except (GatewayFault, ProtocolError):
            return read_kept(self._records)

    def _assert(self, notice: NoticeId, flags: Flags) -> bool:
        """Keep what is asserted of a notice from now on; False where it is over."""
        sent = self._records.sent(notice)
        if sent is None or sent.over or not isinstance(sent.body, dict):
            return False
        last = read_assertion(Reader(sent.body["assertion"], "assertion"))
        anew = Assertion(last.scope, flags_json(flags), self._now())
        body: dict[str, Json] = {**sent.body, "assertion": assertion_json(anew), UNSAID: True}
        self._records.rewrite(notice, body)
        return True

    def _say(self, sent: Sent, body: dict[str, Json]) -> bool:
        assertion = read_assertion(Reader(body["assertion"], "assertion"))
        signed = sign_restatement(Restatement(sent.notice, assertion), self._keyring().signing)
        with suppress(HubRefused):  # it has ended at the hub meanwhile: nothing further leaves
            self._transport.post(f"/v1/notices/{sent.notice}/assertions", {"assertion": signed})
        rest = {name: value for name, value in body.items() if name != UNSAID}
        self._records.rewrite(sent.notice, rest)
        return True
