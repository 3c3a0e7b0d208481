"""Chance at work in a whole town, held to a small model of what may be told.

Members publish, collect, grant, compare, approve, assert anew, withdraw, suspend and report in any order;
whatever was brought to the hub is brought again, by its member or by somebody who has copied it; time passes.
After every step the model asks of all that was released, and of all that was fetched, whether it might be.
"""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from adapters.move import Address, Found, Move, Wishes
from hub.exchange.errors import Declined
from hub.exchange.stages import InboxItem, ItemKind
from hub.protocols.acknowledgement import Answer, OutcomeKind
from hub.protocols.delivery import Stage
from hub.protocols.errors import ProtocolError
from hub.protocols.mandate import Change
from hub.protocols.names import MemberId, NoticeId, NoticeType, Part
from tests.simulators.town import Brought, Opened, Town, TownMember
from tests.story.people import ADA

KENT, MEDWAY, LAMBETH = "mbr_kent", "mbr_medway", "mbr_lambeth"
AGREEMENTS = {
    frozenset({KENT, MEDWAY}): "agr_kent-medway-movers",
    frozenset({KENT, LAMBETH}): "agr_kent-lambeth-movers",
}
NAMES = [
    ("Ada", "Exampleton"),
    ("Boris", "Madeupson"),
    ("Chandra", "Inventley"),
    ("Dilys", "Fabrico"),
    ("Emeka", "Sampleworth"),
    ("Fionnuala", "Otherby"),
    ("Gustavo", "Nowhereham"),
    ("Huw", "Quillfeather"),
    ("Ingrid", "Brindlecomb"),
    ("Jozef", "Tamworthy"),
    ("Keziah", "Oxterling"),
    ("Ludmila", "Drumgold"),
]
UNITS = ["1AB", "2DE", "3FG", "4HJ", "5LN", "6PQ", "7RS", "8TU", "9WX", "1YZ", "2BD", "3EF"]
HELD_BACK = frozenset({"participation", "contact"})


def person(number: int, how: str) -> Move:
    """Somebody as one side knows her: with her former home, or by name and birthday alone."""
    given, family = NAMES[number]
    known = replace(
        ADA,
        given=given,
        family=family,
        dob=date(2009, 1 + number, 3 + 2 * number),
        from_address=Address(("1 Example Road",), f"ME{number + 1} {UNITS[number]}"),
        to_address=Address(("2 Sample Street",), f"CT{number + 1} {UNITS[-number]}"),
        upn=None,
    )
    if how == "name":
        return replace(known, from_address=None)
    if how == "instructed":
        return replace(known, wishes=Wishes(instruction=HELD_BACK))
    found = {"shield": Found.SHIELD, "twin": Found.TWIN}.get(how)
    return known if found is None else replace(known, found=frozenset({found}))


@dataclass(frozen=True)
class Moving:
    """A move from Kent, as each side knows it."""

    here: str
    there: str
    to: str
    apart: bool
    again: bool
    """The same person once more: a second claim."""


MOVES = st.builds(
    Moving,
    here=st.sampled_from(["known", "known", "known", "name", "shield", "instructed", "twin"]),
    there=st.sampled_from(["known"] * 5 + ["name", "shield"]),
    to=st.sampled_from(["mbr_medway", "mbr_lambeth"]),
    apart=st.booleans(),
    again=st.sampled_from([False] * 7 + [True]),
)
HONEST = Moving("known", "known", "mbr_medway", apart=False, again=False)
PEOPLE = st.builds(
    person, st.integers(0, 2), st.sampled_from(["known", "name", "shield", "instructed", "twin"])
)
KINDS = {KENT: NoticeType.MOVED_OUT, MEDWAY: NoticeType.NEW_ARRIVAL, LAMBETH: NoticeType.NEW_ARRIVAL}


@dataclass
class Known:
    """What the model knows of one notice."""

    sender: str
    move: Move
    withdrawn: bool = False
    shield: bool = False
    instruction: frozenset[Part] = frozenset()
    asserted_at: Any = None


