"""Check a published notice before it is kept.

Decides whether these bytes are a notice that this member may publish now. It opens nothing,
matches nothing, and gives the same answer whether or not anybody waits for the notice (I9).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.consent.flags import Flags
from hub.consent.question import Scope
from hub.exchange.errors import Declined
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import CheckedNotice, KeyUse, Member, PaperKind, PaperState, RegisteredKey, Standing
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import VerifyingKey
from hub.protocols.limits import CLOCK_SKEW
from hub.protocols.names import EpochId, KeyId, MemberId, MemberKind
from hub.protocols.notice import Manifest, SignedNotice, read_envelope, verify_notice
from hub.protocols.notice_types import TYPES
from hub.protocols.promise import Promise, sign_promise
from hub.protocols.signing import Typ, key_id_of
from hub.protocols.token_record import rekey

PUBLISH_WITHIN: Final = timedelta(days=7)
"""A gateway that was cut off may deliver what it signed for this long; later it signs anew."""

MAY_PUBLISH: Final = frozenset({Standing.TRIAL, Standing.LIVE})
PROMISED_SLOTS: Final = 2


@dataclass(frozen=True, slots=True)
class Admission:
    """Who may publish, as it stood a moment ago: it only admits; what may leave is decided later."""

    members: Mapping[MemberId, Member]
    keys: Mapping[KeyId, RegisteredKey]
    verifying: Mapping[KeyId, VerifyingKey]
    epochs: frozenset[EpochId]


def read_admission(work: Work, now: datetime) -> Admission:
    """Read who may publish from the store."""
    members = {member.member: member for member in work.members.all()}
    keys = {
        key.key_id: key
        for member in members
        for key in work.members.keys(member)
        if key.use is KeyUse.SIGNING
    }
    return Admission(
        members=members,
        keys=keys,
        verifying={key_id: VerifyingKey.from_jwk(key.jwk) for key_id, key in keys.items()},
        epochs=frozenset(
            EpochId(paper.name)
            for paper in work.papers.all(PaperKind.EPOCH)
            if paper.state is PaperState.IN_FORCE
            and paper.valid_until is not None
            and now < paper.valid_until
        ),
    )


def check_notice(data: bytes, caller: MemberId, admission: Admission, hub: Hub) -> CheckedNotice:
    """Check published bytes, in this order, and stop at the first fault.

    1. the form
    2. the key that signed: registered for the caller, in its time, not revoked
    3. the signature, every digest, every size
    4. the sender: the caller itself, admitted
    5. the times, the epoch, the recipient

    Raises `MalformedMessage`, `Untrusted` or `Declined`.
    """
    now = hub.now()
    envelope = read_envelope(data)
    key_id = _signing_key(key_id_of(envelope.manifest, Typ.NOTICE), caller, admission, now)
    signed = verify_notice(envelope, admission.verifying[key_id])
    member = _sender(signed.manifest, caller, admission)
    _check_times(signed.manifest, now)
    _check_surroundings(signed.manifest, admission)
    return CheckedNotice(
        signed=signed,
        keyed=rekey(signed.tokens, hub.index_key),
        scope=_scope(signed),
        flags=Flags.from_json(signed.manifest.assertion.flags),
        realm=member.realm,
        kept_at=now,
    )


def promise_for(checked: CheckedNotice, hub: Hub) -> str:
    """The signed word that this notice will be in the log; to be sent only after the commit."""
    return sign_promise(
        Promise(
            notice=checked.signed.manifest.notice,
            manifest=checked.signed.digest,
            kept_at=checked.kept_at,
            in_log_by=checked.kept_at + PROMISED_SLOTS * hub.slot,
        ),
        hub.key,
    )


def _signing_key(key_id: KeyId, caller: MemberId, admission: Admission, now: datetime) -> KeyId:
    key = admission.keys.get(key_id)
    if key is None or key.member != caller or key.log_index is None or key.revoked_at_index is not None:
        raise Untrusted(
            "signing-key", "register the signing key first; it must be yours, logged and not revoked"
        )
    if not key.valid_from - CLOCK_SKEW <= now < key.valid_until:
        raise Untrusted(
            "signing-key-time", "this signing key is outside its time: rotate the key and sign again"
        )
    return key_id


def _sender(manifest: Manifest, caller: MemberId, admission: Admission) -> Member:
    if manifest.sender != caller:
        raise Untrusted("sender-other", "the manifest names another sender than the member who publishes it")
    member = admission.members[caller]
    if member.standing not in MAY_PUBLISH or member.kind is MemberKind.OBSERVER:
        raise Declined("member-may-not-publish", "this member may not publish; ask the hub's operator")
    if member.kind not in TYPES[manifest.type].senders:
        raise Declined("member-may-not-publish", "this type of notice is not for this kind of member to send")
    if manifest.acts_for is not None and member.kind is not MemberKind.CAREERS_COMPANY:
        raise Declined("acts-for", "only a careers company acts for an authority")
    return member


def _check_times(manifest: Manifest, now: datetime) -> None:
    if manifest.issued_at > now + CLOCK_SKEW or manifest.assertion.asserted_at > now + CLOCK_SKEW:
        raise Declined(
            "notice-from-the-future", "the notice is dated ahead of the hub: check the gateway's clock"
        )
    if now - manifest.issued_at > PUBLISH_WITHIN or now >= manifest.expires_at:
        raise Declined(
            "notice-stale", f"sign the notice again: it is over {PUBLISH_WITHIN.days} days old or has ended"
        )


def _check_surroundings(manifest: Manifest, admission: Admission) -> None:
    if manifest.epoch not in admission.epochs:
        raise Declined("epoch-expired", "make the identifier tokens again under the linkage epoch in force")
    if manifest.recipient is not None and manifest.recipient not in admission.members:
        raise Declined("recipient-unknown", "the named recipient is not a member")
    if manifest.recipient == manifest.sender:
        raise MalformedMessage("recipient-self", "a notice goes to another member")


def _scope(signed: SignedNotice) -> Scope | None:
    try:
        return Scope(signed.manifest.assertion.scope)
    except ValueError:
        return None
