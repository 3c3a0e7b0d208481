"""Second looks at the member: officers confirm a match, compare names, say who leads.

The hub asks with a task that shows levels of agreement and names nobody. What an officer answers is
signed here. Names that come of a confirmed look are for a person to compare: this gateway signs no
`same` by itself. What is recalled is erased, and that is signed too.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Final

from adapters.member.directory import Directory
from adapters.member.errors import GatewayFault
from adapters.member.home import Pinned
from adapters.member.keyring import Keyring
from adapters.member.records import Records, Waiting
from adapters.member.transport import Transport
from hub.protocols.acknowledgement import Answer, Approval, sign_approval
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import Untrusted
from hub.protocols.lead import LeadWord, read_lead, sign_lead
from hub.protocols.names import DisclosureId, MemberId, NoticeId
from hub.protocols.signing import Typ, key_id_of

LOOK: Final = "second_look"
"""Kind under which a second look waits for a person here."""

CONFIRMED: Final = "approved"

MERGED: Final = "merged"
"""State of a notice of ours that another member's leads: NCCIS cohort status M."""


class Says(StrEnum):
    """What an officer says who has names and birthday beside its own record."""

    SAME = "same"
    NOT_SAME = "not_same"
    CANNOT_TELL = "cannot_tell"

    @property
    def answer(self) -> Answer:
        """The word that is signed."""
        return _SIGNED[self]


_SIGNED: Final = {
    Says.SAME: Answer.SAME,
    Says.NOT_SAME: Answer.DIFFERENT,
    Says.CANNOT_TELL: Answer.UNSURE,
}


class Looks:
    """What this member's officers look at, and what they say."""

    def __init__(
        self,
        pinned: Pinned,
        keyring: Callable[[], Keyring],
        records: Records,
        transport: Transport,
        directory: Directory,
        now: Callable[[], datetime],
    ) -> None:
        self._pinned = pinned
        self._keyring = keyring
        self._records = records
        self._transport = transport
        self._directory = directory
        self._now = now

    def all(self) -> list[Waiting]:
        """Every second look that came, those that were answered too."""
        return self._records.of_kind(LOOK)

    def one(self, item: str) -> Waiting:
        """One second look; raise `GatewayFault` where none of this id came here."""
        for look in (*self.all(), *self._records.of_kind("officer_task")):
            if look.item == item:
                return look
        raise GatewayFault("item-unknown", "no second look of this id came here; see `hub caseload looks`")

    def confirm(self, item: str, officer: str, *, yes: bool, named: bool = False) -> int:
        """Sign one officer's answer; return how many people have still to confirm after it.

        `named`: the other side may be told who we are, although somebody is shielded.
        """
        look = self.one(item)
        if look.notice is None or look.state != "open":
            raise GatewayFault("look-answered", "this second look was answered already")
        body = look.body if isinstance(look.body, dict) else {}
        officers = _names(body.get("officers"))
        if yes and officer.casefold() in {name.casefold() for name in officers}:
            raise GatewayFault(
                "look-second-person", "somebody else has to confirm this as well, not you again"
            )
        us, now = self._pinned.member, self._now()
        approval = Approval(DisclosureId(item), us, look.notice, yes, officer, now, yes and named)
        signed = sign_approval(approval, self._keyring().signing)
        self._transport.post(f"/v1/inbox/{item}/approval", {"approval": signed})
        officers = [*officers, officer]
        people = body.get("people")
        left = (people if isinstance(people, int) else 1) - len(officers) if yes else 0
        state = "open" if left > 0 else CONFIRMED if yes else "declined"
        all_let = yes and named and body.get("named") is not False
        self._records.settle(item, state, body | {"officers": [*officers], "named": all_let})
        return max(left, 0)

    def confirmed(self, notice: NoticeId | None) -> bool:
        """Whether officers of ours confirmed a second look at a match of this notice of ours."""
        return any(look.notice == notice and look.state == CONFIRMED for look in self.all())

    # --- who leads ------------------------------------------------------------------------------------

    def say_who_leads(self, item: str, officer: str, *, ours: bool) -> None:
        """Sign who leads a young person that two members count; agreed, the other's notice is merged."""
        look = self.one(item)
        body = look.body if isinstance(look.body, dict) else {}
        if look.notice is None or body.get("look") != "duplicate":
            raise GatewayFault("look-no-duplicate", "who leads is a question about a duplicate alone")
        word = LeadWord(DisclosureId(item), self._pinned.member, look.notice, ours, officer, self._now())
        signed = sign_lead(word, self._keyring().signing)
        self._transport.post(f"/v1/inbox/{item}/lead", {"lead": signed})
        for asked in self._records.waiting("lead"):
            if asked.notice == look.notice:
                self._records.decided(asked.item)

    def take_lead(self, name: DisclosureId, item: Reader) -> bool:
        """Take the other side's word on who leads; True where a person here has to answer it."""
        body, record = item.object("body"), Reader(item.object("opening").value("record"), "record")
        notice, theirs = NoticeId(body.id("notice", "ntc")), body.boolean("theirs")
        word = self._checked(notice, body.text("signed", max=16_384))
        # the entry is of their word, or of ours that agreed with it
        of_them, ours = record.text("member") == word.member, record.boolean("ours")
        if record.text("kind") != "lead" or word.ours != theirs or (ours if of_them else not ours) != theirs:
            raise Untrusted("answer-not-logged", "the log entry beside the word on who leads is another one")
        if not body.boolean("agreed"):
            self._records.wait(Waiting(name, "lead", notice, "open", {"they_lead": theirs}))
            return True
        if theirs:
            self._records.forget(notice, MERGED)
        else:
            self._records.set_sent(notice, "leads")
        return False

    def _checked(self, notice: NoticeId, jws: str) -> LeadWord:
        """A member whose notice was compared with this one of ours has signed the word."""
        key_id = key_id_of(jws, Typ.LEAD)
        for member in self._met(notice):
            if self._directory.has_key(member, key_id):
                word = read_lead(jws, self._directory.signing_key(member, key_id))
                if word.member == member:
                    return word
        raise Untrusted("answer-other-member", "no member that we compared this notice with has signed it")

    def _met(self, notice: NoticeId) -> list[MemberId]:
        return [one.sender for one in self._records.all_received() if one.counter == notice]


def _names(value: Json) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
