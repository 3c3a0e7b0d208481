"""The identifier tokens of one notice: a fixed number of eight-byte slots in three groups.

Decides the layout that every member and the hub must agree on, to the byte: which slots there
are, which of them the hub looks records up by, and over which bytes the three digests go that a
manifest signs. `name_birth` may be shown to the other side of a match, `evidence` with it,
`other` never; so each group has a digest of its own, and a record may come without `other`.
A slot whose value is missing holds random bytes: nobody can tell which facts a notice lacks. Whether
a fact is missing or different must be told apart all the same, but only of two records that already
agree on something: beside some slots lies a `known_` one, two bytes of it for each further fact. Where
the sender knows the fact they follow from the slot's own values, else they are random: of two records
with the same values they are equal where both know the fact, and say nothing of any other two.
The two filters lie at the end of `name_birth`.

What a slot is made from is written beside it. How names are brought into one form, and the making
of a record from a person, happen on the member's side alone (`hub.matching.tokens`); nothing here
sees a person.
"""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType, Self

from hub.protocols.canonical import Json, Reader, b64u, digest
from hub.protocols.errors import MalformedMessage
from hub.protocols.names import Digest, EpochId

LinkageKey = NewType("LinkageKey", bytes)
"""The key of an epoch's identifier tokens: 32 bytes, held by members, never by the hub."""

LAYOUT: Final = 4
"""Version of this layout, the first byte of `name_birth`; another layout is another number."""

SLOT_BYTES: Final = 8
"""Bytes of a token: at a million records of 77 tokens a chance equality is still 1 in 10,000."""

HEAD_BYTES: Final = 8
"""Layout version, twin mark, rarity step, five zero bytes."""

RARITIES: Final = 5
"""Steps of how common a pair of names is, the commonest first (`hub.matching.rarity`)."""

FILTER_BYTES: Final = 64
"""Bytes of one name filter (512 bits)."""


LANE_BYTES: Final = 2
"""Bytes of a fact's place in a `known_` slot: by chance equal once in 65,536."""


class Fact(StrEnum):
    """What two records may both know besides that on which they agree."""

    NAME = "name"
    """First and last name."""
    BIRTH = "birth"
    """At least the year of birth."""
    POSTCODE = "postcode"
    """The former one, whole."""
    UPN = "upn"
    ULN = "uln"


