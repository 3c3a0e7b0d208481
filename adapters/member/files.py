"""A member's own files: which format, which column holds what, good rows and bad rows.

A mapping is guessed from the headers, shown, corrected by hand where needed, and remembered in the
member's home for the next file with the same headers. Good rows are given on as they are read;
what is wrong with the others is kept beside them, by row, column and reason.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from adapters.columns import Field, guess_mapping, load_mapping, save_mapping
from adapters.columns import Mapping as Columns
from adapters.formats import FORMATS, Format, Source, format_of, format_of_start
from adapters.member.errors import GatewayFault
from adapters.member.routing import settle_home
from adapters.move import Move, Problem, Sureness
from adapters.safe_xml import START_BYTES


@dataclass
class Rows:
    """A file as it is being read: iterate it for its moves; problems gather meanwhile."""

    format: Format
    columns: Columns
    source: Source
    problems: list[Problem] = field(default_factory=list)
    read: int = 0
    kind: str | None = None
    confirmed: frozenset[str] = frozenset()
    elsewhere: int = 0
    """Records that are ground for another type of notice, or for none: people who stay."""

    def __iter__(self) -> Iterator[Move]:
        for said in self.format.read_moves(self.source, self.columns):
            if isinstance(said, Problem):
                self.problems.append(said)
            elif self.kind is not None and said.tells_of and self.kind not in said.tells_of:
                self.elsewhere += 1
            elif self.kind is not None and said.sureness is Sureness.CANDIDATE:
                yield from self._if_confirmed(said)
            else:
                yield from self._given(said)

    def _if_confirmed(self, candidate: Move) -> Iterator[Move]:
        """Give a candidate on where a person has named it; a file alone is no ground for a notice."""
        if candidate.local_ref in self.confirmed:
            yield from self._given(replace(candidate, sureness=Sureness.CONFIRMED))
        else:
            reason = "a candidate, by what the file says; look, then name its reference: --confirm REF"
            self.problems.append(Problem(candidate.place, None, "candidate", reason))

    def _given(self, move: Move) -> Iterator[Move]:
        self.read += 1
        move, noted = settle_home(move, self.kind, move.place)
        self.problems.extend(noted)
        yield move

    @property
    def left_out(self) -> int:
        """Rows left out, however many problems each of them has."""
        return len({problem.place for problem in self.problems if not problem.row_kept})


def open_rows(
    path: Path,
    *,
    home: Path | None = None,
    kind: str | None = None,
    format_name: str | None = None,
    placed: Mapping[str, str] | None = None,
    confirmed: Iterable[str] = (),
) -> Rows:
    """Find a file's format and columns; raise `UnusableFile` or `GatewayFault` where it has none.

    `home` is where mappings are remembered, `placed` what a hand has placed: column to field, or to
    nothing where the field is empty; `confirmed` names the local references of candidates that a
    person has confirmed. With a `kind`, records that are ground for something else are counted and
    not given on.
    """
    found = _format(format_name) if format_name else format_of(path)
    columns = columns_of(found, path, home, kind, placed or {})
    return Rows(found, columns, path, kind=kind, confirmed=frozenset(confirmed))


def stream_rows(stream: BinaryIO, home: Path, kind: str) -> Rows:
    """The same for a stream that can be read twice, such as the body of a request."""
    found = format_of_start(stream.read(START_BYTES))
    stream.seek(0)
    columns = columns_of(found, stream, home, kind, {})
    stream.seek(0)
    return Rows(found, columns, stream, kind=kind)


def columns_of(
    found: Format, source: Source, home: Path | None, kind: str | None, placed: Mapping[str, str]
) -> Columns:
    """What was remembered for these headers, else what they say, with what a hand has placed."""
    headers = found.read_headers(source)
    columns = None if home is None else load_mapping(home, headers, kind)
    columns = columns or guess_mapping(headers, kind)
    for header, name in placed.items():
        columns = _placed(columns, header, name)
    return columns


def remember(rows: Rows, home: Path, kind: str | None) -> None:
    """Keep the mapping for the next file with these headers."""
    save_mapping(home, rows.columns, kind)


def read_placings(words: Iterable[str]) -> dict[str, str]:
    """Read `COLUMN=FIELD` from a command line; raise `GatewayFault` for another form."""
    placed = {}
    for word in words:
        header, equals, name = word.rpartition("=")
        if not equals or not header:
            raise GatewayFault("map-form", "write --map COLUMN=FIELD, or --map COLUMN= to leave a column out")
        placed[header] = name
    return placed


def _placed(columns: Columns, header: str, name: str) -> Columns:
    if header not in columns.headers:
        raise GatewayFault("map-column", "the file has no column of that name; see `hub read FILE`")
    if name and name not in set(Field):
        raise GatewayFault("map-field", "there is no such field; the fields are: " + ", ".join(Field))
    return columns.placed(header, Field(name) if name else None)


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise GatewayFault("format-unknown", "the formats are: " + ", ".join(FORMATS))
    return FORMATS[name]
