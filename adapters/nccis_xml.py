"""Reads moves from the NCCIS return: who left for where, and who came with an earlier number.

Streaming, one young person at a time. The layout is that of the 2019-20 return, learned from its
published check rules; unknown elements are left alone. The return's own reject rules are warnings
here, by their numbers: a return that the department would send back may still tell of a mover.
What a record can be ground for is settled here: T and E moved out, P with an earlier number or
another authority at Year 11 came in; everybody else stays where they are, and nothing is sent of them.
Those who died, were merged or were reported before are left out.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Final

from adapters import nccis_rules
from adapters.cells import Cell, UnreadableCell, read_day
from adapters.columns import Field, Mapping, check_headers
from adapters.move import STAYS, Found, Move, Problem, UnusableFile
from adapters.nccis_rules import FileFacts, Seen
from adapters.rows import ROWS, read_cells
from adapters.safe_xml import Element, Source, read_elements
from adapters.safe_xml import Found as At

HEADER: Final = "NCCIS/FileHeader"
RECORD: Final = "NCCIS/YoungPersonsRecord"

GROUPS: Final = (
    (
        "PersonalDetails",
        """YoungPersonsID CohortStatus GivenName MiddleName FamilyName AddressLine1 AddressLine2
        AddressLine3 AddressLine4 Town County Postcode Gender DOB Ethnicity LeadLEA EducatedLEA
        TransferredToLACode LEACodeAtYear11 UniqueLearnerNo UniquePupilNumber PreviousYPIDIdentifier""",
    ),
    ("LevelOfNeed", "LevelOfNeedCode SENDFlag SENSupportFlag"),
    ("LevelOfNeed/Characteristics", "CharacteristicCode"),
    (
        "Activities/Cohort",
        """ActivityCode StartDate DateAscertained DateVerified ReviewDate DueToLapseDate CurrencyLapsed
        EstablishmentNumber EstablishmentName UKProviderReferenceNumber NEETStartDate PredictedEndDate""",
    ),
)
"""The groups of a record in the order of the layout, and the elements of each."""

ELEMENTS: Final = {name: f"{group}/{name}" for group, names in GROUPS for name in names.split()}
"""The elements that are read, and where each stands in a record."""

_LEFT: Final = frozenset({"T", "E"})
_NOT_TOLD: Final = {
    "D": ("deceased", "this young person has died; nothing is sent"),
    "M": ("merged", "this record was merged with another one of yours; that one counts"),
    "X": ("left-before", "this record was reported as leaving before; take it out of the return"),
}
_DEPARTURES: Final = frozenset({"moved_out", "care_leaver_move", "ehcp_move"})
_OLDEST_WITHOUT_PLAN: Final = 19


def read_headers(source: Source) -> tuple[str, ...]:
    """Give the names of the elements that are read; raise `UnusableFile` for another kind of file."""
    next(iter(read_elements(source, frozenset({HEADER, RECORD}))), None)
    return tuple(ELEMENTS)


def read_moves(source: Source, mapping: Mapping) -> Iterator[Move | Problem]:
    """Give what each record says, in the order of the return.

    Raises `UnusableFile` before any record where the return as a whole cannot be read. What goes
    wrong later is a `Problem` of its record.
    """
    check_headers(tuple(ELEMENTS), mapping)
    placed = [(ELEMENTS[h], f) for h, f in zip(mapping.headers, mapping.fields, strict=True) if f]
    sources = {field.value: path for path, field in reversed(placed)}
    facts, seen, number = FileFacts(), Seen(), 0
    for found in read_elements(source, frozenset({HEADER, RECORD})):
        if isinstance(found, Problem):
            yield found
        elif found.element.name == "FileHeader":
            facts = _facts(found.element)
        else:
            number += 1
            if number > ROWS:
                yield Problem(found.place, None, "rows-many", f"the return is read up to record {ROWS}")
                return
            yield from _record(found, placed, mapping, sources, facts, seen)
    if not number:
        raise UnusableFile("records-none", "the return holds no young person (YoungPersonsRecord)")


def _facts(header: Element) -> FileFacts:
    """What the header states; a day that cannot be read is as good as none."""
    try:
        end = read_day(header.first("PeriodEnd"))
    except UnreadableCell:
        end = None
    databases = frozenset(header.texts("Databases/DatabaseID"))
    return FileFacts(databases, frozenset(header.texts("SourceLEAs/LEACode")), end)


def _record(
    found: At,
    placed: list[tuple[str, Field]],
    mapping: Mapping,
    sources: dict[str, str],
    facts: FileFacts,
    seen: Seen,
) -> Iterator[Move | Problem]:
    status = found.element.first(ELEMENTS["CohortStatus"])
    if status in _NOT_TOLD:
        yield Problem(found.place, ELEMENTS["CohortStatus"], *_NOT_TOLD[status])
        return
    cells: dict[Field, list[Cell]] = {}
    for path, field in placed:
        if texts := found.element.texts(path):
            cells.setdefault(field, []).extend(texts)
    for said in read_cells(cells, mapping.home, found.place, sources):
        if isinstance(said, Problem):
            yield said
            continue
        warnings, move = nccis_rules.check(said, facts, seen)
        for rule, element, reason in warnings:
            yield Problem(found.place, ELEMENTS[element], rule, reason, row_kept=True)
        yield _told(move, facts)


def _told(move: Move, facts: FileFacts) -> Move:
    """Add what the kind of file says by itself: what the record is ground for, and a plan at that age."""
    if Found.SEN in move.found and facts.period_end is not None and _is_older(move.dob, facts.period_end):
        # From nineteen on the return holds nobody but those with a current education, health and care plan.
        move = replace(move, found=move.found | {Found.EHC_PLAN})
    return replace(move, tells_of=_ground(move, facts))


def _ground(move: Move, facts: FileFacts) -> frozenset[str]:
    if move.cohort_status in _LEFT:
        return _DEPARTURES
    came = move.previous_ref or (
        move.year_11_authority and facts.authorities and move.year_11_authority not in facts.authorities
    )
    return frozenset({"new_arrival"}) if came else frozenset({STAYS})


def _is_older(born: date, on: date) -> bool:
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return years >= _OLDEST_WITHOUT_PLAN
