"""One member's evidence as one file, which anybody can check with nothing but the file.

Decides what lies where in the archive (docs/audit.md), for the gateway that writes it and for
whoever checks it: `bundle.json` lists every other file with its SHA-256, and a file that is not
listed is refused. What the files prove is decided in `bundle_check`.
"""

import re
import zipfile
import zlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.names import MemberId

FORMAT: Final = "mxh-audit-1"
LIST: Final = "bundle.json"
CHECKPOINT: Final = "log/checkpoint"
VKEY: Final = "log/vkey"
POLICY: Final = "log/policy"

ARCHIVE_BYTES: Final = 1 << 30
"""Most bytes of all files together: a year of a large council takes some 20 MB."""

MOST_FILES: Final = 1_000_000

_PATH: Final = re.compile(
    r"log/(checkpoint|vkey|policy)|entries/[0-9]{1,15}\.(opening|tlog-proof)"
    r"|keys/mbr_[a-z0-9-]{2,60}\.json|agreements/agr_[a-z0-9-]{2,60}-v[0-9]{1,6}\.json"
)
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
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_FILES or sum(part.file_size for part in parts) > ARCHIVE_BYTES:
                raise MalformedMessage("bundle-large", "the archive is larger than any bundle may be")
            files = {part.filename: archive.read(part) for part in parts}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError):
        raise MalformedMessage(
            "bundle-form", "a zip archive as `hub audit export` writes it was expected"
        ) from None
    listed = Reader(canonical.decode_canonical(files.pop(LIST, b"null")), LIST)
    listed.text("format", pattern=FORMAT)
    member, log = MemberId(listed.id("member", "mbr")), listed.text("log", max=255)
    listed.instant("made_at")
    digests = listed.value("files")
    listed.done()
    if len(parts) != len(files) + 1 or not isinstance(digests, dict) or digests.keys() != files.keys():
        raise Untrusted("bundle-file", "the archive does not hold exactly the files that it lists")
    for name, data in files.items():
        if not _PATH.fullmatch(name) or canonical.sha256(data).hex() != digests[name]:
            raise Untrusted("bundle-file", f"{name[:100]!r} is not the file that the archive lists")
    return member, log, files


def grounds(record: Json) -> list[tuple[str, int, str, str]]:
    """Return (agreement, version, clause, category) of everything that a record says was told."""
    if not isinstance(record, dict):
        return []
    parts = record.get("parts")
    told = [(part, str(part.get("part"))) for part in _objects(parts)]
    found = [(part.get("ground"), category) for part, category in told]
    return [
        (str(ground.get("agreement")), int(str(ground.get("version"))), str(ground.get("clause")), category)
        for ground, category in (*found, (record.get("fact"), "fact_of_match"))
        if isinstance(ground, dict)
    ]


def _objects(value: Json) -> list[dict[str, Json]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
