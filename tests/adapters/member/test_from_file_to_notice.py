"""Each file format goes from a file at one member to an opened notice at the other, through a real hub.

The hub is the application itself, behind its own routes and its own edge; the gateways are real, each in
a home of its own, and every file is sent by `hub publish`, as an officer types it.
"""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import openpyxl
import pytest
from typer.testing import CliRunner

from adapters.member.cli import app
from adapters.member.gateway import Gateway
from adapters.member.home import Home
from adapters.member.joining import Desk, join, pin_custodian
from adapters.member.records import Received
from hub.consent.documents import read_agreement
from hub.exchange import agree, enrol, lodge
from hub.exchange.stages import PaperKind
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.mandate import Mandate, sign_mandate
from hub.protocols.names import MemberId, MemberKind
from hub.protocols.signing import Typ, sign_document
from tests.simulators.web_member import EXAMPLES, ORIGIN, Line, WebHub

DATA = Path(__file__).parents[2] / "data"
KENT, MEDWAY, COLLEGE = map(MemberId, ("mbr_kent", "mbr_medway", "mbr_north-kent-college"))
STEPS = 12


class ToHub(httpx.BaseTransport):
    """Brings a gateway's requests to the application."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Bring one request there and its answer back."""
        request.read()
        path = request.url.raw_path.decode()
        headers = [(k, v) for k, v in request.headers.raw if k.lower() not in {b"host", b"content-length"}]
        answer = self.line.request(request.method, path, content=request.content, headers=headers)
        kept = [(k, v) for k, v in answer.headers.raw if k.lower() != b"content-encoding"]
        return httpx.Response(answer.status_code, headers=kept, content=answer.content, request=request)


def document(printed: str) -> dict[str, Any]:
    """What a command printed; the hub runs in this process and logs its requests before it."""
    found: dict[str, Any] = json.loads(printed[printed.index("{\n") :])
    return found


