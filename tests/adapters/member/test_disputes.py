"""Disputes at real gateways: contest a release, read, answer, close; and a hub that is not honest."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.member.cli import app
from adapters.member.disputes import KIND, Disputes, thread_summary
from adapters.member.errors import GatewayFault, HubRefused
from adapters.member.gateway import Gateway
from hub.exchange.sequencer import expire_due
from hub.exchange.stages import Letter
from hub.protocols.canonical import Json, Reader
from hub.protocols.dispute import Act, Grievance, Result, reread_message
from hub.protocols.errors import Untrusted
from hub.protocols.names import DisputeId
from tests.adapters.member.conftest import come_to_rest, move
from tests.adapters.member.test_local_api import client
from tests.simulators.town import Town
from tests.simulators.wire import Wire

Two = tuple[Gateway, Gateway]
WHY = "The participation part did not come.\nWhy?"


@pytest.fixture
def parties(town: Town, neighbours: Two) -> Two:
    """Kent has told Medway of Ada, and Medway Kent."""
    kent, medway = neighbours
    move(kent, medway)
    come_to_rest(town, kent, medway)
    return kent, medway


def delivery(gateway: Gateway) -> str:
    """The first delivery that came."""
    return min(gateway.records.all_received(), key=lambda one: one.log_index).item


def test_a_thread_goes_from_question_to_outcome(town: Town, parties: Two) -> None:
    """Both read all of it in clear text, each message once; it waits in the inbox until it was read."""
    kent, medway = parties
    name = medway.disputes.open(delivery(medway), Grievance.WITHHELD, WHY, "D. P. Officer")
    come_to_rest(town, kent, medway)
    (waiting,) = [one for one in kent.waiting() if one.kind == KIND]
    assert isinstance(waiting.body, dict)
    assert waiting.body["dispute"] == name
    assert WHY not in str(waiting.body)
    thread = kent.disputes.read(name)
    assert [one.words for one in thread.said] == [WHY]
    assert [one for one in kent.waiting() if one.kind == KIND] == []
    kent.disputes.answer(name, "The young person said no.", "Kent's officer")
    come_to_rest(town, kent, medway)
    medway.disputes.close(name, Result.NOT_UPHELD, "Thank you.", "D. P. Officer")
    come_to_rest(town, kent, medway)
    for gateway in (kent, medway):
        (found,) = gateway.disputes.all()
        assert (found.state, found.result, found.due_at) == ("closed", Result.NOT_UPHELD, None)
        assert [one.act for one in found.said] == [Act.OPEN, Act.ANSWER, Act.CLOSE]
        assert [one.words for one in found.said] == [WHY, "The young person said no.", "Thank you."]
        assert (found.opener, found.notice) == ("mbr_medway", thread.notice)
        assert "said" not in thread_summary(found)


def test_the_sender_names_the_entry(town: Town, parties: Two) -> None:
    """A release that left here is found in the list, and contested by its place in the log."""
    kent, medway = parties
    (first, *_) = [one for one in kent.disputes.releases() if one.sent]
    assert first.other == "mbr_medway"
    name = kent.disputes.open(str(first.entry), Grievance.WRONGLY_USED, "It was passed on.", "Kent's officer")
    come_to_rest(town, kent, medway)
    assert medway.disputes.read(name).entry == first.entry
    medway.disputes.close(name, Result.UPHELD, "It was. It has been called back.", "D. P. Officer")
    assert kent.disputes.read(name).result is Result.UPHELD


def test_what_has_run_out_is_said_to_both(town: Town, parties: Two) -> None:
    """An item in both inboxes; the thread says escalated, and nobody has won."""
    kent, medway = parties
    name = medway.disputes.open(delivery(medway), Grievance.WITHHELD, WHY, "D. P. Officer")
    town.now += timedelta(days=16)
    expire_due(town.store, town.hub)
    come_to_rest(town, kent, medway)
    for gateway in (kent, medway):
        waiting = [one.body for one in gateway.waiting() if one.kind == KIND]
        assert "escalated" in [body["act"] for body in waiting if isinstance(body, dict)]
        thread = gateway.disputes.read(name)
        assert (thread.state, thread.result) == ("escalated", None)


def test_a_closed_thread_stays_here_when_the_hub_has_forgotten_it(town: Town, parties: Two) -> None:
    """Sealed like all records, and readable by this gateway."""
    _, medway = parties
    name = medway.disputes.open(delivery(medway), Grievance.WITHHELD, WHY, "D. P. Officer")
    medway.disputes.close(name, Result.WITHDRAWN, "Never mind.", "D. P. Officer")
    town.now += timedelta(days=366)
    expire_due(town.store, town.hub)
    assert medway.disputes.read(name).said[0].words == WHY
    assert [one.dispute for one in medway.disputes.all()] == [name]
    assert WHY.encode() not in medway.home.records.read_bytes()


def test_what_is_no_release_of_ours_cannot_be_contested(parties: Two) -> None:
    """Said before anything is sent where we can tell; else the hub says that there is no such thing."""
    _, medway = parties
    for what in ("dis_01k00000000000000000000000", "a name", "-1"):
        with pytest.raises(GatewayFault, match="entry-unknown"):
            medway.disputes.open(what, Grievance.WITHHELD, WHY, "D. P. Officer")
    listed = medway.transport.pages("/v1/disclosures")
    shown = [(one.integer("log_index"), one.value("opening")) for one in listed]
    published = next(index for index, opening in shown if '"published"' in json.dumps(opening))
    with pytest.raises(GatewayFault, match="entry-no-release"):
        medway.disputes.open(str(published), Grievance.WITHHELD, WHY, "D. P. Officer")
    with pytest.raises(HubRefused, match="not-found"):
        medway.disputes.open("999999", Grievance.WITHHELD, WHY, "D. P. Officer")


def test_words_written_elsewhere_are_not_made_up(town: Town, parties: Two) -> None:
    """Another gateway of this member wrote it: the words can be opened by the other side alone."""
    _, medway = parties
    name = medway.disputes.open(delivery(medway), Grievance.WITHHELD, WHY, "D. P. Officer")
    page = medway.records.page("dispute-words", _digest(town, name))
    assert page == {"words": WHY}
    medway.records.keep_page("dispute-words", _digest(town, name), name, {"words": "x"})
    assert medway.disputes.read(name).said[0].words == "x"
    medway.records._change("delete from book where shelf = ?", ("dispute-words",))
    assert medway.disputes.read(name).said[0].words is None


def _digest(town: Town, name: DisputeId) -> str:
    with town.store.read() as work:
        return reread_message(work.disputes.letters(name)[0].jws).text


class Lies:
    """A hub that shows a thread otherwise than it was written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, disputes: Disputes) -> None:
        self._disputes = disputes
        self._patch = monkeypatch

    def show(self, letters: list[Letter]) -> None:
        """Show these messages in place of the true ones."""
        shown = [(one.jws, one.text) for one in letters]
        self._patch.setattr(self._disputes, "_letters", lambda _name: shown)


