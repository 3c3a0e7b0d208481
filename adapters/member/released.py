"""What was released to us of one young person, as a row for the member's own system.

The parts of a notice lie in two deliveries, names first; together they are a `Move` again, which the
member's tracker reads like a row of anybody's file: JSON lines, or CSV whose cells cannot act.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

from adapters.columns import Field
from adapters.export import write_csv, write_xlsx
from adapters.iyss_out import write_import
from adapters.jsonl_file import write_line
from adapters.member.records import Received
from adapters.move import Address, Contact, Establishment, Event, Found, Move, Parent
from adapters.nccis_out import write_arrivals
from hub.protocols.canonical import Json
from hub.protocols.names import Part

KEPT_FROM: Final = frozenset({"new", "different", "recalled", "erased"})
"""States of a delivery of which nothing is passed on: not checked yet, not ours, or taken back."""

_TEXTS: Final = (
    "upn", "former_upn", "uln", "local_ref", "activity", "lead_authority", "to_authority",
    "educated_authority", "year_11_authority", "cohort_status", "level_of_need",
)  # fmt: skip
_DAYS: Final = (
    "start", "end", "predicted_end", "neet_start", "ascertained", "verified", "review", "due_to_lapse",
)  # fmt: skip
_FOUND: Final = (Part.SEND, Part.CARE, Part.CIRCUMSTANCES, Part.EQUALITY_HEALTH, Part.OFFENDING)

Facts = Mapping[str, Json]


def ready(received: Received, unsure: frozenset[str]) -> bool:
    """Whether a delivery may be passed on: a first one not before somebody, or the machine, said `same`."""
    return received.state not in KEPT_FROM and received.item not in unsure and _facts_of(received) != {}


def names_somebody(deliveries: Sequence[Received]) -> bool:
    """Whether the names are among what was delivered: without them there is no row."""
    return any(Part.IDENTITY.value in _facts_of(one) for one in deliveries)


def parts_of(received: Received) -> str:
    """Which parts of a delivery are held now, in one text; empty where it was recalled or is not ours."""
    return "" if received.state in KEPT_FROM else ",".join(sorted(_facts_of(received)))


def released_move(deliveries: Sequence[Received]) -> Move:
    """One young person as the deliveries of one notice tell of them; the row is named after the notice.

    The sender's own reference becomes the previous one: the member gives its own.
    """
    parts: dict[str, Json] = {}
    for one in deliveries:
        parts |= _facts_of(one)
    identity, further = _part(parts, Part.IDENTITY), _part(parts, Part.PARTICIPATION)
    health, offending = _part(parts, Part.EQUALITY_HEALTH), _part(parts, Part.OFFENDING)
    texts = {name: _text(further, name) for name in _TEXTS}
    texts["activity"] = _text(health, "activity") or _text(offending, "activity") or texts["activity"]
    reference = texts.pop("local_ref") or _text(further, "previous_ref")
    address, contact = _part(parts, Part.ADDRESS), _part(parts, Part.CONTACT)
    return Move(
        place=deliveries[0].notice,
        given=_text(identity, "given") or "",
        family=_text(identity, "family") or "",
        dob=date.fromisoformat(_text(identity, "dob") or ""),
        middle=_text(identity, "middle"),
        former_family=_texts(identity, "former_family"),
        from_address=_address(address.get("from")),
        to_address=_address(address.get("to")),
        previous_ref=reference,
        establishment=_establishment(further),
        **{name: _day(further, name) for name in _DAYS},  # type: ignore[arg-type]  # days by name
        **texts,  # type: ignore[arg-type]  # texts by name
        lapsed=further.get("lapsed") is True,
        event=_event(further),
        ethnicity=_text(health, "ethnicity"),
        found=_found(parts),
        contact=Contact(_text(contact, "phone"), _text(contact, "email")) if contact else None,
        parent=_parent(_part(parts, Part.PARENT)),
    )


def as_json_line(move: Move) -> bytes:
    """One JSON line, as `hub read --json` prints it."""
    return write_line(move).encode() + b"\n"


def as_csv(move: Move) -> bytes:
    """A header and one row for a spreadsheet, whose cells cannot act."""
    written = _flat(move)
    text = io.StringIO(newline="")
    write_csv([[field.value for field in written], list(written.values())], text)
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(move: Move) -> bytes:
    """The same as a workbook."""
    written = _flat(move)
    return write_xlsx([[field.value for field in written], list(written.values())])


def as_nccis(move: Move) -> bytes:
    """A record of the NCCIS layout, with the sender's number as the earlier one."""
    return write_arrivals([move])


FORMATS: Final[dict[str, Callable[[Move], bytes]]] = {
    "jsonl": as_json_line,
    "csv": as_csv,
    "xlsx": as_xlsx,
    "nccis.xml": as_nccis,
    "iyss.csv": write_import,
}
"""How a released record is written, by the ending of the file's name."""


def _flat(move: Move) -> dict[Field, str]:
    """The facts of a move by field; several of one field are one text."""
    facts = json.loads(write_line(move))
    return {Field(name): _cell(name, value) for name, value in facts.items()}


def _cell(name: str, value: object) -> str:
    between = ", " if name.endswith("address") else "; "
    return between.join(map(str, value)) if isinstance(value, list) else str(value)


def _facts_of(received: Received) -> Facts:
    facts = received.body.get("facts") if isinstance(received.body, dict) else None
    return facts if isinstance(facts, dict) else {}


def _part(parts: Facts, part: Part) -> Facts:
    found = parts.get(part.value)
    return found if isinstance(found, dict) else {}


def _text(facts: Facts, name: str) -> str | None:
    value = facts.get(name)
    return value if isinstance(value, str) else None


def _texts(facts: Facts, name: str) -> tuple[str, ...]:
    value = facts.get(name)
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _day(facts: Facts, name: str) -> date | None:
    text = _text(facts, name)
    return None if text is None else date.fromisoformat(text)


def _event(facts: Facts) -> Event | None:
    word = _text(facts, "event")
    return Event(word) if word in set(Event) else None


def _address(found: Json) -> Address | None:
    if not isinstance(found, dict):
        return None
    return Address(_texts(found, "lines"), _text(found, "postcode"))


def _establishment(facts: Facts) -> Establishment | None:
    place = Establishment(
        _text(facts, "establishment_number"), _text(facts, "establishment_name"), _text(facts, "ukprn")
    )
    return None if place == Establishment() else place


def _found(parts: Facts) -> frozenset[Found]:
    words = [word for part in _FOUND for word in _texts(_part(parts, part), "found")]
    return frozenset(Found(word) for word in words if word in set(Found))


def _parent(facts: Facts) -> Parent | None:
    return Parent(_text(facts, "name"), _address(facts.get("address"))) if facts else None
