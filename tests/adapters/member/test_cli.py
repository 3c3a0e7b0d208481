"""The member's verbs: one document or a few lines, stable exit codes, one line for a failure."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapters.member.cli import app, terminal
from adapters.member.gateway import Gateway
from adapters.member.joining import Desk, Joined, join
from adapters.member.reconciling import make_account
from hub.exchange import enrol
from hub.protocols.checkpoint import Checkpoint, sign_checkpoint
from hub.protocols.errors import Untrusted
from hub.protocols.log_directory import files_of
from hub.protocols.names import MemberId, MemberKind, NoticeType
from tests.adapters.member.conftest import come_to_rest, move
from tests.simulators.town import AGREEMENTS, CUSTODIAN, Town
from tests.simulators.wire import URL, Wire
from tests.story.people import ADA, SHIELDED

GOOD, FAILED, USAGE, REFUSED, UNPROVED, LATER = range(6)
ROOT = Path(__file__).parents[3]
CSV = (
    "Forename,Surname,DOB,Former postcode,UPN,Shield\n"
    "Ada,Exampleton,12/11/2009,ME14 1XQ,F886499920001,\n"
    "Ben,Sample,31/02/2010,ME14 1XQ,,\n"
    "Cy,Grown,1/2/1999,ME14 1XQ,,\n"
)


@dataclass
class Terminal:
    """Somebody at a terminal, in a folder of their own."""

    folder: Path

    def __call__(self, *words: str, code: int = GOOD) -> Result:
        """Run a command that must end with this exit code."""
        result = CliRunner().invoke(app, [*words])
        assert result.exit_code == code, result.output + result.stderr
        assert "Traceback" not in result.output + result.stderr
        return result

    def json(self, *words: str, code: int = GOOD) -> dict[str, Any]:
        """Run it with --json and read its one document."""
        found: dict[str, Any] = json.loads(self(*words, "--json", code=code).stdout)
        return found

    def fails(self, *words: str, code: int) -> str:
        """Run a command that must fail, and give the last line that it says."""
        lines = self(*words, code=code).stderr.strip().splitlines()
        assert lines, "a failure says what happened"
        return lines[-1]


@pytest.fixture
def hub(tmp_path: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """The command, whose gateways talk to the town's hub."""

    def joins(
        path: Path,
        url: str,
        code: str,
        member: MemberId,
        desk: Desk,
        now: datetime,
        acts_for: MemberId | None,
    ) -> Joined:
        assert now.tzinfo is not None
        return join(path, url, code, member, desk, wire.town.now, acts_for, wire.client())

    monkeypatch.setattr("adapters.member.gateway.Gateway", wire.opens)
    monkeypatch.setattr("adapters.member.joining.join", joins)
    return Terminal(tmp_path)


@pytest.fixture
def leavers(tmp_path: Path) -> Path:
    """A file with a good row, a broken one, and somebody out of scope."""
    path = tmp_path / "leavers.csv"
    path.write_text(CSV)
    return path


def at(gateway: Gateway) -> tuple[str, str]:
    """In this gateway's home."""
    return "--home", str(gateway.home.path)


# --- what every command does ----------------------------------------------------------------------


def groups() -> list[list[str]]:
    """Every command there is, as words."""
    named = [[str(command.name)] for command in app.registered_commands]
    for group in app.registered_groups:
        inner = group.typer_instance
        assert inner is not None
        for command in inner.registered_commands:
            callback = command.callback
            assert callback is not None
            named.append([str(group.name), command.name or callback.__name__.replace("_", "-")])
    return named


@pytest.mark.parametrize("words", groups(), ids=" ".join)
def test_every_command_explains_itself(hub: Terminal, words: list[str]) -> None:
    """In a sentence, with each option."""
    text = hub(*words, "--help").output
    assert "--help" in text


def test_a_wrong_word_is_a_usage_fault(hub: Terminal, leavers: Path) -> None:
    """Exit code 2."""
    hub("publish", str(leavers), "--type", "surprise", code=USAGE)
    hub("publish", str(leavers.with_name("none.csv")), "--type", "moved_out", code=USAGE)
    hub("inbox", "decide", "dis_x", "perhaps", code=USAGE)
    hub("surprise", code=USAGE)


@pytest.mark.parametrize(
    "words",
    [["inbox", "list"], ["gateway", "status"], ["gateway", "identity"], ["linkage", "held"]],
    ids=" ".join,
)
def test_a_folder_that_is_no_home_is_told_in_one_line(
    hub: Terminal, tmp_path: Path, words: list[str]
) -> None:
    """What happened, and what to do."""
    result = hub(*words, "--home", str(tmp_path), code=FAILED)
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
    assert "hub gateway init" in result.stderr


