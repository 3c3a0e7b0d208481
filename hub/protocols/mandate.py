"""An authority's signed word about another member: a mandate, a standing request, a suspension.

A *mandate* says that a careers company acts for the authority (Education and Skills Act 2008
s.68(3)(b)). A *standing request* asks an institution to notify unprompted (s.14 works on
request). A *suspension* stops, resumes or ends an agreement; one party's word is enough to stop.
All are documents of long life: signed by the identity key with both algorithms.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import MalformedMessage
from hub.protocols.limits import DOCUMENT_BYTES
from hub.protocols.names import AgreementId, MemberId
from hub.protocols.signature_keys import DocumentKey, DocumentPublicKey
from hub.protocols.signing import Typ, sign_document, verify_document


@dataclass(frozen=True, slots=True)
class Mandate:
    """From `valid_from` to `valid_until`, `other` acts for `authority`, or is asked by it."""

    authority: MemberId
    other: MemberId
    valid_from: datetime
    valid_until: datetime


class Change(StrEnum):
    """What a party does to an agreement in force."""

    SUSPEND = "suspend"
    RESUME = "resume"
    END = "end"


@dataclass(frozen=True, slots=True)
class Suspension:
    """One party's word on one version of an agreement."""

    agreement: AgreementId
    version: int
    member: MemberId
    change: Change
    signed_at: datetime


def sign_mandate(mandate: Mandate, typ: Typ, authority: DocumentKey) -> Json:
    """Sign a mandate (`Typ.MANDATE`) or a standing request (`Typ.STANDING_REQUEST`)."""
    payload: Json = {
        "authority": mandate.authority,
        "other": mandate.other,
        "valid_from": canonical.instant(mandate.valid_from),
        "valid_until": canonical.instant(mandate.valid_until),
    }
    return sign_document(canonical.encode(payload), typ, authority)


def read_mandate(document: Json, typ: Typ, authority: DocumentPublicKey) -> Mandate:
    """Verify and read a mandate or standing request; raise `Untrusted` or `MalformedMessage`."""
    reader = Reader(canonical.decode_canonical(verify_document(document, typ, [authority])), "mandate")
    mandate = Mandate(
        authority=MemberId(reader.id("authority", "mbr")),
        other=MemberId(reader.id("other", "mbr")),
        valid_from=reader.instant("valid_from"),
        valid_until=reader.instant("valid_until"),
    )
    reader.done()
    if mandate.valid_until <= mandate.valid_from or mandate.authority == mandate.other:
        raise MalformedMessage("mandate-empty", "a mandate is for another member and ends after it begins")
    return mandate


def sign_suspension(suspension: Suspension, party: DocumentKey) -> Json:
    """Sign a party's word on an agreement."""
    payload: Json = {
        "agreement": suspension.agreement,
        "version": suspension.version,
        "member": suspension.member,
        "change": suspension.change.value,
        "signed_at": canonical.instant(suspension.signed_at),
    }
    return sign_document(canonical.encode(payload), Typ.SUSPENSION, party)


def read_suspension(document: Json, party: DocumentPublicKey) -> Suspension:
    """Verify and read a party's word on an agreement; raise `Untrusted` or `MalformedMessage`."""
    return _read_suspension(verify_document(document, Typ.SUSPENSION, [party]))


def reload_suspension(document: Json) -> Suspension:
    """Read a word that was verified when it was taken; raise `MalformedMessage` where it was altered."""
    return _read_suspension(
        canonical.unb64u(Reader(document, "suspension").text("payload", max=DOCUMENT_BYTES))
    )


def _read_suspension(payload: bytes) -> Suspension:
    reader = Reader(canonical.decode_canonical(payload), "suspension")
    suspension = Suspension(
        agreement=AgreementId(reader.id("agreement", "agr")),
        version=reader.integer("version"),
        member=MemberId(reader.id("member", "mbr")),
        change=reader.choice("change", Change),
        signed_at=reader.instant("signed_at"),
    )
    reader.done()
    return suspension
