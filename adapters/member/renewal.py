"""Keep what is asserted true, and forget what is over: what a gateway does once a day by itself.

A notice lives until the 31 January that follows; what its sender asserted of it counts for thirty
days. So the gateway asserts it anew while it is still true. Where it is not (the young person has
grown out of scope) it stays silent, and the notice stops by itself. A notice whose time is over is
forgotten: content keys and clear identity with it.
"""

from datetime import date, datetime, timedelta
from typing import Final

from adapters.member.errors import HubRefused
from adapters.member.records import Records, Sent
from adapters.member.transport import Transport
from adapters.move import Found, Move
from adapters.scope import scope_throughout
from hub.protocols import canonical, signing
from hub.protocols.canonical import Json, Reader
from hub.protocols.keys import SigningKey
from hub.protocols.limits import ASSERTION_AGE
from hub.protocols.notice import Assertion, assertion_json, read_assertion
from hub.protocols.signing import Typ

RENEW_AFTER: Final = timedelta(days=20)
"""Ten days before an assertion is stale: a gateway that looks in once a week misses none."""


def renew(records: Records, transport: Transport, key: SigningKey, now: datetime) -> int:
    """Assert anew what was asserted long ago and is still true; return how many notices it was."""
    renewed = 0
    for sent in records.all_sent():
        assertion = _still_true(sent, now)
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


def forget_expired(records: Records, now: datetime) -> int:
    """Forget every notice whose time is over; return how many it was."""
    over = [sent.notice for sent in records.all_sent() if _is_over(sent, now)]
    for notice in over:
        records.forget(notice, "expired")
    return len(over)


def _still_true(sent: Sent, now: datetime) -> Assertion | None:
    """What can be asserted of a notice now; None where it need not be, or is true no more."""
    if sent.over or sent.state == "queued" or not isinstance(sent.body, dict):
        return None
    asserted = sent.body.get("assertion")
    if asserted is None:
        return None
    last = read_assertion(Reader(asserted, "assertion"))
    if now - last.asserted_at < RENEW_AFTER:
        return None
    scope = scope_throughout(_person(sent.body), now.date(), ASSERTION_AGE.days)
    return None if scope is None else Assertion(scope, last.flags, now)


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
