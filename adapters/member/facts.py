"""From a move to the ten sealed parts, the flags and the person that tokens are made of.

Decides which fact goes into which part: one data category each, so that an agreement can permit
one and not another. What a file says and no part may carry (free text, former sex, names from
before an adoption) has no place here and is dropped.
"""

from dataclasses import asdict, fields, replace
from datetime import date, timedelta
from typing import Final

from adapters.move import Address, Establishment, Found, Move, Told
from hub.consent.flags import Flags
from hub.matching.tokens import Person
from hub.protocols.canonical import Json, Reader
from hub.protocols.names import NoticeType, Part

_SEND: Final = frozenset({Found.SEN, Found.SEN_SUPPORT, Found.EHC_PLAN})
_CARE: Final = frozenset({Found.LOOKED_AFTER, Found.CARE_LEAVER})
_CIRCUMSTANCES: Final = frozenset(
    {Found.CARER, Found.PARENT, Found.PARENT_APART, Found.REFUGEE, Found.SUBSTANCE}
)
_HEALTH: Final = frozenset({Found.PREGNANT})
_OFFENDING: Final = frozenset({Found.YOUTH_OFFENDING})

_PERSON_WORDS: Final = tuple(field.name for field in fields(Person) if field.name not in {"dob", "twin"})

SPECIAL_ACTIVITIES: Final = {
    "640": (Part.EQUALITY_HEALTH, "619"),
    "650": (Part.EQUALITY_HEALTH, "619"),
    "660": (Part.EQUALITY_HEALTH, "619"),
    "130": (Part.OFFENDING, None),
    "290": (Part.OFFENDING, None),
    "710": (Part.OFFENDING, None),
}
"""Activity codes that tell of health or an offence: the true code goes into that part, and
`participation` says "NEET, other" (619) or nothing."""


def parts_of(move: Move) -> dict[Part, Json]:
    """The facts of each part; None where a part has nothing and is sealed as padding."""
    return {
        Part.IDENTITY: identity_of(move),
        Part.ADDRESS: _address_part(move),
        Part.PARTICIPATION: _participation(move),
        Part.CONTACT: _some(
            {} if move.contact is None else {"phone": move.contact.phone, "email": move.contact.email}
        ),
        Part.SEND: _found(move, _SEND),
        Part.CARE: _found(move, _CARE),
        Part.CIRCUMSTANCES: _found(move, _CIRCUMSTANCES),
        Part.EQUALITY_HEALTH: _special(move, Part.EQUALITY_HEALTH, _HEALTH),
        Part.OFFENDING: _special(move, Part.OFFENDING, _OFFENDING),
        Part.PARENT: _parent(move),
    }


def identity_of(move: Move) -> Json:
    """Names and date of birth: all that a first release shows."""
    return _some(
        {
            "given": move.given,
            "middle": move.middle,
            "family": move.family,
            "former_family": [*move.former_family] or None,
            "dob": move.dob.isoformat(),
        }
    )


def flags_of(move: Move) -> Flags:
    """The flags that reach the hub in clear, good for thirty days."""
    return Flags(
        instruction=_named(move.wishes.instruction),
        objection=_named(move.wishes.objection),
        consent=_named(move.wishes.consent),
        shield=Found.SHIELD in move.found,
        provenance_dwp=_named(move.wishes.from_dwp | _of_dwp(move)),
        restricted=False,
        twin=Found.TWIN in move.found,
    )


def looked_at_no_more(move: Move) -> Move:
    """The same record without the days on which somebody last looked: what is left is what it says."""
    return replace(move, ascertained=None, verified=None, review=None, due_to_lapse=None, lapsed=False)


def person_of(move: Move, kind: NoticeType) -> Person:
    """The person that identifier tokens are made of; the former home is the one before the move.

    An enrolment or a leaver has one home: it is the one that the home authority knows.
    """
    former, current = move.from_address, move.to_address
    if kind in {NoticeType.CROSS_BORDER_ENROLMENT, NoticeType.LEAVER}:
        former, current = former or current, None
    return Person(
        first_name=move.given,
        last_name=move.family,
        dob=move.dob,
        former_postcode=_postcode(former),
        current_postcode=_postcode(current),
        sex=move.sex or "",
        upn=move.upn or "",
        uln=move.uln or "",
        twin=Found.TWIN in move.found,
        other_last_name=move.former_family[0] if move.former_family else "",
        former_address=" ".join(former.lines) if former else "",
    )


