"""What an agreement's document says, value by value, in words: for its page and for a comparison.

A code from a closed list is told by its label, with the code behind it as decisions cite it; free
text stands in quotes, and what is not a letter or sign of English and its neighbours is written out
as an escape, so that two texts never look alike. Nothing is left out and nothing is added.
"""

import re
from collections.abc import Mapping
from typing import Final

from hub.consent.documents import vocabularies
from hub.protocols.canonical import Json

LISTS: Final[Mapping[str, str]] = {
    "categories": "category",
    "roles": "role",
    "notice_types": "notice_type",
    "scopes": "scope",
    "purposes": "purpose",
    "unless_flags": "unless_flag",
    "set_by": "flag_setter",
    "suites": "suite",
    "algorithms": "signing_algorithm",
    "scheme": "code_scheme",
    "unmatched": "retention_unmatched",
}
"""Fields whose published list of words goes by another name than the field."""

NAMES: Final[Mapping[str, str]] = {
    "schema": "form",
    "dpo": "data protection officer",
    "dpia": "data protection impact assessment",
    "ico_registration": "registration with the Information Commissioner",
    "categories": "what",
    "notice_types": "by",
    "roles": "to",
    "scopes": "about those of",
    "basis": "on the basis",
    "article6": "article 6",
    "gateway": "provision",
    "unless_flags": "not where a flag says",
    "justification": "why",
    "set_by": "set by",
    "not_for": "never for",
    "on_end": "when it ends",
}
"""Fields whose own name is no English."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@+()/-]*")
"""What needs no quotes: ids, codes, days, addresses."""


def name_of(field: str) -> str:
    """A field's name as people read it."""
    return NAMES.get(field, field.replace("_", " "))


def group_of(name: str) -> str:
    """A group of parties as clauses speak of it."""
    return name.replace("_", " ") if _PLAIN.fullmatch(name) else quoted(name)


def label_of(field: str, code: str) -> str | None:
    """The published label of a code in this field; None where no list has it."""
    term = vocabularies().get(LISTS.get(field, field), {}).get(code)
    return None if term is None else term.get("label", code)


def spoken(field: str, value: Json) -> str:
    """One value that is neither list nor group of fields, so that no two values are spoken alike."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        return "nothing"
    label = label_of(field, value)
    if label is not None:
        return f"{label} ({value})"
    return value if _PLAIN.fullmatch(value) else quoted(value)


_WRITTEN: Final = re.compile(
    r"[ -~\u00a1-\u00ac\u00ae-\u017f\u0218-\u021b\u1e80-\u1e85\u1ef2\u1ef3"
    r"\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\u20ac]"
)
"""What an English, Welsh or other European name is written with, and the signs of a typed letter.

Another script's letters look like these; marks and blanks are not seen at all.
"""


def quoted(text: str) -> str:
    """A text in quotes, on one line, every other character than those written here as an escape."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n"}
    shown = (escapes.get(one) or (one if _WRITTEN.fullmatch(one) else _escape(one)) for one in text)
    return f'"{"".join(shown)}"'


def _escape(one: str) -> str:
    return f"\\u{{{ord(one):x}}}"
