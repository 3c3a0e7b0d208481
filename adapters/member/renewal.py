"""Keep what is asserted true, and forget what is over: what a gateway does once a day by itself.

A notice lives until the 31 January that follows; what its sender asserted of it counts for thirty
days. So the gateway asserts it anew while it is still true. Where it is not (the young person has
grown out of scope) it stays silent, and the notice stops by itself. A notice whose time is over is
forgotten: content keys and clear identity with it.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from adapters.member.errors import HubRefused
from adapters.member.facts import person_from
from adapters.member.flag_book import flags_json
from adapters.member.keyring import Keyring
from adapters.member.records import Records, Sent
from adapters.member.transport import Transport
from adapters.move import Found, Move
from adapters.scope import scope_throughout
from hub.consent.flags import Flags
from hub.matching.tokens import make_tokens
from hub.protocols import canonical, signing
from hub.protocols.canonical import Json, Reader
from hub.protocols.keys import SigningKey
from hub.protocols.limits import ASSERTION_AGE
from hub.protocols.names import EpochId, NoticeId
from hub.protocols.notice import Assertion, assertion_json, read_assertion, read_envelope
from hub.protocols.restatement import Renewal, sign_renewal
from hub.protocols.signing import Typ
from hub.protocols.token_record import LinkageKey

RENEW_AFTER: Final = timedelta(days=20)
"""Ten days before an assertion is stale: a gateway that looks in once a week misses none."""


FlagsNow = Callable[[Sent, Flags], Flags]
"""The flags of a notice as they stand now, from what was asserted of it last."""


def renew(
    records: Records,
    transport: Transport,
    key: SigningKey,
    now: datetime,
    flags_now: FlagsNow = lambda _, last: last,
) -> int:
    """Assert anew what was asserted long ago and is still true; return how many notices it was.

    Never at another time: what is asserted anew on a birthday would tell the hub the birthday.
    """
    renewed = 0
    for sent in records.all_sent():
        assertion = _still_true(sent, now, flags_now)
        if assertion is not None:
            word: Json = {"notice": sent.notice, "assertion": assertion_json(assertion)}
            signed = signing.sign(canonical.encode(word), Typ.ASSERTION, key)
            try:
                transport.post(f"/v1/notices/{sent.notice}/assertions", {"assertion": signed})
            except HubRefused:
                continue  # it has ended at the hub; the notice's own state comes by the inbox
            _keep(records, sent, assertion)
            renewed += 1
    return renewed


@dataclass(frozen=True, slots=True)
class Renewed:
    """What was made anew for an epoch, and what could not be: found no more once its own epoch ends."""

    notices: tuple[NoticeId, ...]
    epoch_expired: tuple[NoticeId, ...]


def renew_tokens(
    records: Records, transport: Transport, keyring: Keyring, epoch: EpochId, now: datetime
) -> Renewed:
    """Make the tokens of every open notice anew under an epoch's key, sign them and tell the hub.

    What was made is kept before it is sent, so that what a crash interrupts is sent again as it was.
    """
    done, left = list[NoticeId](), list[NoticeId]()
    for sent in records.all_sent():
        body = sent.body
        if sent.over or sent.state == "queued" or not isinstance(body, dict) or _has_tokens(body, epoch):
            continue
        made = make_anew(sent.notice, body, keyring, epoch, now)
        if made is None:
            left.append(sent.notice)
            continue
        word: dict[str, Json] = {"renewal": made["renewal"], "tokens": made["tokens"]}
        records.rewrite(sent.notice, {**body, "renewed": made})
        try:
            transport.post(f"/v1/notices/{sent.notice}/tokens", word)
        except HubRefused:
            left.append(sent.notice)
            continue
        records.rewrite(sent.notice, {**body, "renewed": {**made, "at_hub": True}})
        done.append(sent.notice)
    return Renewed(tuple(done), tuple(left))


def _has_tokens(body: dict[str, Json], epoch: EpochId) -> bool:
    """Whether the hub has tokens of this epoch for a notice."""
    renewed = body.get("renewed")
    if isinstance(renewed, dict) and renewed.get("at_hub") is True:
        return renewed.get("epoch") == epoch
    return read_envelope(canonical.unb64u(str(body["envelope"]))).tokens.epoch == epoch


def make_anew(
    notice: NoticeId, body: dict[str, Json], keyring: Keyring, epoch: EpochId, now: datetime
) -> dict[str, Json] | None:
    """Tokens of an epoch and their signed digests; None where it is not kept what they are made of."""
    kept = body.get("renewed")
    if isinstance(kept, dict) and kept.get("epoch") == epoch:
        return kept
    if "person" not in body:
        return None
    tokens = make_tokens(person_from(body["person"]), LinkageKey(keyring.linkage[epoch]), epoch, os.urandom)
    renewal = Renewal(notice, epoch, tokens.digests, now.replace(microsecond=0))
    signed = sign_renewal(renewal, keyring.signing)
    return {"epoch": epoch, "tokens": tokens.to_json(), "renewal": signed, "at_hub": False}


def forget_expired(records: Records, now: datetime) -> int:
    """Forget every notice whose time is over; return how many it was."""
    over = [sent.notice for sent in records.all_sent() if _is_over(sent, now)]
    for notice in over:
        records.forget(notice, "expired")
    return len(over)


def _still_true(sent: Sent, now: datetime, flags_now: FlagsNow) -> Assertion | None:
    """What can be asserted of a notice now; None where it need not be, or is true no more."""
    if sent.over or sent.state == "queued" or not isinstance(sent.body, dict):
        return None
    asserted = sent.body.get("assertion")
    if asserted is None:
        return None
    last = read_assertion(Reader(asserted, "assertion"))
    if now - last.asserted_at < RENEW_AFTER:
        return None
    scope = _scope_now(sent, sent.body, last.scope, now)
    if scope is None:
        return None
    return Assertion(scope, flags_json(flags_now(sent, Flags.from_json(last.flags))), now)


def _scope_now(sent: Sent, body: dict[str, Json], last: str, now: datetime) -> str | None:
    """The scope that holds for thirty days; of a recall, which speaks of nobody, the one it was made with."""
    if "identity" not in body:
        return last
    return scope_throughout(_person(body), now.date(), ASSERTION_AGE.days, sent.type)


def _person(body: dict[str, Json]) -> Move:
    """As much of the person as a scope depends on: a birthday and two statuses."""
    identity = Reader(body.get("identity"), "identity")
    statuses = Reader(body, "notice").list_of_text("statuses")
    return Move("", "", "", date.fromisoformat(identity.text("dob")), found=frozenset(map(Found, statuses)))


def _keep(records: Records, sent: Sent, assertion: Assertion) -> None:
    if isinstance(sent.body, dict):
        records.rewrite(sent.notice, {**sent.body, "assertion": assertion_json(assertion)})


def _is_over(sent: Sent, now: datetime) -> bool:
    if not isinstance(sent.body, dict) or "expires" not in sent.body:
        return False
    return Reader(sent.body, "notice").instant("expires") <= now
