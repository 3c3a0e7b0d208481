"""The made-up people of the stories."""

from dataclasses import replace
from datetime import date
from typing import Final

from adapters.move import Address, Found, Move, Wishes

OLD_HOME: Final = Address(("1 Example Road", "Maidstone"), "ME14 1XQ")
NEW_HOME: Final = Address(("2 Sample Street", "Chatham"), "ME4 4TR")

ADA: Final = Move(
    place="row 2",
    given="Ada",
    family="Exampleton",
    dob=date(2009, 11, 12),
    from_address=OLD_HOME,
    to_address=NEW_HOME,
    upn="F886499920001",
    activity="230",
)
"""Seventeen, moves from Kent to Medway; both areas know her number."""

ADA_KNOWN_BY_NAME: Final = replace(ADA, upn=None, from_address=None)
"""What somebody who knows only her name, her birthday and where she lives now could claim."""

TWIN: Final = replace(ADA, given="Ida", upn="X884499921002", found=frozenset({Found.TWIN}))

SHIELDED: Final = replace(ADA, found=frozenset({Found.SHIELD}))

INSTRUCTED: Final = replace(ADA, wishes=Wishes(instruction=frozenset({"participation", "contact"})))
