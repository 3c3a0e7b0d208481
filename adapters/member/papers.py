"""A member's side of signed papers: agreements, mandates, standing requests, linkage epochs.

All are signed here by the identity key, with both algorithms, over the very bytes that people
have read. The custodian's verbs are used in the custodian's own home alone: it makes a linkage
key, wraps it to each member's logged sealing key and sends the boxes through the hub, which can
open none of them.
"""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from adapters.member.directory import Directory
from adapters.member.errors import GatewayFault
from adapters.member.keyring import Keyring
from adapters.member.transport import Transport
from hub.consent.documents import read_agreement
from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.epoch import LINKAGE_KEY_BYTES, Epoch, make_epoch, read_epoch, sign_epoch, wrap_linkage_key
from hub.protocols.errors import Untrusted
from hub.protocols.mandate import Change, Mandate, Suspension, sign_mandate, sign_suspension
from hub.protocols.names import AgreementId, EpochId, MemberId, new_id
from hub.protocols.signing import Typ, sign_document

EPOCH_AGE: Final = timedelta(days=184)
"""Half a year: short enough that a leaked key ages, long enough that autumn meets summer."""


@dataclass(frozen=True, slots=True)
class Papers:
    """What one member signs, and how it reaches the hub."""

    member: MemberId
    keyring: Keyring
    transport: Transport
    directory: Directory

    def propose(self, document: Json) -> AgreementId:
        """Sign an agreement as its first party and propose it to the others."""
        agreement = read_agreement(document)
        self.transport.post("/v1/agreements", {"document": document, "signed": self._sign(document)})
        return agreement.id

    def countersign(self, agreement: AgreementId, digest: str) -> None:
        """Sign what another party proposed, if it is the document whose digest people have read."""
        shown = Reader(self.transport.get(f"/v1/agreements/{agreement}"), "agreement")
        document = shown.value("document")
        if canonical.digest(canonical.encode(document)) != digest:
            raise Untrusted(
                "agreement-other-bytes", "the hub shows another document than the one that was read"
            )
        self.transport.post(f"/v1/agreements/{agreement}/signatures", {"signed": self._sign(document)})

    def newest_version(self, agreement: AgreementId) -> int:
        """The newest version of an agreement, as the hub shows it."""
        return Reader(self.transport.get(f"/v1/agreements/{agreement}"), "agreement").integer("version")

    def change(self, agreement: AgreementId, version: int, change: Change, now: datetime) -> None:
        """Suspend, resume or end an agreement; stopping binds at once."""
        word = Suspension(agreement, version, self.member, change, now)
        signed = sign_suspension(word, self.keyring.identity)
        self.transport.post(f"/v1/agreements/{agreement}/suspension", {"word": signed})

    def mandate(self, company: MemberId, valid_from: datetime, valid_until: datetime) -> None:
        """An authority lets a careers company act for it."""
        signed = sign_mandate(
            Mandate(self.member, company, valid_from, valid_until), Typ.MANDATE, self.keyring.identity
        )
        self.transport.post("/v1/mandates", {"document": signed})

    def standing_request(self, institution: MemberId, valid_from: datetime, valid_until: datetime) -> None:
        """An authority asks an institution to notify unprompted (s.14 works on request)."""
        asked = Mandate(self.member, institution, valid_from, valid_until)
        signed = sign_mandate(asked, Typ.STANDING_REQUEST, self.keyring.identity)
        self.transport.post("/v1/standing-requests", {"document": signed})

    # --- the custodian ---------------------------------------------------------------------------

    def make_epoch(self, now: datetime) -> tuple[Epoch, bytes, Json]:
        """Make an epoch, its key, and the epoch signed; the key is to be kept before anything is sent."""
        key = os.urandom(LINKAGE_KEY_BYTES)
        begin = now.replace(microsecond=0)
        epoch = make_epoch(EpochId(new_id("ep", now, os.urandom(10))), begin, begin + EPOCH_AGE, key)
        return epoch, key, sign_epoch(epoch, self.keyring.identity)

    def send_epoch(self, document: Json, members: list[MemberId]) -> EpochId:
        """Send an epoch of ours, its key wrapped to each member."""
        epoch = read_epoch(document, self.keyring.identity.public)
        key = self.keyring.linkage.get(epoch.id)
        if key is None:
            raise GatewayFault("linkage-key-gone", "this home does not hold the key of that epoch")
        boxes: dict[str, Json] = {
            member: wrap_linkage_key(key, epoch, self.directory.sealing_key(member)) for member in members
        }
        self.transport.post("/v1/epochs", {"document": document, "boxes": boxes})
        return epoch.id

    def wrap_again(self, epoch_id: EpochId, members: list[MemberId]) -> None:
        """Wrap the key of an epoch to members that have joined since."""
        for one in Reader(self.transport.get("/v1/epochs"), "epochs").objects("data"):
            if one.id("epoch", "ep") == epoch_id:
                self.send_epoch(one.value("document"), members)
                return
        raise GatewayFault("epoch-unknown", "the hub does not list this epoch")

    def _sign(self, document: Json) -> Json:
        return sign_document(canonical.encode(document), Typ.AGREEMENT, self.keyring.identity)