@dataclass
class Region:
    """Two councils and a college, with agreements in force and a hub between them."""

    hub: WebHub
    line: Line
    folder: Path

    def client(self) -> httpx.Client:
        """A client whose every request goes to the hub."""
        return httpx.Client(transport=ToHub(self.line))

    def opens(self, path: Path) -> Gateway:
        """Start a gateway over a home."""
        return Gateway(path, lambda: self.hub.now, self.client())

    def home(self, member: MemberId) -> Path:
        """The folder of a member."""
        return self.folder / member

    def joins(self, member: MemberId, kind: MemberKind, area: str | None) -> None:
        """Invite, enrol by HTTP, approve."""
        code = self.hub.invites(member, kind, area)
        desk = Desk(member, "Tracking team", "01632 960000", "tracking@example.org", "A. Officer", area)
        join(self.home(member), ORIGIN, code, member, desk, self.hub.now, None, self.client())
        with self.hub.store.write() as work:
            key = Home(self.home(member)).keyring().identity.public.key_id
            enrol.approve(member, key[:10], work, self.hub.hub)
        self.hub.slot()

    def agrees(self, example: str) -> None:
        """Bring a worked example into force, signed by every party."""
        document: dict[str, Json] = json.loads((EXAMPLES / f"{example}.json").read_text("utf-8"))
        for party in read_agreement(document).parties:
            identity = Home(self.home(party.member)).keyring().identity
            signed = sign_document(canonical.encode(document), Typ.AGREEMENT, identity)
            with self.hub.store.write() as work:
                agree.propose(document, signed, party.member, work, self.hub.hub)
        self.hub.slot()

    def asks(self, authority: MemberId, institution: MemberId) -> None:
        """An authority lodges its standing request with a college."""
        word = Mandate(authority, institution, self.hub.now, self.hub.now + timedelta(days=365))
        signed = sign_mandate(word, Typ.STANDING_REQUEST, Home(self.home(authority)).keyring().identity)
        with self.hub.store.write() as work:
            lodge.lodge(PaperKind.STANDING_REQUEST, signed, authority, work, self.hub.hub)
        self.hub.slot()

    def publishes(self, member: MemberId, file: Path, *words: str, code: int = 0) -> dict[str, Any]:
        """Type `hub publish`; it must end with this exit code."""
        typed = ["publish", str(file), "--home", str(self.home(member)), "--json", *words]
        done = CliRunner().invoke(app, typed)
        assert done.exit_code == code, done.output + done.stderr
        return document(done.stdout)

    def opened(self, at: MemberId) -> list[Received]:
        """Let slots pass and gateways look in until all is quiet; give what is new and open here."""
        before = {one.item for one in self.received(at)}
        for _ in range(STEPS):
            self.hub.slot()
            taken = []
            for member in (KENT, MEDWAY, COLLEGE):
                with self.opens(self.home(member)) as gateway:
                    taken.append(gateway.poll())
            assert not [fault for one in taken for fault in one.faults]
            if not sum(one.total for one in taken):
                break
        return [one for one in self.received(at) if one.item not in before]

    def received(self, at: MemberId) -> list[Received]:
        """What this member has received so far."""
        with self.opens(self.home(at)) as gateway:
            return gateway.received()

    def knows(self, member: MemberId, people: str) -> None:
        """Load a caseload, against which enrolments of residents are compared in clear text."""
        file = self.folder / f"{member}.csv"
        file.write_text(f"Forename,Surname,DOB,Postcode\n{people}", "utf-8")
        done = CliRunner().invoke(app, ["caseload", "load", str(file), "--home", str(self.home(member))])
        assert done.exit_code == 0, done.output + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    """One region for all formats: joining takes longer than an exchange."""
    folder = tmp_path_factory.mktemp("region")
    data = folder / "hub"
    data.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUB_GATEWAY_INSECURE_HTTP", "1")
        hub = WebHub(data)
        with hub.serving() as line:
            region = Region(hub, line, folder)
            custodian = hub.admits(line, "mbr_custodian", MemberKind.OBSERVER)
            for member, kind, area in (
                (KENT, MemberKind.AUTHORITY, "886"),
                (MEDWAY, MemberKind.AUTHORITY, "887"),
                (COLLEGE, MemberKind.COLLEGE, None),
            ):
                region.joins(member, kind, area)
                pin_custodian(Home(region.home(member)), custodian.identity.public.jwks)
            boxes = [
                SimpleNamespace(member=one, sealing=Home(region.home(one)).keyring().sealing[-1])
                for one in (KENT, MEDWAY, COLLEGE)
            ]
            answer = hub.opens_epoch(custodian, *boxes)  # type: ignore[arg-type] # their names and keys are all that is asked for
            assert answer.status_code == 201, answer.text
            region.agrees("kent-medway-movers")
            region.agrees("north-kent-college-enrolments")
            region.asks(MEDWAY, COLLEGE)
            region.asks(KENT, COLLEGE)
            yield region


@pytest.fixture
def region(built: Region, monkeypatch: pytest.MonkeyPatch) -> Region:
    """The region, with the command's gateways talking to its hub."""
    monkeypatch.setenv("HUB_GATEWAY_INSECURE_HTTP", "1")
    monkeypatch.setattr("adapters.member.gateway.Gateway", built.opens)
    return built


def changed(sample: str, path: Path, *changes: tuple[str, str]) -> Path:
    """A sample with these texts in place of others."""
    text = (DATA / sample).read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    return path


def facts(received: list[Received], stage: str) -> dict[str, Any]:
    """The parts of the one delivery of a stage that is open."""
    (one,) = (one for one in received if one.stage == stage)
    assert isinstance(one.body, dict)
    found: Any = one.body["facts"]
    return dict(found)


def workbook(path: Path, *rows: tuple[str, ...]) -> Path:
    """A workbook of arrivals, as somebody keeps it by hand."""
    book = openpyxl.Workbook()
    for row in (("Forename", "Surname", "DOB", "Former postcode", "New postcode", "UPN"), *rows):
        book.worksheets[0].append(row)
    book.save(path)
    return path


