"""Second looks from the command line and over the local API: the same answers, and how they fail."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.member.cli import app, terminal
from adapters.member.cli import caseload as verbs
from adapters.member.gateway import Gateway
from adapters.member.local_api import local_app
from adapters.member.looks import Says
from tests.adapters.member.test_local_api import BEARER, TOKEN, Asker, NullPolling
from tests.adapters.member.test_looks import Two, counted_twice, in_doubt, own, rests
from tests.simulators.town import Town


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> "Hands":
    """A terminal whose home is a gateway of the test."""
    return Hands(monkeypatch)


class Hands:
    """Runs `hub caseload` against one gateway."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def run(self, gateway: Gateway, *words: str) -> tuple[int, str]:
        """Run one command; return its exit code and what it said."""

        @contextmanager
        def here(_home: Path) -> Iterator[Gateway]:
            with terminal.answering():
                yield gateway

        self._patch.setattr(verbs, "opened", here)
        done = CliRunner().invoke(app, ["caseload", *words])
        return done.exit_code, done.output


def test_a_look_is_listed_confirmed_and_answered_by_hand(town: Town, neighbours: Two, hands: Hands) -> None:
    """One line a look, one a level; then signed words."""
    kent, medway = neighbours
    assert hands.run(kent, "looks") == (0, "Nothing waits for a second look.\n")
    in_doubt(town, kent, medway)
    code, said = hands.run(kent, "looks")
    assert (code, "uncertain" in said, "bits  the same date of birth" in said) == (0, True, True)
    (look,) = json.loads(hands.run(kent, "looks", "--json")[1])["looks"]
    assert hands.run(kent, "confirm", look["item"], "--officer", "N. Officer") == (0, "Signed: confirmed.\n")
    code, said = hands.run(kent, "confirm", look["item"], "--officer", "N. Officer")
    assert (code, "answered already" in said) == (1, True)
    rests(town, kent, medway)
    (theirs,) = medway.looks.all()
    hands.run(medway, "confirm", theirs.item, "--officer", "N. Officer")
    rests(town, kent, medway)
    (waiting,) = medway.waiting()
    code, said = hands.run(medway, "answer", waiting.item, "not_same", "--officer", "N. Officer")
    assert (code, said) == (0, "Signed: not same.\n")


def test_the_lead_and_the_facts_by_hand(town: Town, neighbours: Two, hands: Hands) -> None:
    """Contradictions are marked; nothing is written over."""
    kent, medway = neighbours
    ours, _ = counted_twice(town, kent, medway)
    assert hands.run(kent, "lead", ours, "ours", "--officer", "N. Officer") == (0, "Signed: ours leads.\n")
    code, said = hands.run(kent, "facts", own(kent))
    assert (code, "participation: activity  <- contradicted" in said) == (0, True)
    facts = json.loads(hands.run(kent, "facts", own(kent), "--json")[1])["facts"]
    assert {fact["name"] for fact in facts if fact["contradicted"]} == {"activity"}
    code, said = hands.run(medway, "lead", "dis_unknown", "ours")
    assert (code, "no second look" in said) == (1, True)


def test_the_same_over_the_local_api(town: Town, neighbours: Two) -> None:
    """Looks, answers, lead and facts; an officer is always named."""
    kent, medway = neighbours
    in_doubt(town, kent, medway)
    api = Asker(local_app(kent, TOKEN, NullPolling()), BEARER)
    (look,) = api.get("/looks").json()["data"]
    assert api.post(f"/looks/{look['item']}", {"confirm": True}).status_code == 422
    answer = api.post(f"/looks/{look['item']}", {"confirm": True, "officer": "N. Officer"})
    assert answer.json() == {"item": look["item"], "confirmed": True, "people_left": 0}
    lead = api.post(f"/looks/{look['item']}/lead", {"ours": True, "officer": "N. Officer"})
    assert (lead.status_code, lead.json()["code"]) == (409, "look-no-duplicate")
    facts = api.get(f"/notices/{own(kent)}/facts").json()["data"]
    assert {fact["part"] for fact in facts} >= {"identity", "address", "participation"}
    assert api.get("/notices/ntc_01k00000000000000000000000/facts").status_code == 404
    rests(town, kent, medway)
    (theirs,) = medway.looks.all()
    medway.looks.confirm(theirs.item, "N. Officer", yes=True)
    rests(town, kent, medway)
    (waiting,) = kent.waiting()
    said = api.post(
        f"/inbox/{waiting.item}/answer", {"says": Says.CANNOT_TELL.value, "officer": "N. Officer"}
    )
    assert said.json() == {"item": waiting.item, "says": "cannot_tell"}
