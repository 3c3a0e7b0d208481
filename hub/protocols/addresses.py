"""One form for the lines of an address, so that two spellings of it make one token.

Decides what of an address is hashed beside a name or a birthday: its numbers and the first word of
its street. What is written in many ways (flat, road, the town) does not count.
"""

import re
from typing import Final

_PARTS: Final = re.compile(r"[0-9]+[a-z]?|[a-z]{2,}")
_NO_STREET: Final = re.compile(
    "flat|apartment|apt|unit|room|floor|house|the|block|court|no|number|first|second|third|ground|top|st|saint"
)


def read_address(text: str) -> str:
    """Return numbers and street word of an address, "" where one of them is missing.

    A house without a number has no form here: its name is written in too many ways.
    """
    plain = re.sub("['\u2019.]", "", text.lower())
    parts = _PARTS.findall(plain)
    numbers = [part for part in parts if part[0].isdigit()]
    street = next((part for part in parts if part[0].isalpha() and not _NO_STREET.fullmatch(part)), "")
    return " ".join((*numbers, street)) if numbers and street else ""
