"""I1: whatever happens to a notice, the hub never holds anything that says whom it is about.

A whole story, in memory and on SQLite: matches that go all the way, one that is refused, one that
waits for officers, one that nobody answers; arrivals, recalls, withdrawals, lapses, a year that
goes by. After every slot all that the hub holds is searched: objects, rows, files, what it hands
over, what it says about its work, and what is packed in signatures as base64.
"""

import io
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import chain
from pathlib import Path

import pytest

from adapters.move import Address, Contact, Establishment, Found, Move, Parent, Wishes
from hub.exchange import decide, reception
from hub.exchange.errors import Declined
from hub.exchange.sequencer import Slot
from hub.exchange.stages import ItemKind
from hub.exchange.store.memory import MemoryStore
from hub.exchange.store.migrations import upgrade
from hub.exchange.store.unit_of_work import SqlStore
from hub.protocols.acknowledgement import OutcomeKind
from hub.protocols.delivery import Stage
from hub.protocols.names import NoticeType, Part
from hub.telemetry import set_up_logging
from tests.simulators.clear_text import dates, facts_in, texts_of, unpacked
from tests.simulators.town import Town

OLD, NEW = (
    Address(("41 Thistledown Terrace", "Maidstone"), "ME14 1XQ"),
    Address(("7 Larkspur Crescent", "Chatham"), "ME4 4TR"),
)
WILHELMINA = Move(
    place="row 2",
    given="Wilhelmina",
    family="Quillfeather",
    dob=date(2009, 11, 12),
    middle="Persephone",
    former_family=("Nightingale",),
    from_address=OLD,
    to_address=NEW,
    upn="F886499920001",
    uln="1234567890",
    local_ref="KENT-554433",
    establishment=Establishment("886/4321", "Bramblewood Academy", "10099887"),
    activity="230",
    contact=Contact("01632 960457", "w.quillfeather@example.org"),
    parent=Parent("Theodora Quillfeather", OLD),
)
BARTHOLOMEW = replace(
    WILHELMINA,
    given="Bartholomew",
    family="Hollingberry",
    dob=date(2009, 3, 27),
    middle=None,
    former_family=(),
    upn="X884499921002",
    uln=None,
    contact=Contact("01632 960981", None),
    found=frozenset({Found.SHIELD}),
)
CONSTANTIA = replace(
    WILHELMINA,
    given="Constantia",
    family="Featherstone",
    dob=date(2010, 1, 8),
    upn=None,
    uln=None,
    wishes=Wishes(instruction=frozenset({"participation", "contact"})),
)
PEOPLE = (WILHELMINA, BARTHOLOMEW, CONSTANTIA)


def facts_of(person: Move) -> set[str]:
    """Everything that would say who somebody is, or where."""
    said = {
        person.given, person.family, person.middle, *person.former_family, person.upn, person.uln,
        person.local_ref,
    }  # fmt: skip
    for home in (person.from_address, person.to_address):
        assert home is not None
        said |= {home.lines[0], home.postcode}
    assert person.contact is not None
    assert person.parent is not None
    assert person.establishment is not None
    said |= {person.contact.phone, person.contact.email, person.parent.name, person.establishment.name}
    return {fact for fact in said if fact} | set(dates(person.dob))


FACTS = frozenset(fact for person in PEOPLE for fact in facts_of(person))


