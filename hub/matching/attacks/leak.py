"""All attacks on one index, and the figures that come of them.

Decides what is reported: for every slot and kind of token by itself, and for all of them joined,
the share of records of which a fact is guessed right, beside the floor of always guessing the
commonest value. Lift is the difference. Records that leaked are never counted. The attacker has
no linkage key; with one, everything that tokens hold can be found by trying.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hub.matching.attacks.chains import SURE, chain, sure_views
from hub.matching.attacks.facts import (
    Facts,
    Guess,
    Target,
    commonest,
    facts_of,
    number_facts,
    share_right,
)
from hub.matching.attacks.filters import guess_birthdays, learn_overlaps
from hub.matching.attacks.frequency import commonest_known, lay_by_rank
from hub.matching.attacks.held import Groups, Held, Places, hold
from hub.matching.attacks.votes import Known, Votes, ask_holders, elect, how_telling
from hub.matching.attacks.whole_list import find_by_pattern
from hub.matching.evidence import Record
from hub.matching.people_files import KnownPerson
from hub.matching.token_files import HeldRecord
from hub.matching.tokens import Person
from hub.protocols.errors import MalformedMessage

PAIRS: Final = 50
"""Pairs of token and value that a careless member leaks, of the commonest tokens."""

WHOLE_MEMBER: Final = 7_000
"""Records of one member that leaks everything it has."""

LEARNT: Final = 4_000
"""Public people whose filters are laid beside each other to learn what an overlap says."""

ASKED: Final = 5_000
"""Records whose filters are laid beside all leaked ones: enough to know the share to a hundredth."""

WORTH: Final = 0.002
"""Chance below which a view is not followed: it could not move a figure that matters."""

MARKS: Final = "rarity and twin mark"

Progress = Callable[[str, int, int], None]
"""Told the stage, how much of it is done and how much there is."""


@dataclass(frozen=True, slots=True)
class Column:
    """What one way of looking at the tokens gives away of one target: shares guessed right."""

    view: str
    target: Target
    floor: float
    by_rank: float
    """Nobody leaks: groups of equal tokens laid by size against those of public people."""
    by_pairs: float
    """One holder of each of the `PAIRS` commonest tokens leaks."""
    by_member: float
    """A whole member's records leak; share of the others' records."""

    @property
    def lift(self) -> float:
        """The better of the two attacks that need little, over the floor."""
        return max(self.by_rank, self.by_pairs) - self.floor


@dataclass(frozen=True, slots=True)
class Joined:
    """What all tokens together give away of one target: shares guessed right."""

    target: Target
    floor: float
    by_rank: float
    """Nobody leaks: chains of records laid by size against those of public people."""
    by_pairs: float
    """One record of each of the `PAIRS` longest chains leaks."""
    by_member: float
    """A whole member's records leak: equal tokens of all columns; share of the others' records."""
    by_member_chains: float
    """The same, followed from record to record through those of other members too."""
    by_member_filters: float | None
    """The same as `by_member` with the filters opened; of the birthday alone."""
    by_whole_list: float
    """The attacker has a list of these people in clear and finds them by how records hang together."""


@dataclass(frozen=True, slots=True)
class Leak:
    """The figures of one index."""

    records: int
    public: int
    pairs: int
    leaked_records: int
    columns: tuple[Column, ...]
    joined: tuple[Joined, ...]

    @property
    def worst(self) -> Column:
        """The column and target with the largest lift."""
        return max(self.columns, key=lambda column: column.lift)

    @property
    def birthdays(self) -> Joined:
        """The joined figures of the date of birth."""
        return next(one for one in self.joined if one.target is Target.BIRTH)

    @property
    def worst_for_birthdays(self) -> Column:
        """The column from which a whole member's leak decodes most birthdays of others."""
        born = (column for column in self.columns if column.target is Target.BIRTH)
        return max(born, key=lambda column: column.by_member)


def measure_leak(
    index: Sequence[HeldRecord],
    people: Sequence[KnownPerson],
    make: Callable[[Person], Record],
    progress: Progress,
    *,
    member: str = "",
    leaked: int = WHOLE_MEMBER,
    seed: int = 1,
) -> Leak:
    """Attack an index; `people` are public knowledge and, by the id of each record, the truth.

    `make` hashes a person as members do, under a key of the attacker's own: it is done for as many
    people as the index has records. One member's records leak: those of `member` where it is named,
    else `leaked` of them by lot, at most half. Raises `MalformedMessage`: `index-empty`,
    `people-unknown-id` where a record is about nobody of these people, `member-unknown`.
    """
    owners = _owners(index, people)
    chance = np.random.default_rng(seed)
    given_away = _given_away(index, member, leaked, chance)
    chosen = chance.permutation(len(people))[: len(index)].astype(np.int64)
    public_records = []
    for done, place in enumerate(chosen.tolist(), start=1):
        public_records.append(make(people[place].person))
        progress("people hashed", done, len(chosen))
    facts = number_facts([one.person for one in people])
    scene = _Scene(
        held=hold([one.tokens for one in index]),
        public=hold(public_records),
        truth=facts_of(facts, owners),
        known=facts_of(facts, chosen),
        leaked=given_away,
        chance=chance,
    )
    columns: list[Column] = []
    joined: list[Joined] = []
    for done, target in enumerate(Target, start=1):
        columns += _columns(scene, target)
        joined.append(_joined(scene, target))
        progress("facts attacked", done, len(Target))
    return Leak(len(index), len(chosen), PAIRS, int(given_away.sum()), tuple(columns), tuple(joined))


