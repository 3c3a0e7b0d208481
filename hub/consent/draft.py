"""From a template and a few answers to a document that can be signed.

A template holds all that is the same wherever it is used, and asks at most twelve questions for the
rest. An answer may be a line as a person types it: a party is told by one line, and the template
says which group and which signatory go with an authority or an institution. What comes out has
been read as any document is: a draft that could not be signed is refused with its faults.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple, cast

from hub.consent.documents import agreement_digest, fill_template, read_agreement
from hub.protocols.canonical import Json
from hub.protocols.errors import MalformedMessage

MOST_QUESTIONS: Final = 12
"""More than these nobody answers in one sitting; the template settles the others."""

PARTY_LINE: Final = (
    "member id; legal name; dfe_la, ukprn or laestab and number; ICO registration; DPO's e-mail"
)
_PARTY_FIELDS: Final = 5


class Ask(NamedTuple):
    """One question of a template."""

    name: str
    says: str
    form: str
    """How it is answered: `text`, `day`, `lines` (one a line) or `parties` (one a line)."""

    @property
    def many(self) -> bool:
        """Whether the answer is a list."""
        return self.form in {"lines", "parties"}


def questions(template: Json) -> list[Ask]:
    """Return what a template asks, in order; raise `MalformedMessage` for one that asks too much."""
    asked = [
        Ask(question["name"], question["ask"], question.get("form", "text"))
        for question in cast("list[dict[str, str]]", _object(template)["questions"])
    ]
    if len(asked) > MOST_QUESTIONS:
        raise MalformedMessage("template-long", f"a template asks at most {MOST_QUESTIONS} questions")
    return asked


def draft(template: Json, answers: Mapping[str, Json]) -> Json:
    """Return the document that a template gives with these answers, as it could be signed.

    Raises `MalformedMessage`: "template-answers" where an answer is missing, too many or of another
    form, else what `read_agreement` has to say of the document.
    """
    read = {
        ask.name: _answer(ask, answers[ask.name], template)
        for ask in questions(template)
        if ask.name in answers
    }
    document = fill_template(template, {**answers, **read})
    read_agreement(document)
    return document


def next_version(document: Json, *, starts: date | None = None, review: date | None = None) -> Json:
    """Return the document of the version that follows: the same words, its predecessor's digest, new days.

    Raises `MalformedMessage` where the document, or what comes out, could not be signed.
    """
    read_agreement(document)
    fields = _object(document)
    life = dict(fields["life"])
    life |= {name: day.isoformat() for name, day in (("starts", starts), ("review", review)) if day}
    following: Json = {
        **fields,
        "version": fields["version"] + 1,
        "supersedes": {"version": fields["version"], "digest": agreement_digest(document)},
        "life": life,
    }
    read_agreement(following)
    return following


def _answer(ask: Ask, answer: Json, template: Json) -> Json:
    """An answer in the form in which the document has it."""
    if ask.form == "parties" and isinstance(answer, list):
        return [_party(one, template) if isinstance(one, str) else one for one in answer]
    if ask.form == "day":
        return _day(ask, answer)
    if ask.many is not isinstance(answer, list):
        wanted = "a list, one a line" if ask.many else "one text"
        raise MalformedMessage("template-answers", f"the answer {ask.name} must be {wanted}")
    return answer


def _day(ask: Ask, answer: Json) -> Json:
    try:
        return date.fromisoformat(str(answer)).isoformat()
    except ValueError:
        raise MalformedMessage(
            "template-answers", f"the answer {ask.name} must be a day such as 2027-06-30"
        ) from None


def _party(line: str, template: Json) -> Json:
    """One party as a line tells it; what it does not tell goes with the kind of its number."""
    settled = _object(template).get("parties", {})
    return _from_line(line, settled.get)


def party_like(document: Json, group: str, line: str) -> Json:
    """Return a party told by one line, with capacity and signatory of those in the group already.

    Raises `MalformedMessage` where the line is another, or nobody with such a number is in the group.
    """
    alike = {
        party["code"]["scheme"]: party for party in _object(document)["parties"] if party["group"] == group
    }
    return _from_line(line, alike.get)


def _from_line(line: str, settled_by: Callable[[str], dict[str, str] | None]) -> Json:
    words = [word.strip() for word in line.split(";")]
    if len(words) != _PARTY_FIELDS or len(words[2].split()) != 2:
        raise MalformedMessage("template-answers", f"a party is one line: {PARTY_LINE}")
    member, name, code, registration, email = words
    scheme, number = code.split()
    settled = settled_by(scheme)
    if settled is None:
        raise MalformedMessage("template-answers", f"there are no parties with a number of {scheme} here")
    return {
        "member": member,
        "name": name,
        "group": settled["group"],
        "capacity": settled["capacity"],
        "code": {"scheme": scheme, "value": number},
        "ico_registration": registration,
        "dpo": {"post": "Data Protection Officer", "email": email},
        "signatory": settled["signatory"],
    }


def _object(value: Json) -> dict[str, Any]:
    return cast("dict[str, Any]", value)
