"""An ILR tells who enrolled, and who may have left learning: the college says which."""

import io
from datetime import date
from pathlib import Path

import pytest

from adapters import ilr_xml
from adapters.columns import guess_mapping
from adapters.move import (
    STAYS,
    Address,
    Establishment,
    Event,
    Found,
    Move,
    Problem,
    Sureness,
    Told,
    UnusableFile,
)

DATA = Path(__file__).parents[1] / "data"
OURS, DFES = DATA / "ILR-10000001-2526-20251006-090000-01.xml", DATA / "ilr_sample_2025_26_dfe.xml"
WITHDRAWN = "<CompStatus>3</CompStatus>"
AIM = """<LearningDelivery><LearnAimRef>Z</LearnAimRef><AimType>3</AimType>
<LearnStartDate>2025-09-09</LearnStartDate><FundModel>25</FundModel>
<DelLocPostCode>ME16 8AQ</DelLocPostCode><CompStatus>1</CompStatus></LearningDelivery>"""
GONE_ON = """<LearnerDestinationandProgression><LearnRefNumber>SAMPLE2</LearnRefNumber><DPOutcome>
<OutType>{}</OutType></DPOutcome></LearnerDestinationandProgression></Message>"""


def read(source: Path | io.BytesIO) -> list[Move | Problem]:
    """Read a file as `hub publish` does."""
    return list(ilr_xml.read_moves(source, guess_mapping(ilr_xml.read_headers(source))))


def both(*changes: tuple[str, str]) -> tuple[Move, Move]:
    """Farah, who enrolled, and Gwen, who withdrew, with these texts in place of others."""
    text = OURS.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    farah, gwen = read(io.BytesIO(text.encode()))
    assert isinstance(farah, Move)
    assert isinstance(gwen, Move)
    return farah, gwen


def test_an_enrolment_is_read() -> None:
    """Home is Postcode; the home before is kept beside it."""
    farah, _ = both()
    assert farah == Move(
        place="/Message/Learner[1]",
        given="Farah",
        family="Sample",
        dob=date(2008, 11, 12),
        sex="F",
        from_address=Address((), "ME4 4TR"),
        to_address=Address(("1 Example Road",), "ME4 4TR"),
        uln="1000000051",
        local_ref="SAMPLE1",
        establishment=Establishment(None, None, "10000001"),
        activity="230",
        start=date(2025, 9, 8),
        predicted_end=date(2026, 7, 17),
        event_date=date(2025, 9, 8),
        ascertained=date(2025, 10, 6),
        event=Event.ENROLLED,
        told=Told.COLLEGE,
        sureness=Sureness.CONFIRMED,
        tells_of=frozenset({"cross_border_enrolment"}),
    )
    assert farah.sources["start"] == "LearningDelivery[1]/LearnStartDate"
    assert farah.ethnicity is None


def test_a_withdrawal_is_a_candidate() -> None:
    """Of somebody of sixteen on the day: the college confirms it, or nothing is sent."""
    _, gwen = both()
    assert (gwen.event, gwen.sureness, gwen.tells_of) == (
        Event.WITHDREW,
        Sureness.CANDIDATE,
        frozenset({"leaver"}),
    )
    assert (gwen.activity, gwen.end) == ("810", date(2025, 10, 3))


@pytest.mark.parametrize(
    ("born", "is_candidate"), [("2007-10-03", False), ("2007-10-04", True), ("2009-10-04", False)]
)
def test_only_sixteen_and_seventeen_are_candidates(born: str, *, is_candidate: bool) -> None:
    """Section 13 speaks of nobody else; the day that the learning ended counts."""
    _, gwen = both(("2009-01-30", born))
    assert (gwen.sureness is Sureness.CANDIDATE, gwen.tells_of == {"leaver"}) == (is_candidate, is_candidate)


def test_who_goes_on_with_another_aim_has_not_left() -> None:
    """One aim of several ended."""
    _, gwen = both(("<Outcome>3</Outcome>\n    </LearningDelivery>", f"</LearningDelivery>{AIM}"))
    assert (gwen.event, gwen.start, gwen.end) == (Event.ENROLLED, date(2025, 9, 9), None)
    assert gwen.sources["start"] == "LearningDelivery[2]/LearnStartDate"


def test_the_programme_counts_before_its_parts() -> None:
    """Of several aims that go on, the one that stands for the whole."""
    ends = "<CompStatus>1</CompStatus>\n    </LearningDelivery>"
    farah, _ = both((ends, f"{ends}{AIM}"))
    assert (farah.start, farah.predicted_end) == (date(2025, 9, 8), date(2026, 7, 17))


@pytest.mark.parametrize("reason", ["2", "7", "40"])
def test_who_went_to_another_provider_has_not_left(reason: str) -> None:
    """The reason of the withdrawal names the follow-on."""
    _, gwen = both(("<WithdrawReason>98", f"<WithdrawReason>{reason}"))
    assert (gwen.event, gwen.tells_of) == (Event.TRANSFERRED, frozenset({STAYS}))


