"""What two records of tokens agree on, field by field, for one record against many at once.

Decides the level of agreement that can be seen of each field: equal slots first, then, where the
birthday is seen to be equal, how far the two name filters overlap (Dice's coefficient). Works on
tokens as members made them and as the hub hashed them once more, alike; sees no value. Comparing
A with B and B with A gives the same. What a level is worth is `weights`', what follows `verdict`'s.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.matching.levels import CODE, EvidenceStrength, Field
from hub.protocols.errors import MalformedMessage
from hub.protocols.token_record import COLUMN, FILTERS_BYTES, SLOTS, TOKENS_BYTES, KeyedRecord, TokenRecord

Record = TokenRecord | KeyedRecord
Rows = NDArray[np.uint64]
"""One record a row: head, slots, filters, eight bytes each."""
Truth = NDArray[np.bool_]
Codes = NDArray[np.int8]

_WORD: Final = np.dtype("<u8")
_SLOT_WORDS: Final = TOKENS_BYTES // 8
_FILTER_WORDS: Final = FILTERS_BYTES // 16

NEAR, FAR, WEAK = 80, 62, 42
"""Dice's coefficient of two filters, in hundredths, from which names are near, far, weakly alike."""

_BIRTH_KINDS: Final = (
    "name_birth",
    "sound_birth",
    "nick_birth",
    "unit_birth",
    "sector_birth",
    "district_birth",
    "last_sex_birth",
    "first_sex_birth",
)
"""Kinds of token that hold the whole birthday: where one is equal, the birthdays are."""

_BANDS: Final = tuple(slot.name for slot in SLOTS if slot.kind == "band")
_FIRST_UNITS: Final = ("former_first_unit", "current_first_unit")
_LAST_UNITS: Final = ("former_last_unit", "current_last_unit")
_FORMER_UNITS: Final = ("former_first_unit", "former_last_unit")
_FIRST_HALVES: Final = ("first_half_1", "first_half_2")
_HALVES: Final = ("half_birth_1", "half_birth_2")
_FIRST_LAST_PART: Final = ("first_last_year_month", "first_last_year_day", "first_last_month_day")
_LAST_PART: Final = ("last_year_month", "last_year_day", "last_month_day")


_PAIRS: Final = tuple(
    (mine, other)
    for mine, other in product(range(len(SLOTS)), repeat=2)
    if SLOTS[mine].kind == SLOTS[other].kind
)
"""Every two slots that can be equal across two records, each with itself among them."""

_PLACE: Final = {pair: place for place, pair in enumerate(_PAIRS)}
_MINE: Final = np.array([1 + mine for mine, _ in _PAIRS])
_OTHERS: Final = np.array([1 + other for _, other in _PAIRS])


@cache
def _each_with_each(mine: tuple[str, ...], others: tuple[str, ...]) -> NDArray[np.intp]:
    return np.array([_PLACE[COLUMN[one], COLUMN[other]] for one, other in product(mine, others)])


@cache
def _same_slots(names: tuple[str, ...]) -> NDArray[np.intp]:
    return np.array([_PLACE[COLUMN[name], COLUMN[name]] for name in names])