def person_json(person: Person) -> Json:
    """What tokens were made of, to be kept sealed: the next linkage epoch needs them made anew."""
    return {**asdict(person), "dob": None if person.dob is None else person.dob.isoformat()}


def person_from(kept: Json) -> Person:
    """What `person_json` wrote; raise `MalformedMessage` for anything else."""
    reader = Reader(kept, "person")
    text = reader.nullable_text("dob")
    dob = None if text is None else date.fromisoformat(text)
    words = {name: _kept_text(reader, name) for name in _PERSON_WORDS}
    return Person(**words, dob=dob, twin=reader.value("twin") is True)


def _kept_text(reader: Reader, name: str) -> str:
    value = reader.value(name)
    return value if isinstance(value, str) else ""


def expires_on(issued: date) -> date:
    """The 31 January that follows: June's leavers still meet the autumn's enrolment lists."""
    end = date(issued.year, 1, 31)
    return end if end > issued + timedelta(days=1) else date(issued.year + 1, 1, 31)


def _postcode(address: Address | None) -> str:
    return "" if address is None or address.postcode is None else address.postcode


def _of_dwp(move: Move) -> frozenset[str]:
    """What a record that came from the DWP binds, whether or not its columns say so (s.15 of the Act)."""
    return frozenset({Part.PARTICIPATION.value}) if move.told is Told.DWP else frozenset()


def _named(parts: frozenset[str]) -> frozenset[Part]:
    return frozenset(Part(name) for name in parts)


def _address_part(move: Move) -> Json:
    return _some({"from": _address(move.from_address), "to": _address(move.to_address)})


def _address(address: Address | None) -> Json:
    if address is None:
        return None
    return _some({"lines": [*address.lines] or None, "postcode": address.postcode})


def _participation(move: Move) -> Json:
    place = move.establishment or Establishment()
    return _some(
        {
            "upn": move.upn,
            "former_upn": move.former_upn,
            "uln": move.uln,
            "local_ref": move.local_ref,
            "previous_ref": move.previous_ref,
            "activity": _activity(move.activity),
            "start": _day(move.start),
            "end": _day(move.end),
            "predicted_end": _day(move.predicted_end),
            "neet_start": _day(move.neet_start),
            "event": move.event and move.event.value,
            "ascertained": _day(move.ascertained),
            "verified": _day(move.verified),
            **_currency(move),
            "establishment_number": place.number,
            "establishment_name": place.name,
            "ukprn": place.ukprn,
            "lead_authority": move.lead_authority,
            "to_authority": move.to_authority,
            "educated_authority": move.educated_authority,
            "year_11_authority": move.year_11_authority,
            "cohort_status": move.cohort_status,
            "level_of_need": move.level_of_need,
        }
    )


def _activity(code: str | None) -> str | None:
    return SPECIAL_ACTIVITIES[code][1] if code in SPECIAL_ACTIVITIES else code


def _currency(move: Move) -> dict[str, Json]:
    """Until when the activity counts; not of activities in custody, which such dates would tell of."""
    special = SPECIAL_ACTIVITIES.get(move.activity or "")
    if special is not None and special[0] is Part.OFFENDING:
        return {}
    lapsed = True if move.lapsed else None
    return {"review": _day(move.review), "due_to_lapse": _day(move.due_to_lapse), "lapsed": lapsed}


def _special(move: Move, part: Part, kinds: frozenset[Found]) -> Json:
    special = SPECIAL_ACTIVITIES.get(move.activity or "")
    activity = move.activity if special is not None and special[0] is part else None
    ethnicity = move.ethnicity if part is Part.EQUALITY_HEALTH else None
    return _some({"found": _words(move, kinds), "activity": activity, "ethnicity": ethnicity})


def _found(move: Move, kinds: frozenset[Found]) -> Json:
    return _some({"found": _words(move, kinds)})


def _words(move: Move, kinds: frozenset[Found]) -> list[Json] | None:
    return [*sorted(found.value for found in move.found & kinds)] or None


def _parent(move: Move) -> Json:
    if move.parent is None:
        return None
    return _some({"name": move.parent.name, "address": _address(move.parent.address)})


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _some(facts: dict[str, Json]) -> Json:
    """The facts that are known, or None where none is."""
    return {name: fact for name, fact in facts.items() if fact is not None} or None