def test_a_hub_that_changes_the_thread_is_not_believed(
    town: Town, parties: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message left out, put elsewhere, doubled, with other words; or without its end."""
    kent, medway = parties
    name = medway.disputes.open(delivery(medway), Grievance.WITHHELD, WHY, "D. P. Officer")
    kent.disputes.answer(name, "Let me look.", "Kent's officer")
    kent.disputes.answer(name, "An instruction.", "Kent's officer")
    medway.disputes.close(name, Result.NOT_UPHELD, "Thank you.", "D. P. Officer")
    with town.store.read() as work:
        first, second, third, last = work.disputes.letters(name)
    lies = Lies(monkeypatch, kent.disputes)
    other_words = Letter(name, 2, second.jws, third.text)
    for shown in (
        [first, third, last],
        [first, third, second, last],
        [first, second, second, third, last],
        [second, third, last],
        [first, other_words, third, last],
        [first, second, third],
    ):
        lies.show(shown)
        with pytest.raises(Untrusted, match=r"dispute-(order|state|other)"):
            kent.disputes.read(name)
    lies.show([first, second, third, last])
    assert kent.disputes.read(name).state == "closed"


def test_an_item_whose_message_the_hub_leaves_out_is_kept_as_a_fault(
    town: Town, parties: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log names the message: a thread without it is cut."""
    kent, medway = parties
    name = medway.disputes.open(delivery(medway), Grievance.WITHHELD, WHY, "D. P. Officer")
    with town.store.read() as work:
        (first,) = work.disputes.letters(name)
    medway.disputes.answer(name, "And when?", "D. P. Officer")
    town.slot()
    Lies(monkeypatch, kent.disputes).show([first])
    assert [fault.split()[-1] for fault in kent.poll().faults] == ["dispute-cut"]


def test_an_item_that_says_another_thing_than_its_entry_is_not_believed(town: Town, parties: Two) -> None:
    """What the inbox says of a step is held to the log."""
    kent, medway = parties
    medway.disputes.open(delivery(medway), Grievance.WITHHELD, WHY, "D. P. Officer")
    town.slot()
    (found,) = [one for one in town.members["mbr_kent"].sees() if one.kind.value == KIND]
    assert isinstance(found.body, dict)
    record: Json = {**found.body, "kind": "dispute", "act": "close"}
    altered: Json = {"body": found.body, "opening": {"record": record, "salt": ""}}
    with pytest.raises(Untrusted, match="dispute-not-logged"):
        kent.disputes.take(found.item, Reader(altered, "item"))


def test_a_tracker_leads_a_dispute_over_the_local_api(town: Town, parties: Two) -> None:
    """The same verbs for a program on the same machine; lists show nothing of what was said."""
    kent, medway = parties
    asks, answers = client(medway), client(kent)
    opening: dict[str, Json] = {
        "what": delivery(medway),
        "grievance": "withheld",
        "words": WHY,
        "officer": "M. Officer",
    }
    made = asks.post("/disputes", opening)
    assert made.status_code == 201, made.text
    name = made.json()["dispute"]
    come_to_rest(town, kent, medway)
    assert answers.get("/inbox").json()["waiting"][0]["kind"] == KIND
    assert WHY not in answers.get("/disputes").text
    assert answers.get(f"/disputes/{name}").json()["said"][0]["words"] == WHY
    said = {"words": "You are right.", "officer": "K. Officer"}
    answered = answers.post(f"/disputes/{name}/messages", {**said})
    assert answered.json()["state"] == "answered"
    closed = answers.post(f"/disputes/{name}/messages", {**said, "result": "upheld"})
    assert (closed.json()["state"], closed.json()["result"]) == ("closed", "upheld")
    refused = asks.post("/disputes", {**opening, "what": "dis_01k00000000000000000000000"})
    assert (refused.status_code, refused.json()["code"]) == (404, "entry-unknown")


def test_an_officer_leads_a_dispute_at_a_terminal(
    town: Town, parties: Two, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`hub dispute open|list|show|answer|close`; words come from a file, never from the command line."""
    kent, medway = parties
    monkeypatch.setattr("adapters.member.gateway.Gateway", wire.opens)
    words = tmp_path / "words.txt"
    words.write_text(WHY + "\n", encoding="utf-8")

    def run(gateway: Gateway, *given: str) -> dict[str, Any]:
        at = ("--home", str(gateway.home.path), "--json")
        result = CliRunner().invoke(app, ["dispute", *given, *at])
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    entry = str(run(kent, "releases")["data"][0]["entry"])
    opened = run(kent, "open", entry, "wrongly_used", "--words", str(words), "--officer", "K. Officer")
    assert opened["said"][0] == {**opened["said"][0], "words": WHY, "officer": "K. Officer"}
    town.slot()
    other = medway if opened["other"] == "mbr_medway" else kent
    (listed,) = run(other, "list")["data"]
    assert (listed["state"], listed["messages"], "said" in listed) == ("open", 1, False)
    run(other, "answer", listed["dispute"], "--words", str(words))
    assert len(run(other, "show", listed["dispute"])["said"]) == 2
    closed = run(other, "close", listed["dispute"], "upheld", "--words", str(words))
    assert (closed["state"], closed["result"]) == ("closed", "upheld")
    plain = CliRunner().invoke(app, ["dispute", "show", listed["dispute"], "--home", str(kent.home.path)])
    assert "closed (upheld)" in plain.output
    assert "The participation part did not come." in plain.output
