"""A real hub with real gateways, small and made up, for tests that kill and feed it.

The hub is a process of its own over SQLite; its members are admitted straight in its store, so that
no test waits for what it does not test. Gateways speak to it over loopback.
"""

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from adapters.demo.invention import Inventor
from adapters.member.home import Home, Pinned
from adapters.member.keyring import Keyring, directory_documents, new_keyring
from adapters.move import Address, Move
from hub.assembly import Assembly, assemble
from hub.exchange import agree, enrol, lodge
from hub.exchange.sequencer import run_slot
from hub.protocols import canonical
from hub.protocols.epoch import LINKAGE_KEY_BYTES, make_epoch, sign_epoch
from hub.protocols.names import EpochId, MemberId, MemberKind, NoticeType, new_id
from hub.protocols.signing import Typ, sign_document
from hub.settings import load_settings

ROOT: Final = Path(__file__).parents[2]
HOST: Final = "127.0.0.1"
START_SECONDS: Final = 60
QUIET_SECONDS: Final = 2.5
"""Two slots, and a little: whatever is still on its way shows within them."""
CUSTODIAN: Final = MemberId("mbr_custodian")
KENT: Final = MemberId("mbr_kent")
MEDWAY: Final = MemberId("mbr_medway")
AREAS: Final = {KENT: "886", MEDWAY: "887"}
KINDS: Final = {KENT: NoticeType.MOVED_OUT, MEDWAY: NoticeType.NEW_ARRIVAL}
"""What each side tells: of those who go from Kent to Medway, both tell."""


