"""English education authorities by code and day: codes outlive their bounds, and authorities merge.

For routing and for the connectors that check a code. A DfE code stays while its ONS code changes
(Barnsley and Sheffield on 1 May 2025), and some codes have ended (Bournemouth and Poole became
part of 839 in 2019), so that every look-up needs a day. The codes without a place, which the
NCCIS return has beside them, are named here too.

Source: the Department for Education's list of authorities; the wording of its licence is in NOTICE.
"""

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

OUTSIDE_ENGLAND: Final = frozenset({"000", "001", "002", "003"})
"""Codes that the NCCIS return has for those who left England."""

UNKNOWN: Final = "004"
"""Not known: never a place to which anybody was transferred."""

SERVICE_CHILDREN: Final = "702"
"""Service Children's Education: the Ministry of Defence, not a council."""

_SUCCESSORS: Final = {
    "820": ("822", "823"),
    "835": ("838", "839"),
    "836": ("839",),
    "837": ("839",),
    "875": ("895", "896"),
    "909": ("942", "943"),
    "928": ("940", "941"),
}
"""Who took over from authorities that ended: Bedfordshire and Cheshire in 2009, Dorset, Poole and Bournemouth
in 2019, Northamptonshire in 2021, Cumbria in 2023."""

_DATA: Final = files("adapters") / "data"


@dataclass(frozen=True, slots=True)
class Authority:
    """An English education authority under one ONS code, and the days between which it stands."""

    code: str
    gss: str
    name: str
    since: date
    until: date | None

    def stands(self, on: date) -> bool:
        """Tell whether it is the authority of its code on a day."""
        return self.since <= on and (self.until is None or on <= self.until)


def authority(code: str, on: date) -> Authority | None:
    """Give the English authority that has this DfE code on a day; codes outlive their bounds."""
    return next((one for one in authority_history(code) if one.stands(on)), None)


def authority_history(code: str) -> tuple[Authority, ...]:
    """Give everything that a DfE code has stood for, the earliest first."""
    return _authorities().get(code, ())


def successors(code: str, on: date) -> tuple[str, ...]:
    """Give the DfE codes of those who took over from an authority that had ended by a day."""
    if authority(code, on) is not None or not any(one.since <= on for one in authority_history(code)):
        return ()
    return _SUCCESSORS.get(code, ())


def authority_of_district(gss: str) -> str | None:
    """Give the DfE code of the education authority over a lower-tier district's ONS code."""
    return _districts().get(gss)


def authority_of_gss(gss: str) -> str | None:
    """Give the DfE code of an authority, or of a district, by any ONS code it has or had."""
    return _by_gss().get(gss) or authority_of_district(gss)


@cache
def _authorities() -> dict[str, tuple[Authority, ...]]:
    found: dict[str, tuple[Authority, ...]] = {}
    for row in _rows("la_england_dfe_ons.csv"):
        one = Authority(
            row["dfe_la_code"],
            row["gss_code"],
            row["name"],
            date.fromisoformat(row["start_date"]),
            date.fromisoformat(row["end_date"]) if row["end_date"] else None,
        )
        found[one.code] = tuple(sorted((*found.get(one.code, ()), one), key=lambda one: one.since))
    return found


@cache
def _by_gss() -> dict[str, str]:
    return {one.gss: code for code, history in _authorities().items() for one in history}


@cache
def _districts() -> dict[str, str]:
    return {row["lad_gss"]: row["dfe_la_code"] for row in _rows("lad_to_education_la.csv")}


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8") as text:
        return list(csv.DictReader(text))