def test_the_home_is_taken_from_the_environment(
    hub: Terminal, kent: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or from the folder in which one stands."""
    monkeypatch.setenv("HUB_GATEWAY_HOME", str(kent.home.path))
    assert hub.json("gateway", "status")["member"] == "mbr_kent"
    monkeypatch.delenv("HUB_GATEWAY_HOME")
    monkeypatch.chdir(kent.home.path)
    assert hub.json("gateway", "status")["member"] == "mbr_kent"


# --- gateway ---------------------------------------------------------------------------------------


def test_a_member_joins_pins_the_custodian_and_sees_how_it_stands(
    hub: Terminal, town: Town, tmp_path: Path
) -> None:
    """Two fingerprints to compare, then the custodian's."""
    with town.store.write() as work:
        code = enrol.invite(MemberId("mbr_kent"), "Kent", MemberKind.AUTHORITY, work, town.hub, area="886")
    home = ("--home", str(tmp_path / "kent"))
    init = ("gateway", "init", "--hub", URL, "--member", "mbr_kent", "--code", code, *home)
    joined = hub.json(*init)
    assert len(joined["fingerprint"]) == 43
    assert joined["hub_fingerprint"] == town.hub.key.public.key_id
    assert "empty" in hub.fails(*init, code=FAILED)
    custodian = tmp_path / "custodian.json"
    custodian.write_text(json.dumps(town.custodian.keyring.identity.public.jwks))
    pinned = hub.json("gateway", "pin-custodian", str(custodian), *home)
    assert pinned["custodian_fingerprint"] == town.custodian.keyring.identity.public.key_id
    identity = hub("gateway", "identity", *home)
    assert joined["fingerprint"] in identity.stderr
    assert "d" not in json.loads(identity.stdout)["keys"][0]
    status = hub.json("gateway", "status", *home)
    assert (status["member"], status["custodian_pinned"], status["hub_reached"]) == ("mbr_kent", True, True)


def test_status_names_the_epoch_whose_key_is_held(hub: Terminal, kent: Gateway, town: Town) -> None:
    """And how many mandates bind, and which papers are not believed."""
    status = hub.json("gateway", "status", *at(kent))
    assert (status["epoch"], status["mandates"], status["papers_not_believed"]) == (town.epoch, 0, [])
    assert "why" not in status


def test_status_tells_of_a_hub_that_is_down(hub: Terminal, kent: Gateway, wire: Wire) -> None:
    """Exit code 5: try later."""
    wire.down = True
    status = hub.json("gateway", "status", *at(kent), code=LATER)
    assert (status["hub_reached"], status["queued"]) == (False, 0)


# --- read and publish ------------------------------------------------------------------------------


def test_read_names_every_bad_row_and_sends_nothing(hub: Terminal, leavers: Path) -> None:
    """By row, column and reason; the columns are shown; exit code 1."""
    result = hub("read", str(leavers), code=FAILED)
    assert "row 3, column DOB" in result.stderr
    assert "Former postcode" in result.stderr
    assert "2 rows can be used, 1 cannot" in result.stderr
    assert "31/02" not in result.stderr


def test_read_counts_whose_activity_is_no_longer_known(hub: Terminal, tmp_path: Path) -> None:
    """A lapsed activity counts as not known: these are looked at first."""
    file = tmp_path / "people.csv"
    file.write_text(
        "Forename,Surname,DOB,Activity,Currency lapsed\nAda,A,1/2/2009,230,Y\nBen,B,1/2/2009,619,\n"
    )
    assert "0 activities lapse within 28 days, 1 have lapsed" in hub("read", str(file)).stderr


def test_what_read_prints_can_be_read_again(hub: Terminal, leavers: Path, tmp_path: Path) -> None:
    """One JSON line a person."""
    again = tmp_path / "again.jsonl"
    again.write_text(hub("read", str(leavers), "--json", code=FAILED).stdout)
    assert hub("read", str(again), "--json").stdout == again.read_text()


def test_publish_sends_the_good_rows_and_names_the_others(
    hub: Terminal, kent: Gateway, leavers: Path
) -> None:
    """Nothing half sent; out of scope is counted; the same file again sends nothing."""
    done = hub.json("publish", str(leavers), "--type", "moved_out", *at(kent), code=FAILED)
    assert (len(done["promised"]), done["out_of_scope"]) == (1, 1)
    assert [(one["row"], one["column"], one["code"]) for one in done["bad_rows"]] == [
        ("row 3", "DOB", "date-unreadable")
    ]
    again = hub.json("publish", str(leavers), "--type", "moved_out", *at(kent), code=FAILED)
    assert (again["promised"], again["again"]) == ([], 1)


def test_publish_counts_rows_not_what_is_wrong_with_them(
    hub: Terminal, kent: Gateway, tmp_path: Path
) -> None:
    """Two rows with three problems are two rows."""
    path = tmp_path / "broken.csv"
    path.write_text("Forename,Surname,DOB\n,Exampleton,31/02/2009\n,Sample,12/11/2009\n", "utf-8")
    assert (
        "\n2 rows were not sent"
        in hub("publish", str(path), "--type", "moved_out", *at(kent), code=FAILED).stdout
    )


def test_a_file_without_faults_is_good(hub: Terminal, kent: Gateway, tmp_path: Path) -> None:
    """Exit code 0, and a line that says what the hub has promised."""
    path = tmp_path / "good.csv"
    path.write_text("\n".join(CSV.splitlines()[:2]) + "\n")
    assert "1 notices published" in hub("publish", str(path), "--type", "moved_out", *at(kent)).stdout


def test_what_a_hand_has_placed_is_remembered(hub: Terminal, kent: Gateway, tmp_path: Path) -> None:
    """For the next file with the same headers."""
    path = tmp_path / "own.csv"
    path.write_text("Forename,Surname,Birthday of child,Our own\nAda,Exampleton,12/11/2009,x\n")
    told = hub.fails("publish", str(path), "--type", "moved_out", *at(kent), code=FAILED)
    assert "dob" in told
    hub("publish", str(path), "--type", "moved_out", "--map", "Birthday of child=dob", *at(kent))
    hub("publish", str(path), "--type", "moved_out", *at(kent))
    assert "no such" in hub.fails("read", str(path), "--map", "Our own=surprise", code=USAGE)
    hub.fails("read", str(path), "--map", "Our own", code=USAGE)


def test_a_hub_that_is_down_is_try_later(hub: Terminal, kent: Gateway, wire: Wire, tmp_path: Path) -> None:
    """Exit code 5; what is queued goes with the next pull."""
    path = tmp_path / "good.csv"
    path.write_text("\n".join(CSV.splitlines()[:2]) + "\n")
    assert "run the same command again" in _down(
        hub, wire, "publish", str(path), "--type", "moved_out", *at(kent)
    )
    kent.epoch()
    assert "hub inbox pull" in _down(hub, wire, "publish", str(path), "--type", "moved_out", *at(kent))
    hub("inbox", "pull", *at(kent))
    assert [one.state for one in kent.records.all_sent()] == ["published"]


def _down(hub: Terminal, wire: Wire, *words: str) -> str:
    wire.down = True
    line = hub.fails(*words, code=LATER)
    wire.down = False
    return line


def test_a_dry_run_says_who_could_get_what(
    hub: Terminal, neighbours: tuple[Gateway, Gateway], leavers: Path, wire: Wire
) -> None:
    """Exit code 0 where the names could go, 3 where a clause or a flag says no; nothing is sent."""
    kent, _ = neighbours
    dry = ("publish", str(leavers), "--type", "moved_out", "--dry-run", *at(kent))
    hub.fails(*dry, code=USAGE)
    told = hub.json(*dry, "--to", "mbr_medway")
    assert told["rows"] == {"in_scope": 1, "out_of_scope": 1}
    assert [one["category"] for one in told["categories"] if one["permitted"]] == [
        "fact_of_match",
        "identity",
        "address",
        "participation",
        "contact",
        "send",
    ]
    assert told["categories"][1]["permit"]["agreement"] == "agr_kent-medway-movers"
    assert "Refused on" in hub(*dry, "--to", "mbr_custodian", code=REFUSED).stdout
    shielded = leavers.with_name("shielded.csv")
    shielded.write_text(CSV.replace("F886499920001,", "F886499920001,Y"))
    guarded = ("publish", str(shielded), "--type", "moved_out", "--dry-run", "--to", "mbr_medway", *at(kent))
    told = hub.json(*guarded, code=REFUSED)
    assert told["categories"][1]["reasons"][0]["code"] == "R-SHIELD"
    assert not [call for call in wire.calls if "batch" in call]


def test_a_notice_is_withdrawn(hub: Terminal, kent: Gateway) -> None:
    """And nothing of it is kept here."""
    notice = kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer").promised[0]
    assert hub.json("withdraw", notice, *at(kent)) == {"notice": notice, "state": "withdrawn"}
    hub.fails("withdraw", "ntc_00000000000000000000000001", *at(kent), code=FAILED)
    hub.fails("withdraw", "nonsense", *at(kent), code=FAILED)


# --- the inbox --------------------------------------------------------------------------------------


@pytest.fixture
def arrived(town: Town, neighbours: tuple[Gateway, Gateway]) -> tuple[Gateway, Gateway]:
    """Ada's move has been delivered to Medway."""
    move(*neighbours)
    come_to_rest(town, *neighbours)
    return neighbours


def test_the_inbox_from_pull_to_outcome(
    hub: Terminal, town: Town, neighbours: tuple[Gateway, Gateway], tmp_path: Path
) -> None:
    """Each step by its own command; the evidence is checked without any hub."""
    kent, medway = neighbours
    assert "Nothing has come" in hub("inbox", "list", *at(medway)).stdout
    move(kent, medway)
    totals = {"granted": 0, "delivered": 0}
    for _ in range(5):
        town.slot()
        for gateway in neighbours:
            taken = hub.json("inbox", "pull", *at(gateway))["taken"]
            totals = {name: count + taken[name] for name, count in totals.items()}
    assert totals == {"granted": 2, "delivered": 4}
    listed = hub.json("inbox", "list", *at(medway))
    item = listed["received"][0]["item"]
    assert "Exampleton" not in hub("inbox", "list", *at(medway)).stdout
    kept = tmp_path / "evidence"
    opened = hub("inbox", "open", item, "--evidence", str(kept), *at(medway))
    assert "Exampleton" in opened.stdout
    assert "agr_kent-medway-movers v1, clause" in opened.stdout
    proof, opening = (
        tmp_path / "evidence" / f"{item}.tlog-proof",
        tmp_path / "evidence" / f"{item}.opening.json",
    )
    found = hub.json("audit", "verify", str(proof), "--opening", str(opening), *at(medway))
    assert (found["holds"], found["record"]["kind"]) == (True, "release")
    hub("inbox", "ack", item, *at(medway))
    last = listed["received"][1]["item"]
    assert hub.json("inbox", "outcome", last, "in_caseload", *at(medway))["outcome"] == "in_caseload"
    assert hub.json("inbox", "open", item, *at(medway))["seen"] is True


def test_a_delivery_that_does_not_hold_is_exit_code_4(
    hub: Terminal, town: Town, wire: Wire, neighbours: tuple[Gateway, Gateway]
) -> None:
    """It is named, and tried again when somebody asks."""
    move(*neighbours)
    town.slot()
    for gateway in neighbours:
        gateway.poll()
    town.slot()
    _, medway = neighbours
    wire.tampers = lambda call, answer: (200, b"{}") if call.endswith("/delivery") else answer
    result = hub("inbox", "pull", *at(medway), code=UNPROVED)
    assert "not used: delivery dis_" in result.stderr
    wire.tampers = lambda _, answer: answer
    assert hub.json("inbox", "pull", "--again", *at(medway))["again"]["delivered"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ["open"],
        ["ack"],
        ["outcome", "not_ours"],
        ["decide", "same"],
        ["approve"],
        ["grant"],
        ["approve", "--no"],
        ["grant", "--no"],
    ],
    ids=" ".join,
)
def test_what_is_not_here_cannot_be_answered(hub: Terminal, kent: Gateway, words: list[str]) -> None:
    """One line, and where to look."""
    command, *rest = words
    line = hub.fails("inbox", command, "dis_00000000000000000000000001", *rest, *at(kent), code=FAILED)
    assert "hub inbox list" in line


