"""Reads and writes an index as a file: one record of tokens a line, as the hub holds them of open notices.

Decides the form in which an index is looked at away from any hub: JSON lines with the id of the
record in the file that it was made of, the member that sent it, and the tokens as notices carry
them. The id is what holds an attack to the truth; a hub has none. For attacks on made-up or own
people alone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.protocols.canonical import Reader, decode, encode
from hub.protocols.errors import MalformedMessage
from hub.protocols.token_record import TokenRecord


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """One record of an index; `member` is "" where the file does not say who sent it."""

    id: str
    member: str
    tokens: TokenRecord


def write_index(path: Path, records: Iterable[HeldRecord]) -> int:
    """Write an index and return how many records it has; nothing is there before all is."""
    beside = path.with_name(f"{path.name}.part")
    count = 0
    try:
        with beside.open("wb") as file:
            for one in records:
                line = encode({"id": one.id, "member": one.member, "tokens": one.tokens.to_json()})
                file.write(line + b"\n")
                count += 1
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return count


def read_index(path: Path) -> list[HeldRecord]:
    """Read an index, all of one epoch.

    Raises `MalformedMessage`: `index-file` where a line is no record, `index-id` where an id is
    there twice, `epoch-differs` where the records are of two epochs.
    """
    found: list[HeldRecord] = []
    known: set[str] = set()
    for number, one in _records(path):
        if one.id in known:
            raise MalformedMessage("index-id", f"{path.name} line {number}: the id is not the first")
        if found and one.tokens.epoch != found[0].tokens.epoch:
            detail = (
                f"{path.name} line {number}: another epoch than the first line's; equal tokens mean nothing"
            )
            raise MalformedMessage("epoch-differs", detail)
        known.add(one.id)
        found.append(one)
    return found


def _records(path: Path) -> Iterator[tuple[int, HeldRecord]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield number, _read(line, f"{path.name} line {number}")
    except OSError:
        raise MalformedMessage("index-file", f"{path.name} cannot be read") from None


def _read(line: bytes, where: str) -> HeldRecord:
    try:
        reader = Reader(decode(line), "record")
        record = HeldRecord(
            reader.text("id"),
            reader.text("member"),
            TokenRecord.from_json(reader.value("tokens")),
        )
        reader.done()
    except MalformedMessage:
        detail = f"{where}: not a record of tokens; make the file with `hub match tokens PEOPLE --out INDEX`"
        raise MalformedMessage("index-file", detail) from None
    return record