@cache
def _of_kinds(kinds: tuple[str, ...]) -> NDArray[np.intp]:
    return np.array([place for (mine, _), place in _PLACE.items() if SLOTS[mine].kind in kinds])


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is seen of every field, one code a pair; twins marked by either side."""

    codes: Mapping[Field, Codes]
    strong: Truth
    """Whether something agrees that is not known to anyone: UPN, ULN, former postcode with a name."""
    twin: Truth


def rows_of(records: Iterable[Record]) -> Rows:
    """Return records as rows to compare, all of one epoch or the answer means nothing."""
    return rows_from_stored((record.tokens, record.filters) for record in records)


def rows_from_stored(stored: Iterable[tuple[bytes, bytes]]) -> Rows:
    """Return rows from the `tokens` and `filters` of records, as a store keeps them.

    Raises `MalformedMessage` where one has the wrong length.
    """
    blobs = [blob for pair in stored for blob in pair]
    sizes = {len(blob) for blob in blobs[::2]} | {len(blob) + TOKENS_BYTES for blob in blobs[1::2]}
    if not sizes <= {TOKENS_BYTES, FILTERS_BYTES + TOKENS_BYTES}:
        raise MalformedMessage("tokens-size", "stored identifier tokens have the wrong length")
    words = np.frombuffer(bytearray().join(blobs), dtype=_WORD)
    return words.reshape(-1, _SLOT_WORDS + 2 * _FILTER_WORDS)


def without_other(rows: Rows) -> Rows:
    """Return the rows as the other side of a match may be shown them: the group `other` absent."""
    shown = rows.copy()
    shown[:, 1 + COLUMN["current_last_unit"] : _SLOT_WORDS] = 0
    return shown


def compare(left: Rows, right: Rows) -> Agreement:
    """Compare each row of `left` with the same row of `right`; one row stands for many."""
    return _Comparison(left, right).agreement()


def strength(agreement: Agreement) -> list[EvidenceStrength]:
    """Return how much each pair agrees on beyond name and birthday."""
    first, last, birth = (agreement.codes[field] for field in (Field.FIRST, Field.LAST, Field.BIRTH))
    named = alike(Field.FIRST, first) | alike(Field.LAST, last)
    born = birth <= CODE[Field.BIRTH]["part"]
    known = named & born
    return [
        EvidenceStrength.STRONG
        if strong
        else EvidenceStrength.NAME_AND_BIRTH
        if both
        else EvidenceStrength.NONE
        for strong, both in zip(agreement.strong.tolist(), known.tolist(), strict=True)
    ]


def alike(field: Field, codes: Codes) -> Truth:
    """Tell where a name is seen to be the same or like the other."""
    found: Truth = codes <= CODE[field]["far"]
    return found


class _Comparison:
    """One comparison of two blocks, its steps in the order in which they build on each other."""

    def __init__(self, left: Rows, right: Rows) -> None:
        self._left, self._right = left, right
        mine = left[:, _MINE]
        # zero is an absent group, never a token
        self._equal: Truth = np.logical_and(mine == right[:, _OTHERS], mine != 0, dtype=np.bool_)
        self._born = self._any(*_BANDS, "first_last_birth") | self._any_kind(*_BIRTH_KINDS)
        self._starts = self._any("starts")
        pair = self._any("first_last")
        in_place = self._any("first_last_sound", "sounds")
        self._pair, self._pair_exchanged = pair & in_place, pair & ~in_place

    def agreement(self) -> Agreement:
        first, last, exchanged = self._names()
        named = alike(Field.FIRST, first) | alike(Field.LAST, last)
        order = [(exchanged, "exchanged"), (named, "as_given")]
        exact_first, exact_last = first == CODE[Field.FIRST]["exact"], last == CODE[Field.LAST]["exact"]
        codes = {
            Field.FIRST: first,
            Field.LAST: last,
            Field.ORDER: _first_true(order, CODE[Field.ORDER], "blank"),
            Field.RARITY: self._rarity(exact_first & exact_last),
            Field.BIRTH: self._birth(exact_first, exact_last),
            Field.POSTCODE: self._postcode(exact_first | exact_last),
            Field.SEX: self._sex((exact_first | exact_last) & ~exchanged),
            Field.UPN: self._number(Field.UPN),
            Field.ULN: self._number(Field.ULN),
        }
        strong = self._any("upn", "uln") | self._among(_FORMER_UNITS, _FORMER_UNITS)
        twin = (_head(self._left, 1) | _head(self._right, 1)) == 1
        return Agreement(codes, strong, np.broadcast_to(twin, strong.shape))

    def _any(self, *names: str) -> Truth:
        """Whether one of these slots is equal to the same slot of the other record."""
        return self._one_of(_same_slots(names))

    def _among(self, mine: tuple[str, ...], others: tuple[str, ...]) -> Truth:
        """Whether a left slot of `mine` is equal to a right slot of `others`."""
        return self._one_of(_each_with_each(mine, others))

    def _any_kind(self, *kinds: str) -> Truth:
        """Whether any slot of a kind is equal to any of that kind."""
        return self._one_of(_of_kinds(kinds))

    def _one_of(self, pairs: NDArray[np.intp]) -> Truth:
        found: Truth = np.logical_or.reduce(self._equal[:, pairs], axis=1)
        return found

    def _half(self, whole: str, *halves: str) -> Truth:
        """Whether half of a last name is equal to the other's half or whole, the wholes apart."""
        return self._any(*halves) | self._among(halves, (whole, *halves)) | self._among((whole,), halves)

    def _names(self) -> tuple[Codes, Codes, Truth]:
        """First names, last names, and whether they are more alike when exchanged."""
        first, last = self._in_place()
        better, worse = self._exchanged()
        exchanged = _count_alike(better, worse) > _count_alike(first, last)
        return np.where(exchanged, better, first), np.where(exchanged, worse, last), exchanged

    def _in_place(self) -> tuple[Codes, Codes]:
        both = self._pair | self._any(*_FIRST_LAST_PART, "first_last_birth")
        both |= self._any_kind("first_last_birth")
        half = self._half("first_last", *_FIRST_HALVES)
        first = both | half | self._any("first_birth", "first_last_sound", "first_sex_birth")
        first |= self._among(_FIRST_UNITS, _FIRST_UNITS) | self._any_kind("first_month_district")
        last = both | self._any("last_birth", "last_sex_birth", "first_sound_last", *_LAST_PART)
        last |= self._among(_LAST_UNITS, _LAST_UNITS) | self._any_kind("nick_last")
        nick = self._any_kind("nick_birth", "nick_sound", "nick_last")
        sounds = self._any("sounds", "sounds_year")
        first_sound = sounds | self._any("first_sound_birth", "first_sound_last")
        last_sound = sounds | self._any("last_sound_birth", "first_last_sound") | self._any_kind("nick_sound")
        half |= self._half("last_birth", *_HALVES)
        return (
            self._name(Field.FIRST, first, nick, first_sound, last | last_sound, self._dice(0, 0)),
            self._name(Field.LAST, last, half, last_sound, first | first_sound | nick, self._dice(1, 1)),
        )

    def _exchanged(self) -> tuple[Codes, Codes]:
        """Each first name beside the other's last name: the pair more alike, then the other."""
        one = self._pair_exchanged | self._among(("first_birth",), ("last_birth",))
        one |= self._among(_FIRST_UNITS, _LAST_UNITS)
        other = self._pair_exchanged | self._among(("last_birth",), ("first_birth",))
        other |= self._among(_LAST_UNITS, _FIRST_UNITS)
        one_sound = self._among(("first_sound_birth",), ("last_sound_birth",))
        other_sound = self._among(("last_sound_birth",), ("first_sound_birth",))
        never = np.zeros(len(one), dtype=bool)
        codes = (
            self._name(Field.FIRST, one, never, one_sound, other, self._dice(0, 1)),
            self._name(Field.FIRST, other, never, other_sound, one, self._dice(1, 0)),
        )
        return np.minimum(*codes), np.maximum(*codes)

    def _name(
        self, field: Field, exact: Truth, short: Truth, sound: Truth, beside: Truth, dice: NDArray[np.int64]
    ) -> Codes:
        """The best level seen of one name; how much can be seen depends on birthday and other name."""
        found = [
            (exact, "exact"),
            (short, "nick" if field is Field.FIRST else "half"),
            (self._born & (dice >= NEAR), "near"),
            (sound, "sound"),
            (self._starts, "start"),
            (self._born & (dice >= FAR), "far"),
            (self._born & (dice >= WEAK), "weak"),
            (self._born, "different"),
            (beside, "unlike"),
        ]
        return _first_true(found, CODE[field], "blank")

    def _dice(self, mine: int, others: int) -> NDArray[np.int64]:
        """Overlap of two filters, in hundredths; 0 is the first name's, 1 the last name's."""
        left, right = _filter(self._left, mine), _filter(self._right, others)
        common = _ones(left & right)
        overlap: NDArray[np.int64] = 200 * common // np.maximum(_ones(left) + _ones(right), 1)
        return overlap

    def _rarity(self, same: Truth) -> Codes:
        """The commoner of the two steps, so that neither side alone can make its names rare."""
        step = np.minimum(_head(self._left, 2), _head(self._right, 2)).astype(np.int8)
        return np.where(same, step, np.int8(CODE[Field.RARITY]["blank"]))

    def _birth(self, exact_first: Truth, exact_last: Truth) -> Codes:
        part = self._any(*_LAST_PART, *_FIRST_LAST_PART) | self._any_kind("first_month_district")
        found = [
            (self._born, "exact"),
            (self._any_kind("first_last_birth"), "exchanged"),
            (part, "part"),
            (self._any("sounds_year"), "year"),
            (exact_last & self._any("sounds"), "different"),
            (exact_last | exact_first | self._any("sounds"), "unlike"),
        ]
        return _first_true(found, CODE[Field.BIRTH], "blank")

    def _postcode(self, named: Truth) -> Codes:
        found = [
            (self._any_kind("name_unit", "unit_birth"), "unit"),
            (self._any_kind("sector_birth"), "sector"),
            (self._any_kind("district_birth", "first_month_district"), "district"),
            (self._born, "different"),
            (named, "unlike"),
        ]
        return _first_true(found, CODE[Field.POSTCODE], "blank")

    def _sex(self, named: Truth) -> Codes:
        place = 1 + COLUMN["last_sex_birth"]
        given = (self._left[:, place] != 0) & (self._right[:, place] != 0)
        found = [
            (self._any("last_sex_birth", "first_sex_birth"), "same"),
            (self._born & named & given, "different"),
        ]
        return _first_true(found, CODE[Field.SEX], "blank")

    def _number(self, field: Field) -> Codes:
        return _first_true([(self._any(field.value), "same")], CODE[field], "different")


def _head(rows: Rows, byte: int) -> Rows:
    """One byte of the head: 1 is the twin mark, 2 the rarity step."""
    return rows[:, 0] >> np.uint64(8 * byte) & np.uint64(0xFF)


def _filter(rows: Rows, which: int) -> Rows:
    start = _SLOT_WORDS + which * _FILTER_WORDS
    return rows[:, start : start + _FILTER_WORDS]


def _ones(rows: Rows) -> NDArray[np.int64]:
    counted: NDArray[np.int64] = np.bitwise_count(rows).sum(axis=1, dtype=np.int64)
    return counted


def _count_alike(first: Codes, last: Codes) -> NDArray[np.int64]:
    return alike(Field.FIRST, first).astype(np.int64) + alike(Field.LAST, last)


def _first_true(found: Sequence[tuple[Truth, str]], code: Mapping[str, int], otherwise: str) -> Codes:
    """The code of the first condition that holds, pair by pair."""
    chosen = np.full(len(found[0][0]), code[otherwise], dtype=np.int8)
    for condition, name in reversed(found):  # the first that holds is written last
        np.putmask(chosen, condition, code[name])
    return chosen
