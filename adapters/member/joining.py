"""Join a hub: make keys, redeem the invitation, pin what people have checked.

What is pinned here (the log's key, the hub's key, the custodian's identity) is believed from then
on without asking. It is shown as fingerprints, to be compared by telephone with the operator's
and the custodian's: a hub that lies at this moment is caught by people, not by software.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from adapters.member.errors import GatewayFault
from adapters.member.home import Home, Pinned
from adapters.member.keyring import directory_documents, new_keyring
from adapters.member.transport import public_get, public_post
from hub.protocols.canonical import Json, Reader
from hub.protocols.keys import DocumentPublicKey, VerifyingKey
from hub.protocols.names import KeyId, MemberId


@dataclass(frozen=True, slots=True)
class Desk:
    """The team that a notice names: whom to ring."""

    name: str
    team: str
    telephone: str
    mailbox: str


@dataclass(frozen=True, slots=True)
class Joined:
    """What two people read to each other after joining."""

    member: MemberId
    fingerprint: KeyId
    hub_fingerprint: KeyId


def join(
    path: Path,
    hub_url: str,
    code: str,
    member: MemberId,
    desk: Desk,
    now: datetime,
    acts_for: MemberId | None = None,
) -> Joined:
    """Make a home's keys and redeem its invitation; raise `GatewayFault` where one is there already."""
    home = Home(path)
    if (path / "gateway.json").exists():
        raise GatewayFault("home-taken", "this folder is a gateway's home already; choose an empty one")
    known = read_configuration(hub_url)
    keyring = new_keyring()
    answer = public_post(
        hub_url,
        "/v1/enrolments",
        {
            "code": code,
            "identity": keyring.identity.public.jwks,
            "entries": directory_documents(keyring, member, now),
        },
    )
    enrolled = MemberId(Reader(answer, "enrolment").id("member", "mbr"))
    if enrolled != member:
        raise GatewayFault("invitation-other", "this invitation is for another member")
    home.keep(keyring)
    home.pin(
        Pinned(
            hub_url=hub_url.rstrip("/"),
            member=member,
            name=desk.name,
            log_vkey=known.log_vkey,
            hub_key=known.hub_key,
            custodian=known.custodian,
            custodian_identity=None,
            team=desk.team,
            telephone=desk.telephone,
            mailbox=desk.mailbox,
            acts_for=acts_for,
        )
    )
    return Joined(member, keyring.identity.public.key_id, VerifyingKey.from_jwk(known.hub_key).key_id)


def pin_custodian(home: Home, identity: Json) -> KeyId:
    """Pin the linkage custodian's identity key, as handed over out of band; return its fingerprint."""
    public = DocumentPublicKey.from_jwks(identity)
    home.pin(replace(home.pinned(), custodian_identity=identity))
    return public.key_id


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a hub says of itself in public."""

    log_vkey: str
    hub_key: Json
    custodian: MemberId
    slot_seconds: int


def read_configuration(hub_url: str) -> Configuration:
    """Read a hub's public configuration."""
    document = public_get(hub_url, "/.well-known/hub-configuration")
    if not isinstance(document, dict):
        raise GatewayFault("no-hub", "there is no hub at this address")
    reader = Reader(
        {name: document.get(name) for name in ("log_vkey", "hub_key", "custodian", "slot_seconds")}, "hub"
    )
    return Configuration(
        reader.text("log_vkey"),
        reader.value("hub_key"),
        MemberId(reader.id("custodian", "mbr")),
        reader.integer("slot_seconds"),
    )
