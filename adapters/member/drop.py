"""A folder as the way in and out, for a system that can write files and nothing else.

    in/<type>/     a file dropped here is published: in/moved_out/, in/leaver/ and so on
    done/          it went; beside it what became of its rows
    failed/        some row of it did not go; beside it the reasons, by row and column
    out/           what was released to us, a file a notice, in the member's format

A file is left alone until two looks in a row find it as it was, so that one that is still being copied
is not read. What is written is written under another name, flushed, and only then given its own. A file
leaves in/ last: a gateway that is killed publishes it again, and the same row is sent once.
"""

import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters.member.errors import GatewayFault, HubUnreachable
from adapters.member.files import Rows, open_rows
from adapters.member.keyring import write_private
from adapters.member.kinds import FileKind
from adapters.member.outbox import Published
from adapters.member.records import Received
from adapters.member.released import FORMATS, names_somebody, ready, released_move
from adapters.member.summaries import published_summary
from adapters.move import UnusableFile
from hub.protocols import canonical

if TYPE_CHECKING:
    from adapters.member.gateway import Gateway

FOLDERS: Final = ("done", "failed", "out")

UNFINISHED: Final = (".part", ".tmp", ".partial", ".crdownload", ".new")
"""Endings under which programs write what is not whole yet."""

_PASSED_ON: Final = "out:"

Stamp = tuple[int, int]


@dataclass
class Drop:
    """One folder of one gateway."""

    gateway: "Gateway"
    folder: Path
    officer: str
    out_format: str = "jsonl"
    seen: dict[Path, Stamp] = field(default_factory=dict)
    """What the last look found: bytes, and when it was last written."""
    waits: dict[Path, str] = field(default_factory=dict)
    """Why a file waits, as it was said last."""

    def prepare(self) -> None:
        """Make the folders; only their owner may look into them, since they hold clear text."""
        for name in (*(f"in/{kind.value}" for kind in FileKind), *FOLDERS):
            (self.folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def look(self) -> list[str]:
        """Publish what is whole in in/, write what was released to out/; say what was done."""
        said = [line for path, kind in self._whole() for line in self._take(path, kind)]
        written = self._pass_on()
        return said + ([f"{written} records written to out/"] if written else [])

    # --- in -----------------------------------------------------------------------------------------

    def _whole(self) -> list[tuple[Path, FileKind]]:
        """Files that nobody has touched since the last look."""
        now = {path: (stamp, kind) for kind in FileKind for path, stamp in self._files(kind)}
        whole = [(path, kind) for path, (stamp, kind) in now.items() if self.seen.get(path) == stamp]
        self.seen = {path: stamp for path, (stamp, _) in now.items()}
        return whole

    def _files(self, kind: FileKind) -> list[tuple[Path, Stamp]]:
        found = sorted((self.folder / "in" / kind.value).iterdir())
        plain = [path for path in found if path.is_file() and not path.is_symlink()]
        usable = [
            p for p in plain if not p.name.startswith((".", "~")) and p.suffix.lower() not in UNFINISHED
        ]
        return [(path, _stamp(path)) for path in usable if path.stat().st_size]

    def _take(self, path: Path, kind: FileKind) -> list[str]:
        """Publish one file; where the hub has to be asked first and is away, it stays."""
        try:
            rows = open_rows(path, home=self.gateway.home.path, kind=kind.value)
            done = self.gateway.publish(rows, kind.notice_type, self.officer)
        except UnusableFile as fault:
            return self._fail(path, [str(fault)])
        except HubUnreachable as fault:
            return self._wait(path, fault.detail)
        except GatewayFault as fault:
            return self._wait(path, f"{fault.code}: {fault.detail}")
        if done.not_read:
            return self._wait(path, str(done.later))
        if _stamp(path) != self.seen[path]:
            return [f"{path.name} was written to while it was read; it is read again"]
        return self._report(path, rows, done)

    def _wait(self, path: Path, why: str) -> list[str]:
        """The file stays for the next look; why is said once, not every few seconds."""
        if self.waits.get(path) == why:
            return []
        self.waits[path] = why
        return [f"{path.name} waits: {why}"]

    def _report(self, path: Path, rows: Rows, done: Published) -> list[str]:
        reasons = [str(problem) for problem in rows.problems]
        reasons += [f"{one.place}: {one.detail}" for one in done.refused]
        result = canonical.encode(_as_json(published_summary(done, rows)))
        if rows.left_out or done.refused:
            return self._fail(path, reasons, result)
        home = self._home("done", path)
        write_private(home.with_name(home.name + ".result.json"), result)
        self._move(path, home)
        return [f"{path.name}: {done.queued} notices, {done.again} sent before"]

    def _fail(self, path: Path, reasons: list[str], result: bytes | None = None) -> list[str]:
        home = self._home("failed", path)
        write_private(home.with_name(home.name + ".reasons.txt"), ("\n".join(reasons) + "\n").encode())
        if result is not None:
            write_private(home.with_name(home.name + ".result.json"), result)
        self._move(path, home)
        return [f"{path.name}: {len(reasons)} reasons in failed/{home.name}.reasons.txt; good rows have gone"]

    def _home(self, folder: str, path: Path) -> Path:
        """Where a file goes: beside an earlier one of its name, never over it."""
        moment = canonical.instant(self.gateway.now).replace(":", "").replace("-", "")
        home = self.folder / folder / f"{moment}-{path.name}"
        number = 1
        while home.exists():
            number += 1
            home = self.folder / folder / f"{moment}-{number}-{path.name}"
        return home

    def _move(self, path: Path, home: Path) -> None:
        path.replace(home)
        self.seen.pop(path, None)
        self.waits.pop(path, None)
        for folder in (home.parent, path.parent):
            handle = os.open(folder, os.O_RDONLY)
            os.fsync(handle)  # the new name itself must survive a power cut
            os.close(handle)

    # --- out ----------------------------------------------------------------------------------------

    def _pass_on(self) -> int:
        """Write what has come since the last look: all that is known of each notice, in one file."""
        unsure = frozenset(one.item for one in self.gateway.waiting())
        fresh = {one.notice for one in self.gateway.received() if self._is_fresh(one, unsure)}
        by_notice: dict[str, list[Received]] = defaultdict(list)
        for one in self.gateway.received():
            if one.notice in fresh and ready(one, unsure):
                by_notice[one.notice].append(one)
        named = {notice: found for notice, found in by_notice.items() if names_somebody(found)}
        for notice, deliveries in named.items():
            written = FORMATS[self.out_format](released_move(deliveries))
            write_private(self.folder / "out" / f"{notice}.{self.out_format}", written)
            for one in deliveries:
                self.gateway.records.set_place(_PASSED_ON + one.item, "written")
        return len(named)

    def _is_fresh(self, one: Received, unsure: frozenset[str]) -> bool:
        return ready(one, unsure) and self.gateway.records.place(_PASSED_ON + one.item) is None


def _stamp(path: Path) -> Stamp:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _as_json(value: object) -> canonical.Json:
    """The same as plain JSON values."""
    if isinstance(value, dict):
        return {str(name): _as_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(one) for one in value]
    return value if value is None or isinstance(value, bool | int) else str(value)
