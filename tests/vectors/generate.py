"""Writes the published vectors of our own wire messages: one file for each, in `own/`.

All keys, salts and nonces come from fixed seeds, so running this again gives the same bytes; a
difference is a change of the wire. Two outputs are random by their nature: an HPKE encapsulation
and an ML-DSA-65 signature. A file keeps the ones it has for as long as they still open or verify
with the fixed inputs; such a vector is for opening and verifying alone (`"for"` says so).

To add a message, write a function that takes what the file holds now (None at first) and returns
what it shall hold, and name it in `VECTORS`. Keys, names and facts are made up.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256, shake_256
from pathlib import Path
from typing import Final, TypeVar

from hub.protocols.at_rest import VaultCost, rest_seal, vault_seal
from hub.protocols.canonical import Json, b64u, decode, encode, instant
from hub.protocols.epoch import (
    Epoch,
    make_epoch,
    read_epoch,
    sign_epoch,
    unwrap_linkage_key,
    wrap_linkage_key,
)
from hub.protocols.errors import ProtocolError
from hub.protocols.keys import DirectoryEntry, KeyUse, entry_for, read_entry, sign_entry
from hub.protocols.names import EpochId, MemberId, NoticeId, Part
from hub.protocols.sealing import open_box, seal_box, seal_part
from hub.protocols.sealing_keys import SealingKey
from hub.protocols.signature_keys import DocumentKey, SigningKey
from hub.protocols.signing import Typ, countersign, sign, sign_document, verify_document
from hub.protocols.suites import CLASSICAL, HYBRID, SUITES, registry_document

OWN: Final = Path(__file__).parent / "own"
OPEN_ONLY: Final = "opening and verifying"
EXACT: Final = "making, opening and verifying"
START: Final = datetime(2026, 9, 1, tzinfo=UTC)
END: Final = datetime(2027, 12, 1, tzinfo=UTC)
KENT: Final = MemberId("mbr_kent")
NOTICE: Final = NoticeId("ntc_01k00000000000000000000000")
EPOCH: Final = EpochId("ep_01k00000000000000000000000")
CHEAP: Final = VaultCost(memory=8, iterations=1, lanes=1)

FACTS: Final[dict[Part, Json]] = {
    Part.IDENTITY: {"given_names": ["Ångström"], "family_name": "O'Made-Up", "born_on": "2009-04-01"},
    Part.ADDRESS: {"lines": ["1 Made-up Street"], "postcode": "ZZ99 3WZ"},
    Part.PARENT: None,
}
"""Facts of the sealed parts; None is padding."""

Kept = Mapping[str, Json]
T = TypeVar("T", bound=Json)


def seed(label: str, size: int = 32) -> bytes:
    """Return bytes that look random and are always the same for one label."""
    return shake_256(b"mover exchange hub, vectors: " + label.encode()).digest(size)


def document_key(label: str) -> DocumentKey:
    """Return the pair of this name."""
    return DocumentKey.from_seeds(seed(f"{label} Ed25519"), seed(f"{label} ML-DSA-65"))


def sealing_key(suite_id: str) -> SealingKey:
    """Return the sealing key of the vectors for this suite."""
    return SealingKey.from_seed(suite_id, seed(f"sealing {suite_id}"))


def kept_or_made(kept: T, holds: Callable[[T], bool], make: Callable[[], T]) -> T:
    """Return the random output that the file has, if it still holds; else a new one."""
    try:
        return kept if holds(kept) else make()
    except ProtocolError:
        return make()


def document_seeds(key: DocumentKey) -> dict[str, Json]:
    """Return a pair as the files show it: both seeds, its id, its public keys."""
    classical, lattice = key.seeds
    return {
        "ed25519_seed": b64u(classical),
        "ml_dsa_65_seed": b64u(lattice),
        "kid": key.key_id,
        "jwks": key.public.jwks,
    }


def sealing_seed(key: SealingKey) -> dict[str, Json]:
    """Return a sealing key as the files show it: suite, seed, id, public key."""
    return {"suite": key.suite.id, "seed": b64u(key.seed), "kid": key.key_id, "jwk": key.public.jwk}


def compact_jws(_: Kept) -> Json:
    """Return one signed act for every kind."""
    key = SigningKey.from_seed(seed("signing"))
    payload = encode({"made": "up", "notice": NOTICE})
    return {
        "for": EXACT,
        "seed": b64u(key.seed),
        "kid": key.key_id,
        "jwk": key.public.jwk,
        "payload": b64u(payload),
        "tokens": {typ.value: sign(payload, typ, key) for typ in Typ},
    }


def signed_document(kept: Kept) -> Json:
    """Return a document with the pairs of two parties."""
    parties = [document_key("party"), document_key("partner")]
    payload = encode({"agreement": "agr_made-up", "version": 1})

    def holds(document: Json) -> bool:
        return verify_document(document, Typ.AGREEMENT, [key.public for key in parties]) == payload

    def make() -> Json:
        return countersign(sign_document(payload, Typ.AGREEMENT, parties[0]), Typ.AGREEMENT, parties[1])

    return {
        "for": OPEN_ONLY,
        "typ": Typ.AGREEMENT.value,
        "payload": b64u(payload),
        "parties": [document_seeds(key) for key in parties],
        "document": kept_or_made(kept.get("document"), holds, make),
    }


def sealed_part(_: Kept) -> Json:
    """Return one sealed part for every kind; most hold padding."""
    made: list[Json] = []
    for part in Part:
        key, salt, nonce = (
            seed(f"{part} {what}", size) for what, size in (("key", 32), ("salt", 32), ("nonce", 12))
        )
        sealed = seal_part(part, FACTS.get(part), key, salt, nonce)
        made.append(
            {
                "part": part.value,
                "facts": FACTS.get(part),
                "content_key": b64u(key),
                "salt": b64u(salt),
                "nonce": b64u(nonce),
                "jwe": sealed.jwe,
                "cipher": sealed.cipher_digest,
                "plain": sealed.plain_digest,
            }
        )
    return {"for": EXACT, "parts": made}


def key_box(kept: Kept) -> Json:
    """Return key boxes under both suites: none, some and all of the keys."""
    choices: tuple[list[Part], ...] = ([], [Part.IDENTITY, Part.ADDRESS], list(Part))
    boxes: list[Json] = []
    for place, (suite_id, chosen) in enumerate((suite_id, parts) for suite_id in SUITES for parts in choices):
        key = sealing_key(suite_id)
        keys = {part: seed(f"{part} key") for part in chosen}
        before = _row(kept, "boxes", place)
        boxes.append(
            {
                "recipient": sealing_seed(key),
                "keys": {part.value: b64u(each) for part, each in keys.items()},
                "box": _box(before.get("box"), keys, key),
            }
        )
    return {"for": OPEN_ONLY, "notice": NOTICE, "boxes": boxes}


def directory_entry(kept: Kept) -> Json:
    """Return directory entries for every use and every suite, by one identity key."""
    identity = document_key("identity")
    verifying = SigningKey.from_seed(seed("signing")).public
    entries = [
        entry_for(KENT, KeyUse.SIGNING, verifying, START, END),
        entry_for(KENT, KeyUse.ACCESS, verifying, START, END),
        entry_for(KENT, KeyUse.SEALING, sealing_key(HYBRID.id).public, START, END),
        entry_for(KENT, KeyUse.SEALING, sealing_key(CLASSICAL.id).public, START, END),
    ]
    made: list[Json] = [
        {
            "member": entry.member,
            "use": entry.use.value,
            "kid": entry.key_id,
            "jwk": entry.jwk,
            "suite": entry.suite,
            "valid_from": instant(entry.valid_from),
            "valid_until": instant(entry.valid_until),
            "document": _entry(_row(kept, "entries", place).get("document"), entry, identity),
        }
        for place, entry in enumerate(entries)
    ]
    return {"for": OPEN_ONLY, "identity": document_seeds(identity), "entries": made}


def epoch(kept: Kept) -> Json:
    """Return an epoch and its linkage key in a box under each suite."""
    custodian, linkage_key = document_key("custodian"), seed("linkage key")
    made = make_epoch(EPOCH, START, END, linkage_key)
    boxes: list[Json] = [
        {
            "recipient": sealing_seed(sealing_key(suite_id)),
            "box": _linkage_box(
                _row(kept, "boxes", place).get("box"), linkage_key, made, sealing_key(suite_id)
            ),
        }
        for place, suite_id in enumerate(SUITES)
    ]
    return {
        "for": OPEN_ONLY,
        "custodian": document_seeds(custodian),
        "epoch": made.id,
        "valid_from": instant(made.valid_from),
        "valid_until": instant(made.valid_until),
        "linkage_key": b64u(linkage_key),
        "check": b64u(made.check_value),
        "document": kept_or_made(
            kept.get("document"),
            lambda document: read_epoch(document, custodian.public) == made,
            lambda: sign_epoch(made, custodian),
        ),
        "boxes": boxes,
    }


def at_rest(_: Kept) -> Json:
    """Return bytes at rest and a vault, both with fixed nonces."""
    key, nonce = seed("rest key"), seed("rest nonce", 12)
    drawn = iter((seed("vault salt", 16), seed("vault nonce", 12)))
    return {
        "for": EXACT,
        "rest": {
            "key": b64u(key),
            "nonce": b64u(nonce),
            "label": f"{NOTICE}/identity",
            "blob": b64u(b"made up"),
            "sealed": b64u(rest_seal(b"made up", key, nonce, f"{NOTICE}/identity")),
        },
        "vault": {
            "passphrase": "made-up passphrase",
            "salt": b64u(seed("vault salt", 16)),
            "nonce": b64u(seed("vault nonce", 12)),
            "blob": b64u(b"made up"),
            "vault": vault_seal(b"made up", "made-up passphrase", CHEAP, lambda _: next(drawn)).decode(),
        },
    }


def suites(_: Kept) -> Json:
    """Return the registry document, its one byte string and the digest of that."""
    data = encode(registry_document())
    return {
        "for": EXACT,
        "document": registry_document(),
        "bytes": b64u(data),
        "sha256": b64u(sha256(data).digest()),
    }


VECTORS: Final[Mapping[str, Callable[[Kept], Json]]] = {
    "compact-jws": compact_jws,
    "signed-document": signed_document,
    "sealed-part": sealed_part,
    "key-box": key_box,
    "directory-entry": directory_entry,
    "epoch": epoch,
    "at-rest": at_rest,
    "suites": suites,
}
"""Every file by its name, with the function that says what it holds."""


def text_of(name: str, folder: Path = OWN) -> str:
    """Return what the file of this name shall hold, given what it holds now."""
    path = folder / f"{name}.json"
    kept = decode(path.read_bytes()) if path.exists() else {}
    assert isinstance(kept, dict)
    return json.dumps(VECTORS[name](kept), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every file."""
    OWN.mkdir(exist_ok=True)
    for name in VECTORS:
        (OWN / f"{name}.json").write_text(text_of(name), encoding="utf-8")
        print(f"wrote own/{name}.json")


def _row(kept: Kept, name: str, place: int) -> Kept:
    """Return one row of a list that the file holds now; nothing where it holds none."""
    rows = kept.get(name)
    row = rows[place] if isinstance(rows, list) and place < len(rows) else None
    return row if isinstance(row, dict) else {}


def _box(kept: Json, keys: Mapping[Part, bytes], key: SealingKey) -> Json:
    return kept_or_made(
        kept,
        lambda box: isinstance(box, str) and open_box(box, NOTICE, key) == keys,
        lambda: seal_box(keys, NOTICE, key.public),
    )


def _entry(kept: Json, entry: DirectoryEntry, identity: DocumentKey) -> Json:
    return kept_or_made(
        kept,
        lambda document: read_entry(document, identity.public) == entry,
        lambda: sign_entry(entry, identity),
    )


def _linkage_box(kept: Json, linkage_key: bytes, made: Epoch, key: SealingKey) -> Json:
    return kept_or_made(
        kept,
        lambda box: isinstance(box, str) and unwrap_linkage_key(box, made, key) == linkage_key,
        lambda: wrap_linkage_key(linkage_key, made, key.public),
    )


if __name__ == "__main__":
    main()
