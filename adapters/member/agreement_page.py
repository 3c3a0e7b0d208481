"""An agreement as a page in English, made from the very bytes that are signed.

People sign what they have read: the page carries the digest of its document, and says of each
clause who may tell whom what, by which notices, for what and on which basis. It adds nothing to
what the document says; what no line permits is refused.
"""

from collections.abc import Iterable, Iterator

from hub.consent.agreement import Agreement, Clause
from hub.consent.documents import agreement_digest, read_agreement, vocabularies
from hub.consent.explain import BY_WHAT, TO_WHOM, WHAT
from hub.protocols.canonical import Json


def write_page(document: Json) -> str:
    """Return the page; raise `MalformedMessage` where the document is no agreement."""
    return "\n".join(_lines(read_agreement(document), document))


def _lines(agreement: Agreement, document: Json) -> Iterator[str]:
    yield agreement.title
    yield f"{agreement.id}, version {agreement.version}"
    yield f"digest {agreement_digest(document)}"
    yield ""
    yield "Between"
    for party in agreement.parties:
        yield f"  {party.name} ({party.member}), one of the {_group(party.group)}"
    yield ""
    yield f"From {agreement.starts.isoformat()}; reviewed by {agreement.review.isoformat()}, and over"
    yield f"{agreement.grace_days} days after that unless a new version is signed."
    if agreement.ends is not None:
        yield f"It ends on {agreement.ends.isoformat()}."
    for clause in agreement.clauses:
        yield ""
        yield from _clause(clause)
    yield ""
    yield "What no clause above lists may not be told."


def _clause(clause: Clause) -> Iterator[str]:
    yield (
        f"{clause.number}  The {_all(map(_group, clause.senders))} may tell the"
        f" {_all(map(_group, clause.receivers))}:"
    )
    yield f"    what      {_all(WHAT[category] for category in sorted(clause.categories, key=[*WHAT].index))}"
    yield f"    by        {_all(BY_WHAT[kind] for kind in sorted(clause.notice_types, key=[*BY_WHAT].index))}"
    yield f"    to        {_all(TO_WHOM[role] for role in sorted(clause.roles, key=[*TO_WHOM].index))}"
    yield f"    about     {_all(_label('scope', scope.value) for scope in sorted(clause.scopes))}"
    yield f"    for       {_all(_label('purpose', purpose) for purpose in sorted(clause.purposes))}"
    yield f"    basis     {clause.basis.text}"
    if clause.unless_flags:
        yield f"    not under {_all(flag.value for flag in sorted(clause.unless_flags))}"


def _label(kind: str, code: str) -> str:
    """The label of a code in whichever of the published lists has it, else the code."""
    for name, terms in vocabularies().items():
        if name.startswith(kind) and code in terms:
            return terms[code].get("label", code)
    return code


def _group(name: str) -> str:
    return name.replace("_", " ")


def _all(words: Iterable[str]) -> str:
    return ", ".join(words)