@dataclass
class Model:
    """What may be told, in as few words as possible."""

    notices: dict[str, Known] = field(default_factory=dict)
    against: dict[str, set[str]] = field(default_factory=dict)
    """Which parties have suspended an agreement."""
    yes: dict[str, set[str]] = field(default_factory=dict)
    """Whose officers have said yes, by the passage's match."""
    named: set[tuple[str, str]] = field(default_factory=set)
    """By match, whose officers have said that their side may be named to the other."""
    same: set[tuple[str, str]] = field(default_factory=set)
    """Recipient and notice of every signed `same`."""

    def may(  # noqa: C901 - a check-list, one line for each reason
        self, town: Town, record: dict[str, Any], counter: str, match: str
    ) -> list[str]:
        """Why this release may not be, at this instant: an empty list where it may."""
        about, other = self.notices[record["notice"]], self.notices[counter]
        ends = {str(record["sender"]), str(record["recipient"])}
        approved = self.yes.get(match, set())
        why = []
        if about.withdrawn or other.withdrawn:
            why.append("withdrawn")
        agreement = AGREEMENTS.get(frozenset(ends))
        if agreement is None or self.against.get(agreement):
            why.append("no agreement in force")
        if (about.shield or other.shield) and approved != ends:
            why.append("a shield without both officers")
        arrives = town.notice(NoticeId(record["notice"])).manifest.type is NoticeType.NEW_ARRIVAL
        if (about.shield or other.shield) and arrives and (match, about.sender) not in self.named:
            why.append("where a shielded person is, told by a side that is not to be named")
        known = [move.from_address is not None for move in (about.move, other.move)]
        if not all(known) and approved != ends:
            why.append("name and birthday alone")
        if about.move.family != other.move.family:
            why.append("two people")
        if Found.TWIN in about.move.found | other.move.found:
            why.append("a twin")
        parts = {Part(part["part"]) for part in record["parts"]}
        if parts & (about.instruction | other.instruction):
            why.append("a part against an instruction")
        if Part.ADDRESS in parts and (about.shield or other.shield):
            why.append("the whereabouts of a shielded person")
        if (town.now - min(about.asserted_at, other.asserted_at)).days > 30:
            why.append("a stale assertion")
        if parts != {Part.IDENTITY} and (str(record["recipient"]), record["notice"]) not in self.same:
            why.append("no signed same")
        return why