def test_an_officer_decides_what_no_machine_may(
    hub: Terminal, town: Town, neighbours: tuple[Gateway, Gateway]
) -> None:
    """An unsure identity, by name; what waits says what to do next."""
    kent, medway = neighbours
    kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    medway.publish([replace(ADA, given="Adah")], NoticeType.NEW_ARRIVAL, "A. Officer")
    come_to_rest(town, kent, medway)
    (waiting,) = hub.json("inbox", "list", *at(medway))["waiting"]
    assert (waiting["kind"], waiting["next"]) == ("unsure", "hub inbox decide ITEM same|different")
    hub("inbox", "decide", waiting["item"], "same", "--officer", "N. Officer", *at(medway))
    assert hub.json("inbox", "list", *at(medway))["waiting"] == []


def test_officers_approve_and_grant(hub: Terminal, town: Town, neighbours: tuple[Gateway, Gateway]) -> None:
    """A shielded match, on both sides, and then the key."""
    kent, medway = neighbours
    kent.publish([SHIELDED], NoticeType.MOVED_OUT, "A. Officer")
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, "A. Officer")
    for gateway in (medway, kent):
        come_to_rest(town, kent, medway)
        (task,) = hub.json("inbox", "list", *at(gateway))["waiting"]
        listed = hub("inbox", "list", *at(gateway)).stdout
        assert "--named" in listed
        assert task["notice"] in listed
        hub("inbox", "approve", task["item"], "--named", *at(gateway))
    come_to_rest(town, kent, medway)
    (request,) = hub.json("inbox", "list", *at(kent))["waiting"]
    assert hub.json("inbox", "grant", request["item"], *at(kent))["granted"] is True


