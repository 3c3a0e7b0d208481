"""A consent as a record of the shape of ISO/IEC TS 27560:2023: header, processing, parties, events.

The standard is not open; the names of its fields are taken from what is published about it (the W3C
Community Group's guide to consent records with the Data Privacy Vocabulary, and mappings of others).
`given_by` and `noted_by` are ours. Not here, because the flag book does not know them: `privacy_notice`,
`language`, `storage_locations`, `retention_period`, `processing_locations`; the agreement that names
consent for the part says the first and the fourth.

Made from the flag book when somebody asks for it, for the young person or for a DPO. It is kept as a
page of the book, sealed in the gateway's home, and no part of it is ever sent to the hub.
"""

from datetime import date
from typing import Final

from adapters.member.errors import GatewayFault
from adapters.member.flag_book import Entry
from adapters.member.home import Pinned
from hub.consent.flag_record import Kind
from hub.consent.table import EXPLICIT_CONSENT, OFFENCE, SPECIAL
from hub.protocols.canonical import Json

SCHEMA: Final = "ISO/IEC TS 27560:2023"

_SENSITIVE: Final = frozenset(category.value for category in SPECIAL | OFFENCE)


def consent_record(entry: Entry, holder: Pinned) -> Json:
    """The record of one consent; raise `GatewayFault` for a flag that is none."""
    if entry.record.kind is not Kind.CONSENT:
        raise GatewayFault("flag-consent", "only a consent has a consent record")
    return {
        "schema_version": SCHEMA,
        "record_id": entry.flag,
        "pii_principal_id": entry.ref,
        "pii_processing": [_processing(entry, holder)],
        "party_identification": [
            {
                "party_id": holder.member,
                "party_name": holder.name,
                "party_role": "pii_controller",
                "party_contact": holder.mailbox,
            }
        ],
        "events": _events(entry, holder),
    }


def _processing(entry: Entry, holder: Pinned) -> Json:
    named = sorted(part.value for part in entry.record.parts)
    return {
        "purpose": "participation and support services across authority borders",
        "lawful_basis": EXPLICIT_CONSENT,
        "pii_information": [
            {"pii_type": part, "pii_optional": True, "sensitive_pii_category": part in _SENSITIVE}
            for part in named
        ],
        "pii_controllers": [holder.member],
        "recipient_third_parties": "parties of an agreement in force that names consent for the part",
        "collection_method": entry.evidence or "not noted",
        "withdrawal_method": f"hub flag end {entry.flag}",
        "jurisdiction": "GB-ENG",
    }


def _events(entry: Entry, holder: Pinned) -> list[Json]:
    record = entry.record
    given: Json = {
        "event_type": "explicit",
        "event_state": "given",
        "event_time": _day(record.effective),
        "validity_duration": "until withdrawn" if record.ends is None else f"until {_day(record.ends)}",
        "given_by": record.made_by.value,
        "noted_by": entry.officer,
        "entity_id": holder.member,
    }
    if record.withdrawn is None:
        return [given]
    withdrawn: Json = {
        "event_type": "explicit",
        "event_state": "withdrawn",
        "event_time": _day(record.withdrawn),
        "noted_by": entry.officer,
        "entity_id": holder.member,
    }
    return [given, withdrawn]


def _day(day: date) -> str:
    return day.isoformat()
