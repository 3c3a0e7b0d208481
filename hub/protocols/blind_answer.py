"""The hub's word on what a recipient answered, where the sender may not learn who that is.

What a recipient signs names it by its key. So where a notice went on blindly, its sender gets this
in place of the recipient's own acknowledgement or outcome: the hub has checked that one, and says
how far it has come. It is believed of a notice alone for which a blind key grant was given.
"""

from dataclasses import dataclass
from datetime import datetime

from hub.protocols import canonical, signing
from hub.protocols.acknowledgement import Level, OutcomeKind
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import MalformedMessage
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.names import DisclosureId, NoticeId
from hub.protocols.signing import Typ


@dataclass(frozen=True, slots=True)
class BlindAnswer:
    """Whoever received `notice` has answered this; `at` is when the hub passed it on."""

    notice: NoticeId
    delivery: DisclosureId
    says: Level | OutcomeKind
    at: datetime


def sign_blind_answer(answer: BlindAnswer, key: SigningKey) -> str:
    """Sign it with the hub's key."""
    body: Json = {
        "notice": answer.notice,
        "delivery": answer.delivery,
        "says": answer.says.value,
        "at": canonical.instant(answer.at),
    }
    return signing.sign(canonical.encode(body), Typ.BLIND_ANSWER, key)


def read_blind_answer(jws: str, hub: VerifyingKey) -> BlindAnswer:
    """Verify and read it; raise `Untrusted` or `MalformedMessage`."""
    reader = Reader(canonical.decode(signing.verify(jws, Typ.BLIND_ANSWER, hub)), "blind answer")
    answer = BlindAnswer(
        notice=NoticeId(reader.id("notice", "ntc")),
        delivery=DisclosureId(reader.id("delivery", "dis")),
        says=read_says(reader.text("says", max=40)),
        at=reader.instant("at"),
    )
    reader.done()
    return answer


def read_says(word: str) -> Level | OutcomeKind:
    """The level of an acknowledgement, or the outcome, that a word names; raise `MalformedMessage`."""
    if word in set(Level):
        return Level(word)
    if word in set(OutcomeKind):
        return OutcomeKind(word)
    raise MalformedMessage("field-choice", "says: a level of an acknowledgement or an outcome was expected")
