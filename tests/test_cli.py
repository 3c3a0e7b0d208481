"""The operator's command: what it does, what it prints, with which code it ends."""

import json
import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from hub import __version__, cli
from hub.assembly import Assembly, assemble
from hub.exchange import enrol
from hub.exchange.errors import Declined, HubFault
from hub.exchange.sequencer import run_slot
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import DocumentKey
from hub.settings import Settings, SettingsError

KENT = (
    "member",
    "invite",
    "mbr_kent",
    "--name",
    "Kent County Council",
    "--kind",
    "authority",
    "--area",
    "886",
)


@pytest.fixture(autouse=True)
def _no_settings_of_some_other_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that nothing has been done in."""
    return tmp_path / "hub"


def hub(data: Path, *words: str) -> Result:
    """Say one command."""
    return CliRunner().invoke(cli.app, [*words, "--data", str(data)])


def told(data: Path, *words: str) -> dict[str, Any]:
    """Say one command and read its JSON."""
    result = hub(data, *words, "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def opened(data: Path) -> Assembly:
    """The hub of a folder, for what a running one would do."""
    return assemble(Settings(data_dir=data, public_origin="http://127.0.0.1:8000"))


def enrolled(data: Path) -> DocumentKey:
    """Kent redeems its invitation; return its identity key."""
    code = told(data, *KENT)["code"]
    identity = DocumentKey.from_seeds(bytes(32), bytes([1]) * 32)
    made = opened(data)
    with made.store.write() as work:
        enrol.redeem(code, identity.public.jwks, [], work, made.hub)
    made.close()
    return identity


def slot(data: Path, times: int = 1) -> None:
    """Slots pass."""
    made = opened(data)
    for _ in range(times):
        run_slot(made.store, made.hub)
    made.close()


def test_an_invitation_is_a_code_and_the_next_command(data: Path) -> None:
    """The code for the member, and what to type with it."""
    result = hub(data, *KENT)
    assert result.exit_code == 0
    code = result.stdout.splitlines()[0]
    assert len(code) == 24
    assert f"hub gateway init --hub http://127.0.0.1:8000 --member mbr_kent --code {code}" in result.stdout
    assert told(data, "member", "list")["members"] == [
        {
            "member": "mbr_kent",
            "name": "Kent County Council",
            "kind": "authority",
            "standing": "invited",
            "area": "886",
            "made_up": False,
        }
    ]


def test_a_member_is_admitted_by_its_fingerprint(data: Path) -> None:
    """The right one admits to trial; a wrong or short one is refused with exit code 3."""
    identity = enrolled(data)
    for wrong in ("AAAAAAAAAA", identity.key_id[:7], "-"):
        refused = hub(data, "member", "approve", "mbr_kent", "--fingerprint", wrong)
        assert (refused.exit_code, refused.stdout) == (cli.REFUSED, "")
    good = told(data, "member", "approve", "mbr_kent", "--fingerprint", identity.key_id[:10])
    assert good == {"member": "mbr_kent", "standing": "trial"}
    slot(data)
    shown = told(data, "member", "show", "mbr_kent")
    assert [key["use"] for key in shown["keys"]] == ["identity"]
    assert shown["keys"][0]["log_index"] is not None


def test_a_suspension_is_at_once_and_recorded(data: Path) -> None:
    """The standing changes with the command; its entry follows with the slot."""
    enrolled(data)
    assert told(data, "member", "suspend", "mbr_kent")["standing"] == "suspended"
    assert told(data, "member", "list")["members"][0]["standing"] == "suspended"
    made = opened(data)
    with made.store.read() as work:
        assert work.outbox.waiting() == 2
    made.close()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("member", "show", "mbr_nobody"), cli.FAILED),
        (("member", "suspend", "mbr_nobody"), cli.REFUSED),
        (("member", "approve", "kent", "--fingerprint", "x"), cli.USAGE),
        (("member", "invite", "mbr_kent"), cli.USAGE),
        (("log", "checkpoint"), cli.LATER),
        (("log", "verify"), cli.LATER),
        (("log", "publish", "nowhere"), cli.LATER),
        (("nonsense",), cli.USAGE),
    ],
)
def test_exit_codes_say_what_to_do(data: Path, words: tuple[str, ...], code: int) -> None:
    """1 failed, 2 usage, 3 refused, 5 try later; what is wrong goes to standard error."""
    hub(data, "db", "upgrade")
    result = hub(data, *words)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_a_published_log_is_checked_from_its_files(data: Path, tmp_path: Path) -> None:
    """Publish, verify; one flipped bit in any file, and the verification ends with exit code 4."""
    enrolled(data)
    slot(data, 3)
    folder = tmp_path / "log"
    published = told(data, "log", "publish", str(folder))
    assert published["size"] == told(data, "log", "checkpoint")["size"] == 48
    assert told(data, "log", "verify", str(folder))["entries"] == 48
    assert told(data, "log", "verify")["holds"]
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        good = path.read_bytes()
        path.write_bytes(good[:-2] + bytes([good[-2] ^ 1]) + good[-1:])
        result = hub(data, "log", "verify", str(folder), "--vkey", told(data, "log", "checkpoint")["vkey"])
        assert result.exit_code == (0 if path.name in {"vkey", "policy"} else cli.UNPROVED), (
            path,
            result.output,
        )
        path.write_bytes(good)


def test_fsck_finds_what_was_altered_behind_the_hubs_back(data: Path) -> None:
    """All is well; then a record is changed in the database, and named."""
    enrolled(data)
    slot(data)
    assert told(data, "fsck") == {"findings": []}
    with sqlite3.connect(data / "hub.db") as connection:
        connection.execute("UPDATE opening SET record = replace(record, 'mbr_kent', 'mbr_kemt')")
    connection.close()
    result = hub(data, "fsck")
    assert result.exit_code == cli.FAILED
    assert "opening-altered" in result.stdout


def test_the_database_can_be_read_by_nobody_else(data: Path) -> None:
    """Database and keys are the owner's alone, whatever the umask was."""
    hub(data, *KENT)
    for path in (data / "hub.db", data / "keys" / "hub.key", data / "keys" / "index.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_the_schema_is_checked_and_brought_up(data: Path) -> None:
    """`db check` says no with exit code 1 until `db upgrade` has run."""
    data.mkdir()
    assert hub(data, "db", "check").exit_code == cli.FAILED
    assert hub(data, "db", "upgrade").exit_code == 0
    assert hub(data, "db", "check").exit_code == 0


def test_no_epoch_is_said_so(data: Path) -> None:
    """The operator sees who the custodian is, that it has not opened an epoch, and that one is due."""
    assert told(data, "linkage", "status") == {
        "custodian": "mbr_custodian",
        "epochs": [],
        "due": ["rotation due: no linkage epoch is in force"],
    }


def test_the_doctor_names_what_is_missing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without keys is not ready; after the first use it is; a bad setting is named."""
    assert hub(data, "doctor").exit_code == cli.FAILED
    hub(data, *KENT)
    assert set(told(data, "doctor")["checks"].values()) == {"ok"}
    monkeypatch.setenv("HUB_SLOT_SECONDS", "soon")
    result = hub(data, "doctor")
    assert result.exit_code == cli.FAILED
    assert "HUB_SLOT_SECONDS" in result.stdout


def test_settings_are_shown_with_their_origin(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set by hand, what is not, and no secret."""
    monkeypatch.setenv("HUB_REDIS_URL", "redis://:letmein@127.0.0.1/0")
    shown = told(data, "config", "show")
    assert shown["HUB_REDIS_URL"]["origin"] == "environment"
    assert "letmein" not in json.dumps(shown)
    assert hub(data, "config", "check").exit_code == 0
    monkeypatch.setenv("HUB_MODE", "live")
    weak = hub(data, "config", "check")
    assert weak.exit_code == cli.USAGE
    assert "HUB_PUBLIC_ORIGIN" in weak.stderr


def test_the_version_is_told() -> None:
    """For people and for programs."""
    result = CliRunner().invoke(cli.app, ["version", "--json"])
    assert json.loads(result.stdout) == {"version": __version__}


# --- serve, worker, beat ----------------------------------------------------------------------------


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What uvicorn would have been asked to run, with the environment it would have read."""
    calls: list[dict[str, Any]] = []

    def run(target: str, **options: Any) -> None:  # noqa: ANN401
        calls.append({"target": target, "origin": os.environ["HUB_PUBLIC_ORIGIN"], **options})

    monkeypatch.setattr("uvicorn.run", run)
    return calls


def test_the_address_is_remembered_for_the_verbs_beside_the_hub(
    data: Path, served: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`hub serve --port` decides how members know the hub; `hub member invite` says the same address."""
    assert hub(data, "serve", "--port", "8123").exit_code == 0
    assert (served[0]["target"], served[0]["port"]) == ("hub.app:from_environment", 8123)
    assert served[0]["origin"] == "http://127.0.0.1:8123"
    monkeypatch.delenv("HUB_PUBLIC_ORIGIN")
    assert told(data, *KENT)["hub"] == "http://127.0.0.1:8123"


def test_a_hub_is_not_served_elsewhere_by_mistake(
    data: Path, served: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members have pinned the address and the log is signed under it: another port is a usage error."""
    hub(data, "serve", "--port", "8123")
    monkeypatch.delenv("HUB_PUBLIC_ORIGIN")
    result = hub(data, "serve", "--port", "8124")
    assert (result.exit_code, len(served)) == (cli.USAGE, 1)
    assert "http://127.0.0.1:8123" in result.stderr
    monkeypatch.setenv("HUB_PUBLIC_ORIGIN", "https://hub.example")
    assert hub(data, "serve", "--port", "8124").exit_code == 0
    assert served[1]["origin"] == "https://hub.example"


@pytest.mark.parametrize("verb", ["worker", "beat"])
def test_workers_become_celery(data: Path, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """The process is replaced, with the settings in its environment."""
    calls: list[tuple[list[str], dict[str, str]]] = []

    def become(_: str, words: list[str], environment: dict[str, str]) -> None:
        calls.append((words, environment))
        raise typer.Exit(0)

    monkeypatch.setattr(os, "execve", become)
    assert hub(data, verb).exit_code == 0
    words, environment = calls[0]
    assert words[1:6] == ["-m", "celery", "-A", "hub.worker", verb]
    assert environment["HUB_DATA_DIR"] == str(data)


# --- how ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (SettingsError(["x"]), cli.USAGE),
        (Untrusted("signature", "x"), cli.UNPROVED),
        (MalformedMessage("json", "x"), cli.FAILED),
        (Declined("member-known", "x"), cli.REFUSED),
        (HubFault("store-busy", "x"), cli.LATER),
        (HubFault("store-damaged", "x"), cli.FAILED),
        (FileNotFoundError(2, "No such file", "x"), cli.FAILED),
    ],
)
def test_what_is_raised_becomes_a_line_and_a_code(
    fault: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever must act is told by the exit code; never a stack trace."""
    with pytest.raises(typer.Exit) as ended, cli._answers():
        raise fault
    assert ended.value.exit_code == code
    assert capsys.readouterr().err.count("\n") == 1


def test_installed_groups_are_mounted_and_shared_ones_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands under `hub.commands` appears at the top; a group of both sides has the verbs of both."""
    other, shared = typer.Typer(), typer.Typer()

    @other.command("publish")
    def publish() -> None:
        """Publish."""

    @shared.command("open")
    def open_() -> None:
        """Open."""

    other.add_typer(shared, name="linkage")
    other.add_typer(typer.Typer(), name="inbox")

    class Entry:
        name = "member"

        def load(self) -> typer.Typer:
            return other

    monkeypatch.setattr(cli, "entry_points", lambda group: [Entry()] if group == "hub.commands" else [])
    into, ours = typer.Typer(), typer.Typer()

    @ours.command("status")
    def status() -> None:
        """Status."""

    into.add_typer(ours, name="linkage")
    cli.mount(into)
    assert [one.name for one in into.registered_commands] == ["publish"]
    assert [one.name for one in into.registered_groups] == ["linkage", "inbox"]
    assert [one.name for one in ours.registered_commands] == ["status", "open"]


def test_no_verb_shadows_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member's group with the operator's verb in it is refused at the start, not found out by a user."""
    there, into, ours = typer.Typer(), typer.Typer(), typer.Typer()
    for group in (ours, linkage := typer.Typer()):
        group.command("status")(lambda: None)
    there.add_typer(linkage, name="linkage")
    into.add_typer(ours, name="linkage")

    class Entry:
        name = "member"

        def load(self) -> typer.Typer:
            return there

    monkeypatch.setattr(cli, "entry_points", lambda group: [Entry()] if group else [])
    with pytest.raises(ValueError, match="two commands have one name: status"):
        cli.mount(into)


def test_the_command_runs_what_is_mounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """`main` mounts, then runs."""
    done: list[str] = []
    monkeypatch.setattr(cli, "mount", lambda _: done.append("mounted"))
    monkeypatch.setattr(cli, "app", lambda: done.append("ran"))
    cli.main()
    assert done == ["mounted", "ran"]


def test_the_matrix_shows_who_may_tell_whom(data: Path, tmp_path: Path) -> None:
    """For the operator, over every agreement at the hub; without any it says so."""
    assert "No agreements yet." in hub(data, "member", "matrix").stdout
    csv, svg = tmp_path / "m.csv", tmp_path / "m.svg"
    assert told(data, "member", "matrix", "--csv", str(csv), "--svg", str(svg)) == {"cells": []}
    assert csv.read_text("utf-8").startswith("notice_type,sender,recipient,flow,")
    assert svg.read_text("utf-8").startswith("<svg ")