@pytest.mark.parametrize(
    ("outcome", "tells"), [("EDU", STAYS), ("EMP", STAYS), ("NPE", "leaver"), ("SDE", "leaver")]
)
def test_a_destination_at_the_end_of_the_file_counts(outcome: str, tells: str) -> None:
    """Work, learning and the like are a follow-on; being out of work is none."""
    _, gwen = both(("</Message>", GONE_ON.format(outcome)))
    assert gwen.tells_of == {tells}


def test_who_completed_is_no_leaver() -> None:
    """Nor who is on a break, whom no notice speaks of."""
    _, gwen = both((WITHDRAWN, "<CompStatus>2</CompStatus>"))
    assert (gwen.event, gwen.tells_of, gwen.activity) == (Event.COMPLETED, frozenset({STAYS}), None)
    _, gwen = both((WITHDRAWN, "<CompStatus>6</CompStatus>"))
    assert (gwen.event, gwen.tells_of) == (None, frozenset({STAYS}))


def test_a_home_where_the_teaching_is_may_be_none() -> None:
    """No fixed address, or a prison: no machine routes it."""
    farah, gwen = both(("<Postcode>ME4 4TR", "<Postcode>me168aq"))
    assert (farah.home_unsure, gwen.home_unsure) == (True, False)


def test_a_mark_of_custody_makes_the_home_unsure() -> None:
    """Where offenders' learning is paid for."""
    facts = "<LearnDelFAMType>LDM</LearnDelFAMType><LearnDelFAMCode>034</LearnDelFAMCode>"
    mark = f"<LearningDeliveryFAM>{facts}</LearningDeliveryFAM>"
    farah, _ = both(("<CompStatus>1</CompStatus>", f"<CompStatus>1</CompStatus>{mark}"))
    assert farah.home_unsure


def test_a_plan_is_read_and_nothing_else_of_health() -> None:
    """It extends the scope to twenty-four."""
    plan = "<LearnerFAM><LearnFAMType>EHC</LearnFAMType><LearnFAMCode>1</LearnFAMCode></LearnerFAM>"
    farah, _ = both(("<AddLine1>1 Example Road</AddLine1>", plan))
    assert farah.found == {Found.EHC_PLAN}


@pytest.mark.parametrize(
    ("fund", "programme", "activity"),
    [("36", "", "310"), ("35", "25", "310"), ("25", "24", "450"), ("25", "31", "230"), ("99", "", None)],
)
def test_the_funding_tells_the_activity(fund: str, programme: str, activity: str | None) -> None:
    """By the NCCIS codes; what the file does not tell stays open."""
    kind = f"<ProgType>{programme}</ProgType>" if programme else ""
    farah, _ = both(("<FundModel>25</FundModel>", f"{kind}<FundModel>{fund}</FundModel>"))
    assert farah.activity == activity


@pytest.mark.parametrize("namespace", ["ESFA/ILR/2026-27", "SFA/ILR/2015-16", "DfE/ILR/2027-28"])
def test_any_year_is_read(namespace: str) -> None:
    """The namespace changes yearly and with the department's name; a year that differs is said."""
    text = OURS.read_text("utf-8").replace("ESFA/ILR/2025-26", namespace)
    warning, *moves = read(io.BytesIO(text.encode()))
    assert isinstance(warning, Problem)
    assert (warning.code, warning.row_kept, len(moves)) == ("ilr-year", True, 2)


@pytest.mark.parametrize("namespace", ["ESFA/ILR/25-26", "urn:other", ""])
def test_another_message_is_refused(namespace: str) -> None:
    """Many formats call their root Message."""
    text = OURS.read_text("utf-8").replace("ESFA/ILR/2025-26", namespace)
    with pytest.raises(UnusableFile, match="no ILR"):
        read(io.BytesIO(text.encode()))


def test_the_departments_own_sample_is_read() -> None:
    """Every learner in it; the times before 1900 and the temporary ULN are its own."""
    moves = read(DFES)
    assert moves
    assert all(isinstance(said, Move) for said in moves)
    assert len({said.place for said in moves}) == DFES.read_text("utf-8").count("</Learner>")


def test_a_file_without_learners_is_refused() -> None:
    """It says nothing."""
    text = OURS.read_text("utf-8")
    with pytest.raises(UnusableFile, match="no learner"):
        read(io.BytesIO((text[: text.index("<Learner>")] + "</Message>").encode()))


def test_a_learner_without_an_aim_enrolled_in_nothing() -> None:
    """Nothing is told of it."""
    text = OURS.read_text("utf-8")
    without = text[: text.index("<LearningDelivery>")] + "</Learner></Message>"
    (farah,) = read(io.BytesIO(without.encode()))
    assert isinstance(farah, Move)
    assert (farah.event, farah.activity, farah.tells_of) == (None, None, frozenset({STAYS}))


def test_a_day_of_the_file_that_cannot_be_read_is_none() -> None:
    """The learners are good."""
    farah, _ = both(("<FilePreparationDate>2025-10-06", "<FilePreparationDate>?"))
    assert farah.ascertained is None