def _owners(index: Sequence[HeldRecord], people: Sequence[KnownPerson]) -> Places:
    """The place among the people of whom each record is about."""
    if not index:
        raise MalformedMessage("index-empty", "the index has no record; there is nothing to attack")
    places = {one.id: place for place, one in enumerate(people)}
    if any(one.id not in places for one in index):
        detail = "a record's id is not among the people; give the file that the index was made of, or more"
        raise MalformedMessage("people-unknown-id", detail)
    return np.array([places[one.id] for one in index], dtype=np.int64)


def _given_away(index: Sequence[HeldRecord], member: str, leaked: int, chance: np.random.Generator) -> Known:
    found = np.array([bool(member) and one.member == member for one in index])
    if member and not found.any():
        raise MalformedMessage("member-unknown", "no record of the index is of that member")
    if not member:
        found[chance.permutation(len(index))[: min(leaked, len(index) // 2)]] = True
    return found


@dataclass(frozen=True, slots=True)
class _Scene:
    """What all attacks look at: the index with its truth, and public people hashed by the attacker."""

    held: Held
    public: Held
    truth: Facts
    known: Facts
    leaked: Known
    chance: np.random.Generator

    @property
    def everybody(self) -> Known:
        return np.ones(len(self.held), dtype=bool)

    def commonest(self, target: Target) -> Guess:
        """The floor: the commonest value, whoever it is."""
        alike = np.zeros(len(self.public), dtype=np.int64), np.zeros(len(self.held), dtype=np.int64)
        return commonest(self.known[target], *alike)

    def by_marks(self, target: Target) -> Guess:
        """The commonest value of those with the same rarity step and twin mark."""
        return commonest(self.known[target], self.public.marks, self.held.marks)

    def right(self, target: Target, guess: Places, counted: Known) -> float:
        return share_right(guess, self.truth[target], counted)


def _columns(scene: _Scene, target: Target) -> Iterator[Column]:
    """Each view that says anything of the target, the head's marks last."""
    guess = scene.commonest(target)
    floor = scene.right(target, guess.codes, scene.everybody)
    for view, groups in scene.held.groups.items():
        public = scene.public.groups[view]
        telling = how_telling(public, scene.known[target])
        if telling >= max(WORTH, floor) and len(groups.sizes):
            by_rank = elect([lay_by_rank(groups, public, scene.known[target])], guess)
            by_member = elect([_of_member(scene, groups, target, telling)], guess)
            yield Column(
                view,
                target,
                floor,
                scene.right(target, by_rank, scene.everybody),
                _right_by_pairs(scene, groups, target, telling, guess),
                scene.right(target, by_member, ~scene.leaked),
            )
    marked = scene.by_marks(target).codes
    by_marks, of_others = (scene.right(target, marked, some) for some in (scene.everybody, ~scene.leaked))
    yield Column(MARKS, target, floor, by_marks, by_marks, of_others)


def _joined(scene: _Scene, target: Target) -> Joined:
    known, guess = scene.known[target], scene.by_marks(target)
    views = sure_views(scene.public, known)
    chains, public_chains = chain(scene.held, views), chain(scene.public, views)
    direct = [
        _of_member(scene, groups, target, telling)
        for view, groups in scene.held.groups.items()
        if (telling := how_telling(scene.public.groups[view], known)) >= WORTH
    ]
    by_rank = elect([lay_by_rank(chains, public_chains, known)], guess)
    along = elect([*direct, _of_member(scene, chains, target, SURE)], guess)
    return Joined(
        target,
        floor=scene.right(target, scene.commonest(target).codes, scene.everybody),
        by_rank=scene.right(target, by_rank, scene.everybody),
        by_pairs=_right_by_pairs(scene, chains, target, SURE, guess),
        by_member=scene.right(target, elect(direct, guess), ~scene.leaked),
        by_member_chains=scene.right(target, along, ~scene.leaked),
        by_member_filters=_right_by_filters(scene, direct, guess) if target is Target.BIRTH else None,
        by_whole_list=_right_by_whole_list(scene, target, guess),
    )


def _of_member(scene: _Scene, groups: Groups, target: Target, telling: float) -> Votes:
    return ask_holders(groups, scene.leaked[groups.holders], scene.truth[target], telling)


def _right_by_pairs(scene: _Scene, groups: Groups, target: Target, telling: float, guess: Guess) -> float:
    known = commonest_known(groups, PAIRS, scene.chance)
    others = scene.everybody
    others[groups.holders[known]] = False
    votes = ask_holders(groups, known, scene.truth[target], telling)
    return scene.right(target, elect([votes], guess), others)


def _right_by_filters(scene: _Scene, direct: Sequence[Votes], guess: Guess) -> float:
    others = np.flatnonzero(~scene.leaked)
    asked = np.zeros(len(scene.held), dtype=bool)
    asked[scene.chance.permutation(others)[:ASKED]] = True
    weights = learn_overlaps(scene.public, scene.known[Target.BIRTH], LEARNT)
    votes = guess_birthdays(scene.held, scene.leaked, asked, scene.truth[Target.BIRTH], weights)
    return scene.right(Target.BIRTH, elect([*direct, votes], guess), asked)


def _right_by_whole_list(scene: _Scene, target: Target, guess: Guess) -> float:
    found = find_by_pattern(scene.held, scene.public)
    named = Votes(found.records, scene.known[target][found.codes], found.chance)
    return scene.right(target, elect([named], guess), scene.everybody)
