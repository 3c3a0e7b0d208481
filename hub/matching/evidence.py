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
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hub.matching.levels import CODE, EvidenceStrength, Field
from hub.protocols.errors import MalformedMessage
from hub.protocols.token_record import (
    COLUMN,
    FILTERS_BYTES,
    KNOWN,
    LANE_BYTES,
    SLOT_BYTES,
    SLOTS,
    TOKENS_BYTES,
    Fact,
    Group,
    KeyedRecord,
    TokenRecord,
)

Record = TokenRecord | KeyedRecord
Rows = NDArray[np.uint64]
"""One record a row: head, slots, filters, eight bytes each."""
Truth = NDArray[np.bool_]
Codes = NDArray[np.int8]
Marks = NDArray[np.uint8]

_WORD: Final = np.dtype("<u8")
_SLOT_WORDS: Final = TOKENS_BYTES // 8
_FILTER_WORDS: Final = FILTERS_BYTES // 16

NEAR, FAR, WEAK = 80, 62, 42
"""Dice's coefficient of two filters, in hundredths, from which names are near, far, weakly alike."""
_STEPS: Final = np.array([WEAK, FAR, NEAR])

_BIRTH_KINDS: Final = (
    "name_birth",
    "sound_birth",
    "nick_birth",
    "unit_birth",
    "address_birth",
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
_INITIAL_LAST_PART: Final = (
    "initial_last_year_month",
    "initial_last_year_day",
    "initial_last_month_day",
)
_EDGES_OF_FIRST: Final = ("first_start_last", "first_end_last")
_EDGES_OF_LAST: Final = ("first_last_start", "first_last_end")
_NAMED: Final = ("first_birth", "last_birth")
_HOUSED: Final = ("former_first_unit", "former_last_unit")


_PAIRS: Final = tuple(
    (mine, other)
    for mine, other in product(range(len(SLOTS)), repeat=2)
    if mine == other or SLOTS[mine].kind == SLOTS[other].kind != "band"
)
"""Every two slots that can be equal across two records, each with itself among them."""

_PLACE: Final = {pair: place for place, pair in enumerate(_PAIRS)}
_MINE: Final = np.array([1 + mine for mine, _ in _PAIRS])
_OTHERS: Final = np.array([1 + other for _, other in _PAIRS])

_LANES: Final = SLOT_BYTES // LANE_BYTES
_KNOWN_PAIRS: Final = [(SLOTS[mine].name, mine, other) for mine, other in _PAIRS if SLOTS[mine].name in KNOWN]
_KNOWN_MINE: Final = np.array([1 + mine for _, mine, _ in _KNOWN_PAIRS])
_KNOWN_OTHERS: Final = np.array([1 + other for _, _, other in _KNOWN_PAIRS])
_TOLD: Final = [
    told for name, _, _ in _KNOWN_PAIRS for told in (*KNOWN[name], *(None,) * (_LANES - len(KNOWN[name])))
]


def _in_bits(truth: Truth) -> Rows:
    """Rows of truth with a bit for each, 64 to a word."""
    packed = np.packbits(truth, axis=1)
    words = np.zeros((len(packed), -(-packed.shape[1] // _WORD.itemsize)), dtype=_WORD)
    words.view(np.uint8)[:, : packed.shape[1]] = packed
    return words


def _any_of(words: Rows, masks: Rows) -> Truth:
    """Of each row of bits, in which of the masks it has one."""
    common = words[:, :1] & masks[:, 0]
    for place in range(1, masks.shape[1]):
        common |= words[:, place : place + 1] & masks[:, place]
    found: Truth = common != 0
    return found


_TELLS: Final = _in_bits(np.array([[fact is told for told in _TOLD] for fact in Fact]))
"""Of each fact, which two-byte parts of these pairs of slots tell of it."""


@cache
def _each_with_each(mine: tuple[str, ...], others: tuple[str, ...]) -> NDArray[np.intp]:
    return np.array([_PLACE[COLUMN[one], COLUMN[other]] for one, other in product(mine, others)])


@cache
def _same_slots(names: tuple[str, ...]) -> NDArray[np.intp]:
    return np.array([_PLACE[COLUMN[name], COLUMN[name]] for name in names])


@cache
def _of_kinds(kinds: tuple[str, ...]) -> NDArray[np.intp]:
    return np.array([place for (mine, _), place in _PLACE.items() if SLOTS[mine].kind in kinds])


_BORN: Final = np.concatenate(
    [_same_slots((*_BANDS, "first_last_birth")), _of_kinds(_BIRTH_KINDS)], dtype=np.intp
)
"""Pairs of slots of which one is equal where the birthdays are seen to be."""

_READ_AS_ONE: Final = frozenset(
    {
        "band",
        "nick_birth",
        "nick_sound",
        "nick_last",
        "first_month_district",
        "sector_birth",
        "district_birth",
    }
)
"""Kinds of which no more is read than whether any two slots are equal."""


def _read_as_one() -> list[list[int]]:
    """Pairs of slots that no reader tells apart: neither `compare` nor who is shown no group `other`."""
    found: dict[tuple[str, bool], list[int]] = {}
    for place, (mine, other) in enumerate(_PAIRS):
        if SLOTS[mine].kind in _READ_AS_ONE:
            shown = Group.OTHER not in {SLOTS[mine].group, SLOTS[other].group}
            found.setdefault((SLOTS[mine].kind, shown), []).append(place)
    return list(found.values())


def _mask(pairs: Iterable[int]) -> Rows:
    wanted = frozenset(pairs)
    return _in_bits(np.array([[place in wanted for place in range(len(_PAIRS))]]))


_TOGETHER: Final = np.concatenate([_mask(pairs) for pairs in _read_as_one()])
_APART: Final = _mask(
    place
    for place, (mine, _) in enumerate(_PAIRS)
    if SLOTS[mine].kind not in _READ_AS_ONE and SLOTS[mine].name not in KNOWN
)
"""Pairs that are read one by one; of the `known_` slots nothing is read but their facts."""
_LAST_SEX: Final = 1 + COLUMN["last_sex_birth"]
_TWIN: Final = 1
_STEP: Final = 2
"""Bytes of the head: the twin mark and the rarity step."""


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


def patterns(left: Rows, right: Rows) -> list[bytes]:
    """Return for each pair all that `compare` reads of its tokens; pairs of one pattern agree alike.

    The first byte is 1 where the birthdays are seen to be equal: of such a pair `compare` reads the
    filters too, and those agree alike that have the same `overlaps` besides.
    """
    equal = _equal_slots(left, right)
    twin, step, given = _marks(left, right)
    bits = _in_bits(equal)
    apart, together = bits & _APART, _any_of(bits, _TOGETHER)
    seen = np.packbits(np.column_stack([given, together, _facts(left, right)]), axis=1)
    return _as_bytes(np.column_stack([_born(equal), twin, step, seen, apart.view(np.uint8)]))


def overlaps(left: Rows, right: Rows) -> list[bytes]:
    """Return for each pair all that `compare` reads of its filters: four steps of Dice's coefficient."""
    return _as_bytes(np.searchsorted(_STEPS, _dice(left, right), "right").reshape(-1, 4))


def _as_bytes(rows: NDArray[Any]) -> list[bytes]:
    width, joined = rows.shape[1], rows.astype(np.uint8).tobytes()
    return [joined[start : start + width] for start in range(0, len(joined), width)]


def _marks(left: Rows, right: Rows) -> tuple[Marks, Marks, Truth]:
    """Twins marked by either side, the commoner rarity step, whether both gave last name and sex."""
    given = (left[:, _LAST_SEX] != 0) & (right[:, _LAST_SEX] != 0)
    mine, others = _heads(left), _heads(right)
    return mine[:, _TWIN] | others[:, _TWIN], np.minimum(mine[:, _STEP], others[:, _STEP]), given


def _facts(left: Rows, right: Rows) -> Truth:
    """Which facts both records are seen to know, in the order of `Fact`."""
    return _any_of(_in_bits(_equal_lanes(left, right)), _TELLS)


def _born(equal: Truth) -> Truth:
    """Where the birthdays are seen to be equal."""
    found: Truth = np.logical_or.reduce(equal[:, _BORN], axis=1)
    return found


def _equal_slots(left: Rows, right: Rows) -> Truth:
    """Which of `_PAIRS` are equal; zero is an absent group, never a token."""
    mine = left[:, _MINE]
    equal: Truth = np.logical_and(mine == right[:, _OTHERS], mine != 0, dtype=np.bool_)
    return equal


def _equal_lanes(left: Rows, right: Rows) -> Truth:
    """Which two-byte parts of `_KNOWN_PAIRS` are equal."""
    apart = left[:, _KNOWN_MINE] ^ right[:, _KNOWN_OTHERS]
    equal: Truth = np.ascontiguousarray(apart).view("<u2") == 0
    return equal


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
        self._equal = _equal_slots(left, right)
        self._born = _born(self._equal)
        self._twin, self._step, self._given = _marks(left, right)
        self._dice = _dice(left, right)
        self._starts = self._any("starts")
        self._known = self._both_know()
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
            Field.RARITY: self._rarity(Field.RARITY, exact_first & exact_last),
            Field.ONE_NAME: self._rarity(Field.ONE_NAME, self._one_name(first, last) & ~exchanged),
            Field.BIRTH: self._birth(exact_first, exact_last),
            Field.POSTCODE: self._postcode(exact_first | exact_last),
            Field.SEX: self._sex((exact_first | exact_last) & ~exchanged),
            Field.UPN: self._number(Field.UPN),
            Field.ULN: self._number(Field.ULN),
        }
        strong = self._any("upn", "uln") | self._among(_FORMER_UNITS, _FORMER_UNITS)
        return Agreement(codes, strong, self._twin == 1)

    def _both_know(self) -> Mapping[Fact, Truth]:
        """Of each fact, whether both records know it, so far as that is seen."""
        return dict(zip(Fact, _facts(self._left, self._right).T, strict=True))

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
        first |= self._any("address_first", *_EDGES_OF_LAST)
        last = both | self._any("last_birth", "last_sex_birth", "first_sound_last", *_INITIAL_LAST_PART)
        last |= self._among(_LAST_UNITS, _LAST_UNITS) | self._any_kind("nick_last")
        last |= self._any("address_last", *_EDGES_OF_FIRST)
        nick = self._any_kind("nick_birth", "nick_sound", "nick_last")
        sounds = self._any("sounds", "sounds_year")
        first_sound = sounds | self._any("first_sound_birth", "first_sound_last")
        last_sound = sounds | self._any("last_sound_birth", "first_last_sound") | self._any_kind("nick_sound")
        first_start = self._starts | self._any("former_first_start_unit", *_EDGES_OF_FIRST)
        last_start = self._starts | self._any("former_last_start_unit", *_EDGES_OF_LAST)
        half |= self._half("last_birth", *_HALVES)
        beside_last, beside_first = last | last_sound | last_start, first | first_sound | nick | first_start
        return (
            self._first((first, nick, first_sound, first_start), beside_last),
            self._name(Field.LAST, (last, half, last_sound, last_start), beside_first, self._dice[:, 1, 1]),
        )

    def _first(self, seen: tuple[Truth, Truth, Truth, Truth], beside: Truth) -> Codes:
        """The first name, by its first letter too: that is seen beside the same last name and a birthday."""
        codes = self._name(Field.FIRST, seen, beside, self._dice[:, 0, 0])
        code, letter = CODE[Field.FIRST], self._any(*_INITIAL_LAST_PART)
        finer = {
            "other": np.where(letter, code["initial"], code["different"]),
            "unlike": np.where(letter, code["letter"], code["unlike"]),
        }
        told = letter | self._any("last_birth")
        for coarse, seen_of_it in finer.items():
            codes = np.where((codes == code[coarse]) & told, seen_of_it, codes)
        return codes.astype(np.int8)

    def _exchanged(self) -> tuple[Codes, Codes]:
        """Each first name beside the other's last name: the pair more alike, then the other."""
        one = self._pair_exchanged | self._among(("first_birth",), ("last_birth",))
        one |= self._among(_FIRST_UNITS, _LAST_UNITS)
        other = self._pair_exchanged | self._among(("last_birth",), ("first_birth",))
        other |= self._among(_LAST_UNITS, _FIRST_UNITS)
        one_sound = self._among(("first_sound_birth",), ("last_sound_birth",))
        other_sound = self._among(("last_sound_birth",), ("first_sound_birth",))
        never = np.zeros(len(one), dtype=bool)
        # as last names: of the levels that an exchange is told by, both fields have the same codes
        codes = (
            self._name(Field.LAST, (one, never, one_sound, never), other, self._dice[:, 0, 1]),
            self._name(Field.LAST, (other, never, other_sound, never), one, self._dice[:, 1, 0]),
        )
        return np.minimum(*codes), np.maximum(*codes)

    def _name(
        self, field: Field, seen: tuple[Truth, Truth, Truth, Truth], beside: Truth, dice: NDArray[np.int64]
    ) -> Codes:
        """The best level seen of one name; how much can be seen depends on birthday and other name.

        `seen`: the same, a short form or half, alike in sound, alike at an edge.
        """
        exact, short, sound, start = seen
        found = [
            (exact, "exact"),
            (short, "nick" if field is Field.FIRST else "half"),
            (self._born & (dice >= NEAR), "near"),
            (sound, "sound"),
            (start, "start"),
            (self._born & (dice >= FAR), "far"),
            (self._born & (dice >= WEAK), "weak"),
            (self._known[Fact.NAME] & self._born, "other" if field is Field.FIRST else "different"),
            (self._any(*_NAMED, "former_unit_birth") & ~self._known[Fact.NAME], "missing"),
            (self._born, "apart"),
            (self._any(*_HOUSED) & ~self._known[Fact.NAME], "missing"),
            (beside, "unlike"),
        ]
        return _first_true(found, CODE[field], "blank")

    def _rarity(self, field: Field, same: Truth) -> Codes:
        """The commoner of the two steps, so that neither side alone can make its names rare."""
        return np.where(same, self._step.astype(np.int8), np.int8(CODE[field]["blank"]))

    def _one_name(self, first: Codes, last: Codes) -> Truth:
        """Whether one name is the same and the other not even alike, of two people with two names each."""
        one = (first == CODE[Field.FIRST]["exact"]) & ~alike(Field.LAST, last)
        other = (last == CODE[Field.LAST]["exact"]) & ~alike(Field.FIRST, first)
        found: Truth = (one | other) & self._known[Fact.NAME]
        return found

    def _birth(self, exact_first: Truth, exact_last: Truth) -> Codes:
        part = self._any(*_INITIAL_LAST_PART, *_FIRST_LAST_PART) | self._any_kind("first_month_district")
        known = self._known[Fact.BIRTH]
        found = [
            (self._born, "exact"),
            (self._any_kind("first_last_birth"), "exchanged"),
            (part, "part"),
            (self._any("sounds_year"), "year"),
            (known & self._any("sounds"), "different"),
            (known, "other"),
            (self._paired() | self._any(*_HOUSED), "missing"),
            (exact_last | exact_first, "unlike"),
        ]
        return _first_true(found, CODE[Field.BIRTH], "blank")

    def _postcode(self, named: Truth) -> Codes:
        known = self._known[Fact.POSTCODE]
        found = [
            (self._any_kind("address_name", "address_birth"), "address"),
            (self._any_kind("name_unit", "unit_birth", "start_unit"), "unit"),
            (self._any_kind("sector_birth"), "sector"),
            (self._any_kind("district_birth", "first_month_district"), "district"),
            (known & self._born, "different"),
            (known, "other"),
            (self._paired() | self._any(*_NAMED), "missing"),
            (self._born, "apart"),
            (named, "unlike"),
        ]
        return _first_true(found, CODE[Field.POSTCODE], "blank")

    def _paired(self) -> Truth:
        """Whether both names agree in one of the ways beside which is told what both records know."""
        return self._any("sounds", *_EDGES_OF_FIRST, *_EDGES_OF_LAST) | self._any_kind("nick_sound")

    def _sex(self, named: Truth) -> Codes:
        found = [
            (self._any("last_sex_birth", "first_sex_birth"), "same"),
            (self._born & named & self._given, "different"),
        ]
        return _first_true(found, CODE[Field.SEX], "blank")

    def _number(self, field: Field) -> Codes:
        found = [
            (self._any(field.value), "same"),
            (self._known[Fact(field.value)], "different"),
            (self._paired() | self._any(*_NAMED, *_HOUSED, "former_unit_birth"), "missing"),
        ]
        return _first_true(found, CODE[field], "apart")


def _heads(rows: Rows) -> Marks:
    """The eight bytes of each head."""
    return np.ascontiguousarray(rows[:, :1]).view(np.uint8)


def _dice(left: Rows, right: Rows) -> NDArray[np.int64]:
    """Overlap in hundredths of each left filter with each right one, the first name's before the last's."""
    mine, others = _filters(left)[:, :, None], _filters(right)[:, None]
    overlap: NDArray[np.int64] = 200 * _ones(mine & others) // np.maximum(_ones(mine) + _ones(others), 1)
    return overlap


def _filters(rows: Rows) -> Rows:
    return rows[:, _SLOT_WORDS:].reshape(-1, 2, _FILTER_WORDS)


def _ones(rows: Rows) -> NDArray[np.int64]:
    counted: NDArray[np.int64] = np.bitwise_count(rows).sum(axis=-1, dtype=np.int64)
    return counted


def _count_alike(first: Codes, last: Codes) -> NDArray[np.int64]:
    return alike(Field.FIRST, first).astype(np.int64) + alike(Field.LAST, last)


def _first_true(found: Sequence[tuple[Truth, str]], code: Mapping[str, int], otherwise: str) -> Codes:
    """The code of the first condition that holds, pair by pair."""
    chosen = np.full(len(found[0][0]), code[otherwise], dtype=np.int8)
    for condition, name in reversed(found):  # the first that holds is written last
        np.putmask(chosen, condition, code[name])
    return chosen
