"""Matches are held to the truth: a wrong one costs precision, a missed one recall."""

from datetime import date

from adapters.demo.matches import Matches, Told, count_matches
from adapters.demo.operator_log import LogLine
from adapters.demo.people import make_region
from adapters.demo.records import Record
from hub.matching.tokens import Person, make_tokens
from hub.protocols.names import EpochId, NoticeId
from hub.protocols.token_record import LinkageKey

REGION = make_region(1, date(2026, 11, 22))
EPOCH, KEY = EpochId("ep_" + "0" * 26), LinkageKey(bytes(range(32)))


def told(record: Record, kind: str) -> Told:
    """A notice of one row, with the tokens that its gateway would make."""
    person = Person(record.given, record.family, record.dob, record.old_postcode, record.new_postcode,
                    record.sex, record.upn, record.uln)  # fmt: skip
    tokens = make_tokens(person, KEY, EPOCH, bytes)
    return Told(NoticeId(f"ntc_{record.member}_{record.person}"), record.member, kind, record, tokens)


LEFT = [told(REGION.record(name, "kent"), "moved_out") for name in ("strong", "instruction", "open_kent")]
CAME = [told(REGION.record(name, "medway"), "new_arrival") for name in ("strong", "instruction")]
STRANGER = told(REGION.record("arrived_medway", "medway"), "new_arrival")
TOLD = {one.notice: one for one in (*LEFT, *CAME, STRANGER)}


def counted(
    sure: list[Told], looked_at: list[Told], known: dict[NoticeId, NoticeId] | None = None
) -> Matches:
    """What is counted where the hub's log says this of these notices."""
    log = [LogLine(place, {"kind": "key_request", "notice": one.notice}) for place, one in enumerate(sure)]
    log += [LogLine(99, {"kind": "second_look", "notice": one.notice}) for one in looked_at]
    return count_matches(TOLD, log, REGION, known)


def test_each_departure_is_put_with_what_fits_it_best() -> None:
    """Two true pairs, one of them for a second look; two notices match nothing."""
    found = counted([LEFT[0], CAME[0]], [LEFT[1], CAME[1]])
    assert (len(found.certain), len(found.second_look), found.none) == (1, 1, 2)
    assert all(match.true for match in (*found.certain, *found.second_look))
    assert (found.precision, found.recall, found.pairs) == (1.0, 1.0, 2)


def test_a_true_pair_that_the_hub_missed_costs_recall() -> None:
    """Recall is over every young person with a notice on both sides."""
    found = counted([LEFT[0], CAME[0]], [])
    assert (found.precision, found.recall, found.none) == (1.0, 0.5, 4)


def test_a_false_match_costs_precision_and_is_not_put_right_by_counting() -> None:
    """Who was told of whom is what counts, not who would have fitted better."""
    wrong = {LEFT[0].notice: CAME[1].notice, LEFT[1].notice: CAME[0].notice}
    found = counted([*LEFT[:2], *CAME], [], wrong)
    assert (found.precision, found.recall) == (0.0, 0.0)
    assert counted([*LEFT[:2], *CAME, LEFT[2], STRANGER], []).precision == round(2 / 3, 4)
