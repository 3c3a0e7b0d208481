"""A made-up region for the benchmark: four councils with agreements in force, and notices ready to send.

Everything that costs a gateway time is done here, before anything is measured: keys, agreements, hashing,
sealing, signing. Half of the notices have a counterpart: an arrival for a departure, told by the council on
the other side, with the pupil number or the former postcode as evidence. Nobody in it is real.
"""

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from adapters.demo.invention import AREAS, upn
from adapters.member.compose import compose
from adapters.member.home import Pinned
from adapters.member.keyring import Keyring, directory_documents, new_keyring
from adapters.move import Address, Move
from hub.assembly import Assembly, assemble
from hub.exchange import agree, enrol, lodge
from hub.exchange.sequencer import run_slot
from hub.protocols import canonical
from hub.protocols.epoch import LINKAGE_KEY_BYTES, make_epoch, sign_epoch
from hub.protocols.names import EpochId, MemberId, MemberKind, NoticeType, new_id
from hub.protocols.signing import Typ, sign_document
from hub.settings import load_settings

ROOT: Final = Path(__file__).resolve().parents[1]
CUSTODIAN: Final = MemberId("mbr_custodian")
COUNCILS: Final = {MemberId(f"mbr_{name}"): code for name, (code, _) in AREAS.items()}
AGREEMENTS: Final = {
    "kent-lambeth-movers": ("kent", "lambeth"),
    "kent-medway-movers": ("kent", "medway"),
    "medway-southwark-movers": ("medway", "southwark"),
}
ALLOWANCE: Final = 1_000_000
"""Notices a day that the operator lets these councils publish: the quota is not what is measured."""

_UNITS: Final = "ABDEFGHJLNPQRSTUWXYZ"


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as its sender would post it."""

    sender: MemberId
    envelope: bytes


@dataclass(frozen=True, slots=True)
class Region:
    """A hub's data folder with members in it, and what they need to speak to it."""

    data: Path
    origin: str
    keyrings: dict[MemberId, Keyring]
    epoch: EpochId


def environment(data: Path, origin: str, slot_seconds: int) -> dict[str, str]:
    """The settings under which the hub is measured; all others are the embedded default."""
    return {
        "HUB_MODE": "demo",
        "HUB_DATA_DIR": str(data),
        "HUB_PUBLIC_ORIGIN": origin,
        "HUB_SLOT_SECONDS": str(slot_seconds),
        "HUB_CUSTODIAN": CUSTODIAN,
        "HUB_METRICS_BIND": "",
        "HUB_WITNESSES": "0",  # the load is made by clients that cosign nothing
    }


def make_region(data: Path, origin: str) -> Region:
    """Make a hub's data folder: members admitted, agreements in force, an epoch open."""
    assembly = assemble(load_settings(environment(data, origin, 1)), alone=True)
    try:
        keyrings = {member: new_keyring() for member in (CUSTODIAN, *COUNCILS)}
        _admit(assembly, keyrings)
        _agree(assembly, keyrings)
        epoch, key = _open_epoch(assembly, keyrings[CUSTODIAN])
        run_slot(assembly.store, assembly.hub)
        assembly.store.vacuum_wal()
    finally:
        assembly.close()
    return Region(
        data, origin, {name: ring.with_linkage(epoch, key) for name, ring in keyrings.items()}, epoch
    )


def _admit(assembly: Assembly, keyrings: dict[MemberId, Keyring]) -> None:
    hub = assembly.hub
    for member, keyring in keyrings.items():
        kind = MemberKind.OBSERVER if member == CUSTODIAN else MemberKind.AUTHORITY
        area, name = COUNCILS.get(member), member.removeprefix("mbr_").title()
        with assembly.store.write() as work:
            code = enrol.invite(member, name, kind, work, hub, area=area)
            documents = directory_documents(keyring, member, hub.now() - timedelta(days=1))
            enrol.redeem(code, keyring.identity.public.jwks, documents, work, hub)
            admitted = enrol.approve(member, keyring.identity.public.key_id[:10], work, hub)
            work.members.put(replace(admitted, allowance=ALLOWANCE))
    run_slot(assembly.store, hub)


def _agree(assembly: Assembly, keyrings: dict[MemberId, Keyring]) -> None:
    for name, parties in AGREEMENTS.items():
        document = json.loads((ROOT / "agreements" / "examples" / f"{name}.json").read_text("utf-8"))
        for party in parties:
            member = MemberId(f"mbr_{party}")
            signed = sign_document(canonical.encode(document), Typ.AGREEMENT, keyrings[member].identity)
            with assembly.store.write() as work:
                agree.propose(document, signed, member, work, assembly.hub)
    run_slot(assembly.store, assembly.hub)


