"""What a bundle proves, and what it does not: checked from its files alone, said in plain words.

Nothing is asked of a hub, a database or a network. Everything hangs on one key, the log's: given
from outside, it is what the check is worth; taken from the bundle, the bundle proves only that it
agrees with itself, and that is said. Raises at the first thing that does not hold.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from adapters.member import bundle
from hub.consent.agreement import Agreement, Clause
from hub.consent.documents import read_agreement
from hub.consent.question import Category
from hub.consent.table import TAKES_BACK
from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.checkpoint import Checkpoint, cosigned_by, cosigning_member, verify_checkpoint, witness_key
from hub.protocols.entry import Opening, parse_opening
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import DirectoryEntry, DocumentPublicKey, KeyUse, read_entry
from hub.protocols.limits import CLOCK_SKEW
from hub.protocols.names import KeyId, MemberId
from hub.protocols.policy import read_policy
from hub.protocols.proof import parse_proof, verify_proof
from hub.protocols.signed_note import decode_note, parse_note, parse_vkey
from hub.protocols.signing import Typ, verify_document

Files = Mapping[str, bytes]

_WORD: Final = re.compile(r"[a-z_]{1,40}")
"""A kind of record that may be printed: a record is the hub's text, and a terminal obeys more than words."""

NOT_PROVED: Final = (
    "that these are all entries about this member: the hub chooses what it shows; `hub audit reconcile`",
    "that the times in the records are right: they are the hub's word; cosignatures say when at the latest",
    "that the keys belong to the organisations: read the fingerprints out to each other",
    "that a recipient kept to its purpose, or that nothing left by another way",
)
"""What no log of this kind can show."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a bundle proves of one member."""

    member: MemberId
    checkpoint: Checkpoint
    pinned: bool
    """Whether the log's key came from outside of the bundle."""
    witnesses: tuple[MemberId, ...]
    """Members, other than this one, whose logged keys have cosigned the checkpoint."""
    kinds: Mapping[str, int]
    """Proved entries by kind of record."""
    fingerprints: Mapping[MemberId, KeyId]
    """Identity keys that are in the log."""
    agreements: tuple[str, ...]
    """Those whose signatures hold, with their versions."""
    told: int
    """Facts that were told, each under a clause that permits its kind."""
    unseen: tuple[str, ...]
    """What the records name and the bundle does not hold."""


def check_bundle(
    member: MemberId, log: str, files: Files, vkey: str | None, progress: Callable[[int], None]
) -> Evidence:
    """Check all of a bundle's files; raise `Untrusted` or `MalformedMessage` with what does not hold.

    1. the log's key signed the checkpoint    2. every opening is in the log under it
    3. keys are signed by identity keys, and both are in the log    4. who has cosigned
    5. agreements are signed by their parties    6. what was told stands in a clause
    """
    key = vkey or _text(files, bundle.VKEY).strip()
    note = decode_note(_file(files, bundle.CHECKPOINT))
    checkpoint = verify_checkpoint(note, key)  # 1
    if checkpoint.origin != log:
        raise Untrusted("checkpoint-origin", "the bundle is of another log than its checkpoint")
    _check_beside(files, parse_vkey(key).vkey)
    openings = dict(_entries(files, key, note, progress))  # 2
    directory = {one: _Keys(one, files, openings) for one in _members(files)}  # 3
    witnesses = _witnesses(note, checkpoint.origin, directory) - {member}  # 4
    identities = {one: keys.identity for one, keys in directory.items()}
    agreements = {name: found for name in files if (found := _agreement(name, files, identities))}  # 5
    told, unseen = _told(openings.values(), {(one.id, one.version): one for one in agreements.values()})  # 6
    return Evidence(
        member=member,
        checkpoint=checkpoint,
        pinned=vkey is not None,
        witnesses=tuple(sorted(witnesses)),
        kinds=dict(Counter(_kind(opening) for opening in openings.values())),
        fingerprints={one: identity.key_id for one, identity in identities.items()},
        agreements=tuple(sorted(f"{one.id} version {one.version}" for one in agreements.values())),
        told=told,
        unseen=tuple(unseen),
    )


