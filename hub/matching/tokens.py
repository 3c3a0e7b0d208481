"""A person in clear text becomes a record of tokens. Runs on the member's side and nowhere else.

Decides which facts are joined into which token. Only joined ones leave a member: no name, date
of birth, postcode, sex or year by itself, nor any token that is one in disguise; the two numbers
UPN and ULN are the named exceptions. Every record has as many tokens as every other, random ones
where a fact is missing. Temporary numbers, default birthdays and names that are no names count
as missing. Never to be put into a `Person`: names from before an adoption, protected former
names, former sex. The broker has no linkage key and never calls this.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final

import jellyfish

from hub.matching.nicknames import full_forms
from hub.matching.rarity import rarity
from hub.protocols.addresses import read_address
from hub.protocols.birthdays import Birthday, read_birthday
from hub.protocols.identifiers import Postcode, normalise_uln, normalise_upn, read_postcode
from hub.protocols.keyed_hashes import KEY_BYTES, POSITION_BYTES, TokenKey, bands, name_filter
from hub.protocols.names import EpochId
from hub.protocols.personal_names import FirstName, LastName, bigrams, read_first_name, read_last_name
from hub.protocols.token_record import (
    COLUMN,
    KNOWN,
    KNOWN_BESIDE,
    LANE_BYTES,
    NICKNAMES,
    RARITIES,
    SLOT_BYTES,
    SLOTS,
    Fact,
    LinkageKey,
    TokenRecord,
    compose,
)

Randomness = Callable[[int], bytes]
"""Gives as many random bytes as asked: `os.urandom`, or a seeded one in tests."""

START: Final = 3
"""Letters in the start of a name; the starts of two names single out about as few as their sounds."""

END: Final = 5
"""Letters in the end of a first name, beside a last name."""

LAST_START, LAST_END = 4, 6
"""Letters in the start and in the end of a last name, beside a first name. With three and five (-son)
beside a common first name, which many people share, 50 leaked pairs told first names: lift .010 to .011."""

_SEXES: Final = {"m": "m", "male": "m", "1": "m", "f": "f", "female": "f", "2": "f"}


@dataclass(frozen=True, slots=True)
class Person:
    """What tokens are made from, in clear text, "" where not known.

    `former_postcode` is the one of before the move, `current_postcode` of after it. `twin`: the
    sender knows of another young person with this last name and birthday.
    """

    first_name: str
    last_name: str
    dob: date | None = None
    former_postcode: str = ""
    current_postcode: str = ""
    sex: str = ""
    upn: str = ""
    uln: str = ""
    twin: bool = False
    preferred_name: str = ""
    other_last_name: str = ""
    """A married or second last name in open use; never a protected former one."""
    former_address: str = ""
    """The lines of the former address, without its postcode."""


@dataclass(frozen=True, slots=True)
class _Forms:
    """A person's facts, each in its one form."""

    first: str
    last: str
    known_by_one_name: bool
    nicks: tuple[str, ...]
    halves: tuple[str, ...]
    birth: Birthday
    former: Postcode
    current: Postcode
    upn: str
    uln: str

    @property
    def first_sound(self) -> str:
        return jellyfish.metaphone(self.first) or self.first

    @property
    def last_sound(self) -> str:
        return jellyfish.metaphone(self.last) or self.last


_Values = tuple[str, ...]


def make_tokens(person: Person, key: LinkageKey, epoch: EpochId, randomness: Randomness) -> TokenRecord:
    """Return the record of a person under the linkage key of an epoch.

    Raises `MalformedMessage` for a key of the wrong length; never for what a person's fields hold.
    """
    return TokenMaker(key, epoch, randomness).make(person)