def test_a_return_meets_a_workbook(region: Region, tmp_path: Path) -> None:
    """NCCIS at one council, XLSX at the other: Ben was transferred, and Medway has found him."""
    moves = (("<TransferredToLACode>884", "<TransferredToLACode>887"), ("HR4 0LE", "ME4 4TR"))
    left = changed("nccis_sample_synthetic.xml", tmp_path / "return.xml", *moves)
    told = region.publishes(KENT, left, "--type", "moved_out")
    assert len(told["promised"]) == 2
    came = workbook(
        tmp_path / "arrivals.xlsx",
        ("Ben", "Sample", "18/02/2009", "ME14 1XQ", "ME4 4TR", "G886499920019"),
    )
    region.publishes(MEDWAY, came, "--type", "new_arrival")
    received = region.opened(MEDWAY)
    assert facts(received, "identity")["identity"]["given"] == "Ben"
    participation = facts(received, "rest")["participation"]
    assert participation["local_ref"] == "8860000000002"
    assert (participation["activity"], participation["cohort_status"], participation["verified"]) == (
        "810",
        "T",
        "2026-10-05",
    )


def test_a_transfer_file_meets_itself(region: Region, tmp_path: Path) -> None:
    """The school's CTF goes to both councils: one knows that the pupil left, the other that he came."""
    sent = changed("8864999_CTF_8844999_001.xml", tmp_path / "ctf.xml", ("<LEA>884", "<LEA>887"))
    region.publishes(KENT, sent, "--type", "moved_out")
    region.publishes(MEDWAY, sent, "--type", "new_arrival")
    received = region.opened(MEDWAY)
    assert facts(received, "identity")["identity"]["dob"] == "2012-02-18"
    assert facts(received, "rest")["participation"]["establishment_number"] == "8864999"


def test_json_lines_meet_a_list(region: Region, tmp_path: Path) -> None:
    """What `hub read --json` prints of one file is published, and meets a CSV."""
    gone = tmp_path / "gone.jsonl"
    gone.write_text(
        '{"given":"Ida","family":"Sample","dob":"2009-07-04","from_postcode":"ME14 1XQ","uln":"1000000078"}\n'
    )
    region.publishes(KENT, gone, "--type", "moved_out")
    came = tmp_path / "came.csv"
    came.write_text("Forename,Surname,DOB,Postcode,ULN\nIda,Sample,04/07/2009,ME4 4TR,1000000078\n")
    region.publishes(MEDWAY, came, "--type", "new_arrival")
    assert facts(region.opened(MEDWAY), "identity")["identity"]["given"] == "Ida"


def test_an_ilr_tells_the_home_authority_of_an_enrolment(region: Region) -> None:
    """Farah of Medway enrols in Kent: nobody had to ask."""
    file = DATA / "ILR-10000001-2526-20251006-090000-01.xml"
    region.knows(MEDWAY, "Farah,Sample,12/11/2008,ME4 4TR\n")
    told = region.publishes(COLLEGE, file, "--type", "cross_border_enrolment")
    assert len(told["promised"]) == 1
    received = region.opened(MEDWAY)
    assert facts(received, "identity")["identity"]["given"] == "Farah"
    rest = facts(received, "rest")
    assert rest["participation"]["event"] == "enrolled"
    assert rest["address"]["to"]["postcode"] == "ME4 4TR"


def test_an_ilr_tells_of_a_leaver_once_the_college_has_confirmed(region: Region) -> None:
    """Gwen of Kent withdrew at sixteen: a candidate, until somebody at the college names her."""
    file = DATA / "ILR-10000001-2526-20251006-090000-01.xml"
    assert region.publishes(COLLEGE, file, "--type", "leaver", code=1)["promised"] == []
    told = region.publishes(COLLEGE, file, "--type", "leaver", "--confirm", "SAMPLE2")
    assert len(told["promised"]) == 1
    assert facts(region.opened(KENT), "identity")["identity"]["given"] == "Gwen"