def test_a_caseload_is_kept_sealed(hub: Terminal, kent: Gateway, leavers: Path) -> None:
    """Everybody that can be read; the rest are named."""
    assert hub.json("caseload", "load", str(leavers), *at(kent), code=FAILED) == {"known": 2, "bad_rows": 1}
    assert kent.records.caseload_born("2009-11-12") == [
        {"given": "Ada", "family": "Exampleton", "dob": "2009-11-12"}
    ]


# --- papers -----------------------------------------------------------------------------------------


def test_an_agreement_from_lint_to_end(hub: Terminal, town: Town, kent: Gateway, medway: Gateway) -> None:
    """Checked, read, proposed, signed by digest, suspended, resumed, ended."""
    file = str(AGREEMENTS / "kent-medway-movers.json")
    digest = hub.json("agreement", "lint", file)["digest"]
    assert digest in hub("agreement", "explain", file).stdout
    assert hub.json("agreement", "propose", file, *at(kent))["digest"] == digest
    name = "agr_kent-medway-movers"
    assert digest in hub("agreement", "explain", name, *at(medway)).stdout
    wrong = "A" * 43
    hub.fails("agreement", "sign", name, "--digest", wrong, *at(medway), code=UNPROVED)
    hub("agreement", "sign", name, "--digest", digest, *at(medway))
    town.slot()
    (listed,) = hub.json("agreement", "list", *at(kent))["agreements"]
    assert (listed["state"], sorted(listed["signed_by"])) == ("in_force", ["mbr_kent", "mbr_medway"])
    assert hub.json("agreement", "show", name, *at(kent))["state"] == "in_force"
    hub("agreement", "suspend", name, *at(kent))
    assert hub.json("agreement", "show", name, *at(kent))["state"] == "suspended"
    town.slot()
    hub("agreement", "suspend", name, "--resume", *at(kent))
    town.slot()
    hub("agreement", "suspend", name, "--end", *at(medway))
    assert hub.json("agreement", "show", name, *at(kent))["state"] == "ended"


def test_a_document_that_does_not_fit_is_told_clause_by_clause(hub: Terminal, tmp_path: Path) -> None:
    """Exit code 1."""
    document = json.loads((AGREEMENTS / "kent-medway-movers.json").read_text("utf-8"))
    document["clauses"][0]["from"] = ["nobody"]
    (tmp_path / "bad.json").write_text(json.dumps(document))
    assert "clause 1.1" in hub.fails("agreement", "lint", str(tmp_path / "bad.json"), code=FAILED)
    (tmp_path / "text.json").write_text("{")
    hub.fails("agreement", "lint", str(tmp_path / "text.json"), code=FAILED)


def test_mandates_and_requests_are_lodged(
    hub: Terminal, town: Town, wire: Wire, kent: Gateway, company: Gateway, tmp_path: Path
) -> None:
    """By the authority, for some days, until it ends them; both ends see which stand."""
    college = wire.joins("mbr_north-kent-college", tmp_path / "college", MemberKind.COLLEGE)
    hub("mandate", "sign", "mbr_thames-careers", "--days", "30", *at(kent))
    hub("request", "lodge", "mbr_north-kent-college", *at(kent))
    town.slot()
    assert company.terms().doubted == college.terms().doubted == ()
    asked = {"authority": "mbr_kent", "institution": "mbr_north-kent-college", "ours": True}
    assert hub.json("request", "list", *at(kent))["requests"] == [asked]
    assert hub.json("request", "list", *at(college))["requests"] == [asked]
    assert hub.json("mandate", "end", "mbr_thames-careers", *at(kent))["ended"] is True
    assert hub.json("request", "end", "mbr_north-kent-college", *at(kent))["ended"] is True
    town.slot()
    assert hub.json("request", "list", *at(kent))["requests"] == []
    hub.fails("mandate", "sign", "nobody", *at(kent), code=FAILED)


