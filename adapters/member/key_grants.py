"""Answer a key request: check it all again, decide, and grant a box or say why not.

The hub's word is not enough. The gateway verifies, in this order:

1. the hub signed the request, and its entry is in the log
2. it is about a notice of ours, as we signed it
3. the counter-notice is signed by the recipient's own logged key
4. its tokens are those that were signed, and they match ours here too
5. the recipient's sealing key is logged
6. our own copy of the agreements permits it, under both notices' flags
7. a restricted notice waits for a named officer

`key_answers` adds one: it is not sent where it would tell where somebody shielded is (`would_name`).

Only the keys of parts that this decision permits go into the box. How old the counter-notice's
own assertion is, only the hub can tell (it may have been renewed since): what is held to thirty
days here is ours.
"""

from dataclasses import dataclass
from datetime import date, datetime

from adapters.member.directory import Directory
from adapters.member.errors import GatewayFault
from adapters.member.home import Pinned
from adapters.member.keyring import Keyring
from adapters.member.records import Sent
from adapters.member.terms import Telling, Terms, ask, could_get
from adapters.scope import under_18_throughout
from hub.consent.decision import Decision
from hub.consent.flags import Flags, union
from hub.consent.question import Category, EvidenceClass, Scope
from hub.matching.verdict import Outcome, judge
from hub.protocols import canonical
from hub.protocols.canonical import Reader
from hub.protocols.errors import Untrusted
from hub.protocols.key_grant import KeyGrant, KeyRequest, read_counter_tokens, renewal_of, sign_grant
from hub.protocols.limits import ASSERTION_AGE
from hub.protocols.names import Digest, EpochId, MemberId, Part
from hub.protocols.notice import (
    Assertion,
    Manifest,
    manifest_digest,
    read_assertion,
    read_envelope,
    read_manifest,
)
from hub.protocols.notice_types import TYPES, Place
from hub.protocols.restatement import read_renewal
from hub.protocols.sealing import seal_box
from hub.protocols.signing import Typ, key_id_of
from hub.protocols.token_record import TokenRecord


@dataclass(frozen=True, slots=True)
class Granted:
    """A signed answer; `box` is None where it is a no, `refused` then says why."""

    grant: str
    box: str | None
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """No machine may answer this: a named officer decides."""

    reason: str


def answer(
    request: KeyRequest,
    sent: Sent | None,
    pinned: Pinned,
    keyring: Keyring,
    directory: Directory,
    terms: Terms,
    now: datetime,
    officer: str | None = None,
) -> Granted | Held:
    """Steps 2 to 7; step 1 is the inbox's. Raises `Untrusted` where the request does not hold."""
    # 2
    if sent is None or request.sender != pinned.member or request.manifest != sent.digest:
        raise Untrusted("request-other-notice", "the key request is about a notice that we did not send")
    if sent.over:
        return refuse(request, ("R-WITHDRAWN",), keyring, now, officer)
    own = own_manifest(sent, keyring)
    # 3
    counter = _counter(request, directory, now)
    # 4
    theirs = _counter_tokens(request, counter, directory)
    strength = _match_again(own_tokens(sent, theirs.epoch), theirs, request, pinned.member)
    # 5
    recipient_key = directory.sealing_key(request.recipient, request.recipient_key)
    # 6
    assertion = asserted(sent, own)
    telling = _telling(own, counter, assertion, strength, request, directory)
    identity = ask(telling, Category.IDENTITY, terms, now)
    if not identity.permitted:
        return refuse(request, codes_of(identity), keyring, now, officer)
    # 7
    own_flags = Flags.from_json(assertion.flags)
    if (own_flags.restricted or own_flags.shield) and officer is None:
        return Held("restricted")
    parts = could_get(telling, terms, now)
    if Part.PARENT in parts and is_nearly_18(sent, now):
        parts -= {Part.PARENT}
    box = seal_box({part: content_key(sent, part) for part in parts}, own.notice, recipient_key)
    return _sign(request, box, (), keyring, now, officer)


def would_name(
    request: KeyRequest, sent: Sent, keyring: Keyring, directory: Directory, now: datetime
) -> bool:
    """Whether a key would tell one whom somebody shielded has left that they have come to us.

    Raises as `answer` does.
    """
    own, counter = own_manifest(sent, keyring), _counter(request, directory, now)
    flags = union(Flags.from_json(asserted(sent, own).flags), Flags.from_json(counter.assertion.flags))
    places = TYPES[own.type].place, TYPES[counter.type].place
    return flags.shield and places == (Place.ARRIVAL, Place.DEPARTURE)


def is_nearly_18(sent: Sent, now: datetime) -> bool:
    """Whether the person of a notice of ours is 18 by the end of what we assert of it."""
    body = sent.body if isinstance(sent.body, dict) else {}
    born = date.fromisoformat(Reader(body.get("identity"), "identity").text("dob"))
    return not under_18_throughout(born, now.date(), ASSERTION_AGE.days)


def _counter(request: KeyRequest, directory: Directory, now: datetime) -> Manifest:
    key = directory.signing_key(request.recipient, key_id_of(request.counter_manifest, Typ.NOTICE))
    counter = read_manifest(request.counter_manifest, key)
    if counter.sender != request.recipient:
        raise Untrusted("request-other-recipient", "the counter-notice is not by the member that asks")
    if counter.expires_at <= now:
        raise Untrusted("request-expired", "the counter-notice is over; it draws no key any more")
    return counter


