"""A member's side of signed papers: agreements, mandates, standing requests, linkage epochs.

All are signed here by the identity key, with both algorithms, over the very bytes that people
have read. The custodian's verbs are used in the custodian's own home alone: it makes a linkage
key, wraps it to each member's logged sealing key and sends the boxes through the hub, which can
open none of them.
"""

import os
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from adapters.member.directory import Directory
from adapters.member.errors import GatewayFault
from adapters.member.keyring import Keyring
from adapters.member.transport import Transport
from hub.consent.documents import read_agreement
from hub.protocols import canonical
from hub.protocols.accession import Accession, sign_accession
from hub.protocols.canonical import Json, Reader
from hub.protocols.epoch import LINKAGE_KEY_BYTES, Epoch, make_epoch, read_epoch, sign_epoch, wrap_linkage_key
from hub.protocols.errors import Untrusted
from hub.protocols.limits import CLOCK_SKEW
from hub.protocols.mandate import Change, Mandate, Suspension, sign_mandate, sign_suspension
from hub.protocols.names import AgreementId, EpochId, MemberId, new_id
from hub.protocols.signing import Typ, sign_document

EPOCH_AGE: Final = timedelta(days=184)
"""Half a year: short enough that a leaked key ages, long enough that autumn meets summer."""

WITHDRAWN_SPAN: Final = timedelta(days=1)
"""How long what withdraws a paper says that it was good for: over, by any clock."""

_BINDS: Final = frozenset({"in_force", "suspended"})


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

    def accede(self, agreement: AgreementId, digest: str, party: Json, now: datetime) -> None:
        """Join an agreement that is open to others, if it is the document whose digest people have read."""
        shown = Reader(self.transport.get(f"/v1/agreements/{agreement}"), "agreement")
        document = shown.value("document")
        found = canonical.digest(canonical.encode(document))
        if found != digest:
            raise Untrusted(
                "agreement-other-bytes", "the hub shows another document than the one that was read"
            )
        accession = Accession(agreement, shown.integer("version"), found, party, now.replace(microsecond=0))
        signed = sign_accession(accession, self.keyring.identity)
        self.transport.post(f"/v1/agreements/{agreement}/accessions", {"document": signed})

    def shown(self, agreement: AgreementId) -> dict[str, Json]:
        """The newest version of an agreement, with its document, as the hub shows it."""
        found = self.transport.get(f"/v1/agreements/{agreement}")
        return found if isinstance(found, dict) else {}

    def binding_version(self, agreement: AgreementId) -> int:
        """The version that binds now or is suspended, whatever is proposed in its place."""
        for one in self.transport.pages("/v1/agreements"):
            if one.id("agreement", "agr") == agreement and one.text("state") in _BINDS:
                return one.integer("version")
        raise GatewayFault("agreement-state", "no version of this agreement binds: see `hub agreement list`")

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

    def end_mandate(self, company: MemberId, now: datetime) -> None:
        """A careers company acts for us no longer, from the moment the hub has this."""
        self.mandate(company, *_over(now))

    def end_standing_request(self, institution: MemberId, now: datetime) -> None:
        """An institution is asked to notify no longer."""
        self.standing_request(institution, *_over(now))

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

    def shorten_epoch(self, epoch: Epoch, until: datetime) -> None:
        """Sign an epoch of ours again with an earlier end; one that ends before that stays as it is."""
        end = until.replace(microsecond=0)
        if end < epoch.valid_until:
            document = sign_epoch(replace(epoch, valid_until=end), self.keyring.identity)
            self.transport.post("/v1/epochs", {"document": document, "boxes": {}})

    def wrap_again(self, epoch_id: EpochId, members: list[MemberId]) -> None:
        """Wrap the key of an epoch to members that have joined since."""
        listed = Reader(self.transport.get("/v1/epochs"), "epochs").objects("data")
        for one in reversed(listed):  # the newest version: it may have been signed again with an earlier end
            if one.id("epoch", "ep") == epoch_id:
                self.send_epoch(one.value("document"), members)
                return
        raise GatewayFault("epoch-unknown", "the hub does not list this epoch")

    def _sign(self, document: Json) -> Json:
        return sign_document(canonical.encode(document), Typ.AGREEMENT, self.keyring.identity)


def _over(now: datetime) -> tuple[datetime, datetime]:
    """A time that is over also by a clock that is behind ours."""
    end = now.replace(microsecond=0) - CLOCK_SKEW
    return end - WITHDRAWN_SPAN, end
