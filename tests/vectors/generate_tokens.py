"""Writes the vectors of identifier tokens: made-up people, a fixed linkage key, the record of each.

All randomness is zeros, so running this again gives the same bytes; a difference is a change of the
protocol and belongs to a new layout and a new epoch.
"""

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Final

from hub.matching.tokens import Person, make_tokens
from hub.protocols.canonical import Json
from hub.protocols.names import EpochId
from hub.protocols.token_record import LinkageKey

OUT: Final = Path(__file__).parent / "own" / "token-records.json"
KEY: Final = LinkageKey(bytes(range(32)))
EPOCH: Final = EpochId("ep_06avt5zbkhqf0000000000000r")

PEOPLE: Final = {
    "every fact is known": Person(
        "Amelia", "Thornbury", date(2009, 3, 14), "ME7 4AB", "CT1 2XY", "F", "F886499920001", "1000000019"
    ),
    "marks, an apostrophe and a double-barrelled name": Person(
        "Zoë", "O'Néill-Wałęsa", date(2008, 12, 5), "me74ab", "", "female"
    ),
    "Muhammad before the name in use, a community name beside the family's": Person(
        "Mohammed Ali", "Khan Begum", date(2010, 7, 30), "SE1 9RT"
    ),
    "one name alone, a default birthday, a temporary UPN": Person(
        "", "Suharto", date(2008, 1, 1), "ZZ99 9ZZ", upn="E88649992001A", uln="9999999999"
    ),
    "a twin, with a preferred and a married name": Person(
        "Katarzyna",
        "Nowak",
        date(2009, 5, 5),
        "M1 1AE",
        "M1 1AE",
        "2",
        twin=True,
        preferred_name="Kasia",
        other_last_name="Hartley",
    ),
    "nothing is known": Person("tbc", "unknown"),
}


def case(about: str, person: Person) -> Json:
    """One person and the record that every member must make of it when all randomness is zeros."""
    facts = {**asdict(person), "dob": person.dob.isoformat() if person.dob else None}
    return {"about": about, "person": facts, "record": make_tokens(person, KEY, EPOCH, bytes).to_json()}


if __name__ == "__main__":
    cases: Json = [case(about, person) for about, person in PEOPLE.items()]
    document: Json = {"linkage_key_hex": KEY.hex(), "epoch": EPOCH, "randomness": "zeros", "cases": cases}
    OUT.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(OUT)
