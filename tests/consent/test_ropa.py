"""An article 30 record written from what was signed: nothing typed twice, nothing left out."""

import csv
import io
from typing import Any

from hub.consent.documents import agreement_digest, read_agreement
from hub.consent.ropa import HEADINGS, Entry, entries, to_csv, to_html
from hub.protocols.names import MemberId
from tests.consent.documents_by_chance import example

KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")


def record(document: dict[str, Any], member: MemberId = KENT) -> list[Entry]:
    """The entries of one member from one document."""
    return entries([(read_agreement(document), document)], member)


def test_each_purpose_of_each_agreement_is_an_entry() -> None:
    """With everything that article 30(1) asks for."""
    first, second, *_ = record(example())
    assert len(record(example())) == len(example()["purposes"])
    assert first["purpose"].startswith("promote participation")
    assert second["purpose"].startswith("support services")
    assert first["controller"] == "Kent County Council (ZX000886)"
    assert first["with"] == "Medway Council, one of the councils"
    assert "names and date of birth" in first["data"]
    assert "tracking team of an authority" in first["recipients"]
    assert "16 and 17 years" in first["subjects"]
    assert "esa2008:s17" in first["basis"]
    assert first["schedule_1"] == "none needed"
    assert first["digest"] == agreement_digest(example())
    assert all(first[name] for name in HEADINGS)


def test_a_special_category_names_its_condition_and_policy() -> None:
    """Schedule 1 asks for both, by clause."""
    document = example()
    document["clauses"][3]["categories"].append("circumstances")
    document["clauses"][3]["roles"] = ["tracking_team"]
    document["clauses"][3]["basis"] |= {
        "special_condition": "uk-gdpr:9(2)(g)+dpa2018:sch1-6",
        "policy_document": "APD 7",
    }
    assert record(document)[0]["schedule_1"] == "clause 2.2: uk-gdpr:9(2)(g)+dpa2018:sch1-6, APD 7"


def test_who_is_no_party_has_no_entry() -> None:
    """Nor has an agreement that names no assessment one to show."""
    assert record(example(), MemberId("mbr_surrey")) == []
    assert "No agreement is in force." in to_html([], KENT)
    document = example()
    del document["dpia"]
    assert record(document)[0]["assessment"] == "none is named"


def test_who_joined_later_stands_by_name() -> None:
    """Its details are in its own accession, not in the document."""
    document = example()
    agreement = read_agreement(document)
    joined = agreement.parties[1]
    entry, *_ = entries([(agreement, {**document, "parties": document["parties"][:1]})], joined.member)
    assert (entry["controller"], entry["dpo"]) == ("Medway Council", "")


def test_it_is_written_as_a_table_and_as_a_page() -> None:
    """What looks like a formula, or like markup, stays text."""
    document = example()
    document["parties"][0]["name"] = "=1+1 <b>Kent</b>"
    found = record(document)
    rows = list(csv.DictReader(io.StringIO(to_csv(found))))
    assert len(rows) == len(found)
    assert rows[0][HEADINGS["controller"]].startswith("'=1+1")
    page = to_html(found, KENT)
    assert "&lt;b&gt;Kent" in page
    assert "<b>" not in page
    assert page.count("<section>") == len(found)
