"""Take a notice's tokens for the next linkage epoch, and let the last epoch's go once it is over.

Two epochs overlap: notices of both are taken, each meets those of its own. Every gateway makes the
tokens of its open notices anew, once for each epoch, and signs their digests; the signed word is
entered in the log, and the notice is carried again as if it had just come. What was not made anew by
the end of the old epoch is found no more.
"""

from datetime import timedelta
from typing import Final

from hub.exchange import disclosure_log
from hub.exchange.errors import Declined
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import Errand, ErrandKind, PaperKind, PaperState, Standing, StoredNotice
from hub.exchange.states import NoticeState
from hub.exchange.trust import signing_key
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.errors import Untrusted
from hub.protocols.names import EpochId
from hub.protocols.restatement import Renewal, read_renewal, reread_renewal
from hub.protocols.signing import Typ
from hub.protocols.token_record import TokenRecord, rekey

DROPPED_AT_ONCE: Final = 20_000
"""Postings of an ended epoch taken away in one unit of work: some 50 ms in which nobody else writes."""


DUE_BEFORE_END: Final = timedelta(days=28)
"""How long before an epoch's end the next one is due: two weeks to open it, two of overlap."""

LEAVES: Final = 1
"""Entries of a renewal: its sender's word."""

WITH_A_KEY: Final = frozenset({Standing.TRIAL, Standing.LIVE})


def renew_tokens(notice: StoredNotice, jws: str, tokens: Json, work: Work, hub: Hub) -> None:
    """Put a notice's tokens of a later epoch in the place of its own, and have it carried again.

    Raises `Untrusted` where they are not those that its sender signed, `MalformedMessage` for a
    wrong count or length, `Declined` for an unknown, ended or earlier epoch and for a notice that
    is no longer open. The same tokens again change nothing.
    """
    renewal = read_renewal(jws, signing_key(jws, Typ.RENEWAL, notice.sender, work, hub))
    record = TokenRecord.from_json(tokens)
    if renewal.notice != notice.notice:
        raise Untrusted("answer-other-notice", "the renewal names another notice")
    if (record.epoch, record.digests) != (renewal.epoch, renewal.tokens):
        raise Untrusted("token-digest", "the identifier tokens are not those that were signed")
    if notice.renewed is not None and _same(renewal, reread_renewal(notice.renewed)):
        return
    if notice.state is not NoticeState.OPEN:
        raise Declined("notice-over", "this notice has ended: its tokens need not be made anew")
    _check_follows(renewal.epoch, notice.keyed.epoch, work, hub)
    work.notices.renew_tokens(notice.notice, record, rekey(record, hub.index_key), jws)
    body: Json = {"epoch": renewal.epoch, "renewal": canonical.digest(jws.encode())}
    work.outbox.add(Errand(ErrandKind.CARRY, notice.notice, body), hub.now())


def enter(notice: StoredNotice, word: dict[str, Json], work: Work, hub: Hub) -> None:
    """Enter that a sender has made a notice's tokens anew, and what it signed.

    Whoever is found by them afterwards was found on this word: an auditor holds the sender to it.
    """
    facts: dict[str, Json] = {
        "notice": notice.notice,
        "sender": notice.sender,
        "epoch": word["epoch"],
        "renewal": word["renewal"],
    }
    disclosure_log.record_event("renewal", facts, {notice.sender}, work, hub, notice=notice.notice)


def drop_ended(work: Work, hub: Hub) -> bool:
    """Take away a part of what the index holds of ended epochs; True while there may be more."""
    now = hub.now()
    for epoch in work.papers.outlines(PaperKind.EPOCH):
        current = epoch.state is PaperState.IN_FORCE
        ended = current and epoch.valid_until is not None and epoch.valid_until <= now
        if ended and work.index.drop(EpochId(epoch.name), DROPPED_AT_ONCE):
            return True
    return False


def rotation_due(work: Work, hub: Hub) -> list[str]:
    """What the linkage custodian has to do, in words, each with the reason; nothing where all is well."""
    now, told = hub.now(), list[str]()
    current = [paper for paper in work.papers.outlines(PaperKind.EPOCH) if paper.in_force(now)]
    if not current:
        return ["rotation due: no linkage epoch is in force"]
    newest = max(current, key=lambda paper: paper.valid_from)
    for member in work.members.all():
        holds = work.papers.wrapped_key(EpochId(newest.name), member.member) is not None
        if holds and member.standing is Standing.SUSPENDED:
            told.append(f"rotation due: {member.member} is suspended and holds the key of {newest.name}")
        elif not holds and member.standing in WITH_A_KEY and member.member not in newest.parties:
            told.append(f"wrap due: {member.member} has joined and has no key of {newest.name}")
    if newest.valid_until is not None and newest.valid_until - now <= DUE_BEFORE_END:
        told.append(f"rotation due: {newest.name} ends within {DUE_BEFORE_END.days} days")
    return told


def _same(renewal: Renewal, kept: Renewal) -> bool:
    return (renewal.epoch, renewal.tokens) == (kept.epoch, kept.tokens)


def _check_follows(epoch: EpochId, current: EpochId, work: Work, hub: Hub) -> None:
    """Whether an epoch is in its time now, and began after the one that the notice has tokens of."""
    known = {
        one.name: one for one in work.papers.outlines(PaperKind.EPOCH) if one.state is PaperState.IN_FORCE
    }
    new, old = known.get(epoch), known.get(current)
    if new is None or new.valid_until is None or not new.in_force(hub.now()):
        raise Declined("epoch-expired", "make the identifier tokens again under the linkage epoch in force")
    if epoch == current or (old is not None and new.valid_from <= old.valid_from):
        raise Declined("epoch-earlier", "the notice has tokens of this epoch, or of a later one, already")