def _open_epoch(assembly: Assembly, custodian: Keyring) -> tuple[EpochId, bytes]:
    now, key = assembly.hub.now(), os.urandom(LINKAGE_KEY_BYTES)
    epoch = EpochId(new_id("ep", now, os.urandom(10)))
    begin = (now - timedelta(days=1)).replace(microsecond=0)
    document = sign_epoch(make_epoch(epoch, begin, begin + timedelta(days=180), key), custodian.identity)
    with assembly.store.write() as work:
        lodge.open_epoch(document, {}, CUSTODIAN, work, assembly.hub)
    return epoch, key


def make_notices(region: Region, count: int, seed: int) -> list[Notice]:
    """Compose this many notices with the gateway's own code; the halves of a pair lie anywhere."""
    chance = random.Random(seed)
    moves = list(_moves(chance, count))
    chance.shuffle(moves)
    return [_compose(region, *told) for told in moves]


def _compose(region: Region, sender: MemberId, kind: NoticeType, move: Move) -> Notice:
    pinned = Pinned(
        region.origin,
        sender,
        "",
        "",
        None,
        CUSTODIAN,
        None,
        "Tracking Team",
        "01234 567890",
        "team@example.org",
    )
    made = compose(move, kind, pinned, region.keyrings[sender], region.epoch, "A. Officer", datetime.now(UTC))
    return Notice(sender, made.envelope)


def _moves(chance: random.Random, count: int) -> Iterator[tuple[MemberId, NoticeType, Move]]:
    """A quarter departures and a quarter their arrivals; the other half stands alone."""
    inventor = _Inventor(chance)
    routes = [pair for one, other in AGREEMENTS.values() for pair in ((one, other), (other, one))]
    for number in range(count // 4):
        old, new = routes[number % len(routes)]
        move = inventor.move(old, new)
        yield MemberId(f"mbr_{old}"), NoticeType.MOVED_OUT, move
        yield MemberId(f"mbr_{new}"), NoticeType.NEW_ARRIVAL, move
    for number in range(count - 2 * (count // 4)):
        old, new = routes[number % len(routes)]
        member, kind = ((old, NoticeType.MOVED_OUT), (new, NoticeType.NEW_ARRIVAL))[number % 2]
        yield MemberId(f"mbr_{member}"), kind, inventor.move(old, new)


class _Inventor:
    """Invents people whose names are as unevenly common as names are."""

    def __init__(self, chance: random.Random) -> None:
        told = json.loads((ROOT / "hub" / "matching" / "name-frequencies-uk-1.json").read_text("utf-8"))
        self._chance = chance
        self._first, self._last = (
            [name for step in ("common", "known") for line in told[which][step] for name in line.split()]
            for which in ("first", "last")
        )
        self._numbers: set[str] = set()

    def move(self, old: str, new: str) -> Move:
        """A young person who moves from one council's area to another's."""
        today = datetime.now(UTC).date()
        born = today - timedelta(days=self._chance.randrange(16 * 366, 18 * 365))
        return Move(
            place="row",
            given=self._name(self._first).title(),
            family=self._name(self._last).title(),
            dob=born,
            sex=self._chance.choice("FM"),
            from_address=Address((self._street(),), self._postcode(old)),
            to_address=Address((self._street(),), self._postcode(new)),
            upn=self._upn(old, born),
            activity="230",
        )

    def _name(self, names: list[str]) -> str:
        """By rank: the commonest of 450 names is given to one in sixty, the rarest to one in 700."""
        return names[int(len(names) * self._chance.random() ** 1.5)]

    def _street(self) -> str:
        """A house of its own: where all lived at one address, names alike would make everybody doubtful."""
        return f"{self._chance.randrange(1, 200)} {self._chance.choice(self._last).title()} Road"

    def _postcode(self, council: str) -> str:
        units = self._chance.choice(_UNITS) + self._chance.choice(_UNITS)
        return self._chance.choice(AREAS[council][1]) + units

    def _upn(self, council: str, born: date) -> str | None:
        """A pupil number; None where the range of invented ones is used up."""
        for _ in range(20):
            number = upn(AREAS[council][0], born.year + 4, self._chance.randrange(1000))
            if number not in self._numbers:
                self._numbers.add(number)
                return number
        return None
