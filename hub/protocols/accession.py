"""A member's signed word that it joins an agreement which is open to others.

It names the very bytes that the other parties have signed, by version and digest, and says as what
the newcomer stands among them: the group, and everything that a party of the document says of itself.
A document of long life: signed by the identity key with both algorithms.
"""

from dataclasses import dataclass
from datetime import datetime

from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.names import AgreementId, Digest, MemberId
from hub.protocols.signature_keys import DocumentKey, DocumentPublicKey
from hub.protocols.signing import Typ, sign_document, verify_document


@dataclass(frozen=True, slots=True)
class Accession:
    """One member joins one version of an agreement."""

    agreement: AgreementId
    version: int
    digest: Digest
    """Of the agreement's document, as its page carries it."""
    party: Json
    """The newcomer, as the agreement's form describes a party."""
    signed_at: datetime

    @property
    def member(self) -> MemberId:
        """Who joins."""
        return MemberId(Reader(self.party, "party").id("member", "mbr"))

    @property
    def name(self) -> str:
        """The newcomer's legal name."""
        return Reader(self.party, "party").text("name", max=200)

    @property
    def group(self) -> str:
        """As what it stands among the parties."""
        return Reader(self.party, "party").text("group", max=40)


def sign_accession(accession: Accession, newcomer: DocumentKey) -> Json:
    """Sign the word of a member that joins."""
    payload: Json = {
        "agreement": accession.agreement,
        "version": accession.version,
        "digest": accession.digest,
        "party": accession.party,
        "signed_at": canonical.instant(accession.signed_at),
    }
    return sign_document(canonical.encode(payload), Typ.ACCESSION, newcomer)


def read_accession(document: Json, newcomer: DocumentPublicKey) -> Accession:
    """Verify and read it; raise `Untrusted` or `MalformedMessage`."""
    return _read(verify_document(document, Typ.ACCESSION, [newcomer]))


def reload_accession(document: Json) -> Accession:
    """Read one that was verified before it was kept; checks no signature again."""
    return _read(canonical.unb64u(Reader(document, "accession").text("payload", max=16_384)))


def _read(payload: bytes) -> Accession:
    reader = Reader(canonical.decode_canonical(payload), "accession")
    accession = Accession(
        agreement=AgreementId(reader.id("agreement", "agr")),
        version=reader.integer("version"),
        digest=reader.digest("digest"),
        party=reader.value("party"),
        signed_at=reader.instant("signed_at"),
    )
    reader.done()
    party = Reader(accession.party, "party")
    party.id("member", "mbr")
    party.text("name", max=200)
    party.text("group", max=40)
    return accession
