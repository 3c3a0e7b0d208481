"""Copies the public log into a folder and proves every disclosure from that folder alone.

As an auditor would: the checkpoint's signature under the pinned key, every tile and entry under the
checkpoint, and for each entry that any member may open, that its record and salt give the leaf that
stands there, with an inclusion proof made from the tiles. Then the copy of a thief's hand: one entry
altered, and once more with its tile mended to fit, must both be caught.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx

from adapters.demo.errors import DemoFault
from adapters.demo.world import in_each
from adapters.member import Gateway
from hub.protocols.canonical import Json, Reader
from hub.protocols.checkpoint import Checkpoint, parse_checkpoint
from hub.protocols.delivery import read_opening
from hub.protocols.entry import Opening, check_opening
from hub.protocols.errors import Untrusted
from hub.protocols.log_directory import CHECKPOINT, LogAudit, verify_directory
from hub.protocols.merkle import Nodes, inclusion_proof, leaf_hash, verify_inclusion
from hub.protocols.signed_note import parse_note
from hub.protocols.tiles import FULL_WIDTH, bundles_of, nodes_of_tiles, read_bundle, tiles_of

DISCLOSURES: Final = frozenset({"release", "key_request", "officer_task"})
"""Entries by which somebody was told something of a young person."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One entry of the log that members may open."""

    index: int
    opening: Opening
    seen_by: frozenset[str]

    @property
    def record(self) -> Mapping[str, Json]:
        """What the entry says."""
        record = self.opening.record
        return record if isinstance(record, dict) else {}

    @property
    def kind(self) -> str:
        """Which kind of entry."""
        return str(self.record.get("kind"))


@dataclass(frozen=True, slots=True)
class Proved:
    """What was proved of the log, and how two alterations were caught."""

    audit: LogAudit
    proofs: int
    disclosures: int
    altered: int
    """The entry that was altered in the copies."""
    caught: tuple[str, str]
    """What the check said of the altered entry, and of the one with its tile mended to fit."""


def copy_log(hub_url: str, folder: Path) -> Checkpoint:
    """Copy the public log, as its checkpoint signs it, with its key beside it."""
    with httpx.Client(base_url=hub_url, timeout=30, trust_env=False) as client:
        note = _fetch(client, CHECKPOINT)
        checkpoint = parse_checkpoint(parse_note(note.decode()).text)
        for name in (*bundles_of(checkpoint.size), *tiles_of(checkpoint.size)):
            _write(folder / name.path, _fetch(client, name.path))
        _write(folder / "vkey", _fetch(client, "vkey"))
        _write(folder / CHECKPOINT, note)
    return checkpoint


def open_entries(gateways: Mapping[str, Gateway], size: int) -> dict[int, Opened]:
    """Gather every entry below `size` that any member may open, by index."""
    found: dict[int, Opened] = {}
    for home, entries in in_each(gateways, lambda gateway: list(_entries(gateway))).items():
        for index, opening in entries:
            if index < size:
                before = found.get(index)
                seen = frozenset({home}) | (before.seen_by if before else frozenset())
                found[index] = Opened(index, opening, seen)
    return dict(sorted(found.items()))


def prove(folder: Path, vkey: str, entries: Mapping[int, Opened], gateways: Mapping[str, Gateway]) -> Proved:
    """Check the folder, prove every opened entry, alter one in two copies; raise where anything fails."""
    audit = verify_directory(reader(folder), vkey)
    size, root = audit.checkpoint.size, audit.checkpoint.root
    nodes, leaves = nodes_of_tiles(reader(folder), size), _leaves(folder, size)
    for entry in entries.values():
        check_opening(entry.opening, leaves[entry.index])
        _prove_one(entry.index, size, leaves, nodes, root)
    told = [entry for entry in entries.values() if entry.kind in DISCLOSURES]
    _check_received(gateways, {str(entry.record.get("delivery")) for entry in told})
    altered = next(entry.index for entry in told if entry.kind == "release")
    caught = tuple(_alter(folder, vkey, altered, size, mend=mend) for mend in (False, True))
    return Proved(audit, len(entries), len(told), altered, (caught[0], caught[1]))


def reader(folder: Path) -> Callable[[str], bytes]:
    """Read files of a folder by their paths below it."""
    return lambda path: (folder / path).read_bytes()


def _entries(gateway: Gateway) -> Iterator[tuple[int, Opening]]:
    cursor: str | None = None
    while True:
        params: dict[str, str | int] = {"limit": 500} | ({} if cursor is None else {"cursor": cursor})
        page = Reader(gateway.transport.get("/v1/disclosures", params), "disclosures")
        for one in page.objects("data"):
            yield one.integer("log_index"), read_opening(one.object("opening"))
        cursor = page.nullable_text("next_cursor", max=2048)
        if cursor is None or not page.boolean("has_more"):
            return


def _prove_one(index: int, size: int, leaves: list[bytes], nodes: Nodes, root: bytes) -> None:
    proof = inclusion_proof(index, size, nodes)
    verify_inclusion(index, size, leaf_hash(leaves[index]), proof, root)


def _check_received(gateways: Mapping[str, Gateway], logged: set[str]) -> None:
    """Every delivery that a gateway opened is one of the proved entries."""
    for gateway in gateways.values():
        if not {received.item for received in gateway.received()} <= logged:
            raise Untrusted("delivery-not-logged", "a delivery was opened that no proved entry records")


def _leaves(folder: Path, size: int) -> list[bytes]:
    return [
        leaf
        for name in bundles_of(size)
        for leaf in read_bundle((folder / name.path).read_bytes(), name.width)
    ]


def _alter(folder: Path, vkey: str, index: int, size: int, *, mend: bool) -> str:
    """Alter one entry in a copy, `mend` its tile too, and return what the check then says."""
    with TemporaryDirectory() as scratch:
        copied = Path(shutil.copytree(folder, Path(scratch) / "log"))
        name = next(one for one in bundles_of(size) if one.index == index // FULL_WIDTH)
        place = 34 * (index % FULL_WIDTH) + 2
        entry = _flip(copied / name.path, place)
        if mend:
            tile = next(one for one in tiles_of(size) if (one.level, one.index) == (0, name.index))
            data = bytearray((copied / tile.path).read_bytes())
            start = 32 * (index % FULL_WIDTH)
            data[start : start + 32] = leaf_hash(entry)
            (copied / tile.path).write_bytes(bytes(data))
        try:
            verify_directory(reader(copied), vkey)
        except Untrusted as caught:
            return f"{caught.code}: {caught.detail}"
    raise DemoFault(f"entry {index} was altered and nobody noticed", "report this: it is a fault")


def _flip(path: Path, place: int) -> bytes:
    """Change one bit of the entry that begins at this place; return the entry as it is now."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))
    return bytes(data[place : place + 32])


def _fetch(client: httpx.Client, path: str) -> bytes:
    answer = client.get(f"/log/{path}")
    if not answer.is_success:
        raise DemoFault(f"the hub does not serve /log/{path}", "see hub/hub.log in the demo's folder")
    return answer.content


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