class Group(StrEnum):
    """Which digest of the manifest covers a slot, and so who may be shown it."""

    NAME_BIRTH = "name_birth"
    EVIDENCE = "evidence"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a record; slots of one kind can be compared with each other."""

    name: str
    kind: str
    group: Group
    posted: bool
    """Whether the hub looks records up by it; the others are kept beside the record to compare."""


def _slots(group: Group, *, posted: bool, **kinds: tuple[str, int]) -> Iterator[Slot]:
    for name, (kind, count) in kinds.items():
        for place in range(1, count + 1):
            yield Slot(name if count == 1 else f"{name}_{place}", kind, group, posted)


BANDS: Final = 8
"""Minhash bands over the letter pairs of both names, salted with the birthday."""

BAND_ROWS: Final = 3
"""Rows of a band, all of which must be equal. With two, strangers of one birthday share so many bands that
one member's records tell birthdays of others'."""

NICKNAMES: Final = 3
"""Places for the full forms of a first name."""

SLOTS: Final[tuple[Slot, ...]] = (
    *_slots(
        Group.NAME_BIRTH,
        posted=True,
        # first and last names are of one kind, so that exchanged names are found; what sounds alike is
        # found by its sound, so that the whole names need not be posted beside it
        first_sound_birth=("sound_birth", 1),
        last_sound_birth=("sound_birth", 1),
        # both names in alphabetical order, for the same reason
        first_last=("first_last", 1),
        sounds=("sounds", 1),
        starts=("starts", 1),
        sounds_year=("sounds_year", 1),
        nick_sound=("nick_sound", NICKNAMES),
        # beside the first letter of the first name: by last name and part of a birthday alone, all bearers
        # of a common last name would hang together (docs/decisions/0011)
        initial_last_year_month=("initial_last_year_month", 1),
        initial_last_month_day=("initial_last_month_day", 1),
        initial_last_year_day=("initial_last_year_day", 1),
        # the first name with either half of a double-barrelled last name
        first_half=("first_last", 2),
        first_end_last=("first_end_last", 1),
        first_last_end=("first_last_end", 1),
        band=("band", BANDS),
    ),
    *_slots(
        Group.NAME_BIRTH,
        posted=False,
        first_birth=("name_birth", 1),
        last_birth=("name_birth", 1),
        nick_birth=("nick_birth", NICKNAMES),
        half_birth=("name_birth", 2),
        first_sound_last=("first_sound_last", 1),
        first_last_sound=("first_last_sound", 1),
        nick_last=("nick_last", NICKNAMES),
        first_last_year_month=("first_last_year_month", 1),
        first_last_year_day=("first_last_year_day", 1),
        first_last_month_day=("first_last_month_day", 1),
        first_last_birth=("first_last_birth", 1),
        first_last_exchanged=("first_last_birth", 1),
        # posted as `starts`, which any two of these share
        first_start_last=("first_start_last", 1),
        first_last_start=("first_last_start", 1),
        known_sounds=("known_sounds", 1),
        known_nick_sound=("known_nick_sound", NICKNAMES),
        known_first_start_last=("known_first_start_last", 1),
        known_first_end_last=("known_first_end_last", 1),
        known_first_last_start=("known_first_last_start", 1),
        known_first_last_end=("known_first_last_end", 1),
        known_first_birth=("known_first_birth", 1),
        known_last_birth=("known_last_birth", 1),
    ),
    *_slots(
        Group.EVIDENCE,
        posted=True,
        upn=("upn", 1),
        uln=("uln", 1),
        former_last_unit=("name_unit", 1),
        former_first_unit=("name_unit", 1),
        former_first_month_district=("first_month_district", 1),
        former_unit_birth=("unit_birth", 1),
        former_district_birth=("district_birth", 1),
        former_first_start_unit=("start_unit", 1),
        former_last_start_unit=("start_unit", 1),
        address_first=("address_name", 1),
        address_last=("address_name", 1),
        address_birth=("address_birth", 1),
    ),
    *_slots(
        Group.EVIDENCE,
        posted=False,
        former_sector_birth=("sector_birth", 1),
        known_first_unit=("known_first_unit", 1),
        known_last_unit=("known_last_unit", 1),
        known_unit_birth=("known_unit_birth", 1),
    ),
    *_slots(
        Group.OTHER,
        posted=True,
        current_last_unit=("name_unit", 1),
        current_first_unit=("name_unit", 1),
        current_first_month_district=("first_month_district", 1),
        current_unit_birth=("unit_birth", 1),
        current_district_birth=("district_birth", 1),
    ),
    *_slots(
        Group.OTHER,
        posted=False,
        current_sector_birth=("sector_birth", 1),
        last_sex_birth=("last_sex_birth", 1),
        first_sex_birth=("first_sex_birth", 1),
    ),
)
"""Every slot, in the order of the bytes. Adding or moving one makes another `LAYOUT`."""

COLUMN: Final[dict[str, int]] = {slot.name: place for place, slot in enumerate(SLOTS)}
"""Place of a slot among all, by its name."""

_FACTS_BESIDE: Final = {
    "known_first_birth": (Fact.NAME, Fact.POSTCODE, Fact.UPN, Fact.ULN),
    "known_last_birth": (Fact.NAME, Fact.POSTCODE, Fact.UPN, Fact.ULN),
    "known_first_unit": (Fact.NAME, Fact.BIRTH, Fact.UPN, Fact.ULN),
    "known_last_unit": (Fact.NAME, Fact.BIRTH, Fact.UPN, Fact.ULN),
    "known_unit_birth": (Fact.NAME, Fact.UPN, Fact.ULN),
}
KNOWN: Final[dict[str, tuple[Fact, ...]]] = {
    slot.name: _FACTS_BESIDE.get(slot.name, (Fact.BIRTH, Fact.POSTCODE, Fact.UPN, Fact.ULN))
    for slot in SLOTS
    if slot.kind.startswith("known_")
}
"""The slots that tell what both records know, and of which fact each two bytes of them tell."""


def _beside(name: str) -> str:
    """The slot that a `known_` one lies beside."""
    plain = name.removeprefix("known_")
    return plain if plain in COLUMN else f"former_{plain}"


KNOWN_BESIDE: Final = {_beside(name): name for name in KNOWN}
"""The slots beside which lies a `known_` one, and its name."""

_ANCHORS: Final = {COLUMN[known]: COLUMN[beside] for beside, known in KNOWN_BESIDE.items()}


def _size(group: Group) -> int:
    return SLOT_BYTES * sum(slot.group is group for slot in SLOTS)


FILTERS_BYTES: Final = 2 * FILTER_BYTES
NAME_BIRTH_BYTES: Final = HEAD_BYTES + _size(Group.NAME_BIRTH) + FILTERS_BYTES
EVIDENCE_BYTES: Final = _size(Group.EVIDENCE)
OTHER_BYTES: Final = _size(Group.OTHER)
TOKENS_BYTES: Final = HEAD_BYTES + SLOT_BYTES * len(SLOTS)
"""Bytes of head and slots together, as a store keeps them beside the sealed filters."""


@dataclass(frozen=True, slots=True)
class TokenDigests:
    """What a manifest signs of a record: one SHA-256 a group."""

    name_birth: Digest
    evidence: Digest
    other: Digest


@dataclass(frozen=True, slots=True)
class _Record:
    epoch: EpochId
    name_birth: bytes
    evidence: bytes
    other: bytes
    """Empty where the reader was not given this group."""

    def __post_init__(self) -> None:
        sizes = (len(self.name_birth), len(self.evidence))
        if sizes != (NAME_BIRTH_BYTES, EVIDENCE_BYTES) or len(self.other) not in {0, OTHER_BYTES}:
            raise MalformedMessage("tokens-size", "a group of identifier tokens has the wrong length")
        head = self.name_birth[:HEAD_BYTES]
        if head[0] != LAYOUT:
            raise MalformedMessage("tokens-layout", f"identifier tokens of layout {LAYOUT} were expected")
        if head[1] > 1 or head[2] >= RARITIES or any(head[3:]):
            raise MalformedMessage("tokens-head", "the head of the identifier tokens has unknown marks")

    @property
    def twin(self) -> bool:
        """Whether the sender says that another young person shares last name and birthday."""
        return self.name_birth[1] == 1

    @property
    def tokens(self) -> bytes:
        """Head and all slots in the order of `SLOTS`, zeros for a group that is absent."""
        head_and_names = self.name_birth[:-FILTERS_BYTES]
        return head_and_names + self.evidence + (self.other or bytes(OTHER_BYTES))

    @property
    def filters(self) -> bytes:
        """The filter of the first name, then that of the last name."""
        return self.name_birth[-FILTERS_BYTES:]

    @classmethod
    def from_stored(cls, epoch: EpochId, tokens: bytes, filters: bytes) -> Self:
        """Put a record together again from its `tokens` and `filters`."""
        if len(tokens) != TOKENS_BYTES or len(filters) != FILTERS_BYTES:
            raise MalformedMessage("tokens-size", "stored identifier tokens have the wrong length")
        names, evidence, other = _cut(tokens)
        return cls(epoch, names + filters, evidence, other if any(other) else b"")


@dataclass(frozen=True, slots=True)
class TokenRecord(_Record):
    """The identifier tokens that a member made, under the linkage key of an epoch."""

    @classmethod
    def without_other(cls, epoch: EpochId, name_birth: bytes, evidence: bytes) -> Self:
        """Return what a key request carries of a record: the two groups that may be shown."""
        return cls(epoch, name_birth, evidence, b"")

    @property
    def digests(self) -> TokenDigests:
        """The digest of each group; that of `other` is meaningless where the group is absent."""
        return TokenDigests(digest(self.name_birth), digest(self.evidence), digest(self.other))

    def to_json(self) -> Json:
        """Return the record as notices carry it."""
        return {
            "epoch": self.epoch,
            "name_birth": b64u(self.name_birth),
            "evidence": b64u(self.evidence),
            "other": b64u(self.other),
        }

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what `to_json` writes, all three groups; raise `MalformedMessage` otherwise."""
        reader = Reader(value, "tokens")
        record = cls(
            EpochId(reader.id("epoch", "ep")),
            reader.binary("name_birth", NAME_BIRTH_BYTES),
            reader.binary("evidence", EVIDENCE_BYTES),
            reader.binary("other", OTHER_BYTES),
        )
        reader.done()
        return record


