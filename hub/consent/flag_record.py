"""From what people said and officers recorded to the flags that reach the hub.

Runs where the records are: at a member, in clear. The hub never calls it, because what it works
from (who said what, on which day, and the sixteenth birthday) never leaves the member. What comes
out is what is safe to assert for the days that follow: a restriction that holds on any of them is
asserted, a consent only if it holds on all of them. So no flag has to be trusted to end in time.

An instruction is a parent's to give until the sixteenth birthday and the young person's alone from
then on (Education and Skills Act 2008 ss.14, 72). A parent's instruction that nobody renewed is
neither kept nor dropped in silence: it is asserted as lapsed, and a person decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from hub.consent.flags import Flags
from hub.protocols.limits import ASSERTION_AGE
from hub.protocols.names import Part


class Kind(StrEnum):
    """What a record is about."""

    INSTRUCTION = "instruction"
    OBJECTION = "objection"
    CONSENT = "consent"
    SHIELD = "shield"
    PROVENANCE_DWP = "provenance_dwp"
    RESTRICTED = "restricted"
    TWIN = "twin"


class MadeBy(StrEnum):
    """Whose word it is; the agreements' vocabulary of who may set a flag."""

    YOUNG_PERSON = "young_person"
    PARENT = "parent"
    OFFICER = "officer"


class Outcome(StrEnum):
    """How far an objection has come (UK GDPR art. 21)."""

    RECEIVED = "received"
    UPHELD = "upheld"
    OVERRIDDEN = "overridden"
    """Decided against the person; the holder's compelling reasons are on record beside this."""


@dataclass(frozen=True, slots=True)
class FlagRecord:
    """One thing that was said, or found, about a young person."""

    kind: Kind
    parts: frozenset[Part]
    """The parts it concerns; of a shield, a restriction or a twin none: they concern the whole notice."""
    made_by: MadeBy
    effective: date
    """First day."""
    ends: date | None = None
    """Last day; None: until it is withdrawn."""
    withdrawn: date | None = None
    """The day on which whoever made it took it back; it has no effect from that day."""
    outcome: Outcome = Outcome.RECEIVED
    """Of an objection."""

    def touches(self, first: date, last: date) -> bool:
        """Whether it has effect on any day from the first to the last."""
        over = min(self.ends or date.max, self._day_before_withdrawal())
        return self.effective <= last and over >= first

    def covers(self, first: date, last: date) -> bool:
        """Whether it has effect on every day from the first to the last."""
        over = min(self.ends or date.max, self._day_before_withdrawal())
        return self.effective <= first and over >= last

    def _day_before_withdrawal(self) -> date:
        return date.max if self.withdrawn is None else self.withdrawn - timedelta(days=1)


def derived_flags(
    records: Iterable[FlagRecord], sixteenth_birthday: date, today: date, days: int = ASSERTION_AGE.days
) -> Flags:
    """Return the flags that are safe to assert from today for so many days."""
    window = _Window(tuple(records), sixteenth_birthday, today, today + timedelta(days=days))
    return Flags(
        instruction=window.instructed(),
        instruction_lapsed=window.lapsed(),
        objection=window.objected(Outcome.RECEIVED),
        objection_upheld=window.objected(Outcome.UPHELD),
        objection_overridden=window.objected(Outcome.OVERRIDDEN),
        consent=window.consented(),
        consent_withdrawn=window.consent_withdrawn(),
        shield=bool(window.touching(Kind.SHIELD)),
        provenance_dwp=_all_parts(window.touching(Kind.PROVENANCE_DWP)),
        restricted=bool(window.touching(Kind.RESTRICTED)),
        twin=bool(window.touching(Kind.TWIN)),
    )


@dataclass(frozen=True, slots=True)
class _Window:
    """The records, and the days for which something is asserted of them."""

    records: tuple[FlagRecord, ...]
    sixteenth_birthday: date
    first: date
    last: date

    def touching(self, kind: Kind) -> list[FlagRecord]:
        """The records of a kind that have effect on any of the days."""
        return [one for one in self.records if one.kind is kind and one.touches(self.first, self.last)]

    def instructed(self) -> frozenset[Part]:
        """Parts of an instruction that binds on any of the days."""
        return _all_parts(
            one
            for one in self.touching(Kind.INSTRUCTION)
            if one.made_by is not MadeBy.PARENT or self.first < self.sixteenth_birthday
        )

    def lapsed(self) -> frozenset[Part]:
        """Parts of a parent's instruction that is past the birthday.

        Before it, the instruction itself is asserted and refuses as well: nobody can tell from the
        flags on which of thirty days the birthday falls.
        """
        return _all_parts(
            one
            for one in self.touching(Kind.INSTRUCTION)
            if one.made_by is MadeBy.PARENT and self.first >= self.sixteenth_birthday
        )

    def objected(self, outcome: Outcome) -> frozenset[Part]:
        """Parts of an objection that has come so far."""
        return _all_parts(one for one in self.touching(Kind.OBJECTION) if one.outcome is outcome)

    def consented(self) -> frozenset[Part]:
        """Parts for which a consent holds on every one of the days."""
        return _all_parts(self._consents())

    def consent_withdrawn(self) -> frozenset[Part]:
        """Parts for which a consent was taken back and none was given since."""
        given = self._consents()
        return frozenset(
            part
            for one in self.records
            if one.kind is Kind.CONSENT and one.withdrawn is not None and one.withdrawn <= self.last
            for part in one.parts
            if not any(part in later.parts and later.effective >= one.withdrawn for later in given)
        )

    def _consents(self) -> list[FlagRecord]:
        """A parent's consent does not outlast the sixteenth birthday."""
        return [
            one
            for one in self.records
            if one.kind is Kind.CONSENT
            and one.covers(self.first, self.last)
            and (one.made_by is not MadeBy.PARENT or self.last < self.sixteenth_birthday)
        ]


def _all_parts(records: Iterable[FlagRecord]) -> frozenset[Part]:
    return frozenset(part for one in records for part in one.parts)