class TokenMaker:
    """Makes records under one linkage key: the key is set up once for a whole file."""

    def __init__(self, key: LinkageKey, epoch: EpochId, randomness: Randomness) -> None:
        self._key = TokenKey(key)
        self._epoch = epoch
        self._randomness = randomness

    def make(self, person: Person) -> TokenRecord:
        """Return the record of a person; see `make_tokens`."""
        forms = _read(person)
        noise = self._randomness(len(SLOTS) * SLOT_BYTES)
        slots = [noise[start : start + SLOT_BYTES] for start in range(0, len(noise), SLOT_BYTES)]
        told = _told(forms)
        for name, values in _values(person, forms):
            if all(values):
                place = COLUMN[name]
                slots[place], rest = self._key.token_and_rest(SLOTS[place].kind, *values)
                if name in KNOWN_BESIDE:
                    known = COLUMN[KNOWN_BESIDE[name]]
                    slots[known] = _tell(told, KNOWN_BESIDE[name], rest, slots[known])
        # one name in both places would show as two equal filters
        names = (forms.first, forms.last if forms.last != forms.first else "")
        first, last = (self._marks(forms.birth.whole, name) for name in names)
        if first or last:
            for place, band in enumerate(bands(first + last), start=COLUMN["band_1"]):
                slots[place] = self._key.token(SLOTS[place].name, forms.birth.whole, band)
        filters = self._filter(first) + self._filter(last)
        return compose(self._epoch, slots, filters, twin=person.twin, rarity=self._rarity(forms))

    def _rarity(self, forms: _Forms) -> int:
        """The step of the names; a chance one where a name is missing, which must not show."""
        if forms.known_by_one_name:
            return self._randomness(1)[0] % RARITIES
        return rarity(forms.first, forms.last)

    def _marks(self, birthday: str, name: str) -> list[bytes]:
        return self._key.marks(birthday, bigrams(name)) if birthday and name else []

    def _filter(self, marks: list[bytes]) -> bytes:
        """The filter of a name, or a random one about as full as a name of four to ten letters makes."""
        if marks:
            return name_filter(marks)
        pairs = 5 + self._randomness(1)[0] % 7
        return name_filter(self._randomness(POSITION_BYTES) for _ in range(pairs))


def random_linkage_key(randomness: Randomness) -> LinkageKey:
    """Return a new linkage key; only the custodian of an epoch, a test or a trial needs one."""
    return LinkageKey(randomness(KEY_BYTES))


def _read(person: Person) -> _Forms:
    first, last = read_first_name(person.first_name), read_last_name(person.last_name)
    # A name alone in the first field may stand alone in the last field of the other record.
    last_word = last.joined or first.word
    return _Forms(
        first=first.word,
        last=last_word,
        known_by_one_name=not first.word or first.word == last_word,
        nicks=_nicks(first, read_first_name(person.preferred_name)),
        halves=_halves(last, read_last_name(person.other_last_name), (first.word, last_word)),
        birth=read_birthday(person.dob),
        former=read_postcode(person.former_postcode),
        current=read_postcode(person.current_postcode),
        upn=normalise_upn(person.upn) or "",
        uln=normalise_uln(person.uln) or "",
    )


def _told(forms: _Forms) -> frozenset[Fact]:
    """The facts that this person's record knows."""
    told = {
        Fact.NAME: not forms.known_by_one_name,
        Fact.BIRTH: forms.birth.year,
        Fact.POSTCODE: forms.former.unit,
        Fact.UPN: forms.upn,
        Fact.ULN: forms.uln,
    }
    return frozenset(fact for fact, value in told.items() if value)


def _tell(told: frozenset[Fact], name: str, known: bytes, chance: bytes) -> bytes:
    """A `known_` slot: for each of its facts the known bytes where it is told, else chance ones."""
    mixed = bytearray(chance)
    for place, fact in enumerate(KNOWN[name]):
        if fact in told:
            lane = slice(LANE_BYTES * place, LANE_BYTES * (place + 1))
            mixed[lane] = known[lane]
    return bytes(mixed)


def _nicks(first: FirstName, preferred: FirstName) -> tuple[str, ...]:
    """The names a first name is looked up by besides itself, at most `NICKNAMES`."""
    chosen = (preferred.word, *first.others[:1], *full_forms(first.word), *first.others[1:], first.word)
    return tuple(islice(dict.fromkeys(name for name in chosen if name), NICKNAMES))


def _halves(last: LastName, other: LastName, hashed: tuple[str, str]) -> tuple[str, ...]:
    """Names that the last name may also be, but for those that have a token of the same kind already."""
    found = dict.fromkeys((other.joined, *last.halves))
    return tuple(half for half in found if half and half not in hashed)[:2]


def _values(person: Person, forms: _Forms) -> Iterator[tuple[str, _Values]]:
    """Each slot's name and values; a value of "" leaves the slot to chance."""
    yield from _named_birth(forms)
    if not forms.known_by_one_name:
        yield from _name_pairs(forms)
    yield "upn", (forms.upn,)
    yield "uln", (forms.uln,)
    yield from _place("former", forms.former, forms)
    yield from _former_place(read_address(person.former_address), forms)
    yield from _place("current", _where_unlike(forms.current, forms.former), forms)
    sex = _SEXES.get(person.sex.strip().lower(), "")
    yield "last_sex_birth", (forms.last, sex, forms.birth.whole)
    yield "first_sex_birth", (forms.first, sex, forms.birth.whole)


