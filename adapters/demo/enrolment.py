"""Brings the members together: invitations, keys, a mandate, a linkage key, agreements.

Everything is done as its doer would do it: the operator by the `hub` command, members and the custodian
by their gateways. Keys and papers bind once their entries are in the log, so the story waits for
slots here, and begins to publish when everything is in force.
"""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from adapters.demo.errors import DemoFault
from adapters.demo.examples import Example, read_examples
from adapters.demo.processes import Operator, Running
from adapters.demo.world import CUSTODIAN, MEMBERS, Cast, homes, in_each, together
from adapters.member import Gateway
from adapters.member.errors import HubRefused
from adapters.member.home import Home
from adapters.member.joining import Desk, join, pin_custodian
from hub.protocols import canonical
from hub.protocols.canonical import Reader
from hub.protocols.names import AgreementId, MemberId

MANDATES: Final = (("lambeth", "thames-careers"),)
"""(authority, careers company that acts for it)"""

STANDING_REQUESTS: Final = (("medway", "north-kent-college"),)
"""(authority, institution that it has asked to notify unprompted); Southwark has asked nobody."""

YEAR: Final = timedelta(days=365)
PATIENCE_SECONDS: Final = 20.0


def enrol_everybody(out: Path, hub: Running, operator: Operator) -> dict[str, Gateway]:
    """Invite, join and approve every member; return their gateways, by home."""
    codes = [str(json.loads(operator.does(*_invite(cast)))["code"]) for cast in MEMBERS]
    fingerprints: dict[str, str] = {}

    def enrol(one: tuple[Cast, str]) -> None:
        cast, code = one
        now = datetime.now(UTC) - timedelta(seconds=1)
        acts_for = None if cast.acts_for is None else MemberId(f"mbr_{cast.acts_for}")
        joined = join(homes(out) / cast.home, hub.url, code, cast.member, _desk(cast), now, acts_for)
        fingerprints[cast.home] = joined.fingerprint

    together(enrol, zip(MEMBERS, codes, strict=True))
    for cast in MEMBERS:
        operator.does(*_approve(cast, fingerprints[cast.home]))
    identity = Home(homes(out) / CUSTODIAN.home).keyring().identity.public.jwks  # handed over by hand
    gateways: dict[str, Gateway] = {}

    def open_home(cast: Cast) -> None:
        pin_custodian(Home(homes(out) / cast.home), identity)
        gateways[cast.home] = Gateway(homes(out) / cast.home)

    together(open_home, MEMBERS)
    return {cast.home: gateways[cast.home] for cast in MEMBERS}


def sign_papers(gateways: Mapping[str, Gateway]) -> None:
    """Agree, mandate and request; then the custodian opens the epoch. Returns when all of it binds."""
    now = datetime.now(UTC).replace(microsecond=0)
    begin, end = now - timedelta(minutes=1), now + YEAR
    for gateway in gateways.values():
        _wait_until(partial(_is_admitted, gateway), "the hub knows its new members")
    together(lambda example: _agree(example, gateways), read_examples())
    for authority, company in MANDATES:
        gateways[authority].papers.mandate(MemberId(f"mbr_{company}"), begin, end)
    for authority, institution in STANDING_REQUESTS:
        gateways[authority].papers.standing_request(MemberId(f"mbr_{institution}"), begin, end)
    custodian = gateways[CUSTODIAN.home]
    _wait_until(lambda: _keys_are_logged(custodian), "the members' keys are in the log")
    custodian.open_epoch([cast.member for cast in MEMBERS if cast is not CUSTODIAN])
    _wait_until(lambda: _epoch_is_open(custodian), "the linkage epoch is open")
    in_each(gateways, _learn)


def read_agreements(gateways: Mapping[str, Gateway], now: datetime) -> dict[AgreementId, str]:
    """Tell the state of each agreement as its parties are shown it: in force, or expired."""
    found: dict[AgreementId, str] = {}
    for gateway in gateways.values():
        listed = Reader(gateway.transport.get("/v1/agreements", {"limit": 500}), "agreements")
        for one in listed.objects("data"):
            end = one.nullable_text("valid_until")
            lapsed = end is not None and canonical.parse_instant(end) <= now
            state = "expired" if lapsed else one.text("state").replace("_", " ")
            found[AgreementId(one.id("agreement", "agr"))] = state
    return dict(sorted(found.items()))


def _agree(example: Example, gateways: Mapping[str, Gateway]) -> None:
    first, *others = example.homes
    agreement = gateways[first].papers.propose(example.document)
    for home in others:
        gateways[home].papers.countersign(agreement, example.digest)


def _invite(cast: Cast) -> list[str]:
    area = [] if cast.area is None else ["--area", cast.area]
    return ["member", "invite", cast.member, "--name", cast.name, "--kind", cast.kind.value, *area, "--json"]


def _approve(cast: Cast, fingerprint: str) -> list[str]:
    return ["member", "approve", cast.member, f"--fingerprint={fingerprint}"]


def _desk(cast: Cast) -> Desk:
    return Desk(
        cast.name, "Tracking team", "01632 960000", f"tracking@{cast.home}.example", area=cast.lies_in
    )


def _is_admitted(gateway: Gateway) -> bool:
    """The hub learns within a slot what its operator has approved in another process.

    One asks after the other: a hub that hears nine strangers at once, from one address, makes them wait.
    """
    try:
        gateway.transport.get("/v1/members", {"limit": 1})
    except HubRefused:
        return False
    return True


def _keys_are_logged(custodian: Gateway) -> bool:
    custodian.refresh()
    listed = Reader(custodian.transport.get("/v1/members", {"limit": 500}), "members").objects("data")
    if len(listed) < len(MEMBERS):
        return False
    shown = (Reader(custodian.transport.get(f"/v1/members/{cast.member}/keys"), "keys") for cast in MEMBERS)
    return all(key.value("log_index") is not None for one in shown for key in one.objects("data"))


def _epoch_is_open(custodian: Gateway) -> bool:
    listed = Reader(custodian.transport.get("/v1/epochs"), "epochs").objects("data")
    return any(one.text("state") == "in_force" for one in listed)


def _learn(gateway: Gateway) -> None:
    gateway.refresh()
    gateway.epoch()


def _wait_until(true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not true():
        if time.monotonic() > until:
            raise DemoFault(
                f"{what}: not in {PATIENCE_SECONDS:.0f} seconds", "see hub/hub.log in the demo's folder"
            )
        time.sleep(0.1)