class WatchedTown(Town):
    """A town whose hub is searched after every slot."""

    def __init__(self, store: MemoryStore | SqlStore, folder: Path) -> None:
        self.folder = folder
        self.lines = io.StringIO()
        self.seen: set[bytes] = set()
        self.searched = 0
        super().__init__(store)

    def slot(self, *faults: str) -> Slot:
        """One slot passes, and nothing of anybody can be read."""
        done = super().slot(*faults)
        fresh = {text for text in self.holds() if text not in self.seen}
        self.seen |= fresh
        for text in chain(self.files(), unpacked(b"\0".join(sorted(fresh)))):
            assert [*facts_in(text, FACTS)] == []
            self.searched += len(text)
        return done

    def files(self) -> Iterator[bytes]:
        """What lies on the disk as it lies there, with what was overwritten and not yet cleared."""
        for path in self.folder.glob("hub.db*"):
            yield path.name.encode() + b"\0" + path.read_bytes()

    def holds(self) -> Iterator[bytes]:
        """All that the hub has: objects or rows, what it remembers, what it writes, what it hands over."""
        if isinstance(self.store, MemoryStore):
            yield from texts_of(self.store._state)
        yield from _rows(self.folder / "hub.db")
        yield from texts_of((vars(decide._BOOKS), self.terms()))
        yield self.lines.getvalue().encode()
        yield from self._handed_over()

    def _handed_over(self) -> Iterator[bytes]:
        for member in self.members.values():
            for item in member.sees(ItemKind.DELIVERY):
                with self.store.read() as work:
                    try:
                        yield reception.fetch_delivery(item.item, member.member, work, self.hub)
                    except Declined:
                        continue


def _rows(path: Path) -> Iterator[bytes]:
    """Every cell of a database that is there, as text or bytes."""
    if path.exists():
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            tables = database.execute("select name from sqlite_master where type = 'table'").fetchall()
            for (table,) in tables:
                for row in database.execute(f'select * from "{table}"'):  # noqa: S608 - names from the schema
                    yield from texts_of(row)
        database.close()


@pytest.fixture(params=["memory", "sqlite"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WatchedTown]:
    """Kent and Medway, neighbours, at a hub that is searched."""
    if request.param == "memory":
        town = WatchedTown(MemoryStore(), tmp_path)
    else:
        upgrade(f"sqlite:///{tmp_path / 'hub.db'}")
        town = WatchedTown(SqlStore(f"sqlite:///{tmp_path / 'hub.db'}", b"i" * 32), tmp_path)
    set_up_logging(town.lines)
    town.admits("mbr_kent", area="886")
    town.admits("mbr_medway", area="887")
    town.agrees("kent-medway-movers")
    yield town
    if isinstance(town.store, SqlStore):
        town.store.close()


def test_nothing_that_the_hub_ever_holds_says_who_it_is(town: WatchedTown) -> None:
    """From publish to forgetting; while the two gateways learn all that they may."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    departures = {person.given: kent.publishes(person, NoticeType.MOVED_OUT) for person in PEOPLE}
    town.slot()
    for person in PEOPLE:
        medway.publishes(person, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    for officers in (medway, kent):
        for task in officers.tasks:
            officers.approves(task)
        town.night_passes()
    rest = next(one for one in medway.opened if one.checked.record.stage is Stage.REST)
    medway.reports(rest, OutcomeKind.IN_CASELOAD)
    kent.asserts(departures["Constantia"])
    town.night_passes()
    kent.withdraws(departures["Constantia"])
    town.suspends("agr_kent-medway-movers", "mbr_kent")
    kent.publishes(replace(WILHELMINA, place="row 9"), NoticeType.MOVED_OUT)
    town.night_passes()
    town.days_pass(400)
    town.night_passes()
    with town.store.read() as work:
        kinds = {str(record["kind"]) for record in town._records(work).values()}
    assert {"release", "confirmation", "outcome", "held", "disposition"} <= kinds
    assert {"R-INSTRUCTION", "R-SHIELD"} & town.refusals()
    assert Part.ADDRESS in medway.parts()
    assert town.searched > 1_000_000


def test_the_search_finds_what_is_there_to_be_found(town: WatchedTown) -> None:
    """In what the members opened, and wherever anything was hidden from it."""
    town.members["mbr_kent"].publishes(WILHELMINA, NoticeType.MOVED_OUT)
    town.members["mbr_medway"].publishes(WILHELMINA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    opened = b"\0".join(texts_of(town.members["mbr_medway"].opened))
    assert {"Wilhelmina", "Quillfeather", "2009-11-12", "7 Larkspur Crescent"} <= {*facts_in(opened, FACTS)}
    town.lines.write("d2lsaGVsbWluYSBRVUlMTC1GRUFUSEVS")  # "wilhelmina QUILL-FEATHER", packed
    with pytest.raises(AssertionError, match="Quillfeather"):
        town.slot()
