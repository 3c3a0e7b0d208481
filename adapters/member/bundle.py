"""One member's evidence as one file, which anybody can check with nothing but the file.

Decides what lies where in the archive (docs/audit.md), for the gateway that writes it and for
whoever checks it: `bundle.json` lists every other file with its SHA-256, and a file that is not
listed is refused. What the files prove is decided in `bundle_check`.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.delivery import Ground, ReleaseRecord, read_ground, read_release
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.names import AgreementId, MemberId

FORMAT: Final = "mxh-audit-1"
LIST: Final = "bundle.json"
CHECKPOINT: Final = "log/checkpoint"
VKEY: Final = "log/vkey"
POLICY: Final = "log/policy"

ARCHIVE_BYTES: Final = 1 << 28
"""Most bytes of all files together: a year of a large council takes some 20 MB."""

MOST_FILES: Final = 1_000_000

_PATH: Final = re.compile(
    r"log/(checkpoint|vkey|policy)|entries/(0|[1-9][0-9]{0,14})\.(opening|tlog-proof)"
    r"|keys/mbr_[a-z0-9-]{2,60}\.json|agreements/agr_[a-z0-9-]{2,60}-v[0-9]{1,6}\.json"
)
_WAYS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, EOFError, RuntimeError, OSError,
    ValueError, OverflowError,
)  # fmt: skip
"""What the library raises, beside its own error, at the headers of an archive that somebody altered."""

_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)
"""Every file of an archive bears this date, so that the same evidence is the same bytes."""


def opening_path(index: int) -> str:
    """Where the opening of an entry lies: the canonical bytes of which the leaf is the SHA-256."""
    return f"entries/{index}.opening"


def proof_path(index: int) -> str:
    """Where the proof of an entry lies, a C2SP tlog-proof."""
    return f"entries/{index}.tlog-proof"


def keys_path(member: MemberId) -> str:
    """Where a member's identity key and directory entries lie."""
    return f"keys/{member}.json"


def agreement_path(name: str, version: int) -> str:
    """Where one version of an agreement lies, with the signatures of its parties."""
    return f"agreements/{name}-v{version}.json"


def write_bundle(path: Path, files: Mapping[str, bytes], member: MemberId, log: str, now: datetime) -> None:
    """Write the archive: these files, and the list of them."""
    listed: Json = {
        "format": FORMAT,
        "member": member,
        "log": log,
        "made_at": canonical.instant(now),
        "files": {name: canonical.sha256(data).hex() for name, data in sorted(files.items())},
    }
    beside = path.with_name(path.name + ".new")
    with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in ((LIST, canonical.encode(listed)), *sorted(files.items())):
            archive.writestr(zipfile.ZipInfo(name, _FIRST_DAY), data, zipfile.ZIP_DEFLATED)
    beside.replace(path)


def read_bundle(path: Path) -> tuple[MemberId, str, dict[str, bytes]]:
    """Read an archive whole: whose it is, of which log, and its files by their paths.

    Raises `MalformedMessage` for what is no bundle, `Untrusted` ("bundle-file") where a file is not
    the one that is listed, is missing, or is not listed.
    """
    with path.open("rb") as opened:
        try:
            parts, files = _unpack(opened)
        except _BROKEN:
            raise MalformedMessage(
                "bundle-form", "a zip archive as `hub audit export` writes it was expected"
            ) from None
    listed = Reader(canonical.decode_canonical(files.pop(LIST, b"null")), LIST)
    listed.text("format", pattern=FORMAT)
    member, log = MemberId(listed.id("member", "mbr")), listed.text("log", max=255)
    listed.instant("made_at")
    digests = listed.value("files")
    listed.done()
    if parts != len(files) + 1 or not isinstance(digests, dict) or digests.keys() != files.keys():
        raise Untrusted("bundle-file", "the archive does not hold exactly the files that it lists")
    for name, data in files.items():
        if not _PATH.fullmatch(name) or canonical.sha256(data).hex() != digests[name]:
            raise Untrusted("bundle-file", f"{name[:100]!r} is not the file that the archive lists")
    return member, log, files


def _unpack(opened: IO[bytes]) -> tuple[int, dict[str, bytes]]:
    """How many files an archive says it has, and those that it has."""
    with zipfile.ZipFile(opened) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_FILES or sum(part.file_size for part in parts) > ARCHIVE_BYTES:
            raise MalformedMessage("bundle-large", "the archive is larger than any bundle may be")
        if any(part.compress_type not in _WAYS for part in parts):
            raise zipfile.BadZipFile
        return len(parts), {part.filename: archive.read(part) for part in parts}


@dataclass(frozen=True, slots=True)
class Told:
    """One fact that a record says was told, and under which clause."""

    agreement: AgreementId
    version: int
    clause: str
    category: str
    giver: str | None
    """Whose fact it was; None where the record does not say to both sides who the other is."""
    taker: str | None


def told_by(record: Json) -> list[Told]:
    """Return everything that a record says was told.

    Raises `MalformedMessage` for a release without its grounds: what has none was not permitted.
    """
    if not isinstance(record, dict):
        return []
    if record.get("kind") == "release":
        return _released(read_release(record))
    fact = Reader(record, "record").nullable_object("fact") if "fact" in record else None
    if fact is None:
        return []
    # whoever is asked for a key is told; a blind record names no other side
    named = (record.get("recipient"), record.get("sender")) if record.get("kind") == "key_request" else ()
    giver, taker = (str(one) for one in named) if named and None not in named else (None, None)
    return [_told(read_ground(fact), "fact_of_match", giver, taker)]


def _released(release: ReleaseRecord) -> list[Told]:
    found = [(part.ground, part.part.value) for part in release.parts]
    if release.fact is not None:
        found.append((release.fact, "fact_of_match"))
    return [_told(ground, category, release.sender, release.recipient) for ground, category in found]


def _told(ground: Ground, category: str, giver: str | None, taker: str | None) -> Told:
    return Told(ground.agreement, ground.version, ground.clause, category, giver, taker)
