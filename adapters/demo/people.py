"""The made-up region: some seventy young people, their moves, and what each member wrote down.

The same seed and day give the same region, byte for byte. It knows the truth, which the members
do not: who is who across their lists. Some rows on the arriving side are mistaken, some people
have no counterpart, two are twins, and some are there for one point of the story; `special`
names those. Nobody in it is real, nor are the numbers and the units of the postcodes.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from adapters.demo.files import FILES, InputFile, write_files
from adapters.demo.invention import AREAS, SHORT_FORMS, Inventor, misspelt
from adapters.demo.records import Listing, Pair, Person, Record, Slip

ARRIVALS_KEPT_BY: Final = {
    "kent": "kent",
    "medway": "medway",
    "lambeth": "thames-careers",
    "southwark": "southwark",
}
"""Who lists those who arrive in an authority: for Lambeth its careers company, by mandate."""

COLLEGES: Final = {"thames-college": ("lambeth", "southwark"), "north-kent-college": ("kent", "medway")}
"""Each college's own authority, and the one beyond the border from which learners come."""

_S = Slip
_FLOWS: Final[tuple[tuple[str, str, tuple[Slip, ...]], ...]] = (
    ("kent", "medway", (_S.NICKNAME, _S.TYPO)),
    ("kent", "lambeth", (_S.CLEAN, _S.NO_UPN)),
    ("kent", "southwark", (_S.CLEAN,)),
    ("medway", "kent", (_S.SWAPPED, _S.NO_UPN)),
    ("medway", "southwark", (_S.CLEAN, _S.NEW_POSTCODE_ONLY)),
    ("lambeth", "kent", (_S.NICKNAME,)),
    ("lambeth", "medway", (_S.CLEAN,)),
    ("lambeth", "southwark", (_S.NO_UPN,)),
    ("southwark", "medway", (_S.CLEAN, _S.SWAPPED)),
    ("southwark", "lambeth", (_S.CLEAN,)),
)
"""Ordinary movers: from, to, and how each one's row on the arriving side is mistaken.

Every member lists fewer than twenty, the daily quota of a newcomer, so that nothing in the story
stops for its quota before the probe that means to.
"""

_AGES: Final = (16, 17, 16, 17, 17, 16, 18, 16, 15, 17, 19, 16)
_RESIDENTS: Final = 6


@dataclass(frozen=True, slots=True)
class Region:
    """The made-up region of one seed and day.

    `truth` pairs the rows that are about one person; `special` gives the person's id for each
    point of the story.
    """

    seed: int
    today: date
    people: Mapping[str, Person]
    records: tuple[Record, ...]
    truth: tuple[Pair, ...]
    special: Mapping[str, str]
    files: tuple[InputFile, ...] = FILES

    def write(self, home_root: Path) -> tuple[Path, ...]:
        """Write every member's files into its home under this folder, and truth.csv beside the homes."""
        return write_files(self.records, self.truth, home_root)

    def person(self, special: str) -> Person:
        """Give the person of one point of the story; KeyError where there is no such point."""
        return self.people[self.special[special]]

    def record(self, special: str, member: str) -> Record:
        """Give what one member wrote down of the person of one point of the story."""
        return next(r for r in self.records if r.person == self.special[special] and r.member == member)

    def plain_facts(self) -> frozenset[str]:
        """Give every text that must never reach the hub: names, birthdays, postcodes, numbers."""
        people: list[Person | Record] = [*self.people.values(), *self.records]
        names = {name for p in people for name in (p.given, p.family)}
        numbers = {number for p in people for number in (p.upn, p.uln, p.old_postcode, p.new_postcode)}
        days = {form for p in people for form in (p.dob.isoformat(), p.dob.strftime("%d/%m/%Y"))}
        return frozenset(names | numbers | days | {r.phone for r in self.records}) - {""}


def make_region(seed: int, today: date) -> Region:
    """Make the region of this seed and day."""
    making = _Making(Inventor(random.Random(seed), today))
    for home, goal, slips in _FLOWS:
        for slip in slips:
            making.mover(home, goal, slip)
    _add_special_movers(making)
    _add_those_without_counterpart(making)
    _add_learners(making)
    for member in ARRIVALS_KEPT_BY:
        for _ in range(_RESIDENTS):
            making.resident(member)
    return Region(
        seed,
        today,
        making.people,
        tuple(making.records),
        tuple(making.truth),
        dict(sorted(making.special.items())),
    )


