"""Reads the elements of an XML file one by one, from people whom nobody knows.

For the connectors of XML formats, and the only place that parses XML. The parser is defusedxml's
over expat: a document type is refused, and with it every entity and external reference. Depth,
size of one record and length of one text are limited, and one record is held at a time, so that
memory does not grow with the file. Bytes that are not in the encoding the file states are read
as Windows-1252, letter by letter, which is what they nearly always are; that is said once.
Prefixes are dropped: a format is told by the name of its root and, where it has one, by its
namespace. Nothing is validated against a schema: what is unknown is left alone.
"""

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from adapters.move import Problem, UnusableFile

Source: TypeAlias = Path | BinaryIO

DEPTH: Final = 24
"""Most elements inside each other: the ILR, the deepest format read here, has seven."""

RECORD_ELEMENTS: Final = 20_000
"""Most elements of one record: an ILR learner with forty aims has some 1,500."""

TEXT_CHARACTERS: Final = 20_000
"""Longest text of one element in characters: an address has 300."""

FILE_BYTES: Final = 2 * 1024 * 1024 * 1024
"""Most bytes of a file: 100,000 records of the NCCIS return take about 250 MiB."""

START_BYTES: Final = 16_384
"""Bytes in which the first element is looked for: a licence may stand in a comment before it."""

_CHUNK: Final = 65_536
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED: Final = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]{0,39})[\"']")
_BEFORE_ROOT: Final = re.compile(r"\s+|<!--.*?-->|<\?.*?\?>", re.DOTALL)
_ROOT: Final = re.compile(r"<([^\s<>/!?]+)")
_UNDECODED: Final = re.compile("[\udc80-\udcff]")
_AS_WINDOWS: Final = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}
"""What Python leaves in place of a byte that does not fit its encoding, and the letter it stood for."""

_SINGLE_BYTE: Final = frozenset({"cp1252", "iso8859-1", "iso8859-15", "ascii"})

_DOCTYPE: Final = (
    "xml-doctype",
    "the file has a document type or entities, which can be used for attacks; export it again without",
)


@dataclass(slots=True)
class Element:
    """One element with its text and what is inside; names are without prefix, text is trimmed."""

    name: str
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def all(self, path: str) -> list["Element"]:
        """Give every element at a path of names, in the order of the file."""
        found = [self]
        for name in path.split("/"):
            found = [child for one in found for child in one.children if child.name == name]
        return found

    def texts(self, path: str) -> list[str]:
        """Give the texts at a path that are not empty."""
        return [one.text for one in self.all(path) if one.text]

    def first(self, path: str) -> str | None:
        """Give the first text at a path, None where there is none."""
        return next(iter(self.texts(path)), None)


@dataclass(frozen=True, slots=True)
class Found:
    """One wanted element and its place, as an XPath from the root with the number of the record."""

    place: str
    element: Element
    namespace: str


def root_of(start: bytes) -> str | None:
    """Give the name of the first element, without prefix, from the first bytes of a file.

    None where it is not XML; raises `UnusableFile` where a document type stands before it.
    """
    encoding = next((name for mark, name in _MARKS if start.startswith(mark)), "latin-1")
    text = start.decode(encoding, "ignore").removeprefix("\ufeff").lstrip("ï»¿")
    at = 0
    while match := _BEFORE_ROOT.match(text, at):
        at = match.end()
    if text.startswith("<!", at):
        raise UnusableFile(*_DOCTYPE)
    root = _ROOT.match(text, at)
    return None if root is None else root[1].rpartition(":")[2]


def read_elements(source: Source, wanted: frozenset[str]) -> Iterator[Found | Problem]:
    """Give each element at one of the wanted paths ("Root/Record"), in the order of the file.

    Raises `UnusableFile` for what is not XML, is hostile, or breaks before the first wanted element;
    where it breaks later, the last thing given is a `Problem`, and what came before it is good.
    """
    gatherer = _Gatherer(wanted)
    seen = False
    with _opened(source) as stream:
        try:
            for found in _parsed(stream, gatherer):
                seen = True
                yield found
        except _Broken as broken:
            if not seen:
                raise UnusableFile(broken.code, broken.reason) from None
            yield Problem(gatherer.place, None, broken.code, f"{broken.reason}; what came before it is kept")
    if gatherer.guessed:
        reason = "some letters were not in the encoding that the file states; they were read as Windows-1252"
        yield Problem("file", None, "letters-guessed", reason, row_kept=True)