@dataclass
class FaultyRegion:
    """A hub's data folder, two gateways' homes, and the process that serves them while it lives."""

    folder: Path
    port: int
    homes: dict[MemberId, Path]
    process: subprocess.Popen[bytes] | None = None
    started: int = 0

    @property
    def url(self) -> str:
        """Where the hub answers."""
        return f"http://{HOST}:{self.port}"

    @property
    def data(self) -> Path:
        """The hub's data folder."""
        return self.folder / "hub"

    def environment(self) -> dict[str, str]:
        """The settings of the hub: embedded, slots of a second."""
        return {
            "HUB_MODE": "demo",
            "HUB_DATA_DIR": str(self.data),
            "HUB_PUBLIC_ORIGIN": self.url,
            "HUB_SLOT_SECONDS": "1",
            "HUB_QUOTA_FLOOR": "100000",
            "HUB_CUSTODIAN": CUSTODIAN,
            "HUB_METRICS_BIND": "",
        }

    def start(self) -> None:
        """Start the hub and wait until it takes connections."""
        self.started += 1
        words = [sys.executable, "-m", "hub.cli", "serve", "--port", str(self.port)]
        with (self.folder / f"hub-{self.started}.log").open("wb") as output:
            self.process = subprocess.Popen(
                words, cwd=ROOT, env={**os.environ, **self.environment()}, stdout=output, stderr=output
            )
        process = self.process
        wait_for(lambda: process.poll() is not None or _listens(self.port), START_SECONDS, "the hub")
        assert process.poll() is None, self.said()

    def kill(self) -> None:
        """End the hub as a power cut would, as far as a process can tell."""
        process = self.process
        assert process is not None
        assert process.poll() is None, self.said()
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.process = None

    def stop(self) -> None:
        """End the hub gently, if it runs."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(START_SECONDS)
            self.process = None

    def said(self) -> str:
        """The last words of the hub's own log."""
        return (self.folder / f"hub-{self.started}.log").read_text("utf-8", "replace")[-2000:]

    def assembly(self) -> Assembly:
        """The store and keys of the hub, for who looks into them while it is dead."""
        return assemble(load_settings(self.environment()))

    def ask(self, words: str) -> list[Any]:
        """Ask the hub's database from outside, while the hub lives or not; it is only read."""
        connection = sqlite3.connect(f"file:{self.data / 'hub.db'}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(words).fetchall()
        finally:
            connection.close()


def make_faulty_region(folder: Path) -> FaultyRegion:
    """Make a region: two councils admitted, one agreement in force, an epoch open; nothing runs yet."""
    region = FaultyRegion(folder, _free_port(), {name: folder / name for name in AREAS})
    assembly = region.assembly()
    try:
        keyrings = {member: new_keyring() for member in (CUSTODIAN, KENT, MEDWAY)}
        _admit(assembly, keyrings)
        _agree(assembly, keyrings)
        epoch, key = _open_epoch(assembly, keyrings[CUSTODIAN])
        run_slot(assembly.store, assembly.hub)
        for member, path in region.homes.items():
            _furnish(Home(path), member, keyrings, region, assembly, (epoch, key))
    finally:
        assembly.close()
    return region


def people(seed: int, count: int) -> Iterator[Move]:
    """Young people who go from Kent to Medway, none like another; the same seed gives the same ones.

    Two of one name, or of one birthday and one half of a name, would wait for an officer's second
    look (I10), and whoever counts deliveries could not say how many there are to be.
    """
    inventor, met = Inventor(random.Random(seed), datetime.now(UTC).date()), set[tuple[str, str]]()
    for number in range(count):
        given, family, born = _unlike_others(inventor, number, met)
        yield Move(
            place=f"row {number}",
            given=given,
            family=family,
            dob=born,
            from_address=Address((f"{number + 1} Example Road",), inventor.postcode("kent")),
            to_address=Address((f"{number + 1} Sample Street",), inventor.postcode("medway")),
            upn=inventor.pupil_number("kent", born),
            activity="230",
        )


def _unlike_others(inventor: Inventor, number: int, met: set[tuple[str, str]]) -> tuple[str, str, date]:
    while True:
        given, family = inventor.name("FM"[number % 2])
        born = inventor.birthday(16 + number % 2)
        marks = {(given, family), (given, born.isoformat()), (family, born.isoformat())}
        if not marks & met:
            met |= marks
            return given, family, born


def wait_for(happened: Callable[[], object], seconds: float, what: str) -> None:
    """Return once it has happened; fail where it does not within these seconds."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} seconds"
        time.sleep(0.02)


def _admit(assembly: Assembly, keyrings: dict[MemberId, Keyring]) -> None:
    hub = assembly.hub
    for member, keyring in keyrings.items():
        kind = MemberKind.OBSERVER if member == CUSTODIAN else MemberKind.AUTHORITY
        with assembly.store.write() as work:
            code = enrol.invite(member, member.title(), kind, work, hub, area=AREAS.get(member))
            documents = directory_documents(keyring, member, hub.now() - timedelta(days=1))
            enrol.redeem(code, keyring.identity.public.jwks, documents, work, hub)
            enrol.approve(member, keyring.identity.public.key_id[:10], work, hub)
    run_slot(assembly.store, hub)


def _agree(assembly: Assembly, keyrings: dict[MemberId, Keyring]) -> None:
    path = ROOT / "agreements" / "examples" / "kent-medway-movers.json"
    document = json.loads(path.read_text("utf-8"))
    for member in (KENT, MEDWAY):
        signed = sign_document(canonical.encode(document), Typ.AGREEMENT, keyrings[member].identity)
        with assembly.store.write() as work:
            agree.propose(document, signed, member, work, assembly.hub)
    run_slot(assembly.store, assembly.hub)


def _open_epoch(assembly: Assembly, custodian: Keyring) -> tuple[EpochId, bytes]:
    now, key = assembly.hub.now(), os.urandom(LINKAGE_KEY_BYTES)
    epoch = EpochId(new_id("ep", now, os.urandom(10)))
    begin = (now - timedelta(days=1)).replace(microsecond=0)
    document = sign_epoch(make_epoch(epoch, begin, begin + timedelta(days=180), key), custodian.identity)
    with assembly.store.write() as work:
        lodge.open_epoch(document, {}, CUSTODIAN, work, assembly.hub)
    return epoch, key


def _furnish(
    home: Home,
    member: MemberId,
    keyrings: dict[MemberId, Keyring],
    region: FaultyRegion,
    assembly: Assembly,
    linkage: tuple[EpochId, bytes],
) -> None:
    home.keep(keyrings[member].with_linkage(*linkage))
    home.pin(
        Pinned(
            hub_url=region.url,
            member=member,
            name=member.title(),
            log_vkey=assembly.hub.log_key.vkey,
            hub_key=assembly.hub.key.public.jwk,
            custodian=CUSTODIAN,
            custodian_identity=keyrings[CUSTODIAN].identity.public.jwks,
            team="Tracking Team",
            telephone="01234 567890",
            mailbox="team@example.org",
        )
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), 0.2).close()
    except OSError:
        return False
    return True