@pytest.mark.parametrize(
    ("sample", "at", "given"),
    [
        ("education_starters_leavers.csv", MEDWAY, "Asha"),
        ("training_starters_leavers.csv", MEDWAY, "Hal"),
    ],
)
def test_a_starters_list_tells_the_home_authority(
    region: Region, tmp_path: Path, sample: str, at: MemberId, given: str
) -> None:
    """The templates that One IYSS imports; one row of each lives in Medway."""
    changes = (("Farah", "Asha"),) if given == "Asha" else (("HR4 0LE", "ME4 4TR"),)
    file = changed(sample, tmp_path / sample, *changes)
    region.publishes(COLLEGE, file, "--type", "cross_border_enrolment")
    assert facts(region.opened(at), "identity")["identity"]["given"] == given


def test_what_was_released_is_written_for_the_own_system(region: Region, tmp_path: Path) -> None:
    """And where the new council counts the young person, the old one gets its closing record."""
    gone, came = tmp_path / "gone.csv", tmp_path / "came.csv"
    heads = "Forename,Surname,DOB,Former postcode,UPN,Local ref\n"
    gone.write_text(heads + "Una,Sample,05/05/2009,ME14 1XQ,F886499920001,8860000000077\n")
    came.write_text(heads + "Una,Sample,05/05/2009,ME14 1XQ,F886499920001,\n")
    region.publishes(KENT, gone, "--type", "moved_out")
    region.publishes(MEDWAY, came, "--type", "new_arrival")
    rest = next(one for one in region.opened(MEDWAY) if one.stage == "rest")
    home = ["--home", str(region.home(MEDWAY))]
    for form, says in (
        ("nccis.xml", b"<PreviousYPIDIdentifier>8860000000077<"),
        ("iyss.csv", b'"Una","Sample","05/05/2009"'),
        ("xlsx", b"PK"),
        ("jsonl", b'"given":"Una"'),
    ):
        out = tmp_path / f"una.{form}"
        words = ["inbox", "export", rest.item, "--format", form, "--out", str(out), *home]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output + done.stderr
        assert says in out.read_bytes()
    assert CliRunner().invoke(app, ["inbox", "outcome", rest.item, "in_caseload", *home]).exit_code == 0
    region.opened(MEDWAY)
    out = tmp_path / "closing.xml"
    words = ["notice", "closing", "--out", str(out), "--json", "--home", str(region.home(KENT))]
    done = CliRunner().invoke(app, words)
    assert document(done.stdout)["closings"] == [
        {"ref": "8860000000077", "cohort_status": "T", "to_authority": "887"}
    ]
    assert b"<TransferredToLACode>887<" in out.read_bytes()


def test_a_format_that_is_not_written_is_refused(region: Region) -> None:
    """With the ones that are."""
    words = ["inbox", "export", "x", "--format", "pdf", "--home", str(region.home(KENT))]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert "nccis.xml" in done.stderr


PAGE = Path(__file__).parents[3] / "docs" / "connectors.md"
BLOCKS = ("From a spreadsheet", "From NCCIS", "From the ILR")


def commands(heading: str) -> list[list[str]]:
    """The commands of a block of the page, as typed."""
    text = PAGE.read_text("utf-8")
    block = text[text.index(f"## {heading}\n") :].split("\n## ")[0]
    return [shlex.split(line)[1:] for line in re.findall(r"^    (hub .*)$", block, re.MULTILINE)]


@pytest.fixture
def desk(region: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the page has it: three homes, and the files that it names."""
    for name, member in (("kent", KENT), ("medway", MEDWAY), ("college", COLLEGE)):
        (tmp_path / name).symlink_to(region.home(member))
    heads = "Forename,Surname,DOB,{}\nJo,Sample,09/09/2009,ME14 1XQ\n"
    (tmp_path / "leavers.csv").write_text(heads.format("Postcode"))
    (tmp_path / "arrivals.csv").write_text(heads.format("Former postcode"))
    shutil.copy(DATA / "ILR-10000001-2526-20251006-090000-01.xml", tmp_path / "ilr.xml")
    changed("nccis_sample_synthetic.xml", tmp_path / "return.xml", ("884", "887"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("heading", BLOCKS)
def test_five_lines_of_the_page_do_what_they_say(desk: Path, heading: str) -> None:
    """Each block, typed as it stands, ends well."""
    assert desk.is_dir()
    typed = commands(heading)
    assert len(typed) == 5
    for words in typed:
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, (words, done.output, done.stderr)