def test_a_custodian_opens_and_wraps_epochs(
    hub: Terminal, town: Town, wire: Wire, kent: Gateway, medway: Gateway, tmp_path: Path
) -> None:
    """In its own home; members without logged keys are named and left out."""
    home = wire.joins("mbr_other-custodian", tmp_path / "custodian", MemberKind.OBSERVER).home
    home.keep(town.custodian.keyring)
    home.pin(replace(home.pinned(), member=CUSTODIAN))
    (home.path / "records.db").unlink()
    there = ("--home", str(home.path))
    opened = hub.json("linkage", "new-epoch", "--member", "mbr_kent", *there)
    assert opened["wrapped_to"] == ["mbr_kent"]
    town.slot()
    wrapped = hub.json("linkage", "wrap", opened["epoch"], *there)
    assert set(wrapped["wrapped_to"]) == {"mbr_kent", "mbr_medway", "mbr_other-custodian"}
    held = {one["epoch"]: one["held"] for one in hub.json("linkage", "held", *there)["epochs"]}
    assert held == {town.epoch: False, opened["epoch"]: True}
    hub.fails("linkage", "wrap", "nonsense", *there, code=FAILED)


def test_a_rotation_reaches_every_gateway_and_its_open_notices(
    hub: Terminal, town: Town, wire: Wire, kent: Gateway, medway: Gateway, tmp_path: Path
) -> None:
    """One notice from before it and one from after it meet, once the older one's tokens are made anew."""
    home = wire.joins("mbr_other-custodian", tmp_path / "custodian", MemberKind.OBSERVER).home
    home.keep(town.custodian.keyring)
    home.pin(replace(home.pinned(), member=CUSTODIAN))
    (home.path / "records.db").unlink()
    town.agrees("kent-medway-movers")
    kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    town.slot()
    rotated = hub.json(
        "linkage", "rotate", "--member", "mbr_kent", "--member", "mbr_medway", "--home", str(home.path)
    )
    town.slot()
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, "A. Officer")
    town.slot()
    assert medway.epoch() == rotated["epoch"] != town.epoch
    checked = hub.json("linkage", "check", *at(kent))
    assert (checked["epoch"], len(checked["renewed"]), checked["epoch_expired"]) == (rotated["epoch"], 1, [])
    assert hub.json("linkage", "check", *at(kent))["renewed"] == []
    for _ in range(4):
        town.slot()
        kent.poll()
        medway.poll()
    assert [one.stage for one in medway.received()] == ["identity", "rest"]


def test_a_notice_that_cannot_be_made_anew_is_named(
    hub: Terminal, town: Town, wire: Wire, kent: Gateway, tmp_path: Path
) -> None:
    """Its row is published again, or it is found no more once its epoch ends."""
    home = wire.joins("mbr_other-custodian", tmp_path / "custodian", MemberKind.OBSERVER).home
    home.keep(town.custodian.keyring)
    home.pin(replace(home.pinned(), member=CUSTODIAN))
    (home.path / "records.db").unlink()
    (notice,) = kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer").promised
    sent = kent.records.sent(notice)
    assert sent is not None
    assert isinstance(sent.body, dict)
    kent.records.rewrite(notice, {name: value for name, value in sent.body.items() if name != "person"})
    hub.json("linkage", "rotate", "--member", "mbr_kent", "--home", str(home.path))
    town.slot()
    assert f"epoch_expired  {notice}" in hub("linkage", "check", *at(kent), code=FAILED).stdout


# --- offline ---------------------------------------------------------------------------------------------


def decision(name: str, folder: Path) -> str:
    """A worked question, beside the agreements that it names."""
    (path,) = (ROOT / "tests" / "decisions").glob(f"{name}-*.json")
    for agreement in AGREEMENTS.glob("*.json"):
        (folder / agreement.name).write_bytes(agreement.read_bytes())
    (folder / path.name).write_bytes(path.read_bytes())
    return str(folder / path.name)


def test_a_question_on_paper_is_answered(hub: Terminal, tmp_path: Path) -> None:
    """Exit code 0 where permitted, 3 where refused; agreement, version and clause either way."""
    permitted = hub.json("decide", decision("002", tmp_path))
    assert (permitted["permitted"], permitted["agreement"]) == (True, "agr_kent-medway-movers")
    refused = hub.json("decide", decision("061", tmp_path), code=REFUSED)
    assert refused["reasons"][0]["code"] == "R-OBJECTION"
    assert "Refused on" in hub("decide", decision("061", tmp_path), code=REFUSED).stdout
    (tmp_path / "bad.json").write_text("[]")
    hub.fails("decide", str(tmp_path / "bad.json"), code=FAILED)


@pytest.fixture
def published(town: Town, neighbours: tuple[Gateway, Gateway], tmp_path: Path) -> Path:
    """The town's log as a folder."""
    folder = tmp_path / "log"
    with town.store.read() as work:
        signed = work.log.signed()
        assert signed is not None
        for path, data in files_of(signed[1], work.log.node, work.log.leaves):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
    (folder / "vkey").write_text(town.hub.log_key.vkey + "\n")
    return folder


def test_a_published_log_is_checked_from_its_files(hub: Terminal, published: Path, town: Town) -> None:
    """Under the key given, else the home's, else the one beside it."""
    found = hub.json("audit", "verify", str(published))
    assert (found["holds"], found["entries"]) == (True, found["size"])
    assert hub.json("audit", "verify", str(published), "--vkey", town.hub.log_key.vkey) == found
    assert hub.json("audit", "verify", str(published), "--vkey", str(published / "vkey")) == found


@pytest.mark.parametrize("what", ["entry", "tile", "checkpoint", "missing", "key"])
def test_a_log_that_does_not_hold_is_exit_code_4(hub: Terminal, published: Path, what: str) -> None:
    """And what is wrong is named."""
    if what == "key":
        (published / "vkey").unlink()
    else:
        folder = {"entry": "tile/entries", "checkpoint": ""}.get(what, "tile/0")
        path = next(one for one in sorted((published / folder).rglob("*")) if one.is_file())
        data = path.read_bytes()
        if what == "missing":
            path.unlink()
        else:
            path.write_bytes(data[:40] + bytes([data[40] ^ 1]) + data[41:])
    hub.fails("audit", "verify", str(published), code=UNPROVED)


