"""Numbers and places that stand for a person: their one form, and whether they can be right.

Decides, for every member alike, which text an identifier token is made from. A unique pupil
number or learner number in another spelling would be another token; a wrong or a temporary one
would join strangers. So `normalise_...` answers None for whatever may not be matched on, and
`check_...` tells a reader of files whether a value is well formed. Rules: DfE, Unique Pupil
Number 2.0 and the ILR validation service; postcodes: Royal Mail's form and the areas in use.
No value ever appears in an error: these functions raise none.

The records that tokens travel in are `token_record`'s, names are `personal_names`'; both are
named here too, since "identifiers" is where their users look.
"""

import re
from dataclasses import dataclass
from typing import Final

from hub.protocols.personal_names import normalise_name
from hub.protocols.token_record import LinkageKey, TokenDigests, TokenRecord

__all__ = [
    "LinkageKey",
    "Postcode",
    "TokenDigests",
    "TokenRecord",
    "check_laestab",
    "check_nhs_number",
    "check_postcode",
    "check_ukprn",
    "check_uln",
    "check_upn",
    "check_ypid",
    "is_temporary_uln",
    "is_temporary_upn",
    "normalise_name",
    "normalise_postcode",
    "normalise_uln",
    "normalise_upn",
    "read_postcode",
]

UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
"""Check letters and serial letters of a UPN: without I, O and S, which look like numerals."""

TEMPORARY_ULN: Final = "9999999999"

_UPN: Final = re.compile(rf"[{UPN_LETTERS}][0-9]{{11}}[0-9{UPN_LETTERS}]")
_ULN: Final = re.compile(r"[1-9][0-9]{9}")
_TEN_DIGITS: Final = re.compile(r"[0-9]{10}")
_UKPRN: Final = re.compile(r"1[0-9]{7}")
_LAESTAB: Final = re.compile(r"[0-9]{7}|([0-9]{3})LLLL|XXXXXXX|MMMMMMM")
_YPID: Final = re.compile(r"[0-9]{13}")
_GAPS: Final = re.compile(r"[\s-]+")


def _plain(text: str) -> str:
    return _GAPS.sub("", text).upper()


def check_upn(text: str) -> bool:
    """Tell whether this is a unique pupil number with the right check letter, temporary or not."""
    upn = _plain(text)
    if not _UPN.fullmatch(upn) or not _is_english_or_welsh(int(upn[1:4])):
        return False
    values = [*map(int, upn[1:12]), UPN_LETTERS.index(upn[12]) if upn[12].isalpha() else int(upn[12])]
    total = sum(weight * value for weight, value in enumerate(values, start=2))
    return UPN_LETTERS[total % len(UPN_LETTERS)] == upn[0]


def is_temporary_upn(text: str) -> bool:
    """Tell whether the last character is a letter: such a number is given twice, to two pupils."""
    upn = _plain(text)
    return bool(_UPN.fullmatch(upn)) and upn[-1].isalpha()


def normalise_upn(text: str) -> str | None:
    """Return the one form of a permanent, right UPN; None for everything else."""
    return _plain(text) if check_upn(text) and not is_temporary_upn(text) else None


def check_uln(text: str) -> bool:
    """Tell whether this is a unique learner number with the right check digit (mod 11)."""
    uln = _plain(text)
    if not _ULN.fullmatch(uln) or is_temporary_uln(uln):
        return False
    remainder = _weighted(uln) % 11
    return remainder != 0 and 10 - remainder == int(uln[9])


def is_temporary_uln(text: str) -> bool:
    """Tell whether this is the number that stands for "not known yet"."""
    return _plain(text) == TEMPORARY_ULN


def normalise_uln(text: str) -> str | None:
    """Return the one form of a right ULN; None for everything else."""
    return _plain(text) if check_uln(text) else None


def check_nhs_number(text: str) -> bool:
    """Tell whether the check digit is right (mod 11). It is never tokenised: the law is not made."""
    number = _plain(text)
    if not _TEN_DIGITS.fullmatch(number):
        return False
    return (11 - _weighted(number) % 11) % 11 == int(number[9])


def check_ukprn(text: str) -> bool:
    """Tell whether this is a provider's reference number: eight digits, the first a one."""
    return bool(_UKPRN.fullmatch(_plain(text)))


def check_laestab(text: str) -> bool:
    """Tell whether this is an establishment, an authority itself (LLLL), or a stand-in of CTF."""
    return bool(_LAESTAB.fullmatch(_plain(text)))


def check_ypid(text: str) -> bool:
    """Tell whether this is a young person's id of a tracker: database (3 digits) and number (10)."""
    return bool(_YPID.fullmatch(_plain(text)))


def _weighted(number: str) -> int:
    return sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), number, strict=False))


def _is_english_or_welsh(authority: int) -> bool:
    """The first ones of old numbers (001-005), English and Welsh authorities, forces' schools.

    A UPN keeps the code of the authority that issued it, which may long have ended.
    """
    return (
        1 <= authority <= 5 or 201 <= authority <= 420 or 660 <= authority <= 708 or 800 <= authority <= 999
    )


@dataclass(frozen=True, slots=True)
class Postcode:
    """How much of a postcode is known: the unit, its sector, its district; "" where not."""

    unit: str = ""
    sector: str = ""
    district: str = ""


_OUTWARD: Final = re.compile(r"([A-Z]{1,2})([0-9][0-9A-Z]?)")
_UNIT: Final = re.compile(r"([A-Z]{1,2})([0-9][0-9A-Z]?)([0-9][ABD-HJLNP-UW-Z]{2})")
_ABROAD: Final = re.compile(r"[0-9]{4,6}")
_AREA_LIST: Final = (
    "AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY "
    "E EC EH EN EX FK FY G GL GU GX GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL "
    "LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO "
    "SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE"
)
_AREAS: Final = frozenset(_AREA_LIST.split())
"""Postcode areas in use, the Crown dependencies and the forces (BF) among them."""

_UNKNOWN_AREA: Final = "ZZ"
"""ZZ99 and its like stand for "not known", "no fixed abode", "abroad": never a place."""


def check_postcode(text: str) -> bool:
    """Tell whether this has the form of a postcode of an area that exists, or is the stand-in ZZ99."""
    found = _UNIT.fullmatch(_plain(text))
    return found is not None and (found[1] in _AREAS or found[1] == _UNKNOWN_AREA)


def normalise_postcode(text: str) -> str | None:
    """Return a postcode in capitals without its space; None if it is none, or a stand-in."""
    return read_postcode(text).unit or None


def read_postcode(text: str) -> Postcode:
    """Return what of the text may be matched on.

    A whole postcode gives all three, an outward code its district alone. A code of digits alone
    comes from abroad: taken as a unit, since how it divides is another country's rule.
    """
    plain = _plain(text)
    found = _UNIT.fullmatch(plain)
    if found and found[1] in _AREAS:
        district = found[1] + found[2]
        return Postcode(plain, district + found[3][0], district)
    found = _OUTWARD.fullmatch(plain)
    if found and found[1] in _AREAS:
        return Postcode(district=plain)
    return Postcode(unit=plain) if _ABROAD.fullmatch(plain) and len(set(plain)) > 1 else Postcode()