class TownMachine(RuleBasedStateMachine):
    """Every order of everything that members can do."""

    notices: Bundle[tuple[str, NoticeId]] = Bundle("notices")
    tasks: Bundle[tuple[str, InboxItem]] = Bundle("tasks")
    deliveries: Bundle[tuple[str, Opened]] = Bundle("deliveries")

    @initialize(
        target=notices,
        seed=st.integers(0, 2**32),
        moves=st.lists(MOVES, max_size=4),
        nights=st.sampled_from([3, 4, 2, 1, 0]),
    )
    def open_town(self, seed: int, moves: list[Moving], nights: int) -> Any:  # noqa: ANN401 - hypothesis' own type
        """Three councils; one has an agreement with each of the two others; some people have moved."""
        self.town = Town(seed=seed)
        for member, area in ((KENT, "886"), (MEDWAY, "887"), (LAMBETH, "208")):
            self.town.admits(member, area=area)
        self.town.agrees("kent-medway-movers")
        self.town.agrees("kent-lambeth-movers")
        self.model = Model()
        self.checked = 0
        self.moved = 0
        noticed = [notice for moving in [HONEST, *moves] for notice in self.noticed(moving)]
        for _ in range(nights):
            self.pass_slot()
        return multiple(*noticed)

    def member(self, name: str) -> TownMember:
        """A member by its name."""
        return self.town.members[name]

    # --- what members do ----------------------------------------------------------------------------

    @rule(target=notices, name=st.sampled_from([KENT, MEDWAY, LAMBETH]), move=PEOPLE)
    def publish(self, name: str, move: Move) -> tuple[str, NoticeId]:
        """A member publishes a notice about one of a few people."""
        return self.published(name, move)

    def published(self, name: str, move: Move) -> tuple[str, NoticeId]:
        """Publish a notice, and tell the model."""
        notice = self.member(name).publishes(move, KINDS[name])
        self.model.notices[notice] = Known(
            name,
            move,
            shield=Found.SHIELD in move.found,
            instruction=frozenset(Part(name) for name in move.wishes.instruction),
            asserted_at=self.town.now,
        )
        return name, notice

    @rule(target=notices, moving=MOVES)
    def move(self, moving: Moving) -> Any:  # noqa: ANN401 - hypothesis' own type
        """Somebody moves from Kent, and both councils notice, in one slot or in two."""
        return multiple(*self.noticed(moving))

    def noticed(self, moving: Moving) -> list[tuple[str, NoticeId]]:
        """Both notices of a move, by a person who moves for the first time, or not."""
        self.moved += not moving.again
        who = self.moved % len(NAMES)
        left = self.published(KENT, person(who, moving.here))
        if moving.apart:
            self.slot()
        return [left, self.published(moving.to, person(who, moving.there))]

    @rule(target=deliveries, slots=st.integers(1, 4))
    def night(self, slots: int) -> Any:  # noqa: ANN401 - hypothesis' own type
        """Slots pass, and every gateway does what it does by itself."""
        return multiple(*(one for _ in range(slots) for one in self.pass_slot()))

    def pass_slot(self) -> list[tuple[str, Opened]]:
        """A slot, and what every gateway has opened after it."""
        self.slot()
        return [one for name in (KENT, MEDWAY, LAMBETH) for one in self.collected(name, answers=True)]

    @rule(target=deliveries, name=st.sampled_from([KENT, MEDWAY, LAMBETH]), answers=st.booleans())
    def collect(self, name: str, answers: bool) -> Any:  # noqa: ANN401 - hypothesis' own type
        """A gateway looks into its inbox: grants, opens, acknowledges, and compares if it may."""
        return multiple(*self.collected(name, answers=answers))

    def collected(self, name: str, *, answers: bool) -> list[tuple[str, Opened]]:
        """What a gateway has opened now, each held to the model at this instant."""
        member = self.member(name)
        member.answers = answers
        before = len(member.opened)
        member.collects()
        opened = member.opened[before:]
        for one in opened:
            self.check_fetched(name, one)
            if answers and one.checked.record.stage is Stage.IDENTITY:
                self.model.same.add((name, one.checked.record.notice))
        return [(name, one) for one in opened]

    @rule(target=tasks, name=st.sampled_from([KENT, MEDWAY, LAMBETH]))
    def look_at_tasks(self, name: str) -> Any:  # noqa: ANN401 - hypothesis' own type
        """A named officer looks at what is asked of her."""
        return multiple(*((name, item) for item in self.member(name).sees(ItemKind.OFFICER_TASK)))

    @rule(task=tasks, approve=st.booleans(), named=st.booleans())
    def decide_task(self, task: tuple[str, InboxItem], approve: bool, named: bool) -> None:
        """She says yes, or no; and whether her side may be named."""
        name, item = task
        self.member(name).approves(item, approve=approve, named=named)
        if approve and named:
            self.model.named.add((self.match_of(item), name))
        if approve:
            self.model.yes.setdefault(self.match_of(item), set()).add(name)

    @rule(
        notice=notices,
        shield=st.booleans(),
        parts=st.frozensets(st.sampled_from([Part.PARTICIPATION, Part.CONTACT])),
    )
    def assert_anew(self, notice: tuple[str, NoticeId], shield: bool, parts: frozenset[Part]) -> None:
        """A sender asserts anew, with other flags: they bind from this instant."""
        name, which = notice
        self.member(name).asserts(which, shield=shield, instruction=parts)
        known = self.model.notices[which]
        known.shield, known.instruction, known.asserted_at = shield, parts, self.town.now

    @rule(notice=consumes(notices))
    def withdraw(self, notice: tuple[str, NoticeId]) -> None:
        """A sender withdraws."""
        name, which = notice
        self.member(name).withdraws(which)
        self.model.notices[which].withdrawn = True

    @rule(pair=st.sampled_from(sorted(AGREEMENTS, key=sorted)), party=st.integers(0, 1), change=st.booleans())
    def change_agreement(self, pair: frozenset[str], party: int, change: bool) -> None:
        """A party suspends, or stands by an agreement again."""
        name, agreement = sorted(pair)[party], AGREEMENTS[pair]
        against = self.model.against.setdefault(agreement, set())
        if (name in against) is change:
            self.town.suspends(agreement, name, Change.RESUME if change else Change.SUSPEND)
            (against.discard if change else against.add)(name)

    @rule(delivery=deliveries, outcome=st.sampled_from(list(OutcomeKind)))
    def report(self, delivery: tuple[str, Opened], outcome: OutcomeKind) -> None:
        """A recipient says what became of it."""
        name, opened = delivery
        self.member(name).reports(opened, outcome)

    @rule(delivery=deliveries, answer=st.sampled_from(list(Answer)))
    def answer(self, delivery: tuple[str, Opened], answer: Answer) -> None:
        """An officer compares by eye, perhaps a second time."""
        name, opened = delivery
        self.member(name).confirms(opened, answer)
        if answer is Answer.SAME:
            self.model.same.add((name, opened.checked.record.notice))

    # --- what goes wrong ------------------------------------------------------------------------------

    @rule(place=st.floats(0, 0.999))
    def bring_again(self, place: float) -> None:
        """Anything is brought again: the answer may be a no, never a fault, and the model does not change."""
        for brought in self.drawn(place):
            with suppress(Declined, ProtocolError):
                brought.again(self.town)

    @rule(place=st.floats(0, 0.999), name=st.sampled_from([KENT, MEDWAY, LAMBETH]))
    def steal(self, place: float, name: str) -> None:
        """I7: what another member brought is worth nothing in anybody else's hands."""
        for brought in self.drawn(place):
            if name != brought.member:
                self.stolen(brought, self.member(name).member)

    def drawn(self, place: float) -> list[Brought]:
        """One of the things that were brought, where anything was."""
        brought = self.town.brought
        return [brought[int(place * len(brought))]] if brought else []

    def stolen(self, brought: Brought, thief: MemberId) -> None:
        """Assert that a thief is told that there is no such thing."""
        try:
            brought.again(self.town, thief)
        except Declined as fault:
            assert fault.code == "not-found"  # noqa: PT017 - which decline is the point
            return
        raise AssertionError("another member's word was taken")

    # --- time -----------------------------------------------------------------------------------------

    @rule()
    def slot(self) -> None:
        """The sequencer does what waits; the town checks log and books."""
        self.town.slot()
        self.check_released()

    @rule(days=st.sampled_from([1, 12, 29, 31]))
    def days_pass(self, days: int) -> None:
        """Time goes on."""
        self.town.days_pass(days)

    # --- what must hold ---------------------------------------------------------------------------------

    def check_released(self) -> None:
        """I2: every release that was recorded just now might be, just now."""
        before, self.town.now = self.town.now, self.town.now - self.town.hub.slot
        releases = self.town.entries("release")
        for record in releases[self.checked :]:
            why = self.model.may(self.town, record, self.counter_of(record), self.match_of_release(record))
            assert not why, (why, record["stage"])
        self.checked, self.town.now = len(releases), before

    def check_fetched(self, name: str, opened: Opened) -> None:
        """I6: so might everything that is handed over, at that very instant."""
        record = opened.checked.record
        found = next(one for one in self.town.entries("release") if one["delivery"] == record.delivery)
        assert opened.counter is not None
        why = self.model.may(self.town, found, opened.counter, self.match_of_release(found))
        assert not why, (name, why)

    def counter_of(self, record: dict[str, Any]) -> str:
        """The counter-notice of a release."""
        with self.town.store.read() as work:
            item = work.inboxes.get(record["delivery"])
        assert item is not None
        assert isinstance(item.body, dict)
        return str(item.body["counter"])

    def match_of_release(self, record: dict[str, Any]) -> str:
        """The match that a release belongs to."""
        with self.town.store.read() as work:
            item = work.inboxes.get(record["delivery"])
        assert item is not None
        return self.match_of(item)

    def match_of(self, item: InboxItem) -> str:
        """The match that an item belongs to."""
        assert item.passage is not None
        with self.town.store.read() as work:
            passage = work.passages.get(item.passage)
        assert passage is not None
        return str(passage.match)

    @invariant()
    def answers_are_told_once(self) -> None:
        """I5: nothing that is said twice is told twice."""
        if not hasattr(self, "town"):
            return
        for kind in ("acknowledgement", "outcome"):
            told = [(one["delivery"], one["says"]) for one in self.town.entries(kind)]
            assert len(told) == len(set(told))

    def teardown(self) -> None:
        """I5: in the end every notice is in the log exactly once, and the books are right."""
        if not hasattr(self, "town"):
            return
        self.town.slot()
        for _ in range(20):  # second looks wait for a slot that has room
            self.town.slot()
            with self.town.store.read() as work:
                if work.outbox.waiting() == 0:
                    break
        self.check_released()
        published = sorted(str(one["notice"]) for one in self.town.entries("published"))
        assert published == sorted(self.model.notices)
        with self.town.store.read() as work:
            assert work.outbox.waiting() == 0
        stages = [str(one["stage"]) for one in self.town.entries("release")]
        event(f"releases of an identity: {stages.count('identity')}, of the rest: {stages.count('rest')}")


EXAMPLES = int(settings().max_examples // 4)
"""A quarter of the profile's examples: each is a whole town."""

TownMachine.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=30, deadline=None)
test_whatever_members_do_nothing_is_told_that_may_not_be = TownMachine.TestCase
