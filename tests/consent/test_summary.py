"""The gist of an agreement: who may tell whom what, and until when."""

from hub.consent.documents import read_agreement
from hub.consent.summary import summarise
from tests.consent.documents_by_chance import example


def test_the_gist_names_parties_days_and_every_clause() -> None:
    """One line each, clauses by their number."""
    first, days, *clauses, last = summarise(read_agreement(example()))
    assert "between Kent County Council and Medway Council." in first
    assert "its last day is 2027-07-30, and then it lapses by itself." in days
    numbers = "1.1 1.2 2.1 2.2 2.3 3.1 3.2 4.1 4.2 4.3 5.1 5.2 5.3"
    assert [line.split(":")[0] for line in clauses] == numbers.split()
    assert clauses[2].startswith(
        "2.1: councils may tell the tracking team, the careers service of councils, by "
    )
    assert clauses[2].endswith(": names and date of birth, the address.")
    assert "What no clause lists is refused" in last


def test_of_many_parties_their_number_is_told() -> None:
    """151 names are no gist."""
    document = example()
    document["parties"] += [
        {**document["parties"][0], "member": f"mbr_council-{one}", "name": f"Council {one}"}
        for one in range(3)
    ]
    assert "between 5 parties." in summarise(read_agreement(document))[0]


def test_a_gist_shows_what_others_wrote_as_text() -> None:
    """Another party's title does not move the cursor of who reads it."""
    document = example()
    document["title"], document["parties"][0]["name"] = "Movers\x1b[2J", "Kent\u202e"
    first = summarise(read_agreement(document))[0]
    assert first.startswith(
        "Movers\\u{1b}[2J (agr_kent-medway-movers, version 1), between Kent\\u{202e} and "
    )