@pytest.fixture
def served(published: Path) -> Iterator[str]:
    """The same folder at an address of this machine, by a server that knows nothing of logs."""
    server = QuietServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(published)))
    with server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class QuietServer(ThreadingHTTPServer):
    """Who hangs up in the middle of an answer is no fault to be printed."""

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


class QuietHandler(SimpleHTTPRequestHandler):
    """Files of a folder, and no line about it."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_log_is_checked_at_its_address(hub: Terminal, published: Path, served: str, town: Town) -> None:
    """The same as from its files, under a key that has to be given; a slash at the end is none the worse."""
    key = "--vkey", town.hub.log_key.vkey
    found = hub.json("audit", "verify", str(published))
    assert hub.json("audit", "verify", served, *key) == found
    assert hub.json("audit", "verify", f"{served}/", *key) == found
    assert "vkey-missing" in hub.fails("audit", "verify", served, code=UNPROVED)


@pytest.mark.parametrize("what", ["altered", "missing", "endless"])
def test_an_address_that_shows_another_log_is_exit_code_4(
    hub: Terminal, published: Path, served: str, town: Town, what: str
) -> None:
    """Whoever serves it, nothing is believed; and no more is read than a file of a log can have."""
    path = next(one for one in sorted((published / "tile/entries").rglob("*")) if one.is_file())
    data = path.read_bytes()
    if what == "missing":
        path.unlink()
    else:
        path.write_bytes(
            data[:40] + bytes([data[40] ^ 1]) + data[41:] if what == "altered" else bytes(1 << 23)
        )
    said = hub.fails("audit", "verify", served, "--vkey", town.hub.log_key.vkey, code=UNPROVED)
    assert ("log-entry" if what == "altered" else "log-file") in said


def test_an_address_without_an_answer_proves_nothing_either_way(hub: Terminal, town: Town) -> None:
    """Nobody is there: later. What is no address at all is a mistake in the command."""
    key = "--vkey", town.hub.log_key.vkey
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else answers there
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert "try again later" in hub.fails("audit", "verify", address, *key, code=LATER)
    hub.fails("audit", "verify", "http://127.0.0.1:port", *key, code=USAGE)


def test_a_proof_needs_its_opening_and_the_right_one(
    hub: Terminal, arrived: tuple[Gateway, Gateway], tmp_path: Path
) -> None:
    """Exit code 2 without one, 4 with another."""
    _, medway = arrived
    item = medway.received()[0].item
    hub("inbox", "open", item, "--evidence", str(tmp_path), *at(medway))
    proof, opening = tmp_path / f"{item}.tlog-proof", tmp_path / f"{item}.opening.json"
    hub.fails("audit", "verify", str(proof), *at(medway), code=USAGE)
    changed = json.loads(opening.read_text())
    changed["record"]["recipient"] = "mbr_lambeth"
    opening.write_text(json.dumps(changed))
    hub.fails("audit", "verify", str(proof), "--opening", str(opening), *at(medway), code=UNPROVED)


@pytest.mark.parametrize(
    ("postcode", "code", "authority"),
    [
        ("ME4 4TR", GOOD, "887"),
        ("me144xx", GOOD, "886"),
        ("ZZ99 3VZ", FAILED, None),
        ("nonsense", FAILED, None),
    ],
)
def test_a_postcode_is_routed(hub: Terminal, postcode: str, code: int, authority: str | None) -> None:
    """To its authority, or to a person."""
    found = hub.json("route", postcode, code=code)
    assert (found["authority"], found["table"]) == (authority, "ONSPD November 2025")


def test_matching_is_measured_on_files(hub: Terminal, tmp_path: Path) -> None:
    """Through hashes only, with the truth known."""
    people = "id,first_name,last_name,dob,postcode\n"
    names = [("Ada", "Exampleton", "2009-11-12", "ME14 1XQ"), ("Ben", "Sample", "2010-03-04", "ME4 4TR"),
             ("Cy", "Otherwise", "2008-07-09", "LS1 1BA")]  # fmt: skip
    for side in ("left", "right"):
        rows = "".join(f"{side}{at},{','.join(one)}\n" for at, one in enumerate(names))
        (tmp_path / f"{side}.csv").write_text(people + rows)
    (tmp_path / "truth.csv").write_text(
        "left_id,right_id\n" + "".join(f"left{at},right{at}\n" for at in range(3))
    )
    files = [str(tmp_path / f"{name}.csv") for name in ("left", "right", "truth")]
    found = hub.json("match", "evaluate", files[0], files[1], "--truth", files[2])
    assert (found["left"], found["right"], found["true_pairs"], found["f1"]) == (3, 3, 3, 1.0)
    assert "f1 1.0000" in hub("match", "evaluate", files[0], files[1], "--truth", files[2]).stdout
    hub.fails("match", "evaluate", files[0], files[2], "--truth", files[2], code=FAILED)
    assert "nearest" not in found
    page = tmp_path / "report.html"
    asked = ("match", "evaluate", files[0], files[1], "--truth", files[2], "--html", str(page))
    assert "Exampleton" not in hub(*asked).stdout
    assert "Exampleton" in page.read_text()
    explained = hub.json(*asked, "--pairs", "1")["nearest"]
    assert all(pair["true"] and pair["left"]["dob"] == pair["right"]["dob"] for pair in explained)
    said = hub(*asked, "--pairs", "1").stdout
    assert "one person" in said
    assert "the same date of birth" in said


def test_an_evaluation_of_files_that_do_not_fit_writes_nothing(hub: Terminal, tmp_path: Path) -> None:
    """No id column, a truth about others: one line that names file and row, and no report."""
    people, other, truth = (tmp_path / name for name in ("people.csv", "other.csv", "truth.csv"))
    people.write_text("id,first_name\n1,Ada\n")
    other.write_text("name\nAda\n")
    truth.write_text("left_id,right_id\n1,2\n")
    page = tmp_path / "report.html"
    for right, words in (
        (other, "other.csv has no column id"),
        (people, "truth.csv row 2: right_id names nobody"),
    ):
        asked = ("match", "evaluate", str(people), str(right), "--truth", str(truth), "--html", str(page))
        assert words in hub(*asked, code=FAILED).stderr
        assert not page.exists()


def test_what_an_index_gives_away_is_measured(hub: Terminal, tmp_path: Path) -> None:
    """Made from a file under a key that is thrown away, attacked without it; told plainly what a key does."""
    people, index = tmp_path / "people.csv", tmp_path / "index.jsonl"
    rows = [f"p{at},Ada{'bc'[at % 2]},Exampleton,2009-11-{at % 9 + 10},ME14 1XQ" for at in range(40)]
    people.write_text("\n".join(["id,first_name,last_name,dob,postcode", *rows]))
    assert hub.json("match", "tokens", str(people), "--out", str(index)) == {"records": 40}
    attack = ("match", "leak", str(index), "--aux", str(people))
    found = hub.json(*attack)
    assert (found["records"], found["leaked_records"], found["with_a_members_key"]) == (40, 20, "everything")
    assert found["birthdays_decoded"]["all_columns"] > 0.5
    said = hub(*attack, "--leaked", "3").stdout
    assert "with a member's key: everything" in said
    assert "one member's 3 records" in said
    assert "Exampleton" not in index.read_text() + said
    hub.fails("match", "leak", str(people), "--aux", str(people), code=FAILED)
    hub.fails(*attack, "--member", "mbr_nobody", code=FAILED)
    hub.fails("match", "tokens", str(index), "--out", str(tmp_path / "none.jsonl"), code=FAILED)
    assert not (tmp_path / "none.jsonl").exists()


def test_nothing_in_an_answer_needs_a_colour(hub: Terminal, kent: Gateway) -> None:
    """Where nobody looks, no escape sequences are written."""
    assert "\x1b" not in hub("gateway", "status", *at(kent)).output


def test_progress_is_quiet_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then a line now and then where no terminal is, on standard error."""
    told: list[str] = []
    seconds = iter([0.0, 0.5, 1.5, 2.0, 7.0])
    monkeypatch.setattr(terminal, "note", told.append)
    monkeypatch.setattr("adapters.member.cli.terminal.time.monotonic", lambda: next(seconds))
    with terminal.progress("rows", 4) as tell:
        tell(1)
        tell(2)
    assert told == ["rows: 2 of 4"]


