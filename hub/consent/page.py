"""An agreement as a page in English, made from the very bytes that are signed.

People sign what they have read. So the page says everything that the document says, each clause
under the number that decisions cite, and carries the digest of the bytes; two documents that
differ anywhere have pages that differ there too, digest aside. It is laid out once, as lines, and
written as plain text or as HTML with a style for print. What no clause lists is refused.
"""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final, NamedTuple, cast

from hub.consent.documents import agreement_digest, read_agreement
from hub.consent.wording import group_of, name_of, quoted, spoken
from hub.protocols.canonical import Json

HEADINGS: Final[dict[str, str]] = {
    "parties": "Between",
    "accession": "Who may join",
    "kind": "Kind of sharing",
    "purposes": "What it is for",
    "not_for": "What it is never for",
    "subjects": "About whom",
    "clauses": "What may be told",
    "flags": "What young people and officers may say, and who",
    "onward_sharing": "May what was received be passed on?",
    "service": "How soon",
    "security": "How it is kept safe",
    "accuracy": "How it is kept right",
    "retention": "How long it is kept",
    "rights": "Rights of young people",
    "breach": "When something goes wrong",
    "dpia": "Data protection impact assessment",
    "privacy_notices": "Where young people are told",
    "life": "From when until when",
    "signing": "Signing",
}
"""The sections in the order of the published groups; a field that has no heading here comes last."""

_HEAD: Final = ("schema", "id", "version", "title", "supersedes", "template")
_SENTENCE: Final = ("number", "title", "from", "to")
CLOSING: Final = (
    "What no clause above lists may not be told."
    " What a clause lets somebody receive may be recalled under it: a recall names the notice, and nobody."
    " A day begins and ends at midnight UTC, in summer at one o'clock in England."
)


class Line(NamedTuple):
    """One line: how far in, what it is (if it says), and what it says."""

    depth: int
    label: str
    says: str


class Section(NamedTuple):
    """A heading, where a clause begins its number, and what stands below."""

    anchor: str
    heading: str
    lines: tuple[Line, ...]


def write_text(document: Json) -> str:
    """Return the page as plain text; raise `MalformedMessage` where the document is no agreement."""
    read_agreement(document)
    return "\n".join(_text(_fields(document), agreement_digest(document)))


def write_html(document: Json) -> str:
    """Return the page as HTML; raise `MalformedMessage` where the document is no agreement."""
    read_agreement(document)
    return "\n".join(_html(_fields(document), agreement_digest(document))) + "\n"


def lay_out(document: Json) -> list[Section]:
    """Return what a document says, in sections: nothing left out, so that no two lay out alike."""
    fields = _fields(document)
    order = [name for name in HEADINGS if name in fields]
    rest = [name for name in fields if name not in HEADINGS and name not in _HEAD]
    sections = [_head(fields)]
    for name in [*order, *sorted(rest)]:
        if name == "clauses":
            sections += _clauses(fields[name])
        else:
            heading = HEADINGS.get(name, name_of(name))
            sections.append(Section(name, heading, tuple(_value(name, fields[name], 1))))
    return sections


def _head(fields: dict[str, Json]) -> Section:
    lines = [line for name in _HEAD if name in fields for line in _field(name, fields[name], 0)]
    return Section("agreement", _heading(fields.get("title")), tuple(lines))


def _clauses(clauses: Json) -> Iterator[Section]:
    for clause in cast("list[dict[str, Json]]", clauses):
        number, title = spoken("number", clause["number"]), _heading(clause["title"])
        lines = [Line(1, "", _may_tell(clause))]
        for name in sorted(clause, key=_place_in_clause):
            if name not in _SENTENCE:
                lines += _field(name, clause[name], 1)
        yield Section(f"clause-{number}", f"Clause {number}: {title}", tuple(lines))


_CLAUSE: Final = (
    "categories",
    "notice_types",
    "roles",
    "scopes",
    "purposes",
    "basis",
    "unless_flags",
    "justification",
)


def _place_in_clause(name: str) -> tuple[int, str]:
    return (_CLAUSE.index(name) if name in _CLAUSE else len(_CLAUSE), name)


