"""The demonstration as a newcomer runs it: once, as a process of its own, and what it leaves behind."""

import csv
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from adapters.demo.people import Region, make_region
from hub.protocols.canonical import b64u
from tests.independent.verify_log import verify_log
from tests.simulators.clear_text import dates, facts_in

ROOT = Path(__file__).parents[3]
SEED = 5
HOMES = {
    "kent", "medway", "lambeth", "southwark", "thames-careers", "thames-college", "north-kent-college",
    "observer", "custodian",
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One run of the demonstration."""

    out: Path
    code: int
    told: str
    complaints: str
    day: date

    @property
    def summary(self) -> dict[str, Any]:
        """What `summary.json` says."""
        summary: dict[str, Any] = json.loads((self.out / "summary.json").read_text("utf-8"))
        return summary

    @property
    def region(self) -> Region:
        """The made-up people of this run."""
        return make_region(SEED, self.day)

    def opened(self, home: str) -> list[dict[str, Any]]:
        """Everything that one member opened."""
        return [
            json.loads(path.read_text("utf-8")) for path in (self.out / "region" / home / "opened").iterdir()
        ]


def hub(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the `hub` command as somebody at a prompt would."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return subprocess.run(
        [sys.executable, "-m", "hub.cli", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run it once for all tests."""
    out, day = tmp_path_factory.mktemp("demo") / "demo-out", datetime.now(UTC).date()
    done = hub("demo", "--seed", str(SEED), "--out", str(out))
    return Run(out, done.returncode, done.stdout, done.stderr, day)


def test_it_ends_by_itself_and_well(run: Run) -> None:
    """Exit code 0, nothing on standard error, nine numbered lines, and where to go next."""
    assert (run.code, run.complaints) == (0, "")
    assert re.findall(r"^ (\d) ", run.told, re.MULTILINE) == list("123456789")
    assert str(run.out / "index.html") in run.told
    assert "next: hub demo --serve" in run.told


def test_it_leaves_what_it_says(run: Run) -> None:
    """The report, the summary, each member's home, the hub's folder, the log in its static layout."""
    assert {path.name for path in run.out.iterdir()} == {"index.html", "summary.json", "region", "hub", "log"}
    assert {path.name for path in (run.out / "region").iterdir() if path.is_dir()} == HOMES
    assert {"hub.db", "hub.log"} <= {path.name for path in (run.out / "hub").iterdir()}
    assert {path.name for path in (run.out / "log").iterdir()} == {"checkpoint", "tile", "vkey"}


def test_the_summary_has_exactly_its_fields(run: Run) -> None:
    """Whoever reads it by a program finds the names that were promised."""
    inside = {
        "agreements": {"in_force", "expired"},
        "lapse": {"agreement", "last_second", "then"},
        "matched": {"certain", "second_look", "none"},
        "truth": {"precision", "recall"},
        "recalled": {"part", "asked", "erased"},
        "log": {"size", "root", "proofs_verified", "tamper_detected"},
        "probe": {"learned"},
    }
    summary = run.summary
    assert set(summary) == {
        "members", "agreements", "published", "matched", "truth", "released", "refused", "lapse",
        "opened", "acknowledged", "recalled", "log", "probe", "seconds",
    }  # fmt: skip
    assert {name: set(summary[name]) for name in inside} == inside


def test_the_summary_is_true_of_what_was_left(run: Run) -> None:
    """Counts are those of the files beside it; whatever was released was opened and acknowledged."""
    summary, opened = run.summary, [one for home in HOMES for one in run.opened(home)]
    assert summary["members"] == len(HOMES)
    assert summary["agreements"] == {"in_force": 6, "expired": 1}
    assert summary["released"] == summary["opened"] == summary["acknowledged"] == len(opened) > 0
    matched = summary["matched"]
    assert 2 * (matched["certain"] + matched["second_look"]) + matched["none"] == summary["published"]
    assert {"R-EXPIRED", "R-INSTRUCTION", "R-SHIELD", "R-NOREQUEST"} <= set(summary["refused"])
    assert summary["log"]["tamper_detected"] is True
    assert summary["log"]["proofs_verified"] >= summary["released"]
    assert summary["probe"] == {"learned": False}


def test_nobody_opened_anything_of_somebody_else(run: Run) -> None:
    """Each opened name is of a person whom truth.csv, or an enrolment, puts at its recipient."""
    with (run.out / "region" / "truth.csv").open(encoding="utf-8", newline="") as text:
        pairs = {
            (row["person"], row[f"{side}_member"])
            for row in csv.DictReader(text)
            for side in ("left", "right")
        }
    known = {(r.given, r.family, r.dob.isoformat()): r.person for r in run.region.records}
    residents = {(record.person, record.member) for record in run.region.records}
    named = 0
    for home in HOMES:
        for one in run.opened(home):
            identity = one["facts"].get("identity")
            if identity is not None:
                person = known[identity["given"], identity["family"], identity["dob"]]
                assert (person, home) in (pairs if one["answers"] else residents)
                named += 1
    assert named == sum(one["stage"] == "identity" for home in HOMES for one in run.opened(home)) > 20


def test_precision_and_recall_are_those_of_the_truth(run: Run) -> None:
    """No more matches are claimed than the two figures and the true pairs allow."""
    summary = run.summary
    called = summary["matched"]["certain"] + summary["matched"]["second_look"]
    found = re.search(r"truth known: (\d+) pairs", run.told)
    assert found is not None
    assert summary["truth"]["precision"] * called == pytest.approx(
        summary["truth"]["recall"] * int(found[1]), abs=0.01
    )
    assert int(found[1]) == len(run.region.truth)
    assert summary["truth"]["precision"] >= 0.95
    assert summary["truth"]["recall"] >= 0.9


@pytest.mark.parametrize(
    ("code", "agreement"),
    [
        ("R-EXPIRED", "agr_lambeth-southwark-movers"),
        ("R-INSTRUCTION", "agr_kent-medway-movers"),
        ("R-SHIELD", "agr_kent-medway-movers"),
        ("R-NOREQUEST", "agr_thames-college-enrolments"),
    ],
)
def test_each_refusal_names_agreement_version_and_clause(run: Run, code: str, agreement: str) -> None:
    """On the line below its code, in the told story and in the report."""
    assert re.search(rf"{code} .*\n +{agreement} v1, clause \d\.\d\n", run.told)
    assert re.search(rf"{code}</code></td>\s*<td><code>{agreement} v1, clause \d\.\d<", report(run))


def test_a_lapse_stops_the_flow_to_the_second(run: Run) -> None:
    """By the sender's own clock, moved on to the last night of an agreement in force."""
    lapse = json.loads((run.out / "summary.json").read_text("utf-8"))["lapse"]
    assert lapse == {
        "agreement": "agr_kent-medway-movers",
        "last_second": "2027-07-30T23:59:59Z",
        "then": "R-EXPIRED",
    }
    assert "a name may go (clause 2.1); one second later R-EXPIRED" in run.told


def test_a_word_said_afterwards_reaches_who_was_told(run: Run) -> None:
    """The young person of line 6 says no; the neighbour's gateway has nothing left of it, and has signed."""
    assert run.summary["recalled"] == {"part": "participation", "asked": 1, "erased": 1}
    assert "has erased it and signed so (1 of 1)" in run.told
    (recalled,) = [one for one in run.opened("medway") if one.get("recalled")]
    assert recalled["recalled"] == ["participation"]
    assert "participation" not in recalled["facts"]


def test_what_the_observer_and_the_curious_were_told(run: Run) -> None:
    """An observer opens nothing; the prober's forged notices brought it nothing."""
    assert run.opened("observer") == run.opened("custodian") == []
    assert "nothing learned" in run.told
    assert "alarm raised" in run.told
    targets = ("absent", "open_kent", "open_medway", "arrived_medway")
    forged = {(run.region.person(name).given, run.region.person(name).family) for name in targets}
    identities = [one["facts"].get("identity", {}) for one in run.opened("southwark")]
    assert not forged & {(identity.get("given"), identity.get("family")) for identity in identities}


def test_the_instruction_of_a_young_person_was_kept(run: Run) -> None:
    """Names and address flow under the Act; participation and contact never reached Medway."""
    person = run.region.person("instruction")
    of_person = [one["notice"] for one in run.opened("medway")
                 if one["facts"].get("identity", {}).get("given") == person.given
                 and one["facts"]["identity"]["family"] == person.family]  # fmt: skip
    parts = {part for one in run.opened("medway") if one["notice"] in of_person for part in one["facts"]}
    assert "identity" in parts
    assert not {"participation", "contact"} & parts


def test_the_log_is_a_log_to_others(run: Run) -> None:
    """Somebody else's verifier proves every entry, and finds the size and the root that the summary tells."""
    checkpoint = verify_log(run.out / "log", (run.out / "log" / "vkey").read_text("utf-8").strip())
    log = run.summary["log"]
    assert (checkpoint.size, b64u(checkpoint.root_hash)) == (log["size"], log["root"])
    assert checkpoint.size % 16 == 0


def test_the_report_is_one_quiet_file(run: Run) -> None:
    """No script, nothing loaded from anywhere; every picture has a table; it can be printed."""
    text = report(run)
    assert not re.search(r"<script|<link|<img|<iframe|\son\w+=|javascript:|@import|url\((?!#)", text)
    assert set(re.findall(r"https?://[^\s\"<]+", text)) <= {"http://www.w3.org/2000/svg"}
    pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(pictures) == 3
    assert all(fromstring(picture) is not None for picture in pictures)
    assert text.count("<table>") >= 6
    assert text.count("<caption>") == text.count("<table>")
    assert "@media print" in text
    assert 'lang="en-GB"' in text


def report(run: Run) -> str:
    """The report."""
    return (run.out / "index.html").read_text("utf-8")


# --- I1: nothing of anybody in clear at the hub ---------------------------------------------------------


def facts_of(region: Region) -> frozenset[str]:
    """Every name, birthday, postcode, pupil and learner number and telephone, in several forms."""
    birthdays = {form for person in region.people.values() for form in dates(person.dob)}
    return region.plain_facts() | {fact.replace(" ", "") for fact in region.plain_facts()} | birthdays


def clear_facts(folder: Path, region: Region) -> set[str]:
    """Every fact that can be read in any file of a folder, or in a file's name."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    facts = facts_of(region)
    return {
        fact for path in paths for fact in facts_in(path.name.encode() + b"\0" + path.read_bytes(), facts)
    }


@pytest.mark.parametrize("folder", ["hub", "log"])
def test_nothing_of_anybody_can_be_read_at_the_hub(run: Run, folder: str) -> None:
    """I1: no name, birthday, postcode, pupil or learner number, telephone: in no file, in no form."""
    assert clear_facts(run.out / folder, run.region) == set()


def test_the_search_finds_what_is_there_to_be_found(run: Run) -> None:
    """In the members' own homes, where clear text lives, it finds every name."""
    found = clear_facts(run.out / "region", run.region)
    people = [person for person in run.region.people.values() if person.id != run.region.special["absent"]]
    assert {name for person in people for name in (person.given, person.family)} <= found


# --- what goes wrong is one line -------------------------------------------------------------------------


def test_a_folder_that_holds_other_things_is_left_alone(tmp_path: Path) -> None:
    """One line says what happened and what to do; nothing was removed."""
    (tmp_path / "precious.txt").write_text("mine", "utf-8")
    done = hub("demo", "--out", str(tmp_path))
    assert done.returncode == 1
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert "precious.txt" in done.stderr
    assert "--out" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]