class NullPoller:
    """A poller that notes what it is told to do; a development double, for tests alone."""

    did: list[str]
    reached = True

    def __init__(self, *_: object) -> None:
        NullPoller.did = []

    def run_here(self) -> None:
        """Poll on this thread."""
        self.did.append("here")

    def start(self) -> None:
        """Poll on another thread."""
        self.did.append("start")

    def stop(self) -> None:
        """Poll no more."""
        self.did.append("stop")


def test_a_gateway_runs_by_itself(hub: Terminal, kent: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """It polls and serves until it is stopped; a port that is taken is said."""
    monkeypatch.setattr("adapters.member.polling.Poller", NullPoller)
    ports: list[int] = []

    def serve(_app: object, port: int) -> bool:
        ports.append(port)
        return len(ports) == 1

    monkeypatch.setattr("adapters.member.local_api.serve", serve)
    told = hub("gateway", "run", *at(kent)).stderr
    assert "http://127.0.0.1:8001" in told
    assert kent.home.token() not in told
    assert NullPoller.did == ["start", "stop"]
    assert "choose another" in hub.fails("gateway", "run", "--port", "8009", *at(kent), code=FAILED)
    assert ports == [8001, 8009]
    hub("gateway", "run", "--no-api", *at(kent))
    assert NullPoller.did == ["here"]


def test_a_reachable_hub_that_lists_no_epoch_is_told(hub: Terminal, kent: Gateway, wire: Wire) -> None:
    """Status says why nothing can be hashed yet."""
    wire.tampers = lambda call, answer: (200, {"data": []}) if call.endswith("/epochs") else answer
    assert "epoch" in hub.json("gateway", "status", *at(kent))["why"]


def test_what_the_hub_forbids_is_exit_code_3(hub: Terminal, kent: Gateway, wire: Wire) -> None:
    """And what it merely declines is 1."""
    answer: dict[str, Any] = {"code": "scope-insufficient", "detail": "ask for another"}
    wire.tampers = lambda call, given: (403, answer) if call == "GET /v1/inbox" else given
    assert "scope-insufficient" in hub.fails("inbox", "pull", *at(kent), code=REFUSED)
    wire.tampers = lambda call, given: (409, answer) if call == "GET /v1/inbox" else given
    hub.fails("inbox", "pull", *at(kent), code=FAILED)


def test_a_flag_is_set_listed_and_taken_back(
    town: Town, hub: Terminal, neighbours: tuple[Gateway, Gateway]
) -> None:
    """By local reference; what went out before is recalled, and who has signed is shown."""
    kent, medway = neighbours
    kent.publish([replace(ADA, local_ref="K-1")], NoticeType.MOVED_OUT, "A. Officer")
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, "B. Officer")
    come_to_rest(town, kent, medway)
    words = ("flag", "set", "K-1", "instruction", "--by", "young_person", "--part", "participation")
    told = hub.json(*words, *at(kent))
    assert (told["made_by"], told["parts"], told["later"]) == ("young_person", ["participation"], None)
    assert [one["member"] for one in told["recalled"]] == ["mbr_medway"]
    come_to_rest(town, kent, medway)
    assert [one["state"] for one in hub.json("flag", "list", "K-1", *at(kent))["recalls"]] == ["erased"]
    (waiting,) = hub.json("inbox", "list", *at(medway))["waiting"]
    hub("recall", "done", waiting["item"], *at(medway))
    come_to_rest(town, kent, medway)
    assert "done" in hub("recall", "list", *at(kent)).stdout
    hub("flag", "end", told["flag"], *at(kent))
    assert hub.json("flag", "list", *at(kent))["flags"][0]["withdrawn"]
    (sent,) = [one for one in kent.records.all_sent() if one.type == "moved_out"]
    recalled = hub.json("notice", "recall", sent.notice, "--part", "address", *at(kent))["recalls"]
    assert [one["parts"] for one in recalled] == [["participation"], ["address"]]
    whole = hub.json("notice", "recall", sent.notice, *at(kent))["recalls"]
    assert sorted(len(one["parts"]) for one in whole) == [1, 1, 10]