@dataclass(frozen=True, slots=True)
class KeyedRecord(_Record):
    """The same record with every token hashed once more under a key that only the hub holds."""


def compose(
    epoch: EpochId, slots: Sequence[bytes], filters: bytes, *, twin: bool, rarity: int
) -> TokenRecord:
    """Put a record together from one token a slot, in the order of `SLOTS`, and both filters."""
    names, evidence, other = _cut(bytes([LAYOUT, twin, rarity, *bytes(5)]) + b"".join(slots))
    return TokenRecord(epoch, names + filters, evidence, other)


def rekey(record: TokenRecord, hub_key: bytes) -> KeyedRecord:
    """Hash every token once more under the hub's own key, so that a stolen index joins nothing.

    Equality is kept, slot by slot and between slots of one kind; filters stay as they are (the
    store seals them). What a `known_` slot tells is kept too: it is covered with a pad that follows
    from the slot it lies beside, so that without that one equal it stays noise. An absent `other`
    stays absent.
    """
    tokens = record.tokens
    starts = range(HEAD_BYTES, TOKENS_BYTES, SLOT_BYTES)
    plain = [tokens[start : start + SLOT_BYTES] for start in starts]
    again = {
        place: hmac.digest(hub_key, token, "sha256")
        for place, token in enumerate(plain)
        if place not in _ANCHORS
    }
    slots = [
        _covered(token, again[_ANCHORS[place]]) if place in _ANCHORS else again[place][:SLOT_BYTES]
        for place, token in enumerate(plain)
    ]
    names, evidence, other = _cut(tokens[:HEAD_BYTES] + b"".join(slots))
    return KeyedRecord(record.epoch, names + record.filters, evidence, other if record.other else b"")


def _covered(token: bytes, hashed: bytes) -> bytes:
    pad = hashed[SLOT_BYTES : 2 * SLOT_BYTES]
    return (int.from_bytes(token) ^ int.from_bytes(pad)).to_bytes(SLOT_BYTES)


def posted_tokens(record: TokenRecord | KeyedRecord) -> list[bytes]:
    """Return the tokens that a record is looked up by: always as many, random where none is known."""
    tokens = record.tokens[HEAD_BYTES:]
    last = len(SLOTS) if record.other else COLUMN["current_last_unit"]
    return [
        tokens[SLOT_BYTES * place : SLOT_BYTES * (place + 1)]
        for place, slot in enumerate(SLOTS[:last])
        if slot.posted
    ]


def _cut(tokens: bytes) -> tuple[bytes, bytes, bytes]:
    """Head and name slots, evidence, other."""
    names = HEAD_BYTES + _size(Group.NAME_BIRTH)
    return tokens[:names], tokens[names : names + EVIDENCE_BYTES], tokens[names + EVIDENCE_BYTES :]