def _add_special_movers(making: "_Making") -> None:
    """Add those in whom the story shows something, each with clear evidence unless that is the point."""
    making.mover("kent", "medway", Slip.CLEAN, special="strong", age=17)
    making.mover(
        "kent", "medway", Slip.CLEAN, special="instruction", age=17, instruction="participation; contact"
    )
    making.mover("kent", "medway", Slip.CLEAN, special="shield", age=16, shield=True)
    making.mover("kent", "medway", Slip.NAME_AND_BIRTH_ONLY, special="name_and_birth_only", age=17)
    making.mover("kent", "medway", Slip.DOUBTFUL, special="second_look", age=16)
    making.mover("lambeth", "southwark", Slip.CLEAN, special="expired", age=17)
    making.mover("medway", "kent", Slip.CLEAN, special="ehc_plan", age=22, ehc_plan=True)
    making.mover("lambeth", "kent", Slip.CLEAN, special="care_leaver", age=21, care_leaver=True)
    making.twins("kent", "medway")


def _add_those_without_counterpart(making: "_Making") -> None:
    """Add those who left for nobody knows where, those who came from there, and nobody at all."""
    making.leaver("kent", special="open_kent", age=17)
    making.leaver("lambeth", special="open_lambeth", age=16)
    making.leaver("medway", special="open_medway", age=16)
    making.leaver("lambeth", age=17)
    making.arrival("medway", special="arrived_medway", age=17)
    making.arrival("lambeth", age=18)
    making.arrival("southwark", age=17)
    making.leaver("kent", special="out_of_scope", age=21)
    making.leaver("lambeth", special="too_young", age=12)
    making.nobody("absent")


def _add_learners(making: "_Making") -> None:
    """Add the colleges' enrolments: learners of the college's own area, and from over the border."""
    making.learner("thames-college", "southwark", special="no_standing_request", age=17)
    making.learner("north-kent-college", "medway", special="standing_request", age=17)
    for college, (own, beyond) in COLLEGES.items():
        for age in (16, 18):
            making.learner(college, beyond, age=age)
        for age in (16, 17, 19):
            making.learner(college, own, age=age)