def _named_birth(forms: _Forms) -> Iterator[tuple[str, _Values]]:
    """One name with the birthday or two of its three parts."""
    birth = forms.birth
    # one name in both places would show as two equal tokens in one record
    alone = forms.first == forms.last
    yield "first_birth", ("" if alone else forms.first, birth.whole)
    yield "last_birth", (forms.last, birth.whole)
    like = forms.first_sound == forms.last_sound
    yield "first_sound_birth", ("" if like else forms.first_sound, birth.whole)
    yield "last_sound_birth", (forms.last_sound, birth.whole)
    initial = forms.first[:1]
    yield "initial_last_year_month", (initial, forms.last, birth.year_month)
    yield "initial_last_month_day", (initial, forms.last, birth.month_day)
    yield "initial_last_year_day", (initial, forms.last, birth.year_day)
    yield from _numbered("nick_birth", ((nick, birth.whole) for nick in forms.nicks))
    yield from _numbered("half_birth", ((half, birth.whole) for half in forms.halves))


def _name_pairs(forms: _Forms) -> Iterator[tuple[str, _Values]]:
    """Both names, with a part of the birthday or without it; never of a person with one name."""
    first, last, birth = forms.first, forms.last, forms.birth
    first_sound, last_sound = forms.first_sound, forms.last_sound
    yield "first_last", tuple(sorted((first, last)))
    yield from _numbered("first_half", (tuple(sorted((first, half))) for half in forms.halves))
    yield "sounds", (first_sound, last_sound)
    yield "starts", (first[:START], last[:START])
    yield "sounds_year", (first_sound, last_sound, birth.year)
    yield "first_sound_last", (first_sound, last)
    yield "first_last_sound", (first, last_sound)
    yield from _numbered("nick_sound", ((nick, last_sound) for nick in forms.nicks))
    yield from _numbered("nick_last", ((nick, last) for nick in forms.nicks))
    yield "first_start_last", (first[:START], last)
    yield "first_last_start", (first, last[:LAST_START])
    yield "first_end_last", (first[-END:], last)
    yield "first_last_end", (first, last[-LAST_END:])
    yield "first_last_year_month", (first, last, birth.year_month)
    yield "first_last_year_day", (first, last, birth.year_day)
    yield "first_last_month_day", (first, last, birth.month_day)
    yield "first_last_birth", (first, last, birth.whole)
    yield "first_last_exchanged", (first, last, birth.exchanged)


def _place(when: str, postcode: Postcode, forms: _Forms) -> Iterator[tuple[str, _Values]]:
    """A postcode, or part of one, with a name or the birthday."""
    birth = forms.birth
    first = "" if forms.first == forms.last else forms.first
    yield f"{when}_last_unit", (forms.last, postcode.unit)
    yield f"{when}_first_unit", (first, postcode.unit)
    yield f"{when}_first_month_district", (forms.first, birth.year_month, postcode.district)
    yield f"{when}_unit_birth", (postcode.unit, birth.whole)
    yield f"{when}_sector_birth", (postcode.sector, birth.whole)
    yield f"{when}_district_birth", (postcode.district, birth.whole)


def _former_place(address: str, forms: _Forms) -> Iterator[tuple[str, _Values]]:
    """What is looked up by the former place alone: starts of names, and the address beside a name."""
    first = "" if forms.first == forms.last else forms.first
    start = "" if forms.first[:START] == forms.last[:START] else forms.first[:START]
    yield "former_first_start_unit", (start, forms.former.unit)
    yield "former_last_start_unit", (forms.last[:START], forms.former.unit)
    yield "address_first", (first, address)
    yield "address_last", (forms.last, address)
    yield "address_birth", (address, forms.birth.whole)


def _where_unlike(current: Postcode, former: Postcode) -> Postcode:
    """What of the current postcode is not already hashed: equal tokens would show a move as none."""
    return Postcode(
        unit="" if current.unit == former.unit else current.unit,
        sector="" if current.sector == former.sector else current.sector,
        district="" if current.district == former.district else current.district,
    )


def _numbered(name: str, values: Iterable[_Values]) -> Iterator[tuple[str, _Values]]:
    for place, value in enumerate(values, start=1):
        yield f"{name}_{place}", value
