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
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters.member.errors import GatewayFault, HubUnreachable
from adapters.member.files import Rows, open_rows
from adapters.member.keyring import write_private
from adapters.member.kinds import FileKind
from adapters.member.outbox import Published
from adapters.member.records import Received
from adapters.member.released import FORMATS, names_somebody, parts_of, ready, released_move
from adapters.member.summaries import published_summary
from adapters.move import UnusableFile
from hub.protocols import canonical

if TYPE_CHECKING:
    from adapters.member.gateway import Gateway

FOLDERS: Final = ("done", "failed", "out")

UNFINISHED: Final = (".part", ".tmp", ".partial", ".crdownload", ".new")
"""Endings under which programs write what is not whole yet."""

_PASSED_ON: Final = "out:"

LONGEST_NAME: Final = 200
"""Bytes of a file's name that are kept: with a moment before it and `.reasons.txt.new` behind it, a name
must not be longer than the 255 that file systems allow."""

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
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        for name in ("", "in", *(f"in/{kind.value}" for kind in FileKind), *FOLDERS):
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)

    def look(self) -> list[str]:
        """Publish what is whole in in/, write what was released to out/; say what was done.

        A file that cannot be read or moved holds nobody else's up.
        """
        said = [line for path, kind in self._whole() for line in self._take(path, kind)]
        try:
            written, taken_back = self._pass_on(), self._take_back()
        except OSError as fault:
            return [*said, *self._wait(self.folder / "out", f"{fault.strerror or type(fault).__name__}")]
        self.waits.pop(self.folder / "out", None)
        said += [f"{written} records written to out/"] if written else []
        return said + ([f"{taken_back} records in out/ recalled or not ours"] if taken_back else [])

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
            return self._publish(path, kind)
        except UnusableFile as fault:
            return self._fail(path, [str(fault)])
        except HubUnreachable as fault:
            return self._wait(path, fault.detail)
        except GatewayFault as fault:
            return self._wait(path, f"{fault.code}: {fault.detail}")
        except OSError as fault:
            return self._wait(
                path, f"{fault.strerror or type(fault).__name__}; look at the file and its folder"
            )

    def _publish(self, path: Path, kind: FileKind) -> list[str]:
        rows = open_rows(path, home=self.gateway.home.path, kind=kind.value)
        done = self.gateway.publish(rows, kind.notice_type, self.officer)
        if done.not_read:
            return self._wait(path, str(done.later))
        if _stamp(path) != self.seen[path]:
            return [f"{_shown(path)} was written to while it was read; it is read again"]
        return self._report(path, rows, done)

    def _wait(self, path: Path, why: str) -> list[str]:
        """The file stays for the next look; why is said once, not every few seconds."""
        if self.waits.get(path) == why:
            return []
        self.waits[path] = why
        return [f"{_shown(path)} waits: {why}"]

    def _report(self, path: Path, rows: Rows, done: Published) -> list[str]:
        reasons = [str(problem) for problem in rows.problems]
        reasons += [f"{one.place}: {one.detail}" for one in done.refused]
        result = canonical.encode(_as_json(published_summary(done, rows)))
        if rows.left_out or done.refused:
            return self._fail(path, reasons, result)
        home = self._home("done", path)
        write_private(home.with_name(home.name + ".result.json"), result)
        self._move(path, home)
        return [f"{_shown(path)}: {done.queued} notices, {done.again} sent before"]

    def _fail(self, path: Path, reasons: list[str], result: bytes | None = None) -> list[str]:
        home = self._home("failed", path)
        write_private(home.with_name(home.name + ".reasons.txt"), ("\n".join(reasons) + "\n").encode())
        if result is not None:
            write_private(home.with_name(home.name + ".result.json"), result)
        self._move(path, home)
        gone = "none of it has gone" if result is None else "good rows have gone"
        return [f"{_shown(path)}: {gone}; why the rest has not: failed/{_shown(home)}.reasons.txt"]

    def _home(self, folder: str, path: Path) -> Path:
        """Where a file goes: beside an earlier one of its name, never over it."""
        moment = canonical.instant(self.gateway.now).replace(":", "").replace("-", "")
        long = len(os.fsencode(path.name)) > LONGEST_NAME
        name = f"{path.name[:40]}{path.suffix[:10]}" if long else path.name
        home = self.folder / folder / f"{moment}-{name}"
        number = 1
        while home.exists():
            number += 1
            home = self.folder / folder / f"{moment}-{number}-{name}"
        return home

    def _move(self, path: Path, home: Path) -> None:
        path.replace(home)
        if not home.is_symlink():
            with suppress(PermissionError):  # another user's file, in a folder that is ours alone
                home.chmod(0o600)
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
                self.gateway.records.set_place(_PASSED_ON + one.item, parts_of(one))
        return len(named)

    def _take_back(self) -> int:
        """Of what lies in out/ still, erase what was recalled since it was written, or is not ours."""
        by_notice: dict[str, list[Received]] = defaultdict(list)
        for one in self.gateway.received():
            by_notice[one.notice].append(one)
        changed = {notice: found for notice, found in by_notice.items() if any(map(self._is_less, found))}
        return sum(self._rewrite(notice, found) for notice, found in changed.items())

    def _rewrite(self, notice: str, deliveries: list[Received]) -> bool:
        written = [self.folder / "out" / f"{notice}.{ending}" for ending in FORMATS]
        there = [path for path in written if path.exists()]
        left = [one for one in deliveries if ready(one, frozenset())]
        kept = self.folder / "out" / f"{notice}.{self.out_format}"
        stays = bool(there) and names_somebody(left)
        if stays:
            write_private(kept, FORMATS[self.out_format](released_move(left)))
        for path in there:
            if not stays or path != kept:
                path.unlink()
        for one in filter(self._is_less, deliveries):
            self.gateway.records.set_place(_PASSED_ON + one.item, parts_of(one))
        return bool(there)

    def _is_less(self, one: Received) -> bool:
        return self.gateway.records.place(_PASSED_ON + one.item) not in {None, parts_of(one)}

    def _is_fresh(self, one: Received, unsure: frozenset[str]) -> bool:
        return ready(one, unsure) and self.gateway.records.place(_PASSED_ON + one.item) is None


def _shown(path: Path) -> str:
    """A file's name as one line: whoever chooses a name writes no line of a log by it."""
    return "".join(sign if sign.isprintable() else "?" for sign in path.name)


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