@dataclass(slots=True)
class _Making:
    """The region as far as it is made."""

    inventor: Inventor
    people: dict[str, Person] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    truth: list[Pair] = field(default_factory=list)
    special: dict[str, str] = field(default_factory=dict)

    def mover(
        self, home: str, goal: str, slip: Slip, *, special: str = "", age: int = 0, **marks: object
    ) -> None:
        """Add somebody who moved, with a row on each side and the truth about them."""
        nickname = slip in {Slip.NICKNAME, Slip.DOUBTFUL}
        person = self._person(home, goal, age, short_form=nickname, swappable=slip is Slip.SWAPPED)
        self._keep(person, special)
        left = self._leaver_row(person, home, known_goal=not special and self._once_in(3), **marks)
        right = self._mistaken(self._arrival_row(person, goal, **marks), slip)
        self._pair(left, right, slip)

    def twins(self, home: str, goal: str) -> None:
        """Add two who share family name, birthday, sex and both homes."""
        first = self._person(home, goal, 16)
        second = replace(
            first,
            id=self._next_id(1),
            given=self.inventor.name(first.sex)[0],
            upn=self.inventor.pupil_number(home, first.dob),
            uln=self.inventor.learner_number(),
        )
        for name, twin in (("twin_a", first), ("twin_b", second)):
            self._keep(twin, name)
            left = self._leaver_row(twin, home, known_goal=False, twin=True)
            self._pair(left, self._arrival_row(twin, goal, twin=True), Slip.CLEAN)

    def leaver(self, home: str, *, special: str = "", age: int = 0) -> None:
        """Add somebody who left for somewhere outside the region."""
        person = self._person(home, home, age)
        self._keep(person, special)
        self.records.append(self._leaver_row(person, home, known_goal=False))

    def arrival(self, goal: str, *, special: str = "", age: int = 0) -> None:
        """Add somebody who came from outside the region."""
        person = self._person(goal, goal, age)
        self._keep(person, special)
        self.records.append(replace(self._arrival_row(person, goal), old_postcode=""))

    def nobody(self, special: str) -> None:
        """Add somebody of whom no member has a row: the one whom a forged notice is about."""
        self._keep(self._person("kent", "medway", 16), special)

    def resident(self, member: str) -> None:
        """Add somebody who stays at home: a row of a caseload that nobody is told of."""
        person = self._person(member, member, 0)
        self._keep(person, "")
        self.records.append(self._row(person, ARRIVALS_KEPT_BY[member], Listing.RESIDENTS, person.moved_on))

    def learner(self, college: str, area: str, *, special: str = "", age: int) -> None:
        """Add somebody who enrolled at a college, and the row of the authority where home is."""
        person = self._person(area, area, age)
        self._keep(person, special)
        self.records.append(self._row(person, college, Listing.ENROLMENTS, person.moved_on))
        self.records.append(self._row(person, ARRIVALS_KEPT_BY[area], Listing.RESIDENTS, person.moved_on))

    def _next_id(self, ahead: int = 0) -> str:
        return f"P{len(self.people) + 1 + ahead:03}"

    def _once_in(self, times: int) -> bool:
        return self.inventor.chance.randrange(times) == 0

    def _keep(self, person: Person, special: str) -> None:
        self.people[person.id] = person
        if special:
            self.special[special] = person.id

    def _person(
        self, home: str, goal: str, age: int, *, short_form: bool = False, swappable: bool = False
    ) -> Person:
        invent = self.inventor
        sex = invent.chance.choice("FM")
        given, family = invent.name(sex, with_short_form=short_form)
        born = invent.birthday(age or _AGES[len(self.people) % len(_AGES)], swappable=swappable)
        return Person(
            id=self._next_id(),
            given=given,
            family=family,
            sex=sex,
            dob=born,
            upn=invent.pupil_number(home, born),
            uln=invent.learner_number(),
            old_postcode=invent.postcode(home),
            new_postcode=invent.postcode(goal),
            moved_on=invent.today - timedelta(days=invent.chance.randrange(12, 45)),
        )

    def _row(self, person: Person, member: str, listing: Listing, on: date, **marks: object) -> Record:
        serial = sum(record.member == member for record in self.records) + 1
        return Record(
            person=person.id,
            member=member,
            listing=listing,
            local_ref=local_ref(member, serial),
            given=person.given,
            family=person.family,
            sex=person.sex,
            dob=person.dob,
            upn=person.upn,
            uln=person.uln,
            old_postcode=person.old_postcode,
            new_postcode=person.new_postcode,
            event_date=on,
            phone=self.inventor.phone(),
            **marks,  # type: ignore[arg-type] # the marks of a Record, by their names
        )

    def _leaver_row(self, person: Person, home: str, *, known_goal: bool, **marks: object) -> Record:
        row = self._row(person, home, Listing.LEAVERS, person.moved_on, **marks)
        return row if known_goal else replace(row, new_postcode="")

    def _arrival_row(self, person: Person, goal: str, **marks: object) -> Record:
        """Give the row of the member that a person came to, which knows no wish told to the former one."""
        known = {name: value for name, value in marks.items() if name not in {"instruction", "shield"}}
        arrived = person.moved_on + timedelta(days=self.inventor.chance.randrange(1, 10))
        return self._row(person, ARRIVALS_KEPT_BY[goal], Listing.ARRIVALS, arrived, **known)

    def _mistaken(self, row: Record, slip: Slip) -> Record:
        """Write a row as somebody wrote it who was told a short name, misheard, or had no numbers."""
        spelt_wrong = misspelt(row.family, self.inventor.chance)
        match slip:
            case Slip.CLEAN:
                return row
            case Slip.NICKNAME:
                return replace(row, given=SHORT_FORMS[row.given], uln="")
            case Slip.TYPO:
                return replace(row, family=spelt_wrong, uln="")
            case Slip.SWAPPED:
                return replace(row, dob=row.dob.replace(month=row.dob.day, day=row.dob.month), uln="")
            case Slip.NO_UPN:
                return replace(row, upn="", uln="")
            case Slip.NEW_POSTCODE_ONLY:
                return replace(row, upn="", old_postcode="")
            case Slip.NAME_AND_BIRTH_ONLY:
                return replace(row, upn="", uln="", old_postcode="")
            case Slip.DOUBTFUL:
                return replace(
                    row, given=SHORT_FORMS[row.given], family=spelt_wrong, upn="", uln="", old_postcode=""
                )

    def _pair(self, left: Record, right: Record, slip: Slip) -> None:
        self.records += [left, right]
        self.truth.append(Pair(left.person, left.member, left.local_ref, right.member, right.local_ref, slip))


def local_ref(member: str, serial: int) -> str:
    """Give the reference that a member's own system gives: a YPID, a client or a learner number."""
    if member in COLLEGES:
        return f"LRN{serial:05}"
    if member not in AREAS:
        return f"TC-{serial:04}"
    return f"{AREAS[member][0]}{7000 + serial:010}"
