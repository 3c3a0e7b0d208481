"""What a well-formed agreement may still not say, because no rule would ever honour it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.consent.agreement import Agreement, State
from hub.consent.coherence import contradictions, overlapping
from hub.consent.documents import reload_agreement
from hub.protocols.names import AgreementId

ROOT = Path(__file__).parent.parent.parent
MOVERS = ROOT / "agreements" / "examples" / "kent-medway-movers.json"
WIDE = ROOT / "tests" / "decisions" / "agreements" / "wide-range.json"
Spoil = Callable[[dict[str, Any]], object]


def said_of(path: Path, spoil: Spoil) -> list[str]:
    """The contradictions of an agreement after it has been spoiled."""
    document = json.loads(path.read_text("utf-8"))
    spoil(document)
    return list(contradictions(reload_agreement(document), document))


def clause(document: dict[str, Any], number: str) -> dict[str, Any]:
    """The clause with this number."""
    found: dict[str, Any] = next(c for c in document["clauses"] if c["number"] == number)
    return found


SPOILED: dict[str, tuple[Path, Spoil, str]] = {
    "a party twice": (
        MOVERS,
        lambda d: d["parties"].append(d["parties"][0]),
        "party 3 is there twice",
    ),
    "a clause number twice": (
        MOVERS,
        lambda d: clause(d, "2.3").update(number="2.2"),
        "clause 2.2 is there twice",
    ),
    "a party that acts for itself": (
        MOVERS,
        lambda d: d["parties"][0].update(capacity="acts_for_authority", acts_for=["mbr_kent"]),
        "party 1: nobody acts for itself",
    ),
    "a controller that acts for another": (
        MOVERS,
        lambda d: d["parties"][1].update(acts_for=["mbr_kent"]),
        "party 2: acts_for goes with the capacity acts_for_authority, and with no other",
    ),
    "open to a group that nobody is in": (
        MOVERS,
        lambda d: d.update(accession={"groups": ["colleges"]}),
        "accession: groups must be groups to which parties belong",
    ),
    "a plan's move that tells of participation": (
        MOVERS,
        lambda d: clause(d, "2.2").update(notice_types=["ehcp_move"]),
        "clause 2.2: ehcp_move does not carry participation",
    ),
    "a care leaver's move to the tracking team": (
        MOVERS,
        lambda d: clause(d, "2.1").update(notice_types=["care_leaver_move"]),
        "clause 2.1: care_leaver_move is not for the role careers_service, tracking_team",
    ),
    "a care leaver's move of anybody": (
        MOVERS,
        lambda d: clause(d, "2.1").update(notice_types=["care_leaver_move"]),
        "clause 2.1: care_leaver_move does not speak of age_13_15, age_16_17, age_18_19, ehcp_20_24",
    ),
    "a parent of somebody of age": (
        WIDE,
        lambda d: clause(d, "2.2").update(scopes=["age_18_19"]),
        "clause 2.2: a parent's name and address are told only of age_13_15, age_16_17",
    ),
    "a review before the start": (
        MOVERS,
        lambda d: d["life"].update(review="2026-01-01"),
        "life: the review must come after the start",
    ),
    "a review that nobody in office will see": (
        MOVERS,
        lambda d: d["life"].update(starts="2026-02-01", review="2036-02-02"),
        "life: the review must come within 10 years of the start",
    ),
    "an end before the start": (
        MOVERS,
        lambda d: d["life"].update(ends="2025-12-31"),
        "life: the end must come after the start",
    ),
    "a first version with a predecessor": (
        MOVERS,
        lambda d: d.update(supersedes={"version": 1, "digest": "A" * 43}),
        "supersedes: version 1 has no predecessor, every later version names its own",
    ),
    "a second version without one": (
        MOVERS,
        lambda d: d.update(version=2),
        "supersedes: version 1 has no predecessor, every later version names its own",
    ),
    "a group without parties": (
        MOVERS,
        lambda d: clause(d, "2.2").update(to=["councils", "colleges"]),
        "clause 2.2: from and to must name groups to which parties belong",
    ),
    "one way and back": (
        MOVERS,
        lambda d: d.update(kind="one_way"),
        "clause 1.1: the agreement is one_way, but a group that tells here is told elsewhere",
    ),
    "a purpose of its own": (
        MOVERS,
        lambda d: d["purposes"].pop(),
        "clause 5.1: serves a purpose that the agreement does not name",
    ),
    "a public task called a duty": (
        MOVERS,
        lambda d: clause(d, "2.2")["basis"].update(article6="uk-gdpr:6(1)(c)"),
        "clause 2.2: esa2008:s17 goes with uk-gdpr:6(1)(e), not with the article 6 basis given",
    ),
    "consent in place of a duty": (
        MOVERS,
        lambda d: clause(d, "3.1")["basis"].update(article6="uk-gdpr:6(1)(a)"),
        "clause 3.1: esa2008:s13 goes with uk-gdpr:6(1)(c), not with the article 6 basis given",
    ),
    "the leaver duty for other ages": (
        MOVERS,
        lambda d: clause(d, "3.1")["scopes"].append("age_18_19"),
        "clause 3.1: esa2008:s13 speaks only of age_16_17",
    ),
    "health without condition": (
        WIDE,
        lambda d: clause(d, "3.3")["basis"].pop("special_condition"),
        "clause 3.3: lists equality_health without an article 9 condition",
    ),
    "offences without condition": (
        WIDE,
        lambda d: clause(d, "6.1")["basis"].pop("offence_condition"),
        "clause 6.1: lists offending without an article 10 condition",
    ),
    "health without policy document": (
        WIDE,
        lambda d: clause(d, "3.3")["basis"].pop("policy_document"),
        "clause 3.3: special-category or offence data needs an appropriate policy document",
    ),
    "health without assessment": (
        WIDE,
        lambda d: d.pop("dpia"),
        "clause 3.2: special-category or offence data needs a data protection impact assessment (dpia)",
    ),
    "care to a careers service": (
        MOVERS,
        lambda d: clause(d, "2.3")["categories"].append("care"),
        "clause 2.3: the rules never release care to the role careers_service",
    ),
    "health to a SEN team under another provision": (
        WIDE,
        lambda d: clause(d, "3.2")["basis"].update(article6="uk-gdpr:6(1)(e)", gateway="esa2008:s68"),
        "clause 3.2: equality_health goes to a sen_team only under send2014:reg15",
    ),
    "names for somebody who may not learn of a match": (
        MOVERS,
        lambda d: clause(d, "1.1").update(notice_types=["moved_out", "correction", "withdrawal", "recall"]),
        "clause 2.1: no clause lets the role careers_service learn of a match by new_arrival",
    ),
    "names for an age of whose match nobody may learn": (
        MOVERS,
        lambda d: clause(d, "1.1")["scopes"].remove("age_13_15"),
        (
            "clause 2.1: no clause lets the role tracking_team learn of a match by correction, moved_out,"
            " new_arrival, recall, withdrawal"
        ),
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_contradiction_is_told_by_clause(name: str) -> None:
    """Each contradiction is told with its clause, in words its author can act on."""
    path, spoil, said = SPOILED[name]
    assert said in said_of(path, spoil)


@pytest.mark.parametrize("path", [MOVERS, WIDE], ids=["movers", "wide range"])
def test_a_coherent_agreement_has_none(path: Path) -> None:
    """The examples say nothing that the rules would not honour."""
    assert said_of(path, lambda _: None) == []


@pytest.mark.parametrize(
    ("starts", "review"),
    [("2026-02-01", "2036-02-01"), ("2028-02-29", "2038-02-28"), ("2026-01-01", "2026-01-02")],
)
def test_the_last_day_for_a_first_review_is_ten_years_on(starts: str, review: str) -> None:
    """That very day counts; so does the last of February for who began on the twenty-ninth."""
    assert said_of(MOVERS, lambda d: d["life"].update(starts=starts, review=review)) == []


def test_consent_may_take_the_place_of_a_public_task() -> None:
    """For extras that no function needs, consent is a basis of its own."""
    assert said_of(MOVERS, lambda d: clause(d, "2.2")["basis"].update(article6="uk-gdpr:6(1)(a)")) == []


def test_one_way_is_one_way() -> None:
    """A college that only tells and councils that are only told can agree on one direction."""

    def split(document: dict[str, Any]) -> None:
        document["kind"] = "one_way"
        document["parties"][1]["group"] = "receivers"
        for each in document["clauses"]:
            each["to"] = ["receivers"]

    assert said_of(MOVERS, split) == []


def version(number: int, starts: str, ends: str, state: State = State.IN_FORCE) -> Agreement:
    """A version of the movers' agreement with a life of its own."""
    document = json.loads(MOVERS.read_text("utf-8"))
    document["version"] = number
    document["life"].update(starts=starts, ends=ends)
    return reload_agreement(document).recorded_as(state)


@pytest.mark.parametrize(
    ("second", "overlaps"),
    [
        (version(2, "2026-06-30", "2026-12-31"), True),
        (version(2, "2026-07-01", "2026-12-31"), False),
        (version(2, "2026-06-30", "2026-12-31", State.PROPOSED), False),
        (replace(version(2, "2026-06-30", "2026-12-31"), id=AgreementId("agr_other")), False),
    ],
)
def test_two_versions_for_the_same_day_are_told(second: Agreement, overlaps: bool) -> None:
    """Which of two would bind cannot be a matter of taste; versions that follow each other are fine."""
    first = version(1, "2026-01-01", "2026-06-30")
    said = ["agr_kent-medway-movers: versions 1 and 2 are in force at the same time"]
    assert list(overlapping([first, second])) == (said if overlaps else [])