def in_words(evidence: Evidence) -> str:
    """What is proved and what is not, for a data protection officer."""
    checkpoint = evidence.checkpoint
    key = "the key that you gave" if evidence.pinned else "a key that lies in the bundle itself"
    kinds = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in sorted(evidence.kinds.items()))
    counted, signed = sum(evidence.kinds.values()), ", ".join(evidence.agreements) or "none"
    lines = [
        "Proved:",
        f"- {checkpoint.origin} has signed a log of {checkpoint.size} entries, under {key}",
        f"- {counted} entries are in that log, word for word: {kinds}",
        f"- {len(evidence.witnesses)} others have cosigned it: {', '.join(evidence.witnesses) or 'none'}",
        f"- the keys of {len(evidence.fingerprints)} members are logged, under logged identity keys",
        f"- {len(evidence.agreements)} agreements are signed by all their parties: {signed}",
        f"- each of {evidence.told} facts told stands in a clause that permits its kind",
        "Not proved:",
    ]
    if not evidence.pinned:
        lines.append("- that this is the hub's log at all: give its key with --vkey, as it was handed over")
    if not evidence.witnesses:
        lines.append("- that everybody is shown the same log: no other member has cosigned this checkpoint")
    lines += [f"- {what}: it is not in the bundle" for what in evidence.unseen]
    lines += [f"- {what}" for what in NOT_PROVED]
    lines.append("Identity keys, to be compared:")
    return "\n".join([*lines, *(f"  {member}  {key}" for member, key in evidence.fingerprints.items())])


def _check_beside(files: Files, key: str) -> None:
    """What lies there for others' tools is of the same log: they would prove something else by it."""
    logs = [one.vkey for one in read_policy(_text(files, bundle.POLICY)).logs]
    if _text(files, bundle.VKEY) != f"{key}\n" or key not in logs:
        raise Untrusted(
            "bundle-key", "the key or the policy in the bundle is of another log than the key given"
        )


def _entries(
    files: Files, key: str, note: str, progress: Callable[[int], None]
) -> Iterable[tuple[int, Opening]]:
    names = sorted(name for name in files if name.endswith(".opening"))
    if len(names) != sum(name.endswith(".tlog-proof") for name in files):
        raise Untrusted("bundle-proof", "there is not one proof for every opening")
    for done, name in enumerate(names, 1):
        index, data = int(name[len("entries/") : -len(".opening")]), files[name]
        opening, proof = parse_opening(data), parse_proof(_text(files, bundle.proof_path(index)))
        if (proof.index, proof.checkpoint_note) != (index, note):
            raise Untrusted("bundle-proof", f"the proof of entry {index} is of another entry or checkpoint")
        verify_proof(proof, canonical.sha256(data), key)
        progress(done)
        yield index, opening


class _Keys:
    """A member's identity key and what it signed, each with its entry in the log."""

    def __init__(self, member: MemberId, files: Files, openings: Mapping[int, Opening]) -> None:
        reader = Reader(canonical.decode_canonical(files[bundle.keys_path(member)]), "keys")
        self.identity = DocumentPublicKey.from_jwks(reader.value("identity"))
        reader.text("member", pattern=member)
        _check_logged(openings.get(reader.integer("entry")), member, self.identity.key_id)
        self.revoked = set[KeyId]()
        self.entries = [self._read(one, member, openings) for one in reader.objects("keys")]
        reader.done()

    def _read(self, one: Reader, member: MemberId, openings: Mapping[int, Opening]) -> DirectoryEntry:
        entry = read_entry(one.value("document"), self.identity)
        if one.value("revoked_at") is not None:
            self.revoked.add(entry.key_id)
        _check_logged(openings.get(one.integer("entry")), member, entry.key_id)
        one.done()
        if entry.member != member:
            raise Untrusted("key-other-member", f"a key of {member} names another member")
        return entry


def _check_logged(opening: Opening | None, member: MemberId, key: KeyId) -> None:
    record = None if opening is None else opening.record
    wanted = {"kind": "key", "member": member, "key": key}
    if not isinstance(record, dict) or any(record.get(name) != value for name, value in wanted.items()):
        raise Untrusted("key-not-logged", f"a key of {member} has no entry of its own in the log")


def _members(files: Files) -> list[MemberId]:
    return sorted(MemberId(name[len("keys/") : -len(".json")]) for name in files if name.startswith("keys/"))