def _may_tell(clause: dict[str, Json]) -> str:
    return f"The {_groups(clause['from'])} may tell the {_groups(clause['to'])}:"


def _groups(names: Json) -> str:
    return ", ".join(group_of(one) for one in cast("list[str]", names))


def _field(name: str, value: Json, depth: int) -> Iterator[Line]:
    """A field with its name: on one line where its value is one, else with what it holds below."""
    if isinstance(value, list | dict):
        yield Line(depth, name_of(name), "" if value else "none")
        yield from _value(name, value, depth + 1)
    else:
        yield Line(depth, name_of(name), spoken(name, value))


def _value(name: str, value: Json, depth: int) -> Iterator[Line]:
    if isinstance(value, dict):
        for inner in value:
            yield from _field(inner, value[inner], depth)
    elif isinstance(value, list):
        for place, item in enumerate(value, 1):
            if isinstance(item, list | dict):
                yield Line(depth, f"{place}.", "")
                yield from _value(name, item, depth + 1)
            else:
                yield Line(depth, "-", spoken(name, item))
    else:
        yield Line(depth, "", spoken(name, value))


def _heading(text: Json) -> str:
    """A title without its quotes, since nothing stands beside it."""
    return quoted(text)[1:-1] if isinstance(text, str) else ""


def _fields(document: Json) -> dict[str, Json]:
    return cast("dict[str, Json]", document)


def _text(fields: dict[str, Json], digest: str) -> Iterator[str]:
    head, *sections = lay_out(fields)
    yield head.heading
    yield f"{fields['id']}, version {fields['version']}"
    yield f"digest {digest}"
    yield "The digest is what is signed: it belongs to these words and to no others."
    yield from _text_lines(head.lines)
    for section in sections:
        yield ""
        yield section.heading
        yield from _text_lines(section.lines)
    yield ""
    yield CLOSING


def _text_lines(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        mark = line.label if line.label in {"", "-"} or line.label.endswith(".") else f"{line.label}:"
        yield "  " * line.depth + " ".join(word for word in (mark, line.says) if word)


_STYLE: Final = """
body { font: 1rem/1.5 Arial, sans-serif; color: #0b0c0c; background: #fff; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.8rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
p { margin: .15rem 0; white-space: pre-wrap; overflow-wrap: anywhere; } .label { color: #505a5f; }
.digest { border: 2px solid #0b0c0c; padding: .75rem; font-family: monospace; }
.d1 { margin-left: 1.5rem; } .d2 { margin-left: 3rem; }
.d3 { margin-left: 4.5rem; } .d4 { margin-left: 6rem; }
footer { display: none; }
@media print {
  body { max-width: none; margin: 0; font-size: 10pt; padding-bottom: 2rem; }
  section { break-inside: avoid; } h2 { break-after: avoid; }
  footer { display: block; position: fixed; bottom: 0; font: 8pt monospace; background: #fff; width: 100%; }
}"""


def _html(fields: dict[str, Json], digest: str) -> Iterator[str]:
    head, *sections = lay_out(fields)
    name = f"{fields['id']}, version {fields['version']}"
    yield '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(head.heading)}</title>\n<style>{_STYLE}\n</style>\n</head>\n<body>\n<main>"
    yield f"<h1>{escape(head.heading)}</h1>"
    yield f'<p class="digest">{escape(name)}\ndigest {digest}</p>'
    yield "<p>The digest is what is signed: it belongs to these words and to no others.</p>"
    yield from map(_html_line, head.lines)
    for section in sections:
        yield f'<section id="{escape(section.anchor)}">\n<h2>{escape(section.heading)}</h2>'
        yield from map(_html_line, section.lines)
        yield "</section>"
    yield f"<p><strong>{CLOSING}</strong></p>\n</main>"
    yield f"<footer>{escape(name)} · digest {digest}</footer>\n</body>\n</html>"


def _html_line(line: Line) -> str:
    label = f'<span class="label">{escape(line.label)}</span> ' if line.label else ""
    return f'<p class="d{min(line.depth, 4)}">{label}{escape(line.says)}</p>'