def _counter_tokens(request: KeyRequest, counter: Manifest, directory: Directory) -> TokenRecord:
    """The counter-notice's tokens, as its manifest has them or as its sender made them anew."""
    epoch, signed, renewed = counter.epoch, counter.tokens, renewal_of(request.counter_tokens)
    if renewed is not None:
        key = directory.signing_key(request.recipient, key_id_of(renewed, Typ.RENEWAL))
        renewal = read_renewal(renewed, key)
        if renewal.notice != counter.notice:
            raise Untrusted("answer-other-notice", "the renewed tokens are another notice's")
        epoch, signed = renewal.epoch, renewal.tokens
    theirs = read_counter_tokens(request.counter_tokens, signed)
    if theirs.epoch != epoch:
        raise Untrusted("token-epoch", "the counter-notice's tokens are of another epoch than it says")
    return theirs


def own_manifest(sent: Sent, keyring: Keyring) -> Manifest:
    """The manifest of a notice of ours as we signed it; raise `GatewayFault` where it is not kept."""
    ours = read_envelope(canonical.unb64u(_text(sent, "envelope")))
    return read_manifest(ours.manifest, keyring.signed_with(key_id_of(ours.manifest, Typ.NOTICE)))


def own_tokens(sent: Sent, epoch: EpochId) -> TokenRecord:
    """Our tokens of a notice in an epoch: those that it was published with, or those made anew."""
    made = [read_envelope(canonical.unb64u(_text(sent, "envelope"))).tokens]
    if isinstance(sent.body, dict) and "renewed" in sent.body:
        made.append(TokenRecord.from_json(Reader(sent.body["renewed"], "renewed").value("tokens")))
    for record in made:
        if record.epoch == epoch:
            return record
    raise Untrusted("token-epoch", "our notice has no tokens of that epoch yet; the next poll makes them")


def _match_again(
    ours: TokenRecord, theirs: TokenRecord, request: KeyRequest, member: MemberId
) -> EvidenceClass:
    """Judge the pair here; an invented match draws no key."""
    verdict = judge(ours, theirs)
    if verdict.outcome is Outcome.NONE or (
        verdict.outcome is not Outcome.CERTAIN and member not in request.approved_by
    ):
        raise Untrusted("request-no-match", "the two notices do not match here; no key is granted")
    return EvidenceClass(verdict.strength.value)


def asserted(sent: Sent, own: Manifest) -> Assertion:
    """What we last asserted of a notice of ours: at publish, or when it was renewed."""
    newest = sent.body.get("assertion") if isinstance(sent.body, dict) else None
    return own.assertion if newest is None else read_assertion(Reader(newest, "assertion"))


def _telling(
    own: Manifest,
    counter: Manifest,
    assertion: Assertion,
    strength: EvidenceClass,
    request: KeyRequest,
    directory: Directory,
) -> Telling:
    return Telling(
        notice_type=own.type,
        sender=directory.listing(own.sender),
        recipient=directory.listing(request.recipient),
        acts_for=own.acts_for,
        recipient_acts_for=counter.acts_for,
        scope=Scope(assertion.scope),
        flags=union(Flags.from_json(assertion.flags), Flags.from_json(counter.assertion.flags)),
        asserted_at=assertion.asserted_at,
        evidence=strength,
        approved_by=frozenset(request.approved_by),
    )


def refuse(
    request: KeyRequest, codes: tuple[str, ...], keyring: Keyring, now: datetime, officer: str | None
) -> Granted:
    """Sign a no, with the codes of its reasons; no box goes with it."""
    return _sign(request, None, codes, keyring, now, officer)


def _sign(
    request: KeyRequest,
    box: str | None,
    refused: tuple[str, ...],
    keyring: Keyring,
    now: datetime,
    officer: str | None,
) -> Granted:
    grant = KeyGrant(
        request=request.request,
        manifest=request.manifest,
        counter_manifest=manifest_digest(request.counter_manifest),
        recipient=request.recipient,
        recipient_key=request.recipient_key,
        box=None if box is None else Digest(canonical.digest(box.encode())),
        refused=refused,
        officer=officer,
        granted_at=now,
    )
    return Granted(sign_grant(grant, keyring.signing), box, refused)


def codes_of(decision: Decision) -> tuple[str, ...]:
    """The codes of a refusal's reasons, sorted."""
    return tuple(sorted({reason.code.value for reason in decision.reasons}))


def content_key(sent: Sent, part: Part) -> bytes:
    """The key of one sealed part of a notice of ours; raise `GatewayFault` where it is gone."""
    keys = sent.body["keys"] if isinstance(sent.body, dict) else None
    if not isinstance(keys, dict):
        raise GatewayFault("keys-gone", "the content keys of this notice are no longer kept")
    return canonical.unb64u(str(keys[part.value]), 32)


def _text(sent: Sent, name: str) -> str:
    if not isinstance(sent.body, dict) or name not in sent.body:
        raise GatewayFault("keys-gone", "this notice is no longer kept in full")
    return str(sent.body[name])