def test_a_consent_has_a_record_and_an_end(hub: Terminal, kent: Gateway) -> None:
    """Header, processing, parties, events; and a person hears that it ends soon."""
    told = hub.json(
        "flag", "set", "K-1", "consent", "--by", "young_person", "--part", "contact",
        "--until", "2026-12-01", "--evidence", "form 7", *at(kent)
    )  # fmt: skip
    record = hub.json("flag", "record", told["flag"], *at(kent))
    assert record["schema_version"] == "ISO/IEC TS 27560:2023"
    assert record["pii_processing"][0]["pii_information"][0]["pii_type"] == "contact"
    assert [event["event_state"] for event in record["events"]] == ["given"]
    assert (kent.flagging.remind(), kent.flagging.remind()) == (1, 0)
    (waiting,) = hub.json("inbox", "list", *at(kent))["waiting"]
    assert waiting["next"].startswith("hub flag renew")
    again = hub.json(
        "flag", "renew", told["flag"], "--by", "young_person", "--until", "2027-12-01", *at(kent)
    )
    assert (kent.flagging.remind(), hub.json("inbox", "list", *at(kent))["waiting"]) == (0, [])
    hub("flag", "end", again["flag"], *at(kent))
    ended = hub.json("flag", "record", again["flag"], *at(kent))
    assert [event["event_state"] for event in ended["events"]] == ["given", "withdrawn"]
    line = hub.fails("flag", "set", "K-1", "consent", "--by", "officer", *at(kent), code=USAGE)
    assert "never an officer's" in line


def test_the_right_row_goes_where_the_wrong_one_went(
    town: Town, hub: Terminal, neighbours: tuple[Gateway, Gateway], tmp_path: Path
) -> None:
    """`hub notice correct`: one row, to everybody who was told."""
    kent, medway = neighbours
    move(kent, medway)
    come_to_rest(town, kent, medway)
    right = tmp_path / "right.csv"
    right.write_text("\n".join(CSV.splitlines()[:2]))
    (sent,) = kent.records.all_sent()
    corrected = hub.json("notice", "correct", sent.notice, str(right), *at(kent))["recalls"]
    assert [(one["member"], one["reason"]) for one in corrected] == [("mbr_medway", "correction")]
    right.write_text(CSV)
    assert "one row" in hub.fails("notice", "correct", sent.notice, str(right), *at(kent), code=FAILED)


def test_all_evidence_goes_into_one_file_that_proves_itself(
    hub: Terminal, arrived: tuple[Gateway, Gateway], town: Town, tmp_path: Path
) -> None:
    """Exported in the home, checked anywhere; one altered byte is exit code 4."""
    _, medway = arrived
    file = tmp_path / "medway.zip"
    assert hub.json("audit", "export", str(file), *at(medway))["entries"] > 4
    elsewhere = "--home", str(tmp_path)
    found = hub.json("audit", "verify", str(file), "--vkey", town.hub.log_key.vkey, *elsewhere)
    assert (found["holds"], found["pinned"], found["kinds"]["release"]) == (True, True, 4)
    said = hub("audit", "verify", str(file), *elsewhere).stdout
    assert "Not proved:\n- that this is the hub's log at all" in said
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))
    hub.fails("audit", "verify", str(file), *elsewhere, code=UNPROVED)


def test_what_speaks_against_the_hub_is_shown_in_red_and_written_out(
    hub: Terminal, arrived: tuple[Gateway, Gateway], town: Town, tmp_path: Path
) -> None:
    """Both notes as files, and exit code 4; nothing of the kind where all is well."""
    kent, _ = arrived
    assert hub.json("audit", "status", *at(kent))["evidence"] == []
    seen = kent.auditor.seen()
    assert seen is not None
    forged = sign_checkpoint(Checkpoint("hub.example", seen.size, bytes(32)), town.hub.key, "hub.example")
    with pytest.raises(Untrusted):
        kent.auditor.accept(forged)
    said = hub("audit", "status", "--evidence", str(tmp_path / "out"), *at(kent), code=UNPROVED)
    assert "FORK" in said.stdout
    shown = (tmp_path / "out" / "fork-1-shown.checkpoint").read_text("utf-8")
    assert shown == forged


def test_two_members_compare_their_month(
    hub: Terminal, arrived: tuple[Gateway, Gateway], town: Town, tmp_path: Path
) -> None:
    """Each writes its account; the other's is checked and compared; a difference is exit code 1."""
    kent, medway = arrived
    month, file = f"{town.now:%Y-%m}", tmp_path / "medway.account"
    asked = "audit", "reconcile", "mbr_kent", "--month", month, "--out", str(file), *at(medway)
    assert hub.json(*asked)["received"] == 2
    compared = "audit", "reconcile", "mbr_medway", "--month", month, "--with", str(file), *at(kent)
    assert hub.json(*compared)["differences"] == []
    assert "say the same" in hub(*compared).stdout
    file.write_text(make_account(medway, kent.pinned.member, "2026-10")[1])
    hub.fails(*compared, code=UNPROVED)
