"""Gather one member's evidence: what it may open of the log, the proofs, the keys and the agreements.

Everything is brought under one checkpoint, the newest one at hand that enough other members have
cosigned; the proofs are made here, from the log's public tiles. Nothing in it is about a young
person beyond the ids of notices: records hold no facts.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from adapters.member import bundle
from adapters.member.errors import HubRefused
from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.checkpoint import Checkpoint, cosigning_member
from hub.protocols.delivery import read_opening
from hub.protocols.entry import Opening
from hub.protocols.errors import ProtocolError, Untrusted
from hub.protocols.merkle import inclusion_proof
from hub.protocols.names import MemberId
from hub.protocols.policy import encode_policy
from hub.protocols.proof import LogProof, encode_proof
from hub.protocols.signed_note import parse_note
from hub.protocols.tiles import nodes_of_tiles

if TYPE_CHECKING:
    from adapters.member.gateway import Gateway

Proofs = Callable[[int], list[bytes]]
"""Index of an entry -> its inclusion proof under the checkpoint of the bundle."""

_WHO: Final = ("sender", "recipient", "member", "party", "by")
"""Fields of a record that name members."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What went into a bundle, and what is in the log but not under its checkpoint yet."""

    checkpoint: Checkpoint
    witnessed: bool
    """Whether enough other members have cosigned the checkpoint."""
    entries: int
    newer: int


@dataclass
class _Gathering:
    gateway: "Gateway"
    checkpoint: Checkpoint
    note: str
    files: dict[str, bytes] = field(default_factory=dict)

    def add_entry(self, index: int, opening: Opening, proofs: Proofs) -> None:
        self.files[bundle.opening_path(index)] = opening.encode()
        proof = LogProof(index, tuple(proofs(index)), self.note)
        self.files[bundle.proof_path(index)] = encode_proof(proof).encode()


def export(gateway: "Gateway", progress: Callable[[int], None]) -> tuple[dict[str, bytes], Exported]:
    """Return the files of a bundle; raise `HubUnreachable` where the hub does not answer."""
    note, witnessed = _best_note(gateway)
    checkpoint = gateway.auditor.accept(note)
    gathering = _Gathering(gateway, checkpoint, note)
    nodes = nodes_of_tiles(gateway.read_log, checkpoint.size)

    def prove(index: int) -> list[bytes]:
        return inclusion_proof(index, checkpoint.size, nodes)

    entries, newer, done = dict[int, Opening](), 0, 0
    for index, opening in disclosures(gateway):
        if index < checkpoint.size:
            entries[index] = opening
            gathering.add_entry(index, opening, prove)
        else:
            newer += 1
        progress(done := done + 1)
    members = {gateway.pinned.member, *_named(entries.values()), *_cosigners(note, checkpoint.origin)}
    for member in sorted(members):
        _add_keys(gathering, member, prove)
    for name, version in sorted(_agreements(entries.values())):
        _add_agreement(gathering, name, version)
    gathering.files |= {
        bundle.CHECKPOINT: note.encode(),
        bundle.VKEY: (gateway.pinned.log_vkey + "\n").encode(),
        bundle.POLICY: encode_policy(gateway.witness.policy()).encode(),
    }
    return gathering.files, Exported(checkpoint, witnessed, len(entries), newer)


def disclosures(gateway: "Gateway") -> Iterator[tuple[int, Opening]]:
    """Every entry of the log that this member may open, in order."""
    for one in gateway.transport.pages("/v1/disclosures"):
        yield one.integer("log_index"), read_opening(one.object("opening"))


def _best_note(gateway: "Gateway") -> tuple[str, bool]:
    """The newest checkpoint at hand that enough others have cosigned; else the newest."""
    newest = gateway.transport.public("/log/checkpoint").decode()
    found = [newest, gateway.transport.public("/log/witnessing").decode(), gateway.witness.checked()]
    for note in found:
        try:
            if note is not None:
                gateway.witness.check(note)
                return note, True
        except Untrusted:
            continue
    return newest, False


def _add_keys(gathering: _Gathering, member: MemberId, prove: Proofs) -> None:
    """A member's identity key and what it signed, with the entries that log them; nothing of a stranger."""
    try:
        reader = Reader(gathering.gateway.transport.get(f"/v1/members/{member}/keys"), "keys")
        identity = reader.object("identity")
        found: list[Json] = []
        for one in (identity, *reader.objects("data")):
            opening = one.nullable_object("opening")
            index = -1 if opening is None else one.integer("log_index")
            if opening is None or index >= gathering.checkpoint.size:
                continue
            gathering.add_entry(index, read_opening(opening), prove)
            if one is not identity:
                found.append({"document": one.value("document"), "entry": index,
                              "revoked_at": one.value("revoked_at_index")})  # fmt: skip
        body: Json = {"member": member, "identity": identity.value("jwks"),
                      "entry": identity.integer("log_index"), "keys": found}  # fmt: skip
    except (HubRefused, ProtocolError):
        return
    gathering.files[bundle.keys_path(member)] = canonical.encode(body)


def _add_agreement(gathering: _Gathering, name: str, version: int) -> None:
    try:
        shown = Reader(
            gathering.gateway.transport.get(f"/v1/agreements/{name}/versions/{version}"), "agreement"
        )
        body: Json = {"document": shown.value("document"), "signed": shown.value("signed")}
    except HubRefused:
        return
    gathering.files[bundle.agreement_path(name, version)] = canonical.encode(body)


def _named(openings: Iterable[Opening]) -> set[MemberId]:
    records = [one.record for one in openings if isinstance(one.record, dict)]
    words = {record[name] for record in records for name in _WHO if name in record}
    return {MemberId(word) for word in words if isinstance(word, str) and word.startswith("mbr_")}


def _cosigners(note: str, origin: str) -> set[MemberId]:
    found = (cosigning_member(line, origin) for line in parse_note(note).signatures)
    return {member for member in found if member is not None}


def _agreements(openings: Iterable[Opening]) -> set[tuple[str, int]]:
    """The agreements on whose clauses anything was told; a false record is left to whoever checks."""
    found = set[tuple[str, int]]()
    for opening in openings:
        with suppress(ProtocolError):
            found |= {(told.agreement, told.version) for told in bundle.told_by(opening.record)}
    return found
