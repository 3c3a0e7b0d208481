"""Takes one notice as its recipient opened it, and the same notice as the hub holds it.

Also writes every opened notice as clear JSON into its recipient's own home: that is where clear text
lives, and nowhere else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from adapters.demo.matches import Told, notice_of
from adapters.demo.world import NAMES, World, in_each
from adapters.member import Gateway
from adapters.member.records import Received
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.delivery import read_delivery
from hub.protocols.names import NoticeId, Part
from hub.protocols.sealing import part_digest

SHOWN_BYTES: Final = 48
"""Bytes of a ciphertext that are shown; the rest looks no different."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """One part as the hub holds it."""

    part: Part
    length: int
    digest: str
    beginning: str
    """Its first bytes, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class OneNotice:
    """One notice from both sides of the seal."""

    notice: NoticeId
    sender: str
    recipient: str
    facts: Mapping[str, Json]
    grounds: tuple[Mapping[str, Json], ...]
    entry: int
    sealed: tuple[Sealed, ...]


def write_opened(world: World) -> int:
    """Write what each gateway opened into its home, one file a delivery; return how many."""
    return sum(in_each(world.gateways, _write).values())


def one_notice(
    world: World, special: str, sender: str, recipient: str, told: Mapping[NoticeId, Told]
) -> OneNotice:
    """Put both sides of one notice beside one another: as opened, and fetched again as the hub holds it."""
    notice = notice_of(world.region, told, special, sender)
    gateway = world.gateways[recipient]
    facts, grounds, sealed = dict[str, Json](), list[Mapping[str, Json]](), list[Sealed]()
    stages = gateway.records.of_notice(notice)
    for received in stages:
        body = _body(received)
        opened, about = body["facts"], body["about"]
        facts |= opened if isinstance(opened, dict) else {}
        given = about["grounds"] if isinstance(about, dict) else None
        grounds += [ground for ground in given if isinstance(ground, dict)] if isinstance(given, list) else []
        parts = read_delivery(gateway.transport.fetch(f"/v1/inbox/{received.item}/delivery")).parts
        sealed += [_sealed(part, jwe) for part, jwe in parts.items()]
    return OneNotice(
        notice=notice,
        sender=NAMES[stages[0].sender],
        recipient=gateway.pinned.name,
        facts=facts,
        grounds=tuple(grounds),
        entry=stages[0].log_index,
        sealed=tuple(sealed),
    )


def _write(gateway: Gateway) -> int:
    folder = gateway.home.path / "opened"
    received = [one for one in gateway.received() if one.state != "erased"]  # a recall tells of nobody
    folder.mkdir(exist_ok=True)
    for one in received:
        body: Json = {
            "delivery": one.item,
            "notice": one.notice,
            "from": one.sender,
            "stage": one.stage,
            "state": one.state,
            "answers": one.counter,
            **_body(one),
        }
        (folder / f"{one.item}.json").write_text(
            json.dumps(body, indent=2, ensure_ascii=False) + "\n", "utf-8"
        )
    return len(received)


def _sealed(part: Part, jwe: str) -> Sealed:
    # a compact JWE: header, no wrapped key, nonce, ciphertext, tag
    ciphertext = canonical.unb64u(jwe.split(".")[3])
    return Sealed(part, len(ciphertext), part_digest(jwe), ciphertext[:SHOWN_BYTES].hex())


def _body(received: Received) -> dict[str, Json]:
    return received.body if isinstance(received.body, dict) else {}
