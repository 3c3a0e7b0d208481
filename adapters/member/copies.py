"""The member's own copies of what was signed, kept in its records for when no hub can be asked.

Written whenever the papers were read and verified, so that a rehearsal, the matrix and the record
of processing work without a network; they say of when they are. Nothing leaves on their strength:
whoever publishes or grants a key asks the hub, and the hub decides again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.member.directory import Listing, read_apart
from adapters.member.records import Records
from adapters.member.terms import Copy, Terms
from hub.consent.agreement import AgreementBook, Party, State
from hub.consent.documents import reload_agreement
from hub.consent.question import Role
from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.names import MemberId, MemberKind

_PLACE: Final = "copies"
_PLACE_AT: Final = "copies-at"


@dataclass(frozen=True, slots=True)
class Kept:
    """What bound, and who was a member, when it was last read."""

    terms: Terms
    members: Mapping[MemberId, Listing]
    at: datetime


def keep(terms: Terms, members: Mapping[MemberId, Listing], records: Records, now: datetime) -> None:
    """Keep what was read and verified, in place of what was kept before."""
    written = canonical.encode(
        {
            "agreements": [_copy(one) for one in terms.copies],
            "mandates": [[*pair] for pair in sorted(terms.mandates)],
            "requests": [[*pair] for pair in sorted(terms.requests)],
            "members": [_listing(members[one]) for one in sorted(members)],
        }
    ).decode()
    if records.place(_PLACE) != written:
        records.set_place(_PLACE, written)
    records.set_place(_PLACE_AT, canonical.instant(now))


def read_kept(records: Records) -> Kept | None:
    """What was kept last; None where nothing ever was."""
    written, at = records.place(_PLACE), records.place(_PLACE_AT)
    if written is None or at is None:
        return None
    reader = Reader(canonical.decode(written.encode()), "copies")
    copies = tuple(_read_copy(one) for one in reader.objects("agreements"))
    members = [_read_listing(one) for one in reader.objects("members")]
    terms = Terms(
        AgreementBook.from_agreements(copy.agreement for copy in copies),
        _pairs(reader.items("mandates")),
        _pairs(reader.items("requests")),
        copies=copies,
    )
    return Kept(terms, {one.member: one for one in members}, canonical.parse_instant(at))


def _copy(copy: Copy) -> Json:
    parties: list[Json] = [[party.member, party.name, party.group] for party in copy.agreement.parties]
    return {"document": copy.document, "state": copy.agreement.state.value, "parties": parties}


def _read_copy(reader: Reader) -> Copy:
    document = reader.value("document")
    agreement = reload_agreement(document).recorded_as(reader.choice("state", State))
    parties = tuple(
        Party(MemberId(str(one[0])), str(one[1]), str(one[2]))
        for one in reader.items("parties")
        if isinstance(one, list)
    )
    return Copy(agreement.joined_by(parties), document)


def _listing(one: Listing) -> Json:
    return {
        "member": one.member,
        "name": one.name,
        "kind": one.kind.value,
        "role": one.role.value,
        "area": one.area,
        "apart": one.apart,
    }


def _read_listing(reader: Reader) -> Listing:
    return Listing(
        MemberId(reader.id("member", "mbr")),
        reader.text("name"),
        reader.choice("kind", MemberKind),
        reader.choice("role", Role),
        reader.nullable_text("area", max=3),
        read_apart(reader),
    )


def _pairs(found: list[Json]) -> frozenset[tuple[MemberId, MemberId]]:
    return frozenset((MemberId(str(one[0])), MemberId(str(one[1]))) for one in found if isinstance(one, list))
