"""The monthly account with one other member: made of the log as it was shown here, and of our own records.

What was received under a shield is left out, and all of whose sender was never told of us, collected or
not: the account goes to that sender, who must not learn from it where the young person is.
"""

from typing import TYPE_CHECKING

from adapters.member.bundle_export import disclosures
from adapters.member.errors import GatewayFault
from hub.protocols.canonical import Json
from hub.protocols.delivery import ReleaseRecord, read_release
from hub.protocols.errors import Untrusted
from hub.protocols.names import DisclosureId, MemberId, NoticeId
from hub.protocols.reconciliation import MONTH, OPEN, Account, Asked, Line, read_account, sign_account
from hub.protocols.signing import Typ, key_id_of

if TYPE_CHECKING:
    from adapters.member.gateway import Gateway


def make_account(gateway: "Gateway", other: MemberId, month: str) -> tuple[Account, str]:
    """Return the month with this member and the same signed; raise `GatewayFault` for what is no month."""
    if not MONTH.fullmatch(month):
        raise GatewayFault("month-form", "write the month as 2026-11")
    us, seen = gateway.pinned.member, gateway.auditor.accept(gateway.read_log("checkpoint").decode())
    sent, received = list[Line](), list[Line]()
    asked, ever, released = dict[NoticeId, int](), set[NoticeId](), set[NoticeId]()
    for index, opening in disclosures(gateway):
        record = opening.record
        if not isinstance(record, dict) or index >= seen.size:
            continue
        pair, now = (record.get("sender"), record.get("recipient")), _in(record, month)
        if set(pair) != {us, other}:
            continue
        if record.get("kind") == "key_request":
            notice = NoticeId(str(record.get("notice")))
            ever.add(notice)
            if now:
                asked.setdefault(notice, index)
        elif record.get("kind") == "release" and now:
            release = read_release(record)
            line = _line(gateway, index, release, ours=release.sender == us)
            released.add(line.notice)
            if release.sender == us:
                sent.append(line)
            elif (release.fact is None or line.notice in ever) and not _shielded(gateway, line):
                received.append(line)  # who named us, or was asked for a key to us, knows who we are
    unreleased = tuple(
        Asked(notice, index) for notice, index in sorted(asked.items()) if notice not in released
    )
    account = Account(us, other, month, seen.size, tuple(sent), tuple(received), unreleased, gateway.now)
    return account, sign_account(account, gateway.signing_key)


def read_theirs(gateway: "Gateway", other: MemberId, month: str, jws: str) -> Account:
    """Verify the other side's account of the same month, under its logged key."""
    key = gateway.directory.signing_key(other, key_id_of(jws, Typ.RECONCILIATION))
    theirs = read_account(jws, key)
    if (theirs.member, theirs.other, theirs.month) != (other, gateway.pinned.member, month):
        raise Untrusted("account-other", "the account is another member's, with another, or of another month")
    return theirs


def _in(record: Json, month: str) -> bool:
    return isinstance(record, dict) and str(record.get("at")).startswith(month)


def _line(gateway: "Gateway", index: int, release: ReleaseRecord, *, ours: bool) -> Line:
    parts = tuple(sorted(part.part.value for part in release.parts))
    state = _state(gateway, release.delivery, release.notice, ours)
    return Line(release.delivery, release.notice, index, parts, state)


def _state(gateway: "Gateway", delivery: DisclosureId, notice: NoticeId, ours: bool) -> str:
    if ours:
        sent = gateway.records.sent(notice)
        return OPEN if sent is None or sent.state == "published" else sent.state
    received = gateway.records.received(delivery)
    return OPEN if received is None else received.state


def _shielded(gateway: "Gateway", line: Line) -> bool:
    """Whether either notice of a delivery bears a shield, as far as it is known here."""
    received = gateway.records.received(line.delivery)
    about = received.body.get("about") if received is not None and isinstance(received.body, dict) else None
    if not isinstance(about, dict) or about.get("shield") is True:
        return received is not None
    counter = None if received is None or received.counter is None else gateway.records.sent(received.counter)
    body = counter.body if counter is not None and isinstance(counter.body, dict) else {}
    asserted = body.get("assertion")
    flags = asserted.get("flags") if isinstance(asserted, dict) else None
    return isinstance(flags, dict) and flags.get("shield") is True
