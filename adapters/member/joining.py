"""Join a hub: make keys, redeem the invitation, pin what people have checked.

What is pinned here (the log's key, the hub's key, the custodian's identity) is believed from then
on without asking. It is shown as fingerprints, to be compared by telephone with the operator's
and the custodian's: a hub that lies at this moment is caught by people, not by software.

Keys are kept before the invitation is used, and the settings are written last: a join that was
cut off is repeated with the same keys, and an invitation that was used by them is good again.
"""

import os
import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from adapters.member.errors import GatewayFault, HubRefused
from adapters.member.home import Home, Pinned
from adapters.member.keyring import Keyring, directory_documents, new_keyring
from adapters.member.transport import LOOPBACK, Transport, public_get, public_post
from hub.protocols.canonical import Json, Reader
from hub.protocols.keys import DocumentPublicKey, VerifyingKey
from hub.protocols.names import KeyId, MemberId

INSECURE: Final = "HUB_GATEWAY_INSECURE_HTTP"
"""Set where the hub is reached over http:// on purpose, as between containers of one machine."""

_WORDS: Final = re.compile(r"[^\x00-\x1f\x7f]{1,120}")


@dataclass(frozen=True, slots=True)
class Desk:
    """The team that a notice names: whom to ring."""

    name: str
    team: str
    telephone: str
    mailbox: str
    officer: str = ""
    area: str | None = None


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
    http: httpx.Client | None = None,
) -> Joined:
    """Make a home's keys and redeem its invitation; raise `GatewayFault` where one is there already."""
    home = Home(path)
    if (path / "gateway.json").exists():
        raise GatewayFault("home-taken", "this folder is a gateway's home already; choose an empty one")
    check_desk(desk)
    check_address(hub_url)
    known = read_configuration(hub_url, http)
    keyring = home.keyring() if home.has_keyring() else _first_keyring(home)
    _enrol(hub_url, code, member, keyring, now, http)
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
            officer=desk.officer,
            area=desk.area,
            witnesses=known.witnesses,
        )
    )
    return Joined(member, keyring.identity.public.key_id, VerifyingKey.from_jwk(known.hub_key).key_id)


def check_desk(desk: Desk) -> None:
    """Raise `GatewayFault` where a notice could not carry what the desk says of itself."""
    for name in ("team", "telephone", "mailbox"):
        if not _WORDS.fullmatch(getattr(desk, name)):
            raise GatewayFault("desk-words", f"the {name} has from 1 to 120 characters on one line")


def check_address(hub_url: str) -> None:
    """Raise `GatewayFault` unless the way to the hub is encrypted, or does not leave this machine."""
    url = urlsplit(hub_url)
    if url.scheme not in {"http", "https"} or url.hostname is None:
        raise GatewayFault("hub-address", "the hub's address begins with https://")
    if url.scheme == "http" and url.hostname not in LOOPBACK and not os.environ.get(INSECURE):
        raise GatewayFault(
            "hub-insecure", f"use https:// (or set {INSECURE}=1 inside a network that nobody else is in)"
        )


def _first_keyring(home: Home) -> Keyring:
    keyring = new_keyring()
    home.keep(keyring)
    return keyring


def _enrol(
    hub_url: str, code: str, member: MemberId, keyring: Keyring, now: datetime, http: httpx.Client | None
) -> None:
    """Redeem the invitation; one that is used already is good if these very keys used it."""
    body: Json = {
        "code": code,
        "identity": keyring.identity.public.jwks,
        "entries": directory_documents(keyring, member, now),
    }
    try:
        answer = public_post(hub_url, "/v1/enrolments", body, http)
    except HubRefused as fault:
        if fault.code == "invitation-unknown" and _is_known(hub_url, member, keyring, now, http):
            return
        raise
    if MemberId(Reader(answer, "enrolment").id("member", "mbr")) != member:
        raise GatewayFault("invitation-other", "this invitation is for another member")


def _is_known(
    hub_url: str, member: MemberId, keyring: Keyring, now: datetime, http: httpx.Client | None
) -> bool:
    """Whether the hub knows these keys as the member's: it gives a token to nobody else."""
    transport = Transport(hub_url, member, keyring.access, lambda: now, http)
    try:
        transport.get(f"/v1/members/{member}/keys")
    except HubRefused:
        return False
    return True


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
    witnesses: int
    """Other members that have to cosign the log before an address is opened."""


def read_configuration(hub_url: str, http: httpx.Client | None = None) -> Configuration:
    """Read a hub's public configuration."""
    document = public_get(hub_url, "/.well-known/hub-configuration", http)
    if not isinstance(document, dict):
        raise GatewayFault("no-hub", "there is no hub at this address")
    names = ("log_vkey", "hub_key", "custodian", "slot_seconds", "witnesses")
    reader = Reader({name: document.get(name) for name in names}, "hub")
    return Configuration(
        reader.text("log_vkey"),
        reader.value("hub_key"),
        MemberId(reader.id("custodian", "mbr")),
        reader.integer("slot_seconds"),
        reader.integer("witnesses"),
    )