class _Broken(Exception):
    """The file cannot be read on from here."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Gatherer(ContentHandler):
    """Builds wanted elements while the parser calls it, and hands them over when they are whole."""

    def __init__(self, wanted: frozenset[str]) -> None:
        super().__init__()
        self._wanted = {tuple(path.split("/")) for path in wanted}
        self._path: list[str] = []
        self._open: list[Element] = []
        self._numbers: dict[tuple[str, ...], int] = {}
        self._elements = 0
        self._texts: list[str] = []
        self._length = 0
        self.namespace = ""
        self.place = "file"
        self.guessed = False
        self.whole: list[Found] = []

    def startElement(self, name: str, attrs: object) -> None:  # noqa: N802 - the parser's name for it
        """Note where we are; begin an element where it is wanted or inside one."""
        local = name.rpartition(":")[2]
        if not self._path:
            prefix = name.rpartition(":")[0]
            self.namespace = str(attrs.get(f"xmlns:{prefix}" if prefix else "xmlns", ""))  # type: ignore[attr-defined] # SAX attributes, untyped
        self._path.append(local)
        if len(self._path) > DEPTH:
            raise _Broken("xml-deep", f"elements stand more than {DEPTH} deep inside each other")
        if self._open:
            self._begin(local)
        elif (path := tuple(self._path)) in self._wanted:
            self._numbers[path] = number = self._numbers.get(path, 0) + 1
            self.place = f"/{'/'.join(path)}[{number}]"
            self._elements = 0
            self._begin(local)

    def _begin(self, name: str) -> None:
        self._elements += 1
        if self._elements > RECORD_ELEMENTS:
            raise _Broken("xml-record-large", f"a record has more than {RECORD_ELEMENTS} elements")
        begun = Element(name)
        if self._open:
            self._open[-1].children.append(begun)
        self._open.append(begun)
        self._texts, self._length = [], 0

    def endElement(self, _name: str) -> None:  # noqa: N802 - as above
        """Finish an element; hand over a wanted one."""
        self._path.pop()
        if not self._open:
            return
        done = self._open.pop()
        if self._texts:
            done.text = "".join(self._texts).strip()
            self._texts, self._length = [], 0
        if not self._open:
            self.whole.append(Found(self.place, done, self.namespace))

    def characters(self, content: str) -> None:
        """Keep the text of an element that is wanted; texts beside elements are dropped with them."""
        if not self._open:
            return
        self._length += len(content)
        if self._length > TEXT_CHARACTERS:
            raise _Broken("xml-text-long", f"a text is longer than {TEXT_CHARACTERS} characters")
        self._texts.append(content)


def _parsed(stream: BinaryIO, gatherer: _Gatherer) -> Iterator[Found]:
    parser = DefusedExpatParser(forbid_dtd=True)
    parser.setContentHandler(gatherer)
    try:
        for text in _decoded(stream, gatherer):
            parser.feed(text)
            yield from _taken(gatherer)
        parser.close()
    except DefusedXmlException:
        raise UnusableFile(*_DOCTYPE) from None
    except SAXParseException as error:
        yield from _taken(gatherer)
        if "no element found" in error.getMessage() or "unclosed token" in error.getMessage():
            reason = "the file is empty or ends in the middle; make it again"
            raise _Broken("file-cut-short", reason) from None
        reason = f"this is not well-formed XML from line {error.getLineNumber()} on; make the file again"
        raise _Broken("xml-damaged", reason) from None
    except _Broken:
        yield from _taken(gatherer)
        raise


def _taken(gatherer: _Gatherer) -> Iterator[Found]:
    whole, gatherer.whole = gatherer.whole, []
    yield from whole


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    if isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        if source.seekable():
            source.seek(0)
        yield source


def _decoded(stream: BinaryIO, gatherer: _Gatherer) -> Iterator[str]:
    """Decode a file by its mark or declaration; bytes that do not fit are read as Windows-1252."""
    chunk = stream.read(_CHUNK)
    decoder = codecs.getincrementaldecoder(_encoding_of(chunk))("surrogateescape")
    size = 0
    while True:
        if (size := size + len(chunk)) > FILE_BYTES:
            raise _Broken("file-large", f"the file is larger than {FILE_BYTES >> 30} GiB; split it")
        try:
            text = decoder.decode(chunk, final=not chunk).removeprefix("\ufeff")
        except UnicodeDecodeError:
            raise _Broken("letters-damaged", "the letters are damaged; export the file again") from None
        if _UNDECODED.search(text):
            gatherer.guessed = True
            text = text.translate(_AS_WINDOWS)
        yield text
        if not chunk:
            return
        chunk = stream.read(_CHUNK)


def _encoding_of(start: bytes) -> str:
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    declared = _DECLARED.match(start.lstrip()[:200])
    if declared is None:
        return "utf-8"
    try:
        name = codecs.lookup(declared[1].decode("ascii")).name
    except LookupError:
        reason = "the file states an encoding that is not known; export it as UTF-8"
        raise _Broken("encoding-unknown", reason) from None
    # A file in one-byte units cannot be UTF-16 whatever it says; other names have no place in XML.
    return name if name in _SINGLE_BYTE else "utf-8"