def _witnesses(note: str, origin: str, directory: Mapping[MemberId, _Keys]) -> set[MemberId]:
    """Who has cosigned, under a key in its time; one that was revoked by now may be in anybody's hands."""
    named = {cosigning_member(line, origin) for line in parse_note(note).signatures}
    keys = {
        f"{member} {entry.key_id}": witness_key(origin, member, entry.verifying_key())
        for member, kept in directory.items()
        for entry in kept.entries
        if member in named and entry.use is KeyUse.SIGNING
    }
    cosigned = cosigned_by(note, keys)
    return {
        member
        for member, kept in directory.items()
        for entry in kept.entries
        if (at := cosigned.get(f"{member} {entry.key_id}")) is not None
        if entry.key_id not in kept.revoked and entry.valid_from - CLOCK_SKEW <= at < entry.valid_until
    }


def _agreement(name: str, files: Files, identities: Mapping[MemberId, DocumentPublicKey]) -> Agreement | None:
    """The agreement of a file, if every party's identity key is in the bundle; None for any other file."""
    if not name.startswith("agreements/"):
        return None
    reader = Reader(canonical.decode_canonical(files[name]), name)
    document, signed = reader.value("document"), reader.value("signed")
    agreement = read_agreement(document)
    if name != bundle.agreement_path(agreement.id, agreement.version):
        raise Untrusted("agreement-other", f"{name} holds another agreement")
    keys = [identities[party.member] for party in agreement.parties if party.member in identities]
    if len(keys) < len(agreement.parties):
        raise Untrusted("agreement-unsigned", f"the key of a party of {agreement.id} is not in the bundle")
    if verify_document(signed, Typ.AGREEMENT, keys) != canonical.encode(document):
        raise Untrusted("agreement-other-bytes", f"the parties of {agreement.id} have signed something else")
    return agreement


def _told(
    openings: Iterable[Opening], agreements: Mapping[tuple[str, int], Agreement]
) -> tuple[int, list[str]]:
    """How many facts were told under clauses that permit them, and what cannot be looked up here."""
    counted, unseen = 0, set[str]()
    for opening in openings:
        for told in bundle.told_by(opening.record):
            agreement = agreements.get((told.agreement, told.version))
            if agreement is None:
                unseen.add(f"what {told.agreement} version {told.version} permits")
                continue
            unseen |= {f"that {one} has joined {told.agreement}, or acts for a party"
                       for one in _check_clause(told, agreement)}  # fmt: skip
            counted += 1
    return counted, sorted(unseen)


def _check_clause(told: bundle.Told, agreement: Agreement) -> list[str]:
    """Hold a fact to its clause; return the sides that are no parties by the document itself.

    Raises `Untrusted` ("clause-other") where the clause is of other facts, or of other groups.
    """
    clause = next((one for one in agreement.clauses if one.number == told.clause), None)
    groups = {party.member: party.group for party in agreement.parties}
    sides = [] if clause is None else [(told.giver, clause.senders), (told.taker, clause.receivers)]
    others = any(one in groups and groups[MemberId(one)] not in listed for one, listed in sides if one)
    if clause is None or others or not _lists(clause, told.category):
        raise Untrusted(
            "clause-other", f"a fact was told under a clause of {told.agreement} that does not permit it"
        )
    return [one for one, _ in sides if one and one not in groups]


def _lists(clause: Clause, category: str) -> bool:
    """Whether a clause lists a fact; what carries a recall goes under any clause that lets a part be told."""
    taken_back = category in TAKES_BACK and clause.categories - {Category.FACT_OF_MATCH}
    return category in clause.categories or bool(taken_back)


def _kind(opening: Opening) -> str:
    record: Json = opening.record
    kind = record.get("kind") if isinstance(record, dict) else None
    return kind if isinstance(kind, str) and _WORD.fullmatch(kind) else "unknown"


def _file(files: Files, name: str) -> bytes:
    if name not in files:
        raise Untrusted("bundle-file", f"{name} is missing")
    return files[name]


def _text(files: Files, name: str) -> str:
    try:
        return _file(files, name).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedMessage("bundle-form", f"{name} is no text") from None
