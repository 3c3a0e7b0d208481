"""Recalls: telling whoever received something that it may be held no longer (UK GDPR art. 19).

What is recalled is what our own copy of the agreements permitted before a flag was set and refuses
after it; so a recall follows the same decision as a release does. It goes as a notice of its own,
sealed to each recipient, and is decided, recorded and handed over like any other. The recipient's
gateway destroys what it opened of these parts and signs that it has; then a person there does the
same in the tracker, and says so. Both words are kept here, beside who has not answered yet.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from adapters.member.compose import Addressee, Maker, compose_recall
from adapters.member.copies import Kept
from adapters.member.errors import GatewayFault, HubUnreachable
from adapters.member.flag_book import About
from adapters.member.records import UNNAMED, Records
from adapters.member.terms import Telling, ask, could_get
from hub.consent.flags import NO_FLAGS, Flags
from hub.consent.question import Category, EvidenceClass, Scope
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import ProtocolError
from hub.protocols.keys import SealingPublicKey
from hub.protocols.names import MemberId, NoticeId, NoticeType, Part, new_id

RECALLS: Final = "recall"
"""Shelf of the book: one page for each recipient of each recall, by the notice that is recalled."""


class RecallState(StrEnum):
    """How far a recall, or a correction, has come at one recipient."""

    DUE = "due"
    """Made here; it goes as soon as the hub is reached."""
    SENT = "sent"
    OPENED = "opened"
    """Of a correction: their gateway has opened it."""
    ERASED = "erased"
    """Their gateway has destroyed what it had opened, and has signed so."""
    DONE = "done"
    """Their people have done the same in their own system, and have signed so."""
    NOT_CARRIED = "not_carried"
    """No agreement lets it go there: ring them, or withdraw the notice, which needs none."""


_SAYS: Final = {
    "opened": RecallState.OPENED,
    "erased": RecallState.ERASED,
    "actioned": RecallState.DONE,
}
_ORDER: Final = list(RecallState)

_NEVER_SENT: Final = frozenset({"queued", "refused"})

ANSWERED: Final = frozenset({RecallState.ERASED, RecallState.DONE})
"""States in which a recipient has signed that nothing of it is left in its gateway."""


@dataclass(frozen=True, slots=True)
class Recall:
    """One recall, or correction, to one recipient, as its sender keeps it."""

    recall: str
    notice: NoticeId
    """What is recalled."""
    scope: str
    member: MemberId
    parts: tuple[Part, ...]
    reason: str
    state: RecallState
    made_at: datetime
    officer: str
    carried_by: NoticeId | None = None
    """The notice that carries it; of a notice that was withdrawn, that notice itself."""
    signed: tuple[str, ...] = ()
    """What the recipient has signed of it, as it came."""


class Recalls:
    """The recalls that one member has made."""

    def __init__(self, records: Records, member: MemberId, now: Callable[[], datetime]) -> None:
        self._records = records
        self._member = member
        self._now = now

    def all(self, notice: NoticeId | None = None) -> list[Recall]:
        """Every recall, or those of one notice, oldest first."""
        return [_read(name, page) for name, page in self._records.pages(RECALLS, notice)]

    def reaching(
        self, about: About, before: Flags, after: Flags, kept: Kept
    ) -> Iterator[tuple[MemberId, tuple[Part, ...]]]:
        """Who may have received of a notice what may go to them no longer, and which parts."""
        sent = self._records.sent(about.notice)
        strength = EvidenceClass.RECIPIENT_NAMED if sent and sent.recipient else EvidenceClass.STRONG
        for member in () if sent is None or sent.state in _NEVER_SENT else self._records.told(sent):
            if member == UNNAMED:
                if self._lost_by_anybody(about, before, after, kept):
                    yield member, tuple(Part)  # it cannot be sealed to: what goes back, goes back whole
                continue
            if member not in kept.members:  # listed no more: whatever it has is recalled, by telephone
                yield member, tuple(Part)
                continue
            telling = self._telling(about, member, before, strength, kept)
            could = could_get(telling, kept.terms, self._now()) or frozenset(Part)
            still = could_get(replace(telling, flags=after), kept.terms, self._now())
            if could - still:
                yield member, tuple(part for part in Part if part in could - still)

    def _telling(
        self, about: About, member: MemberId, flags: Flags, strength: EvidenceClass, kept: Kept
    ) -> Telling:
        return Telling(
            notice_type=NoticeType(about.type),
            sender=kept.members[self._member],
            recipient=kept.members[member],
            acts_for=None,
            recipient_acts_for=None,
            scope=Scope(about.scope),
            flags=flags,
            asserted_at=self._now(),
            evidence=strength,
        )

    def _lost_by_anybody(self, about: About, before: Flags, after: Flags, kept: Kept) -> bool:
        """Whether any who may be the unnamed one could get less now, of somebody who is shielded anyway."""
        for member in kept.members.keys() - {self._member}:
            telling = replace(
                self._telling(about, member, replace(before, shield=True), EvidenceClass.STRONG, kept),
                approved_by=frozenset({self._member, member}),
            )
            still = could_get(replace(telling, flags=replace(after, shield=True)), kept.terms, self._now())
            if could_get(telling, kept.terms, self._now()) - still:
                return True
        return False

    def note(
        self, about: About, member: MemberId, parts: Iterable[Part], reason: str, officer: str
    ) -> Recall:
        """Keep that something is to be recalled from a member; it is sent by `carry`."""
        name, now = new_id("rcl", self._now(), os.urandom(10)), self._now()
        recall = Recall(
            name, about.notice, about.scope, member, tuple(parts), reason, RecallState.DUE, now, officer
        )
        self.keep(recall)
        return recall

    def note_sent(self, recall: Recall, carried_by: NoticeId) -> None:
        """Keep that a recall is on its way."""
        self.keep(replace(recall, state=RecallState.SENT, carried_by=carried_by))

    def due(self) -> list[Recall]:
        """Recalls that have still to be sent."""
        return [recall for recall in self.all() if recall.state is RecallState.DUE]

    def carry(
        self, maker: Callable[[str], Maker], key_of: Callable[[MemberId], SealingPublicKey], kept: Kept
    ) -> int:
        """Seal and queue every recall that is due; return how many. What cannot go yet stays due."""
        queued = 0
        for recall in self.due():
            if recall.member == UNNAMED:
                continue
            if not self._carried(recall, kept):
                self.keep(replace(recall, state=RecallState.NOT_CARRIED))
                continue
            try:
                addressee = Addressee(recall.member, key_of(recall.member), frozenset({Part.IDENTITY}))
                made_by = maker(recall.officer)
            except HubUnreachable:
                raise
            except (
                GatewayFault,
                ProtocolError,
            ):  # no epoch, or no sealing key in its time: with a later poll
                continue
            sent = compose_recall(made_by, recall.notice, recall_facts(recall), recall.scope, addressee)
            with self._records.together():
                self._records.queue(sent)
                self.note_sent(recall, sent.notice)
            queued += 1
        return queued

    def take_back(self, say: Callable[[NoticeId, str], None]) -> None:
        """Withdraw, with `say`, what is to be recalled from one of whom we may not know who it is.

        Nothing can be sealed to it; but the hub, which knows it, tells whoever has a notice that is
        withdrawn. It takes no withdrawal of a notice whose time is over.
        """
        for recall in self.due():
            sent = self._records.sent(recall.notice)
            if recall.member != UNNAMED or sent is None:
                continue
            if sent.state == "expired":
                self.keep(replace(recall, state=RecallState.NOT_CARRIED))
                continue
            say(recall.notice, recall.reason)
            self.note_sent(recall, recall.notice)
            self._records.forget(recall.notice, "withdrawn")

    def answered(self, carried_by: NoticeId, member: MemberId, says: str, signed: str) -> None:
        """A recipient has signed how far it has come with what was sent to it."""
        state = _SAYS.get(says)
        for recall in self.all():
            if state is not None and (recall.carried_by, recall.member) == (carried_by, member):
                further = max(recall.state, state, key=_ORDER.index)
                self.keep(replace(recall, state=further, signed=(*recall.signed, signed)))

    def keep(self, recall: Recall) -> None:
        """Keep a recall, in place of what it was before."""
        self._records.keep_page(RECALLS, recall.recall, recall.notice, _json(recall))

    def _carried(self, recall: Recall, kept: Kept) -> bool:
        """Whether an agreement lets a recall go to this member, asked before anything is made."""
        if recall.member not in kept.members:
            return False
        telling = Telling(
            notice_type=NoticeType.RECALL,
            sender=kept.members[self._member],
            recipient=kept.members[recall.member],
            acts_for=None,
            recipient_acts_for=None,
            scope=Scope(recall.scope),
            flags=NO_FLAGS,
            asserted_at=self._now(),
            evidence=EvidenceClass.RECIPIENT_NAMED,
        )
        return ask(telling, Category.IDENTITY, kept.terms, self._now()).permitted


def recall_facts(recall: Recall) -> Json:
    """What the sealed identity part of a recall says: which notice, which parts, why. Nobody's name."""
    return {"recalls": recall.notice, "parts": [part.value for part in recall.parts], "reason": recall.reason}


