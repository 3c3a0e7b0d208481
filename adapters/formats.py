"""The file formats that can be read, by name, and how a file is told from another.

A file is known by its first bytes, never by its name: browsers and people rename files.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from adapters import csv_file, ctf_xml, ilr_xml, jsonl_file, nccis_xml, xlsx_file
from adapters.columns import Mapping
from adapters.move import Move, Problem, UnusableFile
from adapters.safe_xml import START_BYTES, root_of

Source = Path | BinaryIO

_ZIP: Final = b"PK"
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
_UTF8_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Format:
    """A connector: how to read the headers of a file, and its moves once columns are placed."""

    name: str
    read_headers: Callable[[Source], tuple[str, ...]]
    read_moves: Callable[[Source, Mapping], Iterator[Move | Problem]]


FORMATS: Final[dict[str, Format]] = {
    "csv": Format("csv", csv_file.read_headers, csv_file.read_moves),
    "xlsx": Format("xlsx", xlsx_file.read_headers, xlsx_file.read_moves),
    "jsonl": Format("jsonl", jsonl_file.read_headers, jsonl_file.read_moves),
    "nccis": Format("nccis", nccis_xml.read_headers, nccis_xml.read_moves),
    "ctf": Format("ctf", ctf_xml.read_headers, ctf_xml.read_moves),
    "ilr": Format("ilr", ilr_xml.read_headers, ilr_xml.read_moves),
}

_ROOTS: Final = {"NCCIS": "nccis", "CTfile": "ctf", "Message": "ilr"}
"""The first element of each XML format."""


def format_of(path: Path) -> Format:
    """Tell the format of a file by its first bytes; what is no workbook, XML or JSON is CSV.

    Raises `UnusableFile` for XML of another kind, or with a document type.
    """
    with path.open("rb") as stream:
        return format_of_start(stream.read(START_BYTES))


def format_of_start(start: bytes) -> Format:
    """Tell the format of a file by its first bytes, as `format_of` does."""
    if start.startswith((_ZIP, _OLD_OFFICE)):
        return FORMATS["xlsx"]
    if (root := root_of(start)) is not None:
        if root not in _ROOTS:
            reason = "this is XML of a kind that is not read here; NCCIS returns, CTF and ILR are"
            raise UnusableFile("xml-unknown", reason)
        return FORMATS[_ROOTS[root]]
    if start.removeprefix(_UTF8_MARK).lstrip().startswith(b"{"):
        return FORMATS["jsonl"]
    return FORMATS["csv"]
