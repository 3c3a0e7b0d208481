"""Sign and verify: one Ed25519 JWS for an act, a pair of signatures for a document of long life.

Decides when bytes count as signed. RFC 7515 with a header of exactly three members: `alg`, `kid`
(the thumbprint of the key) and `typ` (the kind of document). One algorithm for each form, a
distinct `typ` for each kind, so that no signed thing can be passed off as another (RFC 8725
sections 3.1, 3.11). Other members, and with them `crit`, `jku`, `x5u`, `jwk` and `b64`, are
refused unread: a key never comes from the message.

The bytes signed are the bytes sent; nothing is written anew before it is verified. Who a key
belongs to, and whether it was valid, is the caller's question.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn

from hub.protocols.canonical import Json, Reader, b64u, decode, encode, unb64u
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.limits import DOCUMENT_BYTES
from hub.protocols.names import KeyId
from hub.protocols.signature_keys import (
    ED25519,
    ML_DSA_65,
    DocumentKey,
    DocumentPublicKey,
    SigningKey,
    VerifyingKey,
)

PAIR: Final = (ED25519, ML_DSA_65)
"""Both algorithms that sign a document, in the order in which they are written."""

_SIGNATURE_BYTES: Final = {ED25519: 64, ML_DSA_65: 3309}
_KEY_ID_BYTES: Final = 32
_SEGMENTS: Final = 3


class Typ(StrEnum):
    """The kind of a signed thing, as its header says it."""

    NOTICE = "mxh-notice+jws"
    PROMISE = "mxh-promise+jws"
    KEY_REQUEST = "mxh-key-request+jws"
    KEY_GRANT = "mxh-key-grant+jws"
    BLIND_KEY_REQUEST = "mxh-blind-key-request+jws"
    BLIND_KEY_GRANT = "mxh-blind-key-grant+jws"
    BLIND_ANSWER = "mxh-blind-answer+jws"
    CONFIRMATION = "mxh-confirmation+jws"
    ACKNOWLEDGEMENT = "mxh-acknowledgement+jws"
    OUTCOME = "mxh-outcome+jws"
    APPROVAL = "mxh-approval+jws"
    LEAD = "mxh-lead+jws"
    DISPUTE = "mxh-dispute+jws"
    RECONCILIATION = "mxh-reconciliation+jws"
    AGREEMENT = "mxh-agreement+jws"
    ACCESSION = "mxh-accession+jws"
    MANDATE = "mxh-mandate+jws"
    STANDING_REQUEST = "mxh-standing-request+jws"
    SUSPENSION = "mxh-suspension+jws"
    DIRECTORY = "mxh-directory+jws"
    EPOCH = "mxh-epoch+jws"
    ASSERTION = "mxh-assertion+jws"
    RENEWAL = "mxh-renewal+jws"
    WITHDRAWAL = "mxh-withdrawal+jws"
    SUITES = "mxh-suites+jws"


@dataclass(frozen=True, slots=True)
class _Signature:
    """One signature of a document, taken apart but not yet verified."""

    alg: str
    key_id: KeyId
    protected: str
    raw: bytes


def sign(payload: bytes, typ: Typ, key: SigningKey) -> str:
    """Return a compact JWS over exactly these bytes."""
    signed = f"{_header(ED25519, key.key_id, typ)}.{b64u(payload)}"
    return f"{signed}.{b64u(key.sign(signed.encode()))}"


def key_id_of(token: str, typ: Typ) -> KeyId:
    """Return the id of the key that is said to have signed; nothing is verified yet.

    Raises `MalformedMessage` or `Untrusted` where the header is not one of this kind.
    """
    return _read_header(_split(token)[0], typ, (ED25519,))[1]


def typ_of(token: str) -> Typ:
    """Return the kind that a thing says it is, before it is verified as one; raise `MalformedMessage`."""
    return Reader(decode(unb64u(_split(token)[0])), "header").choice("typ", Typ)


def verify(token: str, typ: Typ, key: VerifyingKey) -> bytes:
    """Return the payload that `key` signed as a thing of this kind.

    Raises `MalformedMessage` for a wrong form, `Untrusted` for another key or algorithm and for a
    signature that does not hold.
    """
    header, payload, signature = _split(token)
    _, key_id = _read_header(header, typ, (ED25519,))
    if key_id != key.key_id:
        raise Untrusted("key-unexpected", "the message names another key than the one expected")
    key.verify(unb64u(signature, _SIGNATURE_BYTES[ED25519]), f"{header}.{payload}".encode())
    return unb64u(payload)


def kept_payload(jws: str) -> bytes:
    """Return the payload of a compact JWS that was verified when it was kept; this verifies nothing.

    For a store alone, which has its rows from nobody else. Raises `MalformedMessage`.
    """
    segments = jws.split(".")
    if len(segments) != 3:
        raise MalformedMessage("jws-malformed", "a kept document is a compact JWS of three parts")
    return unb64u(segments[1])


def sign_document(payload: bytes, typ: Typ, key: DocumentKey) -> Json:
    """Return a JWS in general JSON form with one pair of signatures by `key`."""
    return _document(b64u(payload), _sign_pair(b64u(payload), typ, key))


def countersign(document: Json, typ: Typ, key: DocumentKey) -> Json:
    """Return the document with one more pair over the same payload.

    Raises `MalformedMessage` where the document is malformed or `key` has signed it already.
    """
    payload, found = _read_document(document, typ)
    if key.key_id in _signers(found):
        raise MalformedMessage("document-signed", "this key has signed the document already")
    return _document(payload, [*found, *_sign_pair(payload, typ, key)])


def verify_document(document: Json, typ: Typ, keys: Sequence[DocumentPublicKey]) -> bytes:
    """Return the payload that every one of `keys` signed with both algorithms.

    Pairs by other keys must have the right form and are otherwise not looked at: their holders
    count only for who knows their keys. Raises `Untrusted` where a pair is missing or does not
    hold, or where no key is given; `MalformedMessage` for a wrong form.
    """
    payload, found = _read_document(document, typ)
    if not keys:
        raise Untrusted("signature-missing", "nobody's signature was asked for")
    for key in keys:
        _verify_pair(payload, found, key)
    return unb64u(payload)


def signers(document: Json) -> frozenset[KeyId]:
    """Return the ids of the keys that are said to have signed; nothing is verified yet."""
    return _signers(_read_document(document, None)[1])


def _header(alg: str, key_id: KeyId, typ: Typ) -> str:
    return b64u(encode({"alg": alg, "kid": key_id, "typ": typ.value}))


def _read_header(protected: str, typ: Typ | None, algs: Sequence[str]) -> tuple[str, KeyId]:
    reader = Reader(decode(unb64u(protected)), "header")
    alg, key_id, found = reader.text("alg"), reader.text("kid"), reader.choice("typ", Typ)
    reader.done()
    if alg not in algs:
        raise Untrusted("signature-algorithm", f"only {' and '.join(algs)} sign here")
    if typ is not None and found is not typ:
        raise Untrusted("typ-unexpected", f"a thing of type {typ} was expected")
    unb64u(key_id, _KEY_ID_BYTES)
    return alg, KeyId(key_id)


def _split(token: str) -> list[str]:
    if len(token) > DOCUMENT_BYTES:
        raise MalformedMessage("token-long", f"a signed message has at most {DOCUMENT_BYTES} characters")
    segments = token.split(".")
    if len(segments) != _SEGMENTS or not token.isascii():
        raise MalformedMessage("token-malformed", "a compact JWS has three segments")
    return segments


def _sign_pair(payload: str, typ: Typ, key: DocumentKey) -> list[_Signature]:
    headers = [(alg, _header(alg, key.key_id, typ)) for alg in PAIR]
    return [
        _Signature(alg, key.key_id, header, key.sign(alg, f"{header}.{payload}".encode()))
        for alg, header in headers
    ]


def _verify_pair(payload: str, found: Sequence[_Signature], key: DocumentPublicKey) -> None:
    pair = [signature for signature in found if signature.key_id == key.key_id]
    if not pair:
        raise Untrusted("signature-missing", "a key that must sign the document has not signed it")
    for signature in pair:
        key.verify(signature.alg, signature.raw, f"{signature.protected}.{payload}".encode())


def _document(payload: str, signatures: Iterable[_Signature]) -> Json:
    return {
        "payload": payload,
        "signatures": [{"protected": each.protected, "signature": b64u(each.raw)} for each in signatures],
    }


def _read_document(document: Json, typ: Typ | None) -> tuple[str, list[_Signature]]:
    """Take a document apart: a payload and whole pairs, one a key, all of one kind."""
    reader = Reader(document, "document")
    payload = reader.text("payload", max=DOCUMENT_BYTES)
    found = [_read_signature(each, typ) for each in reader.objects("signatures")]
    reader.done()
    unb64u(payload)
    if not found or len(_signers(found)) * len(PAIR) != len(found):
        _refuse_pairs()
    for place, signature in enumerate(found):
        partner = found[place - place % 2]
        if signature.alg != PAIR[place % 2] or signature.key_id != partner.key_id:
            _refuse_pairs()
    return payload, found


def _read_signature(reader: Reader, typ: Typ | None) -> _Signature:
    protected = reader.text("protected")
    alg, key_id = _read_header(protected, typ, PAIR)
    raw = reader.binary("signature", _SIGNATURE_BYTES[alg])
    reader.done()
    return _Signature(alg, key_id, protected, raw)


def _signers(found: Iterable[_Signature]) -> frozenset[KeyId]:
    return frozenset(signature.key_id for signature in found)


def _refuse_pairs() -> NoReturn:
    raise MalformedMessage("document-pairs", "each key signs once, with Ed25519 and then with ML-DSA-65")
