"""Who leads, where two members count one young person: one member's signed word.

Each side signs its own word, and it takes two that agree: one says "we", the other "they". The
notice of the side that does not lead is then closed as merged (NCCIS cohort status M). A word
names the task by which its member was asked about the match, and never the other side.
"""

from dataclasses import dataclass
from datetime import datetime

from hub.protocols import canonical, signing
from hub.protocols.canonical import Json, Reader
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.names import DisclosureId, MemberId, NoticeId
from hub.protocols.notice import WORDS
from hub.protocols.signing import Typ


@dataclass(frozen=True, slots=True)
class LeadWord:
    """A named officer of `member` says who leads: `ours` where the member itself does."""

    task: DisclosureId
    member: MemberId
    notice: NoticeId
    """The member's own notice, which stays open or closes as merged."""
    ours: bool
    officer: str
    signed_at: datetime


def sign_lead(word: LeadWord, key: SigningKey) -> str:
    """Sign a word on who leads with the member's signing key."""
    body: Json = {
        "task": word.task,
        "member": word.member,
        "notice": word.notice,
        "ours": word.ours,
        "officer": word.officer,
        "signed_at": canonical.instant(word.signed_at),
    }
    return signing.sign(canonical.encode(body), Typ.LEAD, key)


def read_lead(jws: str, member: VerifyingKey) -> LeadWord:
    """Verify and read a word on who leads; raise `Untrusted` or `MalformedMessage`."""
    reader = Reader(canonical.decode(signing.verify(jws, Typ.LEAD, member)), Typ.LEAD.value)
    word = LeadWord(
        task=DisclosureId(reader.id("task", "dis")),
        member=MemberId(reader.id("member", "mbr")),
        notice=NoticeId(reader.id("notice", "ntc")),
        ours=reader.boolean("ours"),
        officer=reader.text("officer", pattern=WORDS),
        signed_at=reader.instant("signed_at"),
    )
    reader.done()
    return word