def read_recall(facts: Json) -> tuple[NoticeId, tuple[Part, ...], str]:
    """Read what `recall_facts` wrote; raise `MalformedMessage` for anything else."""
    reader = Reader(facts, "recall")
    notice, names, reason = reader.id("recalls", "ntc"), reader.list_of_text("parts"), reader.text("reason")
    reader.done()
    return NoticeId(notice), tuple(part for part in Part if part.value in set(names)), reason


def _json(recall: Recall) -> Json:
    return {
        "notice": recall.notice,
        "scope": recall.scope,
        "member": recall.member,
        "parts": [part.value for part in recall.parts],
        "reason": recall.reason,
        "state": recall.state.value,
        "made_at": recall.made_at.isoformat(),
        "officer": recall.officer,
        "carried_by": recall.carried_by,
        "signed": [*recall.signed],
    }


def _read(name: str, page: Json) -> Recall:
    reader = Reader(page, "recall")
    carried_by = reader.nullable_id("carried_by", "ntc")
    signed = reader.value("signed")
    return Recall(
        recall=name,
        notice=NoticeId(reader.id("notice", "ntc")),
        scope=reader.text("scope"),
        member=MemberId(reader.id("member", "mbr")),
        parts=tuple(Part(part) for part in reader.list_of_text("parts")),
        reason=reader.text("reason"),
        state=reader.choice("state", RecallState),
        made_at=datetime.fromisoformat(reader.text("made_at")),
        officer=reader.text("officer"),
        carried_by=None if carried_by is None else NoticeId(carried_by),
        signed=tuple(str(one) for one in signed) if isinstance(signed, list) else (),
    )
