"""One party's signed word that stops, resumes or ends what it stands behind.

Decides whether a word is its party's own and fresh; what it makes of a paper is for the verb that
takes it. Every word is kept: so there is proof of who has stopped what, and a word that let something
flow again is worth nothing once a later one has stopped it.
"""

from typing import Final

from hub.exchange.errors import Declined
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import Errand, ErrandKind, Paper, PaperKind, PaperState
from hub.exchange.trust import identity_key
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.limits import CLOCK_SKEW
from hub.protocols.mandate import Change, Suspension, read_suspension, reload_suspension
from hub.protocols.names import MemberId

STATES: Final = {
    (PaperState.IN_FORCE, Change.SUSPEND): PaperState.SUSPENDED,
    (PaperState.IN_FORCE, Change.END): PaperState.ENDED,
    (PaperState.SUSPENDED, Change.SUSPEND): PaperState.SUSPENDED,
    (PaperState.SUSPENDED, Change.END): PaperState.ENDED,
    (PaperState.SUSPENDED, Change.RESUME): PaperState.IN_FORCE,
}
"""What one party's word makes of a paper."""


def read_word(document: Json, caller: MemberId, work: Work, hub: Hub) -> Suspension:
    """A party's word, verified; one that resumes is not older than any other of its words.

    What stops is taken whatever its instant, since a clock that is behind must keep nobody from
    stopping; but no copy of it is, once something was said after it. A stop may so be dated before the
    resume that it stands against: what has resumed once does not resume again. Raises `Untrusted` for
    another's signature, `Declined("word-over")` for what a later word stands against, and
    `Declined("word-ahead")` for a resume from the future, which would outlive the next suspension.
    """
    word = read_suspension(document, identity_key(caller, work))
    kept = [reload_suspension(paper.document) for paper in _kept(word, work)]
    resumes = word.change is Change.RESUME
    later = any(word.signed_at < one.signed_at for one in kept)
    if (later and (resumes or word in kept)) or (resumes and word in kept[:-1]):
        raise Declined("word-over", "a later word of yours stands against this one: sign it anew")
    if resumes and word.signed_at > hub.now() + CLOCK_SKEW:
        raise Declined("word-ahead", "this was signed by a clock that is ahead: set it, and sign anew")
    return word


def keep_word(word: Suspension, document: Json, about: Paper, work: Work, hub: Hub) -> None:
    """Keep a word that was taken, and have it and what it changed entered in the log."""
    name = _named(word)
    kept = Paper(
        kind=PaperKind.WORD,
        name=name,
        version=len(_kept(word, work)) + 1,
        digest=canonical.digest(canonical.encode(document)),
        document=document,
        signed=document,
        parties=(word.member, *(party for party in about.parties if party != word.member)),
        signed_by=(word.member,),
        state=PaperState.PROPOSED,
        valid_from=word.signed_at,
        valid_until=None,
        log_index=None,
    )
    work.papers.put(kept)
    said: Json = {
        "what": "agreement_changed",
        "version": about.version,
        "change": word.change.value,
        "by": word.member,
    }
    work.outbox.add(Errand(ErrandKind.RECORD, about.name, said), hub.now())
    entered: Json = {"what": PaperKind.WORD.value, "version": kept.version}
    work.outbox.add(Errand(ErrandKind.RECORD, name, entered), hub.now())


def _kept(word: Suspension, work: Work) -> list[Paper]:
    """What the same party has said of the same agreement before."""
    return [paper for paper in work.papers.all(PaperKind.WORD) if paper.name == _named(word)]


def _named(word: Suspension) -> str:
    return f"{word.agreement}~{word.member}"
